"""What the news makes besides the pages of its entries: fragments for breaking news, a page of it, a sitemap for news, lists of all stories."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from cms_ssg.kinds.claim import DEFAULT, ENTRY, LIST, ClaimRow
from cms_ssg.kinds.list_kind import EntryRow, Item, ListKind, ListRule, Placing
from cms_ssg.kinds.output_kind import HTML, JSON, XML, OutputKind
from cms_ssg.kinds.phases import ARCHIVES, FEEDS, LEAVES
from cms_ssg.types import Json
from cms_ssg.verticals.news.live import TYPE, now_path

if TYPE_CHECKING:
    from cms_ssg.content.schema.content_types import Schema
    from cms_ssg.render.page import Page
    from cms_ssg.render.requests import Job
    from cms_ssg.site import Site

HERE: Final = "cms_ssg.verticals.news"
OUTPUTS: Final = (
    OutputKind("breaking", LEAVES, HTML, f"{HERE}.outputs:render_breaking", cache="live", ahead=True),
    OutputKind("breaking-page", LEAVES, HTML, f"{HERE}.outputs:render_breaking_page", page=True, linked=True, cache="live"),
    OutputKind("news-fragment", LEAVES, HTML, f"{HERE}.outputs:render_fragment", cache="live"),
    OutputKind("live-now", LEAVES, JSON, f"{HERE}.live:render_now", cache="live", ahead=True),
    OutputKind("live-log", ARCHIVES, JSON, f"{HERE}.live:render_log", linked=True, cache="live"),
    OutputKind("news-sitemap", FEEDS, XML, f"{HERE}.news_sitemap:render_news_sitemap"),
)

STORY: Final = "article"
"""The type that all stories extend."""


def list_types(site: Site, schema: Schema) -> Iterator[str]:
    """A type and those it extends, its own name first."""
    name, seen = schema.name, set[str]()
    while name in site.schemas and name not in seen:
        seen.add(name)
        yield name
        name = str(site.schemas[name].raw.get("x-extends") or "")


def _list_stories(placing: Placing) -> Iterator[Item]:
    types = list(list_types(placing.site, placing.schema))
    if not placing.path or STORY not in types:
        return
    for where in placing.locales:
        place = placing.place(where)
        yield Item(where, "news/all", place)
        for name in types[: types.index(STORY) + 1]:
            yield Item(where, f"news/{name}", place)
        if placing.fields.get("is_featured"):
            yield Item(where, "news/featured", place)


STORIES = ListKind("news", items=_list_stories)


def breaking_path(site: Site, locale: str, place: str) -> str:
    """The fragment with the breaking news of a place: ``home`` for pages of no section, ``sections`` for those of all, ``section/city`` for those of one."""
    return f"/fragments{site.prefix(locale)}/breaking/{place}.html"


def fragment_path(site: Site, locale: str, name: str) -> str:
    """Where a fragment is."""
    return f"/fragments{site.prefix(locale)}/{name}.html"


def claim_for_site(site: Site) -> Iterator[ClaimRow]:
    """The fragments of the home page and of all sections, and the page of all breaking news, in each locale, and the sitemap of the newest stories."""
    for locale in site.locales:
        for place in ("home", "sections"):
            yield ClaimRow(
                breaking_path(site, locale, place), DEFAULT, locale, f"breaking {place}", "s", 0, {"kind": "breaking", "subject": place}
            )
        for name in site.settings.vertical["news"].fragments:
            yield ClaimRow(
                fragment_path(site, locale, name), DEFAULT, locale, f"fragment {name}", "s", 0, {"kind": "news-fragment", "name": name}
            )
        yield ClaimRow(f"{site.prefix(locale)}/breaking/", DEFAULT, locale, "breaking page", "s", 0, {"kind": "breaking-page"})
    yield ClaimRow("/news-sitemap.xml", DEFAULT, site.default_locale, "news sitemap", "s", 0, {"kind": "news-sitemap"})


def claim_for_list(site: Site, locale: str, rule: ListRule, number: int) -> Iterator[ClaimRow]:
    """The fragment of a section."""
    if rule.group == "section" and rule.url:
        spec = {"kind": "breaking", "subject": f"section/{rule.slug}"}
        yield ClaimRow(breaking_path(site, locale, str(spec["subject"])), LIST, locale, f"section/{rule.slug} breaking", "l", number, spec)


def claim_for_entry(site: Site, row: EntryRow, fields: dict[str, Json], path: str | None) -> Iterator[ClaimRow]:
    """The file that the page of a live blog follows."""
    slug = fields.get("slug")
    if row.type == TYPE and path and slug:
        spec = {"kind": "live-now", "slug": slug}
        since = str(fields.get("date") or "")
        yield ClaimRow(now_path(site, row.locale, str(slug)), ENTRY, row.locale, f"{row.claim_key} now", "e", row.id, spec, since=since)


def list_breaking(page: Page, subject: str) -> list[dict[str, Any]]:
    """The breaking news of a place, the most important first; each links to its story where that is published."""
    value: Any = page.fact("breaking", subject)
    shown = []
    for item in value or ():
        card = page.card(item["post"]) if item["post"] is not None else None
        shown.append({**item, "url": card.url if card is not None else ""})
    return shown


def render_breaking(page: Page, job: Job) -> tuple[bytes, str]:
    """The fragment that pages of a place put in."""
    html = page.render(["fragments/breaking.html"], breaking=list_breaking(page, job.spec["subject"]))
    return html.encode("utf-8", "replace"), HTML


def render_fragment(page: Page, job: Job) -> tuple[bytes, str]:
    """A part of pages that is made once for all of them."""
    return page.render([f"fragments/{job.spec['name']}.html"]).encode("utf-8", "replace"), HTML


def render_breaking_page(page: Page, job: Job) -> tuple[bytes, str]:
    """All breaking news on a page, for those without a script."""
    page.describe(title=page.globals["t"]("breaking"), noindex=True)
    html = page.render(["breaking.html"], breaking=list_breaking(page, "all"))
    return html.encode("utf-8", "replace"), HTML
