"""Rates of sales tax, and the VAT numbers of businesses."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import msgspec

Amount = str | int | float
"""An amount as people write it: 4.90 or "4.90"."""

GREECE: Final = {"EL": "GR"}
"""VAT numbers of Greece begin with another code than its addresses have."""


class Tax(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The tax of a country. rate: in percent; tax_class: of products; country: ``""`` for all others."""

    rate: Amount
    country: str = ""
    tax_class: str = "standard"


def find_rate(taxes: Iterable[Tax], country: str, tax_class: str, *, use_eu: bool = False) -> Decimal:
    """The rate of a class in a country, 0.22 for 22 %: what is set for the country, else the EU's table, else what is set for all others, else none.

    use_eu: look into the table. It knows ``standard``, ``reduced`` (the highest of them) and ``super-reduced``.
    """
    rates = {(tax.country, tax.tax_class): Decimal(str(tax.rate)) / 100 for tax in reversed(list(taxes))}
    found = rates.get((country, tax_class))
    if found is None and use_eu:
        found = _find_eu_rate(country, tax_class)
    return found if found is not None else rates.get(("", tax_class), Decimal(0))


def _find_eu_rate(country: str, tax_class: str) -> Decimal | None:
    from eu_vat_rates_data import get_rate, is_eu_member  # reads a file

    rate = get_rate(country) if is_eu_member(country) else None
    if rate is None:
        return None
    found: float | None = None
    if tax_class == "reduced":
        found = max(rate["reduced"], default=rate["standard"])
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
