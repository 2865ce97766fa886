"""``cms comments import``: comments of another system, one a line as JSON, as ``cms migrate`` writes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, LiteralString
from uuid import NAMESPACE_URL, uuid5

from cms_ssg.content.frontmatter.dates import parse_date
from cms_ssg.errors import CmsError, fail
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.reviews.sending import FIND_ENTRY
from cms_ssg.text.counting import count
from cms_ssg.types import Problem

MOST_TEXT: Final = 20_000
MAX_LINE: Final = 200_000

ADD: Final[LiteralString] = """
INSERT INTO cms.reviews (review_id, site, entry, author_name, author_email, content, status, created_at, updated_at)
VALUES (%(id)s, %(site)s, %(entry)s, %(name)s, %(email)s, %(content)s, %(status)s, coalesce(%(at)s::timestamptz, clock_timestamp()), clock_timestamp())
ON CONFLICT (review_id) DO NOTHING"""


def import_comments(opened: OpenSite, file: str) -> str:
    """Import comments of another system.

    Each line is a comment as JSON, as cms migrate writes them: path, name, content, and optionally email, date, id, parent, is_approved. A second time adds only new ones.
    """
    path = Path(file)
    entries: dict[str, int | None] = {}
    names: dict[tuple[str, str], str] = {}
    problems: list[Problem] = []
    added = known = 0
    with opened.connection.transaction():
        for line, row in _read(path, problems):
            place = str(row.get("path", "")).replace("\0", "")
            if place not in entries:
                found = opened.connection.execute(FIND_ENTRY, (opened.number, place)).fetchone()
                entries[place] = int(found[0]) if found else None
            entry = entries[place]
            if entry is None:
                problems.append(
                    Problem(
                        "comments.no-entry", path.name, line, f"there is no page at {place[:100]!r}", "Build the site first: cms build."
                    )
                )
                continue
            values = _make_values(opened, row, names)
            if values is None:
                problems.append(Problem("comments.import", path.name, line, "a comment needs a name, a text, and a date that can be read"))
                continue
            if opened.connection.execute(ADD, {**values, "site": opened.number, "entry": entry}).rowcount:
                added += 1
            else:
                known += 1
    said = f"{count(added, 'comment')} imported, {known:,} there already"
    if problems:
        raise CmsError(*problems[:20], Problem("comments.import", path.name, 0, f"{count(len(problems), 'comment')} not imported; {said}"))
    return said


def _read(path: Path, problems: list[Problem]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number and table of each line; others are problems. Raises CmsError comments.import."""
    try:
        with path.open("rb") as opened:
            for number, data in enumerate(opened, 1):
                if not data.strip():
                    continue
                try:
                    row = json.loads(data) if len(data) <= MAX_LINE else None
                except (ValueError, RecursionError):
                    row = None
                if isinstance(row, dict):
                    yield number, row
                else:
                    problems.append(Problem("comments.import", path.name, number, "is not a table in JSON"))
    except OSError as error:
        raise fail(
            "comments.import", f"cannot be read: {error.strerror}", place=str(path), hint="cms migrate writes migration-comments.jsonl."
        ) from None


def _make_values(opened: OpenSite, row: dict[str, Any], names: dict[tuple[str, str], str]) -> dict[str, Any] | None:
    """What a line's comment is stored as, None where it is none; one that answers another begins with its author's name."""
    name, content = (str(row.get(key) or "").replace("\0", "").strip() for key in ("name", "content"))
    place, number = str(row.get("path", "")), str(row.get("id") or "")
    try:
        at = parse_date(row["date"], opened.site.settings.timezone) if row.get("date") else None
        for text in (name, content, str(row.get("email") or "")):
            text.encode()
    except ValueError:
        return None
    if not name or not content:
        return None
    names[place, number] = name[:100]
    if answered := names.get((place, str(row.get("parent") or "")), "") if row.get("parent") else "":
        content = f"@{answered} {content}"
    number = number or f"{name}:{row.get('date')}:{content}"
    key = f"cms:{opened.number}:{place}:{number}"
    return {
        "id": uuid5(NAMESPACE_URL, key), "name": name[:100], "email": str(row.get("email") or "").replace("\0", "")[:320] or None, "content": content[:MOST_TEXT],
        "status": "approved" if row.get("is_approved", True) is True else "pending", "at": at,
    }  # fmt: skip
