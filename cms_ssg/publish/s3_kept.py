"""What a release replaced in a bucket: copied by the store itself to a key made of the digest, before it is written over or removed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar
from urllib.parse import quote

from botocore.exceptions import ClientError

from cms_ssg.publish.kept import Keepable, KeptObject
from cms_ssg.publish.s3_client import HIDDEN, MISSING, MOVED, code_of, look_at, read_object, translated_errors
from cms_ssg.reads import digest as make_digest

T = TypeVar("T")
R = TypeVar("R")

PREFIX: Final = ".cms/kept/"
"""Below the site's own: what `cms target config` writes answers 404 to hidden names."""

MOST_COPIED: Final = 5 << 30
"""Bytes that a store copies by one request, which S3 answers by InvalidRequest above."""

AT_ONCE: Final = 1000
"""Objects that one request removes."""


class KeptBucket:
    """client, bucket, prefix: of the target; uploads: requests at once."""

    def __init__(self, client: Any, bucket: str, prefix: str, uploads: int) -> None:
        self.client, self.bucket, self.prefix, self.uploads = client, bucket, prefix, uploads

    def add(self, key: str, digest: bytes, etag: str | None) -> None:
        """Keep an object. Where another version lies there nothing is kept: the write that follows meets it too.

        Nor is one above MOST_COPIED: publishing goes on, and a rollback that misses it says so.
        """
        condition = {"CopySourceIfMatch": etag} if etag is not None else {}
        source = {"Bucket": self.bucket, "Key": self.prefix + key}
        try:
            self.client.copy_object(Bucket=self.bucket, Key=self._key(digest), CopySource=source, **condition)
        except ClientError as error:
            if code_of(error) not in MOVED | MISSING | HIDDEN | {"InvalidRequest"} or code_of(error) == "NoSuchBucket":
                raise

    def add_many(self, objects: Sequence[Keepable]) -> None:
        self._spread(self._add_one, objects)

    def _add_one(self, one: Keepable) -> None:
        digest, etag = one.digest, one.etag
        if digest is None:
            seen = self._look(self.prefix + one.key)
            if seen is None:
                return
            said = {name.lower(): value for name, value in seen.get("Metadata", {}).items()}.get("cms-digest", "")
            if not said:
                return
            digest, etag = bytes.fromhex(said), seen["ETag"]
        self.add(one.key, digest, etag)

    def _look(self, key: str) -> Any:
        """As look_at, but what the store does not show is not there: a key that may not list is told no more."""
        try:
            return look_at(self.client, self.bucket, key)
        except ClientError as error:
            if code_of(error) not in HIDDEN:
                raise
            return None

    def read_many(self, digests: Sequence[bytes]) -> list[KeptObject | None]:
        return self._spread(self._read, digests)

    def _read(self, digest: bytes) -> KeptObject | None:
        found = read_object(self.client, self.bucket, self._key(digest))
        return KeptObject(*found) if found is not None and make_digest(found[0]) == digest else None

    def list_digests(self) -> set[bytes]:
        found: set[bytes] = set()
        with translated_errors(self.bucket):
            for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix + PREFIX):
                found.update(bytes.fromhex(item["Key"].rpartition("/")[2]) for item in page.get("Contents", ()))
        return found

    def is_own(self, digest: bytes, site: str) -> bool:
        with translated_errors(self.bucket):
            seen = self._look(self._key(digest))
        if seen is None:
            return False
        said = {name.lower(): value for name, value in seen.get("Metadata", {}).items()}
        return bool(said.get("cms-site", "") == quote(site))

    def drop_many(self, digests: Sequence[bytes]) -> None:
        keys = [{"Key": self._key(digest)} for digest in digests]
        batches = [keys[start : start + AT_ONCE] for start in range(0, len(keys), AT_ONCE)]
        self._spread(lambda batch: self.client.delete_objects(Bucket=self.bucket, Delete={"Objects": batch, "Quiet": True}), batches)

    def _key(self, digest: bytes) -> str:
        return f"{self.prefix}{PREFIX}{digest.hex()}"

    def _spread(self, act: Callable[[T], R], items: Sequence[T]) -> list[R]:
        with translated_errors(self.bucket), ThreadPoolExecutor(min(self.uploads, len(items) or 1)) as pool:
            return list(pool.map(act, items))
