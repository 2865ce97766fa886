"""`cms serve` in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ADDRESS = re.compile(r"http://[a-z0-9.]+:\d+")


@contextmanager
def serve(folder: Path, environ: Mapping[str, str]) -> Iterator[str]:
    """The address of a site that is served while the block runs."""
    command = [sys.executable, "-m", "cms_ssg", "-C", str(folder), "serve", "--port", "0"]
    process = subprocess.Popen(command, env=dict(environ), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    said, address = [], ""
    for line in process.stdout:
        said.append(line)
        if found := ADDRESS.search(line):
            address = found[0]
            break
    rest = process.stdout
    reader = threading.Thread(target=lambda: [None for _ in rest], daemon=True)
    reader.start()
    try:
        assert address, "".join(said)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join(10)
        rest.close()
