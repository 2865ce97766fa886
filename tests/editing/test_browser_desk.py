"""The desk in a real browser: somebody signs in, writes with the keyboard, sees the page beside it, and finds what was not saved again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.api.atlas import Api
from tests.editing.browser import open_browser
from tests.editing.conftest import Meet
from tests.editing.test_editing import make

PREVIEWED = "[...document.querySelectorAll('.preview iframe:not([hidden])')].some(f => f.contentDocument?.body?.innerHTML.includes({!r}))"


@pytest.mark.browser
def test_somebody_writes_with_the_keyboard_and_sees_the_page_beside_it(chromium: str, meet: Meet, api: Api, tmp_path: Path) -> None:
    ada, bob = meet("ada"), meet("bob")
    path, base = make(ada, "Written in a browser"), str(api.client.base_url).rstrip("/")
    pictures = Path(os.environ.get("DESK_PICTURES", tmp_path))
    with open_browser(chromium, tmp_path / "profile") as browser:
        browser.open(f"{base}/desk?next={path}")
        browser.run("document.getElementById('token').focus()")
        browser.type(ada.token)
        browser.run("document.querySelector('main form').requestSubmit()")
        browser.until("document.querySelector('.tools button') && document.readyState === 'complete'")
        browser.until(PREVIEWED.format("<p>One.</p>"))
        browser.run("document.getElementById('body').focus(); document.getElementById('body').setSelectionRange(0, 3)")
        browser.press("b", control=True)
        browser.until(PREVIEWED.format("<strong>One</strong>."))
        browser.until("document.getElementById('state').textContent === 'Kept, not saved'")
        browser.picture(pictures / "desk-editor.png")
        browser.press("s", control=True)
        browser.until("document.querySelector('.notice[role=status]')?.textContent === 'Saved.'")
        assert "**One**." in bob.open(path)
        bob.client.post(f"{path}/keep", data={"csrf": browser.run("document.forms.entry.csrf.value"), "take": "yes"})
        browser.open(f"{base}{path}", 390, 844)
        assert browser.run("document.documentElement.scrollWidth") == 390
        browser.picture(pictures / "desk-phone.png")
        browser.open(f"{base}/desk/entries", 390, 844)
        assert browser.run("document.documentElement.scrollWidth") == 390
        browser.picture(pictures / "desk-list-phone.png")
        browser.open(f"{base}/desk/entries")
        browser.picture(pictures / "desk-list.png")
        assert [
            error for error in browser.errors if "/assets/site" not in error and "sandboxed" not in error and "favicon" not in error
        ] == []
