"""The tour of the README, each command as it stands there, and what its comments say comes out."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = ("make", "cd", "cms serve", "cms db stop")
"""They set up, change folder or do not end; test_setup, test_packaging and test_commands run them."""


def test_tour_does_what_its_comments_say(tmp_path: Path, db_url: str) -> None:
    tour = (ROOT / "README.md").read_text("utf-8").partition("## Ten minutes")[2].partition("## The flow")[0]
    lines = [line for block in re.findall(r"```\n(.*?)```", tour, re.DOTALL) for line in block.splitlines()]
    environ = {**os.environ, "CMS_DATABASE_URL": db_url}
    folder, said = tmp_path / "checkout", ""
    folder.mkdir()
    ran = []
    for line in lines:
        command, _, comment = (part.strip() for part in line.partition("# "))
        if command.startswith(LEFT_OUT):
            continue
        ran.append(command)
        words = [sys.executable, "-m", "cms_ssg", *shlex.split(command)[1:]]
        done = subprocess.run(words, cwd=folder, env=environ, capture_output=True, text=True)
        said = done.stdout
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        for promise in re.findall(
            r"^[\w/.-]+: a new draft|this edit touches \d+ pages|\d+ pages rendered, \d+ written to build|\d+ pages verified: [\w ]+|no problems",
            comment,
        ):
            assert promise in said, f"{command}\n{said}"
        if command.startswith("cms init"):
            folder = (folder / shlex.split(command)[-1]).resolve()
    assert len(ran) > 8
    assert "http://localhost:8000/" in tour
