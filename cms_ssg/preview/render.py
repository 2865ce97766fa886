"""Save a change, plan it and render what it touches, all in one transaction that is rolled back.

A build of the same site may be running: nothing here takes its lease or writes the site's row, and what it would wait for is held for the time
that some pages take to render. Where the two want the same row the preview gives way and begins again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from psycopg import Connection, IsolationLevel, errors

from cms_ssg.content.scan.changed_files import FileState
from cms_ssg.engine.batch import render_batch
from cms_ssg.engine.bundles import rebundle
from cms_ssg.engine.inputs import list_inputs
from cms_ssg.engine.options import SyncResult
from cms_ssg.engine.planning import derive_frame, page_frame
from cms_ssg.engine.sync import ReadFile, moved_rows, read_chunk, save_batch
from cms_ssg.errors import CmsError, fail
from cms_ssg.kinds.output_kind import OutputKind
from cms_ssg.kinds.phases import ARCHIVES, LISTS, REMOVALS
from cms_ssg.plan.changes import BATCH, derive_changes
from cms_ssg.plan.context import PlanContext
from cms_ssg.plan.dirty import READERS_OF_WINDOWS, SAVE, Marks
from cms_ssg.plan.lists import update_lists
from cms_ssg.preview.subject import Subject
from cms_ssg.reads import digest, name_key
from cms_ssg.render.requests import Job
from cms_ssg.store import previews as store
from cms_ssg.store.arrays import bytea_array, int_array
from cms_ssg.store.entries import delete_files, remove_entries
from cms_ssg.store.images import find_sources, save_facts
from cms_ssg.store.lists import ListNames
from cms_ssg.store.loader import Values
from cms_ssg.store.sites import SiteRow, load_inputs
from cms_ssg.store.sources import delete_sources
from cms_ssg.types import Problem

if TYPE_CHECKING:
    from cms_ssg.render.output import Rendered
    from cms_ssg.render.site_view import Surroundings

MOST_FILES: Final = 2000
"""A change of more files is no preview but a build: what it touches would be held too long."""

MOST_COUNTED: Final = 1000
"""Pages that are looked for beyond the limit, of each thing that changed: a base template changes all of a site."""

PATIENCE_S: Final = 20.0
LOCK_TIMEOUT_MS: Final = 300
"""Less than the second after which Postgres looks for a deadlock and may end the other side, the build."""

IN_THE_WAY: Final = (
    errors.SerializationFailure, errors.LockNotAvailable, errors.DeadlockDetected, errors.UniqueViolation, errors.DuplicateTable,
)  # fmt: skip
"""What Postgres says where another transaction had the same row, or made the same month's table, since this one began."""

LIMITS: Final = f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}; SET LOCAL statement_timeout = '30s'; SET LOCAL idle_in_transaction_session_timeout = '30s'"

SALT: Final = b"preview"


class Shown(NamedTuple):
    """What a change would show. rendered: the entry's own pages first; left_out: pages beyond the limit; unlooked: images nobody has looked at,
    by digest, with a file of each; sources: files of images that pages show, by digest; own: how many pages are of what changed itself.
    """

    rendered: list[Rendered]
    files: list[Job]
    left_out: int
    unlooked: dict[str, str]
    sources: dict[str, str]
    own: int
    published: set[str]


@dataclass(slots=True)
class Previewer:
    """Renders one change. facts: of images that were looked at for it."""

    connection: Connection
    row: SiteRow
    subject: Subject
    around: Surroundings
    now: datetime
    pages: int
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    tries: int = 0
    _read: list[ReadFile] | None = None

    def show(self) -> Shown:
        """Render what the change touches. Nothing is kept. Raises CmsError preview.busy, preview.large."""
        if len(self.subject.changed) + len(self.subject.removed) > MOST_FILES:
            count = len(self.subject.changed) + len(self.subject.removed)
            raise fail("preview.large", f"{self.subject.name} differs in {count:,} files, and a preview shows {MOST_FILES:,} at most",
                       hint="Build it into a folder of its own: CMS_NAME=trial CMS_TARGET=folder:trial cms build.")  # fmt: skip
        until = time.monotonic() + PATIENCE_S
        files = self._read_files()
        inputs = self._list_changed_inputs() if self.subject.whole else []
        connection = self.connection
        connection.isolation_level, connection.autocommit = IsolationLevel.REPEATABLE_READ, False
        try:
            while True:
                self.tries += 1
                try:
                    return self._show(files, inputs)
                except IN_THE_WAY as error:
                    if time.monotonic() > until:
                        raise fail("preview.busy", f"a build goes on changing the same rows ({type(error).__name__})",
                                   hint="It is as well; make the preview when `cms status` shows no builder.") from None  # fmt: skip
                finally:
                    connection.rollback()
                time.sleep(min(1.0, 0.05 * self.tries))
        finally:
            connection.isolation_level, connection.autocommit = None, True

    def _read_files(self) -> list[ReadFile]:
        """The change's files, drafts and what is to come as if it were out. Raises CmsError where one of them alone was asked for."""
        if self._read is None:
            site = self.subject.site
            found = read_chunk(site.rules, str(site.root), self.subject.changed)
            wrong = [problem for one in found for problem in one.problems]
            if wrong and all(one.row is None and one.plain is None for one in found) and not self.subject.whole:
                raise CmsError(*wrong)
            self.problems += [*self.subject.problems, *wrong]
            self._read = [_show_as_published(one) for one in found]
        return self._read

    def _list_changed_inputs(self) -> list[int]:
        """Keys of templates, settings, data … that differ from those that the site was built with."""
        site = self.subject.site
        before = load_inputs(self.connection, self.row.id)
        if not before:
            return []
        found = list_inputs(site.root, site.settings, None)
        self.problems += found.problems
        if self.row.derive_digest is not None and bytes(self.row.derive_digest) != digest(derive_frame(site)):
            said = "settings or content types that decide addresses and lists differ; only the files that differ are shown with them"
            self.problems.append(Problem("preview.derived", "site.toml", 0, said, "A build shows all of it.", "warning"))
        after = {**found.digests, "setting/frame": digest(page_frame(site))}
        return [name_key(name) for name in sorted({*before, *after}) if before.get(name) != after.get(name)]

    # In the transaction

    def _show(self, files: Sequence[ReadFile], inputs: Sequence[int]) -> Shown:
        self.connection.execute(LIMITS)
        last = self.connection.execute(store.LAST_CHANGE, (self.row.id,)).fetchone()[0]  # type: ignore[index]
        self._save(files)
        marks = Marks(self.row.id, self.subject.site.features, SAVE)
        context = PlanContext(self.connection, self.subject.site, self.row.id, ListNames(self.row.id), self.now, marks)
        changes = self.connection.execute(store.OWN_CHANGES, (self.row.id, last)).fetchall()
        for start in range(0, len(changes), BATCH):
            derive_changes(context, changes[start : start + BATCH])
        while update_lists(context, own=True):
            pass
        if self.facts:
            save_facts(self.connection, self.row.id, self.facts)
        return self._render(marks, inputs)

    def _save(self, files: Sequence[ReadFile]) -> None:
        """As a sync does, without its word about the checkout."""
        connection, site_id, removed = self.connection, self.row.id, self.subject.removed
        recorded = {one.file: FileState(one.file, 0, 0, 0, 0) for one in files}
        moved = {digest(old, SALT): key for old, key in moved_rows(connection, site_id, removed).items()}
        save_batch(connection, site_id, self.subject.site.rules, files, recorded, moved, SyncResult())
        if removed:
            remove_entries(connection, site_id, removed)
            delete_files(connection, site_id, removed)
            delete_sources(connection, site_id, removed)
            rebundle(connection, site_id, self.subject.site.rules, removed)

    def _render(self, marks: Marks, inputs: Sequence[int]) -> Shown:
        connection, site_id = self.connection, self.row.id
        own = store.list_owned(connection, site_id, self._list_entries(), self.subject.site.features.with_content)
        winners = store.list_winners(connection, site_id, sorted({*own, *self._list_touched(marks, inputs)}))
        jobs = {w.path: Job(w.path, w.locale or "", w.spec, w.owner) for w in winners}
        kinds = self.subject.site.features.outputs
        files = [job for job in jobs.values() if kinds[job.kind].made == "copied" and not kinds[job.kind].fingerprinted]
        pages = sorted((job for job in jobs.values() if kinds[job.kind].shown), key=lambda job: _rank(job, kinds[job.kind], own))
        shown = pages[: self.pages]
        values = Values(connection, site_id, self.subject.site.features, self.now)
        rendered = render_batch(self.around, values, shown)
        unmeasured = {name for one in rendered for name in one.reads.unmeasured}
        digests = {
            str(spec["digest"]) for one in rendered for paths in one.reads.shows.values() for spec in paths.values() if "digest" in spec
        }
        sources = find_sources(connection, site_id, unmeasured | digests) if unmeasured or digests else {}
        unlooked = {name: sources[name] for name in sorted(unmeasured) if name in sources and name not in self.facts}
        wanted = {path for one in rendered for paths in one.reads.shows.values() for path in paths}
        known = store.list_published(connection, site_id, [*wanted, *self.around.assets.values()])
        return Shown(rendered, files, len(pages) - len(shown), unlooked, sources, len(own), known)

    def _list_entries(self) -> list[int]:
        """Numbers of the entries whose own pages are looked at first."""
        return [row[0] for row in self.connection.execute(store.ENTRIES, ([r.row.file for r in self._read or () if r.row], self.row.id))]

    def _list_touched(self, marks: Marks, inputs: Sequence[int]) -> set[str]:
        """Paths of what the planner says must be made again, but what goes; the home page and lists even where all of the site must be."""
        connection, site_id = self.connection, self.row.id
        keys = [*marks.readers, *(name_key(f"claim/{name}") for name in marks.claims), *inputs]
        found = {path for path, (phase, _) in marks.paths.items() if phase != REMOVALS}
        features = self.subject.site.features
        for shown in ("list", "leaf"):
            kinds = [kind.name for kind in features.outputs.values() if kind.shown == shown]
            found.update(store.list_readers(connection, site_id, keys, kinds, self.pages + MOST_COUNTED))
        if marks.positions:
            values = {
                "site": site_id, "lane": SAVE, **features.phases,
                "lists": int_array(p[0] for p in marks.positions), "positions": bytea_array(p[1] for p in marks.positions),
            }  # fmt: skip
            found.update(row[1] for row in connection.execute(READERS_OF_WINDOWS, values))
        return found


def _show_as_published(one: ReadFile) -> ReadFile:
    """A draft, or what is to come, as if it were out. With another digest, so that it differs from what is stored."""
    if one.row is None:
        return one
    status = "trashed" if one.row.status == "trashed" else "published"
    return one._replace(row=one.row._replace(status=status, publish_at=None, expire_at=None, digest=digest(one.row.digest, SALT)))


def _rank(job: Job, kind: OutputKind, own: Sequence[str]) -> tuple[int, int, str]:
    """What somebody wants to see first: the pages of what changed, home, lists, other pages, archives."""
    if job.path in own:
        return (0, len(job.path), job.path)
    return ({LISTS: 1, ARCHIVES: 3}.get(kind.phase, 2), 0 if kind.role == "front" else len(job.path), job.path)


def list_variants(shown: Shown) -> Mapping[str, dict[str, Any]]:
    """Variants of images that these pages show and that the target does not hold: path -> what it is made of."""
    specs = {path: spec for one in shown.rendered for paths in one.reads.shows.values() for path, spec in paths.items()}
    return {path: spec for path, spec in specs.items() if path not in shown.published}
