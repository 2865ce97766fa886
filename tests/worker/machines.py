"""Workers as processes of their own, as on other machines."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.engine.siteonpage import SiteOnPage

ROOT = Path(__file__).resolve().parents[2]


class Machine:
    """A ``cms worker`` that runs. Its words are in the site's worker.log."""

    def __init__(self, site: SiteOnPage, *options: str, environ: dict[str, str] | None = None) -> None:
        self.log = site.root.with_name(f"{site.root.name}-{time.monotonic_ns()}.log")
        variables = {**os.environ, "CMS_DATABASE_URL": site.url, "PYTHONPATH": str(ROOT), "CMS_DEBUG": "1", **(environ or {})}
        command = [sys.executable, "-m", "cms_ssg", "worker", "-C", str(site.root), "--jobs", "1", *options]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def send(self, number: int) -> None:
        os.kill(self.process.pid, number)

    def read(self) -> str:
        return self.log.read_text("utf-8")

    def end(self) -> int:
        """Tell it to end; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        return self.process.wait(30)


@contextmanager
def run_machines(site: SiteOnPage, count: int, *options: str, environ: dict[str, str] | None = None) -> Iterator[list[Machine]]:
    """So many workers, each of which has registered."""
    machines = [Machine(site, *options, environ=environ) for _ in range(count)]
    try:
        if "--once" not in options:
            wait_for(lambda: count_registered(site) >= count, machines)
        yield machines
    finally:
        for machine in machines:
            if machine.process.poll() is None:
                machine.process.kill()
            machine.process.wait()


def count_registered(site: SiteOnPage) -> int:
    if site.query("SELECT to_regclass('cms_jobs.procrastinate_workers')") == [(None,)]:
        return 0
    return int(site.query("SELECT count(*) FROM cms_jobs.procrastinate_workers")[0][0])


def wait_for(is_so: Callable[[], bool], machines: list[Machine] | None = None, seconds: float = 30) -> None:
    """Wait until something is so; fail where a worker ended or time runs out."""
    until = time.monotonic() + seconds
    while not is_so():
        said = "\n".join(machine.read() for machine in machines or ())
        assert time.monotonic() < until, f"it never came: {said}"
        assert all(machine.process.poll() is None for machine in machines or ()), said
        time.sleep(0.02)
