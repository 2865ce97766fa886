"""Small real sites that ``cms init`` copies: one of each vertical that has one, and those that are no vertical's: ``cms_ssg/starters``."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

from cms_ssg.errors import UsageError, fail
from cms_ssg.files.bundled import PACKAGE
from cms_ssg.files.ownership import find_owner, give, make_folders
from cms_ssg.kinds.load import list_verticals, load_vertical
from cms_ssg.types import Problem

GITIGNORE = "/.cms/\n/build/\n/build-staging/\n"
GROUP_IGNORE = ".cms/\n/brands/*/build/\n/brands/*/build-staging/\n"
_TARGET = '\n[target]\nurl = "folder:build"\n'


def find_starters() -> dict[str, Path]:
    """Folders of the starters, by name: the core's own, and those of verticals whose features are all there."""
    folders = {folder.name: folder for folder in sorted((PACKAGE / "starters").iterdir()) if folder.is_dir()}
    folders |= {name: load_vertical(name).folder / "starter" for name in list_verticals()}
    return {name: folder for name, folder in folders.items() if is_group(folder) or (is_site(folder) and _names_known(folder))}


def _names_known(folder: Path) -> bool:
    """Whether the features that a site switches on are installed."""
    with (folder / "site.toml").open("rb") as file:
        return set(tomllib.load(file).get("verticals", ())) <= set(list_verticals())


def is_site(folder: Path) -> bool:
    """Whether a folder is a site."""
    return (folder / "site.toml").is_file()


def is_group(folder: Path) -> bool:
    """Whether a folder holds several sites, in ``brands``."""
    return any((folder / "brands").glob("*/site.toml"))


def copy_starter(name: str, folder: Path) -> list[str]:
    """Copy a starter into folder, which must be new or empty. Returns the files written, relative to it.

    Raises UsageError cli.no-starter, CmsError init.not-empty or init.unwritable.
    """
    starters = find_starters()
    if name not in starters:
        known = ", ".join(starters) or "none"
        raise UsageError(Problem("cli.no-starter", "", 0, f'there is no starter "{name}"', f"Starters: {known}"))
    try:
        if folder.exists() and (not folder.is_dir() or any(path.name != ".git" for path in folder.iterdir())):
            raise fail("init.not-empty", "is not an empty folder", place=str(folder), hint="Name a folder that does not exist yet.")
        make_folders(folder)
        owner = find_owner(folder)
        skipped = shutil.ignore_patterns("__pycache__", "*.pyc", ".cms", "build", ".gitignore")
        shutil.copytree(starters[name], folder, dirs_exist_ok=True, ignore=skipped, copy_function=shutil.copyfile)
        (folder / ".gitignore").write_text(GITIGNORE if is_site(folder) else GROUP_IGNORE, encoding="utf-8")
        if is_site(folder):
            _write_target(folder / "site.toml")
        for path in folder.rglob("*") if owner else ():
            give(path, owner)
    except OSError as error:
        raise fail("init.unwritable", f"cannot be written: {error.strerror}", place=str(error.filename or folder)) from None
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts)


def _write_target(path: Path) -> None:
    """Where the pages go is written out, so that it can be seen and changed."""
    text = path.read_text(encoding="utf-8")
    if "[target]" not in text and "\ntarget" not in text:
        path.write_text(text.rstrip("\n") + "\n" + _TARGET, encoding="utf-8")
