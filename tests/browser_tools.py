"""Tools from npm that look at pages: axe-core for accessibility, the Nu HTML checker, the schema of sitemaps. Installed once, kept beside the run's server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

PACKAGES = ("axe-core@4", "vnu-jar@24", "sitemap@8")
KEPT = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cms-tests-npm"


def install_tools() -> Path:
    """The folder with the packages; tests that need it are skipped where npm cannot fetch them."""
    folder = KEPT / "node_modules"
    if all((folder / name.rpartition("@")[0]).is_dir() for name in PACKAGES):
        return folder
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm is installed")
    KEPT.mkdir(parents=True, exist_ok=True)
    command = [npm, "install", "--prefix", str(KEPT), "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.skip(f"npm cannot fetch {', '.join(PACKAGES)}: {done.stderr[-200:]}")
    return folder


def list_violations(page: Any, tools: Path) -> list[str]:
    """What axe-core finds on an open page of playwright's: a line for each element."""
    page.evaluate((tools / "axe-core/axe.min.js").read_text("utf-8"))
    found = page.evaluate("async () => (await axe.run({resultTypes: ['violations']})).violations")
    return [f"{one['id']}: {node['html'][:150]} {node['failureSummary'][:200]}" for one in found for node in one["nodes"]]


def check_html(files: list[Path], tools: Path) -> list[str]:
    """Errors that the Nu HTML checker finds in files; skipped where there is no Java."""
    java = shutil.which("java")
    if java is None:
        pytest.skip("no Java is installed")
    jar = next((tools / "vnu-jar").rglob("vnu.jar"))
    command = [java, "-jar", str(jar), "--errors-only", "--format", "json", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    return [f"{one['url'].rpartition('/build/')[2]}:{one.get('lastLine')}: {one['message']}" for one in json.loads(done.stderr)["messages"]]
