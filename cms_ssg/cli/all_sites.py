"""``cms build --all-sites``: every site below a folder, several at once, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from cms_ssg.cli.call import DONE, FAILED, PARTIAL, Call
from cms_ssg.cli.output import make_table
from cms_ssg.errors import UsageError
from cms_ssg.types import Problem

DEEPEST: Final = 3
"""Folders below the one that is named in which a site is looked for."""


def find_sites(folder: Path) -> list[Path]:
    """Folders with a site.toml at or below folder, in the order of their names. What lies in a site is none of its own."""
    found: list[Path] = []

    def look(place: Path, depth: int) -> None:
        if (place / "site.toml").is_file():
            found.append(place)
        elif depth < DEEPEST:
            for inner in sorted(
                path for path in place.iterdir() if path.is_dir() and not path.is_symlink() and not path.name.startswith(".")
            ):
                look(inner, depth + 1)

    look(folder, 0)
    return found


def build_all(call: Call, jobs: int, options: Sequence[str]) -> int:
    """Build every site below the folder of -C, or this one. jobs: processes in all, 0 for as many as there are cores; options: of each build."""
    folder = Path(call.folder or os.curdir).resolve()
    sites = find_sites(folder)
    if not sites:
        raise UsageError(Problem("cli.no-sites", "", 0, f"there is no site in {folder}", "-C takes the folder that the sites are in."))
    cores = jobs or os.cpu_count() or 1
    at_once = min(cores, len(sites))
    each = [*options, "--jobs", str(max(1, cores // at_once)), *(["--env", call.env] if call.env else [])]
    with ThreadPoolExecutor(at_once) as pool:
        results = list(pool.map(lambda site: _build_one(call, folder, site, each), sites))
    rows = [[one["site"], one["said"]] for one in results]
    call.output.result({"sites": results}, make_table(rows))
    codes = [one["code"] for one in results]
    return DONE if not any(codes) else PARTIAL if all(code in (DONE, PARTIAL) for code in codes) else FAILED


def _build_one(call: Call, folder: Path, site: Path, options: Sequence[str]) -> dict[str, Any]:
    """Build one site. What it says goes to stderr with the site's name before each line."""
    name = site.relative_to(folder).as_posix()
    command = [sys.executable, "-m", "cms_ssg", "-C", str(site), "build", *options]
    ended = subprocess.run([*command, "--json"], capture_output=True, text=True, encoding="utf-8", errors="replace", check=False)
    for line in ended.stderr.splitlines():
        call.output.note(f"{name}: {line}")
    try:
        result = json.loads(ended.stdout)
    except ValueError:
        result = None
    return {"site": name, "code": ended.returncode, "said": _describe(result, ended.returncode), "result": result}


def _describe(result: Any, code: int) -> str:
    from cms_ssg.text.counting import count

    if not isinstance(result, dict) or "rendered" not in result:
        return f"failed, exit {code}"
    said = f"{count(result['rendered'], 'page')} rendered, {result['written']:,} written" if result["rendered"] else "nothing to do"
    return (
        said
        + (f", {count(result['removed'], 'page')} removed" if result.get("removed") else "")
        + ("" if code == DONE else f"; exit {code}")
    )
