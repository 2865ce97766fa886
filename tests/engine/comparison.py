"""Compare an output with a clean build of the same state, the state being the entries as they are in the database and the files beside them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from psycopg.types.json import Jsonb

from cms_ssg.paths import object_key
from cms_ssg.reads import ADDRESS, CARD, FULL, LIST, entry_key, name_key
from tests.engine.siteonpage import SiteOnPage, assert_same

SITE_ID = "SELECT id FROM cms.sites WHERE name = %s"
ROW = """
SELECT e.id, e.source, e.source_key, e.collection, e.type, e.locale, e.translation_key, e.status, e.publish_at, e.expire_at, e.created_at,
       e.removed_at, e.fields, e.body_key, e.digest FROM cms.entries e WHERE e.site = %s AND e.source_key = ANY(%s) ORDER BY e.source_key"""
BODY = "SELECT key, html, toc, words, links, excerpt FROM cms.bodies WHERE entry = %s"
UPDATE = """
UPDATE cms.entries SET collection = %s, type = %s, locale = %s, translation_key = %s, status = %s, publish_at = %s, expire_at = %s,
  removed_at = %s, fields = %s, body_key = %s, digest = %s WHERE id = %s"""
INSERT = """
INSERT INTO cms.entries (site, source, source_key, collection, type, locale, translation_key, status, publish_at, expire_at, created_at,
  removed_at, fields, body_key, digest) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id"""
ADD_BODY = "INSERT INTO cms.bodies (entry, key, html, toc, words, links, excerpt) VALUES (%s, %s, %s, %s, %s, %s, %s)"

FAILED = """
SELECT o.path, c.owner, c.owner_kind, o.error FROM cms.outputs o LEFT JOIN cms.claims c ON c.site = o.site AND c.name = o.path AND c.wins
WHERE o.site = %s AND o.error IS NOT NULL"""


def compare(site: SiteOnPage, touched: Iterable[str]) -> None:
    """The output is what a clean build makes. touched: source keys of entries that are not what their files say.

    Left out are outputs that fail now, and what shows or lists the entries of those.
    """
    keys = sorted({*touched, *_unreadable(site)})
    clean = site.build_clean(prepare=(lambda other: copy_entries(site, other, keys)) if keys else None)
    built, wanted = site.tree(), clean.tree()
    failing = {*_failing(site), *_failing(clean)}
    if failing:
        left_out = {object_key(path) for one in (site, clean) for path in _shown_on(one, failing)}
        built = {key: data for key, data in built.items() if key not in left_out}
        wanted = {key: data for key, data in wanted.items() if key not in left_out}
    assert_same(built, wanted)


def copy_entries(source: SiteOnPage, target: SiteOnPage, keys: list[str]) -> None:
    """Make these entries of one database what they are in another."""
    with source.connect() as here, target.connect() as there:
        own, other = (
            connection.execute(SITE_ID, (site.root.name.removesuffix("-clean"),)).fetchone()[0]
            for connection, site in ((here, source), (there, target))
        )  # type: ignore[index]
        known = {row[2]: row[0] for row in there.execute(ROW, (other, keys))}
        for number, *row in here.execute(ROW, (own, keys)).fetchall():
            body = here.execute(BODY, (number,)).fetchone()
            row[11] = Jsonb(row[11])
            if row[1] in known:
                entry = known[row[1]]
                there.execute(UPDATE, (*row[2:9], *row[10:], entry))
            else:
                entry = there.execute(INSERT, (other, *row)).fetchone()[0]  # type: ignore[index]
            there.execute("DELETE FROM cms.bodies WHERE entry = %s", (entry,))
            if body is not None:
                there.execute(ADD_BODY, (entry, *(Jsonb(v) if isinstance(v, dict | list) else v for v in body)))


def _site_id(site: SiteOnPage) -> int:
    number: int = site.query(SITE_ID, site.root.name.removesuffix("-clean"))[0][0]
    return number


def _unreadable(site: SiteOnPage) -> list[str]:
    """Files whose entries are of an earlier state, because what they say now is wrong."""
    rows = site.query("SELECT path, problems FROM cms.sources WHERE site = %s AND problems IS NOT NULL", _site_id(site))
    return [path for path, problems in rows if any(problem[5] == "error" for problem in problems)]


def _failing(site: SiteOnPage) -> list[tuple[str, str]]:
    """(path, source key of the entry it is about or '') of outputs that cannot be rendered."""
    query = """SELECT o.path, coalesce(e.source_key, '') FROM cms.outputs o
               LEFT JOIN cms.claims c ON c.site = o.site AND c.name = o.path AND c.wins AND c.owner_kind = 'e'
               LEFT JOIN cms.entries e ON e.id = c.owner WHERE o.site = %s AND o.error IS NOT NULL"""
    held = "SELECT coalesce(c.path, ''), e.source_key FROM cms.cards c JOIN cms.entries e ON e.id = c.entry WHERE c.site = %s AND c.held"
    return [*site.query(query, _site_id(site)), *site.query(held, _site_id(site))]


def _shown_on(site: SiteOnPage, failing: Iterable[tuple[str, str]]) -> set[str]:
    """The failing paths, the outputs that read an entry of theirs, and all pages of the lists it is or would be in."""
    number = _site_id(site)
    paths = {path for path, _ in failing}
    keys = sorted({key for _, key in failing if key})
    entries = [row[0] for row in site.query("SELECT id FROM cms.entries WHERE site = %s AND source_key = ANY(%s)", number, keys)]
    # the lists of an entry that is held in one of the two are known only in the other, so take all that cards name
    lists = site.query("SELECT id, locale, name FROM cms.lists WHERE site = %s", number)
    cards = site.query("SELECT card, translation_key FROM cms.cards WHERE entry = ANY(%s)", entries)
    named = {f"{taxonomy}/{slug}" for card, _ in cards for taxonomy, terms in (card.get("terms") or {}).items() for slug, _ in terms}
    named |= {f"variants/{key}" for _, key in cards} | {f"type/{card['type']}" for card, _ in cards}
    months = bool(cards)
    stirred = [
        n
        for n, _, name in lists
        if name in named or name.startswith("lists/") or (months and name.startswith(("month/", "sitemap/", "children/")))
    ]
    if not cards:
        stirred = []
    reads: list[int] = [entry_key(aspect, entry) for entry in entries for aspect in (CARD, ADDRESS, FULL)] + [
        entry_key(LIST, n) for n in stirred
    ]
    reads += [name_key(f"list/{locale}/{name}") for locale in ("en", "it", "ar", "") for name in named] + [
        name_key(f"claim/{path}") for path in paths
    ]
    query = """SELECT o.path FROM cms.outputs o WHERE o.site = %s AND (o.reads && %s::bigint[] OR EXISTS (SELECT FROM cms.windows w WHERE w.output = o.id AND w.list = ANY(%s)))
               UNION SELECT name FROM cms.claims WHERE site = %s AND wins AND owner_kind = 'l' AND owner = ANY(%s)
               UNION SELECT name FROM cms.claims WHERE site = %s AND wins AND owner_kind = 'p' AND owner >> 24 = ANY(%s)
               UNION SELECT name FROM cms.claims WHERE site = %s AND wins AND owner_kind = 'e' AND owner = ANY(%s)
               UNION SELECT name FROM cms.claims WHERE site = %s AND wins AND owner_kind = 'f' AND name LIKE ANY(%s)"""
    below: list[Any] = [path + "%" for path in paths]
    rows = site.query(query, number, reads, stirred, number, stirred, number, stirred, number, entries, number, below)
    return paths | {row[0] for row in rows}
