"""Addresses that Ghost's own files set: routes.yaml and redirects, which lie in its content folder and not in an export."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cms_ssg.data.files import read_data_file
from cms_ssg.errors import CmsError
from cms_ssg.migrate.folder import clean_address
from cms_ssg.migrate.pages import as_table

REDIRECTS: Final = ("data/redirects.json", "data/redirects.yaml", "redirects.json", "redirects.yaml")
_FILTER: Final = re.compile(r"(primary_tag|tag|tags|featured|primary_author|author):(-?)['\"]?([\w-]+)['\"]?")
_TOKEN: Final = re.compile(r"\{(\w+)\}|:(\w+)")
_PLAIN: Final = re.compile(r"[^\[\]{}()*+?|^$\\]*")

Note = Callable[[str, str, str, str], None]
"""Called with a file, the kind of what is left out, a detail and its fate."""


@dataclass(slots=True)
class Routes:
    """Where posts, tags and authors are. collections: (address, filter, permalink) of each list of posts; tag, author: of their pages."""

    collections: list[tuple[str, str, str]] = field(default_factory=lambda: [("/", "", "/{slug}/")])
    tag: str = "/tag/{slug}/"
    author: str = "/author/{slug}/"
    redirects: dict[str, str] = field(default_factory=dict)

    def find_path(self, values: dict[str, str], words: set[str]) -> str:
        """A post's address. values: what {slug}, {year} … stand for; words: what filters may ask for, such as tag:news."""
        for _, wanted, permalink in self.collections:
            if _matches(wanted, words):
                return clean_address(_TOKEN.sub(lambda found: values.get(found[1] or found[2], ""), permalink))
        return ""


def _matches(wanted: str, words: set[str]) -> bool:
    """Whether a filter of the simple kind takes a post: parts joined by +."""
    for part in filter(None, wanted.split("+")):
        found = _FILTER.fullmatch(part.strip())
        if found is None:
            return False
        if (f"{found[1].replace('tags', 'tag')}:{found[3]}" in words) == bool(found[2]):
            return False
    return True


def read_routes(folder: Path | None, note: Note) -> Routes:
    """Read what lies in a copy of the content folder; what is not understood is noted."""
    routes = Routes()
    if folder is None:
        return routes
    for name in ("settings/routes.yaml", "routes.yaml"):
        if (folder / name).is_file():
            _read_table(routes, name, as_table(_read(folder, name, note)), note)
            break
    for name in REDIRECTS:
        if (folder / name).is_file():
            _read_redirects(routes, name, _read(folder, name, note), note)
    return routes


def _read(folder: Path, name: str, note: Note) -> Any:
    try:
        return read_data_file(folder / name, folder)
    except CmsError as error:
        note(name, "files", error.problems[0].message, "left out")
        return None


def _read_table(routes: Routes, name: str, table: dict[str, Any], note: Note) -> None:
    found = []
    for address, row in as_table(table.get("collections")).items():
        row = as_table(row)
        wanted, permalink = str(row.get("filter") or ""), str(row.get("permalink") or "/{slug}/")
        if any(part.strip() and not _FILTER.fullmatch(part.strip()) for part in wanted.split("+")):
            note(name, "filters of collections", f"{address}: {wanted}", "not understood: its posts are taken by the next collection")
        found.append((clean_address(str(address)) or "/", wanted, permalink))
    routes.collections = found or routes.collections
    terms = as_table(table.get("taxonomies"))
    routes.tag, routes.author = (
        _term_pattern(terms.get(key), default) for key, default in (("tag", routes.tag), ("author", routes.author))
    )
    for address, row in as_table(table.get("routes")).items():
        note(name, "routes to templates", f"{address}: {row if isinstance(row, str) else as_table(row).get('template', '')}", "left out")


def _term_pattern(value: Any, default: str) -> str:
    pattern = re.sub(r":slug\b", "{slug}", str(value)) if isinstance(value, str) and value else default
    pattern = f"/{pattern.strip('/')}/"
    return pattern if pattern.count("{") == 1 and pattern.endswith("/{slug}/") else default


def _read_redirects(routes: Routes, name: str, value: Any, note: Note) -> None:
    """The redirects that name one address; those of patterns are noted."""
    rows: list[tuple[Any, Any]] = []
    if isinstance(value, list):
        rows = [(as_table(row).get("from"), as_table(row).get("to")) for row in value]
    for table in as_table(value).values():
        rows += list(as_table(table).items())
    for old, new in rows:
        plain = re.sub(r"\\([/.\-])", r"\1", str(old or "")).removeprefix("^").removesuffix("$").removesuffix("/?")
        address = clean_address(plain) if old and _PLAIN.fullmatch(plain) else ""
        if address and isinstance(new, str) and new and "$" not in new:
            routes.redirects[address] = new if re.match("https?://", new) else (clean_address(new) if not set("?#") & set(new) else new)
        else:
            note(name, "redirects by patterns", f"{old} to {new}", "needs a rule of the web server")
