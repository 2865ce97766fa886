"""A process that makes PDFs for the API: importing WeasyPrint takes seconds, and laying out a page holds every other request of the process that does it.

Run as ``python -m cms_ssg.selling.printer``: length and text of an HTML page on stdin, ``1`` or ``0``, length and PDF or reason on stdout. It ends when
stdin does, or when it had nothing to do for ten minutes.
"""

from __future__ import annotations

import atexit
import select
import struct
import subprocess
import sys
import threading
from importlib.util import find_spec
from io import RawIOBase
from typing import BinaryIO, Final

from cms_ssg.errors import CmsError
from cms_ssg.selling.printing import fail_printing, make_pdf

IDLE_S: Final = 600.0
_HEAD: Final = struct.Struct("!?I")
_LENGTH: Final = struct.Struct("!I")


class Printer:
    """The process of this program that makes its PDFs; made when first used, and again where it has ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_there(self) -> bool:
        """Whether the library is installed."""
        return find_spec("weasyprint") is not None

    def warm(self) -> bool:
        """Start the process while somebody looks at a page with a link to a PDF. Returns whether the library is installed; blocks nobody."""
        if self.is_there and self._lock.acquire(blocking=False):
            try:
                self._start()
            finally:
                self._lock.release()
        return self.is_there

    def _start(self) -> None:
        if self._process is None or self._process.poll() is not None:
            command = [sys.executable, "-m", "cms_ssg.selling.printer"]
            atexit.unregister(self._stop)
            atexit.register(self._stop)
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def make(self, html: str) -> bytes:
        """A document as PDF; blocks. Raises CmsError printing.no-pdf."""
        with self._lock:
            for _ in range(2):  # it may have ended for want of work a moment ago
                self._start()
                if (answer := self._ask(html.encode("utf-8", "replace"))) is not None:
                    break
                self._stop()
            else:
                raise fail_printing("the process that makes them ended")
        is_made, data = answer
        if not is_made:
            raise fail_printing(data.decode())
        return data

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _ask(self, page: bytes) -> tuple[bool, bytes] | None:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(_LENGTH.pack(len(page)) + page)
            process.stdin.flush()
        except OSError:
            return None
        head = process.stdout.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return None
        is_made, length = _HEAD.unpack(head)
        data = process.stdout.read(length)
        return (is_made, data) if len(data) == length else None


PRINTER: Final = Printer()


def serve(source: RawIOBase, target: BinaryIO) -> None:
    """Make PDFs until nobody wants one."""
    while select.select([source], [], [], IDLE_S)[0]:
        head = _read(source, _LENGTH.size)
        if len(head) < _LENGTH.size:
            return
        html = _read(source, *_LENGTH.unpack(head)).decode()
        try:
            answer = (True, make_pdf(html))
        except CmsError as error:
            answer = (False, error.problems[0].message.encode())
        except Exception as error:  # noqa: BLE001 - said to whoever asked; the next page may be fine
            answer = (False, f"{type(error).__name__}: {error}".encode())
        target.write(_HEAD.pack(answer[0], len(answer[1])) + answer[1])
        target.flush()


def _read(source: RawIOBase, length: int) -> bytes:
    """So many bytes, fewer where the source ends: a pipe gives what it has."""
    data = b""
    while len(data) < length and (more := source.read(length - len(data))):
        data += more
    return data


def main() -> None:
    """Load the library first: that is what takes long."""
    try:
        import weasyprint  # noqa: F401
    except (ImportError, OSError):
        pass  # make_pdf says so
    with open(0, "rb", buffering=0) as source:  # what was read ahead would be hidden from select
        serve(source, sys.stdout.buffer)


if __name__ == "__main__":
    main()
