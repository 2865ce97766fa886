"""What docs/requirements.md names exists: tests, files, commands, routes, tables, columns, indexes, functions and settings."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import click

from cms_ssg.cli.main import cms
from tests.whole import describes_all

pytestmark = describes_all
ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs/requirements.md").read_text("utf-8")
PATHS = ("tests/", "sql/", "cms_ssg/", "scripts/", "docs/")
THEIRS = {  # names of the document that are said to be absent here, or words that are no names
    "customer_id", "author_name", "rating_avg", "user_id", "excerpt^2", "title^3", "KEYS", "NOW()",
}  # fmt: skip


def list_here() -> list[tuple[str, str]]:
    """(row, name) of each name that stands behind the first column of a table, which is the document's, or outside tables."""
    found = []
    for line in TEXT.splitlines():
        cells = line.strip("|").split(" | ")
        told = " | ".join(cells[1:]) if line.startswith("|") else line
        found += [(cells[0].strip(), name) for name in re.findall(r"`([^`]+)`", told)]
    return found


@cache
def read_code() -> str:
    """Everything where a name of a table, a column, a function or a setting can be."""
    files = [
        *(ROOT / "sql").rglob("*.sql"),
        *(ROOT / "cms_ssg").rglob("*.py"),
        *(ROOT / "cms_ssg").rglob("*.json"),
        *(ROOT / "content_schema").rglob("*.json"),
    ]
    return "\n".join(path.read_text("utf-8") for path in files)


def find_command(words: list[str]) -> bool:
    """Whether there is a command of these words; the rest may be options of it."""
    command: click.Command = cms
    context = click.Context(cms)
    for word in words:
        if word.startswith("-"):
            return any(word in parameter.opts for parameter in command.params)
        if not isinstance(command, click.Group):
            return True
        found = command.get_command(context, word)
        if found is None:
            return False
        command = found
    return True


def test_tests_and_files_are_there_and_named_tests_hold_tests() -> None:
    named = {name.split()[0] for _, name in list_here() if name.startswith(PATHS)} | set(re.findall(r"\]\(([^)#]+\.md)", TEXT))
    missing = sorted(name for name in named if not (ROOT / name).exists() and not (ROOT / "docs" / name).exists())
    assert missing == []
    tests = [name for name in named if name.startswith("tests/")]
    assert len(tests) > 30
    assert [name for name in tests if "def test_" not in (ROOT / name).read_text("utf-8")] == []


def test_commands_are_there() -> None:
    named = sorted({name for _, name in list_here() if name.startswith("cms ")})
    assert len(named) > 8
    assert [name for name in named if not find_command(name.split()[1:])] == []


def test_names_are_there() -> None:
    missing = []
    for row, name in list_here():
        if name.startswith((*PATHS, "cms ")) or name in THEIRS or f"`{name}`" in row or not re.search("[a-z]{3}", name):
            continue
        word = name.removesuffix("…)").removesuffix("(").removesuffix("()").rpartition(" ")[2].removeprefix("cms.")
        if word.strip("[]").rpartition(".")[2].partition("=")[0] not in read_code():
            missing.append((row, name))
    assert missing == []


def test_tables_and_views_are_in_the_schema() -> None:
    tables = set(re.findall(r"CREATE (?:UNLOGGED |OR REPLACE )?(?:TABLE|VIEW|MATERIALIZED VIEW) cms\.(\w+)", read_code()))
    assert sorted(set(re.findall(r"`cms\.(\w+)`", TEXT)) - tables) == []
