"""Ways to send something: to which countries, up to which weight, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from cms_ssg.selling.tax import Amount, is_in_eu
from cms_ssg.text.money import parse_amount, take_share


class Shipping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A way to send an order. countries: () for all, ``EU`` for its members; price, price_per_kg; class_prices: shipping class -> price in place of
    ``price``, of several the highest; free_from: what the goods must cost, "" for never; minimum: from which worth of goods it is offered; min_kg,
    max_kg: 0 for any; classes: () for products of every shipping class.
    """

    id: str
    name: str
    price: Amount = 0
    price_per_kg: Amount = 0
    class_prices: Mapping[str, Amount] = {}
    free_from: Amount = ""
    minimum: Amount = 0
    min_kg: float = 0.0
    max_kg: float = 0.0
    countries: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    def goes_to(self, country: str) -> bool:
        """Whether it is offered to a country."""
        return not self.countries or country in self.countries or ("EU" in self.countries and is_in_eu(country))


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is to be sent. kg: of all; classes: shipping classes of the goods; worth: what they cost, in minor units."""

    kg: Decimal
    classes: frozenset[str]
    worth: int


@dataclass(frozen=True, slots=True)
class Offer:
    """A way to send these goods, and what it costs before a coupon."""

    method: Shipping
    price: int


def list_offers(methods: Sequence[Shipping], parcel: Parcel, country: str, currency: str) -> Iterator[Offer]:
    """The ways to send a parcel to a country, with prices in minor units."""
    for method in methods:
        fits_weight = parcel.kg >= Decimal(str(method.min_kg)) and (not method.max_kg or parcel.kg <= Decimal(str(method.max_kg)))
        fits_class = not method.classes or parcel.classes <= set(method.classes)
        if method.goes_to(country) and fits_weight and fits_class and parcel.worth >= parse_amount(method.minimum, currency):
            prices = [parse_amount(price, currency) for name, price in method.class_prices.items() if name in parcel.classes]
            price = max(prices, default=parse_amount(method.price, currency)) + take_share(
                parse_amount(method.price_per_kg, currency), parcel.kg
            )
            is_free = method.free_from != "" and parcel.worth >= parse_amount(method.free_from, currency)
            yield Offer(method, 0 if is_free else price)
