"""Orders at the desk: what waits, all of them, and one with what can be done about it."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any, Final, LiteralString

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.fields import invalid, read_fields, read_text, read_whole
from cms_ssg.api.problems import ApiError, fail
from cms_ssg.api.routing import Router, site_of
from cms_ssg.desk.frame import HEADERS, View, answer_page, enter
from cms_ssg.desk.queue import Queue
from cms_ssg.desk.session import Session, find_session
from cms_ssg.payment.api import open_shop
from cms_ssg.payment.provider import Shop
from cms_ssg.render.feature_templates import render_template
from cms_ssg.selling.addresses import format_lines
from cms_ssg.selling.printer import PRINTER
from cms_ssg.store.query import fetch_async
from cms_ssg.text.money import parse_amount, show_amount
from cms_ssg.verticals.shop import queries
from cms_ssg.verticals.shop.orders import RefundRequest, cancel_order, find_order, note_order, pay_order, refund_order, ship_order
from cms_ssg.verticals.shop.pages import FOLDER
from cms_ssg.verticals.shop.paper_routes import answer_paper
from cms_ssg.verticals.shop.papers import PAPERS
from cms_ssg.verticals.shop.paying import describe_dispute

router = Router("Desk")
SCOPE: Final = "shop"
PAGE: Final = 50

WAITING: Final[LiteralString] = """
SELECT o.order_number, o.order_number || ' · ' || o.customer_name, '/desk/orders/' || o.order_number, o.status, json_strip_nulls(json_build_object(
  'Ordered', (SELECT string_agg(i.quantity - i.refunded_quantity || ' × ' || i.product_name
    || coalesce((SELECT ' (' || string_agg(key || ': ' || value, ', ') || ')' FROM jsonb_each_text(i.metadata -> 'attributes')), ''), E'\\n' ORDER BY i.number)
    FILTER (WHERE i.quantity > i.refunded_quantity) FROM cms.order_items i WHERE i."order" = o.number),
  'Goes to', coalesce(o.shipping_address, o.billing_address) ->> 'country', 'By', nullif(o.shipping_method, ''), 'Payment', concat_ws(' ', o.payment_method, p.status),
  'Problem', nullif(concat_ws(E'\\n', nullif(p.problem, ''), (SELECT string_agg('dispute ' || d.status || coalesce(', ' || nullif(d.reason, ''), ''), E'\\n' ORDER BY d.number)
    FROM cms.payment_disputes d WHERE d.payment = p.number)), ''), 'Note', nullif(o.customer_note, ''), 'On', to_char(o.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')))
FROM cms.orders o LEFT JOIN cms.payments p ON p.site = o.site AND p.subject = 'shop/' || o.number
WHERE o.site = %(site)s AND (o.status IN ('processing', 'on_hold') OR p.status = 'succeeded' AND p.problem <> ''
  OR p.number IN (SELECT d.payment FROM cms.payment_disputes d WHERE d.site = %(site)s AND d.status IN ('inquiry', 'open'))) ORDER BY o.number LIMIT %(limit)s"""

QUEUES: Final = (Queue("orders", "Orders", WAITING, (), SCOPE, (("/desk/orders/all", "All orders"),)),)


@router.get("/desk/orders/all", scope=PUBLIC, include_in_schema=False)
async def show_orders(request: Request, status: str = "", q: str = "", before: int = 2**62) -> Response:
    """All orders, the newest first; by status, number, name or e-mail address."""
    session = await find_session(request)
    context = site_of(request)
    if session is None or not session.may(SCOPE):
        return RedirectResponse(f"{context.base_path}/desk", 303, HEADERS)
    words = q.replace("\0", "").strip()[:100]
    values = {"site": context.number, "status": status[:20], "q": words, "before": max(0, min(before, 2**62)), "limit": PAGE}
    async with context.connection() as connection:
        rows = await fetch_async(connection, queries.FOUND_ORDERS, **values)
    more = rows[-1].number if len(rows) == PAGE else 0
    main = _render(request, "desk_orders.html", rows=rows, status=status, words=words, more=more, statuses=queries.STATUSES)
    return _answer(request, session, "Orders", main)


@router.get("/desk/orders/{order}", scope=PUBLIC, include_in_schema=False)
async def show_order(request: Request, order: str) -> Response:
    """An order with its lines, its history and what can be done."""
    session = await find_session(request)
    if session is None or not session.may(SCOPE):
        return RedirectResponse(f"{site_of(request).base_path}/desk", 303, HEADERS)
    return await _show_order(request, session, order, "Done." if "done" in request.query_params else "")


@router.get("/desk/orders/{order}/{paper}", scope=PUBLIC, include_in_schema=False)
async def show_paper(request: Request, order: str, paper: str) -> Response:
    """An invoice, a packing slip or a credit note; ``.pdf`` behind its name makes a PDF of it."""
    session = await find_session(request)
    if session is None or not session.may(SCOPE) or not PAPERS.fullmatch(paper.removesuffix(".pdf")):
        raise fail("api.no-route", "there is nothing at this address", status=404, hint="The desk begins at /desk.")
    context = site_of(request)
    async with context.connection() as connection:
        found = await find_order(connection, context.number, order)
    return await answer_paper(context, found, paper)


@router.post("/desk/orders/{order}/{action}", scope=PUBLIC, include_in_schema=False)
async def act(request: Request, order: str, action: str) -> Response:
    """A button of an order's page."""
    fields = await read_fields(request)
    session = await enter(request, "", read_text(fields, "csrf"))
    if not session.may(SCOPE):
        raise fail("api.scope", f"this needs a token with the scope {SCOPE}", status=403)
    shop = await open_shop(site_of(request))
    try:
        await _act(shop, order, action, fields, session.name)
    except ApiError as error:
        told = "; ".join(f"{name}: {message}" for name, message in error.fields) or error.message
        return await _show_order(request, session, order, told, error.status)
    return RedirectResponse(f"{shop.site.base_path}/desk/orders/{order}?done", 303, HEADERS)


async def _act(shop: Shop, order: str, action: str, fields: dict[str, Any], who: str) -> None:
    reason = read_text(fields, "reason", 500)
    if action == "ship":
        await ship_order(shop, order, read_text(fields, "carrier"), read_text(fields, "tracking"), read_text(fields, "url", 1000))
    elif action == "pay":
        await pay_order(shop, order)
    elif action == "cancel":
        await cancel_order(shop, order, reason)
    elif action == "note":
        await note_order(shop, order, f"{who}: {read_text(fields, 'note', 2000, needed=True)}")
    elif action == "refund":
        async with shop.connect() as connection:
            found = await find_order(connection, shop.number, order)
            items = await fetch_async(connection, queries.ITEMS, number=found.number)
        lines = {item.sku: quantity for item in items if (quantity := read_whole(fields, f"q{item.number}", 0))}
        amount = None
        if given := read_text(fields, "amount", 30):
            try:
                amount = parse_amount(given.replace(",", "."), found.currency)
            except ValueError as error:
                raise invalid("amount", str(error)) from None
        if bool(lines or amount is not None) == ("all" in fields):
            raise invalid("amount", "choose quantities, an amount, or all that is left")
        key = read_text(fields, "key", 100, needed=True)
        await refund_order(shop, order, RefundRequest(key, amount, lines or None, "restock" in fields, reason, "by_hand" in fields))
    else:
        raise fail("api.no-route", "there is nothing at this address", status=404)


async def _show_order(request: Request, session: Session, order: str, told: str, status: int = 200) -> Response:
    context = site_of(request)
    async with context.connection() as connection:
        found = await find_order(connection, context.number, order)
        items = await fetch_async(connection, queries.ITEMS, number=found.number)
        shown = {
            "items": items, "events": await fetch_async(connection, queries.EVENTS, number=found.number),
            "refunds": await fetch_async(connection, queries.REFUNDS, site=context.number, number=found.number),
            "disputes": [
                describe_dispute(one, found.currency)
                for one in await fetch_async(connection, queries.DISPUTES, site=context.number, number=found.number)
            ],
        }  # fmt: skip
    PRINTER.warm()
    key = secrets.token_hex(8)
    main = _render(request, "desk_order.html", order=found, **shown, csrf=session.csrf, key=key)
    return _answer(request, session, f"Order {found.order_number}", main, told, status)


def _render(request: Request, template: str, **values: Any) -> Markup:
    context = site_of(request)

    def when(moment: datetime) -> str:
        return f"{moment.astimezone(context.site.zone):%Y-%m-%d %H:%M}"

    return render_template(
        FOLDER,
        template,
        base=context.base_path,
        money=show_amount,
        format_lines=format_lines,
        when=when,
        zone=context.site.settings.timezone,
        **values,
    )


def _answer(request: Request, session: Session, title: str, main: Markup, told: str = "", status: int = 200) -> Response:
    notice = Markup('<p class="notice" role="status">{}</p>').format(told) if told else Markup("")
    return answer_page(request, session, title, notice + main, View("orders"), status)
