"""Changes made now and applied later, to what is live."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from cms_ssg.entries.edit import Editor
from cms_ssg.entries.pending import cancel_change
from cms_ssg.entries.values import EntryInput
from cms_ssg.errors import CmsError, UsageError
from tests.engine.siteonpage import NOW, SiteOnPage
from tests.entries.writing import save, writing

FILES = """\
-- site.toml --
title = "Files"
[[collection]]
name = "pages"
path = "content"
type = "page"
[desk]
files = true
-- content/about.md --
---
# a comment
title: About
---
One.

Two.
"""
POST = EntryInput("post", {"title": "Flood", "date": "2025-05-05", "tags": ["water"]}, "One.\n\nTwo.\n")
PAGE = "2025/05/flood/index.html"
SOON = NOW + timedelta(hours=1)


def schedule(site: SiteOnPage, number: int, hours: int = 1, **change: object) -> int:
    with writing(site) as writer:
        editor = Editor(writer.connection, writer.site, writer.site_id, "ada")
        return editor.change_later(str(number), EntryInput(**change), (NOW + timedelta(hours=hours)).isoformat())[0]  # type: ignore[arg-type]


def page(site: SiteOnPage) -> str:
    return (site.output / PAGE).read_text("utf-8")


def test_a_scheduled_change_is_live_from_its_time_on_and_renders_only_what_shows_it(site: SiteOnPage) -> None:
    number = save(site, POST)[0].number
    site.build()
    before = page(site)
    schedule(site, number, fields={"title": "After the flood"})
    assert site.build().pages == set()
    assert page(site) == before
    built = site.build(now=SOON)
    assert "/2025/05/flood/" in built.pages
    assert "After the flood" in page(site)
    row = site.query("SELECT author, origin FROM cms.revisions WHERE entry = %s ORDER BY version DESC LIMIT 1", number)
    assert row == [("ada", "schedule")]
    assert site.query("SELECT state FROM cms.pending_changes") == [("applied",)]


def test_two_changes_that_follow_each_other_are_both_made(site: SiteOnPage) -> None:
    number = save(site, POST)[0].number
    schedule(site, number, 1, fields={"title": "First"})
    schedule(site, number, 2, fields={"title": "Second"})
    site.build(now=NOW + timedelta(hours=1))
    assert "First" in page(site)
    assert site.build(now=NOW + timedelta(hours=2)).result.problems == []
    assert "Second" in page(site)


def test_a_cancelled_change_is_not_made_and_cannot_be_cancelled_twice(site: SiteOnPage) -> None:
    number = save(site, POST)[0].number
    change = schedule(site, number, fields={"title": "Never"})
    with writing(site) as writer:
        cancel_change(writer.connection, writer.site_id, change)
        with pytest.raises(UsageError, match="was cancelled before"):
            cancel_change(writer.connection, writer.site_id, change)
    site.build(now=SOON)
    assert "Never" not in page(site)


def test_later_edits_are_merged_and_one_of_the_same_field_makes_the_change_fail_by_name(site: SiteOnPage) -> None:
    number = save(site, POST)[0].number
    schedule(site, number, body="One.\n\nThe second.\n")
    schedule(site, number, 2, fields={"title": "Scheduled"})
    save(site, EntryInput(number=number, fields={"title": "By hand"}, body="The first.\n\nTwo.\n"))
    assert site.build(now=SOON).result.problems == []
    assert "The first." in page(site) and "The second." in page(site)
    problems = site.build(now=NOW + timedelta(hours=2)).result.problems
    assert [problem.code for problem in problems] == ["pending.failed"]
    assert "By hand" in problems[0].message and "Scheduled" in problems[0].message
    assert "By hand" in page(site)


def test_a_scheduled_change_of_what_was_trashed_or_deleted_fails_by_name(site: SiteOnPage) -> None:
    numbers = [saved.number for saved in save(site, POST, EntryInput("page", {"title": "P"}))]
    for number in numbers:
        schedule(site, number, fields={"title": "Later"})
    save(site, EntryInput(number=numbers[0], status="trashed"))
    for table, column in (("entry_texts", "entry"), ("bodies", "entry"), ("entries", "id")):
        site.query(f"DELETE FROM cms.{table} WHERE {column} = %s", numbers[1])
    said = sorted(problem.message.rpartition(": ")[2] for problem in site.build(now=SOON).result.problems)
    assert said == ["the entry is in the trash", "the entry was deleted"]


def test_what_is_wrong_with_a_change_is_said_when_it_is_made(site: SiteOnPage) -> None:
    number = save(site, POST)[0].number
    with pytest.raises(CmsError):
        schedule(site, number, fields={"date": "nonsense"})
    file = site.query("SELECT source_key FROM cms.entries WHERE source = 'file' LIMIT 1")[0][0]
    with writing(site) as writer:
        editor = Editor(writer.connection, writer.site, writer.site_id)
        with pytest.raises(UsageError, match="in its file"):
            editor.change_later(file, EntryInput(fields={"title": "x"}), SOON.isoformat())


def test_a_change_of_a_file_is_written_into_it_at_its_time_with_what_was_changed_there_meanwhile(
    make_site: Callable[[str], SiteOnPage],
) -> None:
    site = make_site(FILES)
    site.build()
    number = site.query("SELECT id FROM cms.entries WHERE source_key = 'content/about.md'")[0][0]
    schedule(site, number, 1, fields={"title": "Later"}, body="One.\n\nZwei.\n")
    schedule(site, number, 2, fields={"title": "Never"})
    file = site.root / "content/about.md"
    file.write_text(file.read_text("utf-8").replace("One.", "Uno. # kept"), "utf-8")
    assert site.build(now=SOON).result.problems == []
    assert file.read_text("utf-8") == "---\n# a comment\ntitle: Later\n---\nUno. # kept\n\nZwei.\n"
    assert "Later" in (site.output / "about/index.html").read_text("utf-8")
    problems = site.build(now=NOW + timedelta(hours=3)).result.problems
    assert [(problem.code, "title" in problem.message) for problem in problems] == [("pending.failed", True)]
