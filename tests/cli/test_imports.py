"""What a command need not do it does not import: starting counts in every build."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN = "import sys; from cms_ssg.cli.main import run; code = run(sys.argv[1:]); print('IMPORTED', *sys.modules, file=sys.stderr); sys.exit(code)"
TO_RENDER = {"jinja2", "markupsafe", "markdown_it", "mdit_py_plugins", "pygments", "nh3", "cms_ssg.render.output", "cms_ssg.render.page"}
TO_READ = {"markdown_it", "yaml", "cms_ssg.content.read", "cms_ssg.content.frontmatter.parse"}
NEVER = {
    "pydantic",
    "boto3",
    "botocore",
    "brotli",
    "PIL",
    "redis",
    "meilisearch",
    "fastapi",
    "starlette",
    "uvicorn",
    "psycopg_pool",
    "rapidfuzz",
    "cms_ssg.api",
    "cms_ssg.cache",
    "watchdog",
    "http.server",
    "ruamel",
    "tomlkit",
    "multiprocessing",
    "pluggy",
    "cms_ssg.hooks",
    "cms_ssg.events.webhooks",
    "urllib.request",
    "http.client",
    "cms_ssg.engine.purging",
    "cms_ssg.engine.freshness",
    "cms_ssg.publish.cdn",
    "cms_ssg.preview",
    "cms_ssg.engine.expired_previews",
    "cms_ssg.store.previews",
    "procrastinate",
    "cms_ssg.engine.share",
    "cms_ssg.engine.shards",
    "cms_ssg.store.shards",
    "cms_ssg.store.jobs",
}


def run_build(site: Path, db_url: str, command: str = "build") -> set[str]:
    """Modules that were imported when ``cms build``, or another command, ended in a process of its own."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "CMS_DATABASE_URL": db_url}
    done = subprocess.run([sys.executable, "-c", RUN, command, "-C", str(site)], env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.partition("IMPORTED")[2].split())


@pytest.fixture
def built(tmp_path: Path, db_url: str) -> Path:
    """A small site that was built."""
    (tmp_path / "content/posts").mkdir(parents=True)
    (tmp_path / "site.toml").write_text('title = "T"\n')
    (tmp_path / "content/posts/flood.md").write_text("---\ntitle: Flood\ndate: 2025-03-01\n---\nWater.\n")
    imported = run_build(tmp_path, db_url)
    assert imported >= {"jinja2", "cms_ssg.render.output", "cms_ssg.content.read"}, "what is looked for below is known by these names"
    return tmp_path


def test_build_that_changes_nothing_imports_neither_what_reads_nor_what_renders(built: Path, db_url: str) -> None:
    assert not run_build(built, db_url) & (TO_RENDER | TO_READ | NEVER)


def test_build_that_only_removes_a_file_imports_nothing_that_renders(built: Path, db_url: str) -> None:
    (built / "static").mkdir()
    (built / "static/a.txt").write_text("a")
    run_build(built, db_url)
    (built / "static/a.txt").unlink()
    assert not run_build(built, db_url) & (TO_RENDER | NEVER)


def test_build_of_one_edit_imports_nothing_it_has_no_use_for(built: Path, db_url: str) -> None:
    (built / "content/posts/flood.md").write_text("---\ntitle: Flood\ndate: 2025-03-01\n---\nMore water.\n")
    assert not run_build(built, db_url) & NEVER


def test_build_of_an_edit_with_search_imports_nothing_of_the_api(built: Path, db_url: str) -> None:
    (built / "site.toml").write_text('title = "T"\n[search]\n')
    run_build(built, db_url)
    (built / "content/posts/flood.md").write_text("---\ntitle: Flood\ndate: 2025-03-01\n---\nMost water.\n")
    imported = run_build(built, db_url)
    assert "cms_ssg.search.documents" in imported
    assert not imported & NEVER


def test_build_without_search_imports_nothing_of_it(built: Path, db_url: str) -> None:
    (built / "content/posts/flood.md").write_text("---\ntitle: Flood\ndate: 2025-03-01\n---\nNew water.\n")
    assert not {name for name in run_build(built, db_url) if name.startswith("cms_ssg.search")}
