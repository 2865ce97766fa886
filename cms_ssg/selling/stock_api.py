"""Routes of the stock, for a till or a warehouse: what lies where, and moves."""

from __future__ import annotations

from typing import Any, Final, LiteralString

import msgspec
from psycopg import AsyncConnection
from psycopg.errors import CheckViolation, NumericValueOutOfRange, UniqueViolation
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.answers import JSON
from cms_ssg.api.fields import invalid, read_fields, read_text, read_whole
from cms_ssg.api.problems import fail
from cms_ssg.api.routing import Router, site_of
from cms_ssg.selling.stock_moves import BY_HAND, KNOWN, MOST_UNITS, MOVE

router = Router("Stock")
SCOPE: Final = "shop"

LEVELS: Final[LiteralString] = """
SELECT coalesce(jsonb_agg(jsonb_build_object('location', location, 'on_hand', on_hand, 'reserved', reserved, 'free', on_hand - reserved, 'priority', priority)
  ORDER BY location), '[]') FROM cms.stock_levels WHERE site = %s AND sku = %s"""


@router.get("/api/stock/{sku:path}", scope=SCOPE, response_class=Response, summary="What there is of a SKU, by location")
async def show_stock(request: Request, sku: str) -> Response:
    """``on_hand``, ``reserved`` for orders that are not paid yet, and what is ``free``."""
    return await _answer(request, sku)


@router.post("/api/stock/{sku:path}", scope=SCOPE, response_class=Response, summary="Add units to the stock, or take them away")
async def move_stock(request: Request, sku: str) -> Response:
    """``units``, ``ref`` (what brought them: the same one is taken in once), ``reason`` (``received`` or ``adjusted``), ``location`` (``main``)."""
    context = site_of(request)
    fields = await read_fields(request)
    units = read_whole(fields, "units", 0)
    reason = read_text(fields, "reason") or "adjusted"
    if not 0 < abs(units) <= MOST_UNITS:
        raise invalid("units", "it is a whole number other than 0")
    if reason not in BY_HAND:
        raise invalid("reason", "it is received or adjusted")
    location, ref = read_text(fields, "location", 100) or "main", read_text(fields, "ref", 200, needed=True)
    async with context.connection() as connection:
        await _check_known(connection, context.number, sku)
        try:
            await connection.execute(MOVE, (context.number, sku, location, units, reason, ref, "api"))
        except (CheckViolation, NumericValueOutOfRange):
            raise fail("shop.stock", "there are not that many free units, or the number is too large", status=409) from None
        except UniqueViolation:
            pass  # taken in before
    return await _answer(request, sku)


async def _answer(request: Request, sku: str) -> Response:
    context = site_of(request)
    async with context.connection() as connection:
        await _check_known(connection, context.number, sku)
        row = await (await connection.execute(LEVELS, (context.number, sku))).fetchone()
    return Response(msgspec.json.encode({"sku": sku, "locations": row[0] if row is not None else []}), media_type=JSON)


async def _check_known(connection: AsyncConnection[Any], site: int, sku: str) -> None:
    if "\0" in sku or await (await connection.execute(KNOWN, (site, sku))).fetchone() is None:
        raise fail("shop.no-sku", f"there is no SKU {sku[:80]!r}", status=404)
