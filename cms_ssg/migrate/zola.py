"""What a Zola site's configuration and content say: addresses, taxonomies, languages."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from pathlib import Path
from typing import Any, Final

from cms_ssg.data.files import read_data_file
from cms_ssg.errors import fail
from cms_ssg.migrate.folder import clean_address
from cms_ssg.migrate.hugo_addresses import urlize
from cms_ssg.migrate.pages import SourcePage, as_table, list_source_files, list_words, read_page
from cms_ssg.migrate.report import Report

FILES: Final = ("config.toml", "zola.toml")
_UNSAFE: Final = re.compile(r'[<>:"/\\|?*#()\[\]\n\r\t]')
_LETTERS: Final = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i"})
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?:T[^_-]*)?[-_](.+)")


def read_zola_config(root: Path) -> tuple[dict[str, Any], str]:
    """The settings and the file that holds them. Raises CmsError migrate.no-source, data.unreadable."""
    file = next((name for name in FILES if (root / name).is_file()), "")
    values = read_data_file(root / file, root) if file else None
    if not isinstance(values, dict) or not (root / "content").is_dir():
        raise fail("migrate.no-source", "is no Zola site", place=str(root), hint="It has a config.toml and a folder content.")
    return values, file


def read_pages(root: Path, values: dict[str, Any], report: Report) -> list[SourcePage]:
    """The pages of content/, each with its address."""
    languages = set(as_table(values.get("languages")))
    pages = []
    for below in list_source_files(root / "content"):
        page = read_page(root, f"content/{below}", report) if below.endswith(".md") else None
        if page is None:
            continue
        folder, name = posixpath.split(below)
        stem, _, code = name.removesuffix(".md").rpartition(".")
        language = code if stem and code in languages else ""
        stem = stem if language else name.removesuffix(".md")
        page.address = clean_address(f"/{language}/{_find_path(page, folder, stem, values)}")
        page.aliases = [clean_address(alias) for alias in list_words(page.fields.get("aliases") or [])]
        pages.append(page)
    return pages


def slugify(text: str, values: dict[str, Any], kind: str = "paths") -> str:
    """A name as Zola writes it in an address: by default Latin letters without accents, and a hyphen for all that is neither letter nor digit.

    kind: paths or taxonomies, for which the settings may say otherwise.
    """
    how = as_table(values.get("slugify")).get(kind, "on")
    if how != "on":
        return _UNSAFE.sub("", text).strip().rstrip(".") if how == "safe" else text
    folded = unicodedata.normalize("NFD", text.lower().translate(_LETTERS))
    plain = unicodedata.normalize("NFC", re.sub("([a-z])[\u0300-\u036f]+", r"\1", folded))
    return urlize(re.sub(r"[^\w]+|_", "-", plain)).strip("-")


def _find_path(page: SourcePage, folder: str, stem: str, values: dict[str, Any]) -> str:
    given = page.fields.get("path")
    if isinstance(given, str) and given:
        return given.strip("/") + "/"
    if stem == "_index":
        return f"{folder}/"
    if stem == "index":
        folder, stem = posixpath.split(folder)
    dated = _DAY.fullmatch(stem)
    slug = page.fields.get("slug")
    return f"{folder}/{slug if isinstance(slug, str) and slug else slugify(dated[1] if dated else stem, values)}/"


def find_taxonomies(values: dict[str, Any]) -> dict[str, str]:
    """Name -> field of each taxonomy."""
    found = values.get("taxonomies")
    names = [str(row.get("name")) for row in found if isinstance(row, dict) and row.get("name")] if isinstance(found, list) else []
    return {name: name for name in names}
