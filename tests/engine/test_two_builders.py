"""Two builders of one site at once: one publishes, the other waits or stops, and nothing wrong is left."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from dataclasses import replace

import pytest

from cms_ssg.build import build
from cms_ssg.errors import CmsError
from cms_ssg.reporting.progress import Reporter
from tests.engine.killing import Child, Steps, watch_steps
from tests.engine.sample import SITE
from tests.engine.siteonpage import SiteOnPage, assert_same, database


def build_or_say(site: SiteOnPage, jobs: int = 1) -> str:
    """The status of a build, or the code of what stopped it."""
    try:
        return build(site.root, replace(site.options, jobs=jobs)).status
    except CmsError as error:
        return error.problems[0].code


@pytest.mark.parametrize("jobs", [1, 2])
def test_two_builders_at_once_both_finish(jobs: int, make_site: Callable[[str], SiteOnPage], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cms_ssg.engine.rounds.FEW", 0)
    site = make_site(SITE)
    with database(site.url):
        builders = [Child(lambda: build_or_say(site, jobs)) for _ in range(3)]
        assert [builder.wait() for builder in builders] == ["done"] * 3
    site.assert_clean()
    assert site.build().rendered == set()


class Hearing(Reporter):
    """Keeps what is noted."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def test_a_builder_that_cannot_wait_any_longer_says_who_builds(
    make_site: Callable[[str], SiteOnPage], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site(SITE)
    monkeypatch.setattr("cms_ssg.store.lease.PATIENCE_S", 0.3)
    monkeypatch.setattr("cms_ssg.store.lease.MOMENT_S", 0.05)
    with database(site.url):
        stopped = Child(lambda: stop_at(30, site))
        wait_until_stopped(stopped.pid)
        try:
            hearing = Hearing()
            with pytest.raises(CmsError, match=rf"another build of this site is running, process {stopped.pid} on \S") as caught:
                build(site.root, site.options, hearing)
            assert caught.value.problems[0].code == "build.busy"
            assert [re.search(r"another build of this site, process (\d+) on \S", note)[1] for note in hearing.notes] == [str(stopped.pid)]  # type: ignore[index]
        finally:
            os.kill(stopped.pid, signal.SIGCONT)
        assert stopped.wait() == "done"
    site.assert_clean()


@pytest.mark.parametrize("step", [16, 48, *(pytest.param(step, marks=pytest.mark.long) for step in range(20, 60, 4) if step != 48)])
def test_a_builder_that_slept_through_its_lease_stops_and_leaves_nothing_wrong(
    step: int, built_site: Callable[[str], SiteOnPage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It wakes in the middle of writing what it rendered before another builder published something newer."""
    site = built_site(SITE)
    monkeypatch.setattr("cms_ssg.store.lease.LEASE_S", 0.2)
    assert sleep_through_a_build(site, step) == "build.lease-lost"
    site.build()
    assert_same(site.tree(), site.build_clean().tree())


def sleep_through_a_build(site: SiteOnPage, step: int) -> str:
    """What becomes of a build that falls asleep at a step, with another edit and another's build before it is woken."""
    site.edit("themes/plain/templates/footer.html", "footer", "old footer")
    with database(site.url):
        sleeper = Child(lambda: stop_at(step, site))
        wait_until_stopped(sleeper.pid)
        site.edit("themes/plain/templates/footer.html", "old footer", "new footer")
        site.build()
        os.kill(sleeper.pid, signal.SIGCONT)
        return sleeper.wait()


def stop_at(step: int, site: SiteOnPage) -> str:
    """Build, and fall asleep at a step until somebody wakes this process."""
    watch_steps(Steps(step, end=lambda: os.kill(os.getpid(), signal.SIGSTOP)))
    return build_or_say(site)


def wait_until_stopped(pid: int) -> None:
    _, status = os.waitpid(pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status), "the build ended before the step at which it was to stop"
