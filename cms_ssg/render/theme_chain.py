"""The chain of themes: the site's own first, then what it extends, down to a bundled one."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import msgspec

from cms_ssg.config.settings import Settings, ThemeImages
from cms_ssg.errors import fail
from cms_ssg.files.bundled import folder as bundled_folder
from cms_ssg.files.toml_errors import split_toml_error
from cms_ssg.images.variants import DEFAULT_RULES, ImageRules
from cms_ssg.kinds.load import load_vertical
from cms_ssg.types import Problem

BASE = "base"

KEYS: Final = frozenset(["extends", "images"])
"""What a ``theme.toml`` may say."""

_LINES: Final = 'It holds lines such as: extends = "base"'

_LOOKED_IN: Final = frozenset(("templates", "assets"))

PARENT = "parent:"
"""Before a template's name, once for each folder that is passed over: the next one below that has it too."""


@dataclass(frozen=True, slots=True)
class ThemeFolders:
    """Where a site's templates and assets are looked for, the strongest first, and its texts, the weakest first.

    chain: the themes, child first; views: names by which templates know what verticals offer; values: of those that they hand to their own templates;
    brought: folders with templates that verticals brought.
    """

    chain: tuple[Path, ...]
    templates: tuple[Path, ...]
    assets: tuple[Path, ...]
    strings: tuple[Path, ...]
    views: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    brought: tuple[Path, ...] = ()


def theme_folders(root: Path, settings: Settings) -> ThemeFolders:
    """The folders of a site. Raises as theme_chain does."""
    return make_folders(theme_chain(root, settings), settings.verticals, root, settings.shared)


def make_folders(
    chain: Sequence[Path], verticals: Sequence[str] = (), root: Path | None = None, shared: Sequence[str] = ()
) -> ThemeFolders:
    """The folders of a chain of themes: each theme's templates, then those it has for a vertical; then what verticals bring themselves."""
    switched_on = [load_vertical(name) for name in verticals]
    templates = [folder / "templates" / part for folder in chain for part in ("", *(vertical.name for vertical in switched_on))]
    own = [vertical.find_folder("templates") for vertical in switched_on]
    brought = [folder for folder in own if folder is not None]
    templates += [folder for folder in brought if folder not in templates]
    strings = [*(vertical.folder / "strings" for vertical in switched_on), *(folder / "i18n" for folder in reversed(chain))]
    return ThemeFolders(
        tuple(chain), tuple(templates), (*(folder / "assets" for folder in chain), *(vertical.folder / "assets" for vertical in switched_on)),
        (*strings, *((root / part / "i18n" for part in (*reversed(shared), "")) if root is not None else ())), tuple(vertical.name for vertical in switched_on if vertical.view),
        tuple(name for vertical in switched_on for name in vertical.values), tuple(brought),
    )  # fmt: skip


def theme_chain(root: Path, settings: Settings) -> list[Path]:
    """Folders of the site's theme and of those it extends, child first.

    A theme is ``themes/<name>/`` of the site or bundled; ``extends`` of its ``theme.toml`` names its
    parent (default ``base``, ``""`` for none). A theme may extend a bundled one of its own name.
    Raises CmsError theme.missing, theme.cycle, theme.unreadable.
    """
    chain: list[Path] = []
    name, asked_by = settings.theme, "site.toml"
    while name:
        folder = _find_theme(root, name, chain, settings.shared)
        if folder is None:
            known = ", ".join(sorted(list_themes(root))) or "none"
            if any(path.name == name for path in chain):
                way = " -> ".join([*(path.name for path in chain), name])
                raise fail("theme.cycle", f"themes extend each other: {way}", place=asked_by, hint='Let one say: extends = "base"')
            near = get_close_matches(name, sorted(list_themes(root)), 1)
            hint = f'Did you mean "{near[0]}"?' if near else f"Looked in themes/{name}/. Themes: {known}"
            raise fail("theme.missing", f'there is no theme "{name}"', place=asked_by, line=_find_asking(root / asked_by, name), hint=hint)
        chain.append(folder)
        asked_by = f"themes/{name}/theme.toml"
        name = _read_parent(folder, asked_by)
    return chain


def check_theme_files(chain: Sequence[Path]) -> list[Problem]:
    """Keys of the themes' ``theme.toml`` that mean nothing, and files that lie in the wrong place, as warnings."""
    from cms_ssg.config.toml_lines import list_key_lines

    found: list[Problem] = []
    for folder in chain:
        place = f"themes/{folder.name}/theme.toml"
        for name in sorted(_read_theme(folder, place).keys() - KEYS):
            hint = "CSS is added in base.html, by the block styles: docs/themes.md shows how." if name in ("css", "styles") else ""
            near = get_close_matches(name, KEYS, 1)
            hint = hint or (f'Did you mean "{near[0]}"?' if near else f"Known here: {', '.join(sorted(KEYS))}.")
            line = list_key_lines((folder / "theme.toml").read_text("utf-8-sig")).get((name,), 0)
            found.append(Problem("theme.unknown-key", place, line, f'unknown key "{name}"', hint, "warning"))
        if misplaced := _list_misplaced(folder):
            more = f", and {len(misplaced) - 1} more" if len(misplaced) > 1 else ""
            said = f"no template or asset is looked for here{more}"
            hint = "Templates lie in templates/, style sheets, scripts and fonts in assets/, texts in i18n/."
            found.append(Problem("theme.misplaced", f"themes/{folder.name}/{misplaced[0]}", 0, said, hint, "warning"))
    return found


def _list_misplaced(folder: Path) -> list[str]:
    """Files of a theme that look like templates or assets and lie where nobody looks for them."""
    found = [name for name in ("templates", "assets", "i18n") if (folder / name).is_file()]
    for path in sorted(folder.rglob("*.html")):
        inner = path.relative_to(folder)
        if (
            inner.parts[0] not in _LOOKED_IN
            and not any(part.startswith(".") or part == "node_modules" for part in inner.parts)
            and path.is_file()
        ):
            found.append(inner.as_posix())
    return found + sorted(
        path.name for path in folder.glob("*") if path.suffix in (".css", ".js") and path.is_file() and ".config." not in path.name
    )


def _find_asking(file: Path, name: str) -> int:
    """The line of a settings file that asks for a theme, 0 where it is not known."""
    from cms_ssg.config.toml_lines import list_key_lines

    text = file.read_text("utf-8", "replace") if file.is_file() else ""
    lines = [line for path, line in list_key_lines(text).items() if path[-1] in ("theme", "extends")]
    return next((line for line in lines if name in text.split("\n")[line - 1]), 0)


def list_themes(root: Path) -> set[str]:
    """Names of the themes a site can use."""
    return {
        path.name
        for folder in (root / "themes", bundled_folder("themes"))
        if folder.is_dir()
        for path in folder.iterdir()
        if path.is_dir() and not path.name.startswith(".")
    }


def _find_theme(root: Path, name: str, taken: list[Path], shared: Sequence[str] = ()) -> Path | None:
    """The first folder of that name which is not in the chain already."""
    if name in (".", "..") or "/" in name or "\\" in name or "\0" in name:
        return None
    for folder in (*(root / part / "themes" / name for part in ("", *shared)), bundled_folder("themes") / name):
        if folder.is_dir() and folder not in taken:
            return folder
    return None


def load_image_rules(chain: Sequence[Path], settings: Settings) -> ImageRules:
    """How images are published: as site.toml says, else the first theme of the chain (child first) that says it.

    AVIF is left out where the installed Pillow cannot write it. Raises CmsError theme.unreadable.
    """
    said: list[ThemeImages] = [settings.images]
    for folder in chain:
        place = f"themes/{folder.name}/theme.toml"
        try:
            said.append(msgspec.convert(_read_theme(folder, place).get("images", {}), ThemeImages))
        except msgspec.ValidationError as error:
            raise fail("theme.unreadable", f"[images]: {error}", place=place, hint="Such as: widths = [480, 960, 1600]") from None
    default = DEFAULT_RULES
    formats = next((one.formats for one in said if one.formats is not None), default.formats)
    return ImageRules(
        next((one.widths for one in said if one.widths), default.widths),
        tuple(form for form in formats if form != "avif" or can_write_avif()),
        next((one.quality for one in said if one.quality), default.quality),
        next((one.sizes for one in said if one.sizes), default.sizes),
        settings.images.variants,
        settings.images.cards,
        settings.images.card_font,
    )


@cache
def can_write_avif() -> bool:
    """Whether Pillow has its AVIF part. It is looked for, not imported."""
    found = find_spec("PIL")
    folders = found.submodule_search_locations if found is not None else None
    return any(name.startswith("_avif.") for folder in folders or () for name in os.listdir(folder))


def _read_parent(folder: Path, place: str) -> str:
    data = _read_theme(folder, place)
    parent = data.get("extends", "" if folder == bundled_folder("themes") / BASE else BASE)
    if not isinstance(parent, str):
        raise fail("theme.unreadable", "extends must be a text", place=place, hint='Such as: extends = "base"')
    return parent


def _read_theme(folder: Path, place: str) -> dict[str, Any]:
    try:
        return tomllib.loads((folder / "theme.toml").read_bytes().decode("utf-8-sig").replace("\r\n", "\n"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        raise fail("theme.unreadable", f"cannot be read: {error}", place=place, hint=_LINES) from None
    except ValueError as error:
        message, line = split_toml_error(error)
        raise fail("theme.unreadable", f"is not TOML: {message}", place=place, line=line, hint=_LINES) from None


def name_template_file(file: str) -> str:
    """A template's file as a person knows it: ``themes/mine/templates/post.html``, or the whole path of one that a vertical's package brings."""
    parts = Path(file).parts
    last = len(parts) - 1 - parts[::-1].index("templates") if "templates" in parts[:-1] else 0
    return "/".join(parts[last - 2 :]) if last >= 2 and parts[last - 2] == "themes" else file
