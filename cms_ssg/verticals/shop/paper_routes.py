"""Invoices, packing slips and credit notes as answers of the API."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from cms_ssg.api.answers import HTML
from cms_ssg.api.problems import fail
from cms_ssg.api.sites import SiteContext
from cms_ssg.errors import CmsError
from cms_ssg.selling.printer import PRINTER
from cms_ssg.selling.printing import render_document
from cms_ssg.store.query import fetch_async
from cms_ssg.verticals.shop import queries
from cms_ssg.verticals.shop.credit_notes import CREDIT_NOTES
from cms_ssg.verticals.shop.papers import locale_of_order, make_paper
from cms_ssg.verticals.shop.queries import OrderRow

HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"}


async def answer_paper(context: SiteContext, order: OrderRow, name: str) -> Response:
    """The paper of this name as HTML, with ``.pdf`` behind it as PDF. Raises ApiError shop.no-invoice, shop.no-credit-note, printing.no-pdf."""
    async with context.connection() as connection:
        items = await fetch_async(connection, queries.ITEMS, number=order.number)
        notes = await fetch_async(connection, CREDIT_NOTES, number=order.number)
    kind = name.removesuffix(".pdf")
    try:
        t = context.translate(locale_of_order(context.site, order))
        html = render_document(make_paper(kind, context.site, t, order, items, notes))
        if kind == name:
            return Response(html.encode("utf-8", "replace"), 200, HEADERS, HTML)
        data = await asyncio.to_thread(PRINTER.make, html)
    except CmsError as error:
        problem = error.problems[0]
        raise fail(
            problem.code,
            problem.message,
            status=404 if problem.code in ("shop.no-invoice", "shop.no-credit-note") else 501,
            hint=problem.hint,
        ) from None
    disposition = f'inline; filename="{kind}-{order.order_number}.pdf"'
    return Response(data, 200, {"Content-Disposition": disposition}, "application/pdf")
