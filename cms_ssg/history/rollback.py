"""Put back what later releases replaced, from the bytes that were kept: nothing is rendered, no content is read.

The order is a build's: assets, pages that come back, changed pages, lists, feeds, and then what was not there goes. Each step is journalled and
recorded as a round is, so a rollback that was killed is finished by the same command. The site is held first, since the next build would
publish again what is taken back.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Final

from psycopg.types.json import Jsonb

from cms_ssg.engine.open_session import open_session
from cms_ssg.engine.options import BuildOptions, BuildResult
from cms_ssg.engine.place import SPLIT, name_place
from cms_ssg.engine.planning import SECOND_LOOK_S
from cms_ssg.engine.session import Session
from cms_ssg.errors import fail
from cms_ssg.events.notify import open_notifier
from cms_ssg.files.media_types import content_type
from cms_ssg.history.releases import check_known
from cms_ssg.kinds.features import Features
from cms_ssg.kinds.phases import ASSETS, NEW, REMOVALS
from cms_ssg.paths import object_key
from cms_ssg.publish.kept import Keepable, KeptObject
from cms_ssg.publish.target import Live, Object, find_abilities, is_same_target, name_target
from cms_ssg.reads import digest
from cms_ssg.reporting.progress import Reporter
from cms_ssg.site import open_site
from cms_ssg.store import outputs, releases
from cms_ssg.store.releases import Wanted
from cms_ssg.store.sites import END_BUILD
from cms_ssg.text.counting import count
from cms_ssg.types import Problem

STEP: Final = 500
"""Objects journalled, written and recorded together."""

MOST_NAMED: Final = 10


@dataclass(slots=True)
class RollbackResult:
    """What a rollback did. release: whose state is published now; number: of the rollback, a release itself, 0 where all was as it should be;
    written, removed: objects; returned: paths that came back though nothing in the store wants them any more; left: paths that the target refused;
    problems: what the CDN did not take.
    """

    release: int
    number: int = 0
    status: str = "done"
    written: int = 0
    removed: int = 0
    returned: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    seconds: float = 0.0


def roll_back(root: Path, number: int, env: str = "", reporter: Reporter | None = None) -> RollbackResult:
    """Publish the state after a release again, and hold the site. Raises CmsError releases.* where that cannot be done; then nothing was changed."""
    site, result = open_site(root, os.environ, env), RollbackResult(number)
    build = BuildResult()
    options = BuildOptions(sync=False, env=env)
    notifier = open_notifier(site, options, build)
    with (
        build.timed("total"),
        notifier.around(is_build=False) if notifier is not None else nullcontext(),
        open_session(site, options, build, reporter) as session,
    ):
        session.join_notifier(notifier)
        Rollback(session, result).run()
    result.problems = list(build.problems)
    result.seconds = build.seconds["total"]
    return result


class Rollback:
    """One rollback, by the builder that has the lease."""

    def __init__(self, session: Session, result: RollbackResult) -> None:
        self.session, self.result = session, result
        self.connection, self.site, self.features = session.connection, session.row.id, session.site.features
        self.abilities = find_abilities(session.site.settings)
        session.conditions = not self.abilities.has_versions or bool(session.row.conditions)
        self.kept = session.open_kept()

    def run(self) -> None:
        """Check that it can be done, hold the site, do it."""
        numbers = check_known(self.connection, self.site, self.result.release)
        self._check_target()
        left = self._replay_journal()
        wanted = self._list_wanted(self.result.release, left)
        self._check_kept(numbers, wanted, left)
        self.session.commit()
        build = self.session.result.build_id
        self.connection.execute(releases.HOLD, (self.result.release, build, self.site))
        self.session.commit()
        self.session.reporter.phase("roll back", len(wanted))
        steps = sorted((_phase(self.features, one), path) for path, one in wanted.items())
        for phase, group in groupby(steps, key=lambda step: step[0]):
            paths = [path for _, path in group]
            if phase == REMOVALS and not self.session.purge(removals=False):  # the edge still links to what would go
                self.result.left += paths
                break
            for start in range(0, len(paths), STEP):
                self._make_step([wanted[path] for path in paths[start : start + STEP]], phase == REMOVALS)
        self._finish()

    def _check_target(self) -> None:
        settings, row = self.session.site.settings, self.session.row
        if row.target is None or not is_same_target(row.target, name_target(settings)):
            raise fail("releases.target", "what was published is elsewhere, or has other headers, than site.toml says now", place="site.toml",
                       hint="Set [target] as it was, or publish with `cms build` first.")  # fmt: skip
        if row.place == SPLIT or row.place != name_place(self.session.site.root, settings.target.url, make=False):
            raise fail("releases.place", "the pages are in another checkout's output folder",
                       hint="Roll back there, or have every page here with `cms build --full` first.")  # fmt: skip

    def _replay_journal(self) -> list[str]:
        again_s = SECOND_LOOK_S if self.abilities.is_shared else 0.0
        if self.session.purger is not None:
            self.session.purger.note_left()
        left = outputs.replay_journal(self.connection, self.site, self.features, again_s)
        if left:
            self.session.target.clear_left([object_key(path) for path in left])
        return left

    def _list_wanted(self, number: int, left: Sequence[str]) -> dict[str, Wanted]:
        """What to put back or take away, without what the target holds already."""
        wanted = releases.list_wanted(self.connection, self.site, number)
        for path in left:  # written by a killed build that was the first to do so
            wanted.setdefault(path, Wanted(path, "file", None, None, None, None, True, None))
        if self.abilities.retires:  # an asset stays for the pages that visitors have open, and another's object stays in any case
            target = self.session.target
            for path in [path for path, one in wanted.items() if one.digest is None]:
                if _is_fingerprinted(self.features, wanted[path]) or (wanted[path].live is None and not target.is_own(object_key(path))):
                    del wanted[path]
        return wanted

    def _check_kept(self, numbers: Sequence[int], wanted: dict[str, Wanted], left: Sequence[str]) -> None:
        """Raises CmsError releases.lost where bytes are missing, and says how far back they reach."""
        there = self.kept.list_digests()
        lost = self._list_lost(wanted, there)
        if not lost:
            return
        furthest = numbers[0]
        for number in numbers[1 : numbers.index(self.result.release)]:
            if self._list_lost(self._list_wanted(number, left), there):
                break
            furthest = number
        named = "\n".join(f"  {path}" for path in lost[:MOST_NAMED])
        reach = f"It can go back to release {furthest}." if furthest != numbers[0] else "It cannot go back at all."
        raise fail("releases.lost", f"the bytes of {count(len(lost), 'object')} of release {self.result.release} are not kept any more; nothing was changed",
                   hint=f"{reach}\n{named}")  # fmt: skip

    def _list_lost(self, wanted: dict[str, Wanted], there: set[bytes]) -> list[str]:
        return sorted(
            path for path, one in wanted.items()
            if one.digest is not None and bytes(one.digest) not in there and not (one.digest == one.live and self._is_there(one))
        )  # fmt: skip

    def _is_there(self, one: Wanted) -> bool:
        data = self.session.target.read(object_key(one.path))
        return data is not None and digest(data) == one.digest

    def _make_step(self, rows: Sequence[Wanted], removing: bool) -> None:
        paths = [one.path for one in rows]
        journal = outputs.add_journal(self.connection, self.site, self.session.lease.epoch, paths)
        self.session.commit()
        done = self._remove(rows) if removing else list(self._put_back(rows))
        self.session.keep_lease()
        releases.restore_outputs(self.connection, self.site, self.features, self.session.result.build_id, done, self.result.release)
        if self.session.purger is not None:
            cause = "removed" if removing else "changed"
            self.session.purger.note_paths([(one.path, _phase(self.features, one), cause) for one, _ in done])
        if len(done) == len(rows):
            self.connection.execute(outputs.DELETE_JOURNAL, (journal,))
        self.session.commit()
        self.result.returned += [one.path for one, _ in done if one.digest is not None and one.live is None]
        self.session.reporter.advance(len(rows))

    def _put_back(self, rows: Sequence[Wanted]) -> Iterator[tuple[Wanted, str | None]]:
        """Write what was kept. Gives what is at the target now, with its etag."""
        objects = []
        for one, kept in zip(rows, self.kept.read_many([bytes(one.digest or b"") for one in rows]), strict=True):
            if kept is None and one.digest == one.live:  # not sure, but never replaced
                kept = KeptObject(self.session.target.read(object_key(one.path)) or b"")
            if kept is None or digest(kept.data) != one.digest:
                self.result.left.append(one.path)
                continue
            known = None if one.live is None else Live(None if one.unsure else one.live, one.etag)
            objects.append((one, Object(object_key(one.path), kept.data, _type_of(self.features, one, kept), one.kind, bytes(one.digest), known,
                                        path=one.path, tags=kept.tags, cache=_cache_of(self.features, one))))  # fmt: skip
        outcomes = self.session.target.write_many([made for _, made in objects], self.session.keep_lease) if objects else []
        for (one, _), outcome in zip(objects, outcomes, strict=True):
            if outcome.refused is not None:
                self.result.left.append(one.path)
                continue
            self.result.written += outcome.written
            yield one, outcome.etag

    def _remove(self, rows: Sequence[Wanted]) -> list[tuple[Wanted, str | None]]:
        self.kept.add_many([Keepable(object_key(one.path), None if one.unsure else one.live, one.etag) for one in rows])
        reasons = self.session.target.remove_many([object_key(one.path) for one in rows], self.session.keep_lease)
        done: list[tuple[Wanted, str | None]] = []
        for one, reason in zip(rows, reasons, strict=True):
            if reason is None:
                done.append((one, None))
                self.result.removed += one.live is not None
            else:
                self.result.left.append(one.path)
        return done

    def _finish(self) -> None:
        result, build = self.result, self.session.result.build_id
        result.number = build if result.written or result.removed else 0
        wanted = {row[0] for row in self.connection.execute("SELECT name FROM cms.claims WHERE site = %s AND name = ANY(%s) AND wins",
                                                            (self.site, result.returned))}  # fmt: skip
        result.returned = sorted(set(result.returned) - wanted)
        result.status = "partial" if result.left else "done"
        summary = {"status": result.status, "back_to": result.release, "written": result.written, "removed": result.removed}
        self.connection.execute(END_BUILD, (Jsonb(summary), build))
        ended = self.session.result
        ended.status, ended.written, ended.removed = result.status, result.written, result.removed
        if self.session.notifier is not None:
            self.session.notifier.record_release(self.connection, back_to=result.release)
        self.session.commit()
        if not self.session.purge():
            result.status = "partial"


def _phase(features: Features, one: Wanted) -> int:
    if one.digest is None:
        return REMOVALS
    kind = features.outputs.get(one.kind)
    if kind is None:
        return NEW if one.live is None else ASSETS
    return kind.phase_if_new if one.live is None else kind.phase


def _type_of(features: Features, one: Wanted, kept: KeptObject) -> str:
    """Content-Type as it was sent, which a kept object of a bucket knows; else as a build would send it."""
    kind = features.outputs.get(one.kind)
    if kind is None or not kind.content_type:
        return content_type(one.path)
    return kept.content_type or kind.content_type


def _cache_of(features: Features, one: Wanted) -> str:
    kind = features.outputs.get(one.kind)
    return kind.cache if kind is not None else ""


def _is_fingerprinted(features: Features, one: Wanted) -> bool:
    kind = features.outputs.get(one.kind)
    return kind is not None and kind.fingerprinted
