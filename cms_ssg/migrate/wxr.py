"""Reads WordPress exports (WXR) item by item, from any item on, in memory bounded by one item."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from cms_ssg.errors import CmsError, fail

CHUNK: Final = 1 << 16
MAX_HEAD: Final = 256 << 20
MOST_LINES: Final = 50_000
"""Of one parser: libxml2 counts the lines of elements to 65,535."""

_MARKS: Final = re.compile(rb"<!\[CDATA\[|\]\]>|<!--|-->|</item\s*>")
_FIRST_ITEM: Final = re.compile(rb"<item[\s>]")
_CONTROLS: Final = bytes(0x20 if byte < 0x20 and byte not in (9, 10, 13) else byte for byte in range(256))
"""Signs that XML does not allow and WordPress writes all the same: each becomes a space, so that offsets stay."""


@dataclass(slots=True)
class Item:
    """One item. start, end: bytes in the file; start_line: of byte start; line: of the item; lines: where the text of a field begins.

    terms: (taxonomy, slug, name); meta: the first value of each custom field; repeated: all values of those that have several;
    comments: the elements of each, by name, with "line".
    """

    start: int
    end: int
    start_line: int
    line: int
    end_line: int
    fields: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    terms: list[tuple[str, str, str]] = field(default_factory=list)
    meta: dict[str, str] = field(default_factory=dict)
    repeated: dict[str, list[str]] = field(default_factory=dict)
    comments: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Head:
    """What stands before the first item. size: in bytes; line: where it ends; fields: title, link …; the lists hold one table a row."""

    data: bytes
    line: int
    fields: dict[str, str] = field(default_factory=dict)
    authors: list[dict[str, str]] = field(default_factory=list)
    terms: list[dict[str, str]] = field(default_factory=list)


class CutOffError(Exception):
    """The file ends within an item: at this line, whose item began at this byte."""

    def __init__(self, line: int, offset: int) -> None:
        super().__init__(line, offset)
        self.line, self.offset = line, offset


def read_head(path: Path) -> Head:
    """Read what stands before the first item. Raises CmsError migrate.no-wxr, migrate.entities, migrate.unreadable."""
    from lxml import etree

    data = b""
    try:
        with path.open("rb") as file:
            while (found := _FIRST_ITEM.search(data)) is None and len(data) < MAX_HEAD and (more := file.read(1 << 20)):
                data += more
    except OSError as error:
        raise fail("migrate.unreadable", f"cannot be read: {error.strerror}", place=str(path)) from None
    data = (data[: found.start()] if found else data.partition(b"</channel>")[0]).translate(_CONTROLS)
    if re.search(rb"<!(?:DOCTYPE|ENTITY)", data, re.IGNORECASE):
        line = data[: data.upper().find(b"<!D" if b"<!D" in data.upper() else b"<!E")].count(b"\n") + 1
        hint = "WordPress writes none; take the <!DOCTYPE …> away if the file is yours."
        raise fail("migrate.entities", "declares XML entities, which are not read", place=path.name, line=line, hint=hint)
    parser = etree.XMLPullParser(events=("end",), recover=True, resolve_entities=False, no_network=True, huge_tree=True)
    parser.feed(data + b"</channel></rss>")
    try:
        root: Any = parser.close()
    except etree.XMLSyntaxError:
        root = None
    channel = root.find("channel") if root is not None else None
    if channel is None or b"wordpress.org/export/" not in data:
        hint = "In WordPress: Tools, Export, All content. The file begins with <rss … xmlns:wp=…>."
        raise fail("migrate.no-wxr", "is no export of WordPress", place=path.name, line=1, hint=hint)
    head = Head(data, data.count(b"\n") + 1)
    for node in channel:
        if not isinstance(node.tag, str):
            continue
        name = _name(node)
        if name in ("author", "category", "tag", "term"):
            row = {_name(child): (child.text or "").strip() for child in node if isinstance(child.tag, str)}
            (head.authors if name == "author" else head.terms).append({**row, "kind": name})
        else:
            head.fields.setdefault(name, (node.text or "").strip())
    return head


def _name(node: Any) -> str:
    """An element's name without its namespace."""
    return str(node.tag).rpartition("}")[2]


class _Pieces:
    """A file for the parser: the head, then what lies behind start, never more at once than to the end of an item."""

    def __init__(self, file: IO[bytes], head: bytes, start: int, line: int) -> None:
        self._file, self._head, self._buffer, self._hidden = file, head, b"", b""
        self.offset, self.line, self.at_end, self.is_through = start, line, False, False
        file.seek(start)

    def read(self, _size: int = -1) -> bytes:
        if self._head:
            head, self._head = self._head, b""
            return head
        if len(self._buffer) < CHUNK and not self.at_end:
            more = self._file.read(CHUNK)
            self.at_end = not more
            self._buffer += more.translate(_CONTROLS)
        end = self._find_end()
        piece, self._buffer = self._buffer[:end], self._buffer[end:]
        self.is_through = not piece
        self.offset += len(piece)
        self.line += piece.count(b"\n")
        return piece

    def _find_end(self) -> int:
        """Where the first item ends, else as far as no mark can be cut in two."""
        for mark in _MARKS.finditer(self._buffer):
            text = mark[0]
            if self._hidden:
                self._hidden = b"" if text == self._hidden else self._hidden
            elif text[:2] == b"</":
                return mark.end()
            elif text[:2] == b"<!":
                self._hidden = b"]]>" if text == b"<![CDATA[" else b"-->"
        if self.at_end:
            return len(self._buffer)
        safe = self._buffer.rfind(b"<", len(self._buffer) - 16)
        bracket = min(
            (
                at
                for at in (safe, self._buffer.find(b"]", len(self._buffer) - 3), self._buffer.find(b"-", len(self._buffer) - 3))
                if at >= 0
            ),
            default=-1,
        )
        return bracket if bracket > 0 else len(self._buffer)


def read_items(path: Path, head: Head, start: int = 0, line: int = 0) -> Iterator[Item]:
    """Items from one that begins behind byte start, at this line; from the first one without.

    Raises CutOffError where the file ends within an item, CmsError migrate.broken where it is no XML.
    """
    start, line, is_done = start or len(head.data), line or head.line, False
    while not is_done:
        begun = line
        for item in _read_part(path, head, start, line):
            yield item
            start, line = item.end, item.end_line
            if head.line + line - begun > MOST_LINES:
                break
        else:
            is_done = True


def _read_part(path: Path, head: Head, start: int, line: int) -> Iterator[Item]:
    """The same by one parser."""
    from lxml import etree

    with path.open("rb") as file:
        pieces = _Pieces(file, head.data, start, line)
        shift = line - head.line
        begun, begun_line = start, line
        context = etree.iterparse(pieces, events=("end",), tag="item", resolve_entities=False, no_network=True, huge_tree=True)
        try:
            for _, node in context:
                yield _make_item(node, (begun, begun_line), (pieces.offset, pieces.line), shift)
                begun, begun_line = pieces.offset, pieces.line
                node.clear()
                while node.getprevious() is not None:
                    del node.getparent()[0]
        except etree.XMLSyntaxError as error:
            if pieces.is_through:
                raise CutOffError(pieces.line, begun) from None
            raise _refuse(path, error, shift) from None


def _refuse(path: Path, error: Any, shift: int) -> CmsError:
    line = (error.lineno or 1) + shift
    return fail(
        "migrate.broken",
        f"is not XML: {str(error.msg)[:200]}",
        place=path.name,
        line=line,
        hint="Mend the line; the same command goes on there.",
    )


def _make_item(node: Any, begun: tuple[int, int], ended: tuple[int, int], shift: int) -> Item:
    item = Item(begun[0], ended[0], begun[1], (node.sourceline or 0) + shift, ended[1])
    for child in node:
        tag = child.tag
        if not isinstance(tag, str):
            continue
        space, _, name = tag.rpartition("}")
        if name == "encoded":
            name = "excerpt" if "excerpt" in space else "content"
        text = child.text or ""
        if name == "category":
            item.terms.append((child.get("domain", ""), child.get("nicename", ""), text))
        elif name == "postmeta":
            values = [sub.text or "" for sub in child]
            if len(values) > 1:
                if values[0] in item.meta:
                    item.repeated.setdefault(values[0], [item.meta[values[0]]]).append(values[1])
                item.meta.setdefault(values[0], values[1])
        elif name == "comment":
            row: dict[str, Any] = {_name(sub): sub.text or "" for sub in child if isinstance(sub.tag, str)}
            item.comments.append({**row, "line": (child.sourceline or 0) + shift})
        elif name not in item.fields or not item.fields[name]:
            item.fields[name] = text
            item.lines[name] = (child.sourceline or 0) + shift
    return item
