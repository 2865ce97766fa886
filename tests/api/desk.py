"""Signing in at the desk and pressing its buttons, as a browser without a script does."""

from __future__ import annotations

import re

from cms_ssg.store.connect import connect
from cms_ssg.store.tokens import create_token
from tests.api.atlas import Api
from tests.engine.siteonpage import SiteOnPage


def sign_in(api: Api, site: SiteOnPage, *scopes: str) -> None:
    with connect(site.url, autocommit=True) as connection:
        _, token = create_token(connection, site.query("SELECT id FROM cms.sites")[0][0], "Mara", scopes, 1)
    answer = api.client.post("/desk/sign-in", data={"token": token})
    assert answer.status_code == 303 and answer.headers["location"] == "/desk"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "path=/desk" in cookie


def press(api: Api, queue: str, action: str, number: int = 0) -> str:
    """Press a button of the n-th thing in a queue; what the desk says then."""
    html = api.get(f"/desk/{queue}").text
    csrf = re.findall(r'name="csrf" value="(\w+)"', html)[-1]
    key = re.findall(r'name="key" value="([\w-]+)"', html)[number]
    answer = api.client.post(f"/desk/{queue}/{action}", data={"csrf": csrf, "key": key})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])
