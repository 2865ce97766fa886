"""The table [shop] of site.toml."""

from __future__ import annotations

import msgspec

Amount = str | int | float
"""An amount as people write it: 4.90 or "4.90"."""


class Tax(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The tax of a country. rate: in percent; tax_class: of products; country: ``""`` for all others."""

    rate: Amount
    country: str = ""
    tax_class: str = "standard"


class Shipping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A way to send an order. countries: () for all; price, price_per_kg; free_from: what the goods must cost, "" for never; max_kg: 0 for any;
    classes: () for products of every shipping class.
    """

    id: str
    name: str
    price: Amount = 0
    price_per_kg: Amount = 0
    free_from: Amount = ""
    max_kg: float = 0.0
    countries: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()


class ShopSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """currency: of all prices; countries: that are sold to, () for every one; country: of a visitor who has not said; reserve_minutes: how long goods are
    kept for who pays; payments: providers that are offered, the first one is chosen.
    """

    currency: str = "EUR"
    country: str = ""
    countries: tuple[str, ...] = ()
    prices_include_tax: bool = True
    taxes: tuple[Tax, ...] = ()
    shipping: tuple[Shipping, ...] = ()
    payments: tuple[str, ...] = ("manual",)
    reserve_minutes: int = 15
