"""Large objects go up in parts, several at once; they appear whole, under their condition, with the last request."""

from __future__ import annotations

import io
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import Any

from botocore.exceptions import ClientError

from cms_ssg.publish.s3_client import code_of

UPLOAD_GONE = "NoSuchUpload"
"""The store's word for an upload that was ended or given up already."""


def upload_parts(
    client: Any, place: dict[str, str], body: bytes, headers: dict[str, Any], condition: dict[str, str], size: int, free: BoundedSemaphore
) -> str:
    """Upload a large object in parts of `size` bytes, of which none is copied. Returns its etag, raises botocore's errors.

    free: requests that may be made beside those of all callers; as many parts are sent at once as are free at that time, and one
    by the caller itself.
    """
    upload = client.create_multipart_upload(**place, **headers)["UploadId"]
    try:
        etags = _send_parts(client, place | {"UploadId": upload}, body, size, free)
        parts = [{"PartNumber": number, "ETag": etag} for number, etag in sorted(etags.items())]
        answer = client.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": parts}, **condition)
    except BaseException:
        try:
            client.abort_multipart_upload(**place, UploadId=upload)
        except ClientError as error:
            if code_of(error) != UPLOAD_GONE:
                raise
        raise
    return str(answer["ETag"])


def _send_parts(client: Any, place: dict[str, str], body: bytes, size: int, free: BoundedSemaphore) -> dict[int, str]:
    """Etags by number of part. No request is under way any more when this ends, so that an upload that is given up keeps no part."""
    waiting = deque(enumerate(range(0, len(body), size), 1))
    etags: dict[int, str] = {}

    def send_one() -> None:
        try:
            number, start = waiting.popleft()
        except IndexError:  # another thread took the last
            return
        try:
            answer = client.upload_part(**place, PartNumber=number, Body=Window(body, start, size))
        except BaseException:
            waiting.clear()
            raise
        etags[number] = answer["ETag"]

    def send_many() -> None:
        try:
            while waiting:
                send_one()
        finally:
            free.release()

    helpers: list[Future[None]] = []
    with ThreadPoolExecutor(len(waiting)) as pool:  # a thread is made when one is needed
        while waiting:
            while len(waiting) > 1 and free.acquire(blocking=False):
                helpers.append(pool.submit(send_many))
            send_one()
        for helper in helpers:
            helper.result()
    return etags


class Window(io.RawIOBase):
    """Some bytes of many, as a file, without a copy."""

    def __init__(self, body: bytes, start: int, size: int) -> None:
        self.bytes, self.at = memoryview(body)[start : start + size], 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: len(self.bytes)}[whence]
        return self.at

    def readinto(self, buffer: Any) -> int:
        found = self.bytes[self.at : self.at + len(buffer)]
        buffer[: len(found)] = found
        self.at += len(found)
        return len(found)
