"""Sites on a page, as the engine's tests have them, behind a CDN that is only as real as its documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.cdn.fake_cdn import FakeCdn
from tests.engine.conftest import make_site
from tests.engine.siteonpage import SiteOnPage
from tests.engine.worksite import SITE

__all__ = ["fake", "make_site"]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCdn]:
    """A CDN that speaks HTTP, with interfaces and an edge of its own."""
    with FakeCdn() as cdn:
        for name in ("CLOUDFLARE_BASE_URL", "FASTLY_API_ENDPOINT"):
            monkeypatch.setenv(name, cdn.api_url)
        monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "secret-of-cloudflare")
        monkeypatch.setenv("FASTLY_API_TOKEN", "secret-of-fastly")
        monkeypatch.setattr("cms_ssg.engine.freshness.ASKED_AGAIN_S", (0.01, 0.01))
        yield cdn


def make_cdn_site(make_site: Callable[[str], SiteOnPage], fake: FakeCdn, settings: str) -> SiteOnPage:
    """The work site behind a CDN, built, its first purges of all pages and its receipts forgotten. settings: lines of site.toml."""
    made = make_site(SITE)
    fake.origin = made.output
    made.edit("site.toml", 'base_url = "https://work.example"', f'base_url = "{fake.url}"')
    with (made.root / "site.toml").open("a") as file:
        file.write(settings)
    assert made.build().result.problems == []
    for table in ("purges", "receipts"):
        made.query(f"DELETE FROM cms.{table}")
    for kept in (fake.calls, fake.fetches, fake.cache):
        kept.clear()
    return made
