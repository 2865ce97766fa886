"""Sites whose builds are shared with workers: shards of a few pages, claims of a moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.siteonpage import SiteOnPage, wipe
from tests.engine.worksite import CONTENT, SETTINGS, THEME
from tests.publish.buckets import Bucket, BucketSite
from tests.publish.conftest import bucket, shared_bucket, store_address

__all__ = ["bucket", "shared_bucket", "store_address"]

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
    share_few(monkeypatch)
    return make_site(engine_urls, tmp_path)


def share_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cms_ssg.engine.rounds.FEW", 0)
    monkeypatch.setattr("cms_ssg.engine.rounds.BATCH", 4)


@pytest.fixture
def shared_bucket_site(bucket: Bucket, engine_urls: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BucketSite:
    """The same, published to a bucket."""
    share_few(monkeypatch)
    plain = make_site(engine_urls, tmp_path)
    site = BucketSite(plain.root, *engine_urls)
    site.bucket = bucket
    site.edit("site.toml", "[workers]", f'[target]\nurl = "s3://{bucket.name}"\n\n[workers]')
    return site


def make_site(urls: tuple[str, str], folder: Path) -> SiteOnPage:
    wipe(urls[0])
    site = SiteOnPage(folder / "site", *urls)
    if site.query("SELECT to_regclass('cms_jobs.procrastinate_jobs')") != [(None,)]:
        with site.connect() as connection:  # the triggers of these tables need the path
            connection.execute("SET search_path = cms_jobs; DELETE FROM procrastinate_jobs; DELETE FROM procrastinate_workers")
    site.write(make_text())
    return site
