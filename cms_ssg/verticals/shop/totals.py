"""What a cart costs: discounts, shipping and taxes on whole minor units. Pure; docs/shop.md says how it rounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from cms_ssg.payment.money import parse_amount, split_amount, take_share
from cms_ssg.verticals.shop.settings import Shipping, ShopSettings


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
    """One line. total = subtotal - discount, and the tax where it is not included."""

    subtotal: int
    discount: int
    tax: int
    total: int


@dataclass(frozen=True, slots=True)
class Totals:
    """All of it: total is the sum of the lines' totals and of shipping_total. shipping_cost: without the tax where that is not included."""

    lines: tuple[LineTotals, ...]
    subtotal: int
    discount: int
    shipping_cost: int
    shipping_total: int
    tax: int
    total: int


@dataclass(frozen=True, slots=True)
class Offer:
    """A way to send these goods, and what it costs before a coupon."""

    method: Shipping
    price: int


def list_shipping(settings: ShopSettings, goods: Sequence[Goods], country: str, net: int) -> list[Offer]:
    """The ways to send these goods to a country. net: what the goods cost, less the discount."""
    sent = [one for one in goods if one.is_sent]
    kg = sum((one.kg * one.quantity for one in sent), Decimal(0))
    classes = {one.shipping_class for one in sent if one.shipping_class}
    found = []
    for method in settings.shipping if sent else ():
        fits = (not method.countries or country in method.countries) and (not method.max_kg or kg <= Decimal(str(method.max_kg)))
        if fits and (not method.classes or classes <= set(method.classes)):
            price = parse_amount(method.price, settings.currency) + take_share(parse_amount(method.price_per_kg, settings.currency), kg)
            is_free = method.free_from != "" and net >= parse_amount(method.free_from, settings.currency)
            found.append(Offer(method, 0 if is_free else price))
    return found


def find_rate(settings: ShopSettings, country: str, tax_class: str) -> Decimal:
    """The tax rate of a class in a country, 0.22 for 22 %: that of the country, else that of all others, else none."""
    for where in (country, ""):
        for tax in settings.taxes:
            if tax.country == where and tax.tax_class == tax_class:
                return Decimal(str(tax.rate)) / 100
    return Decimal(0)


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


def sum_up(settings: ShopSettings, goods: Sequence[Goods], country: str, discount: Discount | None, offer: Offer | None) -> Totals:
    """The totals of a cart."""
    lines = []
    for one, off in zip(goods, take_discount(goods, discount), strict=True):
        subtotal = one.price * one.quantity
        rate = find_rate(settings, country, one.tax_class) if one.tax_status == "taxable" else Decimal(0)
        tax = _find_tax(subtotal - off, rate, settings.prices_include_tax)
        lines.append(LineTotals(subtotal, off, tax, subtotal - off + (0 if settings.prices_include_tax else tax)))
    cost = offer.price if offer is not None and not (discount is not None and discount.kind == "free_shipping") else 0
    rates = [find_rate(settings, country, one.tax_class) for one in goods if one.is_sent and one.tax_status != "none"]
    shipping_tax = _find_tax(cost, max(rates, default=Decimal(0)), settings.prices_include_tax)
    shipping_total = cost + (0 if settings.prices_include_tax else shipping_tax)
    return Totals(
        tuple(lines), sum(line.subtotal for line in lines), sum(line.discount for line in lines), cost, shipping_total,
        sum(line.tax for line in lines) + shipping_tax, sum(line.total for line in lines) + shipping_total,
    )  # fmt: skip


def _find_tax(amount: int, rate: Decimal, is_included: bool) -> int:
    return take_share(amount, rate / (1 + rate)) if is_included else take_share(amount, rate)
