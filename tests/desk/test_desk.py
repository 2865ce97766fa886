"""The desk: who may sign in and press its buttons, and how it looks on a phone."""

from __future__ import annotations

import re

from tests.api.atlas import Api
from tests.api.desk import sign_in
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
