"""What types alone cannot say about settings: names, URLs, zones, patterns."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from cms_ssg.config.check_api import check_api
from cms_ssg.config.check_target import Path, Wrong, check_cdn, check_headers, check_target, show
from cms_ssg.config.settings import Collection, Locale, MenuItem, Settings, SubItem

_NAME = re.compile(r"[a-z0-9-]+")
_RUNS = re.compile(r"(?:javascript|vbscript|data):", re.IGNORECASE)
_CODE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,8})*")
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_BASE_URL = re.compile(r"https?://(?:[^\s/?#@\[\]]+|\[[0-9A-Fa-f:.]+\](?::[0-9]+)?)(/[^\s?#]*)?")
_ADDRESS = re.compile(r"https?://[^\s/?#@]+(/[^\s#]*)?")
_FIELD = re.compile(r"\{([^{}]*)\}")
_ZONE_FOLDERS = ("/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/etc/zoneinfo")


def list_wrong(settings: Settings, root: str) -> list[Wrong]:
    """All that is wrong with the settings of the site in root, as (path of the key, what is wrong with it, a way out)."""
    wrong = [(path, "holds the character U+0000, which no page can show", "") for path in _find_nul(msgspec.to_builtins(settings), ())]
    wrong += _check_site(settings)
    wrong += check_target(settings, root)
    wrong += [item for number, locale in enumerate(settings.locales) for item in _check_locale(settings, locale, number)]
    wrong += [item for number, rule in enumerate(settings.collection) for item in _check_collection(settings, rule, number)]
    wrong += list(_check_taxonomies(settings))
    wrong += list(_check_lists(settings))
    wrong += list(_check_links(settings))
    wrong += list(_check_webhooks(settings))
    wrong += list(check_api(settings))
    return wrong


def _find_nul(value: Any, path: Path) -> Iterator[Path]:
    """Where a text, or the name of a key, has a NUL, which neither Postgres nor HTML can hold."""
    if isinstance(value, str):
        if "\0" in value:
            yield path
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from ((*path, key),) if "\0" in str(key) else _find_nul(inner, (*path, key))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _find_nul(inner, (*path, number))


def _check_globs(path: Path, rule: Collection) -> Iterator[Wrong]:
    for key, patterns in (("glob", rule.glob), ("exclude", rule.exclude), ("types", tuple(rule.types))):
        for pattern in patterns:
            if "[" in pattern or "{" in pattern:
                from cms_ssg.files.globs import compile_glob

                try:
                    compile_glob(pattern)
                except ValueError as error:
                    yield (*path, key), f"has a pattern that cannot be read: {error}", 'Such as "*.md" or "20[0-9][0-9]/**".'


def _check_site(settings: Settings) -> Iterator[Wrong]:
    if not _NAME.fullmatch(settings.name):
        yield ("name",), f"may hold only a-z, 0-9 and -, not {show(settings.name)}", "It names the site in the database."
    if not _BASE_URL.fullmatch(settings.base_url):
        yield (
            ("base_url",),
            f"must be an http(s) URL without query or user, not {show(settings.base_url)}",
            'Such as "https://example.org".',
        )
    if not _is_zone(settings.timezone):
        yield ("timezone",), f"is not a known time zone: {show(settings.timezone)}", _suggest_zone(settings.timezone)
    if not _is_locale_rule(settings.content_locale):
        yield ("content_locale",), f'must be "", "folder", "suffix" or "field:KEY", not {show(settings.content_locale)}', ""
    yield from check_headers(settings)
    yield from check_cdn(settings)
    if _FIELD.search(settings.home.url) or not settings.home.url.endswith("/"):
        yield ("home", "url"), f"must be a path that ends in a slash, not {show(settings.home.url)}", 'Such as "/blog/".'
    else:
        yield from _check_pattern(("home", "url"), settings.home.url)
    if not _NAME.fullmatch(settings.theme.replace("_", "-").lower()):
        yield ("theme",), f"must be the name of a folder in themes/, not {show(settings.theme)}", _suggest_folder(settings.theme)


def _is_zone(name: str) -> bool:
    """Whether the zone exists; looks at the system's folder first because importing zoneinfo costs 15 ms."""
    if name == "UTC":
        return True
    if not re.fullmatch(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*", name):
        return False
    if any(os.path.isfile(os.path.join(folder, name)) for folder in _ZONE_FOLDERS):
        return True
    from zoneinfo import ZoneInfo

    try:
        return bool(ZoneInfo(name))
    except (KeyError, ValueError, OSError):
        return False


def _suggest_folder(theme: str) -> str:
    name = theme.strip("/").rpartition("/")[2]
    return f'Write theme = "{name}" for themes/{name}/.' if re.fullmatch(r"[\w-]+", name) else 'Write theme = "mine" for themes/mine/.'


def _suggest_zone(name: str) -> str:
    import difflib
    from zoneinfo import available_timezones

    near = difflib.get_close_matches(name, sorted(available_timezones()), 1)
    return f'Did you mean "{near[0]}"?' if near else 'Such as "Europe/Rome".'


def _check_locale(settings: Settings, locale: Locale, number: int) -> Iterator[Wrong]:
    if not _CODE.fullmatch(locale.code):
        yield ("locales", number, "code"), f"is not a language code: {show(locale.code)}", 'Such as "en" or "pt-br".'
    if not _PREFIX.fullmatch(locale.prefix or "") or "/." in (locale.prefix or ""):
        yield ("locales", number, "prefix"), f'must be "" or begin with a slash, not {show(locale.prefix)}', 'Such as "/it".'
    for earlier in settings.locales[:number]:
        if earlier.code == locale.code:
            yield ("locales", number, "code"), f"is there twice: {show(locale.code)}", ""
        elif earlier.prefix == locale.prefix:
            yield ("locales", number, "prefix"), f"is also that of {earlier.code}: {show(locale.prefix)}", "Each locale needs its own."


def _check_collection(settings: Settings, rule: Collection, number: int) -> Iterator[Wrong]:
    path: Path = ("collection", number)
    if any(earlier.name == rule.name for earlier in settings.collection[:number]):
        yield (*path, "name"), f"is there twice: {show(rule.name)}", "Each collection needs its own name."
    if not rule.name.strip():
        yield (*path, "name"), "is empty", ""
    if rule.path.startswith("/") or "\\" in rule.path or ".." in rule.path.split("/"):
        yield (*path, "path"), f"must be a folder inside the site, not {show(rule.path)}", 'Such as "content/news".'
    if rule.url:
        yield from _check_pattern((*path, "url"), rule.url)
    if not _is_locale_rule(rule.locale) and rule.locale != settings.content_locale:
        yield (*path, "locale"), f'must be "", "folder", "suffix" or "field:KEY", not {show(rule.locale)}', ""
    if rule.section not in ("", "folder"):
        yield (*path, "section"), f'must be "" or "folder", not {show(rule.section)}', 'To read another key: fields = {section = "key"}'
    yield from _check_globs(path, rule)
    yield from _check_date_rule((*path, "date"), rule.date)
    for field, pattern in rule.split.items():
        try:
            re.compile(pattern)
        except re.error as error:
            yield (*path, "split", field), f"has a pattern that cannot be read: {error}", ""


def _is_locale_rule(rule: str) -> bool:
    return rule in ("", "folder", "suffix") or rule.startswith("field:")


def _check_date_rule(path: Path, rule: str) -> Iterator[Wrong]:
    if rule in ("", "filename", "path"):
        return
    key, colon, pattern = rule.partition(":")
    if not colon or not key:
        yield path, f'must be "", "filename", "path" or "KEY:REGEX", not {show(rule)}', ""
        return
    try:
        groups = re.compile(pattern).groupindex
    except re.error as error:
        yield path, f"has a pattern that cannot be read: {error}", ""
        return
    if missing := [name for name in ("year", "month", "day") if name not in groups]:
        yield path, f"has no group named {', '.join(missing)}", r'Such as "path:(?P<year>\\d{4})/(?P<month>\\d\\d)/(?P<day>\\d\\d)/"'


def _check_pattern(path: Path, pattern: str) -> Iterator[Wrong]:
    names = _FIELD.findall(pattern)
    rest = _FIELD.sub("x", pattern)
    if not pattern.startswith("/") or "{" in rest or "}" in rest or "?" in rest or "#" in rest or "//" in rest or "/../" in rest:
        yield path, f"is not a URL pattern: {show(pattern)}", 'Such as "/{year}/{month}/{slug}/".'
    elif bad := [name for name in names if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", name)]:
        yield path, f"has a name that no field can have: {{{bad[0]}}}", 'Such as "/{year}/{month}/{slug}/".'


def _check_taxonomies(settings: Settings) -> Iterator[Wrong]:
    for name, taxonomy in settings.taxonomies.items():
        path: Path = ("taxonomies", name)
        if not _NAME.fullmatch(name.replace("_", "-")):
            yield path, "may hold only a-z, 0-9, - and _ in its name", ""
        yield from _check_pattern((*path, "url"), taxonomy.url)
        if bad := [field for field in _FIELD.findall(taxonomy.url) if field != "slug"]:
            yield (*path, "url"), f"may hold {{slug}}, not {{{bad[0]}}}: {show(taxonomy.url)}", f'Such as "/{name}/{{slug}}/".'
        if taxonomy.index and not taxonomy.index.startswith("/"):
            yield (*path, "index"), f"must begin with a slash: {show(taxonomy.index)}", ""


def _check_lists(settings: Settings) -> Iterator[Wrong]:
    """The pages of lists of types have addresses of their own, and what languages call is there."""
    for name, rule in settings.lists.items():
        path: Path = ("lists", name)
        if _FIELD.search(rule.url) or not rule.url.endswith("/") or rule.url == "/":
            yield (*path, "url"), f"must be a path that ends in a slash, not {show(rule.url)}", f'Such as "/{name}s/".'
        else:
            yield from _check_pattern((*path, "url"), rule.url)
        if settings.home.list == f"type/{name}":
            yield path, "is the list of the home page", 'Where that is, [home] says: url = "/blog/".'
    for place, locale in enumerate(settings.locales):
        for table, named, known in (("lists", locale.lists, settings.lists), ("taxonomies", locale.taxonomies, settings.taxonomies)):
            for name in sorted(named.keys() - known.keys()):
                import difflib

                near = difflib.get_close_matches(name, known, 1)
                hint = f'Did you mean "{near[0]}"?' if near else f"Add [{table}.{name}] with its url first."
                yield ("locales", place, table, name), f"is not in [{table}]", hint


def _check_links(settings: Settings) -> Iterator[Wrong]:
    menus: list[tuple[Path, tuple[MenuItem, ...]]] = [(("menus", name), items) for name, items in settings.menus.items()]
    for place, locale in enumerate(settings.locales):
        menus += [(("locales", place, "menus", name), items) for name, items in locale.menus.items()]
    for where, items in menus:
        lines: list[tuple[Path, MenuItem | SubItem]] = [((*where, number), item) for number, item in enumerate(items)]
        lines += [((*path, "below", place), under) for path, item in [*lines] for place, under in enumerate(getattr(item, "below", ()))]
        for path, item in lines:
            if bool(item.url) == bool(item.ref):
                yield path, "needs either url or ref", 'Such as {title = "About", url = "/about/"}.'
            elif _RUNS.match(re.sub(r"[\x00-\x20]+", "", item.url or "")):
                yield (*path, "url"), f"must be a path or an address, not {show(item.url)}", 'Such as "/about/".'
    for source, target in settings.redirects.items():
        if not source.startswith("/"):
            yield ("redirects", source), "must begin with a slash", ""
        if not re.match(r"/|https?://", target):
            yield ("redirects", source), f"must lead to a path or an http(s) URL, not {show(target)}", ""


def _check_webhooks(settings: Settings) -> Iterator[Wrong]:
    if settings.receiver is not None and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", settings.receiver.secret_env):
        hint = "The secret itself is not for this file."
        yield ("receiver", "secret_env"), f"must be the name of a variable, not {show(settings.receiver.secret_env)}", hint
    if settings.websub_hub and not _ADDRESS.fullmatch(settings.websub_hub):
        yield ("websub_hub",), f"must be an http(s) URL without user and fragment, not {show(settings.websub_hub)}", ""
    for number, hook in enumerate(settings.webhooks):
        path: Path = ("webhooks", number)
        if not _ADDRESS.fullmatch(hook.url):
            yield (
                (*path, "url"),
                f"must be an http(s) URL without user and fragment, not {show(hook.url)}",
                "What is secret is in secret_env.",
            )
        elif any(earlier.url == hook.url for earlier in settings.webhooks[:number]):
            yield (*path, "url"), f"is there twice: {show(hook.url)}", ""
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", hook.secret_env):
            yield (
                (*path, "secret_env"),
                f"must be the name of a variable, not {show(hook.secret_env)}",
                "The secret itself is not for this file.",
            )
