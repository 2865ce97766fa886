"""Lists of listings by place, by category in a place and by letter, and the search page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Final

from cms_ssg.kinds.claim import DEFAULT, ClaimRow
from cms_ssg.kinds.list_kind import EntryRow, Item, ListKind, ListRule, Placing
from cms_ssg.kinds.output_kind import HTML, OutputKind
from cms_ssg.kinds.phases import LEAVES
from cms_ssg.types import Json
from cms_ssg.verticals.directory.places import find_letter, list_categories, list_levels
from cms_ssg.verticals.directory.settings import Directory

if TYPE_CHECKING:
    from cms_ssg.render.page import Page
    from cms_ssg.render.requests import Job
    from cms_ssg.site import Site

FIND_URL: Final = "/find/"
FIND: Final = OutputKind("find", LEAVES, HTML, "cms_ssg.verticals.directory.outputs:render_find", page=True, linked=True, shown="leaf")
ADD_URL: Final = "/add/"
ADD: Final = OutputKind("add", LEAVES, HTML, "cms_ssg.verticals.directory.outputs:render_add", page=True, linked=True, shown="leaf")
OUTPUTS: Final = (FIND, ADD)


def settings_of(site: Site) -> Directory:
    """The site's table [directory]."""
    settings: Directory = site.settings.vertical["directory"]
    return settings


def claim_pages(site: Site) -> Iterator[ClaimRow]:
    """The search page in each locale, and the one to add a listing."""
    for locale in site.locales:
        if settings_of(site).submissions:
            yield ClaimRow(f"{site.prefix(locale)}{ADD_URL}", DEFAULT, locale, "add", "s", 0, {"kind": "add"})
        yield ClaimRow(f"{site.prefix(locale)}{FIND_URL}", DEFAULT, locale, "find", "s", 0, {"kind": "find"})


def render_find(page: Page, job: Job) -> tuple[bytes, str]:
    """The search page, which a script fills."""
    page.describe(title=page.globals["t"]("directory_find"), noindex=True, canonical="")
    return page.render(["find.html"]).encode("utf-8", "replace"), HTML


def render_add(page: Page, job: Job) -> tuple[bytes, str]:
    """The page with the form for a new listing."""
    page.describe(title=page.globals["t"]("directory_add"))
    return page.render(["add.html"]).encode("utf-8", "replace"), HTML


def count_fields(row: EntryRow, fields: dict[str, Json], now: datetime) -> dict[str, Json]:
    """A listing whose time as a featured one is over is a basic one."""
    until = fields.get("featured_until") if row.type == "listing" else None
    if until and fields.get("tier") != "basic" and datetime.fromisoformat(str(until)) <= now:
        return {**fields, "tier": "basic"}
    return fields


# Lists


def _place_rule(site: Site, locale: str, slug: str) -> ListRule:
    above = slug.rpartition("/")[0]
    index = f"lists/place/{above}" if above else "lists/place"
    return ListRule("place", slug, f"{site.prefix(locale)}/places/{slug}/", size=site.settings.page_size, index=index)


def _list_by_place(placing: Placing) -> Iterator[Item]:
    if placing.path and placing.row.type == "listing":
        for where in placing.locales:
            for level in list_levels(placing.fields):
                yield Item(where, f"place/{level.slug}", placing.place(where), level.label)


def _combination_rule(site: Site, locale: str, slug: str) -> ListRule:
    settings = settings_of(site)
    if not settings.combinations:
        return ListRule("combination", slug)
    category = slug.partition("/")[0]
    return ListRule(
        "combination", slug, f"{site.prefix(locale)}/categories/{slug}/", size=site.settings.page_size, index=f"lists/combination/{category}",
        least=settings.combinations, noindex=not settings.combinations_indexed,
    )  # fmt: skip


def _list_by_combination(placing: Placing) -> Iterator[Item]:
    """Categories in the narrowest place that a listing names."""
    if not placing.path or placing.row.type != "listing" or not settings_of(placing.site).combinations:
        return
    levels = list_levels(placing.fields)
    for category in list_categories(placing.fields) if levels else ():
        for where in placing.locales:
            yield Item(where, f"combination/{category}/{levels[-1].slug}", placing.place(where), levels[-1].label)


def _letter_rule(site: Site, locale: str, slug: str) -> ListRule:
    url = f"{site.prefix(locale)}/a-z/{slug}/" if settings_of(site).letters else ""
    return ListRule(
        "letter", slug, url, size=200 if url else 0, index="lists/letter" if url else "", title=slug.upper() if len(slug) < 4 else "#"
    )


def _list_by_letter(placing: Placing) -> Iterator[Item]:
    if placing.path and placing.row.type == "listing" and settings_of(placing.site).letters:
        letter = find_letter(str(placing.fields.get("title") or ""))
        for where in placing.locales:
            yield Item(where, f"letter/{letter}", placing.sort_key(("title",), where))


LISTS: Final = (
    ListKind("place", _place_rule, _list_by_place, index_url="/places/", index_title="directory_places"),
    ListKind("combination", _combination_rule, _list_by_combination),
    ListKind("letter", _letter_rule, _list_by_letter, order=("title",), index_url="/a-z/", index_title="directory_letters"),
)
