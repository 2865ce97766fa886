"""The kinds of outputs and lists that every site has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cms_ssg.kinds.list_kind import Item, ListKind, ListRule, Placing, claimable
from cms_ssg.kinds.output_kind import HTML, JSON, XML, OutputKind
from cms_ssg.kinds.phases import ARCHIVES, ASSETS, FEEDS, LEAVES
from cms_ssg.kinds.phases import LISTS as LIST_PHASE
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Json

if TYPE_CHECKING:
    from cms_ssg.site import Site

SITEMAP_OF_LISTS: Final = "sitemap/lists"
"""The list of all lists that have pages: they are addresses too."""

SITEMAP_SIZE = 1000
"""Addresses a sitemap file holds at most; the protocol allows 50,000, but a small file costs less to make again."""

MOST_PLACES: Final = 1 << 31
"""Above every place among the most read."""

_RENDER, _STAGES = "cms_ssg.render.output:render_", "cms_ssg.render.requests:"

_ENTRY: Final = OutputKind(
    "entry", LEAVES, HTML, f"{_RENDER}entry", f"{_STAGES}ENTRY_STAGES", page=True, linked=True, content=True, noun="page", role="entry", holds=True,
    shown="leaf",
)  # fmt: skip
"""The page of an entry."""

OUTPUTS: Final = (
    OutputKind("asset", ASSETS, "", made="copied", cache="assets", fingerprinted=True),
    OutputKind("file", ASSETS, "", made="copied"),
    OutputKind("image", ASSETS, "", made="image", cache="assets"),
    _ENTRY,
    replace(_ENTRY, name="fallback", role="", holds=False, noun="fallback page"),
    OutputKind("redirect", LEAVES, HTML, f"{_RENDER}redirect", f"{_STAGES}REDIRECT_STAGES", role="redirect", noun="alias"),
    OutputKind("404", LEAVES, HTML, f"{_RENDER}404", page=True, shown="leaf", noun="404 page"),
    OutputKind("search", LEAVES, HTML, f"{_RENDER}search", page=True, linked=True, role="search", shown="leaf", noun="search page"),
    OutputKind(
        "home", LIST_PHASE, HTML, f"{_RENDER}list", f"{_STAGES}LIST_STAGES", page=True, role="front", shown="list", noun="home page"
    ),
    OutputKind("list", LIST_PHASE, HTML, f"{_RENDER}list", f"{_STAGES}LIST_STAGES", page=True, linked=True, shown="list"),
    OutputKind("archive", ARCHIVES, HTML, f"{_RENDER}list", f"{_STAGES}LIST_STAGES", page=True, linked=True, shown="leaf", noun="list"),
    OutputKind("terms", LIST_PHASE, HTML, f"{_RENDER}terms", f"{_STAGES}TERMS_STAGES", page=True, linked=True, shown="list", noun="index"),
    OutputKind("feed", FEEDS, XML, f"{_RENDER}feed", f"{_STAGES}FEED_STAGES", linked=True, weight=2, role="feed"),
    OutputKind("sitemap", FEEDS, XML, "cms_ssg.render.sitemap:render_sitemap", f"{_STAGES}SITEMAP_STAGES", weight=20),
    OutputKind("sitemaps", FEEDS, XML, "cms_ssg.render.sitemap:render_sitemap_index", f"{_STAGES}TERMS_STAGES", noun="sitemap"),
    OutputKind(
        "search-data", ARCHIVES, "", f"{_RENDER}search_file", f"{_STAGES}SEARCH_FILE_STAGES", fingerprinted=True, noun="search index"
    ),
    OutputKind("search-entry", FEEDS, JSON, f"{_RENDER}search_file", f"{_STAGES}SEARCH_FILE_STAGES", noun="search index"),
    OutputKind("robots", FEEDS, "text/plain; charset=utf-8", f"{_RENDER}robots", noun="robots.txt"),
)


def _list_by_type(placing: Placing) -> Iterator[Item]:
    if placing.path and "type" in placing.schema.list_kinds and not placing.fields.get("unlisted"):
        for where in placing.locales:
            yield Item(where, f"type/{placing.row.type}", placing.place(where))


def _list_by_term(placing: Placing) -> Iterator[Item]:
    """The lists of the terms that an entry names, in every taxonomy of the site."""
    if not placing.path or placing.fields.get("unlisted"):
        return
    for taxonomy, rule in placing.site.settings.taxonomies.items():
        seen = set()
        for name in term_names(placing.fields.get(rule.field)):
            slug = make_slug(name)
            if slug and slug not in seen:
                seen.add(slug)
                for where in placing.locales:
                    place = placing.sort_key((*rule.sort, *placing.schema.sort), where)
                    yield Item(where, f"{taxonomy}/{slug}", place, None if name == slug else name)


def _list_variants(placing: Placing) -> Iterator[Item]:
    row = placing.row
    if placing.path and len(placing.site.locales) > 1:
        yield Item("", f"variants/{row.translation_key}", b"\x01" + row.locale.encode() + b"\x00" + row.claim_key.encode())


def _list_in_sitemap(placing: Placing) -> Iterator[Item]:
    if placing.path and placing.indexed:
        date = placing.fields.get("date")
        yield Item("", f"sitemap/{date[:7] if date else 'pages'}", placing.sort_key(("-date",), ""))


def _list_children(placing: Placing) -> Iterator[Item]:
    """The terms below another one."""
    taxonomy = placing.schema.headed_taxonomy(placing.fields)
    if taxonomy and placing.fields.get("parent"):
        yield Item(placing.row.locale, f"children/{taxonomy}/{make_slug(str(placing.fields['parent']))}", placing.place(placing.row.locale))


def _list_most_read(placing: Placing) -> Iterator[Item]:
    """Those that are read most, the first one first: lists are shown from the high end."""
    place = placing.row.read_place
    if placing.path and place is not None:
        yield Item(placing.row.locale, f"most-read/{placing.row.type}", (MOST_PLACES - place).to_bytes(4, "big") + placing.path.encode())


def term_names(value: Json) -> list[str]:
    """The names in a taxonomy's field: a text, or a list of texts."""
    if not value:
        return []
    return [str(name) for name in (value if isinstance(value, list) else [value]) if str(name).strip()]


def _index_rule(site: Site, locale: str, slug: str) -> ListRule:
    """The page that lists the lists of a group: of a taxonomy, or of a kind that says where it is."""
    if slug == "sitemap":
        return ListRule("lists", slug, "/sitemap.xml", "sitemaps", title=slug)
    if (taxonomy := site.settings.taxonomies.get(slug)) is not None:
        url = claimable(site.prefix(locale) + taxonomy.index) if taxonomy.index else ""
        words = site.words(locale, "taxonomies", slug)
        text = words.description or taxonomy.description
        return ListRule("lists", slug, url, "terms", title=words.title or taxonomy.title or slug, description=text)
    kind = site.features.lists.get(slug)
    url = claimable(site.prefix(locale) + kind.index_url) if kind is not None and kind.index_url else ""
    return ListRule("lists", slug, url, "terms", title=slug)


def _sitemap_rule(site: Site, locale: str, slug: str) -> ListRule:
    return ListRule(
        "sitemap", slug, "", "sitemap", SITEMAP_SIZE, index="lists/sitemap", chunks=True,
        page_kind="sitemap", page_url=f"/sitemap-{slug}-{{number}}.xml",
    )  # fmt: skip


LISTS: Final = (
    ListKind("type", items=_list_by_type),
    ListKind("lists", _index_rule),
    ListKind("sitemap", _sitemap_rule, _list_in_sitemap, order=()),
    ListKind("variants", items=_list_variants),
    ListKind("children", items=_list_children),
    ListKind("most-read", items=_list_most_read),
    ListKind("", items=_list_by_term),
)
"""The last one stands for the taxonomies, whose groups the settings name."""
