"""Where Hugo publishes a page, by the rules of its documentation on URLs and permalinks."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from datetime import UTC, datetime
from typing import Any, Final

from cms_ssg.migrate.hugo_config import HugoConfig
from cms_ssg.migrate.pages import SourcePage, find_date

DATED_NAME: Final = re.compile(r"(\d{4}-\d{2}-\d{2})[-_]?(.*)")
_TOKEN: Final = re.compile(r":(\w+)(\[[^\]]*\])?")


def urlize(text: str, config: HugoConfig | None = None) -> str:
    """A text as Hugo writes it in a URL: lower case, spaces as hyphens, other signs dropped. config: says what of this it does in another way."""
    if config is not None and config.plain_paths:
        text = "".join(sign for sign in unicodedata.normalize("NFD", text) if unicodedata.category(sign) != "Mn")
    text = unicodedata.normalize("NFC", text.strip())
    text = text if config is not None and config.keeps_case else text.lower()
    kept = "".join(
        sign if sign.isalnum() or sign in "./\\_#+~-@" or unicodedata.category(sign)[0] == "M" else "-" if sign.isspace() else ""
        for sign in text
    )
    return re.sub(r"-{2,}", "-", kept).strip("-").replace("#", "")


def split_language(file: str, config: HugoConfig) -> tuple[str, str]:
    """(language, path without it) of a content file, whose language is a folder of contentDir's or stands before the suffix."""
    for mount in config.mounts:
        if mount.component == "content" and (target := mount.find_target(file)):
            file = f"{config.content}/{target.partition('/')[2]}"
            if mount.language in config.languages:
                stem, suffix = posixpath.splitext(file)
                return mount.language, f"{stem.removesuffix(f'.{mount.language}')}{suffix}"
            break
    for code, table in config.languages.items():
        folder = str(table.get("contentdir") or "").strip("/")
        if folder and folder != config.content and file.startswith(f"{folder}/"):
            return code, f"{config.content}/{file[len(folder) + 1 :]}"
    stem, suffix = posixpath.splitext(file)
    base, _, code = stem.rpartition(".")
    if base and code.lower() in config.languages:
        return code.lower(), base + suffix
    return config.default_language, file


def find_prefix(language: str, config: HugoConfig) -> str:
    """``/de`` for a language that has a folder of its own."""
    return f"/{language}" if language != config.default_language or config.default_in_folder else ""


def find_address(page: SourcePage, file: str, language: str, config: HugoConfig) -> str:
    """The page's path at the old site. file: its path below the content folder, without its language."""
    prefix = find_prefix(language, config)
    ugly = config.values.get("uglyurls") is True
    url = page.fields.get("url")
    folder, name = posixpath.split(file)
    stem = posixpath.splitext(name)[0]
    if isinstance(url, str) and url:
        holder, last = posixpath.split(folder) if stem == "index" else (folder, stem)
        url = _TOKEN.sub(lambda found: _fill(found, page, (holder, last), config), url) if ":" in url else url
        return url if url.startswith("/") else f"{prefix}/{url}"
    if stem == "_index":
        if (pattern := config.patterns(language).section.get(folder, "")) and (filled := fill_pattern(pattern, folder, config)):
            return f"{prefix}/{filled}/"
        return f"{prefix}/{'/'.join(urlize(part, config) for part in folder.split('/'))}/".replace("//", "/")
    if stem == "index":
        folder, stem = posixpath.split(folder)
    section = folder.split("/")[0] if folder else ""
    patterns = config.patterns(language).page
    pattern = patterns.get(section) or patterns.get("/" + section, "")
    slug = find_slug(page, stem, config)
    if pattern:
        path = "/" + _TOKEN.sub(lambda found: _fill(found, page, (folder, stem), config), pattern).strip("/") + "/"
        path = re.sub("/{2,}", "/", path)
    else:
        parts = [urlize(part, config) for part in folder.split("/") if part] + [urlize(slug or stem, config)]
        path = f"/{'/'.join(part for part in parts if part)}/"
    if ugly and path != "/":
        path = f"{path.rstrip('/')}.html"
    return prefix + (path if path != "//" else "/")


def find_slug(page: SourcePage, stem: str, config: HugoConfig) -> str:
    """The page's own slug: that of its front matter, or what stands behind the date in its name where names give dates."""
    dated = DATED_NAME.match(stem) if config.date_in_name else None
    return str(page.fields.get("slug") or (dated[2] if dated else ""))


def fill_pattern(pattern: str, name: str, config: HugoConfig) -> str:
    """The address of a list by a pattern of permalinks without slashes at its ends, "" where it says more than the list's name."""
    filled = re.sub(
        r":(?:slug|title|section|sections|contentbasename|slugorcontentbasename|slugorfilename|filename)\b", urlize(name, config), pattern
    )
    return "" if ":" in filled else filled.strip("/")


def _list_sections(folder: str, config: HugoConfig) -> list[str]:
    """The sections that a folder lies in: its first part, and of the others those with an _index."""
    parts = [part for part in folder.split("/") if part]
    return [part for number, part in enumerate(parts, 1) if number == 1 or "/".join(parts[:number]) in config.sections]


def _fill(found: re.Match[str], page: SourcePage, place: tuple[str, str], config: HugoConfig) -> str:
    name, cut = found[1], found[2]
    folder, stem = place
    sections = [urlize(part, config) for part in _list_sections(folder, config)]
    if name == "sections":
        return "/".join(_cut(sections, cut) if cut else sections)
    slug, title = find_slug(page, stem, config), str(page.fields.get("title") or "")
    date: Any = find_date(page) or datetime(1, 1, 1, tzinfo=UTC)
    values = {
        "section": sections[0] if sections else "",
        "title": urlize(title, config),
        "slug": urlize(slug or title, config),
        "slugorfilename": urlize(slug or stem, config),
        "slugorcontentbasename": urlize(slug or stem, config),
        "filename": urlize(stem, config),
        "contentbasename": urlize(stem, config),
    }
    values |= {"year": str(date.year), "month": f"{date:%m}", "day": f"{date:%d}", "monthname": f"{date:%B}".lower()}
    values |= {"weekdayname": f"{date:%A}".lower(), "weekday": str((date.weekday() + 1) % 7), "yearday": str(date.timetuple().tm_yday)}
    return values.get(name, "")


def _cut(sections: list[str], cut: str) -> list[str]:
    first, colon, last = cut.strip("[]").partition(":")
    try:
        if not colon:
            return [sections[len(sections) - 1 if first == "last" else int(first)]]
        return sections[int(first or 0) : int(last) if last and last != "last" else len(sections)]
    except (IndexError, ValueError):
        return sections
