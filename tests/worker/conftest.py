"""Sites whose builds are shared with workers: shards of a few pages, claims of a moment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.siteonpage import SiteOnPage, wipe
from tests.engine.worksite import CONTENT, SETTINGS, THEME

SHARES = "\n[workers]\nshard_size = 4\nclaim_s = 1.0\n"
POSTS = 30


def make_text(posts: int = POSTS) -> str:
    """A site with so many posts more than the worked one has."""
    more = "".join(
        f"-- content/posts/n{number}.md --\n---\ntitle: N{number}\ndate: 2025-04-{1 + number % 28:02}\nsection: news\ntags: [red]\n---\nLead of {number}.\n"
        for number in range(posts)
    )
    return SETTINGS + SHARES + THEME + CONTENT + more


@pytest.fixture
def shared_site(engine_urls: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SiteOnPage:
    """A site of a few dozen pages, not built yet; also few pages are shared."""
    monkeypatch.setattr("cms_ssg.rounds.FEW", 0)
    monkeypatch.setattr("cms_ssg.rounds.BATCH", 4)
    return make_site(engine_urls, tmp_path)


def make_site(urls: tuple[str, str], folder: Path) -> SiteOnPage:
    wipe(urls[0])
    site = SiteOnPage(folder / "site", *urls)
    site.write(make_text())
    return site


@pytest.fixture
def other_site(shared_site: SiteOnPage) -> Callable[[str], SiteOnPage]:
    """Sites in the same database in other folders."""

    def make(folder: str) -> SiteOnPage:
        site = SiteOnPage(shared_site.root.with_name(folder), shared_site.url, shared_site.clean_url)
        site.write(make_text())
        return site

    return make
