"""The desk: who may sign in and press its buttons, and how it looks on a phone."""

from __future__ import annotations

import re

import pytest

from cms_ssg.store.connect import connect
from cms_ssg.store.tokens import create_token
from tests.api.atlas import Api, serve_api
from tests.api.desk import sign_in
from tests.browser import open_browser
from tests.engine.siteonpage import SiteOnPage


def test_the_desk_takes_forms_of_its_own_sessions_only(api: Api, site: SiteOnPage) -> None:
    assert api.get("/desk/reviews").status_code == 303
    assert api.client.post("/desk/sign-in", data={"token": "cms_wrong"}).status_code == 403
    assert api.client.post("/desk/reviews/approve", data={"key": "1"}).status_code == 401
    sign_in(api, site, "read")
    assert "no queues" in api.get("/desk").text
    assert api.get("/desk/reviews").status_code == 404
    sign_in(api, site, "moderate")
    assert api.client.post("/desk/reviews/approve", data={"csrf": "x", "key": "1"}).json()["code"] == "desk.form"
    csrf = re.findall(r'name="csrf" value="(\w+)"', api.get("/desk/reviews").text)[0]
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert api.client.post("/desk/reviews/approve", data={"csrf": csrf, "key": "1"}, headers=foreign).status_code == 403
    for key in ("1", "0", "x", "9" * 30, "1; DROP TABLE cms.reviews"):
        assert api.client.post("/desk/reviews/approve", data={"csrf": csrf, "key": key}).headers["location"] == "/desk/reviews?gone"
    site.query("UPDATE cms.tokens SET revoked_at = now()")
    assert api.get("/desk/reviews").status_code == 303


def test_signing_out_ends_the_session_for_copies_of_its_cookie_too_and_no_other_session(api: Api, site: SiteOnPage) -> None:
    sign_in(api, site, "moderate")
    other = dict(api.client.cookies)
    sign_in(api, site, "moderate")
    stolen = dict(api.client.cookies)
    csrf = re.findall(r'name="csrf" value="(\w+)"', api.get("/desk/reviews").text)[0]
    assert api.client.post("/desk/sign-out", data={"csrf": csrf}).status_code == 303
    assert api.get("/desk/reviews").status_code == 303
    for cookies, status in ((stolen, 303), (other, 200), ({"cms_desk": ""}, 303), ({"cms_desk": "x" * 5000}, 303)):
        api.client.cookies.clear()
        assert api.client.get("/desk/reviews", headers={"Cookie": f"cms_desk={cookies['cms_desk']}"}).status_code == status
    site.query("UPDATE cms.desk_sessions SET ends_at = now()")
    assert api.client.get("/desk/reviews", headers={"Cookie": f"cms_desk={other['cms_desk']}"}).status_code == 303, "it ends by itself"
    assert other["cms_desk"].encode() not in site.query("SELECT digest FROM cms.desk_sessions")[0], "the store has its digest only"


def test_the_cookie_of_the_desk_is_secure_but_for_pages_read_by_http(site: SiteOnPage) -> None:
    site.edit("site.toml", 'title = "Kitchen"\n', 'title = "Kitchen"\nbase_url = "https://example.org"\n')
    with connect(site.url, autocommit=True) as connection:
        _, token = create_token(connection, site.query("SELECT id FROM cms.sites")[0][0], "Mara", ("read",), 1)
    with serve_api([site.root], site.url) as api:
        for origin, is_secure in (("http://localhost:8000", False), ("https://example.org", True), ("", True), ("null", True)):
            answer = api.client.post("/desk/sign-in", data={"token": token}, headers={"Origin": origin} if origin else {})
            assert answer.status_code == 303, origin
            assert ("secure" in answer.headers["set-cookie"].lower()) is is_secure, origin


def test_pages_of_the_desk_may_be_asked_for_their_head(api: Api, site: SiteOnPage) -> None:
    answer = api.client.head("/desk")
    assert answer.status_code == 200 and answer.content == b""


@pytest.mark.browser
def test_the_desk_is_used_by_keyboard_on_a_phone_and_runs_nothing_that_was_sent(chromium: str, api: Api, site: SiteOnPage) -> None:
    script = "<script>document.title = 'run'</script><img src=x onerror=\"document.title = 'run'\">"
    for name in ("Ann", "Bob"):
        review = {"path": "/recipes/soup/", "rating": 4, "name": name, "title": f"By {name}", "content": f"{name} {script}" + "w" * 300}
        assert api.client.post("/api/reviews", json=review).status_code == 202
    with connect(site.url, autocommit=True) as connection:
        _, token = create_token(connection, site.query("SELECT id FROM cms.sites")[0][0], "Mara", ("moderate",), 1)
    with open_browser(chromium) as browser:
        browser.resize(360, 740)
        browser.open(f"{api.client.base_url}/desk")

        def press(key: str, text: str = "") -> None:
            browser.call(
                "Input.dispatchKeyEvent", type="keyDown", key=key, code=key, text=text, windowsVirtualKeyCode={"Tab": 9, "Enter": 13}[key]
            )
            browser.call("Input.dispatchKeyEvent", type="keyUp", key=key, code=key)

        def tab_to(test: str) -> None:
            for _ in range(40):
                if browser.run(f"(e => {test})(document.activeElement)"):
                    return
                press("Tab")
            raise AssertionError(f"no tab stop: {test}")

        tab_to("e.id === 'token'")
        browser.type(token)
        press("Enter", "\r")
        browser.wait("document.querySelectorAll('article').length === 2")
        assert browser.run("document.documentElement.scrollWidth <= innerWidth")
        assert browser.run("Math.min(...[...document.querySelectorAll('article button')].map(b => b.getBoundingClientRect().height)) >= 40")
        tab_to("e.textContent.startsWith('Reject') && e.textContent.includes('By Bob')")
        assert browser.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        press("Enter", "\r")
        browser.wait("document.querySelectorAll('article').length === 1 && !!document.querySelector('[role=status]')")
        tab_to("e.textContent.startsWith('Approve')")
        press("Enter", "\r")
        browser.wait("document.querySelector('main').innerText.includes('Nothing waits')")
        assert "run" not in browser.run("document.title")
    assert site.query("SELECT author_name, status FROM cms.reviews ORDER BY number") == [("Ann", "approved"), ("Bob", "rejected")]
