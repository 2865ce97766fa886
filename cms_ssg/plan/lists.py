"""Update the lists that moved: their pages, their cards, and the paths they claim."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, LiteralString

from psycopg import Connection

from cms_ssg.content.schema.content_types import FIELD
from cms_ssg.kinds.claim import DEFAULT, LIST, ClaimRow, Owner, number_list_page
from cms_ssg.kinds.core_kinds import SITEMAP_OF_LISTS
from cms_ssg.kinds.list_kind import ListRule, feed_path, member_of_list, page_path
from cms_ssg.paths import canonical_path
from cms_ssg.plan.context import PlanContext
from cms_ssg.plan.derive import make_sort_key
from cms_ssg.reads import LIST as LIST_CARD
from cms_ssg.reads import entry_key, name_key
from cms_ssg.render.list_rules import list_kind, list_rule
from cms_ssg.site import Site
from cms_ssg.store.claims import save_claims
from cms_ssg.store.list_pages import count_lastmods, cut_pages
from cms_ssg.store.lists import ItemRow, StaleList, list_stale, save_items, save_lists
from cms_ssg.types import Json

BATCH = 2000

TERM_ENTRIES: Final[LiteralString] = """
SELECT x.list, c.entry, c.card FROM unnest(%(lists)s::int[], %(names)s::text[]) AS x(list, name)
JOIN cms.claims w ON w.site = %(site)s AND w.name = x.name COLLATE "C" AND w.wins
JOIN cms.cards c ON c.entry = w.owner"""


def update_lists(context: PlanContext, own: bool = False) -> int:
    """Update up to BATCH stale lists, those of entries before those of lists. Returns how many; 0 when none is left.

    own: only those that this transaction moved.
    """
    if stale := list_stale(context.connection, context.site_id, BATCH, own):
        _update(context, stale)
    return len(stale)


def _update(context: PlanContext, stale: Sequence[StaleList]) -> None:
    connection, site, site_id, names, marks = context.connection, context.site, context.site_id, context.names, context.marks
    rules = [list_rule(site, s.locale, s.name) for s in stale]
    pages = cut_pages(connection, stale, [r.size for r in rules], [r.chunks for r in rules])
    lastmods = count_lastmods(connection, [s.id for s, r in zip(stale, rules, strict=True) if r.chunks])
    entries = _term_entries(connection, site, site_id, stale, rules)
    there = [_is_there(site, row, rule, row.id in entries) for row, rule in zip(stale, rules, strict=True)]
    indexes = {(row.locale, rule.index) for row, rule, is_there in zip(stale, rules, there, strict=True) if is_there and rule.index}
    parents = names.ensure(connection, {("", SITEMAP_OF_LISTS), *indexes})
    fronts: dict[int, list[ClaimRow]] = {}
    numbered: dict[int, list[ClaimRow]] = {}
    items: list[ItemRow] = []
    updated = []
    for row, rule, is_there in zip(stale, rules, there, strict=True):
        card = _make_card(row, rule, entries.get(row.id)) if is_there else None
        count = pages.get(row.id, 0) if is_there else 0
        if rule.chunks and card is not None:
            card["files"] = [[page_path(rule, number), lastmod] for number, lastmod in lastmods.get(row.id, ())]
        updated.append((row.id, count, card))
        if card != row.card:
            marks.read(entry_key(LIST_CARD, row.id), f"list {row.name}")
            marks.read(name_key(f"list/{row.locale}/{row.name}"), f"list {row.name}")
        fronts[row.id] = list(_front_claims(site, row, rule)) if card is not None else []
        known = min(row.pages, count) if row.stale_from else 0  # updated from the start: its archive may have another address
        for number in range(known + 1, max(row.pages, count) + 1):
            numbered[number_list_page(row.id, number)] = (
                [_page_claim(row, rule, number)] if number <= count and (rule.url or rule.page_url) else []
            )
        if rule.index and card is not None:
            items.append(ItemRow(parents[(row.locale, rule.index)], _place(site, row, rule, card), member_of_list(row.id), None))
        if rule.url and card is not None and site.features.outputs[rule.kind].page and not rule.noindex:
            items.append(ItemRow(parents[("", SITEMAP_OF_LISTS)], _address(row, rule), member_of_list(row.id), None))
    for owner_kind, claims in ((Owner.LIST, fronts), (Owner.LIST_PAGE, numbered)):
        if claims:
            changes, _ = save_claims(connection, site_id, owner_kind, claims)
            marks.names(changes)
    # by its card a list had a page before, or was in an index; the home page's list is in none
    members = [member_of_list(row.id) for row, rule in zip(stale, rules, strict=True) if rule.index or rule.url or row.card]
    if members:
        marks.positions.update(save_items(connection, members, items))
    save_lists(connection, updated)


def _is_there(site: Site, row: StaleList, rule: ListRule, is_described: bool) -> bool:
    """Whether a list has a page, a card and a place in others. is_described: an entry describes it, without which some kinds have none."""
    kind = list_kind(site, row.name)
    return (kind is None or not kind.head or is_described) and (row.items >= rule.least or rule.always)


def _term_entries(
    connection: Connection, site: Site, site_id: int, stale: Sequence[StaleList], rules: Sequence[ListRule]
) -> dict[int, tuple[int, Json]]:
    """(id, card) of the entry that describes a list: a term or author in its locale or else the default one, or the head that its kind names."""
    found: dict[int, tuple[int, Json]] = {}
    both = list(zip(stale, rules, strict=True))
    headed = [(s, rule, kind.head) for s, rule in both if (kind := list_kind(site, s.name)) is not None and kind.head]
    if headed:
        refs = [f"{s.locale}/{head}:{rule.slug}" for s, rule, head in headed]
        rows = connection.execute(TERM_ENTRIES, {"lists": [s.id for s, _, _ in headed], "names": refs, "site": site_id})
        found.update({number: (entry, card) for number, entry, card in rows})
    wanted = [(s.id, s.locale, rule) for s, rule in both if rule.group in site.settings.taxonomies]
    for locale in (site.default_locale, None):
        lists, refs = [], []
        for number, own, rule in wanted:
            for ref in _list_references(site, rule):
                lists.append(number)
                refs.append(f"{locale or own}/{ref}")
        if lists:
            rows = connection.execute(TERM_ENTRIES, {"lists": lists, "names": refs, "site": site_id})
            found.update({number: (entry, card) for number, entry, card in rows})
    return found


def _list_references(site: Site, rule: ListRule) -> Iterator[str]:
    """How an entry that describes this term may be called: ``author:ada``, ``term:tag/flood``."""
    for schema in site.schemas.values():
        if schema.heads == rule.group:
            yield f"{schema.name}:{rule.slug}"
        elif schema.heads.startswith(FIELD):
            yield f"{schema.name}:{rule.group}/{rule.slug}"


def _make_card(row: StaleList, rule: ListRule, entry: tuple[int, Json] | None) -> dict[str, Json]:
    """What pages show of a list: title, URL, and the entry that describes it."""
    card: dict[str, Json] = {
        "title": rule.title or row.label or rule.slug.replace("-", " "),
        "path": rule.url,
        "group": rule.group,
        "slug": rule.slug,
    }
    if rule.description:
        card["description"] = rule.description
    if rule.index and not rule.chunks:
        card["taxonomy"] = rule.group
    if rule.noindex:
        card["noindex"] = True
    if entry is not None:
        card["title"] = entry[1]["title"]
        card["description"] = entry[1].get("summary") or ""
        card["entry"] = entry[0]
        if parent := entry[1].get("parent"):
            card["parent"] = f"{rule.group}/{parent}"
    return card


def _front_claims(site: Site, row: StaleList, rule: ListRule) -> Iterator[ClaimRow]:
    """The first page of a list, its feeds, and what verticals make of it besides."""
    for vertical in site.features.verticals:
        if vertical.list_claims is not None:
            yield from vertical.list_claims(site, row.locale, rule, row.id)
    if not rule.url:
        return
    kind = DEFAULT if rule.always or rule.group == "lists" else LIST
    key = f"{row.name}"
    if path := _safe(rule.url):
        yield ClaimRow(path, kind, row.locale, key, Owner.LIST, row.id, {"kind": rule.kind, "list": row.id})
    for feed in rule.feeds:
        spec = {"kind": "feed", "list": row.id, "format": feed}
        yield ClaimRow(feed_path(rule, feed), kind, row.locale, f"{key} {feed}", Owner.LIST, row.id, spec)
    if (
        rule.group == "home" and site.features.role_of({"kind": rule.kind}) != "front"
    ):  # whoever asks for the home page is sent on, unless there is a page
        spec = {"kind": "redirect", "target": rule.url}
        yield ClaimRow(f"{site.prefix(row.locale)}/", DEFAULT, row.locale, key, Owner.LIST, row.id, spec)


def _page_claim(row: StaleList, rule: ListRule, number: int) -> ClaimRow:
    spec = {"kind": rule.page_kind, "list": row.id, "page": number}
    return ClaimRow(
        page_path(rule, number), LIST, row.locale, f"{row.name} {number}", Owner.LIST_PAGE, number_list_page(row.id, number), spec
    )


def _safe(path: str) -> str:
    """The path, or '' where a setting makes one that is not safe (reported by `cms check`)."""
    try:
        return canonical_path(path)
    except ValueError:
        return ""


def _place(site: Site, row: StaleList, rule: ListRule, card: dict[str, Json]) -> bytes:
    """A list's place among its like: by title, unless its kind says otherwise."""
    kind = list_kind(site, row.name)
    order = kind.order if kind is not None else ("title",)
    return make_sort_key(order, card, rule.slug.encode(), row.locale)


def _address(row: StaleList, rule: ListRule) -> bytes:
    """A list's place in the sitemap of lists: by address, which two lists may want."""
    return b"\x01" + "\x00".join((rule.url, row.locale, row.name)).encode()
