"""``cms status --metrics``: how a site stands, in the text format of Prometheus, for its node exporter's textfile collector.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/ Everything is a gauge, read from the store: a collector that was away has missed nothing.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, LiteralString

from psycopg import Connection

from cms_ssg.diagnostics.status import StatusResult, status
from cms_ssg.errors import fail
from cms_ssg.site import open_site
from cms_ssg.store.connect import connect, database_url
from cms_ssg.store.sites import ensure_site

RECENT: Final[LiteralString] = """
SELECT extract(epoch FROM finished_at - started_at)::float8 FROM (
  SELECT started_at, finished_at, result FROM cms.builds WHERE site = %s ORDER BY id DESC LIMIT 100) b
WHERE finished_at IS NOT NULL AND result ->> 'status' IN ('done', 'partial') ORDER BY 1"""

STATUSES: Final = ("done", "partial", "failed", "stopped", "killed")
COUNTS: Final = ("planned", "rendered", "written", "unchanged", "removed", "failed")
HAS_QUEUE: Final[LiteralString] = "SELECT to_regclass('cms_jobs.procrastinate_jobs') IS NOT NULL"
QUANTILES: Final = (0.5, 0.95, 1.0)

Sample = tuple[str, str, dict[str, str], float]
"""Name without prefix, what it means, labels, value."""


def make_metrics(root: Path, env: str = "") -> str:
    """The metrics of a site, each with its meaning."""
    site = open_site(root, os.environ, env)
    found = status(root, env)
    with connect(database_url(site.root, site.settings.database_url, os.environ), autocommit=True) as connection:
        row = ensure_site(connection, site.settings.store_name)
        seconds = [took for (took,) in connection.execute(RECENT, (row.id,))]
        workers = list_workers(connection, row.id)
    return write_samples(
        site.settings.store_name, [*_list_state(found), *_list_last_build(found.last_build), *_list_durations(seconds), *workers]
    )


def _list_state(found: StatusResult) -> Iterator[Sample]:
    yield "entries", "Entries that the store holds", {}, found.entries
    yield "pages", "Outputs that are recorded", {}, found.outputs
    yield "pages_failing", "Outputs that failed to render; their last good version stays", {}, len(found.failing)
    yield "pages_dirty", "Outputs that wait to be made", {}, found.dirty
    yield "files_waiting", "Content files that differ from what the store knows", {}, found.files
    yield "changes_waiting", "Changes in the store that no build has taken", {}, found.changes
    yield "feed_age_seconds", "Age of the oldest of these changes; 0 where there is none", {}, found.age_s
    yield "conflicts", "Paths that two things want", {}, len(found.conflicts)
    yield "content_problems", "Problems in content files", {}, len(found.problems)
    yield "building", "1 while a build holds the site", {}, bool(found.builder)
    for state, number in (found.webhooks or {}).items():
        yield "webhook_messages", "Messages to receivers: waiting for another try, or dead: given up", {"state": state}, number


def _list_last_build(last: dict[str, Any] | None) -> Iterator[Sample]:
    if last is None:
        return
    yield "last_build_timestamp_seconds", "When the last build ended", {}, last["finished_at"].timestamp()
    took = (last["finished_at"] - last["started_at"]).total_seconds()
    yield "last_build_duration_seconds", "How long it took", {}, took
    for name in STATUSES:
        yield "last_build_status", "1 for what it came to", {"status": name}, last.get("status") == name
    for name in COUNTS:
        yield "last_build_pages", "Outputs of the last build, by what became of them", {"what": name}, last.get(name, 0)
    for step, seconds in sorted(last.get("seconds", {}).items()):
        if step != "total":
            yield "last_build_step_seconds", "Seconds of the last build by step", {"step": step}, seconds


def _list_durations(seconds: Sequence[float]) -> Iterator[Sample]:
    for quantile in QUANTILES if seconds else ():
        at = min(len(seconds) - 1, int(quantile * len(seconds)))
        yield "recent_build_duration_seconds", "Durations of the last 100 builds, sorted", {"quantile": f"{quantile:g}"}, seconds[at]


def list_workers(connection: Connection, site: int) -> list[Sample]:
    """Samples of the queue and of what is shared out; none where no worker ever was."""
    if not connection.execute(HAS_QUEUE).fetchone()[0]:  # type: ignore[index]
        return []
    from cms_ssg.store.jobs import count_jobs, count_workers
    from cms_ssg.store.shards import count_shards

    counts, shards = count_jobs(connection, site), count_shards(connection, site)
    kept = "Jobs for workers; those that failed are kept for three days"
    return [
        *(("jobs", kept, {"state": state}, counts.get(state, 0)) for state in ("todo", "doing", "failed")),
        *(("shards", "Parts of a round that workers may make", {"state": state}, number) for state, number in shards.items()),
        ("workers", "Workers of all sites of this database that say they live", {}, count_workers(connection)),
    ]


def write_samples(site: str, samples: Sequence[Sample]) -> str:
    """Samples as text, those of one name together."""
    lines: list[str] = []
    said = set()
    for name, meaning, labels, value in samples:
        if name not in said:
            said.add(name)
            lines += [f"# HELP cms_{name} {meaning}.", f"# TYPE cms_{name} gauge"]
        shown = ",".join(f'{key}="{_escape(text)}"' for key, text in {"site": site, **labels}.items())
        lines.append(f"cms_{name}{{{shown}}} {float(value):.15g}")
    return "\n".join(lines) + "\n"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def write_file(path: Path, text: str) -> None:
    """Replace a file at once, so that no collector reads half of it. Raises CmsError status.metrics."""
    making = ""
    try:
        handle, making = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(making, 0o644)
        os.replace(making, path)
    except OSError as error:
        if making and os.path.exists(making):
            os.unlink(making)
        hint = "The folder must be there and be writable."
        raise fail("status.metrics", f"cannot be written: {error.strerror}", place=str(path), hint=hint) from None
