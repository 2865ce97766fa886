"""site.toml, its [env.NAME] and the CMS_* variables to frozen Settings; every wrong key or value is named with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from cms_ssg.config.check import list_wrong
from cms_ssg.config.defaults import COLLECTIONS, language_name, language_tag, text_direction
from cms_ssg.config.settings import Collection, Locale, Settings
from cms_ssg.config.tables import FILE, list_switched_on, merge_tables, parse_site_toml, read_environ, read_site_toml, with_defaults
from cms_ssg.errors import CmsError, fail

_FINAL_SLASHES = re.compile(r"(?<=[^:/])/+\Z")


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


def _no_such_env(name: str, envs: Mapping[str, Any]) -> CmsError:
    known = ", ".join(f"[env.{key}]" for key in envs) or "none"
    return fail("settings.unknown-env", f'there is no [env.{name}]', place=FILE, hint=f"Environments in {FILE}: {known}")  # fmt: skip


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
