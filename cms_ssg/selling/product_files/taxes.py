"""Reads the tax rates that WooCommerce exports, as tables for site.toml. Rates of a state, a town or a postcode are left out: a cart knows its country alone."""

from __future__ import annotations

import csv
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

import msgspec

from cms_ssg.errors import fail
from cms_ssg.selling.product_files.products import refuse_file

NEEDED: Final = frozenset({"country code", "rate %", "tax class"})
HINT: Final = "Export it in WooCommerce by Settings > Tax > Standard rates > Export CSV."
PLACES: Final = ("state code", "zip/postcode", "city")
ANYWHERE: Final = ("", "*")


def write_taxes(path: Path) -> str:
    """The rates of a file as tables ``[[shop.taxes]]``, and comments about lines that are left out. Those of one country and class that have
    different priorities are added up, compound ones on top of the others. Raises CmsError shop.import.
    """
    notes: list[str] = []
    rates: dict[tuple[str, str], dict[str, tuple[Decimal, bool]]] = {}
    for line, row in _read_rows(path):
        country, name = row.get("country code", "").upper(), row.get("tax name") or "tax"
        rate = _read_rate(row.get("rate %", ""))
        if where := ", ".join(row[place] for place in PLACES if row.get(place, "") not in ANYWHERE):
            notes.append(f"# line {line} is left out: {name} is a rate of {country} {where}, and only whole countries have rates")
        elif rate is None or not (country in ANYWHERE or (len(country) == 2 and country.isalpha())):
            notes.append(f"# line {line} is left out: {row.get('rate %', '')!r} for {country!r} is no rate of a country")
        else:
            found = rates.setdefault(("" if country == "*" else country, row.get("tax class") or "standard"), {})
            found.setdefault(row.get("priority") or "1", (rate, row.get("compound") == "1"))  # the first of a priority counts
    tables = [_write_table(country, tax_class, _add_up(list(found.values()))) for (country, tax_class), found in rates.items()]
    return "\n".join([*tables, *notes])


def _read_rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            names = [name.strip().lower() for name in next(rows, [])]
            if missing := NEEDED - set(names):
                raise fail(
                    "shop.import",
                    f"it is no export of tax rates: it lacks {', '.join(sorted(missing))}",
                    place=str(path),
                    line=1,
                    hint=HINT,
                )
            return [(rows.line_num, {name: cell.strip() for name, cell in zip(names, row, strict=False)}) for row in rows if any(row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise refuse_file(path, error, HINT) from None


def _read_rate(text: str) -> Decimal | None:
    try:
        rate = Decimal(text)
    except InvalidOperation:
        return None
    return rate if rate.is_finite() and 0 <= rate <= 1000 else None


def _add_up(rates: list[tuple[Decimal, bool]]) -> Decimal:
    """Percent of the net price. A rate is compound where it is also taken of the taxes before it; alone, that changes nothing."""
    plain = sum((rate for rate, is_compound in rates if not is_compound), Decimal(0))
    factor = 1 + plain / 100
    for rate, is_compound in rates:
        factor *= 1 + rate / 100 if is_compound else 1
    return (factor - 1) * 100


def _write_table(country: str, tax_class: str, rate: Decimal) -> str:
    lines = ["[[shop.taxes]]", *([f"country = {_quote(country)}"] if country else [])]
    lines += [f"tax_class = {_quote(tax_class)}"] if tax_class != "standard" else []
    return "\n".join([*lines, f'rate = "{rate.normalize():f}"', ""])


def _quote(text: str) -> str:
    return msgspec.json.encode(text).decode()  # a string of JSON is one of TOML
