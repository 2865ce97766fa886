"""Writes to a bucket, each only over the version of the object that the manifest knows.

S3 answers 412 where an object is not the version that was named, which is a question and no answer: a builder may have been killed between a
write and its record, or have written once more after it lost its lease. So each object says in its metadata who wrote it (the store behind the
site, and the epoch of its lease): what an ended epoch of the same store left is replaced, what a later one wrote ends this build, and what
somebody else put there is left alone. Source: S3 user guide, "How to prevent object overwrites with conditional writes".
"""

from __future__ import annotations

from threading import BoundedSemaphore
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from botocore.exceptions import ClientError

from cms_ssg.config.settings import Settings
from cms_ssg.errors import lose_lease
from cms_ssg.publish.s3_client import HIDDEN, MISSING, MOVED, code_of, look_at
from cms_ssg.publish.s3_headers import make_headers, pack_object
from cms_ssg.publish.s3_kept import KeptBucket
from cms_ssg.publish.s3_parts import upload_parts
from cms_ssg.publish.target import Before, Object, Outcome, Writer

TRIES: Final = 6
"""How often a write may meet another version than it expected before it is left to the next build."""


class Seen(NamedTuple):
    """What a store says of an object. digest, form: as we wrote them, '' where somebody else did; size_bytes: as it is stored."""

    etag: str
    digest: str
    form: str
    site: str
    store: str
    epoch: int
    size_bytes: int


class ConditionalWrites:
    """place: the bucket, and the prefix of its keys; writer: None to read only; free: how many requests may go on at once; kept: where replaced
    objects are kept, None where they are not.
    """

    def __init__(
        self,
        client: Any,
        place: tuple[str, str],
        settings: Settings,
        writer: Writer | None,
        free: BoundedSemaphore,
        kept: KeptBucket | None,
    ) -> None:
        self.client, self.settings, self.writer, self.free, self.kept = client, settings, writer, free, kept
        self.bucket, self.prefix = place

    def write(self, one: Object, recheck: Before) -> Outcome:
        """Put an object over the version that is expected, or find out what is there instead. recheck: called after each look at what is there.

        Raises botocore's errors as they come, and LeaseLostError where a later builder wrote the object.
        """
        writer = self.writer
        assert writer is not None, "this target was opened to be read"
        headers = make_headers(self.settings, writer, one)
        digest, etag = (one.live.digest, one.live.etag) if one.live is not None else (None, None)
        if (one.live is not None and one.live.digest is None) or not writer.conditions:
            seen = self.look(one.key)
            if (end := self._end_at(seen, one, headers, written=False)) is not None:
                return end
            body = pack_object(one, headers)
            if recheck is not None:
                recheck()
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
            seen = self.look(one.key)
            if (end := self._end_at(seen, one, headers, written=True)) is not None:  # our own, whose answer was lost
                return end
            if recheck is not None:
                recheck()
            digest, etag = _name_version(seen)
        return Outcome(False, refused="something is there that the store does not show, or somebody else goes on writing it")

    def look(self, key: str) -> Seen | None:
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

    def _put(self, key: str, body: bytes, headers: dict[str, Any], etag: str | None) -> str:
        condition: dict[str, str] = {}
        if self.writer is not None and self.writer.conditions:
            condition = {"IfMatch": etag} if etag is not None else {"IfNoneMatch": "*"}
        place = {"Bucket": self.bucket, "Key": self.prefix + key}
        if len(body) > self.settings.target.part_mb << 20:
            return upload_parts(self.client, place, body, headers, condition, self.settings.target.part_mb << 20, self.free)
        answer = self.client.put_object(**place, Body=body, **headers, **condition)
        return str(answer["ETag"])

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
