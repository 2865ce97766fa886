"""A store that is busy, silent or answers into the void gets every object all the same."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from itertools import pairwise

import pytest

from cms_ssg.config.settings import Settings
from cms_ssg.config.target_settings import Target
from cms_ssg.errors import CmsError
from cms_ssg.publish.s3 import S3Target
from cms_ssg.publish.target import Live, Object, Writer
from cms_ssg.reads import digest
from tests.publish.buckets import Bucket, environment
from tests.publish.faulty import DENIED, ELSEWHERE, SIGNED_WRONG, SKEWED, serve_faulty

WRITER = Writer("alpha", "a-store", 7)


def make_objects(count: int, text: str, live: dict[str, Live] | None = None) -> list[Object]:
    objects = []
    for number in range(count):
        key, data = f"p/{number}/index.html", f"<p>{text} {number}</p>".encode()
        objects.append(Object(key, data, "text/html", "entry", digest(data), (live or {}).get(key)))
    return objects


def write_all(bucket: Bucket, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write new objects, then some of them once more, which copies what was there first."""
    monkeypatch.setattr("cms_ssg.publish.s3_client.READ_TIMEOUT_S", 0.8)  # so many at once wait for each other at the store
    with (
        serve_faulty(bucket.address, busy=0.10, silent=0.02, lost=0.01, slow_s=1.2) as store,
        environment(f"http://127.0.0.1:{store.server_port}"),
    ):
        target = S3Target(Settings(target=Target(url=f"s3://{bucket.name}", uploads=32)), WRITER)
        copies = count // 10
        first = make_objects(count - copies, "first")
        outcomes = target.write_many(first)
        assert [o for o in outcomes if o.refused or not o.written] == []
        live = {one.key: Live(one.digest, outcome.etag) for one, outcome in zip(first, outcomes, strict=True)}
        second = make_objects(copies, "second", live)
        outcomes = target.write_many(second)
        assert [o for o in outcomes if o.refused or not o.written] == []
        tries, faults = sum(n for name, n in store.counts.items() if name in ("PUT", "HEAD")), store.counts
    assert faults["busy"] > count / 20 and faults["silent"] and faults["lost"]
    assert tries / (count + copies) <= 1.3, store.counts
    assert bucket.etags() == {one.key: f'"{hashlib.md5(one.data).hexdigest()}"' for one in [*first, *second]}


def test_a_thousand_writes_to_a_failing_store_all_arrive(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    write_all(bucket, 1_000, monkeypatch)


@pytest.mark.long
def test_ten_thousand_writes_to_a_failing_store_all_arrive(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    write_all(bucket, 10_000, monkeypatch)


def test_a_store_that_is_always_busy_refuses_each_object_and_says_so(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cms_ssg.publish.s3_client.ATTEMPTS", 2)
    with serve_faulty(bucket.address, busy=1) as store, environment(f"http://127.0.0.1:{store.server_port}"):
        target = S3Target(Settings(target=Target(url=f"s3://{bucket.name}")), WRITER)
        outcomes = target.write_many(make_objects(3, "x"))
    assert [o.refused for o in outcomes] == ["the store answers SlowDown"] * 3


def test_objects_that_a_store_is_silent_about_hold_up_no_other(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cms_ssg.publish.s3_client.ATTEMPTS", 1)
    monkeypatch.setattr("cms_ssg.publish.s3_client.READ_TIMEOUT_S", 2.0)
    looks: list[int] = []
    with serve_faulty(bucket.address, slow_s=3) as store, environment(f"http://127.0.0.1:{store.server_port}"):
        store.muted = "p/0/index.html"
        target = S3Target(Settings(target=Target(url=f"s3://{bucket.name}", uploads=4)), WRITER)
        with pytest.raises(CmsError) as caught:
            target.write_many(make_objects(200, "x"), lambda: looks.append(store.counts["PUT"]))
    assert caught.value.problems[0].code == "publish.unreachable"
    assert len(bucket.list_keys()) > 100, "the others went on meanwhile"
    assert len(looks) > 1
    assert all(now - before <= 64 + 4 for before, now in pairwise(looks)), "the lease is looked at all along"


@pytest.mark.parametrize("conditions", [True, False])
@pytest.mark.parametrize(
    ("refusal", "code", "hint"),
    [
        (SIGNED_WRONG, "publish.credentials", "AWS_SECRET_ACCESS_KEY"), (SKEWED, "publish.clock", "timedatectl"),
        (DENIED, "publish.denied", "s3:GetObject"), (ELSEWHERE, "publish.region", "Set AWS_REGION to eu-west-1"),
    ],
)  # fmt: skip
def test_why_a_store_refuses_is_said_also_where_it_is_only_asked_for_headers(
    bucket: Bucket, refusal: bytes, code: str, hint: str, conditions: bool
) -> None:
    """The answer to HEAD says 403 and no more; where conditions are not honoured that is the first request."""
    settings = Settings(target=Target(url=f"s3://{bucket.name}"))
    with serve_faulty(bucket.address) as store, environment(f"http://127.0.0.1:{store.server_port}"):
        store.denied, store.refusal = f"/{bucket.name}/", refusal
        target = S3Target(settings, replace(WRITER, conditions=conditions))
        with pytest.raises(CmsError) as caught:
            target.write_many(make_objects(1, "first"))
    [problem] = caught.value.problems
    assert (problem.code, problem.place) == (code, f"s3://{bucket.name}")
    assert hint in problem.hint
