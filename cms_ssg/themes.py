"""The chain of themes: the site's own first, then what it extends, down to a bundled one."""

from __future__ import annotations

import tomllib
from pathlib import Path

from cms_ssg.bundled import folder as bundled_folder
from cms_ssg.errors import fail
from cms_ssg.settings import Settings

BASE = "base"


def theme_chain(root: Path, settings: Settings) -> list[Path]:
    """Folders of the site's theme and of those it extends, child first.

    A theme is ``themes/<name>/`` of the site or bundled; ``extends`` of its ``theme.toml`` names its
    parent (default ``base``, ``""`` for none). A theme may extend a bundled one of its own name.
    Raises CmsError theme.missing, theme.cycle, theme.unreadable.
    """
    chain: list[Path] = []
    name, asked_by = settings.theme, "site.toml"
    while name:
        folder = _find_theme(root, name, chain)
        if folder is None:
            known = ", ".join(sorted(list_themes(root))) or "none"
            if any(path.name == name for path in chain):
                way = " -> ".join([*(path.name for path in chain), name])
                raise fail("theme.cycle", f"themes extend each other: {way}", place=asked_by, hint='Let one say: extends = "base"')
            raise fail("theme.missing", f'there is no theme "{name}"', place=asked_by, hint=f"Looked in themes/{name}/. Themes: {known}")
        chain.append(folder)
        asked_by = f"themes/{name}/theme.toml"
        name = _read_parent(folder, asked_by)
    return chain


def list_themes(root: Path) -> set[str]:
    """Names of the themes a site can use."""
    return {
        path.name
        for folder in (root / "themes", bundled_folder("themes"))
        if folder.is_dir()
        for path in folder.iterdir()
        if path.is_dir() and not path.name.startswith(".")
    }


def _find_theme(root: Path, name: str, taken: list[Path]) -> Path | None:
    """The first folder of that name which is not in the chain already."""
    if name in (".", "..") or "/" in name or "\\" in name or "\0" in name:
        return None
    for folder in (root / "themes" / name, bundled_folder("themes") / name):
        if folder.is_dir() and folder not in taken:
            return folder
    return None


def _read_parent(folder: Path, place: str) -> str:
    try:
        data = tomllib.loads((folder / "theme.toml").read_bytes().decode("utf-8-sig").replace("\r\n", "\n"))
    except FileNotFoundError:
        data = {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise fail("theme.unreadable", f"cannot be read: {error}", place=place, hint='It holds lines such as: extends = "base"') from None
    parent = data.get("extends", "" if folder == bundled_folder("themes") / BASE else BASE)
    if not isinstance(parent, str):
        raise fail("theme.unreadable", "extends must be a text", place=place, hint='Such as: extends = "base"')
    return parent
