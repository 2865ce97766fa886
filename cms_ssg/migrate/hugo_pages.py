"""Which files of a Hugo site are pages, with their addresses, and which lie beside them."""

from __future__ import annotations

from pathlib import Path

from cms_ssg.migrate.folder import clean_address
from cms_ssg.migrate.hugo_addresses import find_address, find_prefix, split_language
from cms_ssg.migrate.hugo_config import HugoConfig
from cms_ssg.migrate.pages import MARKDOWN, SourcePage, list_source_files, list_words, read_page
from cms_ssg.migrate.report import Report


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
    for folder in list_content_folders(config):
        for below in list_source_files(root / folder) if (root / folder).is_dir() else ():
            file = f"{folder}/{below}"
            page = read_page(root, file, report) if below.endswith((*MARKDOWN, ".html", ".htm")) else None
            if page is not None and (page.fields or below.endswith(MARKDOWN)):
                _find_addresses(page, config, report)
                pages.append(page)
            else:
                others.append(file)
    return pages, others


def _find_addresses(page: SourcePage, config: HugoConfig, report: Report) -> None:
    language, place = find_place(page.file, config)
    address = find_address(page, place, language, config)
    page.address = clean_address(address)
    if not page.address:
        report.note(page.file, 0, "addresses", f"{address} cannot be the address of a page here", "made new")
    prefix = find_prefix(language, config)
    for alias in list_words(page.fields.get("aliases") or []):
        page.aliases.append(clean_address(alias if alias.startswith("/") else f"{prefix}/{alias}"))
