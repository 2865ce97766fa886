"""Kill a build at its nth step: after a commit, before and after a file is written or removed, or with half of it written."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Generic, TypeVar

import psycopg

from cms_ssg.errors import CmsError
from cms_ssg.publish.folder import FolderTarget

T = TypeVar("T")
ENDED = 77
"""The exit code of a process that a test ended at a step which cannot fail."""


class Steps:
    """Counts the steps of this process, not of its workers, that leave something behind; dies at one of them.

    end: what to do instead; fails: the step is done and says that it was not, where it is one over a network.
    """

    def __init__(self, last: int, end: Callable[[], None] | None = None, fails: bool = False) -> None:
        self.fails = fails
        self.last, self.end, self.count, self.lock, self.process = last, end or die, 0, threading.Lock(), os.getpid()

    def is_last(self) -> bool:
        with self.lock:
            self.count += os.getpid() == self.process
            return self.count == self.last and os.getpid() == self.process

    def after(self, function: Callable[..., Any], lost: Callable[[], Exception] | None = None) -> Callable[..., Any]:
        """The same function; when its turn comes it is the last thing this process does. lost: makes the error of an answer that got lost."""

        def call(*args: Any, **kwargs: Any) -> Any:
            result = function(*args, **kwargs)
            if self.is_last():
                if self.fails and lost is not None:
                    raise lost()
                self.end()
            return result

        return call

    def half_way(self, write: Callable[[int, Any], int]) -> Callable[[int, Any], int]:
        """os.write that leaves half of its data when its turn comes."""

        def call(descriptor: int, data: Any) -> int:
            if self.is_last():
                written = write(descriptor, data[: len(data) // 2])
                self.end()
                return written
            return write(descriptor, data)

        return call


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def start(action: Callable[[], object], answer: int | None = None) -> int:
    """Do something in a process of its own; return its number. answer: a descriptor that its pickled result is written to."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            result = action()
            if answer is not None:
                with os.fdopen(answer, "wb") as file:
                    pickle.dump(result, file)
            code = 0
        except BaseException:  # noqa: BLE001
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(code)
    return child


class Child(Generic[T]):
    """Something that is done in a process of its own, which may limit or lose its rights."""

    def __init__(self, action: Callable[[], T]) -> None:
        self.reading, writing = os.pipe()
        self.pid = start(action, writing)
        os.close(writing)

    def wait(self) -> T:
        """Its result. Fails where it failed."""
        with os.fdopen(self.reading, "rb") as file:
            data = file.read()
        _, status = os.waitpid(self.pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0, "the process failed (its traceback is on stderr)"
        result: T = pickle.loads(data)
        return result


def watch_steps(steps: Steps) -> None:
    """Have this process count its steps."""
    psycopg.Connection.commit = steps.after(psycopg.Connection.commit, lambda: psycopg.OperationalError("the answer got lost"))  # type: ignore[method-assign]
    FolderTarget.write = steps.after(FolderTarget.write)  # type: ignore[method-assign]
    FolderTarget.remove = steps.after(FolderTarget.remove)  # type: ignore[method-assign]
    os.write = steps.half_way(os.write)
    if os.environ.get("AWS_ENDPOINT_URL"):
        from botocore.client import BaseClient
        from botocore.exceptions import ConnectionClosedError

        lost = partial(ConnectionClosedError, endpoint_url=os.environ["AWS_ENDPOINT_URL"])
        BaseClient._make_api_call = steps.after(BaseClient._make_api_call, lost)


def kill_at(step: int, action: Callable[[], object]) -> bool:
    """Do something in a process of its own that is killed at its nth step. Returns False where it was done before."""

    def act() -> None:
        watch_steps(Steps(step))
        action()

    _, status = os.waitpid(start(act), 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True
    assert os.waitstatus_to_exitcode(status) == 0, "the build failed before it could be killed (its traceback is on stderr)"
    return False


def fail_at(step: int, action: Callable[[], object]) -> bool:
    """Do something in a process of its own whose nth commit or call to a bucket is done and answered by an error. Returns False where the end
    came before; a step that is neither ends the process.
    """

    def act() -> bool:
        steps = Steps(step, end=lambda: os._exit(ENDED), fails=True)
        watch_steps(steps)
        with suppress(CmsError):
            action()
        return steps.count >= step

    reading, writing = os.pipe()
    child = start(act, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        said = file.read()
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, ENDED), "it failed otherwise than by an error of its own (its traceback is on stderr)"
    return bool(pickle.loads(said)) if said else True
