"""``cms status`` and ``cms calendar``: how a site stands, and what goes out when."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from psycopg import Connection

from cms_ssg.config.environments import list_shared_targets
from cms_ssg.content.frontmatter.dates import say_moment
from cms_ssg.content.scan.scan_files import scan_files
from cms_ssg.engine.options import BuildOptions, BuildResult
from cms_ssg.engine.sync import content_folders
from cms_ssg.reporting.progress import Reporter
from cms_ssg.site import Site, open_site
from cms_ssg.store.calendar import Due, list_calendar
from cms_ssg.store.conflicts import list_conflicts
from cms_ssg.store.deliveries import count_deliveries
from cms_ssg.store.lease import may_be_alive, say_holder
from cms_ssg.store.open_store import open_store
from cms_ssg.store.releases import SHOW_HOLD
from cms_ssg.store.sources import SourceRecords, list_problems, load_sync_state, parse_git_state
from cms_ssg.types import Problem

MOST_SHOWN: Final = 20
"""Problems of a kind that the text lists."""


@dataclass(frozen=True, slots=True)
class StatusResult:
    """How a site stands.

    files: content files that differ from what the store knows; age_s: of the oldest change not yet planned; builder: who
    is building now, '' for nobody; webhooks: messages that wait for another try and that were given up, None where there are no receivers;
    cdn: what waits to be purged, and how long pages take to the edge; None where there is no CDN.
    """

    entries: int
    outputs: int
    files: int
    changes: int
    age_s: float
    dirty: int
    failing: list[Problem]
    conflicts: list[Problem]
    problems: list[Problem]
    builder: str
    last_build: dict[str, Any] | None
    webhooks: dict[str, int] | None = None
    cdn: dict[str, Any] | None = None
    held: Held | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """A site that was rolled back. release: whose state is published; finished: the rollback came to its end."""

    release: int
    since: datetime
    finished: bool


NUMBERS = """
SELECT (SELECT count(*) FROM cms.entries WHERE site = %(site)s AND removed_at IS NULL), (SELECT count(*) FROM cms.outputs WHERE site = %(site)s),
       (SELECT count(*) FROM cms.changes WHERE site = %(site)s),
       coalesce((SELECT extract(epoch FROM clock_timestamp() - min(made_at)) FROM cms.changes WHERE site = %(site)s), 0),
       (SELECT count(*) FROM cms.dirty WHERE site = %(site)s),
       (SELECT CASE WHEN lease_expires_at > clock_timestamp() THEN lease_holder ELSE '' END FROM cms.sites WHERE id = %(site)s)"""


def status(root: Path, env: str = "") -> StatusResult:
    """Look at the store; nothing is changed."""
    with open_store(root, env) as (site, connection, row):
        entries, outputs, changes, age_s, dirty, builder = connection.execute(NUMBERS, {"site": row.id}).fetchone()  # type: ignore[misc]
        errors = connection.execute(
            "SELECT error FROM cms.outputs WHERE site = %s AND error IS NOT NULL ORDER BY path", (row.id,)
        ).fetchall()
        last = connection.execute(
            "SELECT id, started_at, finished_at, clock, result FROM cms.builds WHERE site = %s AND finished_at IS NOT NULL ORDER BY id DESC LIMIT 1",
            (row.id,),
        ).fetchone()
        lost = list(list_conflicts(connection, site, row.id))
        problems = [*list_problems(connection, row.id), *list_shared_targets(site.root, site.settings, os.environ)]
        held = connection.execute(SHOW_HOLD, (row.id,)).fetchone()
        files = _count_changed_files(connection, site, row.id)
        webhooks = (
            dict(zip(("waiting", "dead"), count_deliveries(connection, row.id), strict=True))
            if site.settings.webhooks or site.settings.websub_hub
            else None
        )
        cdn = _load_cdn(connection, row.id) if site.settings.cdn.kind != "null" else None
    failing = [Problem(e["code"], e["place"], e["line"], e["message"], e["hint"]) for (e,) in errors]
    build = {"build_id": last[0], "started_at": last[1], "finished_at": last[2], "clock": last[3], **(last[4] or {})} if last else None
    result = StatusResult(
        entries,
        outputs,
        files,
        changes,
        float(age_s),
        dirty,
        failing,
        lost,
        problems,
        builder if builder and may_be_alive(builder) else "",
        build,
        webhooks,
        cdn,
        Held(*held) if held else None,
    )
    return replace(result, text=_describe(result, site))


def _count_changed_files(connection: Connection, site: Site, site_id: int) -> int:
    """Content files that were added, changed or removed since the last sync; only looked at, not read."""
    state = load_sync_state(connection, site_id)
    scheme, _, output = site.settings.target.url.partition(":")
    skip = [output] if scheme == "folder" else []
    scan = scan_files(site.root, content_folders(site), SourceRecords(connection, site_id), parse_git_state(state), force=True, skip=skip)
    return len(scan.changed) + len(scan.removed)


def _load_cdn(connection: Connection, site_id: int) -> dict[str, Any]:
    from cms_ssg.store.purges import load_purge_state
    from cms_ssg.store.receipts import load_times

    return {**load_purge_state(connection, site_id)._asdict(), "receipts": load_times(connection, site_id)}


def _describe_cdn(cdn: dict[str, Any]) -> list[str]:
    waiting = [f"{cdn['first']:,} to be purged, the oldest {_say_age(cdn['age_s'])} old"] if cdn["first"] else []
    waiting += [f"{cdn['second']:,} to be purged again"] if cdn["second"] else []
    lines = [f"cdn         {', '.join(waiting) or 'knows of all that changed'}"]
    if cdn["error"]:
        lines.append(f"            {cdn['failed']:,} refused, {cdn['tries']}× tried: {cdn['error']}; cms purge tells it again")
    times = cdn["receipts"]
    if times["save_to_fresh_s"]:
        steps = [f"{name.replace('_to_', ' to ').removesuffix('_s')} {both['p50']:.1f} / {both['p95']:.1f} s" for name, both in times.items()
                 if isinstance(both, dict)]  # fmt: skip
        lines.append(f"to the edge {', '.join(steps)} (p50 / p95 of {times['fresh']:,} pages)")
    return lines


def _describe(r: StatusResult, site: Site) -> str:
    """The same to read: a line each for what there is, what waits and what is wrong."""
    waiting = []
    if r.files:
        waiting.append(f"{r.files:,} changed file{'s' * (r.files > 1)}")
    if r.changes:
        waiting.append(f"{r.changes:,} change{'s' * (r.changes > 1)} in the store, the oldest {_say_age(r.age_s)} old")
    if r.dirty:
        waiting.append(f"{r.dirty:,} page{'s' * (r.dirty > 1)} to be made")
    lines = []
    if r.held is not None:
        since = say_moment(r.held.since, site.zone)
        end = (
            "builds publish nothing until cms releases resume"
            if r.held.finished
            else f"unfinished: run cms releases rollback {r.held.release} again"
        )
        lines.append(f"held        at release {r.held.release} since {since}; {end}")
    lines += [
        f"entries     {r.entries:,}",
        f"pages       {r.outputs:,}" + (f", {len(r.failing):,} failing: their last good version stays" if r.failing else ""),
        f"waiting     {', '.join(waiting) + '; cms build takes them' if waiting else 'nothing'}",
    ]
    if r.last_build:
        at = say_moment(r.last_build["finished_at"], site.zone)
        codes = f": {', '.join(r.last_build['codes'])}" if r.last_build.get("codes") else ""
        more = "; cms build says what to do" if r.last_build.get("status") == "failed" else ""
        lines.append(f"last build  {r.last_build['build_id']}, {at}, {r.last_build.get('status')}{codes}{more}")
    else:
        lines.append("last build  none")
    if r.cdn is not None:
        lines += _describe_cdn(r.cdn)
    if r.builder:
        lines.append(f"building    {say_holder(r.builder)}")
    if r.webhooks and any(r.webhooks.values()):
        lines.append(f"webhooks    {r.webhooks['waiting']:,} to be sent again, {r.webhooks['dead']:,} given up; cms hooks list shows them")
    for title, found in (("failing pages", r.failing), ("paths that two things want", r.conflicts), ("problems", r.problems)):
        if found:
            lines += ["", f"{title}: {len(found):,}", *("  " + str(p).replace("\n", "\n  ") for p in found[:MOST_SHOWN])]
            if len(found) > MOST_SHOWN:
                lines.append(f"  … and {len(found) - MOST_SHOWN:,} more; cms status --json lists all")
    return "\n".join(lines)


def _say_age(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"


@dataclass(frozen=True, slots=True)
class CalendarItem:
    """Something that will happen. at: in the site's zone; what: publish, expire, or change and the number of the change that waits."""

    at: str
    what: str
    title: str
    path: str


def calendar(root: Path, env: str = "", reporter: Reporter | None = None) -> list[CalendarItem]:
    """What will go out or expire after now, by the files as they are: they are read in a transaction that is rolled back."""
    from cms_ssg.engine.open_session import open_session

    site = open_site(root, os.environ, env)
    with open_session(site, BuildOptions(dry_run=True, plan=False, env=env), BuildResult(), reporter) as session:
        session.sync()
        found = list_calendar(session.connection, session.row.id)
    return [CalendarItem(say_moment(one.at, site.zone), _say_due(one), one.title, one.file) for one in found]


def _say_due(one: Due) -> str:
    if not one.change:
        return one.what
    return f"change {one.change}" + {"failed": " (failed)", "unapproved": " (not approved)"}.get(one.state, "")
