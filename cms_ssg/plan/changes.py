"""Turn change rows into derived rows and dirty outputs: the step that makes an edit cost what it changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, LiteralString

from psycopg import Connection

from cms_ssg.kinds.claim import FALLBACK, FILE, ClaimRow, Owner
from cms_ssg.kinds.list_kind import EntryRow
from cms_ssg.kinds.reference import resolve
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.paths import file_path
from cms_ssg.plan.context import PlanContext
from cms_ssg.plan.derive import Derived, OldCard, derive_entry
from cms_ssg.plan.dirty import Marks
from cms_ssg.plan.rows import derive_rows, find_followers
from cms_ssg.plan.translations import fill_shared_fields, with_translations
from cms_ssg.reads import ADDRESS, CARD, FULL, entry_key, name_key
from cms_ssg.render.list_rules import own_paths
from cms_ssg.site import Site
from cms_ssg.store.arrays import int_array
from cms_ssg.store.claims import REFUSED, save_claims
from cms_ssg.store.lists import ItemRow, mark_lists_stale, save_items, touch_lists

BATCH = 4000
FILE_FORM = 1
"""Changes when files are published in another way: they are copied again."""

CHANGES: Final[LiteralString] = """
SELECT id, kind, subject, name FROM cms.changes WHERE site = %s AND (NOT %s OR kind IN ('n', 'r')) ORDER BY id LIMIT %s"""
DELETE_CHANGES: Final[LiteralString] = "DELETE FROM cms.changes WHERE id = ANY(%s::bigint[])"

ENTRIES: Final[LiteralString] = """
SELECT e.id, e.source_key, e.collection, e.type, e.locale, e.translation_key, e.status, e.publish_at, e.expire_at,
       e.removed_at IS NOT NULL, e.fields::text, coalesce(b.key, e.body_key), coalesce(b.excerpt, ''), e.source, m.place
FROM cms.entries e LEFT JOIN cms.bodies b ON b.entry = e.id LEFT JOIN cms.most_read m ON m.entry = e.id WHERE e.id = ANY(%s::bigint[]) ORDER BY e.id"""

CARDS: Final[LiteralString] = """
SELECT entry, type, translation_key, live, listed, held, path, card_digest, address_digest, full_digest, card ->> 'slug', card ->> 'taxonomy', card ->> 'file'
FROM cms.cards WHERE entry = ANY(%s::bigint[])"""

LOST_PATHS: Final[LiteralString] = """
SELECT owner FROM cms.claims WHERE site = %s AND NOT wins AND owner_kind = 'e' AND spec ->> 'kind' = ANY(%s::text[]) AND owner = ANY(%s::bigint[])"""

DELETE_CARDS: Final[LiteralString] = "DELETE FROM cms.cards WHERE entry = ANY(%s::bigint[])"

COPY_CARDS: Final[LiteralString] = """
COPY cms.cards (entry, site, type, locale, translation_key, live, listed, held, path, card, card_digest, address_digest, full_digest, problem)
FROM STDIN"""

VARIANTS: Final[LiteralString] = """
SELECT e.translation_key, e.id, e.locale FROM unnest(%s::text[]) k JOIN cms.entries e ON e.site = %s AND e.translation_key = k COLLATE "C" """

LIVE_VARIANTS: Final[LiteralString] = """
SELECT c.translation_key, c.locale, c.entry FROM unnest(%s::text[]) k
JOIN cms.cards c ON c.site = %s AND c.translation_key = k COLLATE "C" AND c.live"""

FILES: Final[LiteralString] = """
SELECT f.id, f.path, f.bundle, encode(f.digest, 'hex') FROM cms.files f WHERE f.id = ANY(%s::bigint[])"""

BUNDLE_PAGES: Final[LiteralString] = """
SELECT b, c.card ->> 'file', c.path FROM unnest(%s::text[]) b
JOIN cms.claims w ON w.site = %s AND w.name >= 'file:' || b || '/index.' COLLATE "C" AND w.name < 'file:' || b || '/index/' COLLATE "C"
JOIN cms.cards c ON c.entry = w.owner WHERE w.owner_kind = 'e' AND c.path LIKE '%%/'"""

BUNDLE_FILES: Final[LiteralString] = """
SELECT f.id FROM unnest(%s::text[]) b JOIN cms.files f ON f.site = %s AND f.bundle = b COLLATE "C" AND f.bundle <> '' """


class Change:
    """What a change row is about, as ``kind`` has it. SAVED: an entry that somebody wrote; DERIVE: one to derive again; NAME: a named read."""

    SAVED: Final = "e"
    DERIVE: Final = "d"
    FILE: Final = "f"
    NAME: Final = "n"
    ROW: Final = "r"


def take_changes(context: PlanContext, *, without_entries: bool = False) -> int:
    """Derive again what the next BATCH change rows touched, and delete exactly those rows.

    without_entries: those of entries and files stay. Returns how many rows were taken. Everything happens in the caller's transaction.
    """
    rows = context.connection.execute(CHANGES, (context.site_id, without_entries, BATCH)).fetchall()
    if not rows:
        return 0
    context.connection.execute(DELETE_CHANGES, (int_array(row[0] for row in rows),))
    derive_changes(context, rows)
    return len(rows)


def derive_changes(context: PlanContext, rows: Sequence[tuple[Any, ...]]) -> None:
    """Derive again what these change rows touched. rows: as CHANGES has them."""
    saved = {row[2] for row in rows if row[1] == Change.SAVED}
    entries = saved | {row[2] for row in rows if row[1] == Change.DERIVE}
    files = {row[2] for row in rows if row[1] == Change.FILE}
    names = list(dict.fromkeys(row[3] for row in rows if row[1] == Change.NAME))
    for name in names:
        context.marks.read(name_key(name), name)
    bundles = derive_entries(context, entries, saved) if entries else set()
    if bundles:
        files.update(row[0] for row in context.connection.execute(BUNDLE_FILES, (sorted(bundles), context.site_id)))
    if files:
        again = derive_files(context, files)
        if again:
            derive_entries(context, again)
            entries |= again
    if numbers := {row[2] for row in rows if row[1] == Change.ROW} | find_followers(context.connection, context.site, entries):
        derive_rows(context, numbers)
    if names and context.site.settings.search is not None:
        from cms_ssg.search.values import list_touched, save_values

        save_values(context.connection, context.site, context.site_id, list_touched(context.site, names), context.now)


def derive_entries(context: PlanContext, ids: set[int], saved: Collection[int] = ()) -> set[str]:
    """Derive these entries and all whose claims or fallbacks they decide. Returns bundles whose files may have moved.

    saved: those that somebody wrote.
    """
    connection, site, site_id, now, marks = context.connection, context.site, context.site_id, context.now, context.marks
    ids = _with_fallback_sources(connection, site, site_id, with_translations(connection, site, site_id, ids, ENTRIES, CARDS))
    old = {row.entry: row for row in map(OldCard._make, connection.execute(CARDS, (int_array(ids),)))}
    derived = _derive(connection, site, site_id, now, ids)
    claims = {number: derived[number].claims if number in derived else () for number in ids}
    changes, flips = save_claims(connection, site_id, Owner.ENTRY, claims, old.keys())
    marks.names(changes)
    others = {row.owner for row in flips if row.owner_kind == Owner.ENTRY and site.features.role_of(row.spec) == "entry"} - ids
    if others:
        derived.update(_derive(connection, site, site_id, now, others))
        old.update({row.entry: row for row in map(OldCard._make, connection.execute(CARDS, (int_array(others),)))})
        ids = ids | others
    lost = {row[0] for row in connection.execute(LOST_PATHS, (site_id, site.features.with_role("entry"), int_array(ids)))}
    listed = {n for n, d in derived.items() if d.live and n not in lost and not (n in old and old[n].held)}
    if marks.listens:
        from cms_ssg.plan.events import note_entries

        note_entries(connection, site, site_id, saved, old, derived, listed)
    _save_cards(connection, site_id, derived, listed, old)
    if site.settings.search is not None:
        from cms_ssg.search.documents import save_documents

        save_documents(connection, site, site_id, derived, listed, set(old))
    _save_places(context, old, derived, listed)
    moved = _mark_aspects(ids, derived, listed, old, marks) & listed
    items = (item for number in moved for item in derived[number].items if item.list.startswith("sitemap/"))
    mark_lists_stale(connection, [(context.names.ids[(item.locale, item.list)], item.sort_key) for item in items])
    touch_lists(connection, site_id, _described_lists(site, ids, derived, old))
    for vertical in site.features.verticals:
        if vertical.settle:
            resolve(vertical.settle)(OpenSite(site, connection, site_id), sorted(derived.keys() | old.keys()), listed)
    if site.settings.search is not None:
        from cms_ssg.search.values import save_values

        save_values(connection, site, site_id, listed, now)
    moved_files = {str(d.card["file"]) for n, d in derived.items() if n not in old or (old[n].path, old[n].live) != (d.path, d.live)}
    return {folder for folder, _, name in (file.rpartition("/") for file in moved_files) if name.startswith("index.")}


def derive_files(context: PlanContext, ids: set[int]) -> set[int]:
    """Claim the paths of these files. Returns entries whose own claim to a path they decide."""
    connection, site, site_id = context.connection, context.site, context.site_id
    claims: dict[int, list[ClaimRow]] = {number: [] for number in ids}
    own = own_paths(site)
    rows = connection.execute(FILES, (int_array(ids),)).fetchall()
    pages = _find_pages(connection, site, site_id, {row[2] for row in rows if row[2]})
    for number, path, bundle, digest in rows:
        url = _file_path(site, path, bundle, pages.get(bundle))
        if url:
            spec = {"kind": "file", "source": path, "digest": digest, "form": FILE_FORM}
            kind = REFUSED if url in own.files and not path.startswith("static/") else FILE
            claims[number].append(ClaimRow(url, kind, "", path, Owner.FILE, number, spec))
            claims[number].append(ClaimRow(f"file:{path}", FILE, "", path, Owner.FILE, number, {"kind": "file", "path": url}))
    changes, flips = save_claims(connection, site_id, Owner.FILE, claims)
    context.marks.names(changes)
    return {row.owner for row in flips if row.owner_kind == Owner.ENTRY and site.features.role_of(row.spec) == "entry"}


def _find_pages(connection: Connection, site: Site, site_id: int, bundles: Collection[str]) -> dict[str, str]:
    """The page that the files of each of these bundles are published below: of the first of its content files that is live."""
    found: dict[str, list[tuple[tuple[int, str], str]]] = {}
    for bundle, file, page in connection.execute(BUNDLE_PAGES, (sorted(bundles), site_id)) if bundles else ():
        if site.rules.find_bundle(file) == bundle:
            found.setdefault(bundle, []).append((site.rules.rank_index(file), page))
    return {bundle: min(pages)[1] for bundle, pages in found.items()}


def _file_path(site: Site, path: str, bundle: str, page: str | None) -> str:
    """Where a file is published, ``""`` where it is not: a bundle's beside its page, others as they lie in their collection."""
    if not site.rules.is_offered(path):
        return ""
    try:
        if bundle:
            return file_path(page + path[len(bundle) + 1 :]) if page is not None else ""
        return file_path(site.rules.file_url(path))
    except ValueError:
        return ""


def _with_fallback_sources(connection: Connection, site: Site, site_id: int, ids: set[int]) -> set[int]:
    """With fallback pages, an entry also decides what its default-locale variant shows elsewhere."""
    if not site.fallback_locales:
        return ids
    keys = {row[5] for row in connection.execute(ENTRIES, (int_array(ids),))}
    keys.update(row[2] for row in connection.execute(CARDS, (int_array(ids),)))
    found = {number for _, number, locale in connection.execute(VARIANTS, (sorted(keys), site_id)) if locale == site.default_locale}
    return ids | found


def _without_needless_fallbacks(connection: Connection, site: Site, site_id: int, derived: dict[int, Derived]) -> dict[int, Derived]:
    """Drop the fallback pages and places in other locales of entries that do have a variant there."""
    if not site.fallback_locales:
        return derived
    here = {d.entry for d in derived.values()}
    live = {(d.translation_key, d.locale) for d in derived.values() if d.live}
    keys = sorted({d.translation_key for d in derived.values()})
    live.update((key, locale) for key, locale, entry in connection.execute(LIVE_VARIANTS, (keys, site_id)) if entry not in here)
    result = {}
    for number, d in derived.items():
        claims = tuple(c for c in d.claims if c.kind != FALLBACK or (d.translation_key, c.locale) not in live)
        items = tuple(i for i in d.items if i.locale in ("", d.locale) or (d.translation_key, i.locale) not in live)
        result[number] = d._replace(claims=claims, items=items)
    return result


def _derive(connection: Connection, site: Site, site_id: int, now: datetime, ids: set[int]) -> dict[int, Derived]:
    rows = [EntryRow(*row) for row in connection.execute(ENTRIES, (int_array(ids),))]
    rows = fill_shared_fields(connection, site, site_id, rows, now)
    return _without_needless_fallbacks(connection, site, site_id, {row.id: derive_entry(site, row, now) for row in rows})


def _save_cards(connection: Connection, site_id: int, derived: Mapping[int, Derived], listed: set[int], old: Mapping[int, OldCard]) -> None:
    if old:
        connection.execute(DELETE_CARDS, (int_array(old),))
    with connection.cursor() as cursor, cursor.copy(COPY_CARDS) as copy:
        for number, d in sorted(derived.items()):
            held = number in old and old[number].held
            copy.write_row((
                number, site_id, d.type, d.locale, d.translation_key, d.live, number in listed, held, d.path,
                d.card_json, d.card_digest, d.address_digest, d.full_digest, d.problem,
            ))  # fmt: skip


def _save_places(context: PlanContext, old: Mapping[int, OldCard], derived: Mapping[int, Derived], listed: set[int]) -> None:
    wanted = {number: derived[number].items for number in listed}
    lists = context.names.ensure(context.connection, ((i.locale, i.list) for items in wanted.values() for i in items))
    rows = [ItemRow(lists[(i.locale, i.list)], i.sort_key, number, i.label) for number, items in wanted.items() for i in items]
    context.marks.positions.update(save_items(context.connection, sorted(old), rows))


def _mark_aspects(ids: set[int], derived: Mapping[int, Derived], listed: set[int], old: Mapping[int, OldCard], marks: Marks) -> set[int]:
    """Mark the readers of each aspect that changed. Others see an entry while it is listed; its own page while it is live.

    Returns the entries whose address changed.
    """
    moved = set()
    for number in ids & old.keys():
        before, after = old[number], derived.get(number)
        shown = (before.card_digest, before.address_digest) if before.listed else (b"", b"")
        was = (*shown, before.full_digest if before.live else b"")
        shown = (after.card_digest, after.address_digest) if after and number in listed else (b"", b"")
        seen = (*shown, after.full_digest if after and after.live else b"")
        for aspect, word, a, b in zip((CARD, ADDRESS, FULL), ("card", "address", "content"), was, seen, strict=True):
            if a != b:
                marks.read(entry_key(aspect, number), f"{word} of {before.file}")
                if aspect == ADDRESS:
                    moved.add(number)
    return moved


def _described_lists(site: Site, ids: set[int], derived: Mapping[int, Derived], old: Mapping[int, OldCard]) -> list[str]:
    """Names of the lists that these entries describe (terms, authors), before and after."""
    found = set()
    for number in ids:
        cards = [(old[number].type, old[number].taxonomy, old[number].slug)] if number in old else []
        if number in derived:
            card = derived[number].card
            cards.append((derived[number].type, card.get("taxonomy"), card.get("slug")))
        for kind, taxonomy, slug in cards:
            schema = site.schemas.get(kind)
            if schema is not None and schema.heads:
                found.add(f"{taxonomy or schema.headed_taxonomy({})}/{slug}")
            found.update(f"{group.group}/{slug}" for group in site.features.lists.values() if group.head == kind)
    return sorted(found)
