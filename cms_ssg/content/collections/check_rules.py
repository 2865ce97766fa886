"""What is wrong with the collections of site.toml that only their content types can tell: said once, and not on every file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from cms_ssg.config.settings import Collection, Settings
from cms_ssg.content.collections.rules import MAY_BE_EMPTY, Rules
from cms_ssg.content.schema.checks import Wrong
from cms_ssg.content.schema.content_types import Schema, find_keyword_line, nearest_name
from cms_ssg.content.url_patterns import DATE_NAMES, pattern_names, pattern_problem
from cms_ssg.types import Problem

ALWAYS_GIVEN: Final = MAY_BE_EMPTY | {"slug", "type"}
"""Names in a URL pattern that every entry has a value for, or that may be empty."""


class _Found(NamedTuple):
    """path: of the key in site.toml; name: what was written; known: what could have been meant."""

    path: tuple[str | int, ...]
    message: str
    name: str = ""
    known: tuple[str, ...] = ()
    hint: str = ""
    is_error: bool = True


def list_rule_problems(root: Path, rules: Rules) -> tuple[Problem, ...]:
    """What cannot work in the site's collections (errors), and fields there that look misspelt (warnings), at their lines."""
    found = [item for number, rule in enumerate(rules.settings.collection) for item in _check_collection(rules, rule, number)]
    found += [
        _Found(("lists", name), f'is no content type: "{name}"', name, tuple(rules.types))
        for name in rules.settings.lists
        if name not in rules.types
    ]
    located = _locate(root, rules.settings, found) if found else ()
    return (*located, *_check_patterns_of_types(root, rules))


def _check_collection(rules: Rules, rule: Collection, number: int) -> Iterator[_Found]:
    path = ("collection", number)
    asked: list[tuple[tuple[str | int, ...], str]] = [((*path, "types", pattern), name) for pattern, name in rule.types.items()]
    for place, name in (((*path, "type"), rule.type), *asked):
        if name not in rules.types:
            yield _Found(place, f'is no content type: "{name}"', name, tuple(rules.types))
    types = _types_of(rules, rule)
    if not types:
        return
    yield from _check_url((*path, "url"), rule.url, types)
    known = tuple(dict.fromkeys(name for schema in types for name in schema.properties))
    for key in ("fields", "split", "defaults"):
        for name in getattr(rule, key):
            if name not in known and (near := nearest_name(name, known)):
                hint = f'Did you mean "{near}"?'
                yield _Found((*path, key, name), f"names a field that no file of it has: {name}", hint=hint, is_error=False)
    for name, value in rule.defaults.items():
        if said := _refuse_default(name, value, types, rules.zone):
            yield _Found((*path, "defaults", name), *said)


def _types_of(rules: Rules, rule: Collection) -> list[Schema]:
    return [rules.types[name] for name in dict.fromkeys((rule.type, *rule.types.values())) if name in rules.types]


def _check_url(path: tuple[str | int, ...], pattern: str, types: list[Schema]) -> Iterator[_Found]:
    """A pattern that gives no file of the collection a path. What one of its types can fill is told on the files that it fails."""
    with_pages = [schema for schema in types if schema.pages]
    if not pattern or not with_pages:
        return
    if problem := pattern_problem(pattern):
        yield _Found(path, f"is not a URL pattern: {problem}", hint='Such as "/{year}/{month}/{slug}/".')
        return
    for name in pattern_names(pattern):
        if all(_lacks(schema, name) for schema in with_pages):
            if name in DATE_NAMES:
                yield _Found(
                    path, f"holds {{{name}}}, but a {with_pages[0].name} has no date", hint="Add the field date to its content type."
                )
            else:
                known = tuple(dict.fromkeys((*sorted(ALWAYS_GIVEN | DATE_NAMES), *(n for schema in with_pages for n in schema.properties))))
                yield _Found(path, f"holds {{{name}}}, which is no field of the type {with_pages[0].name}", name, known)


def _lacks(schema: Schema, name: str) -> bool:
    return name not in ALWAYS_GIVEN and ("date" if name in DATE_NAMES else name) not in schema.properties


def _refuse_default(name: str, value: Any, types: list[Schema], zone: str) -> tuple[str, str, tuple[str, ...], str] | None:
    """What each of the types says against a default, None where one of them takes it."""
    said: Wrong | None = None
    for schema in types:
        check = schema.checks.get(name)
        if check is None:
            return None
        try:
            check(value, zone)
            return None
        except Wrong as wrong:
            said = wrong
    return (f"is not as its content type says: {said}", "", (), said.hint) if said else None


def _check_patterns_of_types(root: Path, rules: Rules) -> Iterator[Problem]:
    """Patterns of the site's own types that name a field which the type does not have, where a collection uses them."""
    used = {schema.name: schema for rule in rules.collections if not rule.url for schema in _types_of(rules, rule) if schema.pages}
    for schema in used.values():
        for name in pattern_names(schema.url):
            if _lacks(schema, name):
                place = f"content_schema/{schema.name}.json"
                said = f"keyword 'x-url': there is no field '{name}'"
                near = nearest_name(name, tuple(schema.properties))
                hint = f'Did you mean "{near}"?' if near else f"Fields of the type {schema.name}: {', '.join(schema.properties)}."
                yield Problem("schema.unsupported", place, find_keyword_line(root / place, said), said, hint)


def _locate(root: Path, settings: Settings, found: list[_Found]) -> tuple[Problem, ...]:
    """With the lines of site.toml and the nearest right names."""
    from cms_ssg.config.explain import open_origin, spell, suggest

    origin = open_origin(root, settings.env, os.environ)
    problems = []
    for item in found:
        place, line = origin.locate(item.path)
        hint = item.hint or (suggest(item.name, list(item.known)) if item.known else "")
        message = f"{spell(item.path)} {item.message}"
        if item.is_error:
            problems.append(Problem("settings.wrong-value", place, line, message, hint))
        else:
            problems.append(Problem("settings.unknown-field", place, line, message, hint, "warning"))
    return tuple(problems)
