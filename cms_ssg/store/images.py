"""Facts of source images, claims to their variants, and which of those are live. Nothing here is asked by sites that show no images."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, LiteralString, NamedTuple

import msgspec
from psycopg import Connection
from psycopg.types.json import Jsonb

from cms_ssg.images.facts import MISNAMED, Facts, find_misnaming, is_image, parse_facts
from cms_ssg.images.variants import image_prefix
from cms_ssg.kinds.claim import ClaimRow, Owner
from cms_ssg.reads import name_key
from cms_ssg.store.arrays import bytea_array, int_array, text_array
from cms_ssg.store.claims import NameChange, save_claims
from cms_ssg.types import Json, Problem

FILE_RANK = 1
"""Variants rank as files do; nobody else claims their paths."""

IMAGES: Final[LiteralString] = """
SELECT encode(d.digest, 'hex'), i.facts, ARRAY(
  SELECT o.path FROM cms.outputs o
  WHERE o.site = %(site)s AND o.path >= d.prefix COLLATE "C" AND o.path < d.prefix || '~' COLLATE "C" AND o.digest IS NOT NULL)
FROM unnest(%(digests)s::bytea[], %(prefixes)s::text[]) AS d(digest, prefix)
LEFT JOIN cms.images i ON i.site = %(site)s AND i.digest = d.digest"""

LIVE: Final[LiteralString] = """
SELECT o.path FROM unnest(%s::text[]) n JOIN cms.outputs o ON o.site = %s AND o.path = n COLLATE "C" AND o.digest IS NOT NULL"""

SOURCES: Final[LiteralString] = """
SELECT encode(d, 'hex'), (SELECT min(f.path) FROM cms.files f WHERE f.site = %s AND f.digest = d) FROM unnest(%s::bytea[]) d"""

SAVE_FACTS: Final[LiteralString] = """
INSERT INTO cms.images (site, digest, facts) VALUES (%s, %s, %s) ON CONFLICT (site, digest) DO UPDATE SET facts = excluded.facts"""

NOTE_IMAGES: Final[LiteralString] = "UPDATE cms.sites SET has_images = true WHERE id = %s AND NOT has_images"
NOTE_BAD: Final[LiteralString] = "UPDATE cms.sites SET has_bad_images = %s WHERE id = %s AND has_bad_images <> %s"

UNCLAIMED: Final[LiteralString] = """
SELECT k FROM unnest(%s::bigint[]) k WHERE NOT EXISTS (SELECT FROM cms.claims c WHERE c.owner = k AND c.owner_kind = 'i' AND c.site = %s)"""

UNREAD: Final[LiteralString] = """
SELECT DISTINCT c.owner FROM cms.claims c WHERE c.owner = ANY(%(keys)s::bigint[]) AND c.owner_kind = 'i' AND c.site = %(site)s
AND NOT EXISTS (SELECT FROM cms.outputs o WHERE o.reads @> ARRAY[c.owner] AND o.site = %(site)s)"""

BAD: Final[LiteralString] = """
SELECT encode(digest, 'hex'), facts, (SELECT min(f.path) FROM cms.files f WHERE f.site = i.site AND f.digest = i.digest)
FROM cms.images i WHERE i.site = %s AND i.facts ? 'code' ORDER BY 1"""
HAS_MISNAMED: Final[LiteralString] = "SELECT EXISTS (SELECT FROM cms.outputs o WHERE o.reads @> ARRAY[%s::bigint] AND o.site = %s)"
FILES: Final[LiteralString] = """
SELECT f.path, i.facts, c.name FROM cms.images i JOIN cms.files f ON f.site = i.site AND f.digest = i.digest
JOIN cms.claims c ON c.owner = f.id AND c.owner_kind = 'f' AND c.site = f.site AND c.name LIKE '/%%' AND c.wins
WHERE i.site = %s AND NOT i.facts ? 'code'"""
READERS: Final[LiteralString] = """
SELECT k.key, (SELECT count(*) FROM cms.outputs o WHERE o.reads @> (k.key || %(also)s::bigint[]) AND o.site = %(site)s),
       (SELECT min(o.path) FROM cms.outputs o WHERE o.reads @> (k.key || %(also)s::bigint[]) AND o.site = %(site)s)
FROM unnest(%(keys)s::bigint[]) AS k(key)"""


class Picture(NamedTuple):
    """An image as a page may use it. facts None: nobody has looked at it yet; live: paths of its variants that are published."""

    facts: Facts | None
    live: frozenset[str]


def load_pictures(connection: Connection, site: int, digests: Sequence[str]) -> dict[str, Picture]:
    """Images by the digests of their bytes."""
    columns = {"digests": bytea_array(map(bytes.fromhex, digests)), "prefixes": text_array(map(image_prefix, digests)), "site": site}
    return {digest: Picture(parse_facts(facts), frozenset(live)) for digest, facts, live in connection.execute(IMAGES, columns)}


def list_live(connection: Connection, site: int, paths: Sequence[str]) -> set[str]:
    """Which of these paths are published."""
    return {row[0] for row in connection.execute(LIVE, (text_array(paths), site))}


def find_sources(connection: Connection, site: int, digests: Iterable[str]) -> dict[str, str]:
    """A file with each of these bytes, where there is one."""
    rows = connection.execute(SOURCES, (site, bytea_array(map(bytes.fromhex, digests))))
    return {digest: path for digest, path in rows if path is not None}


def save_facts(connection: Connection, site: int, facts: Mapping[str, dict[str, Json]]) -> None:
    """Keep what was found out about images, which pages ask for."""
    if facts:
        connection.execute(NOTE_IMAGES, (site,))
    with connection.cursor() as cursor:
        cursor.executemany(SAVE_FACTS, [(site, bytes.fromhex(digest), Jsonb(value)) for digest, value in sorted(facts.items())])


def claim_variants(connection: Connection, site: int, wants: Mapping[str, Mapping[str, dict[str, Any]]]) -> list[NameChange]:
    """Claim the variants of sets that pages show. wants: name of a set -> path -> spec."""
    claims = {
        name_key(name): [ClaimRow(path, FILE_RANK, "", name, Owner.IMAGE, name_key(name), spec) for path, spec in sorted(paths.items())]
        for name, paths in sorted(wants.items())
    }
    connection.execute(NOTE_IMAGES, (site,))
    return save_claims(connection, site, Owner.IMAGE, claims)[0]


def list_unclaimed(connection: Connection, site: int, names: Iterable[str]) -> list[str]:
    """Which of these sets nobody has claimed."""
    keys = {name_key(name): name for name in names}
    return sorted(keys[row[0]] for row in connection.execute(UNCLAIMED, (int_array(keys), site)))


def drop_unread(connection: Connection, site: int, keys: Iterable[int]) -> list[NameChange]:
    """Give up the variants of those of these sets that no page shows any more. keys: of reads that some output has no longer."""
    gone = [row[0] for row in connection.execute(UNREAD, {"keys": int_array(keys), "site": site})]
    return save_claims(connection, site, Owner.IMAGE, {owner: [] for owner in gone})[0] if gone else []


def drop_told(problems: Iterable[Problem], bad_images: Collection[Problem]) -> list[Problem]:
    """Without what was seen of an image's bytes alone where more is known of it. bad_images: from list_bad_images."""
    told = {(problem.code, problem.place) for problem in bad_images}
    return [problem for problem in problems if problem in bad_images or (problem.code, problem.place) not in told]


def list_bad_images(connection: Connection, site: int) -> list[Problem]:
    """Images that pages ask for and that cannot be shown, each with its file and a page. Notes whether there are any."""
    bad = {name_key(f"image/{digest}"): (facts, file) for digest, facts, file in connection.execute(BAD, (site,)) if file is not None}
    problems = [*_name_readers(connection, site, bad, []), *_list_misnamed(connection, site)]
    connection.execute(NOTE_BAD, (bool(problems), site, bool(problems)))
    return sorted(problems, key=lambda problem: problem.place)


def _list_misnamed(connection: Connection, site: int) -> list[Problem]:
    """Those whose name says another format. Where no page shows one, nothing is looked for."""
    key = name_key(MISNAMED)
    if not connection.execute(HAS_MISNAMED, (key, site)).fetchone()[0]:  # type: ignore[index]
        return []
    bad = {}
    for file, stored, url in connection.execute(FILES, (site,)):
        facts = parse_facts(stored)
        wrong = find_misnaming(file, facts) if facts is not None and is_image(file) else None
        if wrong is not None:
            bad[name_key(f"claim/{url}")] = (msgspec.to_builtins(wrong), file)
    return _name_readers(connection, site, bad, [key])


def _name_readers(connection: Connection, site: int, bad: Mapping[int, tuple[dict[str, Any], str]], also: list[int]) -> list[Problem]:
    """What is wrong with each of these that an output reads by its key, and by the keys `also`."""
    problems = []
    for key, count, page in connection.execute(READERS, {"keys": int_array(bad), "also": also, "site": site}):
        facts, file = bad[key]
        if count:
            more = f" and {count - 1} more" if count > 1 else ""
            message = f"{facts['message']}; {page}{more} {'is' if count == 1 else 'are'} built without it"
            problems.append(Problem(facts["code"], file, 0, message, facts.get("hint", "")))
    return problems
