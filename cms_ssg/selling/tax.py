"""Rates of sales tax, and the VAT numbers of businesses."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import msgspec

Amount = str | int | float
"""An amount as people write it: 4.90 or "4.90"."""

REGIONAL: Final = {"AT": (19.0,), "FR": (0.9, 1.05, 8.5, 13.0), "GR": (17.0,), "PT": (16.0, 22.0)}
"""Rates that the EU's table has among the reduced ones of a country, but that hold in a part of it alone: Jungholz and Mittelberg, Corsica and overseas, five islands of
the Aegean, the Azores and Madeira. https://taxation-customs.ec.europa.eu/taxation/vat/vat-rates_en"""

GREECE: Final = {"EL": "GR"}
"""VAT numbers of Greece begin with another code than its addresses have."""


class Tax(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The tax of a country. rate: in percent; tax_class: of products; country: ``""`` for all others."""

    rate: Amount
    country: str = ""
    tax_class: str = "standard"


def find_rate(taxes: Iterable[Tax], country: str, tax_class: str, *, use_eu: bool = False) -> Decimal:
    """The rate of a class in a country, 0.22 for 22 %: what is set for the country, else the EU's table, else what is set for all others, else none.

    use_eu: look into the table. It knows ``standard``, ``reduced`` (the highest that holds in the whole country) and ``super-reduced``.
    """
    return _look_up(taxes, country, tax_class, use_eu) or Decimal(0)


def has_rate(taxes: Iterable[Tax], countries: Iterable[str], tax_class: str, *, use_eu: bool = False) -> bool:
    """Whether a class has a rate, which may be 0, in one of these countries."""
    known = list(taxes)
    return any(_look_up(known, country, tax_class, use_eu) is not None for country in countries)


def _look_up(taxes: Iterable[Tax], country: str, tax_class: str, use_eu: bool) -> Decimal | None:
    rates = {(tax.country, tax.tax_class): Decimal(str(tax.rate)) / 100 for tax in reversed(list(taxes))}
    found = rates.get((country, tax_class))
    if found is None and use_eu:
        found = _find_eu_rate(country, tax_class)
    return found if found is not None else rates.get(("", tax_class))


def _find_eu_rate(country: str, tax_class: str) -> Decimal | None:
    from eu_vat_rates_data import get_rate, is_eu_member  # reads a file

    rate = get_rate(country) if is_eu_member(country) else None
    if rate is None:
        return None
    found: float | None = None
    if tax_class == "reduced":
        found = max((one for one in rate["reduced"] if one not in REGIONAL.get(country, ())), default=rate["standard"])
    elif tax_class == "super-reduced":
        found = rate["super_reduced"] or rate["standard"]
    elif tax_class == "standard":
        found = rate["standard"]
    return Decimal(str(found)) / 100 if found is not None else None


def is_in_eu(country: str) -> bool:
    """Whether a country is a member of the European Union."""
    from eu_vat_rates_data import is_eu_member

    return bool(is_eu_member(country))


def parse_vat_number(text: str) -> tuple[str, str]:
    """(number without spaces, country) of a VAT number of the EU, by its form and check digits; nobody is asked whether it is in use. Raises ValueError."""
    from stdnum.eu import vat
    from stdnum.exceptions import ValidationError

    try:
        number = str(vat.validate(text))
    except ValidationError:
        raise ValueError(f"{text[:20]!r} is no VAT number") from None
    return number, GREECE.get(number[:2], number[:2])


def is_reverse_charged(number_country: str, country: str, seller_country: str) -> bool:
    """Whether the buyer, a business of another member state to which the goods go, owes the tax in the place of the seller.

    https://eur-lex.europa.eu/eli/dir/2006/112/oj, articles 138 and 196.
    """
    return bool(number_country) and number_country == country != seller_country and is_in_eu(country) and is_in_eu(seller_country)
