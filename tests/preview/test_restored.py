"""Previews that were published when a dump is restored do not stay for ever."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cms_ssg.diagnostics.audit import audit
from cms_ssg.preview.make import list_all
from cms_ssg.store.dump import dump_store, restore_store
from tests.engine.siteonpage import SiteOnPage, database
from tests.preview.previews import DRAFT, expire, show
from tests.publish.buckets import Bucket, BucketSite


@pytest.fixture(params=["folder", "bucket"])
def anywhere(request: pytest.FixtureRequest, site: SiteOnPage, bucket: Bucket) -> SiteOnPage:
    """The site, published to a folder or to a bucket."""
    if request.param == "folder":
        return site
    other = BucketSite(site.root, site.url, site.clean_url, site.options)
    other.bucket = bucket
    other.write_file("site.toml", f'{(site.root / "site.toml").read_text("utf-8")}\n[target]\nurl = "s3://{bucket.name}/valley"\n')
    other.build(now=None)
    return other


def restore_after(site: SiteOnPage, file: Path, act: Callable[[], object]) -> None:
    """Restore a dump of what the store is now, after something was done."""
    with site.connect() as connection:
        dump_store(connection, file)
        act()
        restore_store(connection, file, replace=True)


def list_tokens(site: SiteOnPage) -> set[str]:
    return {key.partition("_preview/")[2].partition("/")[0] for key in site.tree() if "_preview/" in key}


def test_a_preview_of_before_the_dump_is_known_and_goes_when_it_expires(anywhere: SiteOnPage, tmp_path: Path) -> None:
    site = anywhere
    site.write_file("content/posts/flood.md", DRAFT)
    token = show(site, "content/posts/flood.md").token
    restore_after(site, tmp_path / "store.cms", lambda: None)
    site.build(now=None)
    assert list_tokens(site) == {token}
    with database(site.url):
        assert [row.token for row in list_all(site.root)[1]] == [token]
    expire(site)
    site.build(now=None)
    assert list_tokens(site) == set()


def test_a_preview_of_after_the_dump_is_found_by_an_audit_and_removed_by_its_repair(anywhere: SiteOnPage, tmp_path: Path) -> None:
    site, made = anywhere, list[str]()
    site.write_file("content/posts/flood.md", DRAFT)
    known = show(site, "content/posts/flood.md").token
    restore_after(site, tmp_path / "store.cms", lambda: made.append(show(site, "content/posts/flood.md").token))
    site.build(now=None)
    assert list_tokens(site) == {known, *made}
    with database(site.url):
        orphaned = audit(site.root, "").orphaned
        assert {key.split("/")[1] for key in orphaned} == set(made)
        result = audit(site.root, "", repair=True, confirmed=True)
    assert result.removed == len(orphaned)
    assert list_tokens(site) == {known}
    with database(site.url):
        assert audit(site.root, "").orphaned == []
