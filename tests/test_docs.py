"""The pages say what the code does: each error code, each link between pages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from cms_ssg.cli.main import cms
from tests.whole import GONE, describes_all

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
CODE = re.compile(r"[a-z]+\.[a-z][a-z-]*")
RAISES = {"Problem", "Refused", "bad_facts", "fail"}
"""What makes an error: the code is the first argument."""


def list_code_words(module: ast.Module) -> Iterator[str]:
    """Texts that name an error, wherever the module makes one; a code that is chosen first stands in the same module."""
    families = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""
            if name in RAISES and (CODE.fullmatch(node.args[0].value) or node.args[0].value == "internal"):
                families.add(node.args[0].value.partition(".")[0])
                yield node.args[0].value
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
            family, _, rest = node.value.partition(".")
            if family in families and rest not in ("py", "toml"):
                yield node.value


def list_codes() -> set[str]:
    parsed = [ast.parse(path.read_text("utf-8")) for path in sorted((ROOT / "cms_ssg").rglob("*.py"))]
    return {code for module in parsed for code in list_code_words(module)}


def test_every_error_code_has_a_line_that_says_what_to_do_and_no_line_is_left_over() -> None:
    page = (ROOT / "docs/errors.md").read_text("utf-8")
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    documented = [code for row in rows for code in re.findall(r"`([a-z]+(?:\.[a-z-]+)?)`", row[0])]
    assert len(documented) == len(set(documented))
    assert all(len(row) == 3 and len(row[1]) > 10 and len(row[2]) > 5 for row in rows)
    codes = list_codes()
    assert len(codes) > 100
    assert codes - set(documented) == set()
    assert GONE or set(documented) - codes == set()


def test_commands_in_guides_exist_with_their_options_and_workflows_are_yaml() -> None:
    guides = [ROOT / "docs/ci.md", *sorted((ROOT / "docs").glob("deploy-*.md"))]
    assert len(guides) == 4
    for guide in guides:
        blocks = re.findall(r"```(\w+)\n(.*?)```", guide.read_text("utf-8"), re.DOTALL)
        assert all(yaml.safe_load(text) for form, text in blocks if form == "yaml")
        lines = [line for form, text in blocks for line in text.splitlines() if form in ("yaml", "text")]
        found = [words for line in lines for words in re.findall(r"(?:^|run: |- |&& )(cms [a-z][^#>&|]*)", line)]
        assert found, guide
        for words in found:
            parse_command(words.split()[1:])


def parse_command(words: list[str]) -> None:
    """Read a command line as cms would, without running it. Raises click.UsageError where it would be refused."""
    command: click.Command = cms
    context = click.Context(cms, info_name="cms")
    while isinstance(command, click.Group):
        name, command, words = command.resolve_command(context, words)  # type: ignore[assignment]
        assert command is not None, name
        context = click.Context(command, parent=context, info_name=name)
    command.parse_args(context, words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        found = page.parent / name if name else page
        assert found.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", found.read_text("utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}, target


@describes_all
def test_requirements_name_tables_and_tests_that_are_there() -> None:
    page = (ROOT / "docs/requirements.md").read_text("utf-8")
    sql = "".join(path.read_text("utf-8") for path in (ROOT / "sql").glob("*/*.sql"))
    for name in re.findall(r"`cms\.([a-z_]+)`", page):
        assert re.search(rf"(TABLE|VIEW)\s+cms\.{name}\b", sql), name
    for name in re.findall(r"`((?:tests|sql|cms_ssg)/[\w/.]*)`", page):
        assert (ROOT / name).exists(), name
