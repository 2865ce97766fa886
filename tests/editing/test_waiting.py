"""Changes that wait: proposed, said something about, approved by somebody else, by the desk and by HTTP; and who is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from cms_ssg.content.approval import digest_content
from cms_ssg.entries.rights import Deed, Subject, Writer, find_refusal
from cms_ssg.store.connect import connect
from cms_ssg.store.tokens import Powers
from tests.api.atlas import Api, build_site, serve_api, write_site
from tests.conftest import TEMPLATE, fresh_database
from tests.editing.conftest import Meet
from tests.editing.person import read_form
from tests.editing.test_editing import make

MORE = """
[[webhooks]]
url = "http://127.0.0.1:9/in"
secret_env = "HOOK_SECRET"
events = ["entry.proposed", "entry.approved", "entry.commented"]

[workflow.post]
approvals = 1
notify = ["desk@example.org"]
"""


@pytest.fixture(scope="module")
def atlas(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A site whose posts need an approval."""
    folder = write_site(tmp_path_factory.mktemp("reviewed"), more=MORE)
    for file in (folder / "content/posts").glob("*.md"):
        file.unlink()
    for url in fresh_database(server_url, TEMPLATE):
        build_site(folder, url)
        yield folder, url


@pytest.fixture(scope="module")
def api(atlas: tuple[Path, str]) -> Iterator[Api]:
    with serve_api([atlas[0]], atlas[1]) as running:
        yield running


Ask = Callable[..., Any]


@pytest.fixture
def ask(api: Api) -> Ask:
    """Sends a request with somebody's token."""
    return lambda person, method, path, value=None: api.client.request(
        method, path, json=value, headers={"Authorization": f"Bearer {person.token}"}
    )


def test_a_draft_is_proposed_said_something_about_and_approved_by_somebody_else(meet: Meet, ask: Ask, atlas: tuple[Path, str]) -> None:
    ada, eve = meet("ada", Powers("author")), meet("eve", Powers("reviewer"))
    path = make(ada, "Flood")
    number = path.rpartition("/")[2]
    page = ada.open(path)
    assert 'value="publish"' not in page
    assert "asked to approve" in ada.send(path, page, do="propose", body="More water.").text
    listed = eve.open("/desk/changes")
    assert "+ status: published" in listed
    assert "+ title: Flood" in listed and "+More water." in listed, "what is approved is shown"
    shown = eve.client.post(f"{path}/preview", data=read_form(eve.open(path)))
    assert "<p>More water.</p>" in shown.text
    change = re.findall(r"/desk/changes/(\d+)/approve", listed)[0]
    assert f"/desk/changes/{change}/approve" not in ada.open("/desk/changes"), "nobody approves what is their own"
    assert ask(ada, "POST", f"/api/changes/{change}/approve").json()["code"] == "api.role"
    said = ask(eve, "POST", f"/api/entries/{number}/comments", {"text": "How <much>?", "asks": True, "change": int(change)})
    assert said.status_code == 201, said.text
    assert "How &lt;much&gt;?" in ada.open(path)
    assert ask(ada, "POST", f"/api/comments/{said.json()['comment']}/resolve").json() == {"resolved": True}
    assert ask(eve, "POST", f"/api/entries/{number}/comments", {"text": "x", "change": 999}).status_code == 404
    done = eve.client.post(f"/desk/changes/{change}/approve", data={"csrf": re.findall(r'name="csrf" value="(\w+)"', listed)[0]})
    assert "Approved, and made." in done.text
    assert ask(eve, "GET", f"/api/entries/{number}").json()["status"] == "published"
    revisions = ask(eve, "GET", f"/api/entries/{number}/revisions").json()["revisions"]
    assert [(one["author"], one["origin"]) for one in revisions] == [("ada", "approval"), ("ada", "desk"), ("ada", "desk")]
    with connect(atlas[1]) as connection:
        mails = [row[0] for row in connection.execute("SELECT subject FROM cms.mails ORDER BY number")]
        events = [row[0] for row in connection.execute("SELECT event FROM cms.deliveries ORDER BY made_at")]
    assert mails == ["ada asks for an approval: Flood", "eve on Flood", "eve approved: Flood"]
    assert events == ["entry.proposed", "entry.commented", "entry.approved"]


def test_a_change_of_what_is_live_is_proposed_scheduled_cancelled_and_undone_by_http(meet: Meet, ask: Ask) -> None:
    ada, bob = meet("ada"), meet("bob")
    chief = meet("chief", scopes=("read", "write", "admin"))
    number = ask(
        ada, "POST", "/api/entries", {"type": "page", "fields": {"title": "Live"}, "body": "As it is.", "status": "published"}
    ).json()["number"]
    place = f"/api/entries/{number}/changes"
    assert ask(ada, "POST", place, {"body": "x", "needs_approval": False}).status_code == 422
    assert ask(ada, "POST", place, {"body": "x", "at": "never"}).json()["code"] == "authoring.bad-time"
    later = ask(ada, "POST", place, {"body": "New.", "needs_approval": False, "at": "2090-01-01"}).json()
    proposed = ask(ada, "POST", place, {"fields": {"title": "Better"}}).json()
    assert [one["id"] for one in ask(ada, "GET", "/api/changes").json()["changes"]] == [later["id"], proposed["id"]]
    assert ask(bob, "DELETE", f"/api/changes/{later['id']}").json() == {"cancelled": later["id"]}
    assert ask(bob, "DELETE", f"/api/changes/{later['id']}").json()["code"] == "pending.not-found"
    assert ask(bob, "POST", f"/api/changes/{proposed['id']}/approve").json()["made"] is True
    assert ask(ada, "POST", f"/api/changes/{proposed['id']}/approve").status_code == 404
    assert ask(ada, "GET", "/api/audit").status_code == 403
    acts = ask(chief, "GET", "/api/audit?limit=5").json()["acts"]
    approval = next(act for act in acts if act["kind"] == "approve")
    assert (approval["author"], approval["entries"]) == ("bob", 1)
    assert ask(chief, "POST", f"/api/audit/{approval['id']}/undo").json()["restored"] == [number]
    assert ask(ada, "GET", f"/api/entries/{number}").json()["fields"]["title"] == "Live"
    assert ask(chief, "POST", f"/api/audit/{approval['id']}/undo").json()["code"] == "undo.done"


def test_an_approval_is_of_what_was_looked_at_and_is_no_field_to_be_written(meet: Meet, ask: Ask) -> None:
    ada, ed = meet("ada", Powers("author")), meet("ed")
    path = make(ada, "Tide")
    number = path.rpartition("/")[2]
    ada.send(path, ada.open(path), do="propose")
    seen = ed.open("/desk/changes")
    change = re.findall(r"/desk/changes/(\d+)/approve", seen)[-1]
    ada.send(path, ada.open(path), do="save", body="Not what was looked at.")
    form = {"csrf": read_form(ed.open(path))["csrf"], "version": re.findall(r'name="version" value="(\d+)"', seen)[-1]}
    assert "so nothing was approved" in ed.client.post(f"/desk/changes/{change}/approve", data=form).text
    stale = ed.client.post(f"/api/changes/{change}/approve", headers={"Authorization": f"Bearer {ed.token}", "If-Match": '"v1"'})
    assert (stale.status_code, stale.json()["code"]) == (409, "entry.changed")
    entry = ask(ed, "GET", f"/api/entries/{number}").json()
    forged = {"approved": [f"bob {digest_content(entry['fields'], entry['body'])}"]}
    for fields in (forged, {"metadata": forged}):
        headers = {"Authorization": f"Bearer {ed.token}", "If-Match": entry["etag"]}
        answer = ed.client.patch(f"/api/entries/{number}", json={"fields": fields, "status": "published"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "workflow.field")
        sent = ask(ed, "POST", f"/api/entries/{number}/changes", {"fields": fields, "at": "2090-01-01", "needs_approval": False})
        assert sent.json()["code"] == "workflow.field"
    assert "workflow.field" in ed.send(path, ed.open(path), do="save", **{"f.metadata": f"approved: {forged['approved']}"}).text
    assert ask(ed, "GET", f"/api/entries/{number}").json()["status"] == "draft"


def test_buttons_of_a_change_are_those_that_the_role_may_press(meet: Meet) -> None:
    ada, eve, bob = meet("ada", Powers("author")), meet("eve", Powers("reviewer", ["elsewhere"])), meet("bob")
    path = make(ada, "Buttons")
    ada.send(path, ada.open(path), do="propose")
    for person, words in ((ada, ["cancel"]), (eve, []), (bob, ["approve", "cancel"]), (meet("cyd", Powers("author")), [])):
        shown = person.open("/desk/changes").rpartition("<h2>")[2]
        assert re.findall(r'formaction="/desk/changes/\d+/(\w+)"', shown) == words, person.client.cookies


def test_a_role_cannot_publish_by_bringing_back_or_by_other_names_of_fields(meet: Meet, ask: Ask) -> None:
    ada, ed = meet("ada", Powers("author")), meet("ed")
    page = ada.open("/desk/entries/new?type=page")
    path = ada.send("/desk/entries/new", page, do="save", **{"f.title": "Back again", "body": "One."}).url.path
    ed.send(path, ed.open(path), do="publish")
    ed.send(path, ed.open(path), do="trash")
    assert "Back from the trash" in ada.send(path, ada.open(path), do="restore").text
    number = path.rpartition("/")[2]
    assert ask(ed, "GET", f"/api/entries/{number}").json()["status"] == "draft", "an author publishes nothing"
    ed.send(path, ed.open(path), do="publish")
    ed.send(path, ed.open(path), do="trash")
    ed.send(path, ed.open(path), do="restore")
    assert ask(ed, "GET", f"/api/entries/{number}").json()["status"] == "published"


def test_what_is_live_and_needs_approvals_can_be_taken_down_without_one(meet: Meet) -> None:
    ada, ed = meet("ada"), meet("ed")
    path = make(ada, "Taken down")
    ada.send(path, ada.open(path), do="propose")
    listed = ed.open("/desk/changes")
    change = re.findall(r"/desk/changes/(\d+)/approve", listed)[-1]
    ed.client.post(f"/desk/changes/{change}/approve", data={"csrf": re.findall(r'name="csrf" value="(\w+)"', listed)[0]})
    page = ed.open(path)
    assert 'value="unpublish"' in page
    assert "A draft again" in ed.send(path, page, do="unpublish").text


def test_a_role_for_a_section_that_is_gone_allows_nothing() -> None:
    writer = Writer("ada", "editor", ("gone",))
    for deed in get_args(Deed):
        assert "this token is for gone" in find_refusal(writer, deed, Subject("news", "en", "bob")), deed
    assert find_refusal(writer, "edit", Subject("Gone", "en", "bob")) == ""
