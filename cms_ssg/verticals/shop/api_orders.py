"""Routes of orders: the page that a guest sees by the link they were given, their downloads, and what the shopkeeper does."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, LiteralString

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from cms_ssg.api.answers import JSON
from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.fields import invalid, read_fields, read_text, wants_page
from cms_ssg.api.forms import is_form
from cms_ssg.api.problems import ApiError, fail
from cms_ssg.api.routing import Router, site_of
from cms_ssg.api.sites import SiteContext
from cms_ssg.payment.api import open_shop
from cms_ssg.payment.lookup import find_payment
from cms_ssg.payment.settling import reconcile_payment
from cms_ssg.selling.printer import PRINTER
from cms_ssg.store.query import fetch_async
from cms_ssg.verticals.shop import queries
from cms_ssg.verticals.shop.carts import check_id
from cms_ssg.verticals.shop.checkout import is_in_time, resume_payment
from cms_ssg.verticals.shop.credit_notes import CREDIT_NOTES, CreditNote
from cms_ssg.verticals.shop.forms import is_signed, locale_of, order_path, sign
from cms_ssg.verticals.shop.mails import write_mail
from cms_ssg.verticals.shop.orders import RefundRequest, cancel_order, find_order, refund_order, ship_order
from cms_ssg.verticals.shop.pages import answer_page, render_part
from cms_ssg.verticals.shop.paper_routes import answer_paper
from cms_ssg.verticals.shop.papers import PAPERS
from cms_ssg.verticals.shop.queries import DownloadRow, ItemRow, OrderRow
from cms_ssg.verticals.shop.telling import say_error
from cms_ssg.visitors.identity import need_visitor

router = Router("Orders")
SCOPE: Final = "shop"
MOST: Final = 200

COUNT_DOWNLOAD: Final[LiteralString] = """
UPDATE cms.downloads d SET used = used + 1 FROM cms.orders o
WHERE d.number = %s AND d.site = %s AND o.number = d."order" AND o.status IN ('processing', 'completed') AND (d.most IS NULL OR d.used < d.most)
  AND (d.expires_at IS NULL OR clock_timestamp() < d.expires_at) RETURNING d.file"""
GO_ON_WITH_DOWNLOAD: Final[LiteralString] = """
SELECT d.file FROM cms.downloads d JOIN cms.orders o ON o.number = d."order"
WHERE d.number = %s AND d.site = %s AND o.status IN ('processing', 'completed') AND d.used > 0 AND (d.expires_at IS NULL OR clock_timestamp() < d.expires_at)"""


@router.get("/api/orders", scope=SCOPE, response_class=Response, summary="Orders, the newest first")
async def list_orders(request: Request, status: str = "", before: int = 2**62, limit: int = 50) -> Response:
    """``before``: the number of the last one that is known already."""
    context = site_of(request)
    async with context.connection() as connection:
        rows = await fetch_async(
            connection, queries.ORDERS, site=context.number, status=status[:20], before=min(before, 2**62), limit=max(1, min(limit, MOST))
        )
    return Response(msgspec.json.encode({"orders": [describe_order(row) for row in rows]}), media_type=JSON)


@router.get("/api/orders/mine", scope=PUBLIC, response_class=Response, summary="Orders of the visitor with this proved address")
async def list_own_orders(request: Request, before: int = 2**62, limit: int = 50) -> Response:
    """For visitors with a token or a cookie; ``page`` is the link of each order. ``before``: the number of the last one that is known already."""
    context = site_of(request)
    visitor, shop = await need_visitor(request), await open_shop(context)
    values = {"site": context.number, "email": visitor.email, "before": min(before, 2**62), "limit": max(1, min(limit, MOST))}
    async with context.connection() as connection:
        rows = await fetch_async(connection, queries.ORDERS_OF, **values)
    found = [describe_order(row) | {"page": order_path(shop, row.order_id)} for row in rows]
    return Response(msgspec.json.encode({"orders": found}), media_type=JSON)


@router.get("/api/orders/{order}", scope=PUBLIC, response_class=Response, summary="An order, for whoever has its link")
async def show_order(request: Request, order: str) -> Response:
    """``key`` is a part of the link that the buyer was given. A token with the scope ``shop`` needs none."""
    found = await _open_order(request, order)
    if wants_page(request):
        return await _show_page(request, found)
    context = site_of(request)
    items, links = await _load_bought(context, found)
    value = describe_order(found, items) | {
        "credit_notes": [
            {"number": note.number, "amount": note.amount, "is_void": note.is_void} for note in await _load_notes(context, found)
        ],
        "downloads": [{"sku": row.sku, "file": row.file, "left": row.left, "url": link} for row, link in links],
    }
    return Response(msgspec.json.encode(value), media_type=JSON)


@router.post(
    "/api/orders/{order}/pay",
    scope=PUBLIC,
    per_minute=20,
    response_class=Response,
    summary="Begin the payment of an order that could not begin",
)
async def pay(request: Request, order: str) -> Response:
    """For whoever has the order's link (``key``), while its goods are kept: ``payment_page`` and ``payment_secret``. May be repeated: one payment an order."""
    found = await _open_order(request, order)
    context = site_of(request)
    shop = await open_shop(context)
    try:
        placed = await resume_payment(shop, found, lambda order_id: context.site.origin + order_path(shop, order_id))
    except ApiError as error:
        if not is_form(request):
            raise
        return await _show_page(request, await _load(context, found.order_id), error)
    if is_form(request):
        return RedirectResponse(placed.page or order_path(shop, found.order_id), 303)
    return Response(msgspec.json.encode({"payment_page": placed.page, "payment_secret": placed.secret}), media_type=JSON)


async def _show_page(request: Request, found: OrderRow, error: ApiError | None = None) -> Response:
    """The page of an order, with why it could not be paid."""
    context = site_of(request)
    shop = await open_shop(context)
    locale = locale_of(request, request.query_params.get("locale", "") or found.locale)
    items, links = await _load_bought(context, found)
    path = order_path(shop, found.order_id)
    shown = {
        "items": items, "downloads": links if found.paid_at else [], "invoice": path.replace("?", "/invoice?"), "pay": path.replace("?", "/pay?"),
        "credit_notes": [(note, path.replace("?", f"/credit-note-{note.number}?")) for note in await _load_notes(context, found) if not note.is_void],
        "has_pdf": found.invoice_number is not None and PRINTER.warm(), "is_late": not found.paid_at and not await is_in_time(shop, found),
        "problem": say_error(context.translate(locale), error) if error is not None else "",
    }  # fmt: skip
    inside = render_part(request, locale, "order.html", order=found, **shown)
    return await answer_page(request, "order", locale, inside, error.status if error is not None else 200)


async def _load_notes(context: SiteContext, found: OrderRow) -> list[CreditNote]:
    async with context.connection() as connection:
        return await fetch_async(connection, CREDIT_NOTES, number=found.number)


async def _load_bought(context: SiteContext, found: OrderRow) -> tuple[list[ItemRow], list[tuple[DownloadRow, str]]]:
    """The lines of an order, and its files with a link for each."""
    shop = await open_shop(context)
    async with context.connection() as connection:
        items = await fetch_async(connection, queries.ITEMS, number=found.number)
        files = await fetch_async(connection, queries.DOWNLOADS, number=found.number)
    return items, [(row, f"{context.base_path}/api/downloads/{row.number}?key={sign(shop, f'download {row.number}')}") for row in files]


@router.get("/api/orders/{order}/{paper}", scope=PUBLIC, response_class=Response, summary="The invoice of an order, or its packing slip")
async def show_paper(request: Request, order: str, paper: str) -> Response:
    """``invoice`` or ``credit-note-3``, with ``.pdf`` as PDF, for whoever has the order's link (``key``); ``packing-slip`` for a token with the scope ``shop``."""
    found = await _open_order(request, order)
    kind = paper.removesuffix(".pdf")
    if not PAPERS.fullmatch(kind) or (kind == "packing-slip" and not _is_keeper(request)):
        raise _no_order()
    return await answer_paper(site_of(request), found, paper)


@router.post(
    "/api/orders/link", scope=PUBLIC, per_minute=5, response_class=Response, status_code=202, summary="Send the link of an order again"
)
async def send_link(request: Request) -> Response:
    """``order`` (its number) and ``email``. The answer is the same whether there is such an order or not; the link goes to the order's own address."""
    context = site_of(request)
    fields = await read_fields(request)
    number, email = read_text(fields, "order", 40, needed=True), read_text(fields, "email", needed=True)
    shop = await open_shop(context)
    async with context.connection() as connection, connection.transaction():
        rows = await fetch_async(connection, queries.ORDER_BY_NAME, site=shop.number, name=number)
        if rows and rows[0].customer_email.casefold() == email.casefold():
            await write_mail(connection, shop, rows[0], "link_again")
    if is_form(request):
        locale = locale_of(request, read_text(fields, "locale"))
        return await answer_page(request, "order", locale, render_part(request, locale, "link.html"), 202)
    return Response(b'{"status":"sent"}', 202, media_type=JSON)


@router.get("/api/downloads/{number}", scope=PUBLIC, response_class=Response, summary="A file that was bought")
async def fetch_download(request: Request, number: int) -> Response:
    """By the link of the order's page. Each fetch counts; a request for a part of the file that is not its beginning does not."""
    context = site_of(request)
    shop = await open_shop(context)
    if not is_signed(shop, f"download {number}", request.query_params.get("key", "")):
        raise fail("shop.no-order", "this link is not valid", status=404)
    async with context.connection() as connection:
        is_first = request.headers.get("range", "bytes=0-").startswith("bytes=0-")
        sql = COUNT_DOWNLOAD if is_first else GO_ON_WITH_DOWNLOAD
        row = await (await connection.execute(sql, (number, context.number))).fetchone()
    if row is None:
        raise fail("shop.download", "it was fetched as often as it may be, or its time is over", status=410)
    folder = (context.site.root / "downloads").resolve()
    file = (folder / str(row[0])).resolve()
    if not file.is_relative_to(folder) or not file.is_file():
        raise fail("shop.download", "the shop has lost this file", status=404, hint="Write to the shop.")
    return FileResponse(file, filename=Path(str(row[0])).name, headers={"Cache-Control": "no-store"})


@router.post("/api/orders/{order}/cancel", scope=SCOPE, response_class=Response, summary="Cancel an order")
async def cancel(request: Request, order: str) -> Response:
    """What is reserved is given back; what was paid is refunded. ``reason``."""
    fields = await read_fields(request)
    row = await cancel_order(await open_shop(site_of(request)), order, read_text(fields, "reason", 500))
    return Response(msgspec.json.encode(describe_order(row)), media_type=JSON)


@router.post("/api/orders/{order}/refund", scope=SCOPE, response_class=Response, summary="Give money back")
async def refund(request: Request, order: str) -> Response:
    """With the header ``Idempotency-Key``, one refund each: ``amount`` in minor units, or ``lines`` ({sku: quantity}), or neither for all; ``restock``;
    ``by_hand``: the provider is not asked.
    """
    fields = await read_fields(request)
    key = request.headers.get("idempotency-key", "")
    amount, lines = fields.get("amount"), fields.get("lines")
    if not 8 <= len(key) <= 200:
        raise invalid("Idempotency-Key", "a refund needs a key of its own of 8 to 200 characters")
    if amount is not None and (not isinstance(amount, int) or isinstance(amount, bool)):
        raise invalid("amount", "it is a whole number of minor units")
    if lines is not None and not (isinstance(lines, dict) and all(isinstance(q, int) for q in lines.values())):
        raise invalid("lines", "it is an object of SKU and quantity")
    asked = RefundRequest(key, amount, lines, bool(fields.get("restock")), read_text(fields, "reason", 500), bool(fields.get("by_hand")))
    row = await refund_order(await open_shop(site_of(request)), order, asked)
    return Response(msgspec.json.encode(describe_order(row)), media_type=JSON)


@router.post("/api/orders/{order}/ship", scope=SCOPE, response_class=Response, summary="Note that an order was sent")
async def ship(request: Request, order: str) -> Response:
    """``carrier``, ``tracking``, ``url``."""
    fields = await read_fields(request)
    row = await ship_order(
        await open_shop(site_of(request)),
        order,
        read_text(fields, "carrier"),
        read_text(fields, "tracking"),
        read_text(fields, "url", 1000),
    )
    return Response(msgspec.json.encode(describe_order(row)), media_type=JSON)


async def _open_order(request: Request, name: str) -> OrderRow:
    """An order that the caller may see; a payment that is still open is asked about, for its message may be late. Raises ApiError shop.no-order."""
    context = site_of(request)
    shop = await open_shop(context)
    is_keeper = _is_keeper(request)
    try:
        order_id = name if is_keeper else check_id(name)
    except ApiError:
        raise _no_order() from None
    if not is_keeper and not is_signed(shop, f"order {order_id}", request.query_params.get("key", "")):
        raise _no_order()
    async with context.connection() as connection:
        found = await find_order(connection, context.number, order_id)
        payment = await find_payment(connection, context.number, f"shop/{found.number}")
    if payment is not None and payment.status in ("pending", "action", "processing") and await reconcile_payment(shop, payment):
        return await _load(context, order_id)
    return found


def _is_keeper(request: Request) -> bool:
    return bool(request.scope["cms_caller"].scopes & {SCOPE, "admin"})


async def _load(context: SiteContext, name: str) -> OrderRow:
    async with context.connection() as connection:
        return await find_order(connection, context.number, name)


def _no_order() -> ApiError:
    return fail("shop.no-order", "there is no such order, or this link is not its own", status=404)


def describe_order(order: OrderRow, items: list[ItemRow] | None = None) -> dict[str, Any]:
    """An order for programs."""
    value = order._asdict()
    value |= {
        name: at.isoformat() if at is not None else None for name, at in (("paid_at", order.paid_at), ("created_at", order.created_at))
    }
    del value["number"]
    if items is not None:
        value["items"] = [item._asdict() for item in items]
    return value
