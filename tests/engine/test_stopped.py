"""A build that is told to end is written down as stopped, alarms nobody, and is finished by the next."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from cms_ssg.build import build
from cms_ssg.diagnostics.status import status
from cms_ssg.errors import StoppedError
from cms_ssg.publish.folder import FolderTarget
from cms_ssg.reporting.progress import Reporter
from cms_ssg.workers.worker import _StoppingReporter
from tests.engine.siteonpage import SiteOnPage, database

HOOKS = """
from cms_ssg.hooks import hook
@hook
def build_after(build):
    with open("ended", "a") as file: file.write(build.status + "\\n")
"""
WEBHOOK = '\n[[webhooks]]\nurl = "http://127.0.0.1:9/"\nsecret_env = "SECRET_OF_RECEIVER"\n'


def test_build_that_is_told_to_end_is_stopped_and_not_killed_or_failed(
    site: SiteOnPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_RECEIVER", "whsec_" + "a" * 32)
    site.write_file("hooks.py", HOOKS.replace('"ended"', repr(str(tmp_path / "ended"))))
    with (site.root / "site.toml").open("a") as file:
        file.write(WEBHOOK)
    site.edit("content/posts/a.md", "title: First", "title: Other")
    ending = threading.Event()
    ending.set()
    with database(site.url):
        with pytest.raises(StoppedError):
            build(site.root, site.options, _StoppingReporter(Reporter(), ending))
        assert (status(site.root).last_build or {})["status"] == "stopped"
        with monkeypatch.context() as patch:
            patch.setattr(FolderTarget, "write_many", interrupt)
            with pytest.raises(KeyboardInterrupt):
                build(site.root, site.options)
        assert (status(site.root).last_build or {})["status"] == "stopped"
        assert site.query("SELECT id FROM cms.deliveries WHERE event = 'build.failed'") == []
    site.build()
    assert (tmp_path / "ended").read_text().split() == ["stopped", "stopped", "done"]
    site.assert_clean()


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt
