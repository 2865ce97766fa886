"""What a build was for and whose doing that was, in the few words that ``cms releases list`` has room for."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, LiteralString

from psycopg import Connection

from cms_ssg.content.git.checkout import find_author
from cms_ssg.content.git.person import PERSON, find_actor
from cms_ssg.kinds.features import Features
from cms_ssg.plan.reasons import cut_file, say_reason

MOST_NAMED: Final = 5

REASONS: Final[LiteralString] = "SELECT reason, count(*) FROM cms.dirty WHERE site = %s GROUP BY reason ORDER BY 2 DESC, 1 LIMIT 500"
NEW_PAGES: Final[LiteralString] = """
SELECT e.source_key, coalesce(c.card ->> 'title', d.path) FROM cms.dirty d JOIN cms.claims w ON w.site = d.site AND w.name = d.path AND w.wins
JOIN cms.entries e ON e.id = w.owner AND w.owner_kind = 'e' LEFT JOIN cms.cards c ON c.entry = e.id
WHERE d.site = %s AND d.reason = 'new' AND w.spec ->> 'kind' = ANY(%s) ORDER BY d.path LIMIT 50"""
TITLES: Final[LiteralString] = """
SELECT source_key, coalesce(nullif(fields ->> 'title', ''), source_key), removed_at IS NOT NULL FROM cms.entries
WHERE site = %s AND source_key = ANY(%s) ORDER BY source_key"""


def find_causes(connection: Connection, site_id: int, features: Features, is_first: bool) -> tuple[list[str], list[str]]:
    """What made these outputs dirty, in words, and the content files among that. Asked before they are made."""
    if is_first:
        return ["the first build"], []
    reasons = [row[0] for row in connection.execute(REASONS, (site_id,))]
    files = {file for reason in reasons if (file := cut_file(reason))}
    pages = connection.execute(NEW_PAGES, (site_id, features.with_role("entry"))) if "new" in reasons else ()
    new = {file: title for file, title in pages if file not in files}
    said = [f'new: "{title}"' for title in new.values()]
    said += [f'"{title}" {"removed" if gone else "changed"}' for _, title, gone in connection.execute(TITLES, (site_id, sorted(files)))]
    said += [say_reason(reason, "") for reason in reasons if reason.endswith(" changed") or reason == "time"]
    if not said and reasons:
        said = [say_reason(reasons[0], "")]
    return said, sorted({*files, *new})


def shorten(causes: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    named = "; ".join(causes[:MOST_NAMED])
    return named + (f"; and {len(causes) - MOST_NAMED:,} more" if len(causes) > MOST_NAMED else "")


def find_builder(root: Path, files: Sequence[str], environ: Mapping[str, str] = os.environ) -> str:
    """Who set a build off: CMS_PERSON, or the service that runs it, the author of the commit where that is git's, else the user of this machine."""
    if actor := environ.get(PERSON) or find_actor(environ):
        return actor
    if author := find_author(root, files[:20]) if files else "":
        return author
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        return f"user {os.getuid()}"


def make_note(causes: Sequence[str], files: Sequence[str], root: Path) -> dict[str, Any]:
    """What is written down with a build."""
    return {"about": shorten(causes), "by": find_builder(root, files)}
