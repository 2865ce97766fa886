"""A bucket as the target: many objects at once, each written only over the version that the manifest knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import BoundedSemaphore
from typing import Final, TypeVar
from urllib.parse import quote

from botocore.exceptions import BotoCoreError, ClientError

from cms_ssg.config.settings import Settings
from cms_ssg.errors import fail
from cms_ssg.publish.owner import OBJECT as MARK
from cms_ssg.publish.s3_client import (
    HIDDEN,
    MISSING,
    MOVED,
    UPLOAD_LOST,
    code_of,
    is_for_all,
    open_client,
    read_object,
    say_failure,
    translated_errors,
)
from cms_ssg.publish.s3_conditional_writes import ConditionalWrites
from cms_ssg.publish.s3_kept import MOST_COPIED, PREFIX, KeptBucket
from cms_ssg.publish.target import STORE, Before, Listed, Object, Outcome, Writer

T = TypeVar("T")
R = TypeVar("R")

NO_VERSION: Final = '"00000000000000000000000000000000"'
"""An etag that no object has."""

CHUNK: Final = 64
"""Objects written between two looks at the lease."""


class S3Target:
    """place: ``bucket`` or ``bucket/prefix``; writer: None to read only."""

    abilities = STORE

    def __init__(self, settings: Settings, writer: Writer | None) -> None:
        self.bucket, self.prefix = settings.target.bucket, settings.target.prefix
        self.settings, self.writer = settings, writer
        self.recheck: Before = None
        self.client, self.free = open_client(settings.target.uploads), BoundedSemaphore(settings.target.uploads)
        kept = KeptBucket(self.client, self.bucket, self.prefix, settings.target.uploads)
        self._is_let: dict[str, bool] = {}
        self.kept: KeptBucket | None = kept if settings.target.keep_releases else None
        self.writes = ConditionalWrites(self.client, (self.bucket, self.prefix), settings, writer, self.free, self.kept)

    def write_many(self, objects: Sequence[Object], before: Before = None) -> list[Outcome]:
        return self._spread(self._write, objects, before)

    def remove_many(self, keys: Sequence[str], before: Before = None) -> list[str | None]:
        return self._spread(self._remove, keys, before)

    def clear_left(self, keys: Sequence[str]) -> None:
        """Nothing: an object appears whole. Parts of an upload that was never ended are removed by a rule of the bucket (docs)."""

    def read(self, key: str) -> bytes | None:
        with translated_errors(self.bucket):
            try:
                found = read_object(self.client, self.bucket, self.prefix + key)
            except ClientError as error:
                if code_of(error) in HIDDEN and self._may("get_object", f"{self.prefix}{MARK}"):
                    return None
                raise
        return found[0] if found is not None else None

    def is_empty(self) -> bool:
        return False  # asking costs a request in every build; `cms target audit` tells what is missing

    def list_objects(self) -> Iterator[Listed]:
        with translated_errors(self.bucket):
            for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix):
                for item in page.get("Contents", ()):
                    key = item["Key"][len(self.prefix) :]
                    if not key.startswith(PREFIX) and key != MARK:
                        etag = item["ETag"].strip('"')  # some stores leave the quotes out in listings alone
                        yield Listed(key, f'"{etag}"', item["Size"])

    def is_own(self, key: str) -> bool:
        assert self.writer is not None
        with translated_errors(self.bucket):
            seen = self.writes.look(key)
        return seen is not None and seen.site == quote(self.writer.site)

    def adopt(self, key: str) -> None:
        assert self.writer is not None
        place = {"Bucket": self.bucket, "Key": self.prefix + key}
        with translated_errors(self.bucket):
            seen = self.writes.look(key)
            if seen is None or seen.site or seen.store:  # what another site says it wrote stays its own
                return
            if seen.size_bytes > MOST_COPIED:
                raise fail("publish.too-large", "an object that lies over a page of this site is too large to be marked as the site's",
                           place=f"s3://{self.bucket}/{self.prefix}{key}", hint="Remove it there, then run this again.")  # fmt: skip
            said = {"cms-site": quote(self.writer.site), "cms-store": self.writer.store, "cms-epoch": "0"}
            try:
                self.client.copy_object(**place, CopySource=place, CopySourceIfMatch=seen.etag, Metadata=said, MetadataDirective="REPLACE")
            except ClientError as error:
                if code_of(error) not in MOVED | MISSING:
                    raise

    def honours_conditions(self) -> bool:
        """Whether a write is refused that asks for an empty place, or for another version than is there. Raises CmsError publish.*.

        Some stores honour one of the two. The first write is without a condition: a build may have been killed here.
        """
        place = self._name_probe()
        with translated_errors(self.bucket):
            self.client.put_object(**place, Body=b"")
            try:
                return all(self._is_refused(place, condition) for condition in ({"IfNoneMatch": "*"}, {"IfMatch": NO_VERSION}))
            finally:
                self.client.delete_object(**place)

    def _is_refused(self, place: dict[str, str], condition: dict[str, str]) -> bool:
        try:
            self.client.put_object(**place, Body=b"", **condition)
        except ClientError as error:
            if code_of(error) in MOVED:
                return True
            if code_of(error) not in ("NotImplemented", "501", "InvalidArgument"):
                raise
        return False

    def _name_probe(self) -> dict[str, str]:
        assert self.writer is not None
        return {"Bucket": self.bucket, "Key": f"{self.prefix}.cms-probe-{self.writer.store}"}

    def _may(self, right: str, key: str) -> bool:
        """Whether the store carries out such a request for an object of which nothing else can be wrong; asked once."""
        if key not in self._is_let:
            try:
                getattr(self.client, right)(Bucket=self.bucket, Key=key, **({"Body": b""} if right == "put_object" else {}))
                self._is_let[key] = True
            except (ClientError, BotoCoreError):
                self._is_let[key] = False
        return self._is_let[key]

    def _refuse_one(self, error: ClientError, act: str) -> str:
        """Why the store does not take this one object. Raises CmsError where it would take no other either. act: what it was asked for."""
        code = code_of(error)
        if code in UPLOAD_LOST:
            return f"the store answers {code}"
        if is_for_all(error) or not self._may_write():
            raise say_failure(error, self.bucket) from error
        return f"the store refuses {act} ({code}: {error.response.get('Error', {}).get('Message', '')})".replace(": )", ")")

    def _may_write(self) -> bool:
        place = self._name_probe()
        may = self._may("put_object", place["Key"])
        with suppress(ClientError, BotoCoreError):
            self.client.delete_object(**place)
        return may

    # One object

    def _spread(self, act: Callable[[T], R], items: Sequence[T], before: Before) -> list[R]:
        """Act on each, `uploads` at once; one that takes long holds up no other. What has begun when one fails is ended, no more is begun."""
        failed: list[T] = []

        def act_alone(item: T) -> R:
            try:
                return act(item)
            except BaseException:
                failed.append(item)
                raise
            finally:
                self.free.release()

        begun: list[Future[R]] = []
        with ThreadPoolExecutor(min(self.settings.target.uploads, len(items) or 1)) as pool:
            for number, item in enumerate(items):
                if before is not None and number % CHUNK == 0:
                    before()
                self.free.acquire()
                if failed:
                    self.free.release()
                    break
                begun.append(pool.submit(act_alone, item))
        return [one.result() for one in begun]

    def _write(self, one: Object) -> Outcome:
        try:
            return self.writes.write(one, self.recheck)
        except ClientError as error:
            return Outcome(False, refused=self._refuse_one(error, "to write it"), lasting=code_of(error) not in UPLOAD_LOST)
        except BotoCoreError as error:
            raise say_failure(error, self.bucket) from error

    def _remove(self, key: str) -> str | None:
        with translated_errors(self.bucket):
            try:
                self.client.delete_object(Bucket=self.bucket, Key=self.prefix + key)
            except ClientError as error:
                return self._refuse_one(error, "to remove it") if code_of(error) not in MISSING else None
        return None
