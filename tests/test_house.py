"""The house rules that no other tool keeps: short files, names that say something, no traces of a workplace."""

from __future__ import annotations

import ast
import re
import subprocess
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
MOST_LINES = 400
MOST_AT_THE_TOP = 9
MOST_PARAMETERS = 7
VAGUE_NAMES = {"base", "common", "helper", "helpers", "manager", "misc", "service", "tools", "util", "utils"}
VAGUE_VERBS = ("do_", "get_", "handle_", "manage_", "process_")
LIBRARY_HOOKS = re.compile(
    r"_get_default_module|do_[A-Z]+|get_command|get_source|handle_(starttag|endtag|data|startendtag|comment|error|one_request)|process_request(_thread)?"
)
"""Methods whose names a library prescribes."""
BINARY = {".gif", ".ico", ".jpg", ".pdf", ".png", ".svgz", ".webp", ".woff2"}


def list_files() -> list[Path]:
    """Files that are in the repository or about to be."""
    shown = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    if shown.returncode:
        pytest.skip("not a git checkout")
    return [path for name in shown.stdout.split("\0") if name and (path := ROOT / name).is_file()]


FILES = list_files()
MODULES = [path for path in FILES if path.suffix == ".py"]
PRODUCT = [path for path in MODULES if path.is_relative_to(ROOT / "cms_ssg")]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_every_module_is_short_enough_to_be_read_at_once() -> None:
    lengths = {named(path): len(path.read_bytes().splitlines()) for path in MODULES}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


def test_the_top_of_the_package_is_seen_at_a_glance() -> None:
    assert len([path for path in PRODUCT if path.parent == ROOT / "cms_ssg"]) <= MOST_AT_THE_TOP, "the others belong in a room"


def test_no_module_or_folder_has_a_name_that_says_nothing() -> None:
    assert [named(path) for path in PRODUCT if {path.stem, *path.relative_to(ROOT).parent.parts} & VAGUE_NAMES] == []


def test_every_module_says_what_it_is_for() -> None:
    assert [named(path) for path in MODULES if not ast.get_docstring(ast.parse(path.read_text("utf-8")))] == []


def test_no_function_has_a_verb_that_says_nothing() -> None:
    found = [
        f"{named(path)}:{node.lineno} {node.name}"
        for path in PRODUCT
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.lstrip("_").startswith(VAGUE_VERBS)
        and not LIBRARY_HOOKS.fullmatch(node.name)
    ]
    assert found == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports inside functions count. Those that only a type checker follows do not: a value and the role that speaks of it may name each other."""
    graph = grimp.build_graph("cms_ssg", exclude_type_checking_imports=True, cache_dir=None)
    imported = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    circle: list[str] = []
    try:
        TopologicalSorter(imported).prepare()
    except CycleError as error:
        circle = error.args[1]
    assert " imported by ".join(circle) == ""


def test_no_function_has_more_parameters_than_a_reader_remembers() -> None:
    """Commands are left out: each option is a parameter there."""
    found = []
    for path in PRODUCT:
        if path.is_relative_to(ROOT / "cms_ssg" / "cli") or path.stem == "commands":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names = [
                    one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs) if one.arg not in ("self", "cls")
                ]
                if len(names) > MOST_PARAMETERS:
                    found.append(f"{named(path)}:{node.lineno} {node.name}: {len(names)}")
    assert found == []


def test_no_room_compares_the_name_of_a_kind_of_outputs() -> None:
    rooms = {"build.py", "diagnostics", "edge", "engine", "plan", "preview", "publish", "releases", "render", "store"}
    compared = re.compile(
        r"""(?:\w\.kind|get\("kind"\)|\["kind"\]) (?:==|!=) "(?:asset|entry|file|home|image|redirect)"|"""
        r"""(?:spec ->> 'kind'|\bo?\.?kind) (?:=|<>|IN|NOT IN) \(?'(?:archive|asset|entry|fallback|feed|file|home|image|list|redirect|search)'"""
    )
    texts = {named(path): path.read_text("utf-8") for path in PRODUCT if path.relative_to(ROOT / "cms_ssg").parts[0] in rooms}
    assert [name for name, text in texts.items() if compared.search(text)] == [], "ask for a field of OutputKind, such as its role"


def test_nothing_is_left_open() -> None:
    marks = re.compile("|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error"]))
    found = [
        f"{named(path)}:{number} {line.strip()[:80]}"
        for path in MODULES
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if marks.search(line)
    ]
    assert found == []


def test_no_test_stands_in_for_what_it_tests() -> None:
    mocks = re.compile("|".join(["mock" + r"\.", "Magic" + "Mock", "assert " + r"True\b"]))
    found = [named(path) for path in MODULES if not path.is_relative_to(ROOT / "cms_ssg") and mocks.search(path.read_text("utf-8"))]
    assert found == []


def test_no_file_names_a_place_of_one_machine() -> None:
    places = [
        "/wo" + "rk/",
        "/fa" + "rm/",
        "/ho" + "me/",
        "/Us" + "ers/",
        "/ro" + "ot/",
        ".libr" + "ary",
        "bash" + "_jobs",
        "/opt/py" + "pi",
    ]
    pattern = re.compile(r"(?<![\w.>}/-])(" + "|".join(map(re.escape, places)) + r")\w")
    found = [
        f"{named(path)}:{number} {line.strip()[:80]}"
        for path in FILES
        if path.suffix not in BINARY and not path.is_relative_to(ROOT / "tests" / "data")
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def test_only_the_default_package_index_is_named() -> None:
    hosts = re.compile(r"https?://([\w.-]*(?:pypi|pythonhosted|npmjs|registry)[\w.-]*)")
    found = {
        host for path in FILES if path.suffix in {".py", ".toml", ".cfg", ""} for host in hosts.findall(path.read_text("utf-8", "replace"))
    }
    assert found <= {"pypi.org"}
