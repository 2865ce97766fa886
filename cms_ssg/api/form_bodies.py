"""The bodies that browsers make of forms: names and values, and in multipart/form-data also files."""

from __future__ import annotations

from email.parser import HeaderParser
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from starlette.requests import Request

FORM: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
MOST_FIELDS: Final = 200
MOST_HEADER_BYTES: Final = 4096


class FormBody(NamedTuple):
    """What a form holds. fields: (name, value) in order; files: name -> bytes of the first file that was chosen there."""

    fields: list[tuple[str, str]]
    files: dict[str, bytes]


def form_type(request: Request) -> str:
    """The media type of a form that a browser sends, ``""`` for anything else."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind if kind in (FORM, MULTIPART) else ""


async def read_form(request: Request) -> FormBody:
    """The body of a form. Raises ValueError where it is none, or has too many fields."""
    body = await request.body()
    if form_type(request) == FORM:
        return FormBody(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS), {})
    return parse_parts(request.headers.get("content-type", ""), body)


def parse_parts(content_type: str, body: bytes) -> FormBody:
    """A body of multipart/form-data: https://www.rfc-editor.org/rfc/rfc7578. Raises ValueError."""
    boundary = HeaderParser().parsestr(f"Content-Type: {content_type}\n\n").get_param("boundary")
    if not isinstance(boundary, str) or not 0 < len(boundary) <= 200 or not boundary.isascii():
        raise ValueError("the form has no boundary")
    parts = (b"\r\n" + body).split(b"\r\n--" + boundary.encode(), MOST_FIELDS + 2)
    if len(parts) < 2 or not parts[-1].startswith(b"--"):
        raise ValueError("the form is cut off, or has too many fields")
    fields: list[tuple[str, str]] = []
    files: dict[str, bytes] = {}
    for part in parts[1:-1]:
        head, blank, value = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if not blank or len(head) > MOST_HEADER_BYTES:
            raise ValueError("a part of the form has no head")
        said = HeaderParser().parsestr(head.decode("utf-8", "replace") + "\n\n")
        name = said.get_param("name", header="content-disposition")
        if not isinstance(name, str):
            raise ValueError("a part of the form has no name")
        if said.get_param("filename", header="content-disposition") is None:
            fields.append((name, value.decode("utf-8", "replace")))
        elif value:
            files.setdefault(name, value)
    return FormBody(fields, files)
