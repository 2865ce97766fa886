"""A vertical is five places: nothing outside of them imports it, so it can be deleted with them.

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
from tests.whole import GONE, describes_all

ROOT = Path(__file__).parents[1]
VERTICALS = sorted(path.parent.name for path in (folder("verticals")).glob("*/__init__.py"))
PLACES = ("cms_ssg/verticals", "sql", "content_schema", "themes/base/templates", "tests/verticals")

DELETABLE = sorted({*VERTICALS, "events"} - {"blog", *GONE})
IMPORT_ALL = """
import importlib, pathlib
for file in sorted(pathlib.Path("cms_ssg").rglob("*.py")):
    importlib.import_module(".".join(file.with_suffix("").parts).removesuffix(".__init__"))
assert pathlib.Path(importlib.import_module("cms_ssg").__file__).is_relative_to(pathlib.Path.cwd())
"""
TELLING = ("tests/test_house.py", "tests/test_docs.py", "tests/test_requirements.py", "tests/test_deletion.py", "tests/store/test_statements.py",
           "tests/cli/test_commands.py", "tests/api/test_routes.py", "tests/api/test_walk.py", "tests/entries/test_derived_as_files.py")  # fmt: skip
"""Tests that look at all of the package at once, and the blog's starter."""


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


def run(checkout: Path, *command: str) -> None:
    environ = {**os.environ, "PYTHONPATH": str(checkout)}
    done = subprocess.run([sys.executable, *command], cwd=checkout, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]


def copy_without(names: list[str], checkout: Path) -> None:
    """The files of this checkout as a repository of its own, less the places of verticals."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    places = tuple(f"{place}/" for name in names for place in own_places(name))
    for name in listed.stdout.split("\0"):
        if name and not name.startswith(places) and (ROOT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, checkout / name, follow_symlinks=False)
    subprocess.run(["git", "init", "--quiet", "."], cwd=checkout, check=True)
    subprocess.run(["git", "add", "--all"], cwd=checkout, check=True)


@describes_all
def test_the_blog_stands_when_all_others_are_deleted(tmp_path: Path) -> None:
    copy_without(DELETABLE, tmp_path)
    run(tmp_path, "-c", IMPORT_ALL)
    run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_docs.py", "tests/entries/test_derived_as_files.py")


@describes_all
@pytest.mark.long
@pytest.mark.parametrize("name", DELETABLE)
def test_the_others_stand_when_one_is_deleted(name: str, tmp_path: Path) -> None:
    copy_without([name], tmp_path)
    run(tmp_path, "-c", IMPORT_ALL)
    run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "long or not long", "--collect-only")
    run(tmp_path, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")
    run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TELLING)
    run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2")
