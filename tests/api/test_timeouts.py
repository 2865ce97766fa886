"""What takes too long is given up and told as that, not as an error of ours."""

from __future__ import annotations

import asyncio
from pathlib import Path

from starlette.responses import Response

from cms_ssg.api.app import ROUTERS
from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.routing import Router
from tests.api.atlas import serve_api, write_site

router = Router("Slow")


@router.get("/api/slow", scope=PUBLIC, response_class=Response)
async def answer_slowly() -> Response:
    await asyncio.sleep(30)
    return Response(b"late")


def test_a_route_that_takes_too_long_is_answered_with_a_problem(db_url: str, tmp_path: Path) -> None:
    folder = write_site(tmp_path / "site", more="[api]\ntimeout_s = 0.1")
    with serve_api([folder], db_url, routers=(*ROUTERS, f"{__name__}:router")) as api:
        answer = api.get("/api/slow")
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "api.timeout", "2")
