"""The processes that work on images: started when first needed, each given one image at a time, replaced when one dies of it."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec

from cms_ssg.files.bundled import PACKAGE
from cms_ssg.images.facts import MOST_CPU_S, Facts, bad_facts, parse_facts

PATIENCE_S: Final = 60.0
"""How long an answer may take by the clock, on however busy a machine. The limit that counts is processor time."""

TICK_S: Final = 2.0


class Task(NamedTuple):
    """Something to be done with one image. request: as the child knows it; key: the caller's."""

    key: str
    request: dict[str, Any]


class Answer(NamedTuple):
    """What became of a task: bytes, or facts (of an image that was looked at, or that cannot be shown), or neither: its file is gone."""

    key: str
    data: bytes | None = None
    facts: Facts | None = None


@dataclass(slots=True)
class _Child:
    """One process. waiting: tasks for the image that it holds; task: what it does now, until deadline."""

    process: subprocess.Popen[bytes]
    waiting: deque[Task] = field(default_factory=deque)
    task: Task | None = None
    deadline: float = 0.0
    answer: bytearray = field(default_factory=bytearray)


class Children:
    """Up to `count` processes."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._children: list[_Child] = []

    def work(self, groups: Sequence[Sequence[Task]], tick: Callable[[], None]) -> Iterator[Answer]:
        """Do the tasks of each group one after another in one process. tick: called again and again meanwhile."""
        waiting = deque(deque(group) for group in groups if group)
        with selectors.DefaultSelector() as selector:
            while len(self._children) < min(self.count, len(waiting)):
                self._children.append(_start())
            for child in self._children:
                selector.register(_stdout(child), selectors.EVENT_READ, child)
                self._next(child, waiting)
            while any(child.task is not None for child in self._children):
                tick()
                ready = [key.data for key, _ in selector.select(TICK_S)]
                for child in list(self._children):
                    if child.task is None:
                        continue
                    answer = self._look(child, child in ready)
                    if answer is None:
                        continue
                    if child.process.poll() is not None:
                        selector.unregister(_stdout(child))
                        child = self._replace(child)
                        selector.register(_stdout(child), selectors.EVENT_READ, child)
                    child.task = None
                    self._next(child, waiting)
                    yield answer

    def _next(self, child: _Child, waiting: deque[deque[Task]]) -> None:
        if not child.waiting and waiting:
            child.waiting = waiting.popleft()
        if child.waiting:
            child.task = child.waiting.popleft()
            child.deadline = time.monotonic() + PATIENCE_S
            data = msgspec.msgpack.encode(child.task.request)
            stdin = child.process.stdin
            assert stdin is not None
            try:
                stdin.write(len(data).to_bytes(4, "big") + data)
                stdin.flush()
            except BrokenPipeError:  # it died between two tasks; its end is seen when its answer is read
                pass

    def _look(self, child: _Child, ready: bool) -> Answer | None:
        """The child's answer, None while it is at work. A child that ended, or is ended here, gives the reason."""
        assert child.task is not None
        if ready:
            data = os.read(_stdout(child).fileno(), 1 << 20)
            if not data:
                return Answer(child.task.key, facts=_describe_end(child.process.wait()))
            child.answer += data
        if len(child.answer) >= 4 and len(child.answer) >= 4 + (size := int.from_bytes(child.answer[:4], "big")):
            answer = msgspec.msgpack.decode(bytes(child.answer[4 : 4 + size]))
            child.answer.clear()
            return Answer(child.task.key, answer.get("data"), parse_facts(answer.get("facts")))
        if time.monotonic() > child.deadline:
            child.process.kill()
            child.process.wait()
            return Answer(child.task.key, facts=_limits(f"it takes longer than {PATIENCE_S:.0f} seconds"))
        return None

    def _replace(self, dead: _Child) -> _Child:
        _close(dead)
        child = _start()
        child.waiting = dead.waiting
        self._children[self._children.index(dead)] = child
        return child

    def close(self) -> None:
        """End the processes."""
        for child in self._children:
            _close(child)
        self._children.clear()


def _start() -> _Child:
    path = os.pathsep.join(filter(None, (str(PACKAGE.parent), os.environ.get("PYTHONPATH"))))
    return _Child(subprocess.Popen(
        [sys.executable, "-m", "cms_ssg.images.child"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        bufsize=0, env={**os.environ, "PYTHONPATH": path},
    ))  # fmt: skip


def _stdout(child: _Child) -> Any:
    return child.process.stdout


def _close(child: _Child) -> None:
    for pipe in (child.process.stdin, child.process.stdout):
        if pipe is not None:
            pipe.close()
    if child.process.poll() is None:
        child.process.kill()
    child.process.wait()


def _limits(message: str) -> Facts:
    return bad_facts("image.limits", message, "Scale it down, or export it in another format.")


def _describe_end(code: int) -> Facts:
    if code == -signal.SIGPROF:
        return _limits(f"it takes more than {MOST_CPU_S:.0f} seconds of processor time")
    return _limits(f"the process that read it died ({signal.Signals(-code).name})" if code < 0 else "the process that read it ended")
