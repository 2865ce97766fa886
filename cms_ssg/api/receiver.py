"""The route that takes in signed messages of pushes, and the one that tells what they came to."""

from __future__ import annotations

import os
import time

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.answers import JSON
from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.problems import ApiError, fail
from cms_ssg.api.routing import Router, site_of
from cms_ssg.config.settings import Receiver
from cms_ssg.events.pushes import judge
from cms_ssg.events.signatures import read_secrets
from cms_ssg.store import received as store

router = Router("Rebuild")

PER_MINUTE = 120


async def take_push(request: Request) -> Response:
    """A push to the site's repository, signed as GitHub, GitLab or Standard Webhooks do. What is accepted is written down before it is answered.

    202: a build follows; 200: there is nothing to do, or it was received before; 401: not signed with this site's secret, or too old.
    """
    context = site_of(request)
    receiver = _find_receiver(request)
    secrets = read_secrets(os.environ, receiver.secret_env)
    if not secrets:
        raise fail("hooks.secret", "this site has no secret to check messages with", status=503, hint=f"Set {receiver.secret_env}.")
    headers = {name.lower(): value for name, value in request.headers.items()}
    verdict = judge(headers, await request.body(), receiver, secrets, time.time())
    if verdict.status == 401:
        raise fail("hooks.unsigned", verdict.text, status=401, headers={"WWW-Authenticate": "Signature"})
    if verdict.status >= 400:
        raise ApiError(verdict.status, "api.invalid", verdict.text, "Send the message as the sender made it.")
    status, text = verdict.status, verdict.text
    if verdict.names:
        async with context.connection() as connection:
            if not await store.add_received(connection, context.number, verdict.source, verdict.names):
                status, text = 200, "received before"
    return Response(msgspec.json.encode({"message": text}), status, media_type=JSON)


async def show_builds(request: Request) -> Response:
    """What the last build came to that a push asked for; 503 where that failed."""
    context = site_of(request)
    _find_receiver(request)
    async with context.connection() as connection:
        row = await (await connection.execute(store.STATE, {"site": context.number})).fetchone()
    assert row is not None
    waiting, last, is_well = row
    value = {"status": "ok" if is_well else "failed", "building": waiting > 0, "last": last or "nothing yet"}
    return Response(msgspec.json.encode(value), 200 if is_well else 503, media_type=JSON)


def _find_receiver(request: Request) -> Receiver:
    receiver = site_of(request).site.settings.receiver
    if receiver is None:
        raise fail("api.no-route", "there is nothing at this address", status=404, hint="site.toml has no [receiver].")
    return receiver


for path, is_shown in (("/api/rebuild", True), ("/", False)):  # the second is where `cms hooks serve` has always taken them
    router.post(
        path,
        scope=PUBLIC,
        per_minute=PER_MINUTE,
        response_class=Response,
        status_code=202,
        summary="Tell of a push",
        include_in_schema=is_shown,
    )(take_push)
for path, is_shown in (("/api/rebuild", True), ("/health", False)):
    router.get(path, scope=PUBLIC, response_class=Response, summary="What the last push came to", include_in_schema=is_shown)(show_builds)
