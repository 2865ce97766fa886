"""Routes of bulk work: a file of rows is sent in parts, imported, and asked about; entries are changed in bulk."""

from __future__ import annotations

import os
import threading
from typing import Annotated, Any, Final, Literal

import msgspec
from anyio.to_thread import run_sync
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.answers import JSON
from cms_ssg.api.forms import read_model
from cms_ssg.api.problems import ApiError, fail
from cms_ssg.api.routing import Router, caller_of, site_of
from cms_ssg.api.sites import SiteContext
from cms_ssg.bulk.change import BulkChange, BulkResult, change_many
from cms_ssg.bulk.uploads import ADD, ADD_PART, ERRORS, MISSING, MOST_PARTS, SHOW, UploadOptions, run_upload
from cms_ssg.errors import CmsError
from cms_ssg.store.connect import connect, database_url

router = Router("Bulk work")

SCOPE: Final = "admin"
Line = Annotated[str, Field(max_length=200)]


class NewImport(BaseModel):
    """How a file is to be imported; `cms import csv --help` says what each means."""

    model_config = ConfigDict(extra="forbid")

    type: Line
    form: Literal["csv", "jsonl"] = "csv"
    key: Line = ""
    name: Line = ""
    dry_run: bool = False
    on_error: Literal["skip", "stop"] = "skip"
    encoding: Line = ""
    delimiter: Annotated[str, Field(max_length=1)] = ""
    map: Annotated[dict[str, Any] | None, Field(description="columns, split and defaults, as a file for --map has them.")] = None


class NewBulkChange(BaseModel):
    """A change of all entries of a type for which conditions hold."""

    model_config = ConfigDict(extra="forbid")

    type: Line
    where: Annotated[
        list[Annotated[str, Field(max_length=1000)]], Field(min_length=1, max_length=50, description="As --where of cms bulk.")
    ]
    set: dict[str, Any] = {}
    unset: Annotated[list[Line], Field(max_length=100)] = []
    trash: bool = False
    dry_run: bool = False


@router.post("/api/imports", scope=SCOPE, status_code=201, summary="Begin to send a file")
async def begin_import(request: Request) -> dict[str, Any]:
    """Make an import, to which parts of a file are sent."""
    context = site_of(request)
    sent = await read_model(request, NewImport)
    try:
        options = msgspec.convert(sent.model_dump(), UploadOptions)
    except msgspec.ValidationError as error:
        raise fail("api.invalid", f"map: {error}", status=422, hint="/docs says what is taken.") from None
    values = {"site": context.number, "options": Jsonb(msgspec.to_builtins(options)), "author": caller_of(request).name}
    async with context.connection() as connection:
        row = await (await connection.execute(ADD, values)).fetchone()
    assert row is not None
    return {"id": row[0], "state": "open"}


@router.put("/api/imports/{number}/parts/{part}", scope=SCOPE, per_minute=6000, summary="Send a part of a file")
async def send_part(request: Request, number: int, part: int) -> dict[str, Any]:
    """Keep a part of the file, the first one is 1. A part that is sent again takes the place of the one before."""
    context = site_of(request)
    data = await request.body()
    if not 0 < part <= MOST_PARTS:
        raise fail("api.invalid", f"parts are numbered from 1 to {MOST_PARTS}", status=422)
    async with context.connection() as connection:
        values = {"site": context.number, "id": _check(number), "number": part, "data": data}
        if not (await connection.execute(ADD_PART, values)).rowcount:
            raise fail("import.not-found", f"no import {number} waits for parts", status=404, hint="POST /api/imports makes one.")
    return {"part": part, "bytes": len(data)}


@router.post("/api/imports/{number}/run", scope=SCOPE, status_code=202, summary="Import the file")
async def run(request: Request, number: int) -> dict[str, Any]:
    """Import what was sent, in the background. One that stopped because its process ended is run again in the same way."""
    context = site_of(request)
    found = await _show(context, _check(number))
    if not found or found[0]["state"] == "running" or not found[0]["parts"]:
        raise fail("import.not-found", f"no import {number} with parts is to be run", status=404, hint="GET /api/imports lists them.")
    async with context.connection() as connection:
        missing = await (await connection.execute(MISSING, {"id": number})).fetchone()
    if missing is not None:
        raise fail("import.part", f"part {missing[0]} was not sent", status=409, hint="Send it, and run the import again.")
    has_begun = threading.Event()

    def work() -> None:
        site = context.site
        url = database_url(site.root, site.settings.database_url, os.environ)
        try:
            run_upload(lambda: connect(url, autocommit=True), site, context.number, number, has_begun.set)
        finally:
            has_begun.set()

    threading.Thread(target=work, name=f"import-{number}", daemon=True).start()
    await run_sync(has_begun.wait)  # whoever asks for its state from now on is not told that of before
    return {"id": number, "state": "running"}


@router.get("/api/imports", scope=SCOPE, summary="List imports")
async def list_imports(request: Request) -> list[dict[str, Any]]:
    """The imports of the last week that came by way of the API, the newest first."""
    return await _show(site_of(request), 0)


@router.get("/api/imports/{number}", scope=SCOPE, summary="Progress of an import")
async def show_import(request: Request, number: int) -> dict[str, Any]:
    """open, running, done, failed, or stopped where its process ended; rows that are done of about how many; what it came to."""
    found = await _show(site_of(request), _check(number))
    if not found:
        raise fail("import.not-found", f"there is no import {number}", status=404, hint="GET /api/imports lists them.")
    return found[0]


@router.get("/api/imports/{number}/errors", scope=SCOPE, summary="Rows that are wrong")
async def show_errors(request: Request, number: int) -> Response:
    """The rows that did not go in, as CSV with the line and the reason of each: mended, it can be imported."""
    context = site_of(request)
    async with context.connection() as connection:
        row = await (await connection.execute(ERRORS, (context.number, _check(number)))).fetchone()
    if row is None or row[0] is None:
        raise fail("import.not-found", f"import {number} has no wrong rows", status=404)
    headers = {"Content-Disposition": f'attachment; filename="import-{number}.errors.csv"', "Cache-Control": "no-store"}
    return Response(bytes(row[0]), 200, headers, "text/csv; charset=utf-8")


@router.post("/api/bulk", scope=SCOPE, per_minute=30, summary="Change entries in bulk")
async def change_in_bulk(request: Request) -> Response:
    """Set or remove fields of many entries, or put them in the trash. dry_run names the pages that would be made again."""
    context = site_of(request)
    sent = await read_model(request, NewBulkChange)
    if not (sent.set or sent.unset or sent.trash):
        raise fail("api.invalid", "set, unset or trash: one is needed", status=422)
    change = BulkChange(sent.type, tuple(sent.where), sent.set, tuple(sent.unset), sent.trash, caller_of(request).name, "api")
    try:
        result = await run_sync(_change, context, change, sent.dry_run)
    except CmsError as error:
        problem = error.problems[0]
        raise ApiError(409 if problem.code == "bulk.busy" else 422, problem.code, problem.message, problem.hint) from None
    return Response(msgspec.json.encode(result), 200, {"Cache-Control": "no-store"}, JSON)


def _change(context: SiteContext, change: BulkChange, dry_run: bool) -> BulkResult:
    site = context.site
    with connect(database_url(site.root, site.settings.database_url, os.environ), autocommit=True) as connection:
        return change_many(connection, site, context.number, change, dry_run=dry_run)


async def _show(context: SiteContext, number: int) -> list[dict[str, Any]]:
    names = ("id", "state", "rows", "total", "result", "has_errors", "created_at", "ended_at", "parts")
    async with context.connection() as connection:
        cursor = await connection.execute(SHOW, {"site": context.number, "id": number})
        return [dict(zip(names, row, strict=True)) for row in await cursor.fetchall()]


def _check(number: int) -> int:
    return number if 0 < number < 1 << 62 else -1
