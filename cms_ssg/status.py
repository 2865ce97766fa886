"""``cms status`` and ``cms calendar``: how a site stands, and what goes out when."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cms_ssg.site import open_site
from cms_ssg.store.claims import list_lost_claims
from cms_ssg.store.conflicts import describe_lost
from cms_ssg.store.connect import connect, database_url
from cms_ssg.store.migrate import migrate
from cms_ssg.store.sites import ensure_site
from cms_ssg.store.sources import list_problems
from cms_ssg.types import Problem


@dataclass(frozen=True, slots=True)
class StatusResult:
    """How a site stands. age_s: of the oldest change not yet planned; builder: who is building now, '' for nobody."""

    entries: int
    outputs: int
    changes: int
    age_s: float
    dirty: int
    failing: list[Problem]
    conflicts: list[Problem]
    problems: list[Problem]
    builder: str
    last_build: dict[str, Any] | None
    text: str = ""


NUMBERS = """
SELECT (SELECT count(*) FROM cms.entries WHERE site = %(site)s AND removed_at IS NULL), (SELECT count(*) FROM cms.outputs WHERE site = %(site)s),
       (SELECT count(*) FROM cms.changes WHERE site = %(site)s),
       coalesce((SELECT extract(epoch FROM clock_timestamp() - min(made_at)) FROM cms.changes WHERE site = %(site)s), 0),
       (SELECT count(*) FROM cms.dirty WHERE site = %(site)s),
       (SELECT CASE WHEN lease_expires_at > clock_timestamp() THEN lease_holder ELSE '' END FROM cms.sites WHERE id = %(site)s)"""


def status(root: Path, env: str = "") -> StatusResult:
    """Look at the store; nothing is changed."""
    site = open_site(root, os.environ, env)
    with connect(database_url(site.root, site.settings.database_url, os.environ), autocommit=True) as connection:
        migrate(connection)
        row = ensure_site(connection, site.settings.store_name)
        entries, outputs, changes, age_s, dirty, builder = connection.execute(NUMBERS, {"site": row.id}).fetchone()  # type: ignore[misc]
        errors = connection.execute(
            "SELECT error FROM cms.outputs WHERE site = %s AND error IS NOT NULL ORDER BY path", (row.id,)
        ).fetchall()
        last = connection.execute(
            "SELECT id, started_at, finished_at, clock, result FROM cms.builds WHERE site = %s AND finished_at IS NOT NULL ORDER BY id DESC LIMIT 1",
            (row.id,),
        ).fetchone()
        lost = [describe_lost(claim, winner) for claim, winner in list_lost_claims(connection, row.id) if claim.name.startswith("/")]
        problems = list_problems(connection, row.id)
    failing = [Problem(e["code"], e["place"], e["line"], e["message"], e["hint"]) for (e,) in errors]
    build = {"build_id": last[0], "started_at": last[1], "finished_at": last[2], "clock": last[3], **(last[4] or {})} if last else None
    lines = [
        f"{entries:,} entries, {outputs:,} outputs",
        f"{changes:,} changes not planned yet, the oldest {float(age_s):.0f} s ago" if changes else "no changes waiting",
        f"{dirty:,} outputs to be made" if dirty else "every output is up to date",
        f"last build: {build['build_id']}, {build['finished_at']:%Y-%m-%d %H:%M:%S} UTC, {build.get('status')}" if build else "never built",
    ]
    if builder:
        lines.append(f"building now: {builder}")
    for title, found in (("failing", failing), ("conflicts", lost), ("content problems", problems)):
        if found:
            lines.append(f"{title}: {len(found)}")
            lines += ["  " + str(p).replace("\n", "\n  ") for p in found[:20]]
    return StatusResult(entries, outputs, changes, float(age_s), dirty, failing, lost, problems, builder or "", build, "\n".join(lines))


@dataclass(frozen=True, slots=True)
class CalendarItem:
    """Something that will happen. at: in the site's zone; what: publish or expire."""

    at: str
    what: str
    title: str
    path: str


CALENDAR = """
SELECT x.at, x.what, e.fields ->> 'title', e.source_key FROM (
  SELECT publish_at AS at, 'publish' AS what, id FROM cms.entries WHERE site = %(site)s AND publish_at > now() AND status = 'published' AND removed_at IS NULL
  UNION ALL SELECT expire_at, 'expire', id FROM cms.entries WHERE site = %(site)s AND expire_at > now() AND status = 'published' AND removed_at IS NULL
) x JOIN cms.entries e USING (id) ORDER BY x.at, e.source_key"""


def calendar(root: Path, env: str = "") -> list[CalendarItem]:
    """What will go out or expire after now."""
    site = open_site(root, os.environ, env)
    with connect(database_url(site.root, site.settings.database_url, os.environ), autocommit=True) as connection:
        migrate(connection)
        row = ensure_site(connection, site.settings.store_name)
        rows = connection.execute(CALENDAR, {"site": row.id}).fetchall()
    return [CalendarItem(at.astimezone(site.zone).strftime("%Y-%m-%d %H:%M %Z"), what, title or key, key) for at, what, title, key in rows]
