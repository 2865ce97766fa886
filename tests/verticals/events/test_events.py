"""The sample vertical: its pages, files, facts, rows, command and task, and that what an edit makes is what a clean build makes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cms_ssg.errors import CmsError
from cms_ssg.kinds.features import load_features
from cms_ssg.kinds.load import load_vertical
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.store.connect import connect
from cms_ssg.store.dump import dump_store, restore_store
from cms_ssg.store.open_store import open_store
from cms_ssg.testing import SiteOnPage, assert_same
from cms_ssg.testing.site import database
from cms_ssg.workers.tasks import run_due_tasks

SITE = """-- site.toml --
verticals = ["blog", "tests.verticals.events"]
-- content/events/picnic.md --
---
title: Picnic
date: 2026-01-05
section: Outdoors
---
By the river.
-- content/events/concert.md --
---
title: Concert
date: 2026-02-01
section: Indoors
---
Loud.
-- content/posts/hello.md --
---
title: Hello
date: 2026-01-01
section: Outdoors
---
A post.
"""
ENTRY = "SELECT id FROM cms.entries WHERE fields ->> 'slug' = %s"


def attend(site: SiteOnPage, event: str, people: int) -> None:
    site.query(
        "INSERT INTO cms.attendances (site, entry, people) SELECT site, id, %s FROM cms.entries WHERE fields ->> 'slug' = %s", people, event
    )


def note(site: SiteOnPage, text: str, day: int) -> None:
    site.query(
        "INSERT INTO cms.event_notes (site, event, text, posted_at) SELECT id, 'picnic', %s, %s FROM cms.sites",
        text,
        f"2026-01-{day:02} 12:00+00",
    )


def assert_clean(site: SiteOnPage) -> None:
    """The output is what a clean build of the same files and rows makes."""

    def copy_rows(clean: SiteOnPage) -> None:
        for slug, people in site.query(
            "SELECT e.fields ->> 'slug', a.people FROM cms.attendances a JOIN cms.entries e ON e.id = a.entry ORDER BY a.id"
        ):
            attend(clean, slug, people)
        for row in site.query("SELECT event, text, shown, posted_at FROM cms.event_notes ORDER BY number"):
            clean.query("INSERT INTO cms.event_notes (site, event, text, shown, posted_at) SELECT id, %s, %s, %s, %s FROM cms.sites", *row)

    assert_same(site.tree(), site.build_clean(prepare=copy_rows).tree())


@pytest.fixture
def site(cms_site: Callable[[str], SiteOnPage]) -> SiteOnPage:
    """The sample site, built."""
    site = cms_site(SITE)
    assert site.build().result.status == "done"
    return site


def test_an_event_has_a_page_and_its_section_a_calendar(site: SiteOnPage) -> None:
    assert "0 come" in (site.output / "events/picnic/index.html").read_text()
    assert "SUMMARY:Picnic" in (site.output / "outdoors/events.ics").read_text()
    assert "Hello" not in (site.output / "outdoors/events.ics").read_text()
    assert_clean(site)


def test_a_fact_that_changes_makes_exactly_what_reads_it(site: SiteOnPage) -> None:
    attend(site, "picnic", 3)
    assert site.build().rendered == {"/events/picnic/", "/outdoors/events.ics"}
    assert "3 come" in (site.output / "events/picnic/index.html").read_text()
    assert site.build().rendered == set()
    site.query("DELETE FROM cms.attendances")
    assert site.build().rendered == {"/events/picnic/", "/outdoors/events.ics"}
    assert_clean(site)


def test_rows_are_members_of_lists_with_archives_from_the_oldest(site: SiteOnPage) -> None:
    for day in range(1, 6):
        note(site, f"note {day}", day)
    assert site.build().pages == {"/notes/picnic/", "/notes/picnic/page/1/"}
    assert "note 1" in (site.output / "notes/picnic/page/1/index.html").read_text()
    note(site, "note 6", 6)
    assert site.build().pages == {"/notes/picnic/", "/notes/picnic/page/2/"}
    assert_clean(site)
    site.query("UPDATE cms.event_notes SET text = 'mended' WHERE text = 'note 1'")
    assert site.build().pages == {"/notes/picnic/page/1/"}
    site.query("UPDATE cms.event_notes SET shown = false WHERE text = 'mended'")
    site.build()
    assert_clean(site)
    site.query("DELETE FROM cms.event_notes")
    site.build()
    assert not (site.output / "notes").exists()
    assert_clean(site)


def test_a_row_that_is_written_again_as_it_was_makes_nothing(site: SiteOnPage) -> None:
    note(site, "one", 1)
    site.build()
    site.query("UPDATE cms.event_notes SET text = text")
    assert site.query("SELECT count(*) FROM cms.changes") == [(0,)]


def test_a_new_section_has_a_calendar_and_one_that_went_has_none(site: SiteOnPage) -> None:
    site.edit("content/events/concert.md", "section: Indoors", "section: Cellar")
    site.build()
    assert (site.output / "cellar/events.ics").exists()
    assert not (site.output / "indoors").exists()
    assert_clean(site)


def test_a_vertical_that_is_switched_off_takes_its_outputs_along_and_brings_them_back(site: SiteOnPage) -> None:
    note(site, "one", 1)
    site.build()
    site.edit("site.toml", ', "tests.verticals.events"', "")
    site.build()
    assert not (site.output / "events").exists()
    assert not (site.output / "notes").exists()
    assert not (site.output / "outdoors/events.ics").exists()
    site.edit("site.toml", '"blog"', '"blog", "tests.verticals.events"')
    site.build()
    assert_clean(site)


def test_changed_code_of_a_vertical_makes_its_own_outputs_again(site: SiteOnPage, monkeypatch: pytest.MonkeyPatch) -> None:
    note(site, "one", 1)
    site.build()
    monkeypatch.setitem(load_vertical("tests.verticals.events").__dict__, "digest", b"other code")
    own = {"/events/picnic/", "/events/concert/", "/outdoors/events.ics", "/indoors/events.ics"}
    assert site.build().rendered == own | {"/notes/picnic/"}
    monkeypatch.setitem(load_vertical("blog").__dict__, "digest", b"other code")
    assert site.build().rendered == {"/archive/", "/2026/01/"}, "its code says how months and their index are called"
    assert site.build().rendered == set()


def test_other_templates_of_a_vertical_are_used_on_every_page(site: SiteOnPage, monkeypatch: pytest.MonkeyPatch) -> None:
    site.write_file("themes/own/templates/notice.html", "<p>Rain</p>")
    site.edit("site.toml", "verticals = ", 'theme = "own"\nverticals = ')
    site.build()
    monkeypatch.setitem(load_vertical("tests.verticals.events").__dict__, "slots", {"bottom": "notice.html"})
    monkeypatch.setitem(
        load_features(("blog", "tests.verticals.events")).__dict__, "slots", {"head": [], "top": [], "bottom": ["notice.html"]}
    )
    site.build()
    assert "<p>Rain</p>" in (site.output / "2026/01/hello/index.html").read_text()


def test_a_command_and_a_task_run_on_the_open_store(site: SiteOnPage) -> None:
    from tests.verticals.events.commands import attend as run_attend
    from tests.verticals.events.commands import list_attendances

    site.query(
        "INSERT INTO cms.event_notes (site, event, text, shown, posted_at) SELECT id, 'picnic', 'old', false, '2020-01-01' FROM cms.sites"
    )
    with database(site.url), open_store(site.root, "") as (opened, connection, row):
        open_site = OpenSite(opened, connection, row.id)
        assert run_attend(open_site, "picnic", people=2) == "2 more to picnic"
        assert [one["people"] for one in list_attendances(open_site)] == [2]
        assert run_due_tasks(connection, opened, row.id) == []
        assert run_due_tasks(connection, opened, row.id) == []
    assert site.query("SELECT count(*) FROM cms.event_notes") == [(0,)]
    assert ("events.forget-hidden",) in site.query("SELECT name FROM cms.task_runs")


def test_rows_of_a_module_that_a_site_names_are_dumped_and_restored_with_it_and_refused_without(
    site: SiteOnPage, empty_db_url: str, tmp_path: Path
) -> None:
    site.write(SITE)
    site.build()
    attend(site, "picnic", 7)
    names = ["tests.verticals.events"]
    file = tmp_path / "store.cms"
    with connect(site.url, autocommit=True) as filled, connect(empty_db_url, autocommit=True) as empty:
        for refused in (lambda: dump_store(filled, file), lambda: restore_store(empty, file)):
            with pytest.raises(CmsError) as caught:
                refused()
            assert caught.value.problems[0].code == "db.no-vertical"
            dump_store(filled, file, names)
        restore_store(empty, file, verticals=names)
        assert empty.execute("SELECT people FROM cms.attendances").fetchall() == [(7,)]
