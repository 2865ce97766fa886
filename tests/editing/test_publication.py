"""The date of what goes out by the API, by an approval and at a time: the moment at which it goes out, unless it is given or kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cms_ssg.entries.pending import apply_due
from cms_ssg.site import open_site
from cms_ssg.store.connect import connect
from tests.editing.conftest import Meet
from tests.editing.person import DeskPerson

OLD = "2025-01-01T00:00:00Z"


class Writer:
    """Somebody who writes by the API."""

    def __init__(self, person: DeskPerson) -> None:
        self.client, self.headers, self.made = person.client, {"Authorization": f"Bearer {person.token}"}, 0

    def send(self, method: str, path: str, value: Any = None, version: str = "") -> Any:
        headers = {**self.headers, **({"If-Match": version} if version else {})}
        answer = self.client.request(method, path, json=value, headers=headers)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def draft(self, title: str) -> int:
        return int(self.send("POST", "/api/entries", {"type": "post", "fields": {"title": title, "date": OLD}})["number"])

    def change(self, number: int, version: str = "", **change: Any) -> Any:
        path = f"/api/entries/{number}"
        return self.send("PATCH", path, change, version or self.send("GET", path)["etag"])

    def date(self, number: int) -> str:
        return str(self.send("GET", f"/api/entries/{number}")["fields"]["date"])


@pytest.fixture
def writer(ada: DeskPerson) -> Writer:
    return Writer(ada)


def is_now(date: str) -> bool:
    return abs(datetime.now(UTC) - datetime.fromisoformat(date)) < timedelta(hours=1)


def test_a_draft_that_the_api_publishes_is_dated_to_now_unless_a_date_is_given_or_kept(writer: Writer) -> None:
    first = writer.draft("Dated now")
    writer.change(first, fields={"title": "Still a draft"})
    assert writer.date(first) == OLD
    writer.change(first, status="published")
    assert is_now(writer.date(first))
    now = writer.date(first)
    writer.change(first, status="published", fields={"title": "Public already"})
    assert writer.date(first) == now
    second, third, fourth = writer.draft("Kept"), writer.draft("Given"), writer.draft("To come")
    writer.change(second, status="published", keep_date=True)
    assert writer.date(second) == OLD
    writer.change(third, status="published", fields={"date": "2024-02-03"})
    assert writer.date(third) == "2024-02-03T00:00:00Z"
    writer.change(fourth, status="published", fields={"publish_at": "2090-07-01 09:00"})
    assert writer.date(fourth) == "2090-07-01T08:00:00Z"
    writer.change(fourth, status="published", fields={"publish_at": None})
    assert is_now(writer.date(fourth)), "it was not out yet"
    page = writer.send("POST", "/api/entries", {"type": "page", "fields": {"title": "No date"}})["number"]
    assert "date" not in writer.change(page, status="published")["fields"], "a page is not dated"


def test_what_others_did_to_the_date_is_no_conflict_with_publishing(writer: Writer) -> None:
    number = writer.draft("Two at it")
    before = writer.send("GET", f"/api/entries/{number}")["etag"]
    writer.change(number, fields={"date": "2025-03-03", "excerpt": "Theirs"})
    writer.change(number, before, status="published", body="Mine")
    entry = writer.send("GET", f"/api/entries/{number}")
    assert is_now(entry["fields"]["date"])
    assert (entry["fields"]["excerpt"], entry["body"], entry["status"]) == ("Theirs", "Mine", "published")


def test_an_approved_proposal_is_dated_to_its_approval(writer: Writer, meet: Meet) -> None:
    bob = Writer(meet("bob"))
    for title, change, date in (
        ("Approved", {}, ""),
        ("Approved as dated", {"keep_date": True}, OLD),
        ("Approved with a date", {"fields": {"date": "2024-02-03"}}, "2024-02-03T00:00:00Z"),
    ):
        number = writer.draft(title)
        waiting = writer.send("POST", f"/api/entries/{number}/changes", {"status": "published", **change})
        writer.change(number, fields={"excerpt": "Written meanwhile"})
        assert bob.send("POST", f"/api/changes/{waiting['id']}/approve")["made"] is True
        assert writer.date(number) == date if date else is_now(writer.date(number)), title


def test_what_goes_out_at_a_time_is_dated_to_that_time(writer: Writer, atlas: tuple[Path, str]) -> None:
    number = writer.draft("At its time")
    waiting = writer.send(
        "POST", f"/api/entries/{number}/changes", {"status": "published", "at": "2090-07-01 09:00", "needs_approval": False}
    )
    with connect(atlas[1], autocommit=True) as connection:
        done = apply_due(connection, open_site(atlas[0], {}, ""), 1, datetime(2090, 7, 2, tzinfo=UTC), lambda: None)
    assert done == (1, []), waiting
    assert writer.date(number) == "2090-07-01T08:00:00Z"
