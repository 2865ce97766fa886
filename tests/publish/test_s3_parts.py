"""A large object goes up in several parts at once, appears whole or not at all, and never over a version that its builder did not know."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from cms_ssg.config.settings import Settings
from cms_ssg.config.target_settings import Target
from cms_ssg.publish.s3 import S3Target
from cms_ssg.publish.s3_parts import Window
from cms_ssg.publish.target import Object, Writer
from cms_ssg.reads import digest
from tests.publish.buckets import Bucket, environment, open_client, rclone_command, serve
from tests.publish.conftest import free_port
from tests.publish.faulty import serve_faulty

MB = 1 << 20
LARGE = hashlib.shake_256(b"large").digest(31 * MB) + b"end"


def make_target(bucket: Bucket, uploads: int = 4, conditions: bool = True) -> S3Target:
    settings = Settings(target=Target(url=f"s3://{bucket.name}", uploads=uploads, part_mb=5))
    return S3Target(settings, Writer("alpha", "a-store", 7, conditions=conditions))


def make_object(key: str, data: bytes) -> Object:
    return Object(key, data, "application/octet-stream", "static", digest(data), None)


def list_uploads(bucket: Bucket, key: str) -> list[Any]:
    """Uploads of an object that were neither ended nor given up."""
    return [one for one in bucket.client.list_multipart_uploads(Bucket=bucket.name).get("Uploads", []) if one["Key"] == key]


def test_parts_go_up_at_once_beside_small_objects_and_never_more_than_may(bucket: Bucket) -> None:
    with serve_faulty(bucket.address) as store, environment(f"http://127.0.0.1:{store.server_port}"):
        objects = [make_object("large.bin", LARGE), *(make_object(f"{number}.bin", b"small") for number in range(40))]
        outcomes = make_target(bucket).write_many(objects)
    assert all(outcome.written for outcome in outcomes)
    assert 2 <= store.most <= 4
    assert bucket.read("large.bin").data == LARGE
    assert bucket.etags()["large.bin"].endswith('-7"')


def test_one_large_object_alone_has_all_requests_to_itself(bucket: Bucket) -> None:
    with serve_faulty(bucket.address) as store, environment(f"http://127.0.0.1:{store.server_port}"):
        target = make_target(bucket, uploads=3)
        assert target.write_many([make_object("large.bin", LARGE)])[0].written
        assert store.most == 3
        store.most = 0
        target = make_target(bucket, uploads=1)
        assert target.write_many([make_object("other.bin", LARGE)])[0].written
        assert store.most == 1


@pytest.mark.long
def test_large_objects_reach_a_store_that_fails_now_and_then(bucket: Bucket) -> None:
    with (
        serve_faulty(bucket.address, busy=0.1, lost=0.2) as store,
        environment(f"http://127.0.0.1:{store.server_port}"),
    ):
        objects = [make_object(f"large{number}.bin", LARGE + bytes([number])) for number in range(3)]
        outcomes = make_target(bucket).write_many(objects)
    assert store.counts["busy"] and store.counts["lost"]
    assert [outcome.refused for outcome in outcomes] == [None] * 3
    assert {one.key: one.data for one in objects} == {key: stored.data for key, stored in bucket.objects().items()}


def test_an_upload_whose_end_is_refused_leaves_the_other_version_and_no_part(bucket: Bucket) -> None:
    bucket.client.put_object(Bucket=bucket.name, Key="mine.bin", Body=b"mine")
    (outcome,) = make_target(bucket).write_many([make_object("mine.bin", LARGE)])
    assert "did not write" in (outcome.refused or "")
    assert bucket.read("mine.bin").data == b"mine"
    assert list_uploads(bucket, "mine.bin") == []


def test_an_upload_of_which_a_part_is_refused_is_given_up_whole(bucket: Bucket) -> None:
    with serve_faulty(bucket.address) as store, environment(f"http://127.0.0.1:{store.server_port}"):
        store.denied = "partNumber=3"
        target = make_target(bucket)
        (outcome,) = target.write_many([make_object("half.bin", LARGE)])
    assert outcome.lasting and "AccessDenied" in (outcome.refused or "")
    assert bucket.list_keys() == []
    assert list_uploads(bucket, "half.bin") == []
    assert [target.free.acquire(blocking=False) for _ in range(5)] == [True] * 4 + [False], "what the upload took is free again"


def test_a_store_without_conditions_gets_the_same(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "store/pages").mkdir(parents=True)
    with serve(rclone_command(port, tmp_path / "store"), port) as address, environment(address):
        there = Bucket(address, "pages", open_client(address))
        for data in (LARGE, LARGE[1:]):
            assert make_target(there, conditions=False).write_many([make_object("large.bin", data)])[0].written
            assert there.read("large.bin").data == data


def test_a_window_is_a_file_of_its_bytes() -> None:
    window = Window(b"0123456789", 3, 4)
    assert (window.read(3), window.read(3), window.read(3)) == (b"345", b"6", b"")
    assert (window.seek(-1, 2), window.read(), window.tell()) == (3, b"6", 4)
    assert (window.seek(1), window.seek(1, 1), window.read()) == (1, 2, b"56")
