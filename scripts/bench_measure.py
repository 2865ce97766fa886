"""Running a command for the benchmark: its wall time, what it printed, and the memory of every process that worked for it."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SAMPLE_EVERY_S = 0.2
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "CMS_", "GIT_"))}
"""As on a machine where cms was installed: compiled modules are kept, nothing is set for the occasion."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run. peaks_mb: process name -> the highest resident memory any process of that name reached, shared pages included.

    cpu_s: processor seconds of the command, its children and the site's servers; others_cpu: the share of the machine's
    processors that everything else took meanwhile.
    """

    seconds: float
    output: str
    cpu_s: float = 0.0
    others_cpu: float = 0.0
    peaks_mb: dict[str, float] = field(default_factory=dict)


def run(command: list[str], folder: Path, *, servers_of: Path | None = None, memory: bool = False) -> Run:
    """Run a command in a folder and time it from start to exit.

    memory: also watch the command's processes and, for servers_of, those whose current folder is below it (Postgres).
    What is waiting to be written to disk is written before the clock starts. Raises RuntimeError if the command fails.
    """
    os.sync()
    servers, machine = read_server_cpu_s(servers_of), read_machine_cpu_s()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    sampler = Sampler(process.pid, servers_of) if memory else None
    output, errors = process.communicate()
    seconds = time.perf_counter() - start
    peaks = sampler.stop() if sampler else {}
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} left with {process.returncode} in {folder}:\n{(output + errors)[-4000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime + read_server_cpu_s(servers_of) - servers
    others = (read_machine_cpu_s() - machine - cpu_s) / (seconds * (os.cpu_count() or 1))
    return Run(seconds, output, round(cpu_s, 2), round(max(others, 0.0), 3), peaks)


def read_server_cpu_s(site: Path | None) -> float:
    """Processor seconds that the site's running Postgres has used, ended backends included."""
    ticks = 0
    for pid in list_servers(site) if site else ():
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def list_servers(site: Path) -> list[int]:
    """The processes whose current folder is inside the site: its Postgres."""
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.readlink(f"/proc/{name}/cwd").startswith(f"{site.resolve()}/"):
                found.append(int(name))
        except OSError:
            continue
    return found


def read_machine_cpu_s() -> float:
    """Processor seconds that all processes together have used since the machine started."""
    user, nice, system, _, _, irq, softirq, *_ = map(int, Path("/proc/stat").read_text().splitlines()[0].split()[1:])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


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
    for pid in list_servers(site):
        for word in Path(f"/proc/{pid}/cmdline").read_text().split("\0"):
            key, _, value = word.removeprefix("-c").removeprefix("--").partition("=")
            if key in ("fsync", "synchronous_commit", "full_page_writes", "shared_buffers"):
                found[key] = value
    return found


def describe_machine() -> str:
    """Processor, cores, memory, kernel: what the absolute figures hold for."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    processor = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "?")
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} × {processor}, {memory_gb:.0f} GB, {os.uname().sysname} {os.uname().release}"


def say_figures(figures: dict[str, Any], *, as_json: bool) -> None:
    """Print the figures of a benchmark, a line each or all as one line of JSON."""
    width = max(map(len, figures), default=0) + 2
    print(json.dumps(figures) if as_json else "\n".join(f"{name:>{width}}  {value}" for name, value in figures.items()))
