"""Measures `cms watch`: how long after a save the page on disk holds it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from bench_measure import ENVIRONMENT

SAVES = 60
READY_WITHIN_S = 120.0
SEEN_WITHIN_S = 20.0


def measure_watch(command: list[str], folder: Path, edit_title: Callable[[], tuple[Path, str]]) -> dict[str, float]:
    """Save articles while `cms watch` runs. edit_title: saves one, returns its page and the text to wait for.

    Returns watch_p50_ms, watch_p95_ms, watch_max_ms. Raises RuntimeError if a save never shows.
    """
    process = subprocess.Popen([*command, "watch"], cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    pauses = random.Random(2)
    try:
        wait_ready(process, edit_title)
        times = []
        for _ in range(SAVES):
            time.sleep(pauses.uniform(0.4, 0.9))
            page, title = edit_title()
            saved = time.perf_counter()
            if not wait_for(page, title, SEEN_WITHIN_S):
                raise RuntimeError(f"cms watch did not bring {title!r} to {page}")
            times.append((time.perf_counter() - saved) * 1000)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    times.sort()
    return {
        "watch_p50_ms": round(times[len(times) // 2], 1),
        "watch_p95_ms": round(times[min(len(times) - 1, int(len(times) * 0.95))], 1),
        "watch_max_ms": round(times[-1], 1),
    }


def wait_ready(process: subprocess.Popen[bytes], edit_title: Callable[[], tuple[Path, str]]) -> None:
    """Save now and then until one save shows."""
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"cms watch left with {process.returncode}")
        page, title = edit_title()
        if wait_for(page, title, 2.0):
            return
    raise RuntimeError("cms watch shows no save")


def wait_for(page: Path, text: str, within_s: float) -> bool:
    """Look at a file every millisecond until it holds the text."""
    until = time.monotonic() + within_s
    wanted, seen = text.encode(), (0, 0)
    while time.monotonic() < until:
        stat = os.stat(page)
        if (stat.st_mtime_ns, stat.st_ino) != seen:
            seen = (stat.st_mtime_ns, stat.st_ino)
            if wanted in page.read_bytes():
                return True
        time.sleep(0.001)
    return False
