"""site.toml and the CMS_* variables as tables: read, merged, with the short forms written out and the tables of the verticals beside them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cms_ssg.config.defaults import TAXONOMIES
from cms_ssg.config.settings import Settings
from cms_ssg.errors import fail
from cms_ssg.files.toml_errors import TOO_LONG, has_long_number
from cms_ssg.kinds.load import load_vertical
from cms_ssg.kinds.vertical import Vertical

FILE = "site.toml"
MAX_SIZE_BYTES = 1_000_000
OWN_VARIABLES = frozenset({"CMS_ENV", "CMS_DEBUG", "CMS_PERSON", "CMS_REDIS_URL"})


def read_site_toml(root: Path) -> str:
    """The text of site.toml. Raises CmsError settings.no-site or settings.toml."""
    path = root / FILE
    try:
        raw = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise fail(
            "settings.no-site", f"there is no {FILE} in {root}",
            hint="Run cms in a site's folder, name it with -C DIR, or start a site with: cms init DIR",
        ) from None  # fmt: skip
    except OSError as error:
        raise fail("settings.toml", f"cannot be read: {error.strerror}", place=FILE, hint="Make it a readable file.") from None
    if len(raw) > MAX_SIZE_BYTES:
        raise fail("settings.toml", f"is larger than {MAX_SIZE_BYTES:,} bytes", place=FILE, hint="Move content to content/ or data/.")
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise fail("settings.toml", "is not UTF-8", place=FILE, line=line, hint="Save the file as UTF-8.") from None


def parse_site_toml(text: str) -> dict[str, Any]:
    """The tables of site.toml. Raises CmsError settings.toml with the line."""
    try:
        tables = tomllib.loads(text)
    except RecursionError:
        raise fail("settings.toml", "is nested too deeply", place=FILE, hint="Use fewer nested lists or tables.") from None
    except ValueError as error:
        from cms_ssg.config.explain_toml import explain_toml

        raise explain_toml(text, error) from None
    if has_long_number(tables):
        raise fail("settings.toml", TOO_LONG, place=FILE, hint="Write a shorter one, or a text in quotes.")
    return tables


def merge_tables(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Put above's keys over those of below; tables are merged key by key, everything else is replaced."""
    merged = dict(below)
    for key, value in above.items():
        if key == "target":
            value, merged["target"] = _as_table(value), _as_table(merged.get("target", {}))
        old = merged.get(key)
        merged[key] = merge_tables(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _as_table(value: Any) -> Any:
    """Written out: target = "folder:build" means [target] url = "folder:build"."""
    return {"url": value} if isinstance(value, str) else value


def read_environ(environ: Mapping[str, str]) -> dict[str, Any]:
    """The top-level settings that CMS_* variables set. Raises CmsError for a variable that looks misspelt."""
    found: dict[str, Any] = {}
    for name in sorted(environ):
        if name.startswith("CMS_") and name not in OWN_VARIABLES:
            key = name[4:].lower()
            if key in _READERS:
                found[key] = _READERS[key](environ[name])
            else:
                _refuse_misspelt(name)
    return found


def _read_bool(text: str) -> Any:
    return {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False, "": False}.get(
        text.strip().lower(), text
    )


def _read_int(text: str) -> Any:
    return int(text) if text.strip().lstrip("-").isascii() and text.strip().lstrip("-").isdigit() else text


def _read_list(text: str) -> Any:
    return [part.strip() for part in text.split(",") if part.strip()]


_READERS: dict[str, Any] = {
    **dict.fromkeys(("name", "title", "base_url", "description", "author", "timezone", "theme", "database_url", "target"), str),
    **dict.fromkeys(("page_size", "feed_size"), _read_int),
    **dict.fromkeys(("locales", "feeds", "redirect_files", "data_files"), _read_list),
    "noindex": _read_bool,
}


VARIABLES = tuple(sorted(f"CMS_{key.upper()}" for key in _READERS))


def _refuse_misspelt(name: str) -> None:
    """Foreign CMS_ variables are nobody's business; one that is nearly ours is a mistake."""
    import difflib

    near = difflib.get_close_matches(name, [*VARIABLES, *OWN_VARIABLES], 1, 0.8)
    if near:
        raise fail("settings.unknown-variable", f"the environment variable {name} is not known", hint=f'Did you mean "{near[0]}"?')


def with_defaults(data: Mapping[str, Any]) -> dict[str, Any]:
    """The tables with short forms written out, the built-in taxonomies below the user's."""
    full = dict(data)
    if "target" in full:
        full["target"] = _as_table(full["target"])
    if isinstance(locales := full.get("locales"), list):
        full["locales"] = [{"code": item} if isinstance(item, str) else item for item in locales]
    elif isinstance(locales, dict):
        full["locales"] = [{"code": code, **table} if isinstance(table, dict) else table for code, table in locales.items()]
    if isinstance(lists := full.get("lists"), dict):
        full["lists"] = {name: {"url": value} if isinstance(value, str) else value for name, value in lists.items()}
    verticals = list_switched_on(full.get("verticals"))
    if isinstance(named := full.get("verticals"), list):
        known = {load_vertical(name).name for name in named if isinstance(name, str)}
        full["verticals"] = [*named, *(vertical.name for vertical in verticals if vertical.name not in known)]
    full["taxonomies"] = add_taxonomies(full.get("taxonomies", {}), verticals)
    full["vertical"] = {vertical.name: full.pop(vertical.name, {}) for vertical in verticals if vertical.settings is not None}
    return full


def list_switched_on(names: Any) -> tuple[Vertical, ...]:
    """The verticals that a site names, by default the blog, and those that these need. Raises CmsError settings.no-vertical."""
    if names is None:
        names = Settings().verticals
    found: dict[str, Vertical] = {}

    def add(name: str) -> None:
        vertical = load_vertical(name)
        found.setdefault(vertical.name, vertical)
        for needed in vertical.needs:
            if needed not in found:
                add(needed)

    for name in names if isinstance(names, list | tuple) else ():
        if isinstance(name, str):
            add(name)
    return tuple(found.values())


def add_taxonomies(own: Any, verticals: tuple[Vertical, ...]) -> Any:
    """The built-in taxonomies with the user's keys over them; ``series = false`` takes one away."""
    if not isinstance(own, dict):
        return own
    merged: dict[str, Any] = {}
    known = {**TAXONOMIES}
    for vertical in verticals:
        known.update(vertical.taxonomies)
    for name, builtin in known.items():
        mine = own.get(name, {})
        if mine is not False:
            merged[name] = {**builtin, **mine} if isinstance(mine, dict) else mine
    return merged | {name: table for name, table in own.items() if name not in known}
