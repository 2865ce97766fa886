"""Entries by the API: made and changed from a version, merged or refused with both sides, within what a role may do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from cms_ssg.client import ApiProblem, Client
from cms_ssg.desk.entry_form import BODY, PREFIX
from cms_ssg.desk.writing import Form, save_form
from cms_ssg.entries.edit import Editor
from cms_ssg.entries.rights import Writer
from cms_ssg.site import open_site
from cms_ssg.store.connect import connect
from cms_ssg.store.tokens import Powers, create_token
from tests.api.atlas import Api, serve_api

NEW = {
    "type": "post",
    "fields": {"title": "Flood", "date": "2025-05-05", "section": "notes"},
    "body": "One.\n\nTwo.\n",
    "status": "published",
}


class Person:
    """Somebody with a token."""

    def __init__(self, api: Api, url: str, name: str, powers: Powers, *scopes: str) -> None:
        self.api = api
        with connect(url, autocommit=True) as connection:
            self.token = create_token(connection, 1, name, scopes or ("read", "write"), 1, powers)[1]

    def ask(self, method: str, path: str, value: Any = None, version: str = "") -> Any:
        headers = {"Authorization": f"Bearer {self.token}"} | ({"If-Match": version} if version else {})
        return self.api.client.request(method, path, headers=headers, json=value)


@pytest.fixture
def ada(api: Api, atlas: tuple[Path, str]) -> Person:
    return Person(api, atlas[1], "ada", Powers())


def make(person: Person, slug: str, **more: Any) -> tuple[str, str]:
    answer = person.ask("POST", "/api/entries", NEW | {"slug": slug} | more)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"], answer.headers["etag"]


def test_an_entry_is_made_read_and_changed_and_its_version_is_its_validator(ada: Person, atlas: tuple[Path, str]) -> None:
    place, etag = make(ada, "made")
    read = ada.ask("GET", place)
    assert (read.json()["fields"]["title"], read.json()["author"], read.headers["etag"]) == ("Flood", "ada", etag == '"v1"' and etag)
    changed = ada.ask("PATCH", place, {"fields": {"title": "Floods"}}, etag)
    assert (changed.status_code, changed.headers["etag"], changed.json()["changed"]) == (200, '"v2"', ["title"])
    listed = ada.ask("GET", "/api/entries?limit=1").json()
    assert listed["entries"][0]["title"] == "Floods"
    assert ada.ask("GET", f"/api/entries?limit=100&before={listed['next']}").json()["entries"][0]["number"] < listed["next"]
    with connect(atlas[1]) as connection:
        rows = connection.execute("SELECT kind, author, origin FROM cms.acts ORDER BY id DESC LIMIT 2").fetchall()
    assert rows == [("change", "ada", "api"), ("create", "ada", "api")]


def test_two_who_change_different_things_both_succeed_and_of_the_same_thing_the_second_sees_both(ada: Person) -> None:
    place, etag = make(ada, "merged")
    assert ada.ask("PATCH", place, {"body": "1.\n\nTwo.\n"}, etag).status_code == 200
    merged = ada.ask("PATCH", place, {"body": "One.\n\n2.\n"}, etag)
    assert (merged.status_code, merged.json()["body"], merged.json()["merged"]) == (200, "1.\n\n2.\n", ["body"])
    refused = ada.ask("PATCH", place, {"body": "Uno.\n\nTwo.\n"}, etag)
    assert (refused.status_code, refused.json()["code"], refused.headers["etag"]) == (409, "entry.changed", '"v3"')
    assert [json.loads(error["message"]) for error in refused.json()["errors"]] == [
        {"base": "One.\n\n", "stored": "1.\n\n", "given": "Uno.\n\n"}
    ]


def test_a_change_without_a_version_or_of_a_file_or_of_nothing_is_refused(ada: Person) -> None:
    place, _ = make(ada, "refused")
    for path, value, version, status, code in (
        (place, {"body": "x"}, "", 428, "api.no-version"), (place, {"body": "x"}, "3", 422, "api.invalid"), (place, {"nonsense": 1}, '"v1"', 422, "api.invalid"),
        (place, {"fields": {"date": "never"}}, '"v1"', 422, "content.field"), ("/api/entries/999999", {"body": "x"}, '"v1"', 404, "entry.not-found"),
        ("/api/entries/99999999999999999999999", {"body": "x"}, '"v1"', 404, "entry.not-found"), (place, {"body": "x"}, '"v99"', 409, "entry.changed"),
    ):  # fmt: skip
        answer = ada.ask("PATCH", path, value, version)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    file = next(one for one in ada.ask("GET", "/api/entries?source=file").json()["entries"])
    answer = ada.ask("PATCH", f"/api/entries/{file['number']}", {"fields": {"title": "x"}}, f'"v{file["version"]}"')
    assert (answer.status_code, answer.json()["code"], answer.json()["errors"][0]["field"]) == (409, "entry.of-file", file["file"])


def test_what_is_wrong_with_a_new_entry_is_said_of_its_field(ada: Person) -> None:
    wrong = ada.ask("POST", "/api/entries", NEW | {"slug": "wrong", "fields": {"title": ["a"], "date": "never"}})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "content.field")
    assert {one["field"]: one["message"] for one in wrong.json()["errors"]}["title"] == "['a'] is not a text"
    headers = {"Authorization": f"Bearer {ada.token}", "Content-Type": "application/json"}
    broken = ada.api.client.post("/api/entries", headers=headers, content=b'{"type": "page" "x"}')
    assert (broken.status_code, broken.json()["detail"]) == (422, "the request is not as it should be: body")
    assert broken.json()["errors"] == [{"field": "body", "message": "this is no JSON: Expecting ',' delimiter at character 16"}]
    for value, code in (({"type": "posts"}, "entry.no-type"), ({"locale": "xx"}, "entry.no-locale"), ({"slug": "coast"}, "entry.exists")):
        assert ada.ask("POST", "/api/entries", NEW | value).json()["code"] == code
    slip = ada.ask("POST", "/api/entries", NEW | {"slug": "slip", "fields": {"title": "Slip", "sitemap_exclude": True}})
    assert (slip.status_code, len(slip.json()["warnings"])) == (201, 1)
    assert "sitemap_exclude" in slip.json()["warnings"][0]


def test_a_role_may_do_what_it_says_in_its_sections_and_locales(api: Api, atlas: tuple[Path, str], ada: Person) -> None:
    author = Person(api, atlas[1], "bob", Powers("author", ["notes"], ["en"]))
    place, etag = make(author, "bobs", status="draft")
    assert author.ask("PATCH", place, {"body": "More."}, etag).status_code == 200
    live, live_etag = make(ada, "adas")
    for answer in (
        author.ask("PATCH", place, {"status": "published"}, '"v2"'), author.ask("PATCH", live, {"body": "x"}, live_etag),
        author.ask("PATCH", place, {"fields": {"section": "history"}}, '"v2"'), author.ask("POST", "/api/entries", NEW | {"slug": "live"}),
        author.ask("POST", "/api/entries", NEW | {"slug": "it", "status": "draft", "locale": "it"}),
        Person(api, atlas[1], "eve", Powers("reviewer")).ask("POST", "/api/entries", NEW | {"slug": "eve"}),
    ):  # fmt: skip
        assert (answer.status_code, answer.json()["code"]) == (403, "api.role"), answer.text
    assert ada.ask("PATCH", place, {"status": "published"}, '"v2"').status_code == 200
    with connect(atlas[1]) as connection:
        row = connection.execute("SELECT author, refused FROM cms.acts WHERE refused <> '' ORDER BY id DESC LIMIT 1").fetchone()
    assert row is not None
    assert row[0] == "eve" and "reviewer" in row[1]


def test_the_client_has_a_method_for_each_operation_and_says_what_the_api_says(api: Api, ada: Person) -> None:
    with Client(str(api.client.base_url), ada.token) as site:
        made = site.create_entry(**NEW, slug="by-client")
        assert site.show_entry(made["number"])["fields"]["title"] == "Flood"
        changed = site.change_entry(made["number"], version=made["version"], body="One.\n\n2.\n")
        assert (changed["version"], changed["changed"]) == (2, ["body"])
        with pytest.raises(ApiProblem, match=r"entry\.changed") as caught:
            site.change_entry(made["number"], version=1, body="One.\n\nZwei.\n")
        assert (caught.value.status, caught.value.version, list(caught.value.errors)) == (409, 2, ["body"])
        assert site.list_entries(limit=1, type="post")["entries"][0]["number"] == made["number"]
        assert site.search(q="tide")["hits"]
        with pytest.raises(TypeError, match="no operation nonsense"):
            site.nonsense()
        with pytest.raises(TypeError, match="takes number"):
            site.show_entry()
    with Client(str(api.client.base_url), "cms_wrong") as site, pytest.raises(ApiProblem, match=r"api\.token"):
        site.list_entries()


def test_published_posts_are_listed_by_their_time_a_page_at_a_time(ada: Person) -> None:
    make(ada, "future", fields=NEW["fields"] | {"publish_at": "2999-01-01T00:00:00Z"})
    whole = ada.ask("GET", "/api/entries?sort=published&limit=100").json()
    times = [one["published_at"] for one in whole["entries"]]
    assert times == sorted(times, reverse=True) and len(times) > 4 and whole["next_cursor"] == ""
    assert all(one["status"] == "published" and one["published_at"] < "2999" for one in whole["entries"])
    found, cursor = [], ""
    for _ in times:
        page = ada.ask("GET", f"/api/entries?sort=published&limit=2&cursor={cursor}").json()
        found += page["entries"]
        if not (cursor := page["next_cursor"]):
            break
    assert found == whole["entries"]
    for wrong in ("sort=published&type=post", "sort=published&cursor=x", "cursor=WzEsMl0", "sort=published&before=3"):
        assert ada.ask("GET", f"/api/entries?{wrong}").status_code == 422, wrong


def test_a_file_is_changed_where_the_server_may_write_it_and_only_as_it_was_read(atlas: tuple[Path, str], tmp_path: Path) -> None:
    shutil.copytree(atlas[0], tmp_path / "atlas", ignore=shutil.ignore_patterns("build", ".cms"))
    with (tmp_path / "atlas/site.toml").open("a") as settings:
        settings.write("\n[desk]\nfiles = true\n")
    with serve_api([tmp_path / "atlas"], atlas[1]) as api:
        ada = Person(api, atlas[1], "ada", Powers())
        rows = ada.ask("GET", "/api/entries?source=file&type=post&locale=en&limit=100").json()["entries"]
        one = next(row for row in rows if row["file"].endswith("coast.md"))
        path, file = f"/api/entries/{one['number']}", tmp_path / "atlas" / one["file"]
        etag = ada.ask("GET", path).headers["etag"]
        changed = ada.ask("PATCH", path, {"fields": {"title": "The coast", "tags": None}, "body": "New.\n"}, etag)
        assert (changed.status_code, changed.json()["fields"]["title"], changed.json()["body"]) == (200, "The coast", "New.\n"), (
            changed.text
        )
        assert 'title: "The coast"\n' in file.read_text() and file.read_text().endswith("---\nNew.\n") and "tags" not in file.read_text()
        for version in (etag, f'"v{one["version"]}"'):
            refused = ada.ask("PATCH", path, {"body": "Late.\n"}, version)
            assert (refused.status_code, refused.json()["code"], refused.headers["etag"]) == (409, "entry.changed", changed.headers["etag"])
        before = file.read_bytes()
        wrong = ada.ask("PATCH", path, {"fields": {"date": "never"}}, changed.headers["etag"])
        assert (wrong.status_code, wrong.json()["code"], file.read_bytes()) == (422, "content.field", before), wrong.text
        hidden = ada.ask("PATCH", path, {"status": "draft"}, changed.headers["etag"])
        assert (hidden.json()["status"], "draft: true" in file.read_text()) == ("draft", True)
        gone = ada.ask("PATCH", path, {"status": "trashed"}, hidden.headers["etag"])
        back = ada.ask("PATCH", path, {"status": "published"}, gone.headers["etag"])
        assert (gone.json()["status"], back.json()["status"]) == ("trashed", "published")
        with Client(str(api.client.base_url), ada.token) as client:
            shown = client.show_entry(one["number"])
            assert client.change_entry(one["number"], version=shown["etag"], body="By a client.\n")["body"] == "By a client.\n"
        author = Person(api, atlas[1], "bob", Powers("author"))
        assert author.ask("PATCH", path, {"body": "Mine."}, back.headers["etag"]).status_code == 403
    with connect(atlas[1], autocommit=True) as connection:
        editor = Editor(connection, open_site(tmp_path / "atlas", {}), 1, "ada")
        outcome = save_form(
            editor, Writer("ada", "admin"), one["number"], Form("unpublish", {PREFIX + "title": "By the desk", BODY: "Desk."})
        )
        assert (outcome.done, outcome.problems, outcome.theirs) == ("unpublish", (), {})
    assert 'title: "By the desk"' in file.read_text() and "draft: true" in file.read_text() and file.read_text().endswith("---\nDesk.\n")
    with connect(atlas[1]) as connection:
        acts = connection.execute(
            "SELECT kind, author, origin FROM cms.acts WHERE what = %s ORDER BY id LIMIT 1", (one["file"],)
        ).fetchall()
    assert ("change", "ada", "api") in acts
