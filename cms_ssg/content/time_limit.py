"""A bound to the processor time of one piece of work, for libraries whose time may grow faster than what they are given."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

CAN_LIMIT: Final = hasattr(signal, "setitimer")

AGAIN_S: Final = 0.5
"""What is raised while an object is being freed is lost, so it is raised once more."""


class TooSlow(BaseException):
    """The time is over. No Exception: what a library catches must not hold it up."""


def _stop(signum: int, frame: object) -> None:
    raise TooSlow


@contextmanager
def limit_cpu(most_s: float) -> Iterator[None]:
    """Raise TooSlow in this block after so many seconds of the process's own processor time.

    Limits nest. Outside the main thread, where Python hands on no signals, and on systems without timers there is none.
    """
    if not CAN_LIMIT or threading.current_thread() is not threading.main_thread():
        yield
        return
    begun_s = time.thread_time()
    before = signal.signal(signal.SIGVTALRM, _stop)
    outer_s = signal.setitimer(signal.ITIMER_VIRTUAL, most_s, AGAIN_S)[0]
    try:
        yield
    finally:
        left_s = signal.setitimer(signal.ITIMER_VIRTUAL, 0)[0]
        spent_s = time.thread_time() - begun_s if left_s <= AGAIN_S else most_s - left_s
        signal.signal(signal.SIGVTALRM, before)
        if outer_s:
            signal.setitimer(signal.ITIMER_VIRTUAL, max(outer_s - spent_s, 0.001), AGAIN_S)
