"""docs/extending.md shows a vertical step by step: its code works as it stands there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from cms_ssg.cli.main import run

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"(?:#|--|\{#) (\S+)(, at its end)?(?: #\})?\n")


def write_steps(page: str, folder: Path) -> list[str]:
    """Write every code block that begins with the name of a file into the package, as the page says. Returns the names."""
    steps = page[page.index("## A vertical step by step") : page.index("## More for verticals")]
    written = []
    for form, text in re.findall(r"```(\w+)\n(.*?)```", steps, re.DOTALL):
        if form == "json":
            schema = folder / "cms_recipes/content_schema/recipes.json"
            value = json.loads(schema.read_text("utf-8"))
            value["properties"] |= json.loads("{" + text + "}")
            schema.write_text(json.dumps(value), "utf-8")
        elif named := NAMED.match(text):
            file = folder / named[1]
            file.parent.mkdir(exist_ok=True)
            with file.open("a" if named[2] else "w", encoding="utf-8") as stream:
                stream.write("\n\n" * bool(named[2]) + text[named.end() :])
            written.append(named[1])
    return written


def test_the_vertical_of_the_page_works(tmp_path: Path, db_url: str) -> None:
    assert run(["-C", str(tmp_path), "new", "vertical", "recipes"]) == 0
    folder = tmp_path / "cms-recipes"
    written = write_steps((ROOT / "docs/extending.md").read_text("utf-8"), folder)
    assert len(written) == len(set(written)) == 12
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "TEST_DATABASE_URL": db_url}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-5000:]
    assert "2 passed" in done.stdout
    installed = folder / "cms_recipes-0.1.0.dist-info"  # as pip leaves it
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: cms-recipes\nVersion: 0.1.0\n", "utf-8")
    (installed / "entry_points.txt").write_text("[cms_ssg.verticals]\nrecipes = cms_recipes:VERTICAL\n", "utf-8")
    command = [sys.executable, "-m", "cms_ssg", "recipes", "approve", "--help"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert "Publish a report" in done.stdout, done.stderr
