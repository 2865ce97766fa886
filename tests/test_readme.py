"""The tour of the README, each command as it stands there, and what its comments say comes out: alone, and while `cms serve` builds every save."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CMS = [sys.executable, "-m", "cms_ssg"]
LEFT_OUT = ("make", "cd", "cms serve", "cms db stop")
"""They set up, change folder or do not end; test_setup, test_packaging and test_commands run them."""
PROMISE = re.compile(
    r"^[\w/.-]+: a new draft|^themes/[\w/.-]+|this edit touches \d+ pages|\d+ pages rendered, (?:\d+ images made, )?\d+ written to build"
    r"|\d+ pages verified: [\w ]+|no problems"
)
TOUR = (ROOT / "README.md").read_text("utf-8").partition("## Ten minutes")[2].partition("## The flow")[0]


def list_steps() -> Iterator[tuple[str, list[str]]]:
    """Each command of the tour that ends, with what its comment promises."""
    for block in re.findall(r"```\n(.*?)```", TOUR, re.DOTALL):
        for line in block.splitlines():
            command, _, comment = (part.strip() for part in line.partition("# "))
            if not command.startswith(LEFT_OUT):
                yield command, PROMISE.findall(comment)


def run(command: str, folder: Path, environ: dict[str, str]) -> str:
    done = subprocess.run([*CMS, *shlex.split(command)[1:]], cwd=folder, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    return done.stdout


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


@pytest.fixture
def environ(db_url: str) -> dict[str, str]:
    return {**os.environ, "CMS_DATABASE_URL": db_url}


def test_tour_does_what_its_comments_say(tmp_path: Path, environ: dict[str, str]) -> None:
    folder, steps = tmp_path / "checkout", list(list_steps())
    folder.mkdir()
    for command, promises in steps:
        said = run(command, folder, environ)
        for promise in promises:
            assert promise in said, f"{command}\n{said}"
        if command.startswith("cms init"):
            folder = (folder / shlex.split(command)[-1]).resolve()
    assert len(steps) > 9
    assert sum(len(promises) for _, promises in steps) > 6
    assert "http://localhost:8000/" in TOUR
    change(folder / "themes/base/templates/partials/card.html", "<", "<!-- own --><")
    assert "the template partials/card.html changed" in run("cms plan", folder, environ)


@pytest.mark.long
def test_tour_works_while_serve_builds_every_save(tmp_path: Path, environ: dict[str, str]) -> None:
    run("cms init mysite", tmp_path, environ)
    folder = tmp_path / "mysite"
    serve = subprocess.Popen([*CMS, "serve", "--port", "0"], cwd=folder, env=environ, stdout=subprocess.PIPE, text=True)
    assert serve.stdout is not None
    try:
        assert any(line.startswith("http://localhost:") for line in serve.stdout)
        first = True
        for command, promises in list_steps():
            if command.startswith("cms init") or (command == "cms build" and first):
                first &= command != "cms build"
                continue
            said = run(command, folder, environ)
            if command.startswith("cms publish"):
                assert any(re.search(r"\d+ pages rendered", line) for line in serve.stdout)
            elif command in ("cms plan", "cms build"):
                assert said.startswith("nothing to do")
            else:
                assert all(promise in said for promise in promises), f"{command}\n{said}"
        change(folder / "themes/base/templates/partials/card.html", "<", "<!-- own --><")
        assert any("pages rendered" in line for line in serve.stdout)
        assert "<!-- own -->" in (folder / "build/index.html").read_text()
        assert run("cms plan", folder, environ).startswith("nothing to do")
    finally:
        serve.kill()
        serve.communicate(timeout=20)
