"""One build's hold on a site: connections, lease, planner, workers, and what is said at the end."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from psycopg import Connection

from cms_ssg.engine.context import BuildContext
from cms_ssg.engine.options import BuildOptions, BuildResult, SyncResult
from cms_ssg.engine.place import SPLIT, describe_place, find_reason, find_stranger, make_owner, mark_target, name_place
from cms_ssg.engine.planning import Planner
from cms_ssg.engine.rounds import Rounds
from cms_ssg.engine.sync import SyncContext, sync
from cms_ssg.paths import object_key
from cms_ssg.plan.dirty import BULK_TURN
from cms_ssg.publish.kept import Kept
from cms_ssg.publish.open_target import open_kept, open_target
from cms_ssg.publish.owner import open_mark
from cms_ssg.publish.target import Target, Writer, find_abilities, name_target
from cms_ssg.releases.causes import find_causes, make_note
from cms_ssg.releases.note import begin_releases
from cms_ssg.reporting.progress import Reporter
from cms_ssg.site import Site
from cms_ssg.store import outputs as store
from cms_ssg.store.lease import Lease, try_lease
from cms_ssg.store.pending import has_due
from cms_ssg.store.sites import MARK_TARGET, SET_CONDITIONS, SET_PLACE, START_BUILD, SiteRow
from cms_ssg.store.sync_lock import hold_sync
from cms_ssg.types import Problem

if TYPE_CHECKING:
    from cms_ssg.engine.purging import Purger
    from cms_ssg.engine.warm import Warm
    from cms_ssg.events.notify import Notifier


@dataclass(slots=True)
class Session:
    """One build of one site. Everything it does is safe to repeat after a kill. passing: digests of what it put at the target and replaced again."""

    context: BuildContext
    result: BuildResult
    reporter: Reporter
    url: str
    skip: list[str]
    started: Any
    warm: Warm | None = None
    planner: Planner = field(init=False)
    rounds: Rounds = field(init=False)
    purger: Purger | None = None
    elsewhere: bool = False
    follows_kill: bool = False
    was_urgent: bool = True
    note: dict[str, Any] = field(default_factory=dict)
    passing: set[bytes] = field(default_factory=set)
    urgent_after: int = 0
    claims: bool = False
    conditions: bool = True
    only: list[str] | None = None
    _target: Target | None = None
    notifier: Notifier | None = None
    _pool: Executor | None = None

    def __post_init__(self) -> None:
        self.planner = Planner(self.context)
        self.rounds = Rounds(self)

    @property
    def site(self) -> Site:
        return self.context.site

    @property
    def options(self) -> BuildOptions:
        return self.context.options

    @property
    def connection(self) -> Connection:
        return self.context.connection

    @property
    def row(self) -> SiteRow:
        return self.context.row

    @property
    def lease(self) -> Lease:
        return self.context.lease

    @property
    def now(self) -> datetime:
        return self.context.now

    def start(self) -> None:
        """Note that a build began, at once: of one that fails or is killed before it wrote anything else that is told too."""
        if self.options.plan:
            self.result.build_id = self._execute_one(START_BUILD, (self.row.id, self.now))
        if self.connection.autocommit:
            self.connection.autocommit = False
        if self.site.settings.cdn.kind != "null":
            from cms_ssg.engine.purging import Purger

            self.purger = Purger(
                self.connection, self.row.id, self.site.settings, self.result.build_id, self.context, problems=self.result.problems
            )

    def begin(self) -> None:
        """Look at where this builds to, and plan what is known before the files were read."""
        url, name = self.site.settings.target.url, name_target(self.site.settings)
        place = name_place(self.site.root, url, make=not self.options.dry_run)
        again = "a full build was asked for" if self.options.full else find_reason(self.row, name, place, self._sees_nothing)
        self.claims = bool(again) or self.row.target is None
        mark = found = None
        abilities = find_abilities(self.site.settings)
        if abilities.looks_are_free or not self.options.dry_run:  # a plan asks no store
            mark = open_mark(self.site.root, self.site.settings)
            found = mark.read()
            strange = find_stranger(
                self.connection, self.site, self.row, found, claims=self.claims, place=place, is_empty=self._sees_nothing
            )
            again, self.claims = again or strange, self.claims or bool(strange)
        if self.claims:
            self.connection.execute(SET_PLACE, (name, place, self.row.id))
        elif (problem := describe_place(self.row, place)) is not None:
            self.result.problems.append(problem)
            self.elsewhere = self.row.place != SPLIT
        if abilities.has_versions and not self.options.dry_run:
            self.conditions = bool(self.row.conditions)
            if self.claims or self.row.conditions is None:
                self._probe()
        if self.claims or not self.row.target_marked:
            self.connection.execute(MARK_TARGET, (self.row.id,))
        if self.purger is not None:
            self.purger.note_left()
        self.planner.begin(again, self._clear_left)
        if mark is not None and not self.options.dry_run and found != make_owner(self.site, self.row):
            mark_target(self.site, self.row, mark, place)  # after what it leads to was kept: until then each build finds it out anew

    @property
    def target(self) -> Target:
        """Where this builds to, opened when it is first needed."""
        if self._target is None:
            self._target = open_target(self.site.root, self.site.settings, self.writer)
        return self._target

    def open_kept(self) -> Kept:
        """Where bytes of earlier releases are, also where no more are kept."""
        return self.target.kept or open_kept(self.site.root, self.site.settings)

    @property
    def writer(self) -> Writer:
        """How this builder signs what it writes."""
        return Writer(self.site.settings.store_name, self.row.writer, self.lease.epoch, self.claims, self.conditions)

    def _clear_left(self, paths: Sequence[str]) -> None:
        self.follows_kill = True
        if not self.options.dry_run:
            self.target.clear_left([object_key(path) for path in paths])

    def _sees_nothing(self) -> bool:
        return find_abilities(self.site.settings).looks_are_free and self.target.is_empty()

    def join_notifier(self, notifier: Notifier | None) -> None:
        """Have what this build does told to hooks and webhooks, if anybody listens."""
        if notifier is not None:
            self.notifier = notifier
            if notifier.join(self):
                self.commit()

    def commit(self) -> None:
        """Keep what was done so far: see BuildContext."""
        self.context.commit()

    def keep_lease(self) -> None:
        """Between two writes: see BuildContext."""
        self.context.keep_lease()

    def apply_due(self) -> None:
        """Make the changes of entries whose time has come."""
        if not has_due(self.connection, self.row.id, self.now):
            return
        from cms_ssg.entries.pending import apply_due  # with all that reads content

        _, problems = apply_due(self.connection, self.site, self.row.id, self.now, self.context.commit)
        self.result.problems.extend(problems)

    def sync(self) -> SyncResult:
        """Read what changed in the files."""
        self.reporter.phase("sync")
        started, self.started = self.started, None
        with nullcontext() if self.options.dry_run else hold_sync(self.connection, self.row.id):  # a dry run is one transaction
            return self._sync(self.options.changed, started)

    def derive_saved(self) -> None:
        """After files were only saved: find out what became of entries, for hooks. Where a builder is at work, it does that and tells them."""
        if (lease := try_lease(self.connection, self.row.id)) is not None:
            self.context = self.planner.context = replace(self.context, lease=lease)
            self.planner.take_entries()

    def sync_more(self, names: Sequence[str]) -> None:
        """Between two rounds: save what was written to these files since this build began."""
        with self.result.timed("sync"), hold_sync(self.connection, self.row.id):
            self._sync(names, None)

    def move_clock(self, now: datetime) -> None:
        """Between two rounds: go on with this time."""
        self.context = replace(self.context, now=now)
        self.planner.move_clock(now)
        self.apply_due()

    def _sync(self, names: Sequence[str] | None, started: Any) -> SyncResult:
        context = SyncContext(
            self.connection,
            self.site,
            self.row.id,
            self.context.commit,
            between=self.planner.take_entries if self.options.plan else None,
            pool=self.pool if self.jobs > 1 and not self.options.dry_run else None,
            progress=lambda done, total: self._progress("sync", done, total),
        )
        found = sync(context, names, started=started, force=self.options.force, skip=self.skip)
        shared = set(found.shared)
        self.result.problems.extend(
            p for p in found.problems if p.severity == "warning" or not p.code.startswith("content.") or p in shared
        )
        return found

    @property
    def jobs(self) -> int:
        return self.options.jobs or os.cpu_count() or 1

    @property
    def has_workers(self) -> bool:
        """Whether workers were started."""
        return self._pool is not None

    def pool(self) -> Executor:
        """The workers, started when first needed."""
        if self._pool is None:
            from cms_ssg.engine.pool import Seed, start_pool

            self._pool = start_pool(Seed(self.site, self.url, self.writer), self.jobs)
        return self._pool

    def count_dirty(self) -> int:
        """Outputs to be made or removed."""
        return self._execute_one(store.COUNT_DIRTY, (self.row.id,))

    def list_dirty(self) -> list[tuple[str, str, str]]:
        """(path, kind, reason) of outputs to be made or removed."""
        query = """SELECT d.path, coalesce(c.spec ->> 'kind', 'removal'), d.reason FROM cms.dirty d
                   LEFT JOIN cms.claims c ON c.site = d.site AND c.name = d.path AND c.wins WHERE d.site = %s ORDER BY d.turn, d.path"""
        return self.connection.execute(query, (self.row.id,)).fetchall()

    def count_sources(self) -> int:
        """Files that are known."""
        return self._execute_one("SELECT count(*) FROM cms.sources WHERE site = %s", (self.row.id,))

    def make(self) -> None:
        """Render, publish and record until nothing is dirty."""
        if self.elsewhere and self.result.planned:  # from now on no checkout holds all, also if this one is killed
            self.connection.execute(SET_PLACE, (self.row.target, SPLIT, self.row.id))
            self.commit()
        if self.result.planned and not self.conditions:
            self.result.problems.append(Problem("publish.no-conditions", "site.toml", 0, "this store ignores the conditions of a write",
                "Let one machine alone build this site: two builders could overwrite each other's pages.", "warning"))  # fmt: skip
        begin_releases(self)
        causes = (
            find_causes(self.connection, self.row.id, self.site.features, self.row.built_at_clock is None)
            if self.result.planned
            else ([], [])
        )
        self.rounds.run()
        if self.result.written or self.result.removed:
            self.note = make_note(*causes, self.site.root)
        self.purge()
        if self.purger is not None:
            self.purger.report(self.result)

    def purge(self, *, removals: bool = True, low: int = 0) -> bool:
        """Have the CDN, if there is one, forget what changed. removals: also pages that went; low: as ``Purger.send``. Returns whether it did."""
        if self.purger is None:
            return True
        with self.result.timed("publish"):
            return self.purger.send(removals=removals, low=low)

    def purge_saves(self, turn: int, many: int) -> None:
        """Between two rounds: what a person waits for is purged before the rest of a long build goes on. turn: of the next outputs; many: outputs."""
        if self.purger is None:
            return
        is_urgent = turn < BULK_TURN
        if is_urgent and not self.was_urgent:
            self.urgent_after = self.purger.find_newest()
        elif not is_urgent and self.was_urgent and self.count_dirty() > many:
            self.purge(removals=False, low=self.urgent_after)
        self.was_urgent = is_urgent

    def _probe(self) -> None:
        """Ask a store once whether it refuses a write over another version than the one that was named."""
        self.conditions, self._target = self.target.honours_conditions(), None
        self.connection.execute(SET_CONDITIONS, (self.conditions, self.row.id))

    def close(self) -> None:
        """Give back workers, connections and the lease."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        self.rounds.close()
        try:
            if not self.connection.closed:
                self.connection.rollback()
                self.connection.autocommit = True
                self.lease.end()
        finally:
            self.lease.forget()

    def _progress(self, phase: str, done: int, total: int) -> None:
        self.reporter.phase(phase, total)
        self.reporter.advance(done)

    def _execute_one(self, query: Any, parameters: tuple[object, ...]) -> int:
        row = self.connection.execute(query, parameters).fetchone()
        return int(row[0]) if row is not None else 0
