"""Two builders and one bucket: whoever sleeps, dies or is late, no wrong object is there at the end."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

from cms_ssg.build import build
from cms_ssg.errors import CmsError
from cms_ssg.publish.s3_conditional_writes import ConditionalWrites
from tests.engine.killing import Child, start
from tests.engine.siteonpage import database
from tests.engine.test_two_builders import build_or_say, sleep_through_a_build, wait_until_stopped
from tests.publish.buckets import BucketSite

PAGE = "2026/b/index.html"


def write_page(site: BucketSite, text: str) -> None:
    site.write_file("content/posts/b.md", f"---\ntitle: B\ndate: 2026-01-02\n---\n{text}\n")


def build_asleep_before(site: BucketSite, key: str, then: Callable[[], None] = lambda: None) -> str:
    """Build, but fall asleep before an object is put; then: what to do when it was."""
    put = ConditionalWrites._put

    def sleep_first(self: ConditionalWrites, at: str, *rest: Any) -> str:
        if at == key:
            signal.pthread_kill(
                threading.get_ident(), signal.SIGSTOP
            )  # this thread goes no step further, as it may where the process is meant
        etag = put(self, at, *rest)
        if at == key:
            then()
        return etag

    ConditionalWrites._put = sleep_first  # type: ignore[method-assign]
    return build_or_say(site)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(autouse=True)
def short_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cms_ssg.store.lease.LEASE_S", 0.2)


@pytest.mark.parametrize("step", [9, pytest.param(17, marks=pytest.mark.long), 25])
def test_a_builder_that_slept_through_its_lease_finds_newer_objects_and_stops(step: int, bucket_site: BucketSite) -> None:
    bucket_site.build()
    assert sleep_through_a_build(bucket_site, step) == "build.lease-lost"
    bucket_site.assert_clean()
    bucket_site.build()
    bucket_site.assert_clean()


def test_a_write_that_was_late_is_refused_where_the_object_is_newer(bucket_site: BucketSite) -> None:
    bucket_site.build()
    write_page(bucket_site, "late")
    with database(bucket_site.url):
        sleeper = Child(lambda: build_asleep_before(bucket_site, PAGE))
        wait_until_stopped(sleeper.pid)
        write_page(bucket_site, "newer")
        bucket_site.build()
        os.kill(sleeper.pid, signal.SIGCONT)
        assert sleeper.wait() == "build.lease-lost"
    assert b"newer" in bucket_site.bucket.read(PAGE).data
    bucket_site.assert_clean()


def test_a_late_write_over_restored_bytes_is_repaired_by_the_next_build(bucket_site: BucketSite) -> None:
    """The object has the version that the sleeper knows, though two builds were in between."""
    write_page(bucket_site, "first")
    bucket_site.build()
    first = bucket_site.bucket.etags()[PAGE]
    write_page(bucket_site, "late")
    with database(bucket_site.url):
        sleeper = Child(lambda: build_asleep_before(bucket_site, PAGE))
        wait_until_stopped(sleeper.pid)
        write_page(bucket_site, "second")
        bucket_site.build()
        write_page(bucket_site, "first")
        bucket_site.build()
        assert bucket_site.bucket.etags()[PAGE] == first
        os.kill(sleeper.pid, signal.SIGCONT)
        assert sleeper.wait() == "build.lease-lost"
    assert b"late" in bucket_site.bucket.read(PAGE).data
    bucket_site.build()
    bucket_site.assert_clean()


def test_a_late_write_by_a_builder_that_dies_of_it_is_found_by_the_second_look(
    bucket_site: BucketSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_page(bucket_site, "first")
    bucket_site.build()
    write_page(bucket_site, "late")
    with database(bucket_site.url):
        sleeper = start(lambda: build_asleep_before(bucket_site, PAGE, die))
        wait_until_stopped(sleeper)
        write_page(bucket_site, "second")
        build(bucket_site.root, bucket_site.options)
        write_page(bucket_site, "first")
        build(bucket_site.root, bucket_site.options)
        os.kill(sleeper, signal.SIGCONT)
        _, status = os.waitpid(sleeper, 0)
        assert os.WIFSIGNALED(status)
    assert b"late" in bucket_site.bucket.read(PAGE).data
    bucket_site.query("UPDATE cms.journal SET again_at = clock_timestamp() - interval '1 s'")
    bucket_site.build()
    bucket_site.assert_clean()
    assert bucket_site.query("SELECT count(*) FROM cms.journal") == [(0,)]


def test_a_page_that_was_written_but_not_recorded_is_written_over_after_another_edit(bucket_site: BucketSite) -> None:
    bucket_site.build()
    write_page(bucket_site, "never recorded")

    def die_after_it() -> None:
        put = ConditionalWrites._put

        def act(self: ConditionalWrites, at: str, *rest: Any) -> str:
            etag = put(self, at, *rest)
            if at == PAGE:
                die()
            return etag

        ConditionalWrites._put = act  # type: ignore[method-assign]
        build_or_say(bucket_site)

    with database(bucket_site.url):
        os.waitpid(start(die_after_it), 0)
    assert b"never recorded" in bucket_site.bucket.read(PAGE).data
    write_page(bucket_site, "third")
    bucket_site.build()
    assert b"third" in bucket_site.bucket.read(PAGE).data
    bucket_site.assert_clean()


def test_two_databases_that_publish_one_site_are_told_until_a_full_build_takes_it_over(bucket_site: BucketSite) -> None:
    bucket_site.build()
    [(own,)] = bucket_site.query("SELECT writer FROM cms.sites")
    [(etag,)] = bucket_site.query("SELECT etag FROM cms.outputs WHERE path = '/2026/b/'")
    bucket_site.query("UPDATE cms.sites SET writer = gen_random_uuid()")
    write_page(bucket_site, "by the copy")
    assert_taken(bucket_site)
    bucket_site.build(full=True)
    bucket_site.query("UPDATE cms.sites SET writer = %s", own)
    bucket_site.query("UPDATE cms.outputs SET etag = %s WHERE path = '/2026/b/'", etag)
    assert_taken(bucket_site)
    write_page(bucket_site, "by the original")
    assert_taken(bucket_site)
    assert b"by the copy" in bucket_site.bucket.read(PAGE).data
    bucket_site.build(full=True)
    bucket_site.assert_clean()


def assert_taken(site: BucketSite) -> None:
    with pytest.raises(CmsError, match="from another database") as caught:
        site.build()
    assert caught.value.problems[0].code == "publish.taken"


def test_an_object_of_another_database_stays_where_the_mark_was_not_seen_in_time(bucket_site: BucketSite) -> None:
    bucket_site.build()
    write_page(bucket_site, "by the original")
    bucket = bucket_site.bucket
    said = bucket.client.head_object(Bucket=bucket.name, Key=PAGE)["Metadata"] | {"cms-store": "another"}
    bucket.client.put_object(Bucket=bucket.name, Key=PAGE, Body=b"by the copy", Metadata=said)
    built = bucket_site.build().result
    assert built.status == "partial"
    assert "from another database" in built.problems[0].message
    assert b"by the copy" in bucket.read(PAGE).data
    bucket_site.build(full=True)
    bucket_site.assert_clean()
