"""``cms check --against``: which addresses of an old site's sitemap, or of a list, do not exist here."""

from __future__ import annotations

import gzip
import html
import re
import unicodedata
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, LiteralString
from urllib.parse import unquote, urlsplit

from cms_ssg.errors import fail
from cms_ssg.paths import canonical_path, file_path
from cms_ssg.site import Site
from cms_ssg.types import Problem

MAX_BYTES: Final = 200_000_000
MAX_ADDRESSES: Final = 2_000_000
BATCH: Final = 5_000
CLAIMED: Final[LiteralString] = """
SELECT n FROM unnest(%s::text[]) n WHERE EXISTS (SELECT FROM cms.claims c WHERE c.site = %s AND c.name = n COLLATE "C" AND c.wins)"""

_LOC: Final = re.compile(r"<(?:\w+:)?loc>\s*(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?\s*</(?:\w+:)?loc>", re.DOTALL)


def read_addresses(file: Path) -> list[tuple[str, int]]:
    """(address, line) of each address of a sitemap, packed or not, or of a text with one a line.

    A sitemap is searched for its addresses and not parsed as XML, so that nothing in it can expand. Of an index of sitemaps those files are read
    that lie beside it. Raises CmsError check.no-addresses.
    """
    found: list[tuple[str, int]] = []
    text = _read(file)
    if "<loc>" not in text and ":loc>" not in text:
        for number, row in enumerate(text.splitlines(), 1):
            address = row.strip()
            if address and not address.startswith("#"):
                found.append((address, number))
    else:
        line, at = 1, 0
        for match in _LOC.finditer(text):
            line += text.count("\n", at, match.start(1))
            at = match.start(1)
            if address := html.unescape(match[1]).strip():
                found.append((address, line))
        if "<sitemapindex" in text or ":sitemapindex" in text:
            parts = [file.with_name(Path(urlsplit(address).path).name) for address, _ in found]
            found = [one for part in parts if part.is_file() and part != file for one in read_addresses(part)]
    if not found:
        hint = "It takes a sitemap.xml, with the sitemaps that an index names beside it, or a text with one address a line."
        raise fail("check.no-addresses", "holds no addresses", place=str(file), hint=hint)
    return found[:MAX_ADDRESSES]


def _read(file: Path) -> str:
    hint = "Save the old site's sitemap.xml, or a list of its addresses, and name the file."
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES)
        if data[:2] == b"\x1f\x8b":
            data = zlib.decompressobj(31).decompress(data, MAX_BYTES)
    except (OSError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise fail(
            "check.no-addresses", f"cannot be read: {getattr(error, 'strerror', None) or error}", place=str(file), hint=hint
        ) from None
    return data.decode("utf-8-sig", "replace")


def list_unanswered(connection: Any, site: Site, site_id: int, file: Path, addresses: list[tuple[str, int]]) -> Iterator[Problem]:
    """A problem for each address that is neither a page, a file nor a redirect of the site as it is planned."""
    said: set[str] = set()
    for start in range(0, len(addresses), BATCH):
        batch = [(address, line, _find_names(site, address)) for address, line in addresses[start : start + BATCH]]
        names = sorted({name for _, _, found in batch for name in found})
        known = {row[0] for row in connection.execute(CLAIMED, (names, site_id))}
        for address, line, found in batch:
            if known.isdisjoint(found) and address not in said:
                said.add(address)
                hint = "Name it in [redirects] or among the aliases of the page that took its place."
                yield Problem("check.unanswered", file.name, line, f"{address} does not exist on this site", hint)


def _find_names(site: Site, address: str) -> list[str]:
    """The names by which an address may be claimed; a host counts for nothing, the path of base_url is taken away."""
    try:
        path = unicodedata.normalize("NFC", unquote(urlsplit(address).path)) or "/"
    except ValueError:
        return []
    base = site.base_path
    below = path[len(base) :] or "/" if base and (path == base or path.startswith(f"{base}/")) else path
    names = []
    for name in (canonical_path, file_path):
        try:
            names.append(name(below if below.startswith("/") else f"/{below}"))
        except ValueError:
            continue
    return names
