"""Names that can stand in a URL: slugs from any text, and the one check of a path's safety."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from hashlib import blake2b
from typing import Final

MAX_SLUG: Final = 80
MAX_SEGMENT_BYTES: Final = 200
MAX_PATH_BYTES: Final = 1000

PLAIN_SLUG: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
PLAIN_PATH: Final = re.compile(r"(?:/[A-Za-z0-9_-][A-Za-z0-9._~@+,-]{0,99}){1,9}/?|/")
DOTTED_I: Final = re.compile("i\u0307+")
FINAL_SIGMA: Final = re.compile(r"(?<=[^-])σ(?=-|$)")
ASCII_GAP: Final = re.compile(r"[^a-z0-9]+")

JOINERS: Final = frozenset("\u200c\u200d")
"""Zero-width joiners: they carry meaning between letters of Persian and Indic scripts and are dropped elsewhere."""

REFUSED: Final = {
    "Cc": "a control character",
    "Cf": "an invisible formatting character",
    "Cs": "half of a surrogate pair",
    "Cn": "a code point that is no character",
    "Co": "a private-use character",
    "Zl": "a line separator",
    "Zp": "a paragraph separator",
}


@lru_cache(maxsize=8192)
def make_slug(text: str) -> str:
    """The slug of a text in any script: NFC, folded to lower case, letters, digits and their marks kept, the rest one ``-``.

    Folding is Unicode's, by which case never parts two slugs, with two letters put back as they are written: ``İ`` is ``i``
    without a dot of its own, and ``σ`` is ``ς`` at the end of a word.
    At most 80 characters and 160 UTF-8 bytes, cut between characters and never before a combining
    mark. A text of nothing but signs becomes ``n-`` and a digest of it, an empty one ``""``.
    """
    if PLAIN_SLUG.fullmatch(text) and len(text) <= MAX_SLUG:
        return text
    if text.isascii():
        slug = ASCII_GAP.sub("-", text.lower().replace("'", "")).strip("-")
    else:
        folded = DOTTED_I.sub("i", unicodedata.normalize("NFC", text).casefold())
        slug = "".join(_slug_characters(unicodedata.normalize("NFC", folded)))
        slug = re.sub("-{2,}", "-", slug).strip("-")
    slug = _cut(slug)
    if slug:
        return FINAL_SIGMA.sub("ς", slug) if "σ" in slug else slug
    if not text.strip():
        return ""
    return "n-" + blake2b(text.encode("utf-8", "surrogatepass"), digest_size=5).hexdigest()


def _slug_characters(text: str) -> list[str]:
    """The characters kept of a folded text. A mark needs a letter before it, a joiner one on either side."""
    kept: list[str] = []
    last = len(text) - 1
    for index, char in enumerate(text):
        kind = unicodedata.category(char)[0]
        if kind in "LN" or (kind == "M" and kept and kept[-1] != "-"):
            kept.append(char)
        elif char in JOINERS:
            if kept and kept[-1] != "-" and index < last and unicodedata.category(text[index + 1])[0] in "LM":
                kept.append(char)
        elif char in "'’":
            continue  # an apostrophe is part of its word: "don't" is "dont"
        else:
            kept.append("-")
    return kept


def _cut(slug: str) -> str:
    """At most MAX_SLUG characters and twice as many bytes, ending at a border between whole characters."""
    if len(slug) <= MAX_SLUG and (slug.isascii() or len(slug.encode()) <= 2 * MAX_SLUG):
        return slug
    end = min(len(slug), MAX_SLUG)
    while len(slug[:end].encode()) > 2 * MAX_SLUG:
        end -= 1
    whole = end
    while (
        whole
        and whole < len(slug)
        and (unicodedata.category(slug[whole])[0] == "M" or slug[whole] in JOINERS or slug[whole - 1] in JOINERS)
    ):
        whole -= 1
    # a letter with more marks than a slug may have characters is cut within them
    return slug[: whole or end].strip("-")


def normal_form(path: str) -> str:
    """A path in Unicode normal form C, the one that paths are claimed in. Names of files from macOS are often in form D."""
    return path if path.isascii() else unicodedata.normalize("NFC", path)


def safe_path(path: str) -> str:
    """The one check of paths: returns the path, or raises ValueError saying what is wrong with it.

    A safe path begins with ``/``, is NFC, has no empty, ``.`` or ``..`` segment, no backslash, ``%``,
    ``?``, ``#``, control, bidirectional or unassigned character, each segment at most 200 bytes of UTF-8
    and the whole at most 1000.
    """
    if PLAIN_PATH.fullmatch(path) and ".." not in path:
        return path
    if not path.startswith("/"):
        raise ValueError(f"a path begins with '/': {_show(path)}")
    for sign in '\\%?#<>"':
        if sign in path:
            raise ValueError(f"{sign!r} cannot be in a path: {_show(path)}")
    _refuse_characters(path)
    if unicodedata.normalize("NFC", path) != path:
        raise ValueError(f"the path is not in Unicode normal form C: {_show(path)}")
    if len(path.encode()) > MAX_PATH_BYTES:
        raise ValueError(f"the path has more than {MAX_PATH_BYTES} bytes: {_show(path)}")
    segments = path[1:].split("/")
    for index, segment in enumerate(segments):
        if not segment and index < len(segments) - 1:
            raise ValueError(f"'//' in the path {_show(path)}")
        if segment.strip(". ") == "" and segment:
            raise ValueError(f"the segment {segment!r} in the path {_show(path)}")
        if segment != segment.strip():
            raise ValueError(f"a segment begins or ends with a space in the path {_show(path)}")
        if len(segment.encode()) > MAX_SEGMENT_BYTES:
            raise ValueError(f"a segment of more than {MAX_SEGMENT_BYTES} bytes in the path {_show(path)}")
    return path


def _refuse_characters(path: str) -> None:
    previous = ""
    for index, char in enumerate(path):
        kind = unicodedata.category(char)
        if char in JOINERS:
            following = path[index + 1 : index + 2]
            if previous and following and unicodedata.category(previous)[0] in "LM" and unicodedata.category(following)[0] in "LM":
                previous = char
                continue
        if kind in REFUSED:
            raise ValueError(f"{REFUSED[kind]} (U+{ord(char):04X}) in the path {_show(path)}")
        previous = char


def _show(path: str) -> str:
    return ascii(path[:80]) + ("…" if len(path) > 80 else "")
