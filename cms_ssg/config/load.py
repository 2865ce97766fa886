"""site.toml, its [env.NAME] and the CMS_* variables to frozen Settings; every wrong key or value is named with its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from cms_ssg.config.check import list_wrong
from cms_ssg.config.defaults import COLLECTIONS, TAXONOMIES, language_name, language_tag, text_direction
from cms_ssg.config.settings import Collection, Locale, Settings
from cms_ssg.errors import CmsError, fail
from cms_ssg.kinds.load import load_vertical
from cms_ssg.kinds.vertical import Vertical

FILE = "site.toml"
MAX_SIZE_BYTES = 1_000_000
_FINAL_SLASHES = re.compile(r"(?<=[^:/])/+\Z")
OWN_VARIABLES = frozenset({"CMS_ENV", "CMS_DEBUG", "CMS_REDIS_URL"})


def load_settings(root: Path, environ: Mapping[str, str], env: str = "") -> Settings:
    """The settings of the site in root.

    environ: variables of the process; CMS_<KEY> sets a top-level key (lists are split at commas,
    CMS_TARGET sets target.url), CMS_ENV names the [env.NAME] table unless env does.
    Raises CmsError: settings.no-site, settings.toml, settings.unknown-env, settings.unknown-key,
    settings.wrong-value, settings.unknown-variable.
    """
    text = read_site_toml(root)
    data = parse_site_toml(text)
    envs = data.pop("env", {})
    name = env or environ.get("CMS_ENV", "")
    try:
        if not isinstance(envs, dict) or not all(isinstance(table, dict) for table in envs.values()):
            raise ValueError("env")
        for table in envs.values():
            if table:
                msgspec.convert(with_defaults(merge_tables(data, table)), Settings)
        if name and name not in envs:
            raise _no_such_env(name, envs)
        merged = with_defaults(merge_tables(merge_tables(data, envs.get(name, {})), read_environ(environ))) | {"env": name}
        settings = _fill(msgspec.convert(merged, Settings))
    except (msgspec.ValidationError, ValueError, TypeError, KeyError, AttributeError) as error:
        from cms_ssg.config.explain import explain_failure

        raise explain_failure(text, data, envs, name, read_environ(environ), error) from None
    if wrong := list_wrong(settings, str(root)):
        from cms_ssg.config.explain import locate_wrong

        raise locate_wrong(text, envs, name, read_environ(environ), wrong)
    return settings


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
        return tomllib.loads(text)
    except RecursionError:
        raise fail("settings.toml", "is nested too deeply", place=FILE, hint="Use fewer nested lists or tables.") from None
    except tomllib.TOMLDecodeError as error:
        from cms_ssg.config.explain import explain_toml

        raise explain_toml(text, error) from None


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


def _no_such_env(name: str, envs: Mapping[str, Any]) -> CmsError:
    known = ", ".join(f"[env.{key}]" for key in envs) or "none"
    return fail("settings.unknown-env", f'there is no [env.{name}]', place=FILE, hint=f"Environments in {FILE}: {known}")  # fmt: skip


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


def _fill(settings: Settings) -> Settings:
    """The settings with every default that depends on another key."""
    locales = tuple(_fill_locale(locale, number == 0) for number, locale in enumerate(settings.locales or (Locale(code="en"),)))
    content_locale = ("suffix" if len(locales) > 1 else "") if settings.content_locale == "auto" else settings.content_locale
    collections = _add_collections(settings.collection, default_collections(settings.verticals))
    return msgspec.structs.replace(
        settings,
        locales=locales,
        base_url=settings.base_url.rstrip("/"),
        target=msgspec.structs.replace(settings.target, url=_FINAL_SLASHES.sub("", settings.target.url)),
        content_locale=content_locale,
        collection=tuple(msgspec.structs.replace(rule, locale=content_locale) if rule.locale == "site" else rule for rule in collections),
        vertical={
            v.name: msgspec.convert(settings.vertical.get(v.name, {}), v.settings)
            for v in list_switched_on(settings.verticals)
            if v.settings is not None
        },
    )


def default_collections(verticals: tuple[str, ...]) -> tuple[Collection, ...]:
    """The collections of a site that names none."""
    own = (table for vertical in list_switched_on(verticals) for table in vertical.collections)
    return tuple(Collection(**table) for table in (*own, *COLLECTIONS))


def _fill_locale(locale: Locale, is_default: bool) -> Locale:
    code = locale.code.lower()
    prefix = locale.prefix if locale.prefix is not None else ("" if is_default else f"/{code}")
    return msgspec.structs.replace(
        locale, code=code, name=locale.name or language_name(code), dir=locale.dir or ("rtl" if text_direction(code) == "rtl" else "ltr"),
        prefix=prefix.rstrip("/"), hreflang=locale.hreflang or language_tag(code),
    )  # fmt: skip


def _add_collections(own: tuple[Collection, ...], default: tuple[Collection, ...]) -> tuple[Collection, ...]:
    """The user's collections and those default ones that share neither name nor folder with one of them."""
    names = {rule.name for rule in own}
    rest = [rule for rule in default if rule.name not in names]
    return (*own, *(rule for rule in rest if not any(_overlaps(rule.path, mine.path) for mine in own)))


def _overlaps(one: str, other: str) -> bool:
    """Whether one folder is, or lies inside, the other."""
    first, second = (f"{path.strip('/')}/" if path.strip("./") else "" for path in (one, other))
    return first.startswith(second) or second.startswith(first)
