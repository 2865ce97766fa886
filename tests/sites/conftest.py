"""Two existing repositories of Markdown, each with nothing but its site.toml added, built once for all tests of a file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import make_conninfo

from cms_ssg.store.connect import connect

HERE = Path(__file__).parent
EXCERPTS = HERE.parent / "data"
WHOLE = "REAL_SITES"
"""Names the folder with the whole repositories, for the long tests. It must not begin with CMS_: those are the settings of a site."""

FOLDERS = {"rust-blog": "news-rust-blog", "nodejs": "site-nodejs/apps/site"}


@dataclass
class RealSite:
    """A repository after ``cms build`` and ``cms check``. folder: it, with site.toml; built: what the build said."""

    folder: Path
    built: dict[str, Any]
    problems: list[dict[str, Any]]

    def page(self, path: str) -> str:
        """The text of the file that a server gives for a path."""
        file = self.folder / "build" / path.strip("/")
        return (file / "index.html" if file.is_dir() or not file.suffix else file).read_text("utf-8")

    def has(self, path: str) -> bool:
        file = self.folder / "build" / path.strip("/")
        return file.is_file() or (file / "index.html").is_file()

    @cached_property
    def files(self) -> list[Path]:
        """Its content files, with paths from its root."""
        root = self.folder
        found = (path for folder in ("content", "pages") for path in (root / folder).rglob("*") if path.suffix in (".md", ".mdx"))
        return sorted(path.relative_to(root) for path in found)

    def text(self, file: Path) -> str:
        return (self.folder / file).read_text("utf-8")


def _run(site: Path, *command: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-m", "cms_ssg", "-C", str(site), *command, "--json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def _build(name: str, source: Path, target: Path, server_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[RealSite]:
    database = f"real_{os.getpid()}_{name.replace('-', '_')}"
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("build", ".cms", ".git"))
    for path in [target, *target.rglob("*")]:
        path.chmod(path.stat().st_mode | 0o200)
    shutil.copy(HERE / name / "site.toml", target)
    with connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {database} TEMPLATE template_cms STRATEGY file_copy")
    monkeypatch.setenv("CMS_DATABASE_URL", make_conninfo(server_url, dbname=database))
    built = _run(target, "build", "--now", "2026-11-01T12:00:00Z")
    yield RealSite(target, built, _run(target, "check")["problems"])
    with connect(server_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")


def _source(name: str, size: str) -> Path:
    if size == "excerpt":
        return EXCERPTS / name
    if WHOLE not in os.environ:
        pytest.skip(f"{WHOLE} names no folder with {FOLDERS[name]}")
    return Path(os.environ[WHOLE], FOLDERS[name])


SIZES = ["excerpt", pytest.param("whole", marks=pytest.mark.long)]


@pytest.fixture(scope="module", params=SIZES)
def rust_blog(request: pytest.FixtureRequest, server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSite]:
    """The Rust blog."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("rust-blog") / "site"
        yield from _build("rust-blog", _source("rust-blog", request.param), folder, server_url, patch)


@pytest.fixture(scope="module", params=SIZES)
def nodejs(request: pytest.FixtureRequest, server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSite]:
    """The website of Node.js."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("nodejs") / "site"
        yield from _build("nodejs", _source("nodejs", request.param), folder, server_url, patch)
