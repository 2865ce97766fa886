"""A bucket as the target: many objects at once, each written only over the version that the manifest knows.

S3 answers 412 where an object is not the version that was named, which is a question and no answer: a builder may have been killed between a
write and its record, or have written once more after it lost its lease. So each object says in its metadata who wrote it (the store behind the
site, and the epoch of its lease): what an ended epoch of the same store left is replaced, what a later one wrote ends this build, and what
somebody else put there is left alone. Source: S3 user guide, "How to prevent object overwrites with conditional writes".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import BoundedSemaphore
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import quote

from botocore.exceptions import BotoCoreError, ClientError

from cms_ssg.config.settings import Settings
from cms_ssg.errors import fail, lose_lease
from cms_ssg.publish.owner import OBJECT as MARK
from cms_ssg.publish.s3_client import (
    HIDDEN,
    MISSING,
    MOVED,
    UPLOAD_LOST,
    code_of,
    is_for_all,
    look_at,
    open_client,
    read_object,
    say_failure,
    translated_errors,
)
from cms_ssg.publish.s3_headers import make_headers, pack_object
from cms_ssg.publish.s3_kept import MOST_COPIED, PREFIX, KeptBucket
from cms_ssg.publish.s3_parts import upload_parts
from cms_ssg.publish.target import STORE, Before, Listed, Object, Outcome, Writer

T = TypeVar("T")
R = TypeVar("R")

TRIES: Final = 6
"""How often a write may meet another version than it expected before it is left to the next build."""

NO_VERSION: Final = '"00000000000000000000000000000000"'
"""An etag that no object has."""

CHUNK: Final = 64
"""Objects written between two looks at the lease."""


class Seen(NamedTuple):
    """What a store says of an object. digest, form: as we wrote them, '' where somebody else did; size_bytes: as it is stored."""

    etag: str
    digest: str
    form: str
    site: str
    store: str
    epoch: int
    size_bytes: int


class S3Target:
    """place: ``bucket`` or ``bucket/prefix``; writer: None to read only."""

    abilities = STORE

    def __init__(self, place: str, settings: Settings, writer: Writer | None) -> None:
        self.bucket, _, prefix = place.strip("/").partition("/")
        self.prefix = prefix + "/" if prefix else ""
        self.settings, self.writer = settings, writer
        self.recheck: Before = None
        self.client, self.free = open_client(settings.target.uploads), BoundedSemaphore(settings.target.uploads)
        kept = KeptBucket(self.client, self.bucket, self.prefix, settings.target.uploads)
        self._is_let: dict[str, bool] = {}
        self.kept: KeptBucket | None = kept if settings.target.keep_releases else None

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
            seen = self._look(key)
        return seen is not None and seen.site == quote(self.writer.site)

    def adopt(self, key: str) -> None:
        assert self.writer is not None
        place = {"Bucket": self.bucket, "Key": self.prefix + key}
        with translated_errors(self.bucket):
            seen = self._look(key)
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
        """Put an object over the version that is expected, or find out what is there instead."""
        writer = self.writer
        assert writer is not None, "this target was opened to be read"
        headers = make_headers(self.settings, writer, one)
        digest, etag = (one.live.digest, one.live.etag) if one.live is not None else (None, None)
        try:
            if (one.live is not None and one.live.digest is None) or not writer.conditions:
                seen = self._look(one.key)
                if (end := self._end_at(seen, one, headers, written=False)) is not None:
                    return end
                body = pack_object(one, headers)
                if self.recheck is not None:
                    self.recheck()
                digest, etag = _name_version(seen)
            else:
                body = pack_object(one, headers)
            for _ in range(TRIES):
                if self.kept is not None and digest and digest != one.digest:
                    self.kept.add(one.key, digest, etag)
                try:
                    return Outcome(True, self._put(one.key, body, headers, etag))
                except ClientError as error:
                    if code_of(error) not in MOVED | MISSING or code_of(error) == "NoSuchBucket":
                        raise
                seen = self._look(one.key)
                if (end := self._end_at(seen, one, headers, written=True)) is not None:  # our own, whose answer was lost
                    return end
                if self.recheck is not None:
                    self.recheck()
                digest, etag = _name_version(seen)
            return Outcome(False, refused="something is there that the store does not show, or somebody else goes on writing it")
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

    def _put(self, key: str, body: bytes, headers: dict[str, Any], etag: str | None) -> str:
        condition: dict[str, str] = {}
        if self.writer is not None and self.writer.conditions:
            condition = {"IfMatch": etag} if etag is not None else {"IfNoneMatch": "*"}
        place = {"Bucket": self.bucket, "Key": self.prefix + key}
        if len(body) > self.settings.target.part_mb << 20:
            return upload_parts(self.client, place, body, headers, condition, self.settings.target.part_mb << 20, self.free)
        answer = self.client.put_object(**place, Body=body, **headers, **condition)
        return str(answer["ETag"])

    def _look(self, key: str) -> Seen | None:
        """Who wrote what is there. What the store does not show counts as nothing: a write that asks for an empty place finds out."""
        try:
            answer = look_at(self.client, self.bucket, self.prefix + key)
        except ClientError as error:
            if code_of(error) not in HIDDEN:
                raise
            return None
        if answer is None:
            return None
        said = {name.lower(): value for name, value in answer.get("Metadata", {}).items()}
        epoch = said.get("cms-epoch", "")
        return Seen(
            answer["ETag"], said.get("cms-digest", ""), said.get("cms-form", ""), said.get("cms-site", ""), said.get("cms-store", ""),
            int(epoch) if epoch.isdigit() else 0, answer["ContentLength"],
        )  # fmt: skip

    def _end_at(self, seen: Seen | None, one: Object, headers: dict[str, Any], *, written: bool) -> Outcome | None:
        """What a write comes to by what is there: the same object, or one that may not be written over. None where it goes on."""
        if seen is None:
            return None
        if self._is_same(seen, one, headers):
            return Outcome(written, seen.etag)
        refused = self._refuse(seen)
        return Outcome(False, refused=refused, lasting=True) if refused else None

    def _is_same(self, seen: Seen, one: Object, headers: dict[str, Any]) -> bool:
        assert self.writer is not None
        return (seen.digest, seen.form, seen.store) == (one.digest.hex(), headers["Metadata"]["cms-form"], self.writer.store)

    def _refuse(self, seen: Seen) -> str:
        """Why an object must not be written over, '' where it may. Raises LeaseLostError where our successor wrote it."""
        writer = self.writer
        assert writer is not None
        if seen.store == writer.store:
            if seen.epoch > writer.epoch:
                raise lose_lease()
            return ""
        if writer.claims and seen.site == quote(writer.site):
            return ""
        if seen.site == quote(writer.site):
            return "an object of this site from another database is there; `cms build --full` replaces those"
        return (
            "an object that cms did not write for this site is there; remove it, or give the site a prefix of its own; "
            "where it was put over a page of this site, `cms target audit --repair` writes that again"
        )


def _name_version(seen: Seen | None) -> tuple[bytes | None, str | None]:
    """The digest and the etag of what is there."""
    return (bytes.fromhex(seen.digest), seen.etag) if seen is not None else (None, None)
