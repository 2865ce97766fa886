"""A bucket holds what a folder would: keys, bytes, types, cache control; and only what changed is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cms_ssg.build import build, plan
from cms_ssg.diagnostics.audit import audit
from cms_ssg.diagnostics.verify import verify
from cms_ssg.errors import CmsError
from cms_ssg.history.releases import resume
from cms_ssg.history.rollback import roll_back
from cms_ssg.publish.tags import entry_tag, page_tag, site_tag
from tests.engine.killing import fail_at, kill_at
from tests.engine.siteonpage import database, wipe
from tests.publish.buckets import Bucket, BucketSite, environment, open_client, rclone_command, serve
from tests.publish.conftest import free_port, make_bucket_site
from tests.publish.faulty import serve_faulty

PAGES = "public, max-age=0, s-maxage=86400, must-revalidate"


def set_target(site: BucketSite, line: str, prefix: str = "") -> None:
    url = f's3://{site.bucket.name}{prefix}"'
    site.edit("site.toml", url, f"{url}\n{line}")


def list_planned_reasons(site: BucketSite) -> set[str]:
    with database(site.url):
        return {output.reason for output in plan(site.root, site.options).outputs}


def test_a_bucket_holds_what_a_folder_would(whole_bucket_site: BucketSite) -> None:
    built = whole_bucket_site.build().result
    assert (built.status, built.failed, built.written) == ("done", 0, built.rendered)
    whole_bucket_site.assert_clean()
    home = whole_bucket_site.bucket.read("index.html")
    assert (home.content_type, home.cache_control) == ("text/html; charset=utf-8", PAGES)
    style = next(stored for key, stored in whole_bucket_site.bucket.objects().items() if key.endswith(".css"))
    assert (style.content_type, style.cache_control) == ("text/css; charset=utf-8", "public, max-age=31536000, immutable")


def test_an_edit_writes_the_objects_it_changes_and_a_build_without_one_none(bucket_site: BucketSite) -> None:
    bucket_site.build()
    again = bucket_site.build()
    assert (again.rendered, again.written) == (frozenset(), frozenset())
    bucket_site.edit("content/posts/b.md", "title: B\n", "title: B, edited\n")
    edited = bucket_site.build()
    assert "2026/b/index.html" in edited.written
    assert len(edited.written) < len(bucket_site.bucket.list_keys()) / 2
    bucket_site.delete("content/posts/b.md")
    assert "2026/b/index.html" in bucket_site.build().removed
    bucket_site.assert_clean()


def test_workers_publish_the_same(bucket_site: BucketSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cms_ssg.engine.rounds.FEW", 0)
    bucket_site.build(jobs=2)
    bucket_site.assert_clean()


def test_objects_are_below_the_prefix(bucket_site: BucketSite) -> None:
    bucket_site.edit("site.toml", f's3://{bucket_site.bucket.name}"', f's3://{bucket_site.bucket.name}/brand/one"')
    bucket_site.bucket.client.put_object(Bucket=bucket_site.bucket.name, Key="index.html", Body=b"another site")
    bucket_site.build()
    assert bucket_site.bucket.read("index.html").data == b"another site"
    below = {key for key in bucket_site.bucket.list_keys() if key.startswith("brand/one/")}
    assert {"brand/one/index.html", "brand/one/about/index.html"} <= below
    assert bucket_site.bucket.list_keys() == [*sorted(below), "index.html"]


@pytest.mark.parametrize("recorded", ["brand", "brand/"])
def test_slashes_at_the_end_of_the_url_make_no_other_target_whatever_an_earlier_version_recorded(
    bucket_site: BucketSite, recorded: str
) -> None:
    bucket_site.edit("site.toml", 's3://pages"', 's3://pages/brand"')
    first = bucket_site.build().result
    bucket_site.query("UPDATE cms.sites SET target = replace(target, '/brand ', %s)", f"/{recorded} ")
    bucket_site.edit("site.toml", 's3://pages/brand"', 's3://pages/brand//"')
    assert bucket_site.build().rendered == frozenset()
    bucket_site.edit("content/posts/b.md", "title: B\n", "title: B, edited\n")
    assert len(bucket_site.build().written) < first.written
    with database(bucket_site.url):
        assert roll_back(bucket_site.root, first.build_id).status == "done"
        resume(bucket_site.root)
    set_target(bucket_site, 'cache.pages = "public, max-age=7"', "/brand//")
    assert "objects have other headers now" in list_planned_reasons(bucket_site)
    assert bucket_site.build().result.rendered == first.rendered


def test_text_is_stored_compressed_where_that_is_asked_and_the_headers_are_written_again_when_they_change(bucket_site: BucketSite) -> None:
    bucket_site.write_file("content/pages/long.md", "---\ntitle: Long\n---\n" + "Many words. " * 500)
    bucket_site.build()
    set_target(bucket_site, 'compress = "gzip"')
    changed = bucket_site.build()
    assert changed.result.rendered == len(bucket_site.bucket.list_keys())
    long = bucket_site.bucket.read("long/index.html")
    assert (long.encoding, long.content_type) == ("gzip", "text/html; charset=utf-8")
    assert len(long.data) < 1000
    bucket_site.assert_clean()
    set_target(bucket_site, 'cache.pages = "public, max-age=7"')
    bucket_site.build()
    assert bucket_site.bucket.read("index.html").cache_control == "public, max-age=7"
    assert bucket_site.build().rendered == frozenset()


def test_a_large_file_is_uploaded_in_parts_and_appears_whole(bucket_site: BucketSite) -> None:
    set_target(bucket_site, "part_mb = 5")
    bucket_site.write_file("static/large.bin", bytes(range(256)) * 45_000)
    bucket_site.build()
    assert bucket_site.bucket.etags()["large.bin"].endswith('-3"')
    bucket_site.write_file("static/large.bin", bytes(range(256)) * 50_000)
    bucket_site.build()
    bucket_site.assert_clean()
    assert "Uploads" not in bucket_site.bucket.client.list_multipart_uploads(Bucket=bucket_site.bucket.name)


def kill_and_finish(bucket: Bucket, engine_urls: tuple[str, str], folder: Path, stride: int) -> None:
    """Also with an edit in between: the version that the dead build wrote is in no record."""
    step, killed = 2, True
    while killed:
        bucket.empty()
        site = make_bucket_site(bucket, engine_urls, folder / str(step))
        with database(site.url):
            killed = kill_at(step, lambda site=site: build(site.root, site.options))  # type: ignore[misc]
        site.edit("content/posts/b.md", "title: B\n", "title: B, edited\n")
        assert site.build().result.status == "done"
        site.assert_clean()
        step += stride


def test_a_build_that_is_killed_is_finished_by_the_next(bucket: Bucket, engine_urls: tuple[str, str], tmp_path: Path) -> None:
    kill_and_finish(bucket, engine_urls, tmp_path, 41)


@pytest.mark.long
def test_a_build_that_is_killed_at_any_step_is_finished_by_the_next(bucket: Bucket, engine_urls: tuple[str, str], tmp_path: Path) -> None:
    kill_and_finish(bucket, engine_urls, tmp_path, 1)


@pytest.mark.parametrize("end_at", [kill_at, fail_at])
@pytest.mark.parametrize("stride", [13, pytest.param(1, marks=pytest.mark.long)])
def test_an_edit_that_ends_anywhere_is_finished_by_the_next(
    stride: int, end_at: Callable[[int, Callable[[], object]], bool], bucket_site: BucketSite
) -> None:
    bucket_site.build()
    for step in range(1, 200, stride):
        bucket_site.write_file("content/posts/b.md", f"---\ntitle: B {step}\ndate: 2026-01-02\n---\nText {step}\n")
        with database(bucket_site.url):
            ended = end_at(step, lambda: build(bucket_site.root, bucket_site.options))
        bucket_site.write_file("content/posts/b.md", f"---\ntitle: B {step} again\ndate: 2026-01-02\n---\nText\n")
        assert bucket_site.build().result.status == "done"
        if not ended:
            break
    assert not ended
    bucket_site.assert_clean()


def test_what_somebody_else_put_there_is_left_alone_and_named(bucket_site: BucketSite) -> None:
    bucket_site.bucket.client.put_object(Bucket=bucket_site.bucket.name, Key="about/index.html", Body=b"mine")
    built = bucket_site.build().result
    assert built.status == "partial"
    assert [p.code for p in built.problems] == ["publish.failed"]
    assert "/about/" in built.problems[0].message
    assert bucket_site.bucket.read("about/index.html").data == b"mine"
    bucket_site.bucket.client.delete_object(Bucket=bucket_site.bucket.name, Key="about/index.html")
    assert bucket_site.build().result.status == "done"
    bucket_site.assert_clean()


def test_a_new_database_takes_over_the_objects_of_the_old_one(bucket_site: BucketSite) -> None:
    bucket_site.build()
    wipe(bucket_site.url)
    bucket_site.edit("content/posts/b.md", "title: B\n", "title: B, edited\n")
    assert bucket_site.build().result.status == "done"
    bucket_site.assert_clean()


def test_an_object_that_was_changed_or_removed_by_hand_is_mended_by_a_full_build(bucket_site: BucketSite) -> None:
    bucket_site.build()
    client, name = bucket_site.bucket.client, bucket_site.bucket.name
    client.delete_object(Bucket=name, Key="index.html")
    metadata = client.head_object(Bucket=name, Key="about/index.html")["Metadata"]
    client.put_object(Bucket=name, Key="about/index.html", Body=b"by hand", Metadata=metadata | {"cms-digest": "00"})
    full = bucket_site.build(full=True)
    assert full.written == {"index.html", "about/index.html"}
    bucket_site.assert_clean()


def test_a_store_that_ignores_conditions_is_written_to_with_a_warning(engine_urls: tuple[str, str], tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "store").mkdir()
    with serve(rclone_command(port, tmp_path / "store"), port) as address, environment(address):
        client = open_client(address)
        client.create_bucket(Bucket="pages")
        site = make_bucket_site(Bucket(address, "pages", client), engine_urls, tmp_path)
        built = site.build().result
        assert [p.code for p in built.problems] == ["publish.no-conditions"]
        site.edit("content/posts/b.md", "title: B\n", "title: B, edited\n")
        site.build()
        site.assert_clean()
        assert site.build().result.problems == []
        with database(site.url):
            assert audit(site.root, "").different == []
            client.put_object(Bucket="pages", Key="about/index.html", Body=b"by hand")
            assert audit(site.root, "").different == ["/about/"]
            audit(site.root, "", repair=True)
            assert audit(site.root, "").different == []
        site.assert_clean()


@pytest.mark.parametrize(
    ("change", "code"), [("bucket", "publish.bucket"), ("address", "publish.unreachable"), ("key", "publish.credentials")]
)
def test_a_store_that_cannot_be_used_is_said_with_what_to_do(
    bucket_site: BucketSite, monkeypatch: pytest.MonkeyPatch, change: str, code: str
) -> None:
    monkeypatch.setattr("cms_ssg.publish.s3_client.ATTEMPTS", 1)
    if change == "bucket":
        bucket_site.edit("site.toml", 's3://pages"', 's3://no-such-bucket"')
    elif change == "address":
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    else:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
        monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(CmsError) as caught:
        bucket_site.build()
    assert caught.value.problems[0].code == code


def test_an_asset_that_is_named_no_more_stays_for_those_who_have_its_page_open(bucket_site: BucketSite) -> None:
    bucket_site.build()
    old = next(key for key in bucket_site.bucket.list_keys() if key.endswith(".css"))
    text = (bucket_site.root / "themes/plain/assets/site.css").read_text("utf-8")
    bucket_site.write_file("themes/plain/assets/site.css", text + "b{}")
    edited = bucket_site.build()
    assert edited.removed == frozenset()
    assert old in bucket_site.bucket.list_keys()
    assert bucket_site.build().rendered == frozenset()
    bucket_site.build(full=True)
    assert old in bucket_site.bucket.list_keys()
    bucket_site.query("UPDATE cms.outputs SET retired_at = retired_at - interval '1 day'")
    assert bucket_site.build().removed == {old}
    bucket_site.assert_clean()


def test_an_asset_that_comes_back_before_it_goes_is_kept(bucket_site: BucketSite) -> None:
    bucket_site.build()
    text = (bucket_site.root / "themes/plain/assets/site.css").read_text("utf-8")
    bucket_site.write_file("themes/plain/assets/site.css", text + "b{}")
    bucket_site.build()
    bucket_site.write_file("themes/plain/assets/site.css", text)
    bucket_site.build()
    bucket_site.query("UPDATE cms.outputs SET retired_at = retired_at - interval '1 day'")
    bucket_site.build()
    bucket_site.assert_clean()


def test_an_asset_that_no_page_uses_any_more_is_nobodys_loss(bucket_site: BucketSite) -> None:
    bucket_site.build()
    css = bucket_site.root / "themes/plain/assets/site.css"
    css.write_text(css.read_text("utf-8") + "b{}")
    bucket_site.build()
    [old] = [row[0] for row in bucket_site.query("SELECT path FROM cms.outputs WHERE retired_at IS NOT NULL")]
    bucket_site.bucket.client.delete_object(Bucket=bucket_site.bucket.name, Key=old.lstrip("/"))
    with database(bucket_site.url):
        assert verify(bucket_site.root).missing == []
        assert audit(bucket_site.root, "").missing == []


def test_an_audit_finds_what_is_missing_different_orphaned_or_foreign_and_mends_it(bucket_site: BucketSite) -> None:
    bucket_site.build()
    client, name = bucket_site.bucket.client, bucket_site.bucket.name
    client.copy_object(Bucket=name, Key="old/index.html", CopySource=f"{name}/about/index.html")
    client.put_object(Bucket=name, Key="mine.txt", Body=b"mine")
    client.delete_object(Bucket=name, Key="index.html")
    metadata = client.head_object(Bucket=name, Key="about/index.html")["Metadata"]
    client.put_object(Bucket=name, Key="about/index.html", Body=b"by hand", Metadata=metadata | {"cms-digest": "00"})
    with database(bucket_site.url):
        found = audit(bucket_site.root, "")
        assert (found.missing, found.different, found.orphaned, found.foreign) == (["/"], ["/about/"], ["old/index.html"], ["mine.txt"])
        mended = audit(bucket_site.root, "", repair=True)
        assert mended.repair is not None
        assert (mended.repair.written, mended.removed) == (2, 1)
        client.delete_object(Bucket=name, Key="mine.txt")
        clean = audit(bucket_site.root, "")
        assert (clean.missing, clean.different, clean.orphaned, clean.foreign) == ([], [], [], [])
    bucket_site.assert_clean()


def test_what_was_put_over_a_page_by_hand_is_named_until_a_repair_writes_the_page_again(bucket_site: BucketSite) -> None:
    bucket_site.build()
    client, name = bucket_site.bucket.client, bucket_site.bucket.name
    client.put_object(Bucket=name, Key="about/index.html", Body=b"by hand")
    other = {"cms-site": "another", "cms-store": "elsewhere", "cms-epoch": "1"}
    client.put_object(Bucket=name, Key="index.html", Body=b"of another site", Metadata=other)
    assert bucket_site.build(full=True).result.status == "partial"
    with database(bucket_site.url):
        assert audit(bucket_site.root, "").different == ["/", "/about/"]
        audit(bucket_site.root, "", repair=True)
        assert audit(bucket_site.root, "").different == ["/"]
        assert bucket_site.bucket.read("index.html").data == b"of another site"
        client.delete_object(Bucket=name, Key="index.html")
        audit(bucket_site.root, "", repair=True)
        assert audit(bucket_site.root, "").different == []
    bucket_site.assert_clean()


def test_what_is_too_large_to_be_marked_is_named_by_a_repair_which_then_removes_nothing(
    bucket_site: BucketSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cms_ssg.publish.s3.MOST_COPIED", 50)
    bucket_site.build()
    client, name = bucket_site.bucket.client, bucket_site.bucket.name
    client.put_object(Bucket=name, Key="about/index.html", Body=b"by hand" * 10)
    client.copy_object(Bucket=name, Key="old/index.html", CopySource=f"{name}/index.html")
    with database(bucket_site.url):
        with pytest.raises(CmsError) as caught:
            audit(bucket_site.root, "", repair=True)
        [problem] = caught.value.problems
        assert (problem.code, problem.place) == ("publish.too-large", f"s3://{name}/about/index.html")
        assert "old/index.html" in bucket_site.bucket.list_keys()
        client.delete_object(Bucket=name, Key="about/index.html")
        audit(bucket_site.root, "", repair=True)
    bucket_site.assert_clean()


def test_an_object_that_the_store_cannot_copy_is_not_kept_and_written_over_all_the_same(
    bucket_site: BucketSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = bucket_site.build().result.build_id
    bucket_site.edit("content/posts/b.md", "title: B\n", "title: B, edited\n")
    with serve_faulty(bucket_site.bucket.address) as store:
        store.uncopied = "2026/b/index.html"
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{store.server_address[1]}")
        assert bucket_site.build().result.status == "done"
        bucket_site.assert_clean()
        with database(bucket_site.url), pytest.raises(CmsError) as caught:
            roll_back(bucket_site.root, first)
    assert caught.value.problems[0].code == "releases.lost"


def test_an_audit_finds_a_page_that_fails_as_it_was(bucket_site: BucketSite) -> None:
    bucket_site.build()
    bucket_site.write_file("themes/plain/templates/page.html", "{{ entry.nothing.at.all }}")
    assert bucket_site.build().result.status == "partial"
    with database(bucket_site.url):
        assert audit(bucket_site.root, "").different == []
        bucket_site.bucket.client.put_object(Bucket=bucket_site.bucket.name, Key="about/index.html", Body=b"by hand")
        assert audit(bucket_site.root, "").different == ["/about/"]


def test_a_setting_that_would_empty_the_bucket_removes_nothing(bucket_site: BucketSite) -> None:
    bucket_site.edit("site.toml", "page_size = 2", "page_size = 100")
    for number in range(120):
        bucket_site.write_file(f"content/posts/n{number}.md", f"---\ntitle: N {number}\ndate: 2026-01-0{number % 9 + 1}\n---\nText.\n")
    bucket_site.build()
    before = bucket_site.bucket.etags()
    bucket_site.edit("site.toml", 'path = "content/posts"', 'path = "content/nowhere"')
    with pytest.raises(CmsError, match="would remove") as caught:
        bucket_site.build(confirm_removals=False)
    assert caught.value.problems[-1].code == "build.removals"
    assert bucket_site.bucket.etags() == before


def test_objects_carry_the_tags_by_which_a_cdn_forgets_them_where_that_is_asked(bucket_site: BucketSite) -> None:
    bucket_site.build()
    client, name = bucket_site.bucket.client, bucket_site.bucket.name
    assert "cache-tag" not in client.head_object(Bucket=name, Key="about/index.html")["Metadata"]
    with (bucket_site.root / "site.toml").open("a") as file:
        file.write("\n[cdn]\ntags = true\n")
    bucket_site.build()
    tags = client.head_object(Bucket=name, Key="about/index.html")["Metadata"]["cache-tag"].split(",")
    [(site,)] = bucket_site.query("SELECT name FROM cms.sites")
    assert tags[:2] == [site_tag(site), page_tag("/about/", site)]
    [(entry,)] = bucket_site.query("SELECT owner FROM cms.claims WHERE name = '/about/' AND wins")
    assert entry_tag(entry) in tags
    assert bucket_site.build().rendered == frozenset()
