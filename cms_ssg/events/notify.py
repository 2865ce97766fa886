"""What a build tells: hooks, and the receivers of webhooks. Every event is written with what makes it true, told after, then forgotten.

The promise is at least once; docs/extending.md says what each event means. For a site without hooks and webhooks only the build's own row says
whether it failed or was killed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec
from psycopg import Connection, OperationalError
from psycopg.types.json import Jsonb

from cms_ssg.engine.options import BuildOptions, BuildResult
from cms_ssg.errors import CmsError, StoppedError
from cms_ssg.events.plugins import Plugins, find_plugins
from cms_ssg.site import Site
from cms_ssg.store import deliveries
from cms_ssg.store import events as store
from cms_ssg.store.clock import read_clock
from cms_ssg.store.connect import connect, database_url
from cms_ssg.store.sites import END_BUILD, START_BUILD, ensure_site
from cms_ssg.types import Problem

if TYPE_CHECKING:
    from cms_ssg.engine.session import Session
from cms_ssg.events.call_hooks import call_hooks

MOST_PROBLEMS: Final = 50
CONTENT_HOOKS: Final = ("content_after_save", "post_after_publish", "post_bulk_updated", "row_after_publish")
NOT_A_FAILURE: Final = frozenset({"build.busy", "build.lease-lost"})
"""Another builder has the site: that is its business. Where the database is away, the next build finds what this one left."""

COUNTS: Final = ("planned", "rendered", "written", "unchanged", "removed", "failed")


def open_notifier(site: Site, options: BuildOptions, result: BuildResult, in_background: bool = False) -> Notifier | None:
    """What is to be told of a build of this site; None where nothing is to be kept."""
    return None if options.dry_run else Notifier(site, options, result, find_plugins(site.root, site.settings), in_background)


class Notifier:
    """One build's events. in_background: webhooks are sent while the next build may begin."""

    def __init__(
        self, site: Site, options: BuildOptions, result: BuildResult, plugins: Plugins | None, in_background: bool = False
    ) -> None:
        self.site, self.options, self.result, self.plugins, self.in_background = site, options, result, plugins, in_background
        self.started_s = time.perf_counter()
        self.resumed = False
        self.last_status = ""
        self._url = ""
        self._site_id = 0

    @property
    def is_heard(self) -> bool:
        """Whether the site has hooks or receivers."""
        return self.plugins is not None or self.sends

    @property
    def sends(self) -> bool:
        """Whether somebody is told over the network: a receiver, or the hub of the feeds."""
        return bool(self.site.settings.webhooks or self.site.settings.websub_hub)

    @property
    def listens(self) -> bool:
        """Whether planning has to note what became of entries."""
        return self.plugins is not None and self.plugins.has(*CONTENT_HOOKS)

    @contextmanager
    def around(self, is_build: bool = True) -> Iterator[None]:
        """A build, or a sync, happens in this block: tell that it begins, and when it is over what came of it, also if it fails."""
        if is_build:
            self._call_start()
        try:
            yield
        except CmsError as error:
            if is_build and not any(p.code in NOT_A_FAILURE or p.code.startswith("db.") for p in error.problems):
                self._end_failed(list(error.problems))
            error.problems = (
                *error.problems,
                *self._take_problems(),
                *(p for p in self.result.problems if p.code.startswith("webhooks.") or p.code == "build.untold"),
            )
            raise
        except (StoppedError, KeyboardInterrupt):
            if is_build:
                self._note_stop()
            raise
        except Exception as error:
            if is_build:
                self._end_failed([Problem("internal", "", 0, f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")])
            raise
        self._deliver()
        self.result.problems.extend(self._take_problems())

    def join(self, session: Session) -> bool:
        """The build has the site: look at how the one before it ended. Returns whether there is something to commit."""
        self._url, self._site_id = session.url, session.row.id
        session.planner.listens = self.listens
        last = store.load_last_build(session.connection, self._site_id, self.result.build_id) if self.result.build_id else None
        if last is None:
            return False
        number, is_dead, ended = last
        if is_dead:  # it would have the lease if it lived
            ended = {"status": "killed", "unreleased": True}
            if session.connection.execute(store.END_KILLED, (Jsonb(ended), number)).rowcount:
                self._record(session.connection, number, ended, ())
        self.resumed = bool(ended.get("unreleased"))
        self.last_status = _sum_up(ended)
        return bool(is_dead)

    def record_end(self, connection: Connection, summary: dict[str, Any]) -> None:
        """In the transaction that ends the build: what is to be told of it."""
        if not self.is_heard:
            return
        self._record(connection, self.result.build_id, summary, self.result.problems)
        self.record_release(connection)

    def record_release(self, connection: Connection, back_to: int | None = None) -> None:
        """In the transaction that ends a build or a rollback: what visitors now see otherwise. back_to: a rollback to the state after that release."""
        if self.is_heard and (self.result.written or self.result.removed or self.resumed):
            detail = {
                "build_id": self.result.build_id, "base_url": self.site.settings.base_url, "status": self.result.status,
                "written": self.result.written, "removed": self.result.removed, "ended_at": store.load_now(connection).isoformat(),
                "resumed": self.resumed, "back_to": back_to,
            }  # fmt: skip
            self._add(connection, "release_published", detail)
            self._send(connection, deliveries.RELEASED, {**detail, "rendered": self.result.rendered, "failed": self.result.failed})
            if hub := self.site.settings.websub_hub:
                kinds = self.site.features.with_role("feed")
                deliveries.add_ping(connection, self._site_id, self.result.build_id, kinds, hub, self.site.origin + self.site.base_path)

    def _record(self, connection: Connection, build: int, ended: dict[str, Any], problems: Any) -> None:
        """A build is over: for hooks in any case, for webhooks where it failed in another way than the one before."""
        if not self.is_heard:
            return
        status = ended["status"]
        shown = [msgspec.to_builtins(p) for p in list(problems)[:MOST_PROBLEMS]]
        counts = {name: ended.get(name, 0) for name in COUNTS}
        ended_at = store.load_now(connection).isoformat()
        detail = {"build_id": build, "status": status, **counts, "problems": shown, "ended_at": ended_at}
        seconds = {**self.result.seconds, "total": round(time.perf_counter() - self.started_s, 4)} if build == self.result.build_id else {}
        self._add(connection, "build_after", detail | {"seconds": seconds})
        if status not in ("done", "stopped") and _sum_up(ended) != self.last_status:
            self._send(connection, deliveries.FAILED, detail)

    def _add(self, connection: Connection, kind: str, detail: dict[str, Any]) -> None:
        if self.plugins is not None and self.plugins.has(kind):
            store.add_event(connection, self._site_id, kind, detail)

    def _send(self, connection: Connection, event: str, data: dict[str, Any]) -> None:
        if self.site.settings.webhooks:
            urls = [hook.url for hook in self.site.settings.webhooks if event in hook.events]
            deliveries.add_deliveries(connection, self._site_id, event, urls, {"site": self.site.settings.store_name, **data})

    def _call_start(self) -> None:
        if self.plugins is not None and self.plugins.has("build_before"):
            from cms_ssg.hooks import BuildStart

            s = self.site.settings
            start = BuildStart(
                site=s.store_name, env=s.env, root=str(self.site.root), base_url=s.base_url, target=s.target.url, full=self.options.full
            )
            self.plugins.call("build_before", build=start)

    def _note_stop(self) -> None:
        """A person or a worker that is to end stopped the build: that is no failure, and hooks are told by the next one."""
        if not self._url or not self.result.build_id:
            return
        try:
            with connect(self._url) as connection:
                self._end(connection, "stopped")
        except (CmsError, OperationalError) as error:
            self._report_untold(error)

    def _end(self, connection: Connection, status: str, problems: Sequence[Problem] = ()) -> None:
        """Write down that the build ended before it was through."""
        unreleased = bool(self.result.written or self.result.removed or self.resumed)
        counts = {name: getattr(self.result, name) for name in COUNTS}
        ended = {**counts, "status": status, "codes": sorted({p.code for p in problems}), "unreleased": unreleased}
        connection.execute(END_BUILD, (Jsonb(ended), self.result.build_id))
        self._record(connection, self.result.build_id, ended, problems)

    def _end_failed(self, problems: list[Problem]) -> None:
        """The build raised: note it, and tell."""
        if not self._url and not self.is_heard:
            return
        try:
            url = self._url or database_url(self.site.root, self.site.settings.database_url, os.environ)
            with connect(url) as connection:
                row = ensure_site(connection, self.site.settings.store_name)
                if not self._site_id or not self.result.build_id:
                    self._begin_late(connection, row.id)
                self._end(connection, "failed", problems)
            self._url, self._site_id = url, row.id
        except (CmsError, OperationalError) as error:
            self._report_untold(error)
            return
        self._deliver()

    def _report_untold(self, error: Exception) -> None:
        text = f"hooks and webhooks were not told: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
        self.result.problems.append(
            Problem("build.untold", "", 0, text, "What waits for them is in the database; the next build tells it.", "warning")
        )

    def _begin_late(self, connection: Connection, site_id: int) -> None:
        """The build failed before it had a number."""
        self._site_id = site_id
        row = connection.execute(START_BUILD, (site_id, self.options.now or read_clock(connection)[0])).fetchone()
        self.result.build_id = int(row[0]) if row is not None else 0
        last = store.load_last_build(connection, site_id, self.result.build_id)
        self.last_status = _sum_up(last[2]) if last is not None else ""
        self.resumed = last is not None and bool(last[1] or last[2].get("unreleased"))

    def _deliver(self) -> None:
        """Tell hooks what waits for them, then send what is due to webhooks. The build is over: its lease is given back."""
        if not self._url:
            return
        try:
            if self.plugins is not None:
                with connect(self._url) as connection:
                    call_hooks(connection, self.site, self._site_id, self.plugins)
            if self.sends:
                self._send_due()
        except (CmsError, OperationalError) as error:
            self._report_untold(error)

    def _send_due(self) -> None:
        from cms_ssg.events.webhooks import send_due, send_in_background

        if self.in_background:
            send_in_background(self._url, self._site_id, self.site.settings)
        else:
            self.result.problems.extend(send_due(self._url, self._site_id, self.site.settings))

    def _take_problems(self) -> list[Problem]:
        return self.plugins.take_problems() if self.plugins is not None else []


def _sum_up(ended: dict[str, Any]) -> str:
    """What makes two failures the same to somebody who was told of the first."""
    status = str(ended.get("status", ""))
    return f"{status} {ended.get('failed', 0)} {' '.join(ended.get('codes', ()))}" if status != "done" else "done"
