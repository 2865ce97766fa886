"""The invoice, the packing slip and the credit notes of an order, in its language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from cms_ssg.errors import fail
from cms_ssg.render.strings import Translator
from cms_ssg.selling.addresses import format_lines
from cms_ssg.selling.printing import Document
from cms_ssg.site import Site
from cms_ssg.text.money import format_amount
from cms_ssg.verticals.shop.carts import settings_of
from cms_ssg.verticals.shop.queries import ItemRow, OrderRow

if TYPE_CHECKING:
    from cms_ssg.verticals.shop.credit_notes import CreditNote

PAPERS: Final = re.compile("invoice|packing-slip|credit-note-([1-9][0-9]{0,17})")
"""Names of papers."""


def make_paper(
    kind: str, site: Site, t: Translator, order: OrderRow, items: Sequence[ItemRow], notes: Sequence[CreditNote] = ()
) -> Document:
    """The paper of this name. Raises CmsError shop.no-invoice for an order that was not paid, shop.no-credit-note."""
    if kind == "invoice":
        return _make_invoice(site, t, order, items)
    if kind == "packing-slip":
        return _make_packing_slip(site, t, order, items)
    number = kind.rpartition("-")[2]
    note = next((one for one in notes if str(one.number) == number), None)
    if note is None:
        hint = "cms orders show lists its refunds."
        raise fail("shop.no-credit-note", f"order {order.order_number} has no credit note {number}", hint=hint)
    return _make_credit_note(site, t, order, note)


def locale_of_order(site: Site, order: OrderRow) -> str:
    """The language that the order was made in, while the site has it."""
    return order.locale if order.locale in site.locales else site.default_locale


def _make_invoice(site: Site, t: Translator, order: OrderRow, items: Sequence[ItemRow]) -> Document:
    if order.invoice_number is None or order.paid_at is None:
        raise fail("shop.no-invoice", f"order {order.order_number} was not paid, and has no invoice", hint="It gets one with its payment.")
    settings, locale = settings_of(site), locale_of_order(site, order)

    def money(amount: int) -> str:
        return format_amount(amount, order.currency, locale)

    rows = [
        [item.sku, item.full_name, str(item.quantity), money(item.unit_price), f"{_percent(rate_of_item(item))} %", money(item.subtotal)]
        for item in items
    ]
    sums = [(t("shop_subtotal"), money(order.subtotal))]
    if order.discount_total:
        sums.append((t("shop_discount"), money(-order.discount_total)))
    if order.shipping_method:
        sums.append((f"{t('shop_shipping')} ({order.shipping_method})", money(order.shipping_cost)))
    sums += [
        (t("shop_tax_of", rate=_percent(rate), amount=money(net)), money(tax))
        for rate, (net, tax) in sum_taxes(order, items).items()
        if tax
    ]
    notes = [t("shop_reverse_charge", number=order.metadata["vat_number"])] if order.metadata.get("vat_number") else []
    if order.taxes_included and order.tax_total:
        notes.append(t("shop_tax_included", amount=money(order.tax_total)))
    if order.refunded_total:
        notes.append(t("shop_refunded", amount=money(order.refunded_total)))
    return Document(
        title=f"{t('shop_invoice')} {order.invoice_number}", locale=locale, direction=site.locales[locale].dir or "ltr", sender=settings.seller or site.settings.title,
        recipient=format_lines(order.billing_address),
        facts=[
            (t("shop_invoice_number"), str(order.invoice_number)), (t("shop_date"), _day(site, order.paid_at)), (t("shop_link_number"), order.order_number),
            (t("shop_payment"), t("shop_paid_on", date=_day(site, order.paid_at))),
        ],
        columns=[t("shop_sku"), t("shop_product"), t("shop_quantity"), t("shop_unit_price"), t("shop_tax_rate"), t("shop_sum")], rows=rows, numeric=4,
        sums=[*sums, (t("shop_total"), money(order.total))], notes=[*notes, *([settings.invoice_note] if settings.invoice_note else [])],
    )  # fmt: skip


def _make_credit_note(site: Site, t: Translator, order: OrderRow, note: CreditNote) -> Document:
    settings, locale = settings_of(site), locale_of_order(site, order)

    def money(amount: int) -> str:
        return format_amount(amount, order.currency, locale)

    rows = [[sku, title, str(quantity), money(amount)] for sku, title, quantity, amount in note.lines]
    taxes = [(t("shop_tax_of", rate=_percent(Decimal(rate)), amount=money(net)), money(tax)) for rate, net, tax in note.taxes if tax]
    notes = [t("shop_reverse_charge", number=order.metadata["vat_number"])] if order.metadata.get("vat_number") else []
    return Document(
        title=f"{t('shop_credit_note')} {note.number}", locale=locale, direction=site.locales[locale].dir or "ltr", sender=settings.seller or site.settings.title,
        recipient=format_lines(order.billing_address),
        facts=[
            (t("shop_credit_note_number"), str(note.number)), (t("shop_date"), _day(site, note.made_at)), (t("shop_invoice_number"), str(order.invoice_number)),
            (t("shop_link_number"), order.order_number),
        ],
        columns=[t("shop_sku"), t("shop_product"), t("shop_quantity"), t("shop_sum")],
        rows=rows or [["", t("shop_order_number", number=order.order_number), "", money(note.amount)]], numeric=2,
        sums=[*taxes, (t("shop_total"), money(note.amount))], notes=[*([t("shop_credit_note_void")] if note.is_void else []), *notes],
    )  # fmt: skip


def _make_packing_slip(site: Site, t: Translator, order: OrderRow, items: Sequence[ItemRow]) -> Document:
    locale = locale_of_order(site, order)
    left = [(item, item.quantity - item.refunded_quantity) for item in items if not item.is_digital]
    rows = [[item.sku, item.full_name, str(quantity)] for item, quantity in left if quantity]
    facts = [(t("shop_link_number"), order.order_number), (t("shop_date"), _day(site, order.created_at))]
    if order.shipping_method:
        facts.append((t("shop_shipping"), order.shipping_method))
    return Document(
        title=f"{t('shop_packing_slip')} {order.order_number}", locale=locale, direction=site.locales[locale].dir or "ltr",
        sender=settings_of(site).seller or site.settings.title, recipient=format_lines(order.shipping_address or order.billing_address), facts=facts,
        columns=[t("shop_sku"), t("shop_product"), t("shop_quantity")], rows=rows, numeric=1, notes=[order.customer_note] if order.customer_note else [],
    )  # fmt: skip


def sum_taxes(order: OrderRow, items: Sequence[ItemRow]) -> dict[Decimal, tuple[int, int]]:
    """Rate -> (what is taxed at it, the tax), of lines and shipping together. Their sums are the order's."""
    found: dict[Decimal, tuple[int, int]] = {}
    shipping_tax = order.tax_total - sum(item.tax_total for item in items)
    lines = [(rate_of_item(item), item.total - item.tax_total, item.tax_total) for item in items]
    lines.append((Decimal(str(order.metadata.get("shipping_rate") or 0)), order.shipping_total - shipping_tax, shipping_tax))
    for rate, net, tax in lines:
        before = found.get(rate, (0, 0))
        found[rate] = (before[0] + net, before[1] + tax)
    return dict(sorted(found.items(), reverse=True))


def rate_of_item(item: ItemRow) -> Decimal:
    """The rate that a line was taxed at: 0.22 for 22 %."""
    return Decimal(str(item.metadata.get("rate") or 0))


def _percent(rate: Decimal) -> str:
    return f"{(rate * 100).normalize():f}"


def _day(site: Site, at: datetime) -> str:
    return f"{at.astimezone(site.zone):%Y-%m-%d}"
