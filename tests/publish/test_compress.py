"""Text lies compressed in a bucket where that is asked: visitors, comparisons and rollbacks still have the plain bytes."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import Request, urlopen

import boto3
import brotli
import pytest
from botocore.config import Config

from cms_ssg.config.load import load_settings
from cms_ssg.diagnostics.audit import audit
from cms_ssg.diagnostics.doctor import examine
from cms_ssg.diagnostics.verify import verify
from cms_ssg.engine.freshness import ask_edge
from cms_ssg.errors import CmsError
from cms_ssg.history.rollback import roll_back
from cms_ssg.publish.cdn import Address, Clock
from cms_ssg.publish.compress import BEST_UP_TO, pack, unpack
from cms_ssg.reads import digest
from cms_ssg.reporting.progress import Reporter
from cms_ssg.store.receipts import Page
from cms_ssg.store.shards import OpenBuild
from cms_ssg.types import Problem
from cms_ssg.workers.helping import Helper
from tests.engine.siteonpage import database
from tests.publish.buckets import KEY, SECRET, Bucket, BucketSite, environment, open_client, rclone_command, serve
from tests.publish.conftest import free_port, make_bucket_site

LONG = "---\ntitle: Long\n---\n" + "Many words. " * 500


def set_compress(site: BucketSite, value: str) -> None:
    """Write it into [target], or take it away."""
    lines = [line for line in (site.root / "site.toml").read_text("utf-8").splitlines() if not line.startswith("compress")]
    at = lines.index("[target]") + 1
    site.write_file("site.toml", "\n".join([*lines[:at], *([f'compress = "{value}"'] if value else []), *lines[at:], ""]))


@pytest.fixture(params=["moto", pytest.param("rclone", marks=pytest.mark.long)])
def stored(request: pytest.FixtureRequest, engine_urls: tuple[str, str], tmp_path: Path) -> Iterator[BucketSite]:
    """A site with a long page, not built yet, before each of two stores."""
    if request.param == "moto":
        site = request.getfixturevalue("bucket_site")
        site.write_file("content/pages/long.md", LONG)
        yield site
        return
    port = free_port()
    (tmp_path / "store").mkdir()
    with serve(rclone_command(port, tmp_path / "store"), port) as address, environment(address):
        client = open_client(address)
        client.create_bucket(Bucket="pages")
        site = make_bucket_site(Bucket(address, "pages", client), engine_urls, tmp_path)
        site.write_file("content/pages/long.md", LONG)
        yield site


PACKED = gzip.compress(b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 4 3'/>" + b" " * 4000, mtime=0)
FILES = {
    "static/logo.svgz": (PACKED, "image/svg+xml; charset=utf-8", "gzip"),
    "static/plain.svgz": (b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 4 3'/>", "image/svg+xml; charset=utf-8", ""),
    "static/all.xml.gz": (gzip.compress(b"<a/>" * 999, mtime=0), "application/xml", "gzip"),
    "static/list.csv.gz": (gzip.compress(b"a,b" * 999, mtime=0), "application/gzip", ""),
    "static/pic.webp": (b"RIFF", "image/webp", ""),
    "static/font.woff2": (b"wOF2", "font/woff2", ""),
}


@pytest.mark.parametrize("compress", ["", "gzip"])
def test_file_that_is_compressed_already_is_sent_as_what_is_in_it(stored: BucketSite, compress: str) -> None:
    set_compress(stored, compress)
    for path, (data, _, _) in FILES.items():
        stored.write_file(path, data)
    stored.build()
    for path, expected in FILES.items():
        one = stored.bucket.read(path.removeprefix("static/"))
        assert (one.data, one.content_type, one.encoding) == expected, path
    assert_nothing_differs(stored)
    assert stored.build().written == frozenset()


@pytest.fixture
def without_brotli(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "brotli", None)


def assert_same_by_every_look(site: BucketSite) -> None:
    site.assert_clean()
    assert_nothing_differs(site)


def assert_nothing_differs(site: BucketSite) -> None:
    with database(site.url):
        found, verified = audit(site.root, ""), verify(site.root)
    assert (found.missing, found.different, found.orphaned) == ([], [], [])
    assert (verified.different, verified.missing, verified.orphaned) == ([], [], [])


def test_text_is_stored_by_brotli_and_written_again_when_the_setting_changes(stored: BucketSite) -> None:
    stored.build()
    plain = stored.bucket.objects()
    set_compress(stored, "brotli")
    changed = stored.build()
    assert changed.result.rendered == len(plain)
    long = stored.bucket.read("long/index.html")
    assert (long.encoding, long.content_type) == ("br", "text/html; charset=utf-8")
    assert len(long.data) < 1000 < len(plain["long/index.html"].data)
    assert {key for key, one in stored.bucket.objects().items() if one.encoding} == {
        key for key, one in plain.items() if len(one.data) >= 1000 and not one.content_type.startswith("image/p")
    }
    assert_same_by_every_look(stored)
    stored.edit("content/pages/long.md", "title: Long", "title: Longer")
    assert "long/index.html" in stored.build().written
    assert stored.build().rendered == frozenset()
    set_compress(stored, "gzip")
    stored.build()
    assert stored.bucket.read("long/index.html").encoding == "gzip"
    set_compress(stored, "")
    stored.build()
    assert {one.encoding for one in stored.bucket.objects().values()} == {""}
    assert_same_by_every_look(stored)


@pytest.mark.parametrize("accepted", ["gzip, br", "identity"])
def test_a_visitor_gets_what_is_stored_whatever_he_takes(stored: BucketSite, accepted: str) -> None:
    set_compress(stored, "brotli")
    stored.build()
    signer = boto3.client(
        "s3", endpoint_url=stored.bucket.address, aws_access_key_id=KEY, aws_secret_access_key=SECRET, region_name="us-east-1",
        config=Config(signature_version="s3v4"),
    )  # fmt: skip
    url = signer.generate_presigned_url("get_object", Params={"Bucket": stored.bucket.name, "Key": "long/index.html"})
    with urlopen(Request(url, headers={"Accept-Encoding": accepted}), timeout=10) as answer:
        headers, body = answer.headers, answer.read()
    assert (headers["Content-Encoding"], headers["Content-Type"]) == ("br", "text/html; charset=utf-8")
    assert brotli.decompress(body) == stored.tree()["long/index.html"]


def test_the_edge_is_asked_for_what_it_was_given(bucket_site: BucketSite) -> None:
    bucket_site.write_file("content/pages/long.md", LONG)
    set_compress(bucket_site, "brotli")
    bucket_site.build()
    bucket_site.bucket.client.put_object_acl(Bucket=bucket_site.bucket.name, Key="long/index.html", ACL="public-read")
    now = datetime.now(UTC)
    page = Page("/long/index.html", digest(bucket_site.tree()["long/index.html"]), now, now)
    clock, address = Clock(), Address.of(f"{bucket_site.bucket.address}/{bucket_site.bucket.name}")
    assert set(ask_edge(address, [page], now + timedelta(seconds=30), clock, "brotli")) == {page}


def test_a_rollback_puts_back_what_was_stored_by_brotli(bucket_site: BucketSite) -> None:
    bucket_site.write_file("content/pages/long.md", LONG)
    set_compress(bucket_site, "brotli")
    first = bucket_site.build().result.build_id
    before = bucket_site.bucket.objects()
    bucket_site.edit("content/pages/long.md", "title: Long", "title: Longer")
    bucket_site.build()
    assert bucket_site.bucket.objects() != before
    with database(bucket_site.url):
        roll_back(bucket_site.root, first)
    assert bucket_site.bucket.objects() == before


def test_without_the_library_nothing_is_published_and_the_line_is_named(bucket_site: BucketSite, without_brotli: None) -> None:
    set_compress(bucket_site, "brotli")
    with pytest.raises(CmsError) as caught:
        bucket_site.build()
    [problem] = caught.value.problems
    line = (bucket_site.root / "site.toml").read_text("utf-8").splitlines().index('compress = "brotli"') + 1
    assert (problem.code, problem.place, problem.line) == ("publish.no-brotli", "site.toml", line)
    assert "pip install 'cms-ssg[brotli]'" in problem.hint
    assert bucket_site.bucket.list_all_keys() == []
    settings = load_settings(bucket_site.root, {})
    [check] = [
        check
        for check in examine(bucket_site.root, settings, {"CMS_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"})
        if check.name == "brotli"
    ]
    assert (check.status, check.code) == ("fail", "publish.no-brotli")


def test_without_the_library_the_line_is_that_of_the_environment_in_force(bucket_site: BucketSite, without_brotli: None) -> None:
    text = (bucket_site.root / "site.toml").read_text("utf-8")
    bucket_site.write_file("site.toml", f'{text}compress = "gzip"\n\n[env.live.target]\ncompress = "brotli"\n')
    with pytest.raises(CmsError) as caught:
        bucket_site.build(env="live")
    assert caught.value.problems[0].line == len(text.splitlines()) + 4
    assert bucket_site.build().result.status == "done"


def test_a_folder_is_never_compressed_and_needs_no_library(bucket_site: BucketSite, without_brotli: None) -> None:
    set_compress(bucket_site, "brotli")
    bucket_site.edit("site.toml", f"s3://{bucket_site.bucket.name}", "folder:build")
    assert bucket_site.build().result.status == "done"


def test_without_the_library_what_was_stored_by_it_cannot_be_read_and_that_is_said(
    bucket_site: BucketSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket_site.write_file("content/pages/long.md", LONG)
    set_compress(bucket_site, "brotli")
    bucket_site.build()
    monkeypatch.setitem(sys.modules, "brotli", None)
    with database(bucket_site.url), pytest.raises(CmsError) as caught:
        verify(bucket_site.root)
    assert caught.value.problems[0].code == "publish.no-brotli"


def test_a_worker_without_the_library_leaves_the_build_to_others(
    bucket_site: BucketSite, engine_urls: tuple[str, str], without_brotli: None
) -> None:
    set_compress(bucket_site, "brotli")
    heard: list[Problem] = []

    class Hearing(Reporter):
        def problem(self, problem: Problem) -> None:
            heard.append(problem)

    helper = Helper(bucket_site.root, "", engine_urls[0], 1, Hearing())
    helper._begin(OpenBuild(7, b"", datetime.now(UTC)))
    assert helper.refused == 7
    assert [problem.code for problem in heard] == ["worker.other-inputs"]
    assert "brotli" in heard[0].message


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_what_is_not_compressed_as_it_says_is_somebody_elses_and_differs(stored: BucketSite, encoding: str) -> None:
    set_compress(stored, {"gzip": "gzip", "br": "brotli"}[encoding])
    stored.build()
    stored.bucket.client.put_object(
        Bucket=stored.bucket.name, Key="about/index.html", Body=b"\x1f\x8bby hand", ContentEncoding=encoding, ContentType="text/html"
    )
    with database(stored.url):
        assert verify(stored.root).different == ["/about/"]


@pytest.mark.parametrize("encoding", ["", "gzip", "br"])
@pytest.mark.parametrize("size", [1, BEST_UP_TO, BEST_UP_TO + 1])
def test_bytes_are_packed_the_same_each_time_and_come_back(encoding: str, size: int) -> None:
    data = (b"<p>Water came in the night, \xc3\xa8 vero.</p>\n" * (size // 30 + 1))[:size]
    assert pack(encoding, data) == pack(encoding, data)
    assert unpack(encoding, pack(encoding, data)) == data
