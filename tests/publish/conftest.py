"""A store of objects for the whole run, an empty bucket for each test."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.few_pages import SITE as FEW
from tests.engine.sample import SITE
from tests.engine.siteonpage import wipe
from tests.publish.buckets import Bucket, BucketSite, environment, moto_command, open_client, serve


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def store_address() -> Iterator[str]:
    port = free_port()
    with serve(moto_command(port), port) as address:
        yield address


@pytest.fixture(scope="session")
def shared_bucket(store_address: str) -> Bucket:
    client = open_client(store_address)
    client.create_bucket(Bucket="pages")
    return Bucket(store_address, "pages", client)


@pytest.fixture
def bucket(shared_bucket: Bucket) -> Iterator[Bucket]:
    shared_bucket.empty()
    with environment(shared_bucket.address):
        yield shared_bucket


@pytest.fixture
def bucket_site(bucket: Bucket, engine_urls: tuple[str, str], tmp_path: Path) -> BucketSite:
    """A site of few pages that publishes to the bucket, not built yet."""
    return make_bucket_site(bucket, engine_urls, tmp_path)


@pytest.fixture
def whole_bucket_site(bucket: Bucket, engine_urls: tuple[str, str], tmp_path: Path) -> BucketSite:
    """The sample site, published to the bucket."""
    return make_bucket_site(bucket, engine_urls, tmp_path, SITE)


def make_bucket_site(bucket: Bucket, engine_urls: tuple[str, str], folder: Path, text: str = FEW) -> BucketSite:
    wipe(engine_urls[0])
    site = BucketSite(folder / "site", *engine_urls)
    site.bucket = bucket
    site.write(text)
    text = (site.root / "site.toml").read_text("utf-8")
    site.write_file("site.toml", f'{text}\n[target]\nurl = "s3://{bucket.name}"\n')
    return site
