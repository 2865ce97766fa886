"""``cms verify``: what is published is compared with what the store would publish now, byte for byte."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from cms_ssg.diagnostics.verify import VerifyResult, verify
from cms_ssg.reporting.progress import Reporter
from tests.engine.siteonpage import SiteOnPage, database, read_tree
from tests.engine.worksite import SITE


@pytest.fixture
def site(make_site: Callable[[str], SiteOnPage]) -> SiteOnPage:
    site = make_site(SITE)
    site.build()
    return site


def look(site: SiteOnPage, sample: int = 0) -> VerifyResult:
    with database(site.url):
        return verify(site.root, sample)


def test_what_was_built_is_found_right(site: SiteOnPage) -> None:
    assert look(site) == VerifyResult(pages=len(site.tree()))


def test_page_changed_by_hand_is_found_even_with_its_size_and_times(site: SiteOnPage) -> None:
    page = site.output / "news/a/index.html"
    before = page.stat()
    page.write_bytes(page.read_bytes().replace(b"Body", b"Bady"))
    os.utime(page, ns=(before.st_atime_ns, before.st_mtime_ns))
    found = look(site)
    assert (found.different, found.missing, found.orphaned) == (["/news/a/"], [], [])


def test_missing_page_is_found(site: SiteOnPage) -> None:
    (site.output / "news/a/index.html").unlink()
    found = look(site)
    assert (found.different, found.missing, found.orphaned) == ([], ["/news/a/"], [])


def test_page_that_nothing_makes_is_found(site: SiteOnPage) -> None:
    (site.output / "news/old").mkdir()
    (site.output / "news/old/index.html").write_text("old")
    found = look(site)
    assert (found.different, found.missing, found.orphaned) == ([], [], ["news/old/index.html"])


def test_static_file_and_asset_changed_by_hand_are_found(site: SiteOnPage) -> None:
    (site.output / "logo.svg").write_text("<svg>mine</svg>")
    asset = next((site.output / "assets").iterdir())
    asset.write_text("mine")
    assert sorted(look(site).different) == [f"/assets/{asset.name}", "/logo.svg"]


def test_page_that_the_store_would_make_otherwise_is_found(site: SiteOnPage) -> None:
    """As if a read had been forgotten: the text changes under the manifest, which is told nothing."""
    with site.connect() as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "UPDATE cms.bodies SET html = 'other' FROM cms.entries e WHERE e.id = entry AND e.source_key = 'content/posts/a.md'"
        )
    assert look(site).different == ["/news/a/"]


def test_verifying_changes_nothing(site: SiteOnPage) -> None:
    (site.output / "news/a/index.html").unlink()
    before = read_tree(site.root)
    assert look(site) == look(site)
    assert read_tree(site.root) == before


def test_sample_looks_at_as_many_pages_as_asked(site: SiteOnPage) -> None:
    assert look(site, 5).pages == 5


def test_what_a_build_left_that_was_ended_in_the_middle_is_told_apart(site: SiteOnPage) -> None:
    site.edit("content/posts/a.md", "Body", "Another body")
    (site.output / "news/new.html").write_text("half a page")
    (site.output / "news/old.html").write_text("old")
    with pytest.raises(KeyboardInterrupt):
        site.build(Interrupting())
    site.query("INSERT INTO cms.journal (site, epoch, paths) SELECT id, 0, '{/news/new.html}' FROM cms.sites")
    found = look(site)
    assert "/news/a/" in found.different
    assert found.orphaned == ["news/new.html", "news/old.html"]
    assert found.waiting == len(found.different) + len(found.missing) + 1
    site.build()
    assert (found := look(site)).different == []
    assert (found.missing, found.orphaned, found.waiting) == ([], ["news/old.html"], 0)


class Interrupting(Reporter):
    """Ends a build before anything is rendered."""

    def phase(self, name: str, total: int = 0) -> None:
        if name == "render":
            raise KeyboardInterrupt
