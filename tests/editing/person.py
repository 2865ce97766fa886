"""Somebody who works at the desk, as their browser does: a cookie, forms, the secret that each form carries."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

import httpx

from cms_ssg.store.connect import connect
from cms_ssg.store.tokens import Powers, create_token


class DeskPerson:
    """name: also of the token; powers: its role."""

    def __init__(self, base: str, db: str, name: str, powers: Powers = Powers(), scopes: Sequence[str] = ("read", "write")) -> None:  # noqa: B008
        with connect(db, autocommit=True) as connection:
            self.token = create_token(connection, 1, name, scopes, 1, powers)[1]
        self.client = httpx.Client(base_url=base, follow_redirects=True, timeout=30, verify=False)
        page = self.client.post("/desk/sign-in", data={"token": self.token})
        assert page.status_code == 200, page.text

    def open(self, path: str) -> str:
        """A page of the desk."""
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def send(self, path: str, page: str, **values: str) -> httpx.Response:
        """Send the form with id "entry" of a page as a browser would, with these inputs changed."""
        return self.client.post(path, data=read_form(page) | values)


def read_form(page: str) -> dict[str, str]:
    """The inputs of a page's form and what stands in them."""
    form = re.search(r'<form method="post" action="[^"]*" id="entry".*?</form>', page, re.DOTALL)
    assert form, page
    values = {}
    for tag in re.findall(r"<input [^>]*>", form[0]):
        named = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if ("name" in named and named.get("type") not in ("file", "checkbox")) or " checked" in tag:
            values[named["name"]] = html.unescape(named.get("value", ""))
    for name, text in re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>\n(.*?)</textarea>', form[0], re.DOTALL):
        values[name] = html.unescape(text)
    for name, options in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', form[0], re.DOTALL):
        chosen = re.search(r"<option selected>(.*?)</option>", options)
        values[name] = html.unescape(chosen[1]) if chosen else ""
    return values
