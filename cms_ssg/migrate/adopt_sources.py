"""What ``cms init --from`` makes of the settings of each system."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from cms_ssg.content.markdown.shortcode_tags import Shortcodes
from cms_ssg.migrate import hugo, hugo_pages, jekyll_pages, zola
from cms_ssg.migrate.adopt_settings import THEME, Layout, Source, find_tags, make_collections, name_last
from cms_ssg.migrate.folder import clean_address
from cms_ssg.migrate.hugo_config import HugoConfig, read_hugo_config
from cms_ssg.migrate.hugo_lists import list_redirects
from cms_ssg.migrate.hugo_shortcodes import INLINE
from cms_ssg.migrate.jekyll_config import JekyllConfig, read_jekyll_config
from cms_ssg.migrate.pages import SourcePage, as_table, list_words
from cms_ssg.migrate.report import Report
from cms_ssg.migrate.wordpress_site import name_locale
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Json, Problem

KNOWN: Final = frozenset(("figure", "note", "youtube"))
_ZOLA_TAG: Final = re.compile(r"\{\{\s*[\w:]+\(.*?\)\s*\}\}|\{%\s*(?:[\w:]+\(.*?\)|end)\s*%\}", re.DOTALL)
_LIQUID: Final = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
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


def _start(title: Any, base_url: Any, description: Any) -> dict[str, Json]:
    name = str(title or "Untitled site")
    url = str(base_url or "").rstrip("/")
    slug = make_slug(name)[:40]
    return {
        "name": slug if slug and slug.isascii() else "site",
        "title": name,
        "description": " ".join(str(description or "").split()),
        "base_url": url if re.match("https?://[^/]", url) else "http://localhost:8000",
        "target": {"url": "folder:build"},
    }


def make_hugo(root: Path, report: Report) -> Source:
    """A Hugo site."""
    config = read_hugo_config(root)
    pages, _ = hugo_pages.read_pages(root, config, report)
    values = config.values
    settings = _start(
        config.languages[config.default_language].get("title") or values.get("title"),
        values.get("baseurl"),
        as_table(values.get("params")).get("description"),
    )
    settings["page_size"] = config.page_size
    settings["locales"] = hugo.make_locales(config)
    settings["taxonomies"] = hugo.make_taxonomies(config)
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
        lambda top: _translate(config.permalinks.get(top, ""), top, name_last(pages, layout, top)),
    )
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
    menus = hugo.make_menus(config, lambda name, _: by_name.get(name.strip("/").removesuffix(".md").lower(), ""), report)
    if menus:
        settings["menus"] = menus
    if isinstance(values.get("params"), dict):
        settings["params"] = values["params"]
    hint = "A template within the text is not run: write what it makes."
    source.raw += find_tags(pages, INLINE, hint)
    _add_shortcodes(source, by_name)
    _redirect_hugo_lists(source, config)
    return source


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
    """Addresses of lists that are elsewhere here."""
    dated = {row["defaults"]["section"] for row in source.settings["collection"] if "section" in row.get("defaults", {})}
    for old, new in list_redirects(source.pages, config, dated):
        if old and old.rstrip("/") != new.rstrip("/") and old != "/":
            source.redirects.setdefault(old, new)


def make_zola(root: Path, report: Report) -> Source:
    """A Zola site."""
    values, _ = zola.read_zola_config(root)
    pages = zola.read_pages(root, values, report)
    settings = _start(values.get("title") or _find_title(pages), values.get("base_url"), values.get("description"))
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
    raw = list(
        find_tags(
            pages,
            _ZOLA_TAG,
            "Zola runs it: write what it makes, or {{< name >}} with a template of the theme in themes/NAME/templates/shortcodes.",
        )
    )
    return Source([page for page in pages if page.address], settings, raw=raw)


def _has_paths(pages: list[SourcePage], top: str) -> bool:
    inside = [page for page in pages if page.file.startswith(f"content/{top}/")]
    return sum("path" in page.fields for page in inside) * 2 > len(inside)


def _find_title(pages: list[SourcePage]) -> str:
    return next((str(page.fields.get("title") or "") for page in pages if page.file == "content/_index.md"), "")


def make_jekyll(root: Path, report: Report) -> Source:
    """A Jekyll site."""
    config = read_jekyll_config(root)
    found, _ = jekyll_pages.read_pages(root, config, report)
    values = config.values
    url = f"{str(values.get('url') or '').rstrip('/')}{str(values.get('baseurl') or '').rstrip('/')}"
    settings = _start(values.get("title") or values.get("name"), url, values.get("description"))
    settings["locales"] = [name_locale(str(values.get("lang") or values.get("locale") or "en"))]
    settings["taxonomies"] = {
        "section": False,
        "series": False,
        "category": {"field": "categories", "url": "/categories/{slug}/", "index": "/categories/"},
    }
    if isinstance(values.get("timezone"), str):
        settings["timezone"] = values["timezone"]
    shown = [
        (kind, page)
        for kind, page in found
        if kind != "drafts"
        and not (page.address == "/" and "site.posts" in page.body)
        and not (page.address == "/" and "paginator" in page.body)
    ]
    for _, page in shown:
        if page.file.endswith((".html", ".htm")) and _LIQUID.search(page.body):
            report.note(page.file, page.line, "pages of HTML made by Liquid", "cms migrate jekyll runs it", "redirected to the home page")
    unread = [
        page for _, page in shown if page.address == "/404.html" or (page.file.endswith((".html", ".htm")) and _LIQUID.search(page.body))
    ]
    pages = [page for _, page in shown if page not in unread]
    made = [file for file, _, what, _, _ in report.list_notes() if what == "files made of Liquid"]
    settings["collection"] = _make_jekyll_collections(config, shown, [*(page.file for page in unread), *made])
    source = Source(pages, settings)
    source.redirects |= {page.address: "/" for page in unread if page.address not in ("/", "/404.html")}
    size = values.get("paginate")
    if isinstance(size, int) and size > 0:
        pattern = str(values.get("paginate_path") or "/page:num/")
        source.redirects |= {clean_address(pattern.replace(":num", str(number))): "/" for number in range(2, len(pages) // size + 2)}
    for page in pages:
        if page.fields.get("redirect_to"):
            target = list_words(page.fields["redirect_to"])[0]
            source.redirects[page.address] = target if re.match("https?://", target) else clean_address(target)
    source.raw = list(find_tags(pages, _LIQUID, "Liquid is not run where a site stays as it is: cms migrate jekyll DIR INTO runs it once."))
    return source


def _make_jekyll_collections(config: JekyllConfig, shown: list[tuple[str, SourcePage]], unread: list[str]) -> list[dict[str, Json]]:
    fields = {"path": "permalink", "aliases": "redirect_from", "excerpt": "description", "updated": "last_modified_at"}
    split = {"tags": r"\s+", "categories": r"\s+"}
    excluded = [*_list_excluded(config), *(f"/{file}" for file in unread)]
    folder = str(config.values.get("collections_dir") or "").strip("/")
    ending = "/" if config.permalink.endswith("/") else ".html"
    pattern = (
        config.permalink.replace(":output_ext", ".html").replace("/:categories", "").replace(":title", "{slug}").replace(":slug", "{slug}")
    )
    for name in ("year", "month", "day"):
        pattern = pattern.replace(f":{name}", f"{{{name}}}")
    pattern = pattern if ":" not in pattern else "/{year}/{month}/{day}/{slug}.html"
    rows: list[dict[str, Json]] = [
        {
            "name": "posts", "path": ".", "glob": ["**/_posts/**/*.md", "**/_posts/**/*.markdown", "**/_posts/**/*.html"],
            "exclude": excluded, "type": "post", "url": pattern, "date": "filename",
            "fields": {**fields, "authors": "author"}, "split": split,
        }
    ]  # fmt: skip
    for name in config.collections:
        if any(kind == name for kind, _ in shown):
            base = str(config.collections[name].get("permalink") or f"/{name}/:path")
            url = re.sub(r":(?:path|name|title|slug)", "{path}", base.replace(":collection", name).replace(":output_ext", ".html"))
            rows.append(
                {
                    "name": re.sub("[^a-z0-9-]+", "-", name.lower()),
                    "path": f"{folder}/_{name}".lstrip("/"),
                    "glob": ["**/*.md", "**/*.markdown", "**/*.html"],
                    "type": "page",
                    "url": url if ":" not in url else f"/{name}/{{path}}/",
                    "fields": fields,
                }
            )
    files = [page.file for kind, page in shown if kind == "pages" and page.file not in unread]
    rows.append(
        {
            "name": "pages",
            "path": ".",
            "glob": [f"/{file}" for file in files] or ["/about.md"],
            "exclude": excluded,
            "type": "page",
            "url": f"/{{path}}{ending}",
            "fields": fields,
        }
    )
    return rows


def _list_excluded(config: JekyllConfig) -> list[str]:
    """What Jekyll does not publish, beside its posts and collections."""
    own = [f"/_{name}/**" for name in ("layouts", "includes", "sass", "data", "plugins", "site", "drafts")]
    hidden = [f"/_{name}/**" for name, table in config.collections.items() if table.get("output") is not True]
    names = [str(name).strip("/") for name in config.values.get("exclude") or []]
    return [
        *own, *hidden, "/_config.*", "/site.toml", "/Gemfile*", "/Rakefile", "/*.gemspec", "/package*.json", "/node_modules/**", "/vendor/**", "/build/**",
        *(f"/{name}" for name in names), *(f"/{name}/**" for name in names),
    ]  # fmt: skip


SOURCES: Final[dict[str, Callable[[Path, Report], Source]]] = {"hugo": make_hugo, "jekyll": make_jekyll, "zola": make_zola}
