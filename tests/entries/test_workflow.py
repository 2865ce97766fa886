"""Types with a workflow: nothing is public that was not approved as it is, by somebody who did not write it; not by git either."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cms_ssg.cli.main import run as run_cms
from cms_ssg.entries.edit import Editor
from cms_ssg.entries.pending import approve_change, approve_entry
from cms_ssg.entries.values import EntryInput
from cms_ssg.errors import CmsError, UsageError
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
        change, _ = ada.change_later(str(number), EntryInput(status="published"), needs_approval=True)
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
    page = site.output / "2025/05/flood/index.html"
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
