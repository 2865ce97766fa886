"""A small real site with a database of its own, and a way to run cms on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cms_ssg.cli.main import run as run_cms
from tests.engine.siteonpage import wipe

SITE = """title = "T"
base_url = "https://a.org"
[[menus.main]]
title = "About"
url = "/about/"
"""


@pytest.fixture
def db_url(engine_urls: tuple[str, str]) -> str:
    """Conninfo of this process's database, emptied."""
    wipe(engine_urls[0])
    return engine_urls[0]


@pytest.fixture
def site(tmp_path: Path, db_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = {
        "site.toml": SITE,
        "content/posts/flood.md": "---\ntitle: Flood\ndate: 2025-03-01\ntags: [water]\n---\nWater.\n",
        "content/posts/later.md": "---\ntitle: Later\ndate: 2025-04-01\npublish_at: 2999-01-01\n---\nSoon.\n",
        "content/pages/about.md": "# About\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setenv("CMS_DATABASE_URL", db_url)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cms(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, Any, str]]:
    """Runs cms with --json and gives (exit code, result, stderr)."""

    def call(*args: str) -> tuple[int, Any, str]:
        capsys.readouterr()
        code = run_cms([*args, "--json"])
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out else None, said.err

    return call


Cms = Callable[..., tuple[int, Any, str]]
