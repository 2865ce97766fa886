"""What goods cost together: discounts, shipping and taxes on whole minor units. Pure; docs/shop.md says how it rounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from cms_ssg.selling.shipping import Offer, Parcel, Shipping, list_offers
from cms_ssg.selling.tax import Tax, find_rate
from cms_ssg.text.money import split_amount, take_share


class Pricing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What decides about totals. currency: of all prices; eu_vat: rates of the EU's members that ``taxes`` do not name are those of its table."""

    currency: str = "EUR"
    prices_include_tax: bool = True
    taxes: tuple[Tax, ...] = ()
    eu_vat: bool = False
    shipping: tuple[Shipping, ...] = ()


def find_pricing(tables: Mapping[str, object]) -> Pricing:
    """The table of the site's vertical that sells. tables: settings of verticals, by their names."""
    return next((table for table in tables.values() if isinstance(table, Pricing)), Pricing())


@dataclass(frozen=True, slots=True)
class Goods:
    """One SKU of a cart. price: of a unit, in minor units; kg: of a unit; is_sent: it has to be shipped."""

    sku: str
    quantity: int
    price: int
    tax_class: str = "standard"
    tax_status: str = "taxable"
    kg: Decimal = Decimal(0)
    shipping_class: str = ""
    is_sent: bool = True


@dataclass(frozen=True, slots=True)
class Discount:
    """What a coupon gives. value: hundredths of a percent, or minor units."""

    kind: str
    value: int = 0


@dataclass(frozen=True, slots=True)
class LineTotals:
    """One line. total = subtotal - discount, and the tax where it is not included; rate: of that tax."""

    subtotal: int
    discount: int
    tax: int
    total: int
    rate: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Totals:
    """All of it: total is the sum of the lines' totals and of shipping_total. shipping_cost: without the tax where that is not included.

    shipping_rate: of its tax.
    """

    lines: tuple[LineTotals, ...]
    subtotal: int
    discount: int
    shipping_cost: int
    shipping_total: int
    tax: int
    total: int
    shipping_rate: Decimal = Decimal(0)


def list_shipping(settings: Pricing, goods: Sequence[Goods], country: str, net: int) -> list[Offer]:
    """The ways to send these goods to a country. net: what the goods cost, less the discount."""
    sent = [one for one in goods if one.is_sent]
    kg = sum((one.kg * one.quantity for one in sent), Decimal(0))
    parcel = Parcel(kg, frozenset(one.shipping_class for one in sent if one.shipping_class), net)
    return list(list_offers(settings.shipping, parcel, country, settings.currency)) if sent else []


def rate_of(settings: Pricing, country: str, tax_class: str) -> Decimal:
    """The tax rate of a class in a country, 0.22 for 22 %."""
    return find_rate(settings.taxes, country, tax_class, use_eu=settings.eu_vat)


def take_out_tax(settings: Pricing, amount: int, country: str, tax_class: str, tax_status: str = "taxable") -> int:
    """A price without the tax of a country that it includes."""
    if not settings.prices_include_tax or tax_status != "taxable":
        return amount
    return amount - _find_tax(amount, rate_of(settings, country, tax_class), True)


def take_discount(goods: Sequence[Goods], discount: Discount | None) -> list[int]:
    """The discount of each line: never more than it costs."""
    subtotals = [one.price * one.quantity for one in goods]
    whole = sum(subtotals)
    amount = 0
    if discount is not None and discount.kind == "percent":
        amount = take_share(whole, Decimal(discount.value) / 10000)
    elif discount is not None and discount.kind == "amount":
        amount = discount.value
    return split_amount(min(amount, whole), subtotals) if goods else []


def sum_up(settings: Pricing, goods: Sequence[Goods], country: str, discount: Discount | None, offer: Offer | None) -> Totals:
    """The totals of a cart."""
    lines = []
    for one, off in zip(goods, take_discount(goods, discount), strict=True):
        subtotal = one.price * one.quantity
        rate = rate_of(settings, country, one.tax_class) if one.tax_status == "taxable" else Decimal(0)
        tax = _find_tax(subtotal - off, rate, settings.prices_include_tax)
        lines.append(LineTotals(subtotal, off, tax, subtotal - off + (0 if settings.prices_include_tax else tax), rate))
    cost = offer.price if offer is not None and not (discount is not None and discount.kind == "free_shipping") else 0
    rates = [rate_of(settings, country, one.tax_class) for one in goods if one.is_sent and one.tax_status != "none"]
    shipping_rate = max(rates, default=Decimal(0))
    shipping_tax = _find_tax(cost, shipping_rate, settings.prices_include_tax)
    shipping_total = cost + (0 if settings.prices_include_tax else shipping_tax)
    return Totals(
        tuple(lines), sum(line.subtotal for line in lines), sum(line.discount for line in lines), cost, shipping_total,
        sum(line.tax for line in lines) + shipping_tax, sum(line.total for line in lines) + shipping_total, shipping_rate,
    )  # fmt: skip


def _find_tax(amount: int, rate: Decimal, is_included: bool) -> int:
    return take_share(amount, rate / (1 + rate)) if is_included else take_share(amount, rate)
