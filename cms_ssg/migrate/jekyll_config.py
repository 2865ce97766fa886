"""What a Jekyll site's configuration says, and where Jekyll publishes a page by it."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cms_ssg.data.files import read_data_file
from cms_ssg.errors import fail
from cms_ssg.files.globs import matches_any
from cms_ssg.migrate.pages import SourcePage, as_table, find_date, list_words
from cms_ssg.text.slugs import make_slug

STYLES: Final = {
    "date": "/:categories/:year/:month/:day/:title:output_ext",
    "pretty": "/:categories/:year/:month/:day/:title/",
    "ordinal": "/:categories/:year/:y_day/:title:output_ext",
    "weekdate": "/:categories/:year/W:week/:short_day/:title:output_ext",
    "none": "/:categories/:title:output_ext",
}
POST_NAME: Final = re.compile(r"(\d{2,4}-\d{1,2}-\d{1,2})-(.+)")
_UNUSUAL: Final = re.compile(r"[^\w.~!$&'()+,;=@]+|_+$|^_+")
_TOKEN: Final = re.compile(r":(categories|category|slugified_categories|short_month|long_month|i_month|month|short_year|year|short_day|long_day|i_day|day|y_day|week|hour|minute"
                           r"|second|title|slug|name|path|collection|output_ext|basename)")  # fmt: skip


@dataclass(slots=True)
class JekyllConfig:
    """The settings that matter here. collections: name -> its table, those that are published."""

    values: dict[str, Any]
    permalink: str
    collections: dict[str, dict[str, Any]] = field(default_factory=dict)
    defaults: list[dict[str, Any]] = field(default_factory=list)


def read_jekyll_config(root: Path) -> JekyllConfig:
    """Read _config.yml. Raises CmsError migrate.no-source where there is none, data.unreadable."""
    file = next((name for name in ("_config.yml", "_config.yaml", "_config.toml") if (root / name).is_file()), "")
    if not file and not (root / "_posts").is_dir():
        raise fail("migrate.no-source", "is no Jekyll site", place=str(root), hint="It has a _config.yml or a folder _posts.")
    values = read_data_file(root / file, root) if file else {}
    if not isinstance(values, dict):
        raise fail("migrate.no-source", "holds no settings", place=file, hint="Jekyll's settings are a table.")
    permalink = str(values.get("permalink") or "date")
    config = JekyllConfig(values, STYLES.get(permalink, permalink))
    collections = values.get("collections")
    if isinstance(collections, dict):
        config.collections = {name: table if isinstance(table, dict) else {} for name, table in collections.items() if name != "posts"}
    elif isinstance(collections, list):
        config.collections = {str(name): {} for name in collections if name != "posts"}
    config.defaults = [row for row in values.get("defaults") or [] if isinstance(row, dict) and isinstance(row.get("values"), dict)]
    return config


def apply_defaults(page: SourcePage, kind: str, config: JekyllConfig) -> None:
    """Give the page what the configuration's defaults say of its path and kind."""
    for row in config.defaults:
        scope = as_table(row.get("scope"))
        path = str(scope.get("path") or "").strip("/")
        inside = not path or page.file == path or page.file.startswith(f"{path}/") or ("*" in path and matches_any(page.file, (path,)))
        if inside and scope.get("type") in (None, "", kind):
            for key, value in row["values"].items():
                own = page.fields.setdefault(key, value)
                if key == "categories" and own is not value:
                    page.fields[key] = list(dict.fromkeys([*_split_words(value), *_split_words(own)]))


def find_address(page: SourcePage, kind: str, config: JekyllConfig) -> str:
    """The page's path at the old site. kind: posts, pages, drafts, or a collection's name."""
    given = page.fields.get("permalink")
    stem = posixpath.splitext(posixpath.basename(page.file))[0]
    named = POST_NAME.fullmatch(stem)
    pattern = STYLES.get(str(given), str(given)) if given else ""
    if kind in ("posts", "drafts"):
        pattern = pattern or config.permalink
    elif kind == "pages":
        folder = posixpath.dirname(page.file)
        if not pattern:
            pretty = config.permalink.endswith("/") or (":output_ext" not in config.permalink and not config.permalink.endswith(".html"))
            name = "" if stem == "index" else f"{stem}/" if pretty else f"{stem}.html"
            return f"/{folder}/{name}".replace("//", "/")
    else:
        ending = "/" if config.permalink.endswith("/") else ":output_ext"
        pattern = pattern or str(config.collections[kind].get("permalink") or f"/:collection/:path{ending}")
        pattern = STYLES.get(pattern, pattern)
    date: Any = find_date(page)
    title = named[2] if named else stem
    categories = [part.lower().replace(" ", "%20") for part in list_categories(page)]
    values = {
        "categories": "/".join(categories),
        "slugified_categories": "/".join(make_slug(part) for part in list_categories(page)),
        "category": categories[0] if categories else "",
        "title": _UNUSUAL.sub("-", str(page.fields.get("slug") or title)).strip("-"),
        "slug": make_slug(str(page.fields.get("slug") or title)),
        "name": make_slug(stem),
        "basename": stem,
        "path": posixpath.splitext(page.inner)[0].partition("/")[2],
        "collection": kind,
        "output_ext": ".html",
    }
    if date is not None:
        values |= _date_values(date)
    path = _TOKEN.sub(lambda found: values.get(found[1], ""), pattern)
    return re.sub("/{2,}", "/", f"/{path}")


def find_file_address(file: str, config: JekyllConfig) -> str:
    """Where a file of a collection that is no page lies at the old site, with neither its folder's underscore nor that of all collections."""
    holder = str(config.values.get("collections_dir") or "").strip("/")
    inner = file.removeprefix(f"{holder}/") if holder else file
    kind, _, below = inner.partition("/")
    if not kind.startswith("_") or kind[1:] not in config.collections:
        return file
    pattern = str(config.collections[kind[1:]].get("permalink") or "/:collection/:path")
    path, ending = posixpath.splitext(below)
    values = {"collection": kind[1:], "path": path, "name": posixpath.basename(path), "title": posixpath.basename(path), "output_ext": ""}
    made = _TOKEN.sub(lambda found: values.get(found[1], ""), STYLES.get(pattern, pattern)).strip("/")
    return f"{re.sub('/{2,}', '/', made)}{ending}"


def _split_words(value: Any) -> list[str]:
    return value.split() if isinstance(value, str) else list_words(value)


def _date_values(date: Any) -> dict[str, str]:
    week = date.isocalendar().week
    return {
        "year": f"{date:%Y}", "short_year": f"{date:%y}", "month": f"{date:%m}", "i_month": str(date.month), "short_month": f"{date:%b}", "long_month": f"{date:%B}",
        "day": f"{date:%d}", "i_day": str(date.day), "short_day": f"{date:%a}", "long_day": f"{date:%A}", "y_day": f"{date:%j}", "week": f"{week:02d}",
        "hour": f"{date:%H}", "minute": f"{date:%M}", "second": f"{date:%S}",
    }  # fmt: skip


def list_categories(page: SourcePage) -> list[str]:
    """Categories of the front matter, and the folders above _posts."""
    above = page.inner.partition("_posts/")[0].strip("/") if "_posts/" in page.inner else ""
    value = page.fields.get("categories") or page.fields.get("category") or []
    words = value.split() if isinstance(value, str) and "categories" in page.fields else list_words(value)
    return list(dict.fromkeys([*(part for part in above.split("/") if part), *words]))
