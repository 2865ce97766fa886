"""``/docs``: the routes as Swagger UI shows them, with files from this machine and a policy that allows nothing else."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.answers import HTML, answer_cached
from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.problems import fail
from cms_ssg.api.routing import Router, site_of

router = Router("Documentation")

FILES: Final = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8", "swagger-ui.css": "text/css; charset=utf-8", "start.js": "text/javascript; charset=utf-8",
}  # fmt: skip
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
START: Final = 'SwaggerUIBundle({url: document.body.dataset.openapi, dom_id: "#docs", deepLinking: true, tryItOutEnabled: true});\n'


@router.get("/docs", scope=PUBLIC, response_class=Response, include_in_schema=False)
async def show_docs(request: Request) -> Response:
    """The page itself."""
    base = site_of(request).base_path
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>API</title><link rel="stylesheet" href="{base}/docs/swagger-ui.css"></head>'
        f'<body data-openapi="{base}/api/openapi.json"><div id="docs"></div>'
        f'<script src="{base}/docs/swagger-ui-bundle.js"></script><script src="{base}/docs/start.js"></script></body></html>\n'
    )
    return Response(page, 200, {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}, HTML)


@router.get("/docs/{name}", scope=PUBLIC, response_class=Response, include_in_schema=False)
async def send_docs_file(request: Request, name: str) -> Response:
    """A file that the page asks for."""
    if name not in FILES:
        raise fail("api.no-route", "there is nothing at this address", status=404)
    data = START.encode() if name == "start.js" else _read_file(name)
    return answer_cached(request, data, "public, max-age=3600", FILES[name])


@cache
def _read_file(name: str) -> bytes:
    """A file of Swagger UI, from the package that ships it; nothing else of that package is used."""
    spec = find_spec("fastapi_offline")
    if spec is None or spec.origin is None:  # a broken installation
        raise fail("api.no-route", "the files of this page are not installed", status=404, hint="pip install fastapi-offline")
    return (Path(spec.origin).parent / "static" / name).read_bytes()
