"""What pages tell the API: exposures and goals, counted once, from people, for what runs."""

from __future__ import annotations

from uuid import uuid4
from xml.etree import ElementTree as ET

import pytest

from cms_ssg.errors import UsageError
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.store.open_store import open_store
from cms_ssg.store.tokens import create_token
from cms_ssg.verticals.landing.commands import list_experiments, report, start, stop
from cms_ssg.verticals.landing.report import Report
from cms_ssg.verticals.landing.tickets import Ticket, read_ticket, sign_ticket
from tests.editing.person import DeskPerson
from tests.engine.siteonpage import database
from tests.verticals.landing.conftest import Served

API = "/api/experiments/headline/"


def expose(site: Served, variant: str = "question", visit: str = "") -> str:
    answer = site.client.post(f"{API}exposures", json={"variant": variant, "visit": visit or uuid4().hex})
    assert answer.status_code == 201, answer.text
    ticket: str = answer.json()["ticket"]
    return ticket


def convert(site: Served, ticket: str, goal: str = "order") -> tuple[int, str]:
    answer = site.client.post(f"{API}conversions", json={"ticket": ticket, "goal": goal})
    return answer.status_code, answer.json()["code"] if answer.content else ""


def counts(site: Served) -> tuple[int, int]:
    return (
        site.query("SELECT count(*) FROM cms.experiment_exposures")[0][0],
        site.query("SELECT count(*) FROM cms.experiment_conversions")[0][0],
    )


@pytest.fixture(autouse=True)
def nothing_counted(starter: Served) -> None:
    starter.query("DELETE FROM cms.experiment_exposures")


def test_an_exposure_and_a_goal_are_counted_once(starter: Served) -> None:
    visit = uuid4().hex
    ticket = expose(starter, visit=visit)
    expose(starter, visit=visit)
    assert counts(starter) == (1, 0)
    assert convert(starter, ticket) == (204, "")
    assert convert(starter, ticket) == (409, "landing.replayed")
    assert convert(starter, ticket, "order-click") == (204, "")
    assert counts(starter) == (1, 2)


def test_a_visit_keeps_its_variant(starter: Served) -> None:
    visit = uuid4().hex
    expose(starter, visit=visit)
    answer = starter.client.post(f"{API}exposures", json={"variant": "statement", "visit": visit})
    assert (answer.status_code, answer.json()["code"]) == (409, "landing.replayed")
    assert starter.query("SELECT variant FROM cms.experiment_exposures") == [("question",)]


def test_a_forged_ticket_is_refused(starter: Served) -> None:
    ticket = expose(starter)
    other = ticket.replace("question.", "statement.", 1)
    made = sign_ticket(b"0" * 32, "headline", Ticket("question", 1, uuid4(), 1))
    for forged in (other, made, ticket[:-1] + ("0" if ticket[-1] != "0" else "1"), "", "x" * 500, ticket.upper()):
        assert convert(starter, forged) == (403, "landing.forged")
    assert counts(starter) == (1, 0)


def test_pages_of_other_sites_count_for_nothing(starter: Served) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example", "Content-Type": "text/plain"}
    sent = {"variant": "question", "visit": uuid4().hex}
    assert starter.client.post(f"{API}exposures", json=sent, headers=foreign).status_code == 204
    ticket = expose(starter)
    answer = starter.client.post(f"{API}conversions", json={"ticket": ticket, "goal": "order"}, headers=foreign)
    assert answer.status_code == 204
    assert counts(starter) == (1, 0)


def test_a_ticket_is_of_one_experiment_and_of_one_key() -> None:
    key, ticket = b"k" * 32, Ticket("b", 5, uuid4(), 6)
    text = sign_ticket(key, "one", ticket)
    assert read_ticket(key, "one", text) == ticket
    assert read_ticket(key, "two", text) is None
    assert read_ticket(b"l" * 32, "one", text) is None


def test_a_ticket_of_an_earlier_run_or_too_old_counts_no_more(starter: Served) -> None:
    (key,) = starter.query("SELECT value FROM cms.secrets WHERE name = 'experiments'")[0] if expose(starter) else (b"",)
    run = int(starter.query("SELECT run FROM cms.experiment_exposures")[0][0])
    for ticket in (Ticket("question", run - 1, uuid4(), 2**31), Ticket("question", run, uuid4(), 1)):
        assert convert(starter, sign_ticket(bytes(key), "headline", ticket)) == (403, "landing.late")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("headline/exposures", {"variant": "nobody", "visit": "0" * 32}, 422, "api.invalid"),
        ("headline/exposures", {"variant": "question", "visit": "0"}, 422, "api.invalid"),
        ("headline/exposures", {"variant": "question", "visit": "0" * 32, "more": 1}, 422, "api.invalid"),
        ("headline/exposures", ["question"], 422, "api.invalid"),
        ("nothing/exposures", {"variant": "question", "visit": "0" * 32}, 404, "landing.no-experiment"),
        ("no%00thing/exposures", {"variant": "question", "visit": "0" * 32}, 404, "landing.no-experiment"),
        ("headline/conversions", {"ticket": 7, "goal": "order"}, 422, "api.invalid"),
    ],
)
def test_what_is_wrong_with_a_beacon_is_said(starter: Served, path: str, body: object, status: int, code: str) -> None:
    answer = starter.client.post(f"/api/experiments/{path}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert counts(starter) == (0, 0)


def test_a_goal_that_the_experiment_does_not_have_is_refused(starter: Served) -> None:
    assert convert(starter, expose(starter), "riches") == (422, "api.invalid")


def test_the_goal_of_a_form_counts_when_the_form_is_accepted_and_not_before(starter: Served) -> None:
    sent = {"name": "", "email": "eve@example.org", "wood": "Ash", "_goal": f"headline order {expose(starter)}"}
    refused = starter.client.post("/api/forms/order", data=sent)
    assert refused.status_code == 422 and counts(starter) == (1, 0)
    assert f'<input type="hidden" name="_goal" value="{sent["_goal"]}">' in refused.text, "what is sent again counts"
    sent["name"] = "Eve"
    assert starter.client.post("/api/forms/order", data=sent | {"_website": "x"}).status_code == 303
    assert counts(starter) == (1, 0), "a program"
    for _ in range(2):
        assert starter.client.post("/api/forms/order", data=sent).status_code == 303
        assert counts(starter) == (1, 1)
    for forged in ("", "headline order x", "headline riches " + sent["_goal"].split()[2], "nothing\0 order x", "x" * 5000):
        assert starter.client.post("/api/forms/order", data=sent | {"_goal": forged}).status_code == 303
    assert counts(starter) == (1, 1)


@pytest.mark.parametrize("agent", ["", "Googlebot/2.1", "Mozilla/5.0 HeadlessChrome/140", "curl/8", "python-httpx/0.28"])
def test_programs_are_left_out(starter: Served, agent: str) -> None:
    body = {"variant": "question", "visit": uuid4().hex}
    assert starter.client.post(f"{API}exposures", json=body, headers={"User-Agent": agent}).status_code == 204
    assert counts(starter) == (0, 0)


def test_a_report_counts_visitors_and_those_who_reached_the_goal(starter: Served) -> None:
    for n in range(6):
        ticket = expose(starter, ("statement", "question")[n % 2])
        convert(starter, ticket, "order-click")
        if n == 1:
            convert(starter, ticket, "order")
    with database(starter.database), open_store(starter.root, "") as (site, connection, row):
        opened = OpenSite(site, connection, row.id)
        made = report(opened, "headline")
        assert isinstance(made, Report)
        assert [(line.variant, line.visitors, line.reached) for line in made.lines] == [
            ("statement", 3, 0),
            ("question", 3, 1),
        ]
        picture = str(report(opened, "headline", goal="order-click", picture=True))
        assert {text.text for text in ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")} >= {
            "question",
            "100.00% of 3",
        }
        _, token = create_token(connection, row.id, "report", ("read",), 1)
        (listed,) = list_experiments(opened)
        assert (listed.experiment, listed.state, listed.visitors) == ("headline", "running", 6)
    answer = starter.client.get(f"{API}report", headers={"Authorization": f"Bearer {token}"})
    assert [line["reached"] for line in answer.json()["lines"]] == [0, 1]
    shown = starter.client.get(f"{API}report.svg", params={"goal": "order-click"}, headers={"Authorization": f"Bearer {token}"})
    assert (shown.headers["content-type"], shown.text) == ("image/svg+xml", picture)


def test_the_desk_shows_each_experiment_with_its_picture(starter: Served) -> None:
    convert(starter, expose(starter, "question"))
    person = DeskPerson(starter.url, starter.database, "reader", scopes=("read",))
    page = person.open("/desk/experiments")
    person.client.close()
    assert "<h2>headline</h2>" in page
    assert page.count("<svg ") == 2, "a goal each"
    assert page.count('tabindex="0"') == 4, "what is wider than a phone is scrolled by keyboard too"
    assert '<th scope="row">question</th><td>1</td><td>1</td><td>1</td><td>100.00%</td>' in page
    assert "<style>" not in page


def test_a_report_is_for_those_with_a_token(starter: Served) -> None:
    assert starter.client.get(f"{API}report").status_code == 401
    assert starter.client.get(f"{API}report.svg").status_code == 401


def test_start_and_stop_write_the_experiments_file_and_nothing_else(starter: Served) -> None:
    file = starter.root / "content/experiments/headline.md"
    before = file.read_text("utf-8")
    with database(starter.database), open_store(starter.root, "") as (site, connection, row):
        opened = OpenSite(site, connection, row.id)
        stop(opened, "headline", winner="question")
        assert "winner: question" in file.read_text("utf-8")
        start(opened, "headline")
        text = file.read_text("utf-8")
        assert "winner" not in text and "publish_at: 2026-01-01\n" not in text and "publish_at: " in text
        stop(opened, "headline")
        assert "draft: true" in file.read_text("utf-8")
        for wrong in (
            lambda: stop(opened, "headline", winner="nobody"),
            lambda: report(opened, "nothing"),
            lambda: report(opened, "headline", goal="x"),
        ):
            with pytest.raises(Exception, match=r"\[landing\.no-"):
                wrong()
        unbuilt = file.with_name("evening.md")
        unbuilt.write_text(before, "utf-8")
        with pytest.raises(UsageError, match=r"evening\.md is not in the database yet: run cms build first"):
            start(opened, "evening")
        unbuilt.unlink()
    file.write_text(before, "utf-8")
