"""A vertical is five places: nothing outside of them imports it, so it can be deleted with them.

The blog stays: its types post and author are what news extends and what most tests of the core write, and it is what a site has that names no vertical.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from cms_ssg.files.bundled import folder

ROOT = Path(__file__).parents[1]
VERTICALS = sorted(path.parent.name for path in (folder("verticals")).glob("*/__init__.py"))
PLACES = ("cms_ssg/verticals", "sql", "content_schema", "themes/base/templates", "tests/verticals")


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
