"""A builder that is killed at any step leaves a state from which the next build makes what a clean build makes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from itertools import count

import pytest

from cms_ssg.build import build
from cms_ssg.engine.session import Session
from tests.engine.killing import Steps, kill_at, start
from tests.engine.sample import SITE
from tests.engine.siteonpage import SiteOnPage, assert_same, database, wipe

SMALL = """
-- site.toml --
name = "small"
title = "Small"
base_url = "https://small.example"
theme = "plain"
page_size = 1
feeds = ["atom"]
-- themes/plain/theme.toml --
extends = ""
-- themes/plain/assets/site.css --
body { color: black }
-- themes/plain/templates/post.html --
{{ asset("site.css") }} {{ entry.title }} {{ entry.content }} {% if entry.older %}{{ entry.older.title }}{% endif %}
-- themes/plain/templates/page.html --
{{ entry.title }} {{ entry.content }}
-- themes/plain/templates/list.html --
{{ list.title }} {% for item in list['items'] %}{{ item.url }} {{ item.title }} {% endfor %}
-- themes/plain/templates/home.html --
home {% for item in list['items'] %}{{ item.title }} {% endfor %}
-- themes/plain/templates/404.html --
not found
-- themes/plain/templates/terms.html --
terms
-- themes/plain/templates/redirect.html --
to {{ target }}
-- static/logo.svg --
<svg/>
-- content/posts/a.md --
---
title: A
date: 2026-01-01
tags: [red]
---
Text of a.
-- content/posts/b.md --
---
title: B
date: 2026-01-02
---
Text of b.
-- content/pages/about.md --
---
title: About
---
See [a](../posts/a.md).
"""

LEFT = "SELECT count(*) FROM cms.dirty UNION ALL SELECT count(*) FROM cms.changes UNION ALL SELECT count(*) FROM cms.journal"

STRIDES = pytest.mark.parametrize("stride", [17, pytest.param(1, marks=pytest.mark.long)])


@pytest.fixture
def small_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every build takes several rounds, and each plans a few changes at a time."""
    for name, few in {
        "engine.rounds.ROUND": 4,
        "engine.round_size.MOST": 4,
        "engine.rounds.BATCH": 3,
        "plan.changes.BATCH": 2,
        "plan.lists.BATCH": 2,
    }.items():
        monkeypatch.setattr(f"cms_ssg.{name}", few)


def edit(site: SiteOnPage) -> None:
    """One save that has something of every phase: a new page, a changed one, lists, a feed, another asset, a removal, an alias."""
    site.write_file("content/posts/c.md", "---\ntitle: C\ndate: 2026-01-03\ntags: [blue]\naliases: [/old-c/]\n---\nText of c.\n")
    site.write_file("content/posts/a.md", "---\ntitle: A, changed\ndate: 2026-01-01\nsection: news\n---\nChanged.\n")
    site.write_file("themes/plain/assets/site.css", "body { color: blue }\n")
    site.write_file("static/logo.svg", "<svg>other</svg>")
    site.delete("content/pages/about.md")


def undo(site: SiteOnPage) -> None:
    site.write(SMALL)
    site.delete("content/posts/c.md")


def kill_and_build(site: SiteOnPage, step: int, wanted: Mapping[str, bytes], jobs: int = 1) -> bool:
    """Kill a build at a step and build again. Returns False where the build had fewer steps."""
    with database(site.url):
        killed = kill_at(step, lambda: build(site.root, site.options))
    site.build(jobs=jobs)
    try:
        assert_same(site.tree(), wanted)
        assert site.query(LEFT) == [(0,)] * 3
    except AssertionError as error:
        error.add_note(f"after a kill at step {step}")
        raise
    return killed


@STRIDES
@pytest.mark.usefixtures("small_rounds")
def test_a_first_build_killed_at_any_step_is_finished_by_the_next(stride: int, make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SMALL)
    wanted = site.build_clean().tree()
    for step in count(1, stride):
        wipe(site.url)
        shutil.rmtree(site.output, ignore_errors=True)
        if not kill_and_build(site, step, wanted):
            break
    assert step > 60, "the build has more steps than that"


def test_a_build_killed_as_soon_as_it_began_is_finished_by_the_next(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SMALL)
    wanted = site.build_clean().tree()

    def begin() -> None:
        Session.start = Steps(1).after(Session.start)  # type: ignore[method-assign]
        build(site.root, site.options)

    with database(site.url):
        _, status = os.waitpid(start(begin), 0)
    assert os.WIFSIGNALED(status)
    assert site.query("SELECT finished_at FROM cms.builds") == [(None,)]
    site.build()
    assert_same(site.tree(), wanted)
    assert site.query(LEFT) == [(0,)] * 3


@STRIDES
@pytest.mark.usefixtures("small_rounds")
def test_an_edit_killed_at_any_step_is_finished_by_the_next_build(stride: int, make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SMALL)
    site.build()
    edit(site)
    after = site.build_clean().tree()
    undo(site)
    for step in count(1, stride):
        edit(site)
        killed = kill_and_build(site, step, after)
        undo(site)
        site.build()
        if not killed:
            break
    assert step > 40, "the build has more steps than that"


@STRIDES
@pytest.mark.usefixtures("small_rounds")
def test_an_edit_taken_back_after_a_kill_leaves_nothing(stride: int, make_site: Callable[[str], SiteOnPage]) -> None:
    """What the killed round wrote is not what the manifest knows, and what is wanted now is: the journal tells them apart."""
    site = make_site(SMALL)
    site.build()
    before = site.tree()
    for step in count(1, stride):
        edit(site)
        with database(site.url):
            killed = kill_at(step, lambda: build(site.root, site.options))
        undo(site)
        site.build()
        assert_same(site.tree(), before)
        if not killed:
            break


@pytest.mark.usefixtures("small_rounds")
def test_builds_killed_again_and_again_still_arrive(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SMALL)
    wanted = site.build_clean().tree()
    with database(site.url):
        for step in count(7, 4):
            if not kill_at(step, lambda: build(site.root, site.options)):
                break
    assert_same(site.tree(), wanted)


@pytest.mark.long
@pytest.mark.usefixtures("small_rounds")
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_first_build_of_everything_killed_at_any_step(jobs: int, make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SITE)
    wanted = site.build_clean().tree()
    for step in count(1, jobs):
        wipe(site.url)
        shutil.rmtree(site.output, ignore_errors=True)
        if not kill_and_build(site, step, wanted, jobs):
            break


@pytest.mark.long
def test_a_command_killed_at_any_moment_is_finished_by_the_next(make_site: Callable[[str], SiteOnPage]) -> None:
    """By the clock and not by steps: in the middle of a statement, of a worker's batch, of an import."""
    site = make_site(SITE)
    command = [sys.executable, "-m", "cms_ssg", "build", "-C", str(site.root), "--jobs", "2", "--now", "2026-03-01T12:00:00Z"]
    environment = {**os.environ, "CMS_DATABASE_URL": site.url}
    wanted = site.build_clean().tree()
    started = time.monotonic()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    whole_s = time.monotonic() - started
    for part in range(1, 40):
        wipe(site.url)
        shutil.rmtree(site.output, ignore_errors=True)
        running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(whole_s * part / 40)
        running.send_signal(signal.SIGKILL)
        running.wait()
        site.build()
        assert_same(site.tree(), wanted)
