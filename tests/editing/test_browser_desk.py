"""The desk in a real browser: somebody signs in, writes with the keyboard, sees the page beside it, and finds what was not saved again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.api.atlas import Api
from tests.browser import open_browser
from tests.editing.conftest import Meet
from tests.editing.test_editing import make

PREVIEWED = "[...document.querySelectorAll('.preview iframe:not([hidden])')].some(f => f.contentDocument?.body?.innerHTML.includes({!r}))"


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
