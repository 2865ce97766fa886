"""What the numbers of an experiment say: rates with intervals, whether visitors were shared out as they should be, and whether it is decided.

Nothing but the standard library; tests compare every figure with scipy's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

ALPHA: Final = 0.05
"""How often a difference is seen that is not there, however often one looks."""

RATIO_ALPHA: Final = 0.001
"""Below it visitors are not shared out as the weights say, and no figure can be trusted."""

EFFECT: Final = 0.05
"""The spread of the effects that are expected, as a difference of 2·asin(√rate). Fixed before anybody looks, as the rule below asks.

At a rate of 3 % it is a difference of about 0.9 percentage points. A wrong value costs time, never the promise of ALPHA.
"""

LEAST: Final = 10
"""Visitors with and without success that each variant needs before it is judged: below it the normal approximation is poor."""


@dataclass(frozen=True, slots=True)
class Count:
    """Visitors of a variant, and how many of them reached the goal."""

    visitors: int
    reached: int

    @property
    def rate(self) -> float:
        return self.reached / self.visitors if self.visitors else 0.0


def wilson_interval(count: Count, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of a rate: Wilson (1927), Probable inference, the law of succession, and statistical inference. (0, 1) without visitors."""
    n = count.visitors
    if not n:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    p = count.rate
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low = 0.0 if count.reached == 0 else max(0.0, centre - half)
    high = 1.0 if count.reached == n else min(1.0, centre + half)
    return low, high


def ratio_p_value(visitors: Sequence[int], weights: Sequence[int]) -> float:
    """How likely it is that chance shares visitors out so unevenly: Pearson's χ² test against the weights. 1 without visitors."""
    total, whole = sum(visitors), sum(weights)
    if not total or len(visitors) < 2:
        return 1.0
    chi2 = sum(
        (seen - total * weight / whole) ** 2 / (total * weight / whole) for seen, weight in zip(visitors, weights, strict=True) if weight
    )
    return chi2_tail(chi2, sum(weight > 0 for weight in weights) - 1)


def chi2_tail(x: float, freedom: int) -> float:
    """P(χ² ≥ x) for a whole number of degrees of freedom (Abramowitz and Stegun, 26.4.4 and 26.4.5). 1 for none."""
    if freedom < 1:
        return 1.0
    if freedom % 2:
        tail = math.erfc(math.sqrt(x / 2))
        term = math.sqrt(2 * x / math.pi) * math.exp(-x / 2)
        for k in range(1, freedom // 2 + 1):
            tail += term
            term *= x / (2 * k + 1)
        return min(1.0, tail)
    term = total = math.exp(-x / 2)
    for k in range(1, freedom // 2):
        term *= x / (2 * k)
        total += term
    return min(1.0, total)


def always_valid_p_value(control: Count, other: Count, effect: float = EFFECT) -> float:
    """A p-value that may be looked at after every visitor: the mixture sequential probability ratio test.

    Johari, Koomen, Pekelis and Walsh (2022), Always Valid Inference: Continuous Monitoring of A/B Tests, Operations Research 70(3). Rates are
    compared as 2·asin(√rate), whose variance 1/n does not depend on the rate. P(it is ever ≤ α, without a difference) ≤ α.
    """
    ratio = log_mixture_ratio(control, other, effect)
    return min(1.0, math.exp(-ratio)) if ratio > 0 else 1.0


def log_mixture_ratio(control: Count, other: Count, effect: float = EFFECT) -> float:
    """The logarithm of how much likelier the figures are with a difference, drawn from a normal distribution of this spread, than without; 0 for too few."""
    if any(min(count.reached, count.visitors - count.reached) < LEAST for count in (control, other)):
        return 0.0
    difference = 2 * math.asin(math.sqrt(other.rate)) - 2 * math.asin(math.sqrt(control.rate))
    variance = 1 / control.visitors + 1 / other.visitors
    spread = effect * effect
    return 0.5 * math.log(variance / (variance + spread)) + spread * difference**2 / (2 * variance * (variance + spread))
