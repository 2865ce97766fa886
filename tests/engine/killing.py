"""Kill a build at its nth step: after a commit, before and after a file is written or removed, or with half of it written."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

import psycopg

from cms_ssg.publish.folder import FolderTarget


class Steps:
    """Counts the steps that leave something behind, and dies at one of them."""

    def __init__(self, last: int) -> None:
        self.last, self.count, self.lock = last, 0, threading.Lock()

    def is_last(self) -> bool:
        with self.lock:
            self.count += 1
            return self.count == self.last

    def after(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function; when its turn comes it is the last thing this process does."""

        def call(*args: Any, **kwargs: Any) -> Any:
            result = function(*args, **kwargs)
            if self.is_last():
                die()
            return result

        return call

    def half_way(self, write: Callable[[int, Any], int]) -> Callable[[int, Any], int]:
        """os.write that leaves half of its data when its turn comes."""

        def call(descriptor: int, data: Any) -> int:
            if self.is_last():
                write(descriptor, data[: len(data) // 2])
                die()
            return write(descriptor, data)

        return call


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kill_at(step: int, action: Callable[[], object]) -> bool:
    """Do something in a process of its own that is killed at its nth step. Returns False where it was done before."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            steps = Steps(step)
            psycopg.Connection.commit = steps.after(psycopg.Connection.commit)  # type: ignore[method-assign]
            FolderTarget.write = steps.after(FolderTarget.write)  # type: ignore[method-assign]
            FolderTarget.remove = steps.after(FolderTarget.remove)  # type: ignore[method-assign]
            os.write = steps.half_way(os.write)
            action()
            code = 0
        except BaseException:  # noqa: BLE001
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True
    assert os.waitstatus_to_exitcode(status) == 0, "the build failed before it could be killed (its traceback is on stderr)"
    return False
