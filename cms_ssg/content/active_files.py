"""Files that do something where they are opened: pages, scripts, documents in XML with either in them, what servers run.

Where the writers of content are not trusted with HTML, such a file beside content would be a page of theirs with a script of theirs.
"""

from __future__ import annotations

import re
import zlib
from typing import Final
from xml.parsers import expat

from cms_ssg.files.media_types import TYPES, list_endings

SERVER_ENDINGS: Final = frozenset(
    "php php3 php4 php5 php7 php8 phps pht phtm phtml phar shtml shtm stm asp aspx ascx ashx asmx asax cer cgi fcgi jsp jspx jsw jsv cfm cfml "
    "htaccess htpasswd".split()
)
"""Wherever they stand in a name: some servers run notes.php.txt too."""
SERVER_NAMES: Final = frozenset((".user.ini", "web.config", "_headers", "_redirects", "_worker.js"))
BROWSER_TYPES: Final = frozenset(("text/html", "application/xhtml+xml", "text/javascript", "application/wasm", "application/xslt+xml"))
PACKED: Final = frozenset("gz br zst bz2 xz deflate z".split())

_HTML: Final = re.compile(
    rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\t\n\x0c\r ]*"
    rb"<(?:!doctype\s+html|!--|(?:html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|svg|\?php)[\s>/])",
    re.IGNORECASE,
)
"""What the beginning of a page looks like to a browser that guesses (mimesniff.spec.whatwg.org, 7.1)."""
_XML: Final = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\t\n\x0c\r ]*<\?xml")
_MOST_UNPACKED: Final = 16 * 1024 * 1024
_NAMESPACES: Final = {
    "http://www.w3.org/1999/xhtml": "HTML",
    "http://www.w3.org/2000/svg": "SVG",
    "http://www.w3.org/1999/XSL/Transform": "XSLT",
}


class _Found(Exception):
    """Something in a document that does more than say something."""


def find_activity(file: str, data: bytes) -> str:
    """What a file does where it is opened or lies on a server, "" for nothing. SVG is looked at elsewhere, as an image."""
    name, endings = file.rpartition("/")[2].lower(), list_endings(file)
    if name in SERVER_NAMES or not SERVER_ENDINGS.isdisjoint(endings):
        return "web servers run or obey a file of this name"
    known = [ending for ending in endings if ending in TYPES and ending not in PACKED]
    kind = TYPES[known[-1]] if known else ""
    if kind in BROWSER_TYPES:
        return "browsers run what it holds"
    if kind == "image/svg+xml" or (kind and not kind.endswith(("xml", "/dtd"))):
        return ""
    plain = unpack(data, _MOST_UNPACKED)
    if plain is None:
        return "nobody can say what is packed in it"
    if kind:
        return _read_xml(plain)
    start = plain[:4096].replace(b"\0", b"")  # UTF-16 has a zero in each letter
    if _HTML.match(start):
        return "browsers take it for a page"
    return _read_xml(plain) if _XML.match(start) else ""


def unpack(data: bytes, most_bytes: int) -> bytes | None:
    """What is packed by gzip in these bytes, or they themselves; None for more than so many bytes or broken ones."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    unpacking = zlib.decompressobj(31)
    try:
        plain = unpacking.decompress(data, most_bytes)
    except zlib.error:
        return None
    return plain if unpacking.eof and not unpacking.unused_data else None


def _read_xml(data: bytes) -> str:
    parser = expat.ParserCreate(namespace_separator="\n")
    parser.StartElementHandler = _look_at_element
    parser.ProcessingInstructionHandler = _look_at_instruction
    parser.EntityDeclHandler = _refuse_entity
    try:
        parser.Parse(data, True)
    except _Found as found:
        return f"it holds {found}"
    except (expat.ExpatError, UnicodeError, LookupError, ValueError) as error:
        return f"it is XML that cannot be understood ({error})"
    return ""


def _look_at_element(name: str, _: object) -> None:
    if (found := _NAMESPACES.get(name.rpartition("\n")[0])) is not None:
        raise _Found(found)


def _look_at_instruction(target: str, _: str) -> None:
    if target == "xml-stylesheet":
        raise _Found("a stylesheet")


def _refuse_entity(name: str, *_: object) -> None:
    raise _Found(f"an entity of its own, &{name};")
