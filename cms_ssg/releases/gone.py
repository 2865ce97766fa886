"""When a page went, and why: what the releases that are kept and the entries of the store still know of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString, NamedTuple

from psycopg import Connection

from cms_ssg.kinds.features import Features
from cms_ssg.store.releases import NUMBERS

LAST_REMOVAL: Final[LiteralString] = """
SELECT o.path, o.kind, r.build, r.made_at, r.back_to FROM cms.releases r
JOIN cms.release_objects o ON o.site = r.site AND o.build = r.build AND o.path = ANY(%(paths)s::text[] COLLATE "C")
WHERE r.site = %(site)s AND o.new_digest IS NULL AND o.old_digest IS NOT NULL ORDER BY r.build DESC LIMIT 1"""

CAME_INSTEAD: Final[LiteralString] = """
SELECT path FROM cms.release_objects WHERE site = %s AND build = %s AND kind = %s AND old_digest IS NULL AND new_digest IS NOT NULL ORDER BY path LIMIT %s"""

# A card outlives its page. There is no index of paths: a person waits for this once, a build never does.
FORMER_OWNER: Final[LiteralString] = """
SELECT e.source_key, e.removed_at FROM cms.cards c JOIN cms.entries e ON e.id = c.entry
WHERE c.site = %s AND c.path = ANY(%s::text[] COLLATE "C") AND NOT c.live ORDER BY e.removed_at DESC NULLS FIRST LIMIT 1"""

FORMER_PATHS: Final[LiteralString] = """
SELECT c.path FROM cms.entries e JOIN cms.cards c ON c.entry = e.id
WHERE e.site = %s AND e.source_key = %s AND e.removed_at IS NOT NULL AND c.path IS NOT NULL"""

MOST_NAMED: Final = 3


class FormerOwner(NamedTuple):
    """A content file whose page was at a path. removed_at: None where the file is still there."""

    file: str
    removed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Removal:
    """The last time that a page was taken away. build: that did it; at: when; back_to: it was a rollback to that release; reason: in words."""

    path: str
    kind: str
    build: int
    at: str
    back_to: int | None
    reason: str


def load_former_owner(connection: Connection, site: int, paths: Sequence[str]) -> FormerOwner | None:
    """The content file that had a page at one of these paths, if the store remembers one."""
    row = connection.execute(FORMER_OWNER, (site, list(paths))).fetchone()
    return FormerOwner(*row) if row is not None else None


def list_former_paths(connection: Connection, site: int, file: str) -> list[str]:
    """Where the page of a file was that is there no more."""
    return [row[0] for row in connection.execute(FORMER_PATHS, (site, file))]


def load_removal(connection: Connection, features: Features, site: int, paths: Sequence[str], known: str) -> Removal | None:
    """When one of these was last taken away; None where no release that is kept did. known: why, as far as its content file tells."""
    row = connection.execute(LAST_REMOVAL, {"site": site, "paths": list(paths)}).fetchone()
    if row is None:
        return None
    path, kind, build, at, back_to = row
    role = features.role_of({"kind": kind})
    if back_to is not None:
        reason = f"the site was rolled back to release {back_to}, which did not have it"
    elif role == "redirect":  # whose page was there before it is another matter
        reason = "nothing sends visitors on from here any more: the content that named this alias went, or a setting did"
    elif known:
        reason = known
    elif role == "entry":
        reason = "no content has this path any more: its file moved, its slug or date changed, or a setting did"
        others = [other for (other,) in connection.execute(CAME_INSTEAD, (site, build, kind, MOST_NAMED))]
        reason += f"; the same build added {', '.join(others)}" if others else ""
    else:
        reason = "nothing asks for it any more: what it listed or showed went, or a setting changed"
    return Removal(path, kind, build, at.isoformat(timespec="seconds"), back_to, reason)


def describe_reach(connection: Connection, site: int) -> str:
    """How far back removals are known."""
    numbers = [number for (number,) in connection.execute(NUMBERS, (site,))]
    if not numbers:
        return "no release is kept that would tell of removed pages"
    return f"no release that is kept, from build {numbers[-1]} on, removed such a page"
