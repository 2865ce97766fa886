"""The words of the project as values: what passes between reading, storing, planning, rendering and publishing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Json = Any
"""A value that JSON can hold: None, bool, int, float, str, list, dict with text keys."""

Status = Literal["draft", "published", "trashed"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with the input, said to a person.

    code: permanent name such as ``content.unknown-field``; place: path relative to the site
    folder, ``""`` for the whole site; line: 1-based, 0 where unknown; severity ``error`` keeps the
    file's last good entry, ``warning`` lets it through.
    """

    code: str
    place: str
    line: int
    message: str
    hint: str = ""
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        where = f"{self.place}:{self.line}" if self.line else self.place
        text = f"{where}: {self.message} [{self.code}]" if where else f"{self.message} [{self.code}]"
        return f"{text}\n  {self.hint}" if self.hint else text


@dataclass(frozen=True, slots=True)
class Link:
    """A place in a body that only the renderer can fill.

    kind: ``link`` (the value of an href), ``image`` (a whole img element) or ``shortcode`` (a whole
    element); target: as written, fragment included; line: 1-based in the content file; values: for
    an image alt and title, for a shortcode its name, arguments and inner HTML.
    """

    kind: Literal["link", "image", "shortcode"]
    target: str
    line: int
    values: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Heading:
    """One line of a table of contents. level: 1-6; text: plain; anchor: the heading's id."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Body:
    """A rendered body. html holds ``OPEN + index + CLOSE`` (see content.markdown) for each link."""

    key: bytes
    html: str
    toc: tuple[Heading, ...]
    words: int
    links: tuple[Link, ...]
    excerpt: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A content file that was read and checked but not saved.

    file: path relative to the site folder (posix); it is also the entry's source key.
    fields: every validated field, JSON values only, times as ISO 8601 UTC ``2025-03-01T09:00:00Z``.
    bundle: folder whose other files belong to this entry (``content/posts/mir``), else ``""``.
    """

    file: str
    collection: str
    type: str
    locale: str
    translation_key: str
    status: Status
    publish_at: datetime | None
    expire_at: datetime | None
    fields: dict[str, Json]
    body: Body
    digest: bytes
    bundle: str = ""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Artifact:
    """The bytes of one output. digest: blake2b-16 of the bytes; cache: its class in [target.cache], "" by its path."""

    path: str
    data: bytes
    digest: bytes
    content_type: str
    cache: str = ""
