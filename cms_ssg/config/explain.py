"""Says what is wrong with site.toml: which key, on which line, and what was probably meant. Imported only when something is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from cms_ssg.config.check_target import Wrong, show
from cms_ssg.config.settings import Settings
from cms_ssg.config.tables import FILE, list_switched_on, merge_tables, parse_site_toml, read_environ, read_site_toml, with_defaults
from cms_ssg.config.toml_lines import KeyPath, find_line, list_key_lines
from cms_ssg.errors import CmsError, fail
from cms_ssg.kinds.load import list_verticals
from cms_ssg.types import Problem


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a setting was written. lines: of site.toml; env: name of the table in force; environ: keys set by variables."""

    lines: Mapping[KeyPath, int]
    envs: Mapping[str, Any]
    env: str
    environ: Mapping[str, Any]

    def locate(self, path: KeyPath) -> tuple[str, int]:
        """(place, line) of the setting at path."""
        if path and path[0] in self.environ:
            return f"CMS_{str(path[0]).upper()}", 0
        path = self._name_locale(path)
        return FILE, find_line(dict(self.lines), ("env", self.env, *path) if self._is_of_env(path) else path)

    def line(self, *path: str | int) -> int:
        """The line on which the setting itself is written, 0 where it is not in site.toml."""
        path = self._name_locale(path)
        return self.lines.get(("env", self.env, *path) if self._is_of_env(path) else path, 0)

    def _name_locale(self, path: KeyPath) -> KeyPath:
        """A path below the site's third locale as ``[locales.it]`` writes it, where it is not ``[[locales]]``."""
        if len(path) < 2 or path[0] != "locales" or not isinstance(path[1], int):
            return path
        named = list(dict.fromkeys(known[1] for known in self.lines if known[:1] == ("locales",) and len(known) > 1))
        return ("locales", named[path[1]], *path[2:]) if path[1] < len(named) and isinstance(named[path[1]], str) else path

    def _is_of_env(self, path: KeyPath) -> bool:
        """Whether the table in force gives the setting; tables are merged key by key, anything else is replaced whole."""
        inner: Any = self.envs.get(self.env, {})
        for part in path:
            if not isinstance(inner, dict):
                return True
            if part not in inner:
                return False
            inner = inner[part]
        return bool(path)

    def problem(self, code: str, path: KeyPath, message: str, hint: str = "") -> Problem:
        place, line = self.locate(path)
        return Problem(code, place, line, message, hint)


def open_origin(root: Path, env: str, environ: Mapping[str, str]) -> Origin:
    """Where the settings of a site that has been loaded were written."""
    text = read_site_toml(root)
    return Origin(list_key_lines(text), parse_site_toml(text).get("env", {}), env, read_environ(environ))


def explain_failure(
    text: str, data: dict[str, Any], envs: Any, env: str, environ: Mapping[str, Any], error: Exception
) -> CmsError:  # fmt: skip
    """All that is wrong with the keys and values, in the base and in every [env.NAME]."""
    lines = list_key_lines(text)
    if not isinstance(envs, dict) or not all(isinstance(table, dict) for table in envs.values()):
        return fail("settings.wrong-value", "env must hold tables such as [env.staging]", place=FILE, line=find_line(lines, ("env",)))
    found: dict[tuple[str, int, str], Problem] = {}
    for name in ["", *envs]:
        variables = environ if name == env else {}
        merged = with_defaults(merge_tables(merge_tables(data, envs.get(name, {})), variables))
        origin = Origin(lines, envs, name, variables)
        own = [
            (vertical.name, vertical.settings) for vertical in list_switched_on(merged.get("verticals")) if vertical.settings is not None
        ]
        wrong = [
            find_wrong(merged, Settings, (), origin),
            *(find_wrong(merged["vertical"][name], kind, (name,), origin) for name, kind in own),
        ]
        for problem in chain.from_iterable(wrong):
            found.setdefault((problem.place, problem.line, problem.message), problem)
    problems = sorted(found.values(), key=lambda problem: (problem.place, problem.line, problem.message))
    return CmsError(*problems) if problems else fail("settings.wrong-value", str(error), place=FILE)


def find_wrong(value: Any, kind: Any, path: KeyPath, origin: Origin) -> Iterator[Problem]:
    """Every key of value that kind does not know and every value it refuses."""
    if get_origin(kind) is Annotated:
        yield from _find_wrong_leaf(value, kind, path, origin)
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield from _find_wrong_table(value, kind, path, origin)
    elif get_origin(kind) is tuple and isinstance(value, list):
        for number, item in enumerate(value):
            yield from find_wrong(item, get_args(kind)[0], (*path, number), origin)
    elif get_origin(kind) is dict and isinstance(value, dict):
        for key, item in value.items():
            yield from find_wrong(item, get_args(kind)[1], (*path, key), origin)
    else:
        yield from _find_wrong_leaf(value, kind, path, origin)


def _find_wrong_table(value: Any, kind: type[msgspec.Struct], path: KeyPath, origin: Origin) -> Iterator[Problem]:
    hints = get_type_hints(kind, include_extras=True)
    if not isinstance(value, dict):
        yield origin.problem("settings.wrong-value", path, f"{spell(path)} must be a table, not {show(value)}", _list_keys(hints))
        return
    for key, item in value.items():
        if key in hints:
            yield from find_wrong(item, hints[key], (*path, key), origin)
        else:
            hint = suggest(key, list(hints))
            if path and key in Settings.__struct_fields__ and not hint.startswith("Did"):
                hint = f'"{key}" is a setting of the site: it stands above the first [table] of the file.'
            if not path and key in list_verticals():
                hint = f'The feature "{key}" is not switched on. Add it to `verticals`, or remove this table.'
            yield origin.problem("settings.unknown-key", (*path, key), f'unknown key "{spell((*path, key))}"', hint)
    for field in msgspec.structs.fields(kind):
        if field.required and field.name not in value:
            yield origin.problem("settings.wrong-value", path, f'{spell(path)} lacks the key "{field.name}"', _list_keys(hints))


def _find_wrong_leaf(value: Any, kind: Any, path: KeyPath, origin: Origin) -> Iterator[Problem]:
    try:
        msgspec.convert(value, kind)
    except (msgspec.ValidationError, ValueError, TypeError):
        choices = list_choices(kind)
        hint = suggest(value, choices) if isinstance(value, str) and choices else ""
        yield origin.problem("settings.wrong-value", path, f"{spell(path)} must be {describe(kind)}, not {show(value)}", hint)


def describe(kind: Any) -> str:
    """What a type accepts, in words."""
    if choices := list_choices(kind):
        return "one of " + ", ".join(f'"{choice}"' for choice in choices if choice)
    if get_origin(kind) is Annotated:
        meta = get_args(kind)[1]
        return f"a whole number from {meta.ge} to {meta.le}"
    if get_origin(kind) in (tuple, list):
        return "a list"
    if get_origin(kind) is dict:
        return "a table"
    names = {str: "a text", bool: "true or false", int: "a whole number", type(None): "absent"}
    options = get_args(kind) or (kind,)
    return " or ".join(names.get(option) or describe(option) for option in options if option is not type(None))


def list_choices(kind: Any) -> list[str]:
    """The texts a Literal allows, else nothing."""
    return [str(choice) for choice in get_args(kind)] if get_origin(kind) is Literal else []


def suggest(name: str, known: list[str]) -> str:
    """A hint with the nearest of the known names, or all of them."""
    import difflib

    near = difflib.get_close_matches(name, [option for option in known if option], 1, 0.6)
    return f'Did you mean "{near[0]}"?' if near else _list_keys(known)


def _list_keys(known: Any) -> str:
    return "Known here: " + ", ".join(str(key) for key in known if key)


def spell(path: KeyPath) -> str:
    """A path as a person writes it: collection[0].glob."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or FILE


def locate_wrong(text: str, envs: Any, env: str, environ: Mapping[str, Any], wrong: list[Wrong]) -> CmsError:
    """What check_settings found, with places."""
    origin = Origin(list_key_lines(text), envs, env, environ)
    return CmsError(*(origin.problem("settings.wrong-value", path, f"{spell(path)} {message}", hint) for path, message, hint in wrong))
