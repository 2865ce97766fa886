"""Running a command for the benchmark: its wall time, what it printed, and the memory of every process that worked for it."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

SAMPLE_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class Run:
    """One run. peaks_mb: process name -> the highest resident memory any process of that name reached, shared pages included."""

    seconds: float
    output: str
    peaks_mb: dict[str, float] = field(default_factory=dict)


def run(command: list[str], folder: Path, *, servers_of: Path | None = None, memory: bool = False) -> Run:
    """Run a command in a folder and time it from start to exit.

    memory: also watch the command's processes and, for servers_of, those whose current folder is below it (Postgres).
    What is waiting to be written to disk is written before the clock starts. Raises RuntimeError if the command fails.
    """
    os.sync()
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    sampler = Sampler(process.pid, servers_of) if memory else None
    output, errors = process.communicate()
    seconds = time.perf_counter() - start
    peaks = sampler.stop() if sampler else {}
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} left with {process.returncode} in {folder}:\n{(output + errors)[-4000:]}")
    return Run(seconds, output, peaks)


class Sampler:
    """Reads the peak memory (VmHWM) of a process, of its descendants and of a site's servers, five times a second."""

    def __init__(self, root: int, servers_of: Path | None) -> None:
        self._root, self._servers_of = root, f"{servers_of.resolve()}/" if servers_of else ""
        self._peaks: dict[str, float] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> dict[str, float]:
        self._done.set()
        self._thread.join()
        return dict(sorted(self._peaks.items()))

    def _watch(self) -> None:
        while not self._done.wait(SAMPLE_EVERY_S):
            self._sample()

    def _sample(self) -> None:
        family = {self._root}
        for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
            try:
                parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
                if parent in family:
                    family.add(pid)
                if pid in family or (self._servers_of and os.readlink(f"/proc/{pid}/cwd").startswith(self._servers_of)):
                    self._note(pid)
            except (OSError, ValueError, IndexError):
                continue

    def _note(self, pid: int) -> None:
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
        if "VmHWM" in status:
            name, peak = status["Name"].strip(), int(status["VmHWM"].split()[0]) / 1024
            self._peaks[name] = round(max(peak, self._peaks.get(name, 0)), 1)


def read_server_settings(site: Path) -> dict[str, str]:
    """What the site's Postgres was started with that decides how safe its writes are, from its command line."""
    found = {}
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.readlink(f"/proc/{name}/cwd").startswith(f"{site.resolve()}/"):
                for word in Path(f"/proc/{name}/cmdline").read_text().split("\0"):
                    key, _, value = word.removeprefix("-c").removeprefix("--").partition("=")
                    if key in ("fsync", "synchronous_commit", "full_page_writes", "shared_buffers"):
                        found[key] = value
        except OSError:
            continue
    return found


def describe_machine() -> str:
    """Processor, cores, memory, kernel: what the absolute figures hold for."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    processor = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "?")
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} × {processor}, {memory_gb:.0f} GB, {os.uname().sysname} {os.uname().release}"
