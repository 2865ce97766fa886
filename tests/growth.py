"""Time compared with time of the same run: how it grows with the size of what is given, never how much it is on some machine."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

TIMES = 4
LINEAR, QUADRATIC = TIMES, TIMES**2
MOST = 9.0
"""Between the two: what grows with the square is seen where it is most of the work, and noise is not."""
TRIES = 4


def cpu_s(run: Callable[[], object], times: int = 1) -> float:
    """The least processor time of some runs."""
    found = []
    gc.disable()  # its cost follows all that the process holds
    try:
        for _ in range(times):
            begin = time.process_time()
            run()
            found.append(time.process_time() - begin)
    finally:
        gc.enable()
    return min(found)


def find_growth(run: Callable[[Any], object], make: Callable[[int], Any], size: int) -> float:
    """How many times as long it takes for what is TIMES as large. make: gives what is run from its size."""
    small, large = make(size), make(size * TIMES)
    run(make(10))  # what is loaded and compiled once
    growths = []
    for _ in range(TRIES):
        growths.append(cpu_s(lambda: run(large)) / max(cpu_s(lambda: run(small), 3), 1e-6))
        if min(growths) <= MOST:
            break
    return min(growths)


def compare(run: Callable[[], object], measure: Callable[[], object]) -> float:
    """How many times as long one thing takes as another, at best."""
    measure()
    return cpu_s(run, 3) / max(cpu_s(measure, 3), 1e-6)
