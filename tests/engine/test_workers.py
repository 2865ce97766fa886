"""Worker processes: none outlives its builder, and one that is killed fails the build in words."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from cms_ssg.build import build
from tests.engine.killing import kill_at
from tests.engine.sample import SITE
from tests.engine.siteonpage import SiteOnPage, database


def list_running() -> set[str]:
    """Processes that run this test."""
    running = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if b"pytest" in (folder / "cmdline").read_bytes() and (folder / "stat").read_text().rpartition(")")[2].split()[0] != "Z":
                running.add(folder.name)
    return running


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks for processes in /proc")
def test_no_worker_outlives_a_killed_builder(make_site: Callable[[str], SiteOnPage], monkeypatch: pytest.MonkeyPatch) -> None:
    site = make_site(SITE)
    monkeypatch.setattr("cms_ssg.engine.rounds.FEW", 0)
    before = list_running()
    with database(site.url):
        assert kill_at(40, lambda: build(site.root, replace(site.options, jobs=3)))
    until = time.monotonic() + 5
    while time.monotonic() < until:
        if list_running() <= before:
            break
        time.sleep(0.05)
    assert list_running() <= before
    site.build(jobs=3)
    site.assert_clean()
