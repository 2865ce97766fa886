"""Builds at each push that a signed message told of, one build at a time. docs/extending.md says how to set it up.

Messages are taken in by the API (`api/receiver.py`), which writes them to the store; a thread of `cms api` or `cms hooks serve` pulls and builds in processes of their own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from psycopg import OperationalError

from cms_ssg.config.settings import Receiver
from cms_ssg.content.git.run import REPOSITORY_VARIABLES
from cms_ssg.errors import CmsError
from cms_ssg.events.signatures import read_secrets
from cms_ssg.store import received as store
from cms_ssg.store.connect import connect, database_url
from cms_ssg.store.open_store import open_store

LOOK_S: Final = 1.0
"""How often the store is looked at for a message that waits."""

PULL_TIMEOUT_S: Final = 300
BUILD_TIMEOUT_S: Final = 6 * 3600
AGAIN_S: Final = 60.0
END_S: Final = 20.0
"""How long a build that is told to end may take for it before it is killed; the next one goes on where it was."""

FOR_NOW: Final = frozenset({"build.busy", "build.lease-lost", "db.unreachable", "db.busy", "db.lost"})
"""A build that failed for one of these is tried again after AGAIN_S, or with the next message."""

KEPT_DAYS: Final = 30


@dataclass
class Builder:
    """Pulls and builds in a thread of its own, once for all that was received before it began."""

    root: Path
    env: str
    url: str
    site_id: int
    receiver: Receiver
    note: Callable[[str], None]
    options: tuple[str, ...] = ()
    _ended: threading.Event = field(default_factory=threading.Event)
    _child: subprocess.Popen[bytes] | None = None
    _thread: threading.Thread | None = None
    _last_tried: tuple[int, ...] = ()
    _rest_until: float = 0.0

    def start(self) -> None:
        """Begin. What was accepted before comes first."""
        self._thread = threading.Thread(target=self._run, name="cms-receiver", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Start nothing more, and end a build that goes on. What was accepted stays in the database."""
        self._ended.set()
        for end_child in (subprocess.Popen.terminate, subprocess.Popen.kill):
            child = self._child
            if child is not None and child.poll() is None:
                end_child(child)
            if self._thread is not None:
                self._thread.join(END_S)
                if not self._thread.is_alive():
                    return

    def _run(self) -> None:
        wait_s = 0.0
        while not self._ended.wait(wait_s):
            wait_s = LOOK_S
            try:
                with connect(self.url, autocommit=True) as connection:
                    while not self._ended.wait(wait_s):
                        if waiting := tuple(store.list_waiting(connection, self.site_id)):
                            self._answer(waiting)
            except (CmsError, OperationalError) as error:
                self.note(f"the database did not answer: {str(error).splitlines()[0]}")
                wait_s = LOOK_S * 5

    def _answer(self, waiting: tuple[int, ...]) -> None:
        if waiting == self._last_tried and time.monotonic() < self._rest_until:
            return
        outcome, is_over = self._pull_and_build()
        self._last_tried, self._rest_until = waiting, time.monotonic() + AGAIN_S
        if is_over:
            with connect(self.url, autocommit=True) as connection:
                connection.execute(store.DONE, (outcome, list(waiting)))
                connection.execute(store.FORGET_OLD, (self.site_id, KEPT_DAYS))

    def _pull_and_build(self) -> tuple[str, bool]:
        """(what it came to, whether that is an answer to what was received; otherwise it is tried again)."""
        if self.receiver.pull:
            code, _ = self._run_command(["git", "pull", "--ff-only", "--quiet"], PULL_TIMEOUT_S)
            if code is None:
                return "ended", False
            if code:
                return self._fail(f"git pull --ff-only ended with {code}"), True
        environment = ["--env", self.env] if self.env else []
        code, said = self._run_command(
            [sys.executable, "-m", "cms_ssg", "build", "--json", "-C", str(self.root), *environment, *self.options], BUILD_TIMEOUT_S
        )
        if code is None:
            return "ended", False
        if code not in (0, 3):
            codes = _read_codes(said)
            return self._fail(f"cms build ended with {code}: {' '.join(codes)}"), not FOR_NOW.intersection(codes)
        outcome = store.BUILT if code == 0 else f"{store.BUILT}; something was left out"
        self.note(outcome)
        return outcome, True

    def _run_command(self, command: list[str], timeout_s: float) -> tuple[int | None, bytes]:
        """A command's exit code, None where this receiver was told to end, and what it printed. Its errors go to stderr."""
        environ = {name: value for name, value in os.environ.items() if name not in REPOSITORY_VARIABLES} | {"GIT_TERMINAL_PROMPT": "0"}
        try:
            child = self._child = subprocess.Popen(command, cwd=self.root, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        except OSError as error:
            self.note(f"{command[0]} cannot be started: {error.strerror}")
            return 127, b""
        if self._ended.is_set():  # told to end between the look and the start
            child.terminate()
        try:
            said, _ = child.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            return 124, b""
        return None if self._ended.is_set() else child.returncode, said

    def _fail(self, outcome: str) -> str:
        self.note(outcome)
        return outcome


def _read_codes(said: bytes) -> list[str]:
    """The codes of the problems in a build's JSON."""
    try:
        return sorted({str(problem["code"]) for problem in json.loads(said)["problems"]})
    except (ValueError, KeyError, TypeError):
        return []


@contextmanager
def building_pushes(root: Path, env: str, note: Callable[[str], None], options: tuple[str, ...] = ()) -> Iterator[None]:
    """While the body goes on, the site is built at what its receiver takes in. Nothing is done for a site without [receiver] or its secret.

    options: more of them for cms build. Raises CmsError settings.*, db.*.
    """
    with open_store(root, env) as (site, _, row):
        receiver = site.settings.receiver
        url = database_url(site.root, site.settings.database_url, os.environ)
    if receiver is None or not read_secrets(os.environ, receiver.secret_env):
        yield
        return
    builder = Builder(root, env, url, row.id, receiver, note, options)
    builder.start()
    try:
        yield
    finally:
        builder.stop()
