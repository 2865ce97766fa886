"""Previews in a bucket: nobody keeps them, builds neither list the bucket nor leave them there once they have expired."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cms_ssg.diagnostics.audit import audit
from cms_ssg.diagnostics.verify import verify
from cms_ssg.errors import CmsError
from tests.engine.siteonpage import SiteOnPage, database
from tests.preview.previews import DRAFT, SITE, expire, paths, read_all, show
from tests.publish.buckets import Bucket, BucketSite
from tests.publish.faulty import serve_faulty


@pytest.fixture
def bucket_site(make_site: Callable[[str], SiteOnPage], bucket: Bucket) -> BucketSite:
    plain = make_site(SITE)
    site = BucketSite(plain.root, plain.url, plain.clean_url, plain.options)
    site.bucket = bucket
    text = (site.root / "site.toml").read_text("utf-8")
    site.write_file("site.toml", f'{text}\n[target]\nurl = "s3://{bucket.name}/valley"\ncompress = "gzip"\n')
    assert site.build(now=None).result.status == "done"
    return site


def test_preview_in_a_bucket_is_kept_by_no_cache_and_goes_with_a_build_that_does_not_list(
    bucket_site: BucketSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, bucket = bucket_site, bucket_site.bucket
    site.write_file("content/posts/flood.md", DRAFT)
    rows, before = read_all(site), bucket.objects()
    result = show(site, "content/posts/flood.md")
    assert read_all(site) == rows
    now = bucket.objects()
    added = {key: one for key, one in now.items() if key not in before}
    assert {key: now[key] for key in before} == before
    assert all(key.startswith(f"valley/_preview/{result.token}/") for key in added) and len(added) == len(paths(result))
    assert {one.cache_control for one in added.values()} == {"private, no-store"}
    with database(site.url):
        assert verify(site.root).orphaned == []
        audited = audit(site.root, "")
    assert (audited.orphaned, audited.foreign, audited.missing, audited.different) == ([], [], [], [])
    expire(site)
    with serve_faulty(bucket.address) as store:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{store.server_address[1]}")
        from cms_ssg.build import build

        with database(site.url):
            build(site.root, site.options)
    assert bucket.objects().keys() == before.keys() and site.query("SELECT count(*) FROM cms.previews") == [(0,)]
    assert store.counts["GET"] == 1 and store.counts["DELETE"] == len(added)  # whose the bucket is


def test_store_that_refuses_leaves_a_row_that_names_what_may_be_there(bucket_site: BucketSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(CmsError) as error:
        show(bucket_site, "content/posts/a.md")
    assert error.value.problems[0].code == "publish.credentials"
    assert bucket_site.query("SELECT first_path FROM cms.previews") == [("/2025/01/a/",)]
