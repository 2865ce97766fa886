"""``cms init --from hugo``: settings for a Hugo site that stays where it is, and a theme with the shortcodes of its texts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from cms_ssg.content.markdown.shortcode_tags import Shortcodes
from cms_ssg.migrate import hugo_pages, hugo_settings
from cms_ssg.migrate.adopt_settings import THEME, Layout, Source, find_tags, leave_out, make_collections, name_last, start_settings
from cms_ssg.migrate.hugo_config import HugoConfig, read_hugo_config
from cms_ssg.migrate.hugo_lists import list_redirects
from cms_ssg.migrate.hugo_outputs import list_outputs
from cms_ssg.migrate.hugo_shortcodes import INLINE
from cms_ssg.migrate.pages import as_table
from cms_ssg.migrate.report import Report
from cms_ssg.types import Json, Problem

KNOWN: Final = frozenset(("figure", "note", "youtube"))
_TOKENS: Final = {
    "slug": "{slug}",
    "title": "{slug}",
    "filename": "{slug}",
    "slugorfilename": "{slug}",
    "contentbasename": "{slug}",
    "slugorcontentbasename": "{slug}",
}
TEMPLATES: Final = {
    "details": "<details><summary>{{ values.get('summary') or 'Details' }}</summary>{{ inner }}</details>",
    "gist": "<p><a href=\"https://gist.github.com/{{ args|join('/') }}\">gist.github.com/{{ args|join('/') }}</a></p>",
    "vimeo": "{% set id = values.get('id') or (args[0] if args else '') %}<p><a href=\"https://vimeo.com/{{ id|string|urlencode }}\">vimeo.com/{{ id }}</a></p>",
    "instagram": "{% set id = values.get('id') or (args[0] if args else '') %}"
    '<p><a href="https://www.instagram.com/p/{{ id|string|urlencode }}/">instagram.com/p/{{ id }}</a></p>',
}


def make_hugo(root: Path, report: Report) -> Source:
    """A Hugo site."""
    config = read_hugo_config(root)
    pages, _ = hugo_pages.read_pages(root, config, report)
    values = config.values
    settings = start_settings(
        config.languages[config.default_language].get("title") or values.get("title"),
        values.get("baseurl"),
        as_table(values.get("params")).get("description"),
    )
    settings["page_size"] = config.page_size
    settings["locales"] = hugo_settings.make_locales(config)
    settings["taxonomies"] = hugo_settings.make_taxonomies(config)
    folders = [str(table.get("contentdir") or "").strip("/") for table in config.languages.values()]
    by_folder = all(folder == f"{config.content}/{code}" for folder, code in zip(folders, config.languages, strict=True))
    locale = "folder" if by_folder else "suffix" if len(config.languages) > 1 else ""
    fields = {"path": "url", "excerpt": "description", "updated": "lastmod"}
    if len(config.languages) > 1 and any(folder and folder != config.content for folder in folders) and not by_folder:
        report.note(config.file, 0, "folders of languages", "they are read where each is named as its code: cms migrate hugo reads others")
    layout = Layout(config.content, locale, tuple(config.taxonomies.values()), by_name=config.date_in_name, html=True)
    settings["collection"] = make_collections(
        pages,
        layout,
        fields,
        lambda top: _translate(config.permalinks.page.get(top, ""), top, name_last(pages, layout, top)),
    )
    hidden = [page for page in pages if page.fields.get("headless") is True or _is_never(page.fields)]
    for page in hidden:
        report.note(page.file, page.line, "pages without an address", page.file)
    pages = [page for page in pages if page not in hidden]
    leave_out(settings["collection"], [*config.beside, *(page.file for page in hidden)])
    source = Source(pages, settings)
    for page in pages:
        if hugo_pages.find_place(page.file, config)[1].startswith("_index."):
            source.lists.add(page.address)
            if page.body.strip():
                report.note(page.file, page.line, "texts of the home page", " ".join(page.body.split())[:80], "left out: it lists posts")
    source.lists |= {
        page.address for page in pages if hugo_pages.find_place(page.file, config)[1].split("/")[0] in config.taxonomies.values()
    }
    by_name = {
        hugo_pages.find_place(page.file, config)[1].removesuffix(".md").removesuffix("/index").removesuffix("/_index").lower(): page.address
        for page in pages
    }
    menus = hugo_settings.make_menus(config, lambda name, _: by_name.get(name.strip("/").removesuffix(".md").lower(), ""), report)
    if menus:
        settings["menus"] = menus
    if isinstance(values.get("params"), dict):
        settings["params"] = values["params"]
    hint = "A template within the text is not run: write what it makes."
    source.raw += find_tags(pages, INLINE, hint)
    _add_shortcodes(source, by_name)
    _redirect_hugo_lists(source, config)
    return source


def _is_never(fields: dict[str, Json]) -> bool:
    """Whether the front matter says that there is no page."""
    table = as_table(fields.get("build")) or as_table(fields.get("_build"))
    return str(table.get("render", "")).lower() in ("never", "false")


def _translate(pattern: str, top: str, last: str) -> str:
    """A pattern of Hugo's permalinks as one of a collection. last: what ends an address where there is none."""
    if not pattern:
        return f"/{top}/{{{last}}}/"
    made = re.sub(
        r":(\w+)(?!\[)", lambda found: _TOKENS.get(found[1], {"section": top, "sections": top}.get(found[1], f"{{{found[1]}}}")), pattern
    )
    known = {"slug", "year", "month", "day"}
    return f"/{made.strip('/')}/" if ":" not in made and set(re.findall(r"\{(\w+)\}", made)) <= known else f"/{top}/{{{last}}}/"


def _add_shortcodes(source: Source, by_name: dict[str, str]) -> None:
    """A theme with the shortcodes that the texts use: Hugo's own, and for others what stands between their tags."""
    used: dict[str, list[tuple[str, int, str]]] = {}
    targets: dict[str, str] = {}
    for page in source.pages:
        if "{{<" not in page.body and "{{%" not in page.body:
            continue
        found = Shortcodes()
        found.mark(page.body)
        for tag in found.tags:
            if tag.kind == "open" and tag.name not in KNOWN:
                used.setdefault(tag.name, []).append((page.file, page.line + tag.line, tag.source))
                if tag.name in ("ref", "relref") and tag.args:
                    path, _, fragment = str(tag.args[0]).partition("#")
                    name = path.strip("/").removesuffix(".md").lower()
                    address = by_name.get(name) or next((address for key, address in by_name.items() if key.endswith(f"/{name}")), "")
                    targets[str(tag.args[0])] = (address or path) + (f"#{fragment}" if fragment else "")
    if not used:
        return
    source.settings["theme"] = THEME
    source.files[f"themes/{THEME}/theme.toml"] = 'extends = "base"\n'
    for name, places in sorted(used.items()):
        if name in ("ref", "relref"):
            table = ", ".join(f"{_quote(key)}: {_quote(value)}" for key, value in sorted(targets.items()))
            text = f"{{% set to = {{{table}}} %}}{{{{ to.get(args[0] if args else '', args[0] if args else '') }}}}"
        elif name == "param":
            text = "{{ site.params.get(args[0], '') if args else '' }}"
        else:
            text = TEMPLATES.get(name, "{{ inner }}")
            if name not in TEMPLATES:
                hint = f"Write themes/{THEME}/templates/shortcodes/{name}.html; until then what stands between its tags is shown."
                source.raw += [
                    Problem("init.raw-tag", file, line, f'the shortcode "{" ".join(tag.split())[:60]}" is not known here', hint, "warning")
                    for file, line, tag in places
                ]
        source.files[f"themes/{THEME}/templates/shortcodes/{name}.html"] = text


def _quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _redirect_hugo_lists(source: Source, config: HugoConfig) -> None:
    """Addresses of lists that are elsewhere here, and of forms of pages that are not made."""
    dated = {row["defaults"]["section"] for row in source.settings["collection"] if "section" in row.get("defaults", {})}
    others = [(old, new) for _, _, old, new in list_outputs(source.pages, config)]
    for old, new in (*list_redirects(source.pages, config, dated), *others):
        if old and old.rstrip("/") != new.rstrip("/") and old != "/":
            source.redirects.setdefault(old, new)
