"""`cms new vertical` writes a feature that works as it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cms_ssg.authoring.new_vertical import new_vertical
from cms_ssg.cli.main import run
from cms_ssg.errors import CmsError

ROOT = Path(__file__).parents[2]


def test_a_new_verticals_own_test_passes(tmp_path: Path, db_url: str) -> None:
    assert run(["-C", str(tmp_path), "new", "vertical", "recipes"]) == 0
    folder = tmp_path / "cms-recipes"
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "TEST_DATABASE_URL": db_url}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "1 passed" in done.stdout


@pytest.mark.parametrize("name", ["", "blog", "Recipes", "a-b", "class", "../x", "x" * 40])
def test_a_name_that_cannot_be_one_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CmsError) as caught:
        new_vertical(name, tmp_path)
    assert caught.value.problems[0].code == "cli.vertical-name"
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_not_written_over(tmp_path: Path) -> None:
    new_vertical("recipes", tmp_path)
    with pytest.raises(CmsError) as caught:
        new_vertical("recipes", tmp_path)
    assert caught.value.problems[0].code == "authoring.exists"
