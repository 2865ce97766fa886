"""Which plural form a number takes in a language, by ICU, which has CLDR's rules."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from icu4py.messageformat import MessageFormat

CATEGORIES: Final = ("zero", "one", "two", "few", "many", "other")
_SAMPLES: Final = range(201)
_PATTERN: Final = "{n, plural, " + " ".join(f"{name} {{{name}}}" for name in CATEGORIES) + "}"


@lru_cache(maxsize=4096)
def plural_category(locale: str, count: float) -> str:
    """The CLDR category (``one``, ``few`` …) of count in a locale such as ``uk`` or ``pt-br``."""
    return _load_rules(locale).format({"n": count})


@cache
def list_categories(locale: str) -> tuple[str, ...]:
    """The categories that counts a page may show (up to 200) take in a locale, in CLDR's order."""
    found = {plural_category(locale, n) for n in _SAMPLES}
    return tuple(name for name in CATEGORIES if name in found)


@cache
def _load_rules(locale: str) -> MessageFormat:
    from icu4py.messageformat import MessageFormat  # takes longer to load than a site without plural forms to render

    return MessageFormat(_PATTERN, locale.replace("_", "-"))
