"""What is saved during a rebuild is at the edge before the rest of the rebuild is made."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cms_ssg.build import sync
from cms_ssg.reporting.progress import Reporter
from tests.cdn.conftest import make_cdn_site
from tests.cdn.fake_cdn import FakeCdn
from tests.cdn.test_purges import CDN
from tests.engine.siteonpage import SiteOnPage


class Saving(Reporter):
    """Saves an article after the second round of pages; notes how many calls the CDN had had when each round was made."""

    def __init__(self, site: SiteOnPage, fake: FakeCdn) -> None:
        self.site, self.fake, self.calls = site, fake, list[int]()

    def advance(self, count: int = 1) -> None:
        self.calls.append(len(self.fake.asked))
        if len(self.calls) == 2:
            self.site.edit("content/posts/f.md", "title: F", "title: Saved meanwhile")
            sync(self.site.root, self.site.options)


def test_a_save_is_purged_before_the_rest_of_a_rebuild_and_nothing_else_is(
    make_site: Callable[[str], SiteOnPage], fake: FakeCdn, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_cdn_site(make_site, fake, CDN)
    for number in range(40):
        site.write_file(f"content/pages/p{number:02}.md", f"---\ntitle: P{number}\n---\nText.\n")
    site.build()
    for name in ("rounds.ROUND", "round_size.MOST", "rounds.BATCH"):
        monkeypatch.setattr(f"cms_ssg.engine.{name}", 3)
    fake.read("/news/f/")
    before, purged = len(fake.asked), len(fake.purged())
    told = Saving(site, fake)
    site.build(told, full=True)
    assert told.calls[2] == before, "nothing is purged before something was saved"
    assert told.calls[-1] == before + 1, "one call goes out on the way"
    assert b"Saved meanwhile" in fake.read("/news/f/")
    first = fake.purged()[purged : purged + 30]
    assert "/news/f/" in first
    assert "/p39/" not in first
