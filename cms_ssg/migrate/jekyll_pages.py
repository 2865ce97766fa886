"""Which files of a Jekyll site are published, and as what."""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cms_ssg.migrate.folder import clean_address
from cms_ssg.migrate.jekyll_config import POST_NAME, JekyllConfig, apply_defaults, find_address
from cms_ssg.migrate.other_markup import ORG, OTHER, note_markup
from cms_ssg.migrate.pages import MARKDOWN, SKIPPED, SourcePage, list_source_files, list_words, read_page
from cms_ssg.migrate.report import Report

PAGES: Final = (*MARKDOWN, ".html", ".htm")
ASCIIDOC: Final = (".adoc", ".asciidoc")
"""Pages with Jekyll's plugin for them, also without front matter."""

HEAD: Final = b"---"
NOT_PUBLISHED: Final = frozenset(
    "_layouts _includes _sass _plugins _site _data Gemfile Gemfile.lock Rakefile package.json package-lock.json _config.yml _config.yaml _config.toml site.toml".split()
)


def find_base(root: Path, config: JekyllConfig) -> Path:
    """The folder that Jekyll reads."""
    source = str(config.values.get("source") or "").strip("/")
    return root / source if source and ".." not in source else root


def read_pages(base: Path, config: JekyllConfig, report: Report) -> tuple[list[tuple[str, SourcePage]], list[str]]:
    """(kind, page) of each page, and the other files that are published. kind: posts, drafts, pages, or a collection's name."""
    pages: list[tuple[str, SourcePage]] = []
    others: list[str] = []
    excluded = [str(name).strip("/") for name in config.values.get("exclude") or []]
    included = [str(name).strip("/") for name in config.values.get("include") or []]
    folder = str(config.values.get("collections_dir") or "").strip("/")
    for file in list_source_files(base, SKIPPED | NOT_PUBLISHED):
        if _is_below(file, excluded):
            continue
        kind = _find_kind(file, folder, config) or ("pages" if _is_below(file, included) else "")
        hidden = any(
            part[0] in "._#~" for part in file.split("/") if part not in ("_posts", "_drafts") and not (kind and part == f"_{kind}")
        )
        if not kind or (hidden and not _is_below(file, included)):
            continue
        if (kind != "pages" or file.endswith(ASCIIDOC) or _has_head(base / file)) and note_markup(file, report, OTHER | ORG):
            continue
        if _has_head(base / file):
            if not file.endswith(PAGES):
                report.note(file, 0, "files made of Liquid", posixpath.basename(file))
            elif (page := _read(base, file, kind, config, report)) is not None:
                pages.append((kind, page))
        elif kind not in ("posts", "drafts"):
            others.append(file)
    return pages, others


def _is_below(file: str, names: list[str]) -> bool:
    return any(file == name or file.startswith(f"{name}/") for name in names)


def _find_kind(file: str, folder: str, config: JekyllConfig) -> str:
    """posts, drafts, pages, a published collection, "" for what is not published."""
    parts = (file.removeprefix(f"{folder}/") if folder else file).split("/")
    if "_posts" in parts:
        return "posts" if POST_NAME.fullmatch(posixpath.splitext(parts[-1])[0]) else ""
    if "_drafts" in parts:
        return "drafts"
    if parts[0].startswith("_") and len(parts) > 1:
        table = config.collections.get(parts[0][1:])
        return parts[0][1:] if table is not None and table.get("output") is True else ""
    return "pages"


def _has_head(path: Path) -> bool:
    try:
        with path.open("rb") as opened:
            return opened.read(len(HEAD) + 3).removeprefix(b"\xef\xbb\xbf").startswith(HEAD)
    except OSError:
        return False


def _read(base: Path, file: str, kind: str, config: JekyllConfig, report: Report) -> SourcePage | None:
    page = read_page(base, file, report)
    if page is None:
        return None
    folder = str(config.values.get("collections_dir") or "").strip("/")
    page.inner = file.removeprefix(f"{folder}/") if folder else file
    apply_defaults(page, kind, config)
    named = POST_NAME.fullmatch(posixpath.splitext(posixpath.basename(file))[0])
    if named is not None and kind != "pages":
        page.fields.setdefault("date", named[1])
    if named is not None and kind == "posts":
        page.fields.setdefault("title", named[2].replace("-", " ").capitalize())
    address = find_address(page, kind, config)
    page.address = clean_address(address)
    if not page.address:
        report.note(file, 0, "addresses", f"{address} cannot be the address of a page here", "made new")
    for one in list_words(page.fields.get("redirect_from") or []):
        path = urlsplit(one).path
        page.aliases.append(clean_address(path))
        if not path.endswith("/") and "." not in posixpath.basename(path):
            page.aliases.append(clean_address(f"{path}.html"))  # the file that Jekyll makes of it
    if kind == "drafts":
        page.fields["draft"] = True
    return page
