"""No process answers with what a commit changed more than a second ago."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from tests.api.atlas import build_site, list_environ, write_post, write_site


@contextmanager
def start_process(folder: Path, url: str) -> Iterator[str]:
    """A ``cms api`` in a process of its own. Gives its address; it ends with its stdin."""
    command = [sys.executable, "-m", "cms_ssg", "-C", str(folder), "--json", "api", "--port", "0", "--quiet", "--with-parent"]
    with subprocess.Popen(command, env=list_environ(url), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"]
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(20) == 0


def test_two_processes_know_a_saved_edit_within_a_second_of_its_commit(tmp_path: Path, db_url: str) -> None:
    folder = write_site(tmp_path / "site")
    build_site(folder, db_url)
    with ExitStack() as stack:
        urls = [stack.enter_context(start_process(folder, db_url)) for _ in range(2)]
        client = stack.enter_context(httpx.Client(timeout=20))

        def count(url: str, word: str) -> int:
            return int(client.get(f"{url}api/search", params={"q": word}).json()["total"])

        for number, word in enumerate(("zanzibar", "quetzal", "okapi")):
            assert [count(url, word) for url in urls for _ in range(3)] == [0] * 6  # kept by both
            write_post(folder, "tree", f"Now about a {word}.")
            build_site(folder, db_url)
            committed = time.monotonic()
            late = []
            for url in urls:
                while True:
                    asked = time.monotonic()
                    if count(url, word):
                        break
                    late.append(asked - committed)
            assert max(late, default=0.0) < 1.0, (number, late)
