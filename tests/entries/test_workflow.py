"""Types with a workflow: nothing is public that was not approved as it is, by somebody who did not write it; not by git either."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml

from cms_ssg.cli.main import run as run_cms
from cms_ssg.content.approval import digest_content, list_approvals
from cms_ssg.entries.approving import approve_change, approve_entry
from cms_ssg.entries.edit import Editor
from cms_ssg.entries.history import revert_entry
from cms_ssg.entries.rights import Writer
from cms_ssg.entries.values import EntryInput
from cms_ssg.errors import CmsError, UsageError
from cms_ssg.store.texts import load_entries
from tests.engine.siteonpage import SiteOnPage, database
from tests.entries.writing import writing

SITE = """-- site.toml --
title = "T"
[workflow.post]
-- content/posts/wall.md --
---
title: Wall
date: 2025-01-01
---
Text.
-- content/pages/about.md --
---
title: About
---
No approval needed.
"""
POST = EntryInput("post", {"title": "Flood", "date": "2025-05-05"}, "One.\n\nTwo.\n", "draft")


@pytest.fixture
def site(make_site: Callable[..., SiteOnPage]) -> SiteOnPage:
    return make_site(SITE)


def test_a_file_that_nobody_approved_is_not_published_and_check_says_so(site: SiteOnPage) -> None:
    problems = site.build().result.problems
    assert [(problem.code, problem.place) for problem in problems] == [("workflow.unapproved", "content/posts/wall.md")]
    assert (site.output / "about/index.html").exists()
    assert not list(site.output.rglob("wall"))
    with database(site.url):
        assert run_cms(["-C", str(site.root), "check"]) == 3
        assert run_cms(["-C", str(site.root), "entry", "approve", "content/posts/wall.md", "--author", "bob"]) == 0
        assert run_cms(["-C", str(site.root), "check"]) == 0
    assert site.build().result.problems == []
    assert "Text." in next(site.output.rglob("wall/index.html")).read_text("utf-8")


def test_an_edit_of_an_approved_file_leaves_what_was_approved_live_until_it_is_approved_too(site: SiteOnPage) -> None:
    with database(site.url):
        run_cms(["-C", str(site.root), "entry", "approve", "content/posts/wall.md", "--author", "bob"])
    site.build()
    site.edit("content/posts/wall.md", "Text.", "Other text.")
    problem = site.build().result.problems[0]
    assert (problem.code, problem.message) == ("workflow.unapproved", "it was changed since bob approved it")
    page = next(site.output.rglob("wall/index.html"))
    assert "Other text." not in page.read_text("utf-8")
    with database(site.url):
        run_cms(["-C", str(site.root), "entry", "approve", "content/posts/wall.md", "--author", "carol"])
    assert site.build().result.problems == []
    assert "Other text." in page.read_text("utf-8")


def test_an_entry_of_the_store_goes_from_draft_by_review_and_approval_to_published(site: SiteOnPage) -> None:
    with writing(site) as writer:
        ada = Editor(writer.connection, writer.site, writer.site_id, "ada")
        number = ada.create(POST).number
        with pytest.raises(CmsError, match="not approved"):
            ada.publish(str(number))
        change, _ = ada.change_later(str(number), EntryInput(fields={"date": POST.fields["date"]}, status="published"), needs_approval=True)
        with pytest.raises(UsageError, match="ada wrote it"):
            approve_change(writer.connection, writer.site, writer.site_id, change, "ada")
        assert approve_change(writer.connection, writer.site, writer.site_id, change, "bob")[1:] == (None, True)
    site.build()
    page = site.output / "2025/05/flood/index.html"
    assert "One." in page.read_text("utf-8")
    with writing(site) as writer:
        ada = Editor(writer.connection, writer.site, writer.site_id, "ada")
        with pytest.raises(CmsError, match="changed since bob approved it"):
            ada.set_fields(str(number), ["title=Floods"], [])
        change, _ = ada.change_later(str(number), EntryInput(fields={"title": "Floods"}), needs_approval=True)
        assert site.build().pages == set()
        assert approve_change(writer.connection, writer.site, writer.site_id, change, "bob")[1:] == (None, True)
    site.build()
    assert "Floods" in page.read_text("utf-8")


def test_a_proposal_with_a_time_is_not_made_before_it_is_approved(site: SiteOnPage) -> None:
    from datetime import timedelta

    from tests.engine.siteonpage import NOW

    with writing(site) as writer:
        ada = Editor(writer.connection, writer.site, writer.site_id, "ada")
        number = ada.create(POST).number
        change, _ = ada.change_later(
            str(number), EntryInput(status="published"), (NOW + timedelta(hours=1)).isoformat(), needs_approval=True
        )
    page = site.output / f"{NOW:%Y/%m}/flood/index.html"  # dated to its time
    site.build(now=NOW + timedelta(hours=2))
    assert not page.exists()
    with writing(site) as writer:
        approve_change(writer.connection, writer.site, writer.site_id, change, "bob")
    site.build(now=NOW + timedelta(hours=2))
    assert page.exists()


def test_a_draft_that_is_approved_as_it_is_can_be_published_by_its_author(site: SiteOnPage) -> None:
    with writing(site) as writer:
        ada = Editor(writer.connection, writer.site, writer.site_id, "ada")
        number = ada.create(POST).number
        bob = Editor(writer.connection, writer.site, writer.site_id, "bob")
        with pytest.raises(UsageError, match="ada wrote it"):
            approve_entry(ada.entries, str(number), "ada")
        assert approve_entry(bob.entries, str(number), "bob")[1][0].startswith("bob ")
        assert ada.publish(str(number)).changes["status"] == ["draft", "published"]


def test_an_approval_counts_for_the_text_that_was_seen_and_for_no_later_one(make_site: Callable[..., SiteOnPage]) -> None:
    site = make_site(SITE.replace("[workflow.post]", "[workflow.post]\napprovals = 2"))
    with writing(site) as writer:
        ada, place = Editor(writer.connection, writer.site, writer.site_id, "ada"), (writer.connection, writer.site, writer.site_id)
        number = ada.create(POST).number
        change, _ = ada.change_later(str(number), EntryInput(status="published"), needs_approval=True)
        assert approve_change(*place, change, "bob")[1:] == (None, False)
        ada.set_fields(str(number), ["title=Other"], [])
        with pytest.raises(CmsError, match="it is version 2, not 1"):
            approve_change(*place, change, "carol", 0, 1)
        assert approve_change(*place, change, "carol", 0, 2)[1:] == (None, False), "bob has not seen it"
        with pytest.raises(UsageError, match="carol approved it before"):
            approve_change(*place, change, "carol")
        assert approve_change(*place, change, "bob")[1:] == (None, True), "he may approve the new text too"
        (stored,) = load_entries(writer.connection, writer.site_id, [number])
        assert [name for name, _ in list_approvals(stored.fields)] == ["carol", "bob"]


def test_a_text_that_is_changed_after_its_approval_is_not_published_at_its_time(site: SiteOnPage) -> None:
    from datetime import timedelta

    from tests.engine.siteonpage import NOW

    with writing(site) as writer:
        ada = Editor(writer.connection, writer.site, writer.site_id, "ada")
        number = ada.create(POST).number
        at = (NOW + timedelta(hours=1)).isoformat()
        change, _ = ada.change_later(str(number), EntryInput(status="published"), at, needs_approval=True)
        approve_change(writer.connection, writer.site, writer.site_id, change, "bob")
        ada.set_fields(str(number), ["title=Other"], [])
    problem = next(one for one in site.build(now=NOW + timedelta(hours=2)).result.problems if one.code == "pending.failed")
    assert "it is not approved" in problem.message
    assert not (site.output / "2025/05/flood").exists()


def test_nobody_who_wrote_a_part_of_a_draft_approves_it_whoever_asks_for_it(site: SiteOnPage) -> None:
    with writing(site) as writer:
        ada, bob = (Editor(writer.connection, writer.site, writer.site_id, name) for name in ("ada", "bob"))
        number = ada.create(POST).number
        change, _ = bob.change_later(str(number), EntryInput(status="published"), needs_approval=True)
        with pytest.raises(UsageError, match="ada wrote a part of it"):
            approve_change(writer.connection, writer.site, writer.site_id, change, "ada")
        assert approve_change(writer.connection, writer.site, writer.site_id, change, "carol")[2]
        later, _ = bob.change_later(str(number), EntryInput(fields={"title": "Floods"}), needs_approval=True)
        assert approve_change(writer.connection, writer.site, writer.site_id, later, "ada")[2], "of what is live only the change is new"


def test_two_proposals_about_one_entry_are_approved_in_any_order(site: SiteOnPage) -> None:
    with writing(site) as writer:
        ada, place = Editor(writer.connection, writer.site, writer.site_id, "ada"), (writer.connection, writer.site, writer.site_id)
        number = ada.create(POST).number
        change, _ = ada.change_later(str(number), EntryInput(status="published"), needs_approval=True)
        approve_change(*place, change, "bob")
        first, _ = ada.change_later(str(number), EntryInput(fields={"title": "Floods"}), needs_approval=True)
        second, _ = ada.change_later(str(number), EntryInput(body="Uno.\n\nTwo.\n"), needs_approval=True)
        assert approve_change(*place, second, "bob")[1:] == (None, True)
        assert approve_change(*place, first, "bob")[1:] == (None, True)
        (stored,) = load_entries(writer.connection, writer.site_id, [number])
        assert (stored.fields["title"], stored.markdown) == ("Floods", "Uno.\n\nTwo.\n")
        assert len(list_approvals(stored.fields)) == 1


FORGED = ("approved: [bob {}]", "metadata: {{approved: [bob {}]}}", "approved: bob {}")


@pytest.mark.parametrize("front", FORGED)
def test_who_has_a_role_cannot_write_an_approval_as_a_field(site: SiteOnPage, front: str) -> None:
    with writing(site) as writer:
        ada = Editor(writer.connection, writer.site, writer.site_id, "ada")
        ada.entries.takes_approvals = False
        number = ada.create(POST).number
        (stored,) = load_entries(writer.connection, writer.site_id, [number])
        fields = yaml.safe_load(front.format(digest_content(stored.fields, stored.markdown)))
        for status in ("published", "draft", None):
            with pytest.raises(CmsError, match="given by approving"):
                ada.entries.save_entry(EntryInput(number=number, fields=fields, status=status))
        with pytest.raises(CmsError, match="given by approving"):
            ada.change_later(str(number), EntryInput(fields=fields, status="published"), "2090-01-01")
        with pytest.raises(CmsError, match="given by approving"):
            ada.create(EntryInput("post", {"title": "Tide", **fields}, "One."))


def test_an_entry_may_be_made_what_it_was_with_the_approval_that_it_had_then(site: SiteOnPage) -> None:
    with writing(site) as writer:
        ada, place = Editor(writer.connection, writer.site, writer.site_id, "ada"), (writer.connection, writer.site, writer.site_id)
        number = ada.create(POST).number
        for change in (EntryInput(status="published"), EntryInput(fields={"title": "Floods"})):
            approve_change(*place, ada.change_later(str(number), change, needs_approval=True)[0], "bob")
        ada.entries.takes_approvals = False
        (stored,) = load_entries(writer.connection, writer.site_id, [number])
        assert revert_entry(ada.entries, stored, 2).changes["title"] == ["Floods", "Flood"]
        (stored,) = load_entries(writer.connection, writer.site_id, [number])
        assert stored.status == "published"


MAPPED = """-- site.toml --
title = "T"
[[locales]]
code = "en"
[[locales]]
code = "it"
[[collection]]
name = "posts"
path = "content/posts"
type = "post"
locale = "field:lang"
[collection.fields]
section = "rubrik"
"""


def test_a_role_is_limited_to_its_sections_and_locales_whatever_a_site_calls_these_fields(make_site: Callable[..., SiteOnPage]) -> None:
    site = make_site(MAPPED)
    with writing(site) as writer:
        editor = Editor(writer.connection, writer.site, writer.site_id, "ada")
        editor.entries.writer = Writer("ada", "editor", ("notes",), ("it",))
        number = editor.create(EntryInput("post", {"title": "Flood", "rubrik": "notes", "lang": "it"}, "One.", "draft")).number
        for fields, said in (({"rubrik": "news"}, "section news"), ({"lang": "en"}, "locale is en"), ({"section": "news"}, "section news")):
            with pytest.raises(CmsError, match=said) as refused:
                editor.entries.save_entry(EntryInput(number=number, fields=fields))
            assert refused.value.problems[0].code == "api.role"
            with pytest.raises(CmsError, match=said):
                editor.create(EntryInput("post", {"title": "Tide", "rubrik": "notes", "lang": "it", **fields}, "One.", "draft"))


def test_what_is_in_the_trash_needs_no_approval_when_a_type_gets_a_workflow(site: SiteOnPage) -> None:
    site.edit("site.toml", "[workflow.post]\n", "")
    site.build()
    with writing(site) as writer:
        number = writer.save_entry(EntryInput("post", {"title": "Gone", "date": "2025-05-05"}, "One.\n")).number
        other = writer.save_entry(EntryInput("post", {"title": "Here", "date": "2025-05-05"}, "One.\n")).number
        writer.save_entry(EntryInput(number=number, status="trashed"))
        files = {entry.id: entry.file for entry in load_entries(writer.connection, writer.site_id, [number, other])}
    site.build()
    site.edit("site.toml", 'title = "T"\n', 'title = "T"\n[workflow.post]\n')
    assert {problem.place for problem in site.build().result.problems} == {"content/posts/wall.md", files[other]}
