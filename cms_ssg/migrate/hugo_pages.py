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
from cms_ssg.migrate.pages import MARKDOWN, SourcePage, as_table, list_source_files, list_words, read_page
from cms_ssg.migrate.report import Report

UNREAD: Final = (".org", ".adoc", ".asciidoc", ".rst", ".pandoc", ".pdc", ".gotmpl")
_INDEX: Final = re.compile(r"/index(?:\.[\w-]+)?\.(?:md|markdown|mkd|mdown|html?)$")


def find_place(file: str, config: HugoConfig) -> tuple[str, str]:
    """(language, path below the content folder without it) of a content file."""
    language, place = split_language(file, config)
    return language, place[len(config.content) + 1 :]


def list_content_folders(config: HugoConfig) -> list[str]:
    """The folders that hold content: one, or one a language."""
    found = [config.content, *(str(table.get("contentdir") or config.content).strip("/") for table in config.languages.values())]
    return [name for name in dict.fromkeys(found) if not any(name != other and name.startswith(f"{other}/") for other in found)]


def read_pages(root: Path, config: HugoConfig, report: Report) -> tuple[list[SourcePage], list[str]]:
    """The pages, and the other files of the content folders."""
    pages: list[SourcePage] = []
    others: list[str] = []
    bundles: set[str] = set()
    _note_mounts(config, report)
    for folder in list_content_folders(config):
        files = list(list_source_files(root / folder)) if (root / folder).is_dir() else []
        bundles |= {posixpath.dirname(f"{folder}/{below}") for below in files if _INDEX.search(f"/{below}") and "/" in below}
        for below in files:
            file = f"{folder}/{below}"
            if below.endswith(UNREAD):
                report.note(file, 0, "pages in other languages than Markdown", below.rpartition(".")[2])
                continue
            if below.endswith((*MARKDOWN, ".html", ".htm")) and (holder := _find_bundle(file, bundles)):
                report.note(file, 0, "texts beside a page, which templates show", f"it belongs to {holder}")
                continue
            page = read_page(root, file, report) if below.endswith((*MARKDOWN, ".html", ".htm")) else None
            if page is not None and (page.fields or below.endswith(MARKDOWN)):
                _read_date(page, config)
                pages.append(page)
            else:
                others.append(file)
    places = [find_place(page.file, config)[1] for page in pages]
    config.sections = {posixpath.dirname(place) for place in places if posixpath.basename(place).startswith("_index.")}
    for page in pages:
        _find_addresses(page, config, report)
    return pages, others


def list_static_files(root: Path, config: HugoConfig) -> Iterator[tuple[str, str]]:
    """(folder, path below it) of each file that is published as it is; the site's own count before those of its themes."""
    themes = config.values.get("theme") or []
    named = config.values.get("staticdir") or "static"
    folders = [str(name) for name in (named if isinstance(named, list) else [named])]
    folders += [f"themes/{name}/static" for name in (themes if isinstance(themes, list) else [themes])]
    seen: set[str] = set()
    for folder in folders:
        for below in list_source_files(root / folder) if (root / folder).is_dir() and ".." not in folder else ():
            if below not in seen:
                seen.add(below)
                yield folder, below


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


def _note_mounts(config: HugoConfig, report: Report) -> None:
    for mount in as_table(config.values.get("module")).get("mounts") or []:
        source, target = str(as_table(mount).get("source") or "").strip("/"), str(as_table(mount).get("target") or "").strip("/")
        if target.split("/")[0] == "content" and source.split("/")[0] != config.content:
            report.note(config.file, 0, "folders mounted as content", f"{source} at {target}: move it there, or move it in by itself")


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
