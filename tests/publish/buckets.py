"""Buckets of a real server, and sites that are published to them."""

from __future__ import annotations

import gzip
import http.client
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from email.message import Message
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import urlopen
from xml.etree import ElementTree as ET

import boto3
import brotli
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

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
    return [sys.executable, str(Path(__file__).with_name("store_server.py")), "-H", "127.0.0.1", "-p", str(port)]


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
        return [key for key, _ in self._list()]

    def read(self, key: str) -> Stored:
        headers, data = self._ask(quote(key))
        return Stored(data, headers["Content-Type"], headers["Cache-Control"] or "", headers["Content-Encoding"] or "")

    def _list(self) -> Iterator[tuple[str, str]]:
        """Every key and its ETag."""
        more: dict[str, str] | None = {}
        while more is not None:
            page = ET.fromstring(self._ask("?" + urlencode({"list-type": "2", **more}, quote_via=quote))[1])
            for item in page.iterfind("{*}Contents"):
                yield item.findtext("{*}Key", ""), item.findtext("{*}ETag", "")
            token = page.findtext("{*}NextContinuationToken")
            more = {"continuation-token": token} if token else None

    def _ask(self, path: str) -> tuple[Message, bytes]:
        """The store's answer to a GET, for a third of the time that boto3 takes. Raises KeyError where it has no such object."""
        request = AWSRequest("GET", f"{self.address}/{self.name}/{path}")
        S3SigV4Auth(Credentials(KEY, SECRET), "s3", "us-east-1").add_auth(request)
        with closing(http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=60)) as connection:
            connection.request("GET", f"/{self.name}/{path}", headers=dict(request.headers))
            answer = connection.getresponse()
            data = answer.read()
            if answer.status == 404:
                raise KeyError(path)
            assert answer.status == 200, f"{answer.status} {path}: {data!r}"
            return answer.headers, data

    def objects(self) -> dict[str, Stored]:
        return {key: self.read(key) for key in self.list_keys()}

    def etags(self) -> dict[str, str]:
        return {key: etag for key, etag in self._list() if "/.cms/" not in f"/{key}"}

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
