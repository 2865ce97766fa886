"""The desk's calendar: what goes out, changes and ends, by day of the site's zone; narrowed, and changes taken back."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from cms_ssg.diagnostics.status import calendar
from cms_ssg.store.connect import connect
from cms_ssg.store.tokens import Powers
from tests.api.atlas import Api
from tests.browser import Browser, open_browser
from tests.editing.conftest import Meet
from tests.editing.person import DeskPerson

DAYS = re.compile(r'<section class="day"><h2><time datetime="([\d-]+)">(.*?)</time></h2>(.*?)</section>', re.DOTALL)
ITEMS = re.compile(
    r'<li><time datetime="[^"]+">([^<]+)</time><div><strong>([^<]+)</strong> <a href="/desk/entries/(\d+)">([^<]+)</a><span class="hint">([^<]*)</span>'
)


def ask(person: DeskPerson, method: str, path: str, value: Any = None) -> Any:
    answer = person.client.request(method, path, json=value, headers={"Authorization": f"Bearer {person.token}"})
    assert answer.status_code < 300, answer.text
    return answer.json()


def write(person: DeskPerson, title: str, **fields: str) -> int:
    new = {"type": "post", "fields": {"title": title, "date": "2025-01-01", **fields}, "body": "x", "status": "published"}
    return int(ask(person, "POST", "/api/entries", new)["number"])


def read_days(page: str) -> dict[str, list[tuple[str, ...]]]:
    """The items of each day: (time, what happens, number, title, about)."""
    return {day: ITEMS.findall(items) for day, _, items in DAYS.findall(page)}


@pytest.fixture(autouse=True)
def empty(atlas: tuple[Path, str]) -> None:
    """Nothing is scheduled when a test begins."""
    with connect(atlas[1], autocommit=True) as connection:
        connection.execute("UPDATE cms.pending_changes SET state = 'cancelled' WHERE state IN ('waiting', 'failed')")
        connection.execute("UPDATE cms.entries SET status = 'trashed' WHERE source = 'api'")


def test_what_goes_out_changes_and_ends_stands_under_its_day_in_the_sites_zone(
    ada: DeskPerson, atlas: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Nothing is scheduled." in ada.open("/desk/calendar")
    later = write(ada, "Later <b>", publish_at="2090-07-01T23:30:00Z", expire_at="2090-08-01 12:00", section="News")
    live = write(ada, "Live")
    change = ask(
        ada,
        "POST",
        f"/api/entries/{live}/changes",
        {"fields": {"title": "New"}, "body": "y", "at": "2090-07-02 09:00", "needs_approval": False},
    )
    ask(ada, "POST", f"/api/entries/{live}/changes", {"status": "draft", "at": "2090-07-02 10:00:05"})
    draft = int(ask(ada, "POST", "/api/entries", {"type": "post", "fields": {"title": "Draft", "date": "2025-01-01"}})["number"])
    ask(ada, "POST", f"/api/entries/{draft}/changes", {"status": "published", "at": "2090-07-02 11:00", "needs_approval": False})
    page = ada.open("/desk/calendar")
    assert 'href="/desk/calendar" aria-current=page' in page and "Times in Europe/Lisbon." in page
    assert "Sunday, 2 July 2090" in page
    number = change["id"]
    assert read_days(page) == {
        "2090-07-02": [
            ("00:30", "Goes out", str(later), "Later &lt;b&gt;", "post · News · en"),
            ("09:00", "Changes title, text", str(live), "Live", f"post · en · change {number} by ada"),
            ("10:00:05", "Ends", str(live), "Live", f"post · en · change {number + 1} by ada, needs an approval"),
            ("11:00", "Goes out", str(draft), "Draft", f"post · en · change {number + 2} by ada"),
        ],
        "2090-08-01": [("12:00", "Ends", str(later), "Later &lt;b&gt;", "post · News · en")],
    }
    monkeypatch.setenv("CMS_DATABASE_URL", atlas[1])
    assert [(item.what, item.title) for item in calendar(atlas[0])] == [
        ("publish", "Later <b>"), (f"change {number}", "Live"), (f"change {number + 1} (not approved)", "Live"), (f"change {number + 2}", "Draft"),
        ("expire", "Later <b>"),
    ], "the command lists the same"  # fmt: skip


def test_the_calendar_is_narrowed_by_section_and_type_and_leafed_through(ada: DeskPerson) -> None:
    write(ada, "One", publish_at="2090-01-01", section="News")
    write(ada, "Two", publish_at="2090-01-02", section="news")
    write(ada, "Three", publish_at="2090-01-03", section="Sport")
    page = {"type": "page", "fields": {"title": "Four", "publish_at": "2090-01-04"}, "body": "x", "status": "published"}
    ask(ada, "POST", "/api/entries", page)
    titles = {
        query: [item[3] for items in read_days(ada.open(f"/desk/calendar{query}")).values() for item in items]
        for query in ("", "?section=news", "?type=page", "?section=sport&type=page", "?section=a%00b&type=%00&skip=x")
    }
    assert titles == {
        "": ["One", "Two", "Three", "Four"], "?section=news": ["One", "Two"], "?type=page": ["Four"], "?section=sport&type=page": [],
        "?section=a%00b&type=%00&skip=x": [],
    }  # fmt: skip
    filters = ada.open("/desk/calendar?section=gone")
    assert re.findall(r'<option value="([^"]*)"( selected)?>([^<]+)', filters) == [
        ("", "", "All"), ("gone", " selected", "gone"), ("news", "", "News"), ("sport", "", "Sport"), ("", "", "All"), ("page", "", "page"),
        ("post", "", "post"),
    ]  # fmt: skip
    assert "Nothing of this kind is scheduled." in filters
    for number in range(100):
        write(ada, f"Many {number}", publish_at=f"2091-01-01 00:{number // 60:02}:{number % 60:02}", section="Sport")
    first = ada.open("/desk/calendar?section=sport")
    link = re.findall(r'<a href="([^"]+)">Later ones</a>', first)[0].replace("&amp;", "&")
    seen = [item[3] for text in (first, ada.open(f"/desk/calendar{link}")) for items in read_days(text).values() for item in items]
    assert seen == ["Three", *(f"Many {number}" for number in range(100))]


def test_a_change_is_taken_back_in_the_calendar_by_who_may(ada: DeskPerson, meet: Meet) -> None:
    author, other = meet("cyd", Powers("author")), meet("eve", Powers("editor", ["elsewhere"]))
    number = write(ada, "Taken back", section="News")
    change = ask(ada, "POST", f"/api/entries/{number}/changes", {"body": "y", "at": "2090-07-02", "needs_approval": False})["id"]
    address = f"/desk/calendar/{change}/cancel?section=news"
    for person in (author, other):
        page = person.open("/desk/calendar?section=news")
        assert "/cancel" not in page and "Changes text" in page
        refused = person.client.post(address, data={"csrf": re.findall(r'name="csrf" value="(\w+)"', page)[0]})
        assert refused.status_code == 403
    page = ada.open("/desk/calendar?section=news")
    assert f'action="{address}"' in page
    assert ada.client.post(address, data={"csrf": "forged"}).status_code == 403
    form = {"csrf": re.findall(r'name="csrf" value="(\w+)"', page)[0]}
    done = ada.client.post(address, data=form)
    assert "Taken back." in done.text and done.url.query == b"section=news&done=cancelled"
    assert "It was made or taken back before." in ada.client.post(address, data=form).text
    assert "It was made or taken back before." in ada.client.post("/desk/calendar/999999999999999999999/cancel", data=form).text
    assert meet("reader", scopes=("read",)).client.get("/desk/calendar").status_code == 403


def press(browser: Browser, key: str, code: int, text: str = "") -> None:
    """Press a key that has a name. text: that it types."""
    browser.call("Input.dispatchKeyEvent", type="keyDown", key=key, code=key, windowsVirtualKeyCode=code, text=text)
    browser.call("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, windowsVirtualKeyCode=code)


@pytest.mark.browser
def test_the_calendar_is_read_and_used_with_the_keyboard_and_on_a_phone(chromium: str, ada: DeskPerson, api: Api, tmp_path: Path) -> None:
    base, pictures = str(api.client.base_url).rstrip("/"), Path(os.environ.get("DESK_PICTURES", tmp_path))
    write(ada, "A storm over the coast " + "and further inland " * 8, publish_at="2090-07-01T23:30:00Z", section="News")
    number = write(ada, "Donaudampfschifffahrtsgesellschaftskapitaen" * 3, expire_at="2090-07-03 12:00", section="Sport")
    for day in (2, 3):
        ask(ada, "POST", f"/api/entries/{number}/changes", {"body": "y", "at": f"2090-07-0{day} 09:00", "needs_approval": False})
    with open_browser(chromium) as browser:
        browser.resize(1400, 900)
        browser.open(f"{base}/desk?next=/desk/calendar")
        browser.run("document.getElementById('token').focus()")
        browser.type(ada.token)
        browser.run("document.querySelector('main form').requestSubmit()")
        browser.wait("document.readyState === 'complete' && document.querySelectorAll('ul.days li').length === 4")
        browser.screenshot(pictures / "calendar.png")
        browser.resize(390, 844)
        browser.open(f"{base}/desk/calendar")
        assert browser.run("document.documentElement.scrollWidth") == 390
        browser.screenshot(pictures / "calendar-phone.png")
        browser.run("document.querySelector('ul.days a').focus()")
        press(browser, "Tab", 9)
        press(browser, "Tab", 9)
        assert "Take back" in browser.run("document.activeElement.textContent")
        press(browser, "Enter", 13, "\r")
        browser.wait("document.querySelector('.notice[role=status]')?.textContent === 'Taken back.'")
        assert browser.run("document.querySelectorAll('ul.days li').length") == 3
        assert [error for error in browser.complaints if "favicon" not in error] == []
