"""What ``cms init --from`` makes of the settings of each system; those of Zola here."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cms_ssg.migrate import zola
from cms_ssg.migrate.adopt_hugo import make_hugo
from cms_ssg.migrate.adopt_jekyll import make_jekyll
from cms_ssg.migrate.adopt_settings import Layout, Source, find_tags, leave_out, make_collections, name_last, start_settings
from cms_ssg.migrate.pages import SourcePage, as_table
from cms_ssg.migrate.report import Report
from cms_ssg.migrate.wordpress_site import name_locale
from cms_ssg.migrate.zola_lists import list_feeds, list_redirects, name_feed
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Json

_ZOLA_TAG: Final = re.compile(r"\{\{\s*[\w:]+\(.*?\)\s*\}\}|\{%\s*(?:[\w:]+\(.*?\)|end)\s*%\}", re.DOTALL)


def make_zola(root: Path, report: Report) -> Source:
    """A Zola site."""
    values, _ = zola.read_zola_config(root)
    pages = zola.read_pages(root, values, report)
    settings = start_settings(values.get("title") or _find_title(pages), values.get("base_url"), values.get("description"))
    default = str(values.get("default_language") or "en")
    others = [code for code in as_table(values.get("languages")) if code != default]
    settings["locales"] = [{"code": default.lower()} if others else name_locale(default), *({"code": code.lower()} for code in others)]
    taxonomies = zola.find_taxonomies(values)
    tables: dict[str, Json] = {"series": False}
    fields = {"excerpt": "description"}
    for name in taxonomies:
        ours = {"tags": "tag", "authors": "author", "categories": "category", "series": "series"}.get(name, make_slug(name))
        tables[ours] = {"field": name, "url": f"/{name}/{{slug}}/", "index": f"/{name}/"}
        fields[name] = f"taxonomies.{name}"
    settings["taxonomies"] = tables
    layout = Layout("content", "suffix" if others else "")
    settings["collection"] = make_collections(
        pages,
        layout,
        fields,
        lambda top: "/{path}/" if _has_paths(pages, top) else f"/{top}/{{{name_last(pages, layout, top)}}}/",
    )
    hidden = [page for page in pages if page.fields.get("render") is False]
    for page in hidden:
        report.note(page.file, page.line, "pages without an address", page.file)
    pages = [page for page in pages if page not in hidden]
    leave_out(settings["collection"], [page.file for page in hidden])
    raw = list(
        find_tags(
            pages,
            _ZOLA_TAG,
            "Zola runs it: write what it makes, or {{< name >}} with a template of the theme in themes/NAME/templates/shortcodes.",
        )
    )
    source = Source([page for page in pages if page.address], settings, raw=raw)
    source.redirects |= {old: new for old, new in list_redirects(pages, values, [default, *others]) if old.rstrip("/") != new.rstrip("/")}
    for prefix in ("", *(f"/{code.lower()}" for code in others)):
        source.redirects |= {f"{prefix}/{feed}": f"{prefix}/{name_feed(feed)}" for feed in list_feeds(values) if feed != name_feed(feed)}
    return source


def _has_paths(pages: list[SourcePage], top: str) -> bool:
    inside = [page for page in pages if page.file.startswith(f"content/{top}/")]
    return sum("path" in page.fields for page in inside) * 2 > len(inside)


def _find_title(pages: list[SourcePage]) -> str:
    return next((str(page.fields.get("title") or "") for page in pages if page.file == "content/_index.md"), "")


SOURCES: Final[dict[str, Callable[[Path, Report], Source]]] = {"hugo": make_hugo, "jekyll": make_jekyll, "zola": make_zola}
