"""A vertical is five places: without them everything else is collected, and what might have known of it passes.

The blog stays: its types post and author are what news extends and what most tests of the core write, and it is what a site has that names no vertical.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cms_ssg.files.bundled import folder

ROOT = Path(__file__).parents[1]
VERTICALS = sorted(path.parent.name for path in (folder("verticals")).glob("*/__init__.py"))
PLACES = ("cms_ssg/verticals", "sql", "content_schema", "themes/base/templates", "tests/verticals")
CURIOUS = (
    "tests/api/test_walk.py", "tests/cli/test_commands.py", "tests/store/test_dump.py", "tests/store/test_migrate.py", "tests/test_house.py",
    "tests/render/test_theme_check.py", "tests/render/test_strings.py",
)  # fmt: skip
"""Tests that look at all features that are there."""


def own_places(name: str) -> list[str]:
    return [f"{place}/{name}" for place in PLACES]


def test_nothing_outside_of_a_vertical_imports_it() -> None:
    wanted = re.compile(r"(?:cms_ssg|tests)\.verticals\.(\w+)")
    found = []
    for file in [*(ROOT / "cms_ssg").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]:
        at, text = file.relative_to(ROOT).as_posix(), file.read_text("utf-8")
        if ".verticals." not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            named = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            named += [one.name for one in node.names] if isinstance(node, ast.Import) else []
            named += [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) and ":" in node.value else []
            others = {match[1] for one in named if (match := wanted.match(one))} & {*VERTICALS} - {"blog"}
            found += [f"{at} knows {name}" for name in others if not at.startswith(tuple(f"{place}/" for place in own_places(name)))]
    assert found == []


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in VERTICALS if name != "blog"])
def test_a_vertical_is_deleted_with_its_five_places(name: str, tmp_path: Path) -> None:
    copy = tmp_path / "checkout"
    shown = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for file in filter(None, shown.split("\0")):
        if (ROOT / file).is_file():
            (copy / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, copy / file)
    for place in own_places(name):
        shutil.rmtree(copy / place, ignore_errors=True)
    environ = {**os.environ, "PYTHONPATH": str(copy)}

    def run(*words: str) -> str:
        done = subprocess.run([sys.executable, *words], cwd=copy, env=environ, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
        return done.stdout

    subprocess.run(["git", "init", "-q"], cwd=copy, check=True)
    assert run("-c", "import cms_ssg; print(cms_ssg.__file__)").startswith(str(copy))
    run("scripts/dump_schema.py")
    run("scripts/cli_docs.py")
    run("-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider")
    # what only the installed package shows, and a slow walk, are left to the checkout
    run("-m", "pytest", "-q", "-p", "no:cacheprovider", *(file for file in CURIOUS if (copy / file).exists()))
