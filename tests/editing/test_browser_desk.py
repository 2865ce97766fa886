"""The desk in a real browser: somebody signs in, writes with the keyboard, sees the page beside it, and finds what was not saved again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.api.atlas import Api
from tests.browser import Browser, open_browser
from tests.editing.conftest import Meet
from tests.editing.test_editing import make

PREVIEWED = "[...document.querySelectorAll('.preview iframe:not([hidden])')].some(f => f.contentDocument?.body?.innerHTML.includes({!r}))"

OVERTAKE = """(() => { const submit = HTMLFormElement.prototype.submit; window.asked = 0;
HTMLFormElement.prototype.submit = function () { if (window.asked++) submit.call(this); }; })()"""
"""The next preview is overtaken by the one after it, as on a slow server."""


@pytest.mark.browser
def test_somebody_writes_with_the_keyboard_and_sees_the_page_beside_it(chromium: str, meet: Meet, api: Api, tmp_path: Path) -> None:
    ada, bob = meet("ada"), meet("bob")
    path, base = make(ada, "Written in a browser"), str(api.client.base_url).rstrip("/")
    pictures = Path(os.environ.get("DESK_PICTURES", tmp_path))
    with open_browser(chromium) as browser:
        browser.resize(1400, 900)
        browser.open(f"{base}/desk?next={path}")
        browser.run("document.getElementById('token').focus()")
        browser.type(ada.token)
        browser.run("document.querySelector('main form').requestSubmit()")
        browser.wait("document.querySelector('.tools button') && document.readyState === 'complete'")
        browser.wait(PREVIEWED.format("<p>One.</p>"))
        browser.run("document.getElementById('body').focus(); document.getElementById('body').setSelectionRange(0, 3)")
        browser.press("b", control=True)
        browser.wait(PREVIEWED.format("<strong>One</strong>."))
        browser.wait("document.getElementById('state').textContent === 'Kept, not saved'")
        browser.run(OVERTAKE)
        browser.run("document.getElementById('body').setSelectionRange(0, 0)")
        browser.type("1")
        browser.wait("window.asked === 1")
        browser.type("2")
        browser.wait("window.asked === 2 && document.querySelectorAll('.preview iframe:not([hidden])').length < 2")
        assert browser.run(PREVIEWED.format("12<strong>One</strong>."))
        browser.run("(b => { b.focus(); b.setSelectionRange(0, 2); })(document.getElementById('body'))")
        browser.call("Input.dispatchKeyEvent", type="keyDown", key="Delete", code="Delete", windowsVirtualKeyCode=46)
        browser.wait(PREVIEWED.format("<p><strong>One</strong>."))
        browser.screenshot(pictures / "desk-editor.png")
        browser.press("s", control=True)
        browser.wait("document.querySelector('.notice[role=status]')?.textContent === 'Saved.'")
        assert "**One**." in bob.open(path)
        bob.client.post(f"{path}/keep", data={"csrf": browser.run("document.forms.entry.csrf.value"), "take": "yes"})
        browser.resize(390, 844)
        browser.open(f"{base}{path}")
        assert browser.run("document.documentElement.scrollWidth") == 390
        browser.screenshot(pictures / "desk-phone.png")
        browser.open(f"{base}/desk/entries")
        assert browser.run("document.documentElement.scrollWidth") == 390
        browser.screenshot(pictures / "desk-list-phone.png")
        browser.resize(1400, 900)
        browser.open(f"{base}/desk/entries")
        browser.screenshot(pictures / "desk-list.png")
        assert [
            error for error in browser.complaints if "/assets/" not in error and "sandboxed" not in error and "favicon" not in error
        ] == []


def sign_in(browser: Browser, base: str, token: str, path: str) -> None:
    browser.open(f"{base}/desk?next={path}")
    browser.run("document.getElementById('token').focus()")
    browser.type(token)
    browser.run("document.querySelector('main form').requestSubmit()")
    browser.wait("document.querySelector('.tools button') && document.readyState === 'complete'")


def write(browser: Browser, old: str, new: str) -> None:
    """Type a text in place of another one of the body."""
    browser.run(
        f"(b => {{ const at = b.value.indexOf('{old}'); b.focus(); b.setSelectionRange(at, at + {len(old)}); }})(document.getElementById('body'))"
    )
    browser.type(new)


SAID = "document.querySelector('.notice[role=status]')?.textContent === {!r}"
THEIRS = "document.readyState === 'complete' && document.querySelector('.theirs')?.innerText.includes('Due.')"
BODY_NOW = "document.getElementById('body').value"


@pytest.mark.browser
def test_two_people_write_one_entry_each_in_a_browser_of_their_own(chromium: str, meet: Meet, api: Api) -> None:
    ada, bob = meet("ada"), meet("bob")
    path, base = make(ada, "Two browsers"), str(api.client.base_url).rstrip("/")
    with open_browser(chromium) as hers, open_browser(chromium) as his:
        sign_in(hers, base, ada.token, path)
        sign_in(his, base, bob.token, path)
        assert "ada has been editing this" in his.run("document.getElementById('presence').innerText")
        write(hers, "One.", "Uno.")
        write(his, "Three.", "Tre.")
        hers.press("s", control=True)
        hers.wait(SAID.format("Saved."))
        his.press("s", control=True)
        his.wait(SAID.format("Saved, together with what somebody else changed meanwhile."))
        assert his.run(BODY_NOW) == "Uno.\n\nTwo.\n\nTre.\n"

        hers.open(f"{base}{path}")
        hers.wait(f"{BODY_NOW} === 'Uno.\\n\\nTwo.\\n\\nTre.\\n'")
        write(hers, "Two.", "Due.")
        write(his, "Two.", "Zwei.")
        hers.press("s", control=True)
        hers.wait(SAID.format("Saved."))
        his.press("s", control=True)
        his.wait(THEIRS)
        his.open(f"{base}/desk/entries")
        his.open(f"{base}{path}")
        assert his.run(BODY_NOW) == "Uno.\n\nZwei.\n\nTre.\n", "what he typed is not lost by leaving"
        his.press("s", control=True)
        his.wait(THEIRS)
        his.press("s", control=True)
        his.wait(SAID.format("Saved."))

        his.wait("document.querySelector('.tools button') && document.readyState === 'complete'")
        his.run("document.getElementById('take').click()")
        his.wait("document.activeElement.id === 'body' && !document.getElementById('take')")
        hers.run("send({}, false).then(show)")
        hers.wait("document.getElementById('presence').innerText.startsWith('bob is editing this.')")
        hers.run("document.getElementById('take').focus()")
        hers.run("send({}, false).then(show)")
        assert hers.run("document.activeElement.id") == "take", "news take the focus away from nobody"

        hers.call("Network.clearBrowserCookies")
        write(hers, "Uno.", "Een.")
        hers.wait("document.getElementById('state').textContent.startsWith('You are signed out')")
        hers.press("s", control=True)
        assert hers.run(BODY_NOW).startswith("Een."), "the page is not left"
    assert bob.open(path).count("Zwei.") == 1
