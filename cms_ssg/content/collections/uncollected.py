"""Markdown files of a site's folder that belong to no collection, so that nothing is made of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Final

from cms_ssg.content.collections.rules import MARKDOWN_SUFFIXES, Rules, below, find_collection
from cms_ssg.content.scan.file_names import is_ignored, show_path
from cms_ssg.files.globs import matches_any
from cms_ssg.types import Problem

OTHER_FOLDERS: Final = frozenset(["themes", "data", "i18n", "content_schema", "static", "node_modules", "vendor", "venv"])
"""Folders at the top that hold no content by the names that a site gives them, or other people's files."""

ABOUT_THE_REPOSITORY: Final = re.compile(r"[A-Z][A-Z0-9_-]+\.[A-Za-z]+")
"""README.md, CONTRIBUTING.md, LICENSE.md: for those who look at the repository."""

NAMED: Final = 3


def find_uncollected(root: str, rules: Rules, target: str) -> Problem | None:
    """A warning that names how many there are and the first ones, None for none. target: the output folder, relative to the site."""
    files = sorted(file for file in _list_markdown(root, target) if _is_nobodys(rules, file))
    if not files:
        return None
    return _make_problem(files)


def find_uncollected_folders(root: str, rules: Rules) -> Problem | None:
    """The same for folders of content/ that no collection has a part of: so little is looked at that every build can ask."""
    try:
        names = [entry.name for entry in os.scandir(os.path.join(root, "content")) if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return None
    folders = [f"content/{name}" for name in sorted(names) if not is_ignored(name)]
    strange = [folder for folder in folders if not any(_touches(rule.path.strip("/"), folder) for rule in rules.collections)]
    files = sorted(f"{folder}/{file}" for folder in strange for file in _list_markdown(os.path.join(root, folder), ""))
    return _make_problem(files) if files else None


def _touches(one: str, other: str) -> bool:
    """Whether one folder is the other, or lies in it."""
    return one in ("", ".") or f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def _make_problem(files: list[str]) -> Problem:
    named = ", ".join(map(show_path, files[:NAMED])) + (" …" if len(files) > NAMED else "")
    several = len(files) > 1
    many = f"{len(files):,} Markdown files belong" if several else "a Markdown file belongs"
    parts = files[0].split("/")[:-1]
    folder = "/".join(parts[:2] if parts[:1] == ["content"] else parts[:1]) or "."
    name = re.sub(r"[^a-z0-9]+", "-", folder.rpartition("/")[2].lower()).strip("-") or "pages"
    hint = (
        f'A collection says what they are: [[collection]] with name = "{name}", path = "{folder}", type = "page". '
        'Those that are none of the site\'s: exclude = ["**"] in a collection with that path.'
    )
    return Problem(
        "settings.uncollected",
        "site.toml",
        0,
        f"{many} to no collection, so nothing is made of {'them' if several else 'it'}: {named}",
        hint,
        "warning",
    )


def _list_markdown(root: str, target: str) -> Iterator[str]:
    """Markdown files below a folder, without links, hidden folders and those that are not for content."""
    for folder, folders, names in os.walk(root):
        inner = os.path.relpath(folder, root).replace(os.sep, "/")
        prefix = "" if inner == "." else f"{inner}/"
        folders[:] = [
            name
            for name in folders
            if not is_ignored(name)
            and f"{prefix}{name}" != target
            and not (name in OTHER_FOLDERS and (not prefix or name == "node_modules"))
        ]
        for name in names:
            if name.lower().endswith(MARKDOWN_SUFFIXES) and not is_ignored(name) and not ABOUT_THE_REPOSITORY.fullmatch(name):
                yield prefix + name


def _is_nobodys(rules: Rules, file: str) -> bool:
    """Whether no collection takes a file and none around it excludes it. One that only the case of its ending keeps out is told as such elsewhere."""
    stem, dot, ending = file.rpartition(".")
    if find_collection(stem + dot + ending.lower(), rules.collections) is not None or file in rules.data:
        return False
    return not any(inner and matches_any(inner, rule.exclude) for rule in rules.collections if (inner := below(file, rule.path)))
