"""Incremental equals clean: whatever is edited in whatever order, built, killed and built again."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.engine.oracle import Oracle

STEPS = {
    "cms_ssg.engine.rounds.ROUND": 4, "cms_ssg.engine.round_size.MOST": 4, "cms_ssg.engine.rounds.BATCH": 3, "cms_ssg.engine.rounds.FEW": 0,
    "cms_ssg.plan.changes.BATCH": 2, "cms_ssg.plan.lists.BATCH": 2,
}  # fmt: skip
"""How much the engine takes at a time. With so little, what belongs together is often taken apart."""


def run(seconds: float, examples: int, steps: int, urls: tuple[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    places = [(importlib.import_module(name.rpartition(".")[0]), name.rpartition(".")[2], few) for name, few in STEPS.items()]
    usual = [getattr(module, name) for module, name, _ in places]

    def work_small(small: bool) -> None:
        for (module, name, few), many in zip(places, usual, strict=True):
            setattr(module, name, few if small else many)

    monkeypatch.setattr("cms_ssg.kinds.core_kinds.SITEMAP_SIZE", 2)

    class Machine(Oracle):
        pass

    Machine.TestCase.settings = settings()
    Machine.folder, Machine.urls, Machine.small, Machine.until = folder, urls, staticmethod(work_small), time.monotonic() + seconds
    Machine.counts.update(dict.fromkeys(Machine.counts, 0))
    try:
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            Machine,
            settings=settings(
                max_examples=examples, stateful_step_count=steps, deadline=None, database=None, print_blob=True,
                suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink] if os.environ.get("SHRINK", "1") == "1" else [Phase.generate],
            ),
        )  # fmt: skip
    finally:
        work_small(False)
    counts = Machine.counts
    print({name: round(value, 1) for name, value in counts.items()})


def test_an_incremental_build_equals_a_clean_one(engine_urls: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(float(os.environ.get("ORACLE_S", "25")), 200, 15, engine_urls, tmp_path, monkeypatch)


@pytest.mark.long
def test_an_incremental_build_equals_a_clean_one_for_long(
    engine_urls: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(float("inf"), 2000, 30, engine_urls, tmp_path, monkeypatch)
