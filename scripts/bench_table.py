"""Prints what was measured beside what is aimed at, as the table of docs/performance.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Row = tuple[str, str, float, int, int, str]
"""Case, figure, limit, decimals, fewest articles it is meant for, unit."""

ROWS: tuple[Row, ...] = (
    ("nothing to complete site, to Hugo", "cold_ratio", 0.8, 2, 0, "×"),
    ("every page again after a change of the base template, to Hugo", "rerender_ratio", 0.35, 2, 0, "×"),
    ("largest process of a complete build", "peak_mb", 400, 0, 0, "MB"),
    ("title edit, whole process, git checkout", "edit_s", 1.0, 2, 0, "s"),
    ("title edit, to Hugo", "edit_to_hugo", 0.01, 4, 100_000, "×"),
    ("title edit, the plan", "edit_plan_s", 0.02, 3, 0, "s"),
    ("title edit without sync, to the same among 1,000 articles", "edit_ratio", 1.5, 2, 0, "×"),
    ("no change, git checkout, whole process", "noop_s", 0.6, 2, 0, "s"),
    ("no change, no git, whole process", "noop_walk_s", 0.9, 2, 0, "s"),
    ("sync of unchanged files, git", "sync_git_s", 0.3, 3, 0, "s"),
    ("sync of unchanged files, no git", "sync_walk_s", 0.5, 3, 0, "s"),
    ("cms watch, save to file, 95th percentile", "watch_p95_ms", 150, 0, 0, "ms"),
)
LARGE_COLD_RATIO = 1.0
"""From 100,000 articles on, where Hugo no longer fits the memory of a small machine."""


def make_table(figures: Mapping[str, Any]) -> str:
    """A Markdown table of the cases that were measured, with a first line on the run itself."""
    count = figures["articles"]
    lines = [f"{count:,} articles; {figures['machine']}; others took {figures.get('others_cpu', 0):.0%} of the processors.", ""]
    if "hugo_s" in figures:
        lines[0] += f" Hugo: {figures['hugo_s']:.1f} s, {figures['hugo_mb']:,.0f} MB."
    if "cold_s" in figures:
        lines[0] += f" cms from nothing: {figures['cold_s']:.1f} s; processor seconds {figures['cold_cpu_s']:.1f}"
        lines[0] += f" (Hugo {figures['hugo_cpu_s']:.1f})." if "hugo_cpu_s" in figures else "."
    lines += ["| case | measured | to reach | |", "| --- | ---: | ---: | --- |"]
    for case, name, limit, decimals, fewest, unit in ROWS:
        if name not in figures or count < fewest:
            continue
        if name == "cold_ratio" and count >= 100_000:
            limit = LARGE_COLD_RATIO
        verdict = "yes" if figures[name] <= limit else f"missed by {figures[name] / limit - 1:.0%}"
        lines.append(f"| {case} | {figures[name]:,.{decimals}f} {unit} | {limit:g} {unit} | {verdict} |")
    return "\n".join(lines)
