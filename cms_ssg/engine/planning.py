"""Find out what must be made: inputs that moved, time that passed, changes that were noted, what a dead build left behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, LiteralString

import msgspec

from cms_ssg.config.settings import Locale
from cms_ssg.engine.context import BuildContext
from cms_ssg.engine.inputs import list_inputs, read_redirects
from cms_ssg.errors import CmsError
from cms_ssg.kinds import core_kinds
from cms_ssg.kinds.phases import REMOVALS
from cms_ssg.kinds.reference import resolve
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.plan.changes import take_changes
from cms_ssg.plan.context import PlanContext
from cms_ssg.plan.dirty import BULK, SAVE, Marks, mark_all, mark_timed
from cms_ssg.plan.lists import update_lists
from cms_ssg.plan.site_claims import claim_site_paths
from cms_ssg.publish.target import find_abilities
from cms_ssg.reads import digest, name_key
from cms_ssg.render.theme_chain import theme_folders
from cms_ssg.site import Site, source_digest
from cms_ssg.store.lists import ListNames, mark_all_stale
from cms_ssg.store.outputs import replay_journal
from cms_ssg.store.retired import mark_retired
from cms_ssg.store.sites import CHANGE_ALL, DUE, SET_CLOCK, SET_DERIVE_DIGEST, change_rows, load_inputs, save_inputs
from cms_ssg.store.statistics import SAVED, count_rows
from cms_ssg.store.type_tables import declare_type_tables
from cms_ssg.text.collation import collation_version
from cms_ssg.types import Problem

REMOVALS_AT_MOST, REMOVED_SHARE = 256, 0.05
"""More removals than both need a word from a person."""

FEW_ENTRIES = 20
"""Where there are fewer pages than this, half of them is no mass of removals."""

REMOVALS_NAMED = 20

SECOND_LOOK_S = 600.0
"""How long after a builder lost its lease to a shared target what it was writing is looked at again."""

REMOVED: Final[LiteralString] = """
SELECT o.path, o.kind = ANY(%(content)s) FROM cms.dirty d
JOIN cms.outputs o ON o.site = d.site AND o.path = d.path AND o.digest IS NOT NULL AND o.retired_at IS NULL AND o.kind <> ALL(%(images)s)
WHERE d.site = %(site)s AND d.phase = %(removals)s ORDER BY d.path <> '/', o.kind <> ALL(%(content)s), d.path"""
PUBLISHED: Final[LiteralString] = """
SELECT count(*), count(*) FILTER (WHERE kind = ANY(%(content)s)) FROM cms.outputs WHERE site = %(site)s AND digest IS NOT NULL"""

WAS_BUILT: Final[LiteralString] = """
SELECT EXISTS (SELECT FROM cms.builds WHERE site = %(site)s AND finished_at IS NOT NULL AND result ->> 'status' <> 'failed')"""

MANY_CHANGES = 2000
"""After so many changes the database's own planner needs new statistics."""

SITE_WIDE = ("setting/", "asset/", "redirects/")
"""Inputs that the site's own claims may depend on."""


@dataclass(slots=True)
class Planner:
    """Turns everything that happened to one site into dirty outputs. lists_moved: since they were last updated; a killed build may have moved some."""

    context: BuildContext
    names: ListNames = field(init=False)
    inputs_key: bytes = b""
    problems: list[Problem] = field(default_factory=list)
    listens: bool = False
    lists_moved: bool = True
    taken: int = 0
    count_at: int = 5000

    def __post_init__(self) -> None:
        self.names = ListNames(self.context.row.id)

    def begin(self, again: str, clear_left: Callable[[Sequence[str]], None]) -> None:
        """Once a build: what a killed one left, settings and code that derive, inputs, the clock.

        again: why every output must be made; clear_left: told the paths that a killed build may have been writing, before that is forgotten.
        """
        connection, site_id = self.context.connection, self.context.row.id
        features = self.context.site.features
        abilities = find_abilities(self.context.site.settings)
        again_s = SECOND_LOOK_S if abilities.is_shared else 0.0
        if left := replay_journal(connection, site_id, features, again_s):
            clear_left(left)
        derive_digest = digest(derive_frame(self.context.site))
        marks = Marks(site_id, features, BULK)
        derives_anew = self.context.row.derive_digest is None or bytes(self.context.row.derive_digest) != derive_digest
        if derives_anew:
            if self.context.row.derive_digest is not None:  # what was never derived has its change rows already
                connection.execute(CHANGE_ALL, {"site": site_id})
                change_rows(connection, site_id, features.rows.values())
                mark_all_stale(connection, site_id)
                if self.context.site.settings.search is None:
                    from cms_ssg.search.documents import forget_documents

                    forget_documents(connection, site_id)
            connection.execute(SET_DERIVE_DIGEST, (derive_digest, site_id))
        if self.context.site.settings.search is not None:
            from cms_ssg.search.sending import register_engine

            register_engine(connection, self.context.site, site_id)
        declare_type_tables(connection, self.context.site.schemas.values())
        changed = self._compare_inputs(marks)
        if (
            derives_anew
            or self.context.row.built_at_clock is None
            or changed is None
            or any(name.startswith(SITE_WIDE) for name in changed)
        ):
            self._claim_site(marks)
        if again:
            mark_all(connection, site_id, features, again)
        if abilities.retires:
            mark_retired(connection, site_id, self.context.site.settings.target.retire_after_s)
        self._pass_time(self.context.row.built_at_clock)
        marks.save(connection)
        self.context.commit()

    def take(self, *, without_entries: bool = False) -> int:
        """Turn every noted change into dirty outputs. without_entries: those of entries and files stay. Returns how many change rows there were."""
        total = self.take_entries(without_entries=without_entries)
        while not without_entries and self._gather():
            total += self.take_entries()
        if self.taken > MANY_CHANGES:
            self._count_rows()
        marks = Marks(self.context.row.id, self.context.site.features, SAVE)
        context = self._plan_with(marks)
        while self.lists_moved and update_lists(context):
            marks.save(self.context.connection)
            self.context.commit()
        self.lists_moved = False
        return total

    def take_entries(self, *, without_entries: bool = False) -> int:
        """The first half of take: derive entries and files. A sync calls it between two batches, while workers go on reading."""
        marks = Marks(self.context.row.id, self.context.site.features, SAVE, self.listens)
        context = self._plan_with(marks)
        total = 0
        while taken := take_changes(context, without_entries=without_entries):
            marks.save(self.context.connection)
            self.context.commit()
            total += taken
            self.taken += taken
            self.lists_moved = True
            if self.taken > self.count_at:
                self._count_rows()
        return total

    def _gather(self) -> bool:
        """Let verticals bring up to date what follows from many entries at once. Returns whether one of them did something."""
        opened = OpenSite(self.context.site, self.context.connection, self.context.row.id)
        found = [resolve(vertical.gather)(opened) for vertical in self.context.site.features.verticals if vertical.gather]
        if any(found):
            self.lists_moved = True
            self.context.commit()
        return any(found)

    def _plan_with(self, marks: Marks) -> PlanContext:
        return PlanContext(self.context.connection, self.context.site, self.context.row.id, self.names, self.context.now, marks)

    def _count_rows(self) -> None:
        count_rows(self.context.connection, SAVED)
        self.context.commit()
        self.taken, self.count_at = 0, self.count_at * 4

    def _compare_inputs(self, marks: Marks) -> Mapping[str, bytes | None] | None:
        """Mark the readers of inputs that changed, appeared or went. None at the first build."""
        known = (
            msgspec.msgpack.decode(self.context.row.known_inputs, type=dict[str, tuple[bytes, dict[str, bytes]]])
            if self.context.row.known_inputs
            else None
        )
        inputs = list_inputs(self.context.site.root, self.context.site.settings, known)
        self.problems.extend(inputs.problems)
        self.inputs_key = make_inputs_digest(inputs.digests)
        now = {**inputs.digests, "setting/frame": digest(page_frame(self.context.site))}
        before = load_inputs(self.context.connection, self.context.row.id)
        changed: dict[str, bytes | None] = {name: value for name, value in now.items() if before.get(name) != value}
        changed.update({name: None for name in before if name not in now})
        for name in changed:
            marks.read(name_key(name), f"{name} changed")
        encoded = msgspec.msgpack.encode(inputs.known)
        if changed or encoded != self.context.row.known_inputs:
            save_inputs(self.context.connection, self.context.row.id, changed, encoded)
        return changed if before else None

    def _claim_site(self, marks: Marks) -> None:
        from cms_ssg.render.theme import make_asset_paths

        redirects = read_redirects(self.context.site.root, self.context.site.settings)
        self.problems.extend(redirects.problems)
        assets = make_asset_paths(self.context.site, theme_folders(self.context.site.root, self.context.site.settings).assets)
        claim_site_paths(self._plan_with(marks), assets, redirects.targets)

    def move_clock(self, now: datetime) -> None:
        """Go on with another time than the build began with, as the next build would."""
        last, self.context = self.context.now, replace(self.context, now=now)
        self._pass_time(last)
        self.context.commit()

    def _pass_time(self, last: datetime | None) -> None:
        """Take the entries that became due, or were due no longer, since the clock was last looked at."""
        if last == self.context.now:
            return
        if last is not None:
            self.context.connection.execute(
                DUE, {"site": self.context.row.id, "low": min(last, self.context.now), "high": max(last, self.context.now)}
            )
            mark_timed(self.context.connection, self.context.row.id, self.context.site.features, self.context.now)
        self.context.connection.execute(SET_CLOCK, (self.context.now, self.context.row.id))

    def guard(self, confirmed: bool, problems: Sequence[Problem] = ()) -> None:
        """Refuse to remove a large part of the site, or of its content, by mistake.

        Until a build has come to its end there is nothing to protect: pages that fail in the first one take the feeds of their lists with them.
        problems: what the sync found, as it may be the reason. Raises CmsError build.removals.
        """
        if confirmed:
            return
        features = self.context.site.features
        names = {
            "content": features.names(lambda kind: kind.content),
            "images": features.names(lambda kind: kind.made == "image" or (kind.made == "rendered" and kind.fingerprinted)),
        }
        gone = self.context.connection.execute(REMOVED, {"site": self.context.row.id, "removals": REMOVALS, **names}).fetchall()
        if not gone or not self.context.connection.execute(WAS_BUILT, {"site": self.context.row.id}).fetchone()[0]:  # type: ignore[index]
            return
        total, entries = self.context.connection.execute(PUBLISHED, {"site": self.context.row.id, **names}).fetchone()  # type: ignore[misc]
        paths, gone_entries = [path for path, _ in gone], sum(is_entry for _, is_entry in gone)
        is_much = (
            len(gone) > max(REMOVALS_AT_MOST, total * REMOVED_SHARE)
            or len(gone) * 2 > total
            or gone_entries * 2 > max(entries, FEW_ENTRIES)
        )
        if not is_much and "/" not in paths:
            return
        listed = "\n".join(f"  {path}" for path in paths[:REMOVALS_NAMED])
        if len(paths) > REMOVALS_NAMED:
            listed += f"\n  … and {len(paths) - REMOVALS_NAMED:,} more; cms plan --json lists all"
        raise CmsError(*problems, Problem(
            "build.removals", "", 0,
            f"this build would remove {len(paths):,} of {total:,} published files, {gone_entries:,} of {entries:,} content pages among them; "
            "nothing was published",
            f"If that is meant, run it again with --confirm-removals. If not, look at site.toml and at what was deleted:\n{listed}",
        ))  # fmt: skip


def make_inputs_digest(digests: Mapping[str, bytes]) -> bytes:
    """Stands for all inputs of a checkout."""
    return digest(msgspec.msgpack.encode(digests, order="sorted"))


DERIVING = (
    "plan/derive.py",
    "plan/lists.py",
    "plan/changes.py",
    "plan/translations.py",
    "plan/site_claims.py",
    "store/claims.py",
    "plan/rows.py",
    "kinds/claim.py",
    "kinds/core_kinds.py",
    "kinds/list_kind.py",
    "render/list_rules.py",
    "paths.py",
    "text/collation.py",
    "text/slugs.py",
    "content/url_patterns.py",
    "content/collections/rules.py",
    "content/collections/leftovers.py",
    "files/media_types.py",
)
SEARCHING = ("search/documents.py", "search/words.py")
"""What decides about documents besides, where search is on."""


def derive_frame(site: Site) -> bytes:
    """What deriving an entry depends on besides the entry: settings, schemas, the code itself."""
    s = site.settings
    parts = [
        s.base_url, _without_words(s.locales), s.collection, s.taxonomies, s.lists, s.timezone, s.home, s.feeds, s.page_size,
        s.title, [locale.title for locale in s.locales], core_kinds.SITEMAP_SIZE, s.data_files, s.redirect_files, s.verticals, s.vertical,
    ]  # fmt: skip
    if s.search is not None:
        parts += [s.search.types, source_digest(SEARCHING).hex()]
    code = collation_version().encode() + b"".join(vertical.digest for vertical in site.features.verticals)
    return msgspec.json.encode(parts, order="sorted") + site.schemas_digest + source_digest(DERIVING) + code


def _without_words(locales: Sequence[Locale]) -> list[Locale]:
    """The locales without what they call things: pages that show those read them one by one."""
    return [msgspec.structs.replace(locale, title="", description="", menus={}) for locale in locales]


def page_frame(site: Site) -> bytes:
    """What every output depends on by the code that makes it: addresses, locales, lists' forms, the code of views and rules."""
    s = site.settings
    parts = [
        s.base_url, _without_words(s.locales), s.taxonomies, s.lists, s.timezone, s.home, s.feeds, s.feed_size, s.page_size, s.images.variants,
        s.images.cards,
    ]  # fmt: skip
    return msgspec.json.encode(parts, order="sorted") + source_digest(
        ("render/list_rules.py", "kinds/core_kinds.py", "kinds/list_kind.py", "paths.py", "site.py", "engine/batch.py")
    )
