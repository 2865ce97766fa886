"""Random edits of the sample vertical's files, rows, code and schema, and kills: each build makes what a clean build of the same state makes."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from cms_ssg.build import build
from cms_ssg.kinds.load import load_vertical
from cms_ssg.testing import SiteOnPage
from cms_ssg.testing.site import database
from tests.engine.killing import kill_at
from tests.verticals.events import outputs
from tests.verticals.events.test_events import SITE, assert_clean, attend

SLUGS = ("picnic", "concert", "fair", "regatta")
SCHEMAS = (
    None,
    {"properties": {"place": {"type": "string"}}},
    {"x-sort": ["title"], "properties": {"extra": {"type": "string", "x-card": True}}},
)


class Visitor:
    """Makes one random change after the other."""

    def __init__(self, site: SiteOnPage, seed: int, patch: pytest.MonkeyPatch) -> None:
        self.site, self.rng, self.patch, self.minute = site, random.Random(seed), patch, 0

    def change(self) -> str:
        name = self.rng.choice(
            ("write", "write", "delete", "attend", "leave", "note", "note", "note", "rewrite", "hide", "drop", "code", "schema", "switch")
        )
        getattr(self, name)()
        return name

    def write(self) -> None:
        slug = self.rng.choice(SLUGS)
        fields = {"title": f"{slug} {self.rng.randrange(3)}", "date": f"2026-01-{self.rng.randrange(1, 9):02}"}
        fields |= {"section": self.rng.choice(("Outdoors", "Indoors")), "place": self.rng.choice("AB"), "extra": self.rng.choice("xy")}
        lines = "".join(f"{key}: {value}\n" for key, value in fields.items())
        self.site.write_file(f"content/events/{slug}.md", f"---\n{lines}---\nText {self.rng.randrange(3)}.\n")

    def delete(self) -> None:
        (self.site.root / f"content/events/{self.rng.choice(SLUGS)}.md").unlink(missing_ok=True)

    def attend(self) -> None:
        attend(self.site, self.rng.choice(SLUGS), self.rng.randrange(1, 5))

    def leave(self) -> None:
        self.site.query("DELETE FROM cms.attendances WHERE id = (SELECT min(id) FROM cms.attendances)")

    def note(self) -> None:
        self.minute += 1
        at = f"2026-01-{self.rng.randrange(1, 9):02} 12:00:{self.minute % 60:02}+00"  # two notes of one time are in the order of their numbers
        row = (self.rng.choice(SLUGS), f"note {self.minute}", at)
        self.site.query("INSERT INTO cms.event_notes (site, event, text, posted_at) SELECT id, %s, %s, %s FROM cms.sites", *row)

    def rewrite(self) -> None:
        self._change_note("text = text || '!'")

    def hide(self) -> None:
        self._change_note("shown = NOT shown")

    def drop(self) -> None:
        self.site.query("DELETE FROM cms.event_notes WHERE number = (SELECT min(number) FROM cms.event_notes)")

    def code(self) -> None:
        """Another number of notes on a page."""
        size = self.rng.choice((1, 2, 3))
        self.patch.setattr(outputs, "PAGE", size)
        self.patch.setitem(load_vertical("tests.verticals.events").__dict__, "digest", b"code %d" % size)

    def schema(self) -> None:
        own = self.rng.choice(SCHEMAS)
        if own is None:
            (self.site.root / "content_schema/event.json").unlink(missing_ok=True)
        else:
            self.site.write_file("content_schema/event.json", json.dumps(own))

    def switch(self) -> None:
        on = 'verticals = ["blog", "tests.verticals.events"]'
        text = (self.site.root / "site.toml").read_text()
        self.site.write_file(
            "site.toml", text.replace(on, 'verticals = ["blog"]') if on in text else text.replace('verticals = ["blog"]', on)
        )

    def _change_note(self, what: str) -> None:
        skip = self.rng.randrange(4)
        choose = "SELECT number FROM cms.event_notes ORDER BY posted_at, number LIMIT 1 OFFSET %s"
        self.site.query(f"UPDATE cms.event_notes SET {what} WHERE number = ({choose})", skip)


def edit_and_compare(site: SiteOnPage, seed: int, builds: int, patch: pytest.MonkeyPatch) -> None:
    visitor = Visitor(site, seed, patch)
    done: list[str] = []
    site.build()
    assert_clean(site)  # both databases have the vertical's tables from here on
    for _ in range(builds):
        done += [visitor.change() for _ in range(visitor.rng.randrange(1, 6))]
        if visitor.rng.random() < 0.4:
            step = visitor.rng.randrange(1, 40)
            with database(site.url):
                kill_at(step, lambda: build(site.root, replace(site.options, jobs=1)))
            done += [f"kill {step}", visitor.change()]
        site.build()
        try:
            assert_clean(site)
            assert (again := site.build()).rendered == set(), again
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, after {', '.join(done)}: {error}") from error


def test_a_build_after_random_edits_equals_a_clean_one(cms_site: Callable[[str], SiteOnPage], monkeypatch: pytest.MonkeyPatch) -> None:
    edit_and_compare(cms_site(SITE), 1, 4, monkeypatch)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(int(os.environ.get("SEEDS", "20"))))
def test_a_build_after_many_random_edits_equals_a_clean_one(
    cms_site: Callable[[str], SiteOnPage], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    edit_and_compare(cms_site(SITE), seed, 25, monkeypatch)
