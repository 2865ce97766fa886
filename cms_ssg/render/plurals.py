"""Which plural form a whole number takes in a language: CLDR's cardinal rules, kept to integers.

Source: Unicode CLDR, common/supplemental/plurals.xml (https://www.unicode.org/cldr/charts/latest/supplemental/language_plural_rules.html),
operands and categories as in UTS #35 part 3. Counts on a site are integers, so rules on visible fractions are left out;
a fraction takes ``other``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

CATEGORIES: Final = ("zero", "one", "two", "few", "many", "other")

Rule = Callable[[int], str]


def _only_other(_n: int) -> str:
    return "other"


def _one(n: int) -> str:
    return "one" if n == 1 else "other"


def _zero_or_one(n: int) -> str:
    return "one" if n in (0, 1) else "other"


def _one_or_million(n: int) -> str:
    return "one" if n == 1 else _million(n)


def _zero_one_or_million(n: int) -> str:
    return "one" if n in (0, 1) else _million(n)


def _million(n: int) -> str:
    return "many" if n and n % 1_000_000 == 0 else "other"


def _arabic(n: int) -> str:
    if n <= 2:
        return ("zero", "one", "two")[n]
    rest = n % 100
    return "few" if 3 <= rest <= 10 else "many" if rest >= 11 else "other"


def _romanian(n: int) -> str:
    if n == 1:
        return "one"
    return "few" if n == 0 or 2 <= n % 100 <= 19 else "other"


def _east_slavic(n: int) -> str:
    if n % 10 == 1 and n % 100 != 11:
        return "one"
    return "few" if 2 <= n % 10 <= 4 and not 12 <= n % 100 <= 14 else "many"


def _south_slavic(n: int) -> str:
    form = _east_slavic(n)
    return "other" if form == "many" else form


def _polish(n: int) -> str:
    if n == 1:
        return "one"
    return "few" if 2 <= n % 10 <= 4 and not 12 <= n % 100 <= 14 else "many"


def _czech(n: int) -> str:
    return "one" if n == 1 else "few" if 2 <= n <= 4 else "other"


def _slovene(n: int) -> str:
    return {1: "one", 2: "two", 3: "few", 4: "few"}.get(n % 100, "other")


def _hebrew(n: int) -> str:
    return {1: "one", 2: "two"}.get(n, "many" if n > 10 and n % 10 == 0 else "other")


def _lithuanian(n: int) -> str:
    if 11 <= n % 100 <= 19 or n % 10 == 0:
        return "other"
    return "one" if n % 10 == 1 else "few"


def _latvian(n: int) -> str:
    if 11 <= n % 100 <= 19 or n % 10 == 0:
        return "zero"
    return "one" if n % 10 == 1 else "other"


def _welsh(n: int) -> str:
    return {0: "zero", 1: "one", 2: "two", 3: "few", 6: "many"}.get(n, "other")


def _irish(n: int) -> str:
    return "one" if n == 1 else "two" if n == 2 else "few" if 3 <= n <= 6 else "many" if 7 <= n <= 10 else "other"


def _icelandic(n: int) -> str:
    return "one" if n % 10 == 1 and n % 100 != 11 else "other"


_BY_RULE: Final[tuple[tuple[Rule, str], ...]] = (
    (_only_other, "bo dz id ig ii ja jv km ko lo ms my su th to vi wo yo yue zh"),
    (_zero_or_one, "am as bn fa ff gu hi hy kab kn zu ak ln mg nso pa ti wa"),
    (_one_or_million, "ca es it pt-pt"),
    (_zero_one_or_million, "fr pt"),
    (_arabic, "ar ars"),
    (_romanian, "ro mo"),
    (_east_slavic, "be ru uk"),
    (_south_slavic, "bs hr sh sr"),
    (_polish, "pl"),
    (_czech, "cs sk"),
    (_slovene, "sl"),
    (_hebrew, "he iw"),
    (_lithuanian, "lt"),
    (_latvian, "lv prg"),
    (_welsh, "cy"),
    (_irish, "ga"),
    (_icelandic, "is mk"),
)

_RULES: Final[dict[str, Rule]] = {code: rule for rule, codes in _BY_RULE for code in codes.split()}

_SAMPLES: Final = range(201)


def plural_category(locale: str, count: float) -> str:
    """The CLDR category (``one``, ``few`` …) of count in a locale such as ``uk`` or ``pt-br``.

    Languages without a rule here take ``one`` for 1 and ``other`` for the rest, as most do.
    """
    if count != int(count):
        return "other"
    return _rule(locale)(abs(int(count)))


def list_categories(locale: str) -> tuple[str, ...]:
    """The categories that counts a page may show (up to 200) take in a locale, in CLDR's order."""
    rule = _rule(locale)
    found = {rule(n) for n in _SAMPLES}
    return tuple(name for name in CATEGORIES if name in found)


def _rule(locale: str) -> Rule:
    code = locale.lower().replace("_", "-")
    return _RULES.get(code) or _RULES.get(code.partition("-")[0], _one)
