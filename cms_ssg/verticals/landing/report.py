"""The report of an experiment: the counts of the store, and what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cms_ssg.verticals.landing.experiments import Experiment
from cms_ssg.verticals.landing.statistics import (
    ALPHA,
    LEAST,
    RATIO_ALPHA,
    Count,
    always_valid_p_value,
    ratio_p_value,
    wilson_interval,
)

MOST_BAR: Final = 30


@dataclass(frozen=True, slots=True)
class Line:
    """One variant. low, high: the 95 % interval of its rate; p_value: against the first variant, None for that one itself."""

    variant: str
    weight: int
    visitors: int
    reached: int
    rate: float
    low: float
    high: float
    p_value: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """experiment, goal; lines: a variant each; ratio_p_value: of the sample ratio; is_ratio_right; winner: ``""`` while it is undecided; verdict: in words."""

    experiment: str
    goal: str
    lines: tuple[Line, ...]
    ratio_p_value: float
    is_ratio_right: bool
    winner: str
    verdict: str

    def __str__(self) -> str:
        highest = max((line.high for line in self.lines if line.visitors), default=1.0) or 1.0
        width = max(len(line.variant) for line in self.lines)
        rows = [f"{self.experiment}: {self.goal}", ""]
        for line in self.lines:
            p = "" if line.p_value is None else f"  p {line.p_value:.3f}"
            said = (
                f"{line.reached:,} of {line.visitors:,}  {line.rate:.2%}  ({line.low:.2%} to {line.high:.2%}){p}"
                if line.visitors
                else "nobody yet"
            )
            rows.append(f"  {line.variant:<{width}}  {_draw(line, highest)}  {said}")
        return "\n".join([*rows, "", self.verdict])


def make_report(experiment: Experiment, goal: str, counts: Mapping[str, Count]) -> Report:
    """Judge the counts of an experiment's variants."""
    shown = [variant for variant in experiment.variants if variant.weight]
    control = counts.get(experiment.control.name, Count(0, 0))
    lines = []
    for variant in experiment.variants:
        count = counts.get(variant.name, Count(0, 0))
        p = None if variant is experiment.control else always_valid_p_value(control, count)
        lines.append(Line(variant.name, variant.weight, count.visitors, count.reached, count.rate, *wilson_interval(count), p))
    ratio = ratio_p_value([counts.get(one.name, Count(0, 0)).visitors for one in shown], [one.weight for one in shown])
    winner, verdict = _judge(experiment, lines, ratio)
    return Report(experiment.name, goal, tuple(lines), ratio, ratio >= RATIO_ALPHA, winner, verdict)


def _judge(experiment: Experiment, lines: list[Line], ratio: float) -> tuple[str, str]:
    if ratio < RATIO_ALPHA:
        return "", (
            f"Visitors are not shared out as the weights say (p = {ratio:.2g}), so no figure can be trusted. Look for what keeps "
            "some from being counted: a variant that fails, a cache that gives everybody one page, programs."
        )
    others = [line for line in lines if line.p_value is not None]
    level = ALPHA / max(1, len(others))  # Bonferroni: each further variant is one more chance to be wrong
    base = lines[0]
    decided = [line for line in others if line.p_value is not None and line.p_value <= level]
    better = max((line for line in decided if line.rate > base.rate), key=lambda line: line.rate, default=None)
    if better is not None:
        return (
            better.variant,
            f"{better.variant} is better than {base.variant}. cms experiment stop {experiment.name} --winner {better.variant}",
        )
    if decided and len(decided) == len(others):
        return base.variant, f"{base.variant} is better than the others. cms experiment stop {experiment.name} --winner {base.variant}"
    few = [line.variant for line in lines if min(line.reached, line.visitors - line.reached) < max(LEAST, 0)]
    if few:
        have = "has" if len(few) == 1 else "have"
        return "", f"Too early: each variant needs {LEAST} visitors with and without success; {', '.join(few)} {have} fewer."
    wanted = f" {experiment.sample:,} visitors a variant are wanted." if experiment.sample > min(line.visitors for line in lines) else ""
    return "", "Undecided: the difference may be chance." + wanted + " You may look as often as you like."


def _draw(line: Line, highest: float) -> str:
    """The interval as a bar, the rate as its point."""
    if not line.visitors:
        return " " * (MOST_BAR + 1)
    at = [round(value / highest * MOST_BAR) for value in (line.low, line.rate, line.high)]
    return "".join("●" if n == at[1] else "─" if at[0] <= n <= at[2] else " " for n in range(MOST_BAR + 1))
