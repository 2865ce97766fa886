"""Files for translators: XLIFF 2 and PO, written and read. Pure: texts in, bytes out, and back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple
from xml.etree import ElementTree as ET

from cms_ssg.errors import CmsError, fail

XLIFF: Final = "urn:oasis:names:tc:xliff:document:2.0"
MOST_BYTES: Final = 64 << 20
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_BACK: Final = {"\\\\": "\\", '\\"': '"', "\\n": "\n", "\\t": "\t", "\\r": "\r"}
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""What XML cannot hold."""


class Unit(NamedTuple):
    """A text to be translated. file: of the original; name: ``field:title``, ``body:1``."""

    file: str
    name: str
    source: str
    target: str = ""


def write_xliff(units: Sequence[Unit], source: str, target: str) -> bytes:
    """XLIFF 2.0. source, target: locales."""
    root = ET.Element("xliff", {"xmlns": XLIFF, "version": "2.0", "srcLang": source, "trgLang": target})
    by_file: dict[str, list[Unit]] = {}
    for unit in units:
        by_file.setdefault(unit.file, []).append(unit)
    for number, (file, found) in enumerate(by_file.items()):
        element = ET.SubElement(root, "file", {"id": f"f{number + 1}", "original": file})
        for unit in found:
            inner = ET.SubElement(element, "unit", {"id": unit.name.replace(":", "-"), "name": unit.name})
            segment = ET.SubElement(inner, "segment", {} if unit.target else {"state": "initial"})
            for tag, text in (("source", unit.source), ("target", unit.target)):
                if text or tag == "source":
                    ET.SubElement(segment, tag, {"xml:space": "preserve"}).text = _CONTROL.sub("", text)
    ET.indent(root)
    written: str = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{written}\n'.encode()


def write_po(units: Sequence[Unit], target: str) -> bytes:
    """A PO catalogue; msgctxt names file and text."""
    lines = [
        'msgid ""',
        'msgstr ""',
        f'"Language: {target}\\n"',
        '"MIME-Version: 1.0\\n"',
        '"Content-Type: text/plain; charset=UTF-8\\n"',
        '"Content-Transfer-Encoding: 8bit\\n"',
        "",
    ]
    for unit in units:
        lines += [
            f"#: {unit.file}",
            f"msgctxt {_quote(f'{unit.file}#{unit.name}')}",
            f"msgid {_quote(unit.source)}",
            f"msgstr {_quote(unit.target)}",
            "",
        ]
    return "\n".join(lines).encode()


def read_units(data: bytes, place: str) -> tuple[str, list[Unit]]:
    """(locale, texts) of a file of either kind. place: its name, for errors. Raises CmsError i18n.unreadable."""
    if len(data) > MOST_BYTES:
        raise _refuse(place, f"has more than {MOST_BYTES >> 20} MB")
    return _read_xliff(data, place) if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") else _read_po(data, place)


def _read_xliff(data: bytes, place: str) -> tuple[str, list[Unit]]:
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise _refuse(place, "declares a document type, which no XLIFF has")
    try:
        root = ET.fromstring(data)
    except ET.ParseError as error:
        raise _refuse(place, f"is no XML: {error}", error.position[0]) from None
    locale = root.get("trgLang", "")
    if root.tag != f"{{{XLIFF}}}xliff" or not locale:
        raise _refuse(place, "is no XLIFF 2.0 with a trgLang")
    units = [
        Unit(file.get("original", ""), unit.get("name", ""), *_read_unit(unit))
        for file in root.iter(f"{{{XLIFF}}}file")
        for unit in file.iter(f"{{{XLIFF}}}unit")
    ]
    return locale, units


def _read_unit(unit: ET.Element) -> tuple[str, str]:
    """Source and target of a unit, which a program may have cut into segments with spaces between; no target where one of them lacks it.

    Texts of its notes and of matches, which have sources and targets of their own, are not meant.
    """
    sources, targets, is_whole = [], [], True
    for part in unit:
        kind = part.tag.removeprefix(f"{{{XLIFF}}}")
        if kind not in ("segment", "ignorable"):
            continue
        texts = {one.tag.removeprefix(f"{{{XLIFF}}}"): "".join(one.itertext()) for one in part}
        source = texts.get("source", "")
        target = texts.get("target", source if kind == "ignorable" else "")
        sources.append(source)
        targets.append(target)
        is_whole = is_whole and (bool(target.strip()) or not source.strip())
    return "".join(sources), "".join(targets) if is_whole else ""


def _read_po(data: bytes, place: str) -> tuple[str, list[Unit]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refuse(place, "is not UTF-8") from None
    locale, units = "", []
    for number, entry in _split_po(text, place):
        context, source, target = (entry.get(key, "") for key in ("msgctxt", "msgid", "msgstr"))
        if "fuzzy" in entry and context:  # a guess of a program, which gettext does not use either
            target = ""
        if not source and not context:
            found = re.search(r"^Language: *(\S+)", target, re.MULTILINE)
            locale = found[1].replace("_", "-") if found else ""
            continue
        file, _, name = context.rpartition("#")
        if not file:
            raise _refuse(place, "an entry has no msgctxt that names file and text", number)
        units.append(Unit(file, name, source, target))
    if not locale:
        raise _refuse(place, "names no Language in its header")
    return locale, units


def _split_po(text: str, place: str) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, keyword -> text) of each entry; "fuzzy" is a keyword of those that are marked so."""
    entry: dict[str, str] = {}
    key, first, is_fuzzy = "", 1, False
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        word = re.match(r'(msgctxt|msgid|msgstr)\s+(?=")', line)
        if not line or line.startswith("#"):
            if "msgstr" in entry:
                yield first, entry
                entry, key = {}, ""
            is_fuzzy = is_fuzzy or (line.startswith("#,") and "fuzzy" in re.split(r"[#,\s]+", line))
            continue
        if word and word[1] in ("msgctxt", "msgid") and "msgstr" in entry:
            yield first, entry
            entry = {}
        if word:
            key, line = word[1], line[word.end() :]
            first = number if not entry else first
            entry[key] = ""
            if is_fuzzy:
                entry["fuzzy"], is_fuzzy = "", False
        if not key or not re.fullmatch(r'"(?:[^"\\]|\\.)*"', line):
            raise _refuse(place, "this line is no part of a PO file", number)
        entry[key] += re.sub(r"\\.", lambda match: _BACK.get(match[0], match[0]), line[1:-1])
    if "msgstr" in entry:
        yield first, entry


def _quote(text: str) -> str:
    quoted = [f'"{"".join(_ESCAPES.get(char, char) for char in line)}"' for line in text.splitlines(keepends=True)]
    return "\n".join(['""', *quoted]) if len(quoted) > 1 else quoted[0] if quoted else '""'


def _refuse(place: str, said: str, line: int = 0) -> CmsError:
    return fail("i18n.unreadable", said, place=place, line=line, hint="Give a file that cms i18n export wrote, translated.")
