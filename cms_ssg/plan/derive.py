"""From an entry's stored fields to all that other pages can see of it: card, address, claims and places in lists.

Pure: the same row, settings and clock give the same result, whatever happened before.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import unquote

import msgspec

from cms_ssg.kinds.claim import ALIAS, ENTRY, FALLBACK, LATE_ALIAS, ClaimRow, Owner
from cms_ssg.kinds.core_kinds import term_names
from cms_ssg.kinds.list_kind import EntryRow, Item, Placing
from cms_ssg.paths import canonical_path
from cms_ssg.reads import digest
from cms_ssg.render.list_rules import described_paths, is_made_file, own_paths
from cms_ssg.site import Site
from cms_ssg.store.claims import REFUSED
from cms_ssg.text.collation import make_text_key
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Json

encode_json = msgspec.json.Encoder(order="sorted").encode
decode_json = msgspec.json.Decoder().decode


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
    live = live and row.locale in site.locales  # one that the settings no longer have has no addresses
    live = live and (row.publish_at is None or row.publish_at <= now) and (row.expire_at is None or now < row.expire_at)
    path, problem = None, ""
    if schema is None and row.status == "published" and not row.removed:
        problem = f"there is no content type {row.type!r}"
    if schema is not None and schema.pages:
        try:
            path = canonical_path(site.entry_path(row.collection, row.type, row.locale, row.source_key, fields))
        except ValueError as error:
            live, problem = False, f"no path for this entry: {error}" if live else ""
    for vertical in site.features.verticals:
        if vertical.fields_at is not None:
            fields = vertical.fields_at(row, fields, now)
    is_archived = bool(fields.get("archived")) and schema is not None and "archived" in schema.properties
    was_live, live = live, live and not is_archived
    indexed = not fields.get("noindex") and _stands_here(site, path or "", str(fields.get("canonical") or ""))
    card = make_card(site, row, fields, path)
    if not indexed:
        card["unindexed"] = True
    lastmod = fields.get("updated") or fields.get("date") or ""
    address = encode_json([path, lastmod, not indexed, row.locale, row.translation_key])
    card_bytes = encode_json(card)
    return Derived(
        row.id, row.type, row.locale, row.translation_key, live, path, card, card_bytes.decode(),
        digest(card_bytes), digest(address), digest(card_bytes, address, row.fields.encode(), row.body_key or b"", row.source_key.encode()),
        tuple(claim_names(site, row, fields, path) if live else _redirect_archived(site, row, fields, path) if was_live else ()),
        tuple(list_items(site, row, fields, path, indexed)) if live else (),
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
    schema = site.schemas.get(row.type)
    if schema is not None and (taxonomy := schema.headed_taxonomy(fields)):  # which list it describes, and below which one
        card["taxonomy"] = taxonomy
        if fields.get("parent"):
            card["parent"] = make_slug(str(fields["parent"]))
    for taxonomy, rule in site.settings.taxonomies.items():
        if terms := term_names(fields.get(rule.field)):
            card.setdefault("terms", {})[taxonomy] = [[make_slug(name), name] for name in terms]
    return card


def claim_names(site: Site, row: EntryRow, fields: dict[str, Json], path: str | None) -> Iterator[ClaimRow]:
    """The names a live entry wants: its path, its aliases, what others may call it, its fallback pages."""
    key, locale, owner = row.claim_key, row.locale, row.id
    since = str(fields.get("date") or "") or (row.publish_at.astimezone(UTC).isoformat() if row.publish_at else "")

    def claim(name: str, kind: int, spec: dict[str, Json] | None = None) -> ClaimRow:
        return ClaimRow(name, kind, locale, key, Owner.ENTRY, owner, spec, since=since)

    if path:
        yield claim(path, REFUSED if is_made_file(site, path) else ENTRY, {"kind": "entry", "type": row.type})
    for name, target in _redirects(site, row, fields, path):
        yield claim(name, alias_kind(site, name), {"kind": "redirect"} | ({"target": target} if target else {}))
    yield claim(f"{locale}/{site.schemas[row.type].reference(fields)}", ENTRY)
    yield ClaimRow(f"file:{row.source_key}", ENTRY, "", key, Owner.ENTRY, owner, None)
    if fields.get("id"):
        yield claim(f"id:{fields['id']}", ENTRY)
    if path and locale == site.default_locale:
        for other in site.fallback_locales:
            yield ClaimRow(
                site.path_in(path, locale, other),
                FALLBACK,
                other,
                key,
                Owner.ENTRY,
                owner,
                {"kind": "fallback", "type": row.type, "locale": other},
            )
    for vertical in site.features.verticals:
        if vertical.claims is not None:
            yield from vertical.claims(site, row, fields, path)


def _redirect_archived(site: Site, row: EntryRow, fields: dict[str, Json], path: str | None) -> Iterator[ClaimRow]:
    """The addresses of an entry that was archived lead to what took its place; without that they are gone."""
    target = str(fields.get("replaced_by") or "")
    if target and path:
        if target.partition(":")[0] in site.schemas:
            target = f"ref:{target}"
        aliases = [canonical_path("/" + str(alias).lstrip("/")) for alias in fields.get("aliases") or ()]
        for name in dict.fromkeys([path, *aliases]):
            yield ClaimRow(name, alias_kind(site, name), row.locale, row.claim_key, "e", row.id, {"kind": "redirect", "target": target})


def _redirects(site: Site, row: EntryRow, fields: dict[str, Json], path: str | None) -> Iterator[tuple[str, str]]:
    """(path, where it leads) of what this entry redirects; "" leads to the entry. What has no page of its own to lead to redirects nothing."""
    target = str(fields.get("to") or "") if row.type == "redirect" else ""
    if target.partition(":")[0] in site.schemas:
        target = f"ref:{target}"
    pages = [path] if path else described_paths(site, {**fields, "type": row.type, "locale": row.locale})
    if not pages and not target:
        return
    seen = set(pages[:1])
    for given in fields.get("from" if target else "aliases") or ():
        try:
            name = canonical_path("/" + str(given).lstrip("/"))
        except ValueError:
            continue
        if name not in seen and name != target:
            seen.add(name)
            yield name, target


def alias_kind(site: Site, name: str) -> int:
    """How a redirect from this path is ranked: behind every page, also those that the site makes by itself."""
    own = own_paths(site)
    return REFUSED if name in own.files else LATE_ALIAS if name in own.pages else ALIAS


def list_items(site: Site, row: EntryRow, fields: dict[str, Json], path: str | None, indexed: bool) -> Iterator[Item]:
    """The lists a live entry is in, with its place in each. indexed: search engines may have it, at this address."""
    schema, locale = site.schemas[row.type], row.locale
    tie = (path or row.claim_key).encode()
    made: dict[tuple[tuple[str, ...], str], bytes] = {}

    def make_key(sort: tuple[str, ...], where: str) -> bytes:
        if (key := made.get((sort, where))) is None:
            key = made[(sort, where)] = make_sort_key(sort, fields, tie, where)
        return key

    placing = Placing(site, row, schema, fields, path, indexed, make_key, (locale, *site.list_fallback_locales(locale)))
    for kind in site.features.lists.values():
        if kind.items is not None:
            yield from kind.items(placing)


def _stands_here(site: Site, path: str, canonical: str) -> bool:
    """Whether an entry with this canonical address, if it has one, is itself the original."""
    return not canonical or unquote(canonical).rstrip("/") in (f"{site.settings.base_url.rstrip('/')}{path}".rstrip("/"), path.rstrip("/"))


def make_sort_key(sort: tuple[str, ...], fields: dict[str, Json], tie: bytes, locale: str) -> bytes:
    """Bytes that compare as the sort order does, its first entry highest: lists are shown from the high end.

    sort: field names, ``-`` before those whose highest value comes first; tie: unique within the list; locale: whose language orders texts.
    """
    parts = [b"\x01"]
    for name in sort:
        descending = name.startswith("-")
        part = sortable_bytes(fields.get(name.lstrip("-")), locale)
        parts.append(part if descending else bytes(255 - byte for byte in part))
    return b"".join(parts) + tie


def sortable_bytes(value: Json, locale: str) -> bytes:
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
    return b"\x04" + make_text_key(text, locale)


class OldCard(NamedTuple):
    """What the last round that saw an entry derived of it."""

    entry: int
    type: str
    translation_key: str
    live: bool
    listed: bool
    held: bool
    path: str | None
    card_digest: bytes
    address_digest: bytes
    full_digest: bytes
    slug: str | None
    taxonomy: str | None
    file: str
