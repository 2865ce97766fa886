"""Cursors of lists: where the next page begins, by what the last item of this one was sorted by."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import msgspec

from cms_ssg.api.problems import ApiError


def write_cursor(*key: Any) -> str:
    """A key as it stands in an address. key: texts, numbers, times."""
    return urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def read_cursor(text: str, *kinds: Callable[[str], Any]) -> tuple[Any, ...]:
    """The key that was written so. kinds: what reads each of its parts, or raises ValueError. Raises ApiError api.invalid."""
    try:
        key = msgspec.json.decode(b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), b"-_", validate=True), type=list[str | int])
        return tuple(kind(str(part)) for kind, part in zip(kinds, key, strict=True))
    except (msgspec.MsgspecError, ValueError, OverflowError):  # errors of Unicode and Base64 are ValueErrors
        message = "this is no cursor of such an answer"
        raise ApiError(
            422, "api.invalid", "the request is not as it should be: cursor", "/docs says what is taken.", fields=(("cursor", message),)
        ) from None


def read_count(text: str) -> int:
    """A number that Postgres takes for a row's. Raises ValueError."""
    number = int(text)
    if not 0 <= number < 1 << 63:
        raise ValueError(text)
    return number
