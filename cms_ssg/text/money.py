"""Money is a whole number of a currency's smallest unit. Decimals exist where people write and read amounts, and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

EXPONENTS: Final = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}
"""Decimals of the currencies that have not two (ISO 4217, table A.1)."""

LARGEST: Final = 10**15
"""Amounts beyond it are a mistake; sums of a thousand of them still fit into a bigint."""


def find_exponent(currency: str) -> int:
    """How many decimals a currency has: 2 for EUR, 0 for JPY, 3 for KWD."""
    return EXPONENTS.get(currency, 2)


def parse_amount(value: str | float | Decimal, currency: str) -> int:
    """An amount as people write it, ``19.99``, in minor units. Raises ValueError where the currency has no such amount."""
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError(f"{str(value)[:40]!r} is no amount of money") from None
    if not amount.is_finite() or abs(amount) > LARGEST:
        raise ValueError(f"{str(value)[:40]!r} is no amount of money")
    minor = amount.scaleb(find_exponent(currency))
    if minor != minor.to_integral_value():
        raise ValueError(f"{value} has more decimals than {currency}, which has {find_exponent(currency)}")
    return int(minor)


def to_decimal(amount: int, currency: str) -> Decimal:
    """Minor units as a decimal: 1999 of EUR -> 19.99."""
    return Decimal(amount).scaleb(-find_exponent(currency))


def show_amount(amount: int, currency: str) -> str:
    """An amount as programs and shopkeepers read it: ``19.99 EUR``."""
    return f"{to_decimal(amount, currency)} {currency}"


def format_amount(amount: int, currency: str, locale: str) -> str:
    """An amount as people of a locale read it: ``19,99 €``."""
    text: str = _format(currency, locale).format({"amount": to_decimal(amount, currency)})
    return text


@lru_cache(maxsize=64)
def _format(currency: str, locale: str):  # type: ignore[no-untyped-def]
    from icu4py.messageformat import MessageFormat  # pages without prices do not need it

    return MessageFormat(f"{{amount, number, ::currency/{currency}}}", locale)


def take_share(amount: int, rate: Decimal) -> int:
    """A share of an amount, rounded half up to a minor unit. rate: 0.22 for 22 %."""
    return int((Decimal(amount) * rate).quantize(Decimal(1), ROUND_HALF_UP))


def split_amount(amount: int, weights: Sequence[int]) -> list[int]:
    """Divide an amount by weights so that the parts sum up to it: by largest remainder, of equal ones the first. All weights 0: equal parts."""
    if not weights:
        if amount:
            raise ValueError("there is nobody to give it to")
        return []
    shares = list(weights) if any(weights) else [1] * len(weights)
    whole = sum(shares)
    parts = [amount * share // whole for share in shares]
    order = sorted(range(len(shares)), key=lambda place: (-(amount * shares[place] % whole), place))
    for place in order[: amount - sum(parts)]:
        parts[place] += 1
    return parts
