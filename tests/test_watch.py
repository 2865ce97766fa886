"""Watching: which events count, how they are gathered, and that a save reaches the output. Real files, real events."""

from __future__ import annotations

import math
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cms_ssg.reporting.progress import Reporter
from cms_ssg.serve.watch import Watcher, gather, watch
from cms_ssg.store.connect import connect
from cms_ssg.types import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cms_ssg.build import BuildResult


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "site.toml").write_text('title = "T"\n')
    (tmp_path / "content/posts").mkdir(parents=True)
    (tmp_path / "content/posts/flood.md").write_text("---\ntitle: Flood\ndate: 2025-03-01\n---\nWater.\n")
    (tmp_path / "data").mkdir()
    return tmp_path


@pytest.fixture(params=["told", "polled"])
def events(request: pytest.FixtureRequest, site: Path) -> Iterator[queue.SimpleQueue[str]]:
    found: queue.SimpleQueue[str] = queue.SimpleQueue()
    watcher = Watcher(site, found, request.param == "polled", Reporter())
    watcher.begin("")
    time.sleep(0.05)
    yield found
    watcher.stop()


def drain(events: queue.SimpleQueue[str], site: Path, wait_s: float = 3.0) -> set[str]:
    """Files told of within wait_s, until half a second passes without any."""
    names: set[str] = set()
    until = time.monotonic() + wait_s
    while time.monotonic() < until:
        try:
            names.add(Path(events.get(timeout=0.5 if names else wait_s)).relative_to(site).as_posix())
        except queue.Empty:
            break
    return names


def test_saved_file_is_told(events: queue.SimpleQueue[str], site: Path) -> None:
    (site / "content/posts/flood.md").write_text("new")
    assert "content/posts/flood.md" in drain(events, site)


def test_atomic_rename_is_told_as_the_file_it_becomes(events: queue.SimpleQueue[str], site: Path) -> None:
    (site / "content/posts/.flood.md.123.tmp").write_text("new")
    os.replace(site / "content/posts/.flood.md.123.tmp", site / "content/posts/flood.md")
    assert "content/posts/flood.md" in drain(events, site)


def test_new_folder_and_its_files_are_told(events: queue.SimpleQueue[str], site: Path) -> None:
    (site / "content/posts/trip").mkdir()
    time.sleep(0.1)
    (site / "content/posts/trip/index.md").write_text("x")
    assert any(name.startswith("content/posts/trip") for name in drain(events, site))


def test_settings_are_watched_and_output_store_and_editors_files_are_not(events: queue.SimpleQueue[str], site: Path) -> None:
    for name in (
        "build/index.html",
        ".cms/pg/x",
        ".git/index",
        "content/posts/.flood.md.swp",
        "content/posts/flood.md~",
        "content/posts/4913",
        "nohup.out",
        "notes/today.txt",
    ):
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text("x")
    (site / "site.toml").write_text('title = "U"\n')
    assert {name for name in drain(events, site) if "." in name.rpartition("/")[2]} == {"site.toml"}


def test_files_outside_the_folders_of_a_site_are_told_where_the_settings_name_them(site: Path) -> None:
    (site / "site.toml").write_text('redirect_files = ["moved.csv", "etc/more.csv"]\n')
    (site / "etc").mkdir()
    for poll in (False, True):
        found: queue.SimpleQueue[str] = queue.SimpleQueue()
        watcher = Watcher(site, found, poll, Reporter())
        watcher.begin("")
        try:
            for name in ("moved.csv", "etc/more.csv", "README.md", "hooks.py", "other/x.txt"):
                (site / name).parent.mkdir(exist_ok=True)
                (site / name).write_text(f"{poll}")
            assert {name for name in drain(found, site) if "." in name} == {"moved.csv", "etc/more.csv", "hooks.py"}
        finally:
            watcher.stop()


def test_a_site_in_the_folder_itself_has_all_its_files_told(site: Path) -> None:
    (site / "site.toml").write_text('[[collection]]\nname = "all"\npath = "."\ntype = "page"\n')
    found: queue.SimpleQueue[str] = queue.SimpleQueue()
    watcher = Watcher(site, found, False, Reporter())
    watcher.begin("")
    try:
        (site / "README.md").write_text("x")
        assert drain(found, site) == {"README.md"}
    finally:
        watcher.stop()


def test_events_are_gathered_until_it_is_quiet(tmp_path: Path) -> None:
    events: queue.SimpleQueue[str] = queue.SimpleQueue()
    groups = gather(events, tmp_path, idle_s=0.2)
    for name in ("b.md", "a.md", "b.md"):
        events.put(str(tmp_path / name))
    assert next(groups) == ["a.md", "b.md"]
    assert next(groups) is None


def test_what_waits_in_the_store_is_a_group_without_files_and_all_files_are_looked_at_later(tmp_path: Path) -> None:
    waits = iter((0.0, 5.0, -1.0))
    groups = gather(queue.SimpleQueue(), tmp_path, idle_s=2.0, wait_s=lambda: next(waits, math.inf))
    assert [next(groups) for _ in range(3)] == [[], [], None]


def test_stream_of_events_is_built_now_and_then(tmp_path: Path) -> None:
    events: queue.SimpleQueue[str] = queue.SimpleQueue()
    stop = threading.Event()

    def pour() -> None:
        while not stop.wait(0.01):
            events.put(str(tmp_path / "a.md"))

    thread = threading.Thread(target=pour)
    thread.start()
    assert next(gather(events, tmp_path)) == ["a.md"]
    stop.set()
    thread.join()


class Listener(Reporter):
    """Lets a test wait for what is reported."""

    def __init__(self) -> None:
        self.said: queue.SimpleQueue[object] = queue.SimpleQueue()

    def problem(self, problem: Problem) -> None:
        self.said.put(problem.code)

    def built(self, result: BuildResult, changed: Sequence[str]) -> None:
        self.said.put(list(changed))


class _End(Exception):
    pass


def test_every_save_is_built_errors_go_on_and_a_page_reloads(site: Path, db_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMS_DATABASE_URL", db_url)
    listener, written, ready, end = Listener(), threading.Event(), threading.Event(), threading.Event()

    def on_written() -> None:
        written.set()
        if end.is_set():
            raise _End

    def run() -> None:
        with pytest.raises(_End):
            watch(site, reporter=listener, on_ready=ready.set, on_written=on_written)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert ready.wait(30)
        assert listener.said.get(timeout=5) == []
        page = site / "build/2025/03/flood/index.html"
        written.clear()
        (site / "content/posts/sedAb12").write_text("---\ntitle: Flood\ndate: 2025-03-01\n---\nMore water.\n")  # as sed -i saves
        os.replace(site / "content/posts/sedAb12", site / "content/posts/flood.md")
        assert written.wait(10)
        assert "More water" in page.read_text()
        assert listener.said.get(timeout=5) == ["content/posts/flood.md"]
        (site / "site.toml").write_text("titel = 3\n")
        assert listener.said.get(timeout=10) == "settings.unknown-key"
        (site / "site.toml").write_text('title = "Better"\n')
        wait_for(lambda: "Better" in page.read_text())
        (site / "data").rmdir()
        (site / "static").mkdir()
        time.sleep(0.3)
        (site / "static/x.txt").write_text("x")
        wait_for((site / "build/x.txt").exists)
    finally:
        end.set()
        shutil.rmtree(site / "content/posts/extra", ignore_errors=True)
        (site / "content/posts/last.md").write_text("---\ntitle: Last\ndate: 2025-03-02\n---\n")
        thread.join(20)
    assert not thread.is_alive()


@pytest.mark.parametrize("log", ["nohup.out", "content/posts/watch.log"])
def test_its_own_log_in_the_site_starts_no_build(log: str, site: Path, db_url: str) -> None:
    (site / "content/posts/bad.md").write_text("---\ntitle: [\n---\n")
    page = site / "build/2025/03/flood/index.html"
    with (site / log).open("wb") as opened:
        watching = subprocess.Popen(
            [sys.executable, "-m", "cms_ssg", "watch"],
            cwd=site,
            stdout=opened,
            stderr=opened,
            env={**os.environ, "CMS_DATABASE_URL": db_url},
        )
    try:
        wait_for(lambda: "Ctrl-C" in (site / log).read_text())
        for word in ("Rain", "Wind"):
            (site / "content/posts/flood.md").write_text(f"---\ntitle: {word}\ndate: 2025-03-01\n---\n")
            wait_for(lambda word=word: word in page.read_text())  # type: ignore[misc]
        with connect(db_url) as connection:
            builds = "SELECT count(*) FROM cms.builds"
            before = connection.execute(builds).fetchone()
            with (site / log).open("a") as more:
                more.write("more\n")
            time.sleep(0.5)
            assert connection.execute(builds).fetchone() == before
    finally:
        watching.terminate()
        watching.wait(20)
    assert (site / log).read_text().count("content/posts/bad.md") == 1, "it lasts, and is told once"


@pytest.mark.parametrize(("folder", "poll"), [("content", False), ("content/posts", False), ("content/posts", True)])
def test_folder_that_goes_and_comes_back_is_watched_again(
    site: Path, db_url: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, folder: str, poll: bool
) -> None:
    monkeypatch.setenv("CMS_DATABASE_URL", db_url)
    listener, ready, end = Listener(), threading.Event(), threading.Event()
    page = site / "build/2025/03/flood/index.html"

    def on_written() -> None:
        if end.is_set():
            raise _End

    def run() -> None:
        with pytest.raises(_End):
            watch(site, reporter=listener, poll=poll, on_ready=ready.set, on_written=on_written)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        assert ready.wait(30)
        assert listener.said.get(timeout=5) == []
        away = tmp_path_factory.mktemp("away") / "folder"
        (site / folder).rename(away)
        assert listener.said.get(timeout=10) in ("build.removals", [f"{folder}/"])
        shutil.copytree(away, site / folder)
        time.sleep(3 if poll else 0.5)
        for text in ("Wind", "Rain"):
            (site / "content/posts/flood.md").write_text(f"---\ntitle: {text}\ndate: 2025-03-01\n---\n")
            wait_for(lambda text=text: page.exists() and f"<h1>{text}" in page.read_text())
    finally:
        end.set()
        (site / "content/posts/last.md").write_text("---\ntitle: Last\ndate: 2025-03-02\n---\n")
        thread.join(20)
    assert not thread.is_alive()


def wait_for(met: Callable[[], bool], within_s: float = 10.0) -> None:
    until = time.monotonic() + within_s
    while not met():
        assert time.monotonic() < until
        time.sleep(0.02)
