"""What kind of text a file is, found out in one pass, and its lines, each of bounded length."""

from __future__ import annotations

import codecs
import csv
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from cms_ssg.errors import fail

MAX_LINE_BYTES: Final = 8 * 1024 * 1024
SAMPLE_BYTES: Final = 256 * 1024
DELIMITERS: Final = (",", ";", "\t", "|")
CHUNK: Final = 1 << 20
WIDE: Final = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file that was looked at. encoding: utf-8, utf-16 or cp1252; digest: of its bytes; lines: how many there are; sample: its first text."""

    path: Path
    encoding: str
    newline: bytes
    digest: bytes
    lines: int
    sample: str


class Line(NamedTuple):
    """One line with its end. number: from 1; end: offset of the next; problem: why the text is not what the file says."""

    number: int
    end: int
    text: str
    problem: str = ""


def examine_file(path: Path, encoding: str = "") -> TextFile:
    """Read a file once to find its encoding, kind of line end and digest. encoding: what it is known to be.

    A file is UTF-8 if more of its lines beyond ASCII are than are not; what is not is a problem of its line. Raises CmsError import.unreadable, import.encoding.
    """
    state, lines, good, bad, head, tail = blake2b(digest_size=16), 0, 0, 0, b"", b""
    try:
        known = codecs.lookup(encoding).name if encoding else ""
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                state.update(chunk)
                head = head or chunk[:SAMPLE_BYTES]
                *whole, tail = (tail + chunk).split(b"\n")
                lines += len(whole)
                for line in whole:
                    if not line.isascii():
                        ok = _is_utf8(line)
                        good, bad = good + ok, bad + (not ok)
                tail = tail[-MAX_LINE_BYTES:]
    except LookupError:
        raise fail("import.encoding", f"there is no encoding {encoding!r}", hint="Such as utf-8, utf-16, cp1252 or latin-1.") from None
    except OSError as error:
        raise fail(
            "import.unreadable", f"cannot be read: {error.strerror}", place=str(path), hint="Name a file of CSV or JSON Lines."
        ) from None
    if tail:
        lines += 1
        if not tail.isascii():
            ok = _is_utf8(tail)
            good, bad = good + ok, bad + (not ok)
    found = known or next((name for mark, name in WIDE if head.startswith(mark)), "") or ("utf-8" if bad == 0 or good > bad else "cp1252")
    newline = b"\r" if b"\n" not in head and b"\r" in head else b"\n"
    sample = head.decode(found, "replace").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return TextFile(path, found, newline, state.digest(), max(lines, head.count(b"\r") if newline == b"\r" else 0), sample)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def find_delimiter(sample: str) -> str:
    """The sign between cells: the one that cuts the first lines into equally many, and most, cells."""
    text = sample if sample.endswith("\n") or len(sample) < SAMPLE_BYTES // 2 else sample.rpartition("\n")[0]
    best, score = ",", (0.0, 0)
    for sign in DELIMITERS:
        try:
            rows = [len(row) for row, _ in zip(csv.reader(text.splitlines(keepends=True), delimiter=sign), range(100)) if row]  # noqa: B905
        except csv.Error:
            continue
        if rows and rows[0] > 1:
            found = (sum(width == rows[0] for width in rows) / len(rows), rows[0])
            if found > score:
                best, score = sign, found
    return best


@contextmanager
def open_lines(file: TextFile) -> Iterator[BinaryIO]:
    """The file as bytes whose lines end in a line feed: UTF-16 and files with carriage returns alone are rewritten first, beside memory."""
    if file.newline == b"\n" and not file.encoding.startswith(("utf-16", "utf_16", "utf-32")):
        with file.path.open("rb") as opened:
            yield opened
        return
    with tempfile.TemporaryFile() as copy:
        reader = file.path.open("r", encoding=file.encoding, errors="replace", newline="")
        with reader:
            held = ""
            while text := reader.read(CHUNK):
                text = held + text
                held = "\r" if text.endswith("\r") else ""
                text = text.removesuffix("\r") if held else text
                copy.write(text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace"))
            copy.write(b"\n" if held else b"")
        copy.seek(0)
        yield copy


def read_lines(opened: BinaryIO, encoding: str, number: int = 0) -> Iterator[Line]:
    """The lines from here on. number: of the line before. One that is too long is not kept in memory."""
    narrow = encoding if not encoding.startswith(("utf-16", "utf_16", "utf-32")) else "utf-8"
    while data := opened.readline(MAX_LINE_BYTES):
        number += 1
        if len(data) == MAX_LINE_BYTES and not data.endswith(b"\n"):
            while (more := opened.readline(CHUNK)) and not more.endswith(b"\n"):
                pass
            yield Line(number, opened.tell(), "\n", f"the line is longer than {MAX_LINE_BYTES >> 20} MB")
            continue
        if number == 1 and data.startswith(codecs.BOM_UTF8):
            data = data[3:]
        try:
            text, problem = data.decode(narrow), ""
        except UnicodeDecodeError as error:
            text, problem = data.decode(narrow, "replace"), f"byte 0x{data[error.start]:02x} is not {narrow.upper()}"
        if "\0" in text:
            problem = problem or "it holds a NUL character"
        yield Line(number, opened.tell(), text, problem)
