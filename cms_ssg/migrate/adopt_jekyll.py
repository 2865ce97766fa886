"""``cms init --from jekyll``: settings for a Jekyll site that stays where it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from cms_ssg.migrate import jekyll_pages
from cms_ssg.migrate.adopt_settings import Source, find_tags, start_settings
from cms_ssg.migrate.folder import clean_address
from cms_ssg.migrate.jekyll_config import JekyllConfig, read_jekyll_config
from cms_ssg.migrate.pages import SourcePage, list_words
from cms_ssg.migrate.report import Report
from cms_ssg.migrate.wordpress_site import name_locale
from cms_ssg.types import Json

_LIQUID: Final = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)


def make_jekyll(root: Path, report: Report) -> Source:
    """A Jekyll site."""
    config = read_jekyll_config(root)
    found, others = jekyll_pages.read_pages(root, config, report)
    values = config.values
    url = f"{str(values.get('url') or '').rstrip('/')}{str(values.get('baseurl') or '').rstrip('/')}"
    settings = start_settings(values.get("title") or values.get("name"), url, values.get("description"))
    settings["locales"] = [name_locale(str(values.get("lang") or values.get("locale") or "en"))]
    settings["taxonomies"] = {
        "section": False,
        "series": False,
        "category": {"field": "categories", "url": "/categories/{slug}/", "index": "/categories/"},
    }
    if isinstance(values.get("timezone"), str):
        settings["timezone"] = values["timezone"]
    lists = [page for _, page in found if page.address == "/" and ("site.posts" in page.body or "paginator" in page.body)]
    moved = [page for kind, page in found if kind != "drafts" and page.fields.get("redirect_to")]
    shown = [(kind, page) for kind, page in found if kind != "drafts" and page not in lists and page not in moved]
    for _, page in shown:
        if page.file.endswith((".html", ".htm")) and _LIQUID.search(page.body):
            report.note(page.file, page.line, "pages of HTML made by Liquid", "cms migrate jekyll runs it", "redirected to the home page")
    unread = [
        page for _, page in shown if page.address == "/404.html" or (page.file.endswith((".html", ".htm")) and _LIQUID.search(page.body))
    ]
    pages = [page for _, page in shown if page not in unread]
    made = [file for file, _, what, _, _ in report.list_notes() if what == "files made of Liquid"]
    settings["collection"] = _make_jekyll_collections(config, shown, others, [*(page.file for page in (*unread, *lists, *moved)), *made])
    source = Source(pages, settings)
    source.redirects |= {page.address: "/" for page in unread if page.address not in ("/", "/404.html")}
    size = values.get("paginate")
    if isinstance(size, int) and size > 0:
        pattern = str(values.get("paginate_path") or "/page:num/")
        source.redirects |= {clean_address(pattern.replace(":num", str(number))): "/" for number in range(2, len(pages) // size + 2)}
    for page in moved:
        target = next(iter(list_words(page.fields["redirect_to"])), "/")
        source.redirects |= {
            one: target if re.match("https?://", target) else clean_address(target) for one in (page.address, *page.aliases)
        }
    source.raw = list(find_tags(pages, _LIQUID, "Liquid is not run where a site stays as it is: cms migrate jekyll DIR INTO runs it once."))
    return source


def _make_jekyll_collections(
    config: JekyllConfig, shown: list[tuple[str, SourcePage]], others: list[str], unread: list[str]
) -> list[dict[str, Json]]:
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
