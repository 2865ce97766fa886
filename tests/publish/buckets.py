"""Buckets of a real server, and sites that are published to them."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import urlopen

import boto3
import brotli
from botocore.config import Config

from cms_ssg.build import build
from cms_ssg.reporting.progress import Reporter
from tests.engine.siteonpage import Built, SiteOnPage, assert_same, database

UNPACK: dict[str, Callable[[bytes], bytes]] = {"": bytes, "gzip": gzip.decompress, "br": brotli.decompress}
KEY, SECRET = "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbb"


class Stored(NamedTuple):
    """An object as a visitor gets it."""

    data: bytes
    content_type: str
    cache_control: str
    encoding: str


@contextmanager
def serve(command: list[str], port: int) -> Iterator[str]:
    """A server on a port of this machine; its address."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 120  # a busy machine
        while True:
            try:
                urlopen(address, timeout=5).close()
                break
            except OSError as error:
                if getattr(error, "code", None) is not None:  # it answers, if only with a refusal
                    break
                assert process.poll() is None and time.monotonic() < until, f"{command[0]} did not start"
                time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait()


def moto_command(port: int) -> list[str]:
    return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]


def rclone_command(port: int, folder: Path) -> list[str]:
    rclone = str(Path(sys.executable).with_name("rclone"))
    return [rclone, "serve", "s3", "--auth-key", f"{KEY},{SECRET}", "--addr", f"127.0.0.1:{port}", str(folder)]


def open_client(address: str) -> Any:
    return boto3.client(
        "s3", endpoint_url=address, aws_access_key_id=KEY, aws_secret_access_key=SECRET, region_name="us-east-1",
        config=Config(retries={"mode": "standard", "max_attempts": 5}),
    )  # fmt: skip


@dataclass
class Bucket:
    """A bucket and the server's address."""

    address: str
    name: str
    client: Any

    def list_keys(self) -> list[str]:
        """What visitors may ask for: without what is kept of earlier releases and the mark of whose it is."""
        return [key for key in self.list_all_keys() if "/.cms/" not in f"/{key}"]

    def list_all_keys(self) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return [item["Key"] for page in pages for item in page.get("Contents", ())]

    def read(self, key: str) -> Stored:
        answer = self.client.get_object(Bucket=self.name, Key=key)
        return Stored(answer["Body"].read(), answer["ContentType"], answer.get("CacheControl", ""), answer.get("ContentEncoding", ""))

    def objects(self) -> dict[str, Stored]:
        return {key: self.read(key) for key in self.list_keys()}

    def etags(self) -> dict[str, str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        found = {item["Key"]: item["ETag"] for page in pages for item in page.get("Contents", ())}
        return {key: found[key] for key in found if "/.cms/" not in f"/{key}"}

    def empty(self) -> None:
        keys = [{"Key": key} for key in self.list_all_keys()]
        for start in range(0, len(keys), 1000):
            self.client.delete_objects(Bucket=self.name, Delete={"Objects": keys[start : start + 1000], "Quiet": True})
        for one in self.client.list_multipart_uploads(Bucket=self.name).get("Uploads", ()):
            self.client.abort_multipart_upload(Bucket=self.name, Key=one["Key"], UploadId=one["UploadId"])


class BucketSite(SiteOnPage):
    """A site whose output is in a bucket."""

    bucket: Bucket

    def tree(self) -> dict[str, bytes]:
        return {key: UNPACK[one.encoding](one.data) for key, one in self.bucket.objects().items()}

    def build(self, reporter: Reporter | None = None, **options: Any) -> Built:
        """Build it, and tell what that did; written: keys whose version changed."""
        before = self.bucket.etags()
        with database(self.url):
            result = build(self.root, replace(self.options, **options), reporter)
        after = self.bucket.etags()
        paths = self.query("SELECT path FROM cms.outputs WHERE build = %s", result.build_id)
        written = {key for key in after if before.get(key) != after[key]}
        return Built(result, frozenset(row[0] for row in paths), frozenset(written), frozenset(before.keys() - after.keys()))

    def assert_clean(self, **options: Any) -> None:
        """The bucket holds what a clean build of the same files puts into a folder."""
        plain = SiteOnPage(self.root.with_name("plain"), self.url, self.clean_url, self.options)
        shutil.rmtree(plain.root, ignore_errors=True)
        shutil.copytree(self.root, plain.root, ignore=shutil.ignore_patterns(".cms"))
        plain.edit("site.toml", f"s3://{self.bucket.name}", "folder:build")
        assert_same(self.tree(), plain.build_clean(**options).tree())


@contextmanager
def environment(address: str) -> Iterator[None]:
    """Where and with what key a build publishes."""
    wanted = {"AWS_ENDPOINT_URL": address, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
