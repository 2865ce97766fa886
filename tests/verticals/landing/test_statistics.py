"""The figures of experiments beside those of scipy, and what the rule against peeking promises."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from cms_ssg.verticals.landing.experiments import make_experiment
from cms_ssg.verticals.landing.report import make_report
from cms_ssg.verticals.landing.statistics import (
    ALPHA,
    Count,
    always_valid_p_value,
    chi2_tail,
    log_mixture_ratio,
    ratio_p_value,
    wilson_interval,
)

COUNTS = [(0, 1), (1, 1), (0, 40), (40, 40), (3, 17), (120, 4000), (250, 501), (7, 100_000), (99_993, 100_000)]


@pytest.mark.parametrize(("reached", "visitors"), COUNTS)
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.999])
def test_an_interval_is_wilsons(reached: int, visitors: int, confidence: float) -> None:
    expected = stats.binomtest(reached, visitors).proportion_ci(confidence, "wilson")
    assert wilson_interval(Count(visitors, reached), confidence) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize("freedom", range(1, 9))
def test_a_tail_of_chi_square_is_exact(freedom: int) -> None:
    for x in (0.0, 0.01, 0.5, 1.0, 3.84, 10.0, 30.0, 80.0):
        assert chi2_tail(x, freedom) == pytest.approx(stats.chi2.sf(x, freedom), rel=1e-9, abs=1e-14)


@pytest.mark.parametrize(
    ("visitors", "weights"),
    [((500, 500), (1, 1)), ((5200, 4800), (1, 1)), ((10, 20, 33), (1, 2, 3)), ((90, 101, 99, 120, 80), (1, 1, 1, 1, 1))],
)
def test_a_sample_ratio_is_tested_as_scipy_does(visitors: tuple[int, ...], weights: tuple[int, ...]) -> None:
    expected = [sum(visitors) * weight / sum(weights) for weight in weights]
    assert ratio_p_value(visitors, weights) == pytest.approx(stats.chisquare(visitors, expected).pvalue, rel=1e-9)


@pytest.mark.parametrize(("a", "b"), [((400, 20), (410, 41)), ((5000, 150), (4900, 151)), ((100, 50), (1000, 400))])
def test_the_mixture_ratio_is_the_integral_that_it_stands_for(a: tuple[int, int], b: tuple[int, int]) -> None:
    control, other, effect = Count(*a), Count(*b), 0.05
    seen = 2 * math.asin(math.sqrt(other.rate)) - 2 * math.asin(math.sqrt(control.rate))
    noise = math.sqrt(1 / control.visitors + 1 / other.visitors)
    mixed, _ = integrate.quad(
        lambda theta: stats.norm.pdf(seen, theta, noise) * stats.norm.pdf(theta, 0, effect), -1, 1, points=[0, seen], epsabs=1e-12
    )
    assert log_mixture_ratio(control, other, effect) == pytest.approx(math.log(mixed / stats.norm.pdf(seen, 0, noise)), abs=1e-6)


def look(rates: tuple[float, float], seed: int, runs: int = 300, looks: int = 40, step: int = 250) -> tuple[float, float]:
    """How often something is seen in runs of an experiment that is looked at again and again: by the rule, by the z-test of each look."""
    chance = np.random.default_rng(seed)
    by_rule = by_test = 0
    for _ in range(runs):
        reached = [np.cumsum(chance.binomial(step, rate, looks)) for rate in rates]
        seen = [False, False]
        for n in range(looks):
            counts = [Count(step * (n + 1), int(reached[k][n])) for k in (0, 1)]
            seen[0] |= always_valid_p_value(*counts) <= ALPHA
            pooled = (counts[0].reached + counts[1].reached) / (2 * counts[0].visitors)
            z = (counts[1].rate - counts[0].rate) / math.sqrt(2 * pooled * (1 - pooled) / counts[0].visitors)
            seen[1] |= bool(abs(z) > 1.96)
        by_rule += seen[0]
        by_test += seen[1]
    return by_rule / runs, by_test / runs


def test_whoever_peeks_is_wrong_as_rarely_as_promised_and_would_not_be_with_a_plain_test() -> None:
    by_rule, by_test = look((0.05, 0.05), seed=4)
    assert by_rule <= ALPHA
    assert by_test > 3 * ALPHA


def test_a_difference_that_is_there_is_found() -> None:
    by_rule, _ = look((0.05, 0.065), seed=5, runs=60)
    assert by_rule > 0.9


def experiment(*weights: int) -> object:
    return make_experiment(
        {"slug": "e", "page": "/", "goals": ["g"], "variants": [{"name": "abcde"[n], "weight": w} for n, w in enumerate(weights)]}
    )


@pytest.mark.parametrize(
    ("counts", "winner", "said"),
    [
        ({}, "", "Too early"),
        ({"a": Count(5000, 250), "b": Count(5000, 251)}, "", "Undecided"),
        ({"a": Count(5000, 250), "b": Count(5000, 400)}, "b", "b is better than a"),
        ({"a": Count(5000, 400), "b": Count(5000, 250)}, "a", "a is better than the others"),
        ({"a": Count(5000, 250), "b": Count(4000, 400)}, "", "not shared out as the weights say"),
        ({"a": Count(3, 3), "b": Count(2, 2)}, "", "Too early"),
    ],
)
def test_a_report_says_what_is_known(counts: dict[str, Count], winner: str, said: str) -> None:
    report = make_report(experiment(1, 1), "g", counts)  # type: ignore[arg-type]
    assert (report.winner, said in report.verdict) == (winner, True), report.verdict
    assert str(report).startswith("e: g")


def test_more_variants_need_more_evidence() -> None:
    two = {"a": Count(4000, 200), "b": Count(4000, 268)}
    assert make_report(experiment(1, 1), "g", two).winner == "b"  # type: ignore[arg-type]
    five = {**two, **dict.fromkeys("cde", Count(4000, 200))}
    assert make_report(experiment(1, 1, 1, 1, 1), "g", five).winner == ""  # type: ignore[arg-type]
