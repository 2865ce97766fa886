"""Which files of a Hugo site are pages, with their addresses, and which lie beside them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cms_ssg.migrate.folder import clean_address
from cms_ssg.migrate.hugo_addresses import DATED_NAME, find_address, find_prefix, split_language
from cms_ssg.migrate.hugo_config import HugoConfig
from cms_ssg.migrate.org_text import convert_org
from cms_ssg.migrate.other_markup import note_markup
from cms_ssg.migrate.pages import MARKDOWN, SourcePage, as_table, list_source_files, list_words, read_page
from cms_ssg.migrate.report import Report
from cms_ssg.types import Json

ADAPTER: Final = "left out: import the pages that they make of data (cms import csv, cms import jsonl), or write them as files"
MODULE: Final = (
    "not read: if one has content, run hugo mod vendor, copy its content, static and data from _vendor into the site, and run this again"
)
VENDORED: Final = "in _vendor: shortcodes and static files are read; if it has content, copy that into the site, and run this again"
TEXTS: Final = (*MARKDOWN, ".org", ".html", ".htm")
_INDEX: Final = re.compile(r"/index(?:\.[\w-]+)?\.(?:md|markdown|mkd|mdown|org|html?)$")


def find_place(file: str, config: HugoConfig) -> tuple[str, str]:
    """(language, path below the content folder without it) of a content file."""
    language, place = split_language(file, config)
    return language, place[len(config.content) + 1 :]


def list_content_folders(config: HugoConfig) -> list[str]:
    """The folders that hold content: those that are mounted as such, else one, or one a language."""
    if mounted := [mount.source for mount in config.mounts if mount.component == "content"]:
        return [name for name in dict.fromkeys(mounted) if not any(name.startswith(f"{other}/") for other in mounted)]
    found = [config.content, *(str(table.get("contentdir") or config.content).strip("/") for table in config.languages.values())]
    return [name for name in dict.fromkeys(found) if not any(name != other and name.startswith(f"{other}/") for other in found)]


def read_pages(root: Path, config: HugoConfig, report: Report) -> tuple[list[SourcePage], list[str]]:
    """The pages, and the other files of the content folders; texts that have no page are in ``config.beside``, and in the report."""
    pages: list[SourcePage] = []
    others: list[str] = []
    bundles: set[str] = set()
    seen: dict[tuple[str, str], str] = {}
    _note_mounts(root, config, report)
    for folder in list_content_folders(config):
        files = list(list_source_files(root / folder)) if (root / folder).is_dir() else []
        bundles |= {posixpath.dirname(f"{folder}/{below}") for below in files if _INDEX.search(f"/{below}") and "/" in below}
        for below in files:
            file = f"{folder}/{below}"
            place = find_place(file, config)
            if place in seen:
                report.note(file, 0, "files that another mounted folder hides", f"{place[1]} is also in {seen[place]}")
                continue
            seen[place] = folder
            if note_markup(file, report):
                continue
            if below.endswith(".gotmpl"):
                report.note(file, 0, "content adapters", below, ADAPTER)
                continue
            if below.endswith(TEXTS) and (holder := _find_bundle(file, bundles)):
                config.beside.append(file)
                report.note(file, 0, "texts beside a page that only templates show", f"it belongs to {holder}")
                continue
            page = read_page(root, file, report) if below.endswith(TEXTS) else None
            if page is not None and below.endswith(".org"):
                _convert_org(page, report)
            if page is not None and (page.fields or below.endswith((*MARKDOWN, ".org"))):
                _read_date(page, config)
                pages.append(page)
            else:
                others.append(file)
    places = [find_place(page.file, config)[1] for page in pages]
    config.sections = {posixpath.dirname(place) for place in places if posixpath.basename(place).startswith("_index.")}
    hidden = [page.file for page in pages if page.fields.get("headless") is True or _is_never(page.fields)]
    for file in hidden:
        report.note(file, 0, "pages without an address", file)
    config.beside += hidden
    pages = [page for page in pages if page.file not in hidden]
    for page in pages:
        _find_addresses(page, config, report)
    return pages, others


def _is_never(fields: dict[str, Json]) -> bool:
    """Whether the front matter says that there is no page."""
    table = as_table(fields.get("build")) or as_table(fields.get("_build"))
    return str(table.get("render", "")).lower() in ("never", "false")


def _convert_org(page: SourcePage, report: Report) -> None:
    """Make Markdown of a page in Org mode, whose keywords are front matter where it has none of its own."""
    fields, page.body, notes = convert_org(page.body)
    page.fields = {**fields, **page.fields}
    for line, what, fate in notes:
        report.note(page.file, page.line + line - 1, "parts of Org mode", what, fate)


def list_static_files(root: Path, config: HugoConfig) -> Iterator[tuple[str, str]]:
    """(file, path where it is published) of each file that is published as it is; the site's own count before those of its themes."""
    themes = config.values.get("theme") or []
    named = config.values.get("staticdir") or "static"
    mounted = [(mount.source, f"{mount.target.partition('/')[2]}/".lstrip("/")) for mount in config.mounts if mount.component == "static"]
    folders = mounted or [(str(name), "") for name in (named if isinstance(named, list) else [named])]
    folders += [(f"themes/{name}/static", "") for name in (themes if isinstance(themes, list) else [themes])]
    folders += [(path.relative_to(root).as_posix(), "") for path in sorted(root.glob("_vendor/*/*/*/static"))]
    seen: set[str] = set()
    for folder, prefix in folders:
        for below in list_source_files(root / folder) if (root / folder).is_dir() and ".." not in folder else ():
            if prefix + below not in seen:
                seen.add(prefix + below)
                yield f"{folder}/{below}", prefix + below


def _find_bundle(file: str, bundles: set[str]) -> str:
    """The page that a file belongs to without being its text, "" for none."""
    folder = posixpath.dirname(file)
    if folder in bundles and not _INDEX.search(file):
        return folder
    while folder := posixpath.dirname(folder):
        if folder in bundles:
            return folder
    return ""


def _read_date(page: SourcePage, config: HugoConfig) -> None:
    """Give the page the date of its name, where the configuration says so."""
    stem = posixpath.splitext(posixpath.basename(page.file))[0]
    stem = posixpath.basename(posixpath.dirname(page.file)) if stem == "index" else stem
    if config.date_in_name and (found := DATED_NAME.match(stem)):
        page.fields["date"] = found[1]
        page.fields.setdefault("slug", found[2])


def _note_mounts(root: Path, config: HugoConfig, report: Report) -> None:
    """Note mounts that are not followed, and modules that lie elsewhere."""
    module = as_table(config.values.get("module"))
    known = {mount.source for mount in config.mounts}
    rows, imports = module.get("mounts"), module.get("imports")
    for row in rows if isinstance(rows, list) else []:
        source, target = str(as_table(row).get("source") or "").strip("/"), str(as_table(row).get("target") or "").strip("/")
        if posixpath.normpath(source) not in known and target.split("/")[0] in ("content", "static", "data"):
            report.note(config.file, 0, "mounted folders that are not there", f"{source} at {target}")
        for key in ("includeFiles", "excludeFiles", "files"):
            if as_table(row).get(key):
                report.note(
                    config.file,
                    0,
                    "filters of mounted folders",
                    f"{source}: {key} {as_table(row)[key]}",
                    "not applied: all its files are moved",
                )
    for row in imports if isinstance(imports, list) else []:
        if path := as_table(row).get("path"):
            vendored = (root / "_vendor" / str(path)).is_dir()
            report.note(config.file, 0, "modules that the site imports", str(path), VENDORED if vendored else MODULE)


def _find_addresses(page: SourcePage, config: HugoConfig, report: Report) -> None:
    language, place = find_place(page.file, config)
    address = find_address(page, place, language, config)
    page.address = clean_address(address)
    if not page.address:
        report.note(page.file, 0, "addresses", f"{address} cannot be the address of a page here", "made new")
    prefix = find_prefix(language, config)
    for alias in list_words(page.fields.get("aliases") or []):
        if alias.startswith("/"):
            page.aliases.append(clean_address(f"{prefix}{alias}"))
        else:
            page.aliases.append(clean_address(posixpath.normpath(posixpath.join(posixpath.dirname(page.address.rstrip("/")), alias))))
