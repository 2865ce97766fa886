"""``cms verify``: render again from the store, compare with the manifest and with the bytes at the target."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, LiteralString

import msgspec
from psycopg import Connection, IsolationLevel
from psycopg.types.json import set_json_dumps, set_json_loads

from cms_ssg.paths import object_key
from cms_ssg.publish.open_target import open_target
from cms_ssg.publish.target import Target
from cms_ssg.reads import digest
from cms_ssg.reporting.progress import Reporter
from cms_ssg.site import Site, open_site
from cms_ssg.store.connect import connect, database_url
from cms_ssg.store.migrate import migrate
from cms_ssg.store.previews import list_preview_keys
from cms_ssg.store.sites import SiteRow, ensure_site

BATCH = 200

OUTPUTS: Final[LiteralString] = """
SELECT o.id, o.path, o.digest, c.locale, c.spec, c.owner, o.error IS NOT NULL OR o.retired_at IS NOT NULL
  OR EXISTS (SELECT FROM cms.dirty d JOIN cms.sites s ON s.id = d.site WHERE d.site = o.site AND d.path = o.path AND s.held_release IS NOT NULL),
  o.retired_at IS NOT NULL
FROM (SELECT * FROM cms.outputs WHERE site = %(site)s AND id > %(after)s AND (%(ids)s::bigint[] IS NULL OR id = ANY(%(ids)s)) ORDER BY id LIMIT %(limit)s) o
LEFT JOIN cms.claims c ON c.site = o.site AND c.name = o.path AND c.wins ORDER BY o.id"""
SAMPLE: Final[LiteralString] = "SELECT id FROM cms.outputs WHERE site = %s ORDER BY random() LIMIT %s"
WAITING: Final[LiteralString] = """
SELECT path FROM cms.dirty WHERE site = %(site)s UNION SELECT unnest(paths) FROM cms.journal WHERE site = %(site)s"""
PATHS: Final[LiteralString] = "SELECT path FROM cms.outputs WHERE site = %s AND digest IS NOT NULL"


@dataclass(slots=True)
class VerifyResult:
    """What differs. pages: outputs looked at; different: rendered anew or at the target it is not what the manifest says;
    missing: not at the target; orphaned: at the target, in no manifest; waiting: how many of all these the next build makes or removes anyway, as the
    last one did not come to its end.
    """

    pages: int = 0
    different: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    orphaned: list[str] = field(default_factory=list)
    waiting: int = 0


def verify(root: Path, sample: int = 0, env: str = "", reporter: Reporter | None = None) -> VerifyResult:
    """Compare the store, the manifest and the target; nothing is changed. sample: look at so many outputs, 0 for all."""
    site = open_site(root, os.environ, env)
    set_json_loads(msgspec.json.decode)
    set_json_dumps(msgspec.json.Encoder().encode)
    reporter = reporter or Reporter()
    result = VerifyResult()
    with connect(database_url(site.root, site.settings.database_url, os.environ), autocommit=True) as connection:
        migrate(connection)
        row = ensure_site(connection, site.settings.store_name)
        connection.autocommit = False
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        ids = [r[0] for r in connection.execute(SAMPLE, (row.id, sample))] if sample else None
        target = open_target(site.root, site.settings)
        reporter.phase("verify", sample)
        for rows in _batches(connection, row.id, ids):
            _compare(connection, site, row, target, rows, result)
            reporter.advance(len(rows))
        if not sample:
            known = {object_key(r[0]) for r in connection.execute(PATHS, (row.id,))} | list_preview_keys(connection, row.id)
            result.orphaned = sorted(one.key for one in target.list_objects() if one.key not in known)
        waiting = {object_key(r[0]) for r in connection.execute(WAITING, {"site": row.id})}
        wrong = {*map(object_key, (*result.different, *result.missing)), *result.orphaned}
        result.waiting = len(wrong & waiting)
        connection.rollback()
    result.different.sort()
    result.missing.sort()
    return result


def _batches(connection: Connection, site: int, ids: list[int] | None) -> Iterator[list[Any]]:
    after = 0
    while rows := connection.execute(OUTPUTS, {"site": site, "after": after, "ids": ids, "limit": BATCH}).fetchall():
        yield rows
        after = rows[-1][0]


def _compare(connection: Connection, site: Site, row: SiteRow, target: Target, rows: Sequence[Any], result: VerifyResult) -> None:
    from cms_ssg.engine.batch import render_batch
    from cms_ssg.engine.files import read_file
    from cms_ssg.engine.surroundings import make_surroundings
    from cms_ssg.render.requests import Job
    from cms_ssg.store.loader import Values

    around = make_surroundings(site, row.built_at_clock or datetime.now(UTC))
    jobs = {
        path: Job(path, locale or "", spec, owner or 0)
        for _, path, _, locale, spec, owner, failing, _ in rows
        if spec is not None and not failing
    }
    kinds = site.features.outputs
    files, pages = ([job for job in jobs.values() if kinds[job.kind].made == made] for made in ("copied", "rendered"))
    images = {
        job.path for job in jobs.values() if kinds[job.kind].made == "image"
    }  # their bytes are the encoder's; the manifest knows them
    values = Values(connection, row.id, site.features, around.now)
    rendered = {r.job.path: r for r in render_batch(around, values, pages)}
    rendered.update({job.path: read_file(site, job) for job in files})
    for _, path, known, _, _, _, failing, retired in rows:
        result.pages += 1
        live = target.read(object_key(path))
        if live is None:
            if known is not None and not retired:  # what no page uses any more is nobody's loss, and nothing makes it again
                result.missing.append(path)
        elif known is None or digest(live) != bytes(known):
            result.different.append(path)
        elif path in rendered and not failing:
            artifact = rendered[path].artifact
            if artifact is None or artifact.digest != bytes(known):
                result.different.append(path)
        elif not failing and path not in images:
            result.different.append(path)
