"""Strong validators of compressed answers: they stand for bytes, so each encoding has its own (RFC 9110, 8.8.3): ``"v3"`` is ``"v3;br"`` by brotli.

Routes know nothing of this: what a client sends back has the encoding taken off before they read it.
"""

from __future__ import annotations

import re
from typing import Final

Headers = list[tuple[bytes, bytes]]

CONDITIONS: Final = frozenset({b"if-match", b"if-none-match"})
_ENCODING: Final = re.compile(rb';(?:br|gzip)(?=")')


def mark_encoding(headers: Headers) -> None:
    """Put the encoding of an answer, if it has one, into its validator, if that is strong."""
    encoding = next((value for name, value in headers if name == b"content-encoding"), b"")
    for place, (name, value) in enumerate(headers):
        if encoding and name == b"etag" and value.startswith(b'"'):
            headers[place] = (name, value[:-1] + b";" + encoding + b'"')


def take_off_encoding(headers: Headers) -> Headers:
    """The headers of a request as they would be if no answer were compressed."""
    return [(name, _ENCODING.sub(b"", value) if name in CONDITIONS else value) for name, value in headers]
