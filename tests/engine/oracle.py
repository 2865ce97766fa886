"""The state machine: random edits to two sites in one database; after each build the output is what a clean build of the same state makes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from cms_ssg.build import build, sync
from cms_ssg.reporting.progress import Reporter
from tests.engine import edits
from tests.engine.comparison import compare
from tests.engine.edits import Editor
from tests.engine.killing import kill_at
from tests.engine.sample import SITE, TABLES, VALUES, render_settings
from tests.engine.siteonpage import NOW, SiteOnPage, database, wipe

CLOCKS = (
    NOW, NOW + timedelta(hours=13), NOW + timedelta(days=2), NOW + timedelta(days=5), datetime(2027, 1, 1, 0, 30, tzinfo=UTC),
    datetime(2026, 1, 2, 9, 59, 59, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC),
)  # fmt: skip
PSQL = (
    ('UPDATE cms.entries SET fields = fields || \'{"title": "By hand"}\' WHERE site = %s AND source_key = %s'),
    ('UPDATE cms.entries SET fields = fields || \'{"slug": "by-hand"}\' WHERE site = %s AND source_key = %s'),
    (
        'UPDATE cms.entries SET fields = fields || \'{"tags": ["hand"], "date": "2026-01-02T12:00:00Z"}\' WHERE site = %s AND source_key = %s'
    ),
    ("UPDATE cms.entries SET fields = fields - 'section' WHERE site = %s AND source_key = %s"),
    ("UPDATE cms.entries SET status = 'draft' WHERE site = %s AND source_key = %s"),
    ("UPDATE cms.entries SET status = 'published', publish_at = NULL WHERE site = %s AND source_key = %s"),
    ("UPDATE cms.entries SET removed_at = now() WHERE site = %s AND source_key = %s"),
    ("UPDATE cms.entries SET removed_at = NULL WHERE site = %s AND source_key = %s"),
    ("UPDATE cms.entries SET expire_at = '2026-03-02' WHERE site = %s AND source_key = %s"),
    ("UPDATE cms.entries SET translation_key = 'shared' WHERE site = %s AND source_key = %s"),
    ("UPDATE cms.entries SET locale = CASE locale WHEN 'it' THEN 'en' ELSE 'it' END WHERE site = %s AND source_key = %s"),
    ("UPDATE cms.bodies SET html = html || 'by hand' WHERE entry = (SELECT id FROM cms.entries WHERE site = %s AND source_key = %s)"),
)

sites = st.sampled_from([0, 0, 0, 1])
numbers = st.integers(0, 40)
field_values = st.sampled_from([(name, value) for name, values in edits.FIELDS.items() for value in (*values, None)])
settings_values = st.sampled_from([(name, value) for name, values in VALUES.items() for value in values])
tables = st.sampled_from(sorted(TABLES))
templates = st.sampled_from(edits.TEMPLATES)


class Saving(Reporter):
    """Saves something by itself after the nth round, as another person would."""

    def __init__(self, after: int, save: Callable[[], None]) -> None:
        self.after, self.save, self.rounds, self.rendering = after, save, 0, False

    def phase(self, name: str, total: int = 0) -> None:
        self.rendering = name == "render"

    def advance(self, count: int = 1) -> None:
        self.rounds += self.rendering
        if self.rendering and self.rounds == self.after:
            self.save()


class Oracle(RuleBasedStateMachine):
    """Set folder, urls, small (a function that has the engine work in small steps or not) and until on a subclass before it runs."""

    folder: ClassVar[Path]
    urls: ClassVar[tuple[str, str]]
    small: ClassVar[Callable[[bool], None]]
    until: ClassVar[float]
    counts: ClassVar[dict[str, float]] = {"sequences": 0, "builds": 0, "rendered": 0, "changed": 0, "build_s": 0.0, "clean_s": 0.0}
    serial: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.over = time.monotonic() > type(self).until
        if self.over:
            return
        Oracle.serial += 1
        self.counts["sequences"] += 1
        wipe(self.urls[0])
        at = self.folder / str(Oracle.serial)
        self.sites = [SiteOnPage(at / name, *self.urls) for name in ("alpha", "beta")]
        for site in self.sites:
            site.write(SITE)
            site.write_file("site.toml", render_settings(site.root.name))
        self.editors = [Editor(site) for site in self.sites]
        self.touched: list[set[str]] = [set(), set()]
        self.now = NOW

    @initialize(built=st.booleans())
    def start(self, built: bool) -> None:
        if not self.over and built:
            for number in (0, 1):
                self.build_and_compare(number)

    # Edits

    @rule(site=sites, number=numbers, change=field_values)
    def set_field(self, site: int, number: int, change: tuple[str, str | None]) -> None:
        self.edit(site, lambda e: e.set_field(number, *change))

    @rule(site=sites, number=numbers, change=field_values)
    def set_another_field(self, site: int, number: int, change: tuple[str, str | None]) -> None:
        self.edit(site, lambda e: e.set_field(number, *change))

    @rule(site=sites, number=numbers, body=st.sampled_from(edits.BODIES))
    def set_body(self, site: int, number: int, body: str) -> None:
        self.edit(site, lambda e: e.set_body(number, body))

    @rule(site=sites, file=st.sampled_from(edits.NEW_FILES))
    def create(self, site: int, file: str) -> None:
        self.edit(site, lambda e: e.create(file))

    @rule(site=sites, number=numbers)
    def delete(self, site: int, number: int) -> None:
        self.edit(site, lambda e: e.delete(number))

    @rule(site=sites, number=numbers, to=st.sampled_from(edits.NEW_FILES))
    def move(self, site: int, number: int, to: str) -> None:
        self.edit(site, lambda e: e.move(number, to))

    @rule(site=sites, number=numbers)
    def turn(self, site: int, number: int) -> None:
        self.edit(site, lambda e: e.turn(number))

    @rule(site=sites, what=st.sampled_from(["move_folder", "delete_folder"]))
    def change_folder(self, site: int, what: str) -> None:
        self.edit(site, lambda e: getattr(e, what)())

    @rule(site=sites, one=numbers, two=numbers)
    def swap(self, site: int, one: int, two: int) -> None:
        self.edit(site, lambda e: e.swap(one, two))

    @rule(site=sites, number=numbers)
    def break_file(self, site: int, number: int) -> None:
        if not self.over and (file := self.editors[site].break_file(number)):
            self.touched[site].add(file)

    @rule(site=sites, path=st.sampled_from(edits.STATIC_FILES + edits.BUNDLE_FILES), there=st.booleans())
    def put_file(self, site: int, path: str, there: bool) -> None:
        self.edit(site, lambda e: e.put_file(path) if there else e.remove_file(path))

    @rule(site=sites, path=st.sampled_from(edits.IMAGE_FILES), image=st.sampled_from(edits.IMAGES))
    def put_image(self, site: int, path: str, image: str | None) -> None:
        self.edit(site, lambda e: e.put_image(path, image))

    @rule(site=sites, name=templates, mark=st.integers(0, 2))
    def mark_template(self, site: int, name: str, mark: int) -> None:
        self.edit(site, lambda e: e.mark_template(name, mark))

    @rule(site=sites, name=templates, broken=st.sampled_from([False, False, True]))
    def break_template(self, site: int, name: str, broken: bool) -> None:
        self.edit(site, lambda e: e.break_template(name, broken))

    @rule(site=sites, name=st.sampled_from((*edits.TEMPLATES, "redirect.html")), there=st.booleans())
    def override(self, site: int, name: str, there: bool) -> None:
        self.edit(site, lambda e: e.override(name, "own" if there else None))

    @rule(site=sites, locale=st.sampled_from(["en", "it"]), key=st.sampled_from(["note", "newer"]), value=st.sampled_from(["x", None]))
    def set_text(self, site: int, locale: str, key: str, value: str | None) -> None:
        self.edit(site, lambda e: e.set_text(locale, key, value))

    @rule(site=sites, name=st.sampled_from(["facts", "people"]), text=st.sampled_from(edits.DATA))
    def set_data(self, site: int, name: str, text: str | None) -> None:
        self.edit(site, lambda e: e.set_data(name, text))

    @rule(site=sites, text=st.sampled_from(["from,to\n/moved/,/about/\n", "from,to\n/moved/,/contact/\n/m2/,/about/\n"]))
    def set_redirects(self, site: int, text: str) -> None:
        self.edit(site, lambda e: e.site.write_file("data/moved.csv", text))

    @rule(site=sites, name=st.sampled_from(["site.css", "new.js"]), text=st.sampled_from(["a", "b", None]))
    def set_asset(self, site: int, name: str, text: str | None) -> None:
        self.edit(site, lambda e: e.set_asset(name, text))

    @rule(site=sites, name=st.sampled_from(sorted(edits.SCHEMAS)), there=st.booleans())
    def set_schema(self, site: int, name: str, there: bool) -> None:
        self.edit(site, lambda e: e.set_schema(name, there))

    @rule(site=sites, change=settings_values)
    def set_setting(self, site: int, change: tuple[str, str]) -> None:
        self.edit(site, lambda e: e.set_setting(*change))

    @rule(site=sites, name=tables, there=st.booleans())
    def set_table(self, site: int, name: str, there: bool) -> None:
        self.edit(site, lambda e: e.set_table(name, there))

    @rule(site=sites, number=numbers, statement=st.sampled_from(PSQL))
    def update_in_database(self, site: int, number: int, statement: str) -> None:
        if not self.over:
            self.update(site, number, statement)

    @rule(clock=st.sampled_from(CLOCKS))
    def move_clock(self, clock: datetime) -> None:
        self.now = clock

    # Builds

    @rule(site=sites, jobs=st.sampled_from([1, 1, 1, 2, 3]), small=st.booleans())
    def build(self, site: int, jobs: int, small: bool) -> None:
        if not self.over:
            self.build_and_compare(site, jobs=jobs, small=small)

    @rule(site=sites, small=st.booleans())
    def build_again(self, site: int, small: bool) -> None:
        """The second build has nothing to do."""
        if not self.over:
            self.build_and_compare(site, small=small)
            built = self.sites[site].build()
            assert (built.rendered, built.written, built.removed) == (set(), set(), set())

    @rule(site=sites)
    def sync_only(self, site: int) -> None:
        if not self.over:
            with database(self.urls[0]):
                sync(self.sites[site].root, self.sites[site].options)

    @rule(site=sites, number=numbers, statement=st.sampled_from(PSQL), after=st.integers(1, 6))
    def save_in_the_middle_of_a_build(self, site: int, number: int, statement: str, after: int) -> None:
        if not self.over:
            self.build_and_compare(site, small=True, reporter=Saving(after, lambda: self.update(site, number, statement)))

    @rule(site=sites, number=numbers, after=st.integers(1, 6))
    def save_file_in_the_middle_of_a_build(self, site: int, number: int, after: int) -> None:
        """Another process reads the files while this one makes pages."""

        def save() -> None:
            self.editors[site].set_field(number, "title", f"Meanwhile {after}")
            sync(self.sites[site].root, self.sites[site].options)

        if not self.over:
            self.build_and_compare(site, small=True, reporter=Saving(after, save))

    @rule(site=sites, step=st.integers(1, 60), jobs=st.sampled_from([1, 1, 2]), small=st.booleans())
    def kill(self, site: int, step: int, jobs: int, small: bool) -> None:
        if self.over:
            return
        one = self.sites[site]
        self.work_small(small)
        with database(self.urls[0]):
            kill_at(step, lambda: build(one.root, replace(one.options, now=self.now, jobs=jobs)))

    # Underneath

    def edit(self, site: int, change: Callable[[Editor], None]) -> None:
        if not self.over:
            change(self.editors[site])

    def update(self, site: int, number: int, statement: str) -> None:
        rows = self.sites[site].query(
            "SELECT e.site, e.source_key FROM cms.entries e JOIN cms.sites s ON s.id = e.site WHERE s.name = %s ORDER BY 2",
            self.sites[site].root.name,
        )
        if rows:
            row = rows[number % len(rows)]
            self.sites[site].query(statement, *row)
            self.touched[site].add(row[1])

    def work_small(self, small: bool) -> None:
        type(self).small(small)

    def build_and_compare(self, number: int, small: bool = False, **options: Any) -> None:
        try:
            self._build_and_compare(number, small, **options)
        except BaseException:
            type(self).until = float("inf")  # what failed must fail again while the example is made smaller
            raise

    def _build_and_compare(self, number: int, small: bool = False, **options: Any) -> None:
        site = self.sites[number]
        site.options = replace(site.options, now=self.now)
        other = self.sites[1 - number]
        before = other.tree()
        self.work_small(small)
        started = time.perf_counter()
        built = site.build(**options)
        self.counts["build_s"] += time.perf_counter() - started
        self.work_small(False)
        self.counts["builds"] += 1
        self.counts["rendered"] += built.result.rendered
        self.counts["changed"] += len(built.written)
        assert other.tree() == before, "the build of one site changed another's output"
        started = time.perf_counter()
        compare(site, self.touched[number])
        self.counts["clean_s"] += time.perf_counter() - started
