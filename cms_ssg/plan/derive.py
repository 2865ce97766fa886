"""From an entry's stored fields to all that other pages can see of it: card, address, claims and places in lists.

Pure: the same row, settings and clock give the same result, whatever happened before.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple
from urllib.parse import unquote

import msgspec

from cms_ssg.content.slugs import make_slug
from cms_ssg.paths import canonical_path
from cms_ssg.reads import digest
from cms_ssg.site import Site
from cms_ssg.store.claims import ClaimRow
from cms_ssg.types import Json

ENTRY, FILE, LIST, ALIAS, FALLBACK, DEFAULT = 0, 1, 2, 3, 4, 5
"""Kinds of claims; the lowest wins. A lost FALLBACK or DEFAULT is no conflict."""

encode_json = msgspec.json.Encoder(order="sorted").encode
decode_json = msgspec.json.Decoder().decode


class EntryRow(NamedTuple):
    """What a round reads of an entry; fields and excerpt are parsed from the store."""

    id: int
    source_key: str
    collection: str
    type: str
    locale: str
    translation_key: str
    status: str
    publish_at: datetime | None
    expire_at: datetime | None
    removed: bool
    fields: str
    body_key: bytes | None
    excerpt: str
    source: str = "file"

    @property
    def claim_key(self) -> str:
        """What ties between entries are decided by: a file and an entry of the store may have one name."""
        return self.source_key if self.source == "file" else f"{self.source_key} ({self.source})"


class Item(NamedTuple):
    """A place in a list. label: how the entry writes the list's name, None where it is the slug."""

    locale: str
    list: str
    sort_key: bytes
    label: str | None = None


class Derived(NamedTuple):
    """All that is derived from one entry. path: None for a type without pages; problem: why it cannot be live."""

    entry: int
    type: str
    locale: str
    translation_key: str
    live: bool
    path: str | None
    card: dict[str, Json]
    card_json: str
    card_digest: bytes
    address_digest: bytes
    full_digest: bytes
    claims: tuple[ClaimRow, ...]
    items: tuple[Item, ...]
    problem: str = ""


def derive_entry(site: Site, row: EntryRow, now: datetime) -> Derived:
    """Everything derived from one entry as it is at `now`."""
    fields = decode_json(row.fields)
    schema = site.schemas.get(row.type)
    live = schema is not None and not row.removed and row.status == "published"
    live = live and (row.publish_at is None or row.publish_at <= now) and (row.expire_at is None or now < row.expire_at)
    path, problem = None, ""
    if schema is None and row.status == "published" and not row.removed:
        problem = f"there is no content type {row.type!r}"
    if schema is not None and schema.pages:
        try:
            path = canonical_path(site.entry_path(row.collection, row.type, row.locale, row.source_key, fields))
        except ValueError as error:
            live, problem = False, f"no path for this entry: {error}" if live else ""
    card = make_card(site, row, fields, path)
    lastmod = fields.get("updated") or fields.get("date") or ""
    address = encode_json([path, lastmod, bool(fields.get("noindex")), row.locale, row.translation_key])
    card_bytes = encode_json(card)
    return Derived(
        row.id, row.type, row.locale, row.translation_key, live, path, card, card_bytes.decode(),
        digest(card_bytes), digest(address), digest(card_bytes, address, row.fields.encode(), row.body_key or b"", row.source_key.encode()),
        tuple(claim_names(site, row, fields, path)) if live else (),
        tuple(list_items(site, row, fields, path)) if live else (),
        problem,
    )  # fmt: skip


def make_card(site: Site, row: EntryRow, fields: dict[str, Json], path: str | None) -> dict[str, Json]:
    """What other pages may show of an entry: its schema's card fields, path, summary and the terms it names."""
    card = {name: fields[name] for name in site.card_fields(row.type) if fields.get(name) is not None}
    card["title"] = fields.get("title") or row.source_key
    card["summary"] = fields.get("excerpt") or row.excerpt
    card["path"], card["slug"] = path, fields.get("slug") or ""
    card["type"], card["locale"], card["file"] = row.type, row.locale, row.source_key
    card["variants"] = row.translation_key
    if row.type == "term":  # which list it describes, and below which one
        card["taxonomy"] = fields.get("taxonomy") or "tag"
        if fields.get("parent"):
            card["parent"] = make_slug(str(fields["parent"]))
    for taxonomy, rule in site.settings.taxonomies.items():
        if terms := term_names(fields.get(rule.field)):
            card.setdefault("terms", {})[taxonomy] = [[make_slug(name), name] for name in terms]
    return card


def claim_names(site: Site, row: EntryRow, fields: dict[str, Json], path: str | None) -> Iterator[ClaimRow]:
    """The names a live entry wants: its path, its aliases, what others may call it, its fallback pages."""
    key, locale, owner = row.claim_key, row.locale, row.id
    seen = {path}
    if path:
        yield ClaimRow(path, ENTRY, locale, key, "e", owner, {"kind": "entry", "type": row.type})
    for alias in fields.get("aliases") or ():
        try:
            name = canonical_path("/" + str(alias).lstrip("/"))
        except ValueError:
            continue
        if name not in seen:
            seen.add(name)
            yield ClaimRow(name, ALIAS, locale, key, "e", owner, {"kind": "redirect"})
    slug = str(fields.get("slug") or "")
    if row.type == "term":
        yield ClaimRow(f"{locale}/term:{fields.get('taxonomy') or 'tag'}/{slug}", ENTRY, locale, key, "e", owner, None)
    else:
        yield ClaimRow(f"{locale}/{row.type}:{slug}", ENTRY, locale, key, "e", owner, None)
    yield ClaimRow(f"file:{row.source_key}", ENTRY, "", key, "e", owner, None)
    if fields.get("id"):
        yield ClaimRow(f"id:{fields['id']}", ENTRY, locale, key, "e", owner, None)
    if path and locale == site.default_locale:
        for other in site.fallback_locales:
            yield ClaimRow(
                site.path_in(path, locale, other), FALLBACK, other, key, "e", owner, {"kind": "fallback", "type": row.type, "locale": other}
            )


def list_items(site: Site, row: EntryRow, fields: dict[str, Json], path: str | None) -> Iterator[Item]:
    """The lists a live entry is in, with its place in each."""
    schema, locale = site.schemas[row.type], row.locale
    tie = (path or row.claim_key).encode()
    place = make_sort_key(schema.sort, fields, tie)
    date = fields.get("date")
    if path:
        for where in (locale, *site.list_fallback_locales(locale)):
            yield Item(where, f"type/{row.type}", place)
            seen = set()
            for taxonomy, rule in site.settings.taxonomies.items():
                for name in term_names(fields.get(rule.field)):
                    slug = make_slug(name)
                    if slug and (taxonomy, slug) not in seen:
                        seen.add((taxonomy, slug))
                        at = make_sort_key(("-weight", *schema.sort), fields, tie) if taxonomy == "series" else place
                        yield Item(where, f"{taxonomy}/{slug}", at, None if name == slug else name)
            if date and schema.months:
                yield Item(where, f"month/{site.local_month(date)}", place)
        if len(site.locales) > 1:
            yield Item("", f"variants/{row.translation_key}", b"\x01" + row.locale.encode() + b"\x00" + row.claim_key.encode())
        if not fields.get("noindex") and _stands_here(site, path, str(fields.get("canonical") or "")):
            yield Item("", f"sitemap/{date[:7] if date else 'pages'}", make_sort_key(("-date",), fields, tie))
    if row.type == "term" and fields.get("parent"):
        yield Item(locale, f"children/{fields.get('taxonomy') or 'tag'}/{make_slug(str(fields['parent']))}", place)


def _stands_here(site: Site, path: str, canonical: str) -> bool:
    """Whether an entry with this canonical address, if it has one, is itself the original."""
    return not canonical or unquote(canonical).rstrip("/") in (f"{site.settings.base_url.rstrip('/')}{path}".rstrip("/"), path.rstrip("/"))


def term_names(value: Json) -> list[str]:
    """The names in a taxonomy's field: a text, or a list of texts."""
    if not value:
        return []
    return [str(name) for name in (value if isinstance(value, list) else [value]) if str(name).strip()]


def make_sort_key(sort: tuple[str, ...], fields: dict[str, Json], tie: bytes) -> bytes:
    """Bytes that compare as the sort order does, its first entry highest: lists are shown from the high end.

    sort: field names, ``-`` before those whose highest value comes first; tie: unique within the list.
    """
    parts = [b"\x01"]
    for name in sort:
        descending = name.startswith("-")
        part = sortable_bytes(fields.get(name.lstrip("-")))
        parts.append(part if descending else bytes(255 - byte for byte in part))
    return b"".join(parts) + tie


def sortable_bytes(value: Json) -> bytes:
    """One value as bytes of which none is a prefix of another's: a rank byte by type, then the value."""
    if value is None:
        return b"\x01"
    if isinstance(value, bool | int | float):
        bits = int.from_bytes(struct.pack(">d", float(value)), "big")
        return b"\x02" + (bits ^ (0xFFFFFFFFFFFFFFFF if bits >> 63 else 1 << 63)).to_bytes(8, "big")
    text = str(value)
    if len(text) >= 20 and text[4] == "-" and text[-1] == "Z":
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            pass
        else:
            day = at.toordinal()
            return (
                b"\x03"
                + day.to_bytes(4, "big")
                + ((at.hour * 60 + at.minute) * 60 * 1_000_000 + at.second * 1_000_000 + at.microsecond).to_bytes(5, "big")
            )
    return b"\x04" + text.casefold().encode().replace(b"\x00", b"\x01") + b"\x00"
