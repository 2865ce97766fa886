"""Documents of entries, written in the transaction that derives the entries: what the search index holds of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final, LiteralString, Protocol

import msgspec
from psycopg import Connection

from cms_ssg.reads import digest
from cms_ssg.search.words import cut_bytes, find_configuration, make_plain, make_text, make_words
from cms_ssg.site import Site, source_digest
from cms_ssg.store.arrays import int_array, text_array

SOURCES: Final = ("search/documents.py", "search/values.py", "search/words.py")
"""What decides about a document besides its entry."""

CHUNK_BYTES: Final = 4 << 20
MOST_TITLE, MOST_EXCERPT, MOST_VALUE = 2_000, 10_000, 200

KNOWN: Final[LiteralString] = "SELECT entry, digest FROM cms.documents WHERE entry = ANY(%s::bigint[])"
BODIES: Final[LiteralString] = """
SELECT e.id, coalesce(b.html, ''), e.fields FROM cms.entries e LEFT JOIN cms.bodies b ON b.entry = e.id
WHERE e.id = ANY(%s::bigint[]) AND e.fields ->> 'noindex' IS DISTINCT FROM 'true'
  AND coalesce(e.fields ->> 'visibility', '') NOT IN ('catalog', 'hidden')"""
DELETE: Final[LiteralString] = "DELETE FROM cms.documents WHERE entry = ANY(%s::bigint[])"
DELETE_ALL: Final[LiteralString] = "DELETE FROM cms.documents WHERE site = %s"
DELETE_ENGINE: Final[LiteralString] = "DELETE FROM cms.search_engines WHERE site = %s"
DELETE_PAGES: Final[LiteralString] = "DELETE FROM cms.search_pages WHERE site = %s"

SAVE: Final[LiteralString] = """
INSERT INTO cms.documents AS d (entry, site, type, locale, path, published_at, updated_at, title, excerpt, content, terms, image, location, vector, digest, shown)
SELECT n.entry, %(site)s, n.type, n.locale, n.path, n.published_at, n.updated_at, n.title, n.excerpt, n.content, n.terms, n.image,
       point(n.lng, n.lat),
       cms.make_document_vector(('pg_catalog.' || n.config)::regconfig, n.texts, n.words), decode(n.digest, 'hex'),
       EXISTS (SELECT FROM cms.outputs o WHERE o.site = %(site)s AND o.path = n.path COLLATE "C" AND o.digest IS NOT NULL)
FROM jsonb_to_recordset(%(rows)s::text::jsonb) AS n (entry bigint, type text, locale text, path text, published_at timestamptz, updated_at timestamptz,
  title text, excerpt text, content text, terms text[], image text, lat float8, lng float8, config text, texts text[], words text[], digest text)
ON CONFLICT (entry) DO UPDATE SET (site, type, locale, path, published_at, updated_at, title, excerpt, content, terms, image, location, vector, digest, shown)
  = (excluded.site, excluded.type, excluded.locale, excluded.path, excluded.published_at, excluded.updated_at, excluded.title, excluded.excerpt,
     excluded.content, excluded.terms, excluded.image, excluded.location, excluded.vector, excluded.digest, excluded.shown)"""

SHOW: Final[LiteralString] = """
UPDATE cms.documents d SET shown = true FROM unnest(%s::text[]) p JOIN cms.outputs o ON o.path = p COLLATE "C" AND o.digest IS NOT NULL
WHERE d.site = %s AND NOT d.shown AND d.path = p COLLATE "C" AND o.site = d.site"""

SAVE_PAGE: Final[LiteralString] = """
INSERT INTO cms.search_pages AS p (site, locale, path, html) VALUES (%s, %s, %s, %s)
ON CONFLICT (site, locale) DO UPDATE SET path = excluded.path, html = excluded.html WHERE (p.path, p.html) <> (excluded.path, excluded.html)"""

_encode = msgspec.json.Encoder().encode


class Known(Protocol):
    """What a document is made of, beside the body: an entry as it was just derived, or its stored card."""

    @property
    def entry(self) -> int: ...
    @property
    def type(self) -> str: ...
    @property
    def locale(self) -> str: ...
    @property
    def path(self) -> str | None: ...
    @property
    def card(self) -> dict[str, Any]: ...
    @property
    def full_digest(self) -> bytes: ...


def save_documents(
    connection: Connection, site: Site, site_id: int, derived: Mapping[int, Known], listed: set[int], gone: set[int]
) -> None:
    """Write the documents of entries that are listed and changed, and remove those of entries that are no longer listed.

    gone: entries that were derived before and may have a document.
    """
    wanted = {number for number in listed if _is_found(site, derived[number])}
    known = {entry: bytes(value) for entry, value in connection.execute(KNOWN, (int_array(wanted | gone | derived.keys()),))}
    if old := known.keys() - wanted:
        connection.execute(DELETE, (int_array(old),))
    digests = {number: _make_digest(site, derived[number]) for number in wanted}
    changed = sorted(number for number in wanted if known.get(number) != digests[number])
    for start in range(0, len(changed), 500):
        batch = changed[start : start + 500]
        bodies = {number: (html, fields) for number, html, fields in connection.execute(BODIES, (int_array(batch),))}
        if hidden := (set(batch) - bodies.keys()) & known.keys():
            connection.execute(DELETE, (int_array(hidden),))
        rows, size = [], 0
        for number in sorted(bodies):
            row = _encode(make_document(site, derived[number], *bodies[number]) | {"digest": digests[number].hex()})
            rows.append(row)
            size += len(row)
            if size > CHUNK_BYTES:
                _save(connection, site_id, rows)
                rows, size = [], 0
        _save(connection, site_id, rows)


def _save(connection: Connection, site_id: int, rows: list[bytes]) -> None:
    if rows:
        connection.execute(SAVE, {"site": site_id, "rows": (b"[" + b",".join(rows) + b"]").decode()})


def forget_documents(connection: Connection, site_id: int) -> None:
    """Search was switched off: nothing of it stays."""
    connection.execute(DELETE_ENGINE, (site_id,))
    connection.execute(DELETE_ALL, (site_id,))
    connection.execute(DELETE_PAGES, (site_id,))


def show_published(
    connection: Connection, site_id: int, paths: Sequence[str], pages: Sequence[tuple[str, str]], read: Callable[[str], bytes | None]
) -> None:
    """Let documents be found whose pages were published, and keep the search pages that were, for the API to put results into.

    paths: of the pages that a round made; pages: locale and path of each search page among them; read: gives what was published at a path.
    """
    connection.execute(SHOW, (text_array(paths), site_id))
    for locale, path in pages:
        if (data := read(path)) is not None:
            connection.execute(SAVE_PAGE, (site_id, locale, path, data.decode("utf-8", "replace")))


def make_document(site: Site, d: Known, html: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The document of a listed entry, as SAVE reads it."""
    place = _find_place(fields)
    title, excerpt = _bound(str(d.card.get("title") or ""), MOST_TITLE), _bound(str(d.card.get("summary") or ""), MOST_EXCERPT)
    content, config = make_plain(html), find_configuration(d.locale)
    parts = (title, excerpt, content)
    image = d.card.get("image")
    return {
        "entry": d.entry, "type": d.type, "locale": d.locale, "path": d.path, "title": title, "excerpt": excerpt, "content": content,
        "published_at": _date(d.card.get("date")), "updated_at": _date(d.card.get("updated")), "terms": list_terms(d, fields, list_facet_fields(site, d.type)),
        "lat": place[0] if place else None, "lng": place[1] if place else None,
        "image": image if isinstance(image, str) else None, "config": config,
        "texts": [] if config == "simple" else [make_text(part) for part in parts], "words": [make_words(part) for part in parts],
    }  # fmt: skip


def list_terms(d: Known, fields: Mapping[str, Any], facet_fields: Sequence[str]) -> list[str]:
    """What an entry is filtered and counted by, in the form of lists' names: ``type/post``, ``section/history``, ``city/Porto``."""
    terms = {f"type/{d.type}"}
    for taxonomy, names in (d.card.get("terms") or {}).items():
        terms.update(f"{taxonomy}/{slug}" for slug, _ in names if slug)
    for field in facet_fields:
        value = fields.get(field)
        for one in value if isinstance(value, list) else (value,):
            if isinstance(one, str | int | float) and (text := _bound(_say(one), MOST_VALUE)):
                terms.add(f"{field}/{text}")
    return sorted(terms)


def list_facet_fields(site: Site, type_name: str) -> tuple[str, ...]:
    """The fields of a type that are facets by themselves, besides its taxonomies."""
    schema = site.schemas.get(type_name)
    return tuple(field for field in schema.facets if field not in schema.lists) if schema is not None else ()


def list_facets(site: Site) -> tuple[str, ...]:
    """Every facet of a site: the type, its taxonomies, and fields with ``x-facet``."""
    fields = {field for name in site.schemas for field in list_facet_fields(site, name)}
    return tuple(dict.fromkeys(("type", *site.settings.taxonomies, *sorted(fields))))


def _say(value: str | float) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _find_place(fields: Mapping[str, Any]) -> tuple[float, float] | None:
    lat, lng = fields.get("latitude"), fields.get("longitude")
    if isinstance(lat, int | float) and isinstance(lng, int | float) and -90 <= lat <= 90 and -180 <= lng <= 180:
        return float(lat), float(lng)
    return None


def _is_found(site: Site, d: Known) -> bool:
    search = site.settings.search
    return search is not None and d.path is not None and (not search.types or d.type in search.types)


def _bound(text: str, most: int) -> str:
    return cut_bytes(" ".join(text.replace("\0", "").split()), most)


def _date(value: Any) -> str | None:
    return value if isinstance(value, str) and len(value) >= 10 else None


def _make_digest(site: Site, d: Known) -> bytes:
    return digest(bytes(d.full_digest), *_list_sources(), *(field.encode() for field in list_facet_fields(site, d.type)))


@cache
def _list_sources() -> tuple[bytes, ...]:
    return (source_digest(SOURCES),)
