"""The processes of one ``cms worker``: one that dies is replaced, all end with the first."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, Final

from cms_ssg.errors import CmsError
from cms_ssg.reporting.progress import Reporter
from cms_ssg.workers.worker import Worker

REST_S: Final = 1.0
"""Before one that died is replaced."""

MakeReporter = tuple[Callable[..., Reporter], tuple[Any, ...]]


def run_workers(root: Path, env: str, reporter: Reporter, jobs: int, scheduling: bool, once: bool, make_reporter: MakeReporter) -> int:
    """Work until SIGTERM or SIGINT. Returns how many jobs, or processes, failed.

    jobs: processes, 0 for as many as there are cores; make_reporter: a function and its arguments, for the other processes.
    """
    count = jobs or os.cpu_count() or 1
    if count == 1:
        return Worker(root, env, reporter, scheduling, once).run()
    return _Family(root, env, scheduling, once, make_reporter).run(count)


class _Family:
    """Processes that do the same; the first also schedules."""

    def __init__(self, root: Path, env: str, scheduling: bool, once: bool, make_reporter: MakeReporter) -> None:
        self.arguments = (root, env, make_reporter)
        self.scheduling, self.once = scheduling, once
        self.context = multiprocessing.get_context("spawn")
        self.stopping = False

    def run(self, count: int) -> int:
        for asked in (signal.SIGTERM, signal.SIGINT):
            signal.signal(asked, self._stop)
        children = {number: self._start(number) for number in range(count)}
        failed = 0
        while children:
            wait([child.sentinel for child in children.values()], timeout=0.2)
            for number, child in list(children.items()):
                if child.is_alive():
                    continue
                failed += child.exitcode != 0
                if self.once or self.stopping:
                    del children[number]
                else:
                    time.sleep(REST_S)
                    children[number] = self._start(number)
            if self.stopping:
                for child in children.values():
                    child.terminate()
        return failed

    def _start(self, number: int) -> SpawnProcess:
        child = self.context.Process(target=_run_child, args=(*self.arguments, self.scheduling and number == 0, self.once))
        child.start()
        return child

    def _stop(self, *_: object) -> None:
        self.stopping = True


def _run_child(root: Path, env: str, make_reporter: MakeReporter, scheduling: bool, once: bool) -> None:
    """One process."""
    make, arguments = make_reporter
    reporter = make(*arguments)
    worker = Worker(root, env, reporter, scheduling, once)
    threading.Thread(target=_end_with_parent, args=(worker,), name="parent", daemon=True).start()
    try:
        failed = worker.run()
    except CmsError as error:
        for problem in error.problems:
            reporter.problem(problem)
        failed = 1
    os._exit(1 if failed else 0)


def _end_with_parent(worker: Worker) -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        worker.stopping.set()
