"""Finds verticals by name: those that come with cms_ssg, and those of installed packages."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cms_ssg.errors import fail
from cms_ssg.files.bundled import PACKAGE
from cms_ssg.kinds.failures import FOLDERS, refuse_import
from cms_ssg.kinds.vertical import Vertical

GROUP = "cms_ssg.verticals"
"""The entry points by which other packages bring verticals; those that come with cms_ssg are the packages of this name."""

ROOMS = {"reviews": "cms_ssg.reviews"}
"""Features that any vertical may use and a site may switch on by itself."""


@cache
def load_vertical(name: str) -> Vertical:
    """The vertical of a name: one that comes with cms_ssg, one of an installed package, or that of a module. Raises CmsError settings.no-vertical, vertical.import."""
    try:
        found = _import(name)
    except Exception as error:  # the module of another package may raise anything
        raise refuse_import(name, error) from error
    if not isinstance(found, Vertical):
        from difflib import get_close_matches

        known = list_verticals()
        near = get_close_matches(name, known, 1)
        hint = f'Did you mean "{near[0]}"?' if near else f"There are: {', '.join(known)}."
        raise fail("settings.no-vertical", f'there is no vertical "{name}"', place="site.toml", hint=hint)
    if not found.folder.is_relative_to(PACKAGE):
        FOLDERS[found.folder] = found.name
    return found


def _import(name: str) -> Any:
    if name in ROOMS:
        return import_module(ROOMS[name]).VERTICAL
    if "." not in name and _exists(f"{GROUP}.{name}"):
        return import_module(f"{GROUP}.{name}").VERTICAL
    from importlib.metadata import entry_points  # costs as much as all other settings together

    found = next((point.load() for point in entry_points(group=GROUP, name=name)), None)
    return getattr(import_module(name), "VERTICAL", None) if found is None and _exists(name) else found


def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def list_verticals() -> list[str]:
    """Names of the verticals that can be switched on."""
    return [*_find_verticals()]


@cache
def _find_verticals() -> tuple[str, ...]:
    """Their names: looked for once, as all installed packages are asked."""
    from importlib.metadata import entry_points
    from pkgutil import iter_modules

    folder = Path(__file__).parent.parent / "verticals"
    bundled = [module.name for module in iter_modules([str(folder)]) if module.ispkg] if folder.is_dir() else []
    return tuple(sorted({*bundled, *ROOMS, *(point.name for point in entry_points(group=GROUP))}))
