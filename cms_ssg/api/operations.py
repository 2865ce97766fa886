"""Routes for whoever runs the process: is it alive, is it ready, what does it do."""

from __future__ import annotations

from typing import Any

import msgspec
from psycopg import Error
from psycopg_pool import PoolTimeout
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.answers import JSON
from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.metrics import Numbers
from cms_ssg.api.routing import Router
from cms_ssg.api.sites import Sites

router = Router("Operation")


@router.get("/healthz", scope=PUBLIC, response_class=Response, summary="The process is alive", include_in_schema=False)
async def show_health() -> Response:
    """Says so as long as the process answers at all."""
    return Response(b'{"status":"ok"}', 200, media_type=JSON)


@router.get("/readyz", scope=PUBLIC, response_class=Response, summary="The process can answer", include_in_schema=False)
async def show_readiness(request: Request) -> Response:
    """503 while a database does not answer; Redis may be away."""
    sites: Sites = request.app.state.sites
    databases = [await _asks(pool) for pool in sites.pools]
    ready = all(databases)
    value: dict[str, Any] = {
        "status": "ok" if ready else "unavailable", "sites": [context.site.settings.store_name for context in sites.contexts],
        "databases": databases, "follows_changes": [follower.is_current for follower in sites.followers],
        "redis": [not layer.breaker.is_open for layer in sites.layers],
    }  # fmt: skip
    return Response(msgspec.json.encode(value), 200 if ready else 503, media_type=JSON)


@router.get("/metrics", scope=PUBLIC, response_class=Response, summary="Numbers for Prometheus", include_in_schema=False)
async def show_metrics(request: Request) -> Response:
    """Of this process alone; several that share a port are asked one at a time by chance."""
    numbers: Numbers = request.app.state.numbers
    return Response(numbers.render(request.app.state.sites), 200, media_type="text/plain; version=0.0.4; charset=utf-8")


async def _asks(pool: Any) -> bool:
    try:
        async with pool.connection(timeout=1.0) as connection:
            await connection.execute("SELECT 1")
    except (Error, PoolTimeout, OSError):
        return False
    return True
