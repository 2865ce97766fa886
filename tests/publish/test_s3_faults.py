"""A store that is busy, silent or answers into the void gets every object all the same."""

from __future__ import annotations

import pytest

from cms_ssg.publish.s3 import S3Target
from cms_ssg.publish.target import Live, Object, Writer
from cms_ssg.reads import digest
from cms_ssg.settings import Settings, Target
from tests.publish.buckets import Bucket, environment
from tests.publish.faulty import serve_faulty

WRITER = Writer("alpha", "a-store", 7)


def make_objects(count: int, text: str, live: dict[str, Live] | None = None) -> list[Object]:
    objects = []
    for number in range(count):
        key, data = f"p/{number}/index.html", f"<p>{text} {number}</p>".encode()
        objects.append(Object(key, data, "text/html", "entry", digest(data), (live or {}).get(key)))
    return objects


def write_all(bucket: Bucket, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cms_ssg.publish.s3_client.READ_TIMEOUT_S", 1.0)
    with (
        serve_faulty(bucket.address, busy=0.10, silent=0.02, lost=0.01, slow_s=2) as store,
        environment(f"http://127.0.0.1:{store.server_port}"),
    ):
        target = S3Target(bucket.name, Settings(target=Target(url=f"s3://{bucket.name}")), WRITER)
        first = make_objects(count // 2, "first")
        outcomes = target.write_many(first)
        assert [o for o in outcomes if o.refused or not o.written] == []
        live = {one.key: Live(one.digest, outcome.etag) for one, outcome in zip(first, outcomes, strict=True)}
        second = make_objects(count // 2, "second", live)
        outcomes = target.write_many(second)
        assert [o for o in outcomes if o.refused or not o.written] == []
        tries, faults = sum(n for name, n in store.counts.items() if name in ("PUT", "HEAD")), store.counts
    assert faults["busy"] > count / 20 and faults["silent"] and faults["lost"]
    copies = count // 2  # of what the second half replaces
    assert tries / (count + copies) <= 1.3, store.counts
    stored = {key: one.data for key, one in bucket.objects().items()}
    assert stored == {one.key: one.data for one in second}


def test_six_hundred_writes_to_a_failing_store_all_arrive(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    write_all(bucket, 600, monkeypatch)


@pytest.mark.long
def test_ten_thousand_writes_to_a_failing_store_all_arrive(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    write_all(bucket, 10_000, monkeypatch)


def test_a_store_that_is_always_busy_refuses_each_object_and_says_so(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cms_ssg.publish.s3_client.ATTEMPTS", 2)
    with serve_faulty(bucket.address, busy=1) as store, environment(f"http://127.0.0.1:{store.server_port}"):
        target = S3Target(bucket.name, Settings(target=Target(url=f"s3://{bucket.name}")), WRITER)
        outcomes = target.write_many(make_objects(3, "x"))
    assert [o.refused for o in outcomes] == ["the store answers SlowDown"] * 3
