"""Conditions on entries as a person writes them: ``section=news``, ``rating>=4``, ``title~flood``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from psycopg import sql
from psycopg.types.json import Jsonb

from cms_ssg.content.schema.checks import Wrong
from cms_ssg.content.schema.content_types import Schema, nearest_name
from cms_ssg.entries.conditions import read_wanted
from cms_ssg.errors import UsageError
from cms_ssg.types import Problem

CONDITION: Final = re.compile(r"\s*([\w.-]+)\s*(!=|<=|>=|=|<|>|~)(.*)", re.DOTALL)
COLUMNS: Final = {
    "status": sql.SQL("CASE WHEN e.removed_at IS NULL THEN e.status ELSE 'trashed' END"), "locale": sql.SQL("e.locale"),
    "source": sql.SQL("e.source"), "file": sql.SQL("e.source_key"), "external_id": sql.SQL("e.external_key"), "author": sql.SQL("e.author"),
}  # fmt: skip
HINT: Final = "Such as: --where section=news --where 'rating>=4' --where \"city = 'New York'\". Operators: = != < <= > >= ~ (contains)."
ORDERED: Final = {"<": sql.SQL("<"), "<=": sql.SQL("<="), ">": sql.SQL(">"), ">=": sql.SQL(">=")}


def make_where(schema: Schema, conditions: Sequence[str], zone: str) -> tuple[sql.Composable, list[Any]]:
    """SQL that is true of the entries ``e`` for which all conditions hold, and its parameters. Raises UsageError bulk.where."""
    parts: list[sql.Composable] = [sql.SQL("true")]
    values: list[Any] = []
    for text in conditions:
        match = CONDITION.fullmatch(text)
        if match is None or "\0" in text:
            raise UsageError(Problem("bulk.where", "", 0, f"{text!r} is no condition", HINT))
        try:
            wanted = read_wanted(match[3])
        except ValueError as error:
            raise UsageError(Problem("bulk.where", "", 0, f"{text!r} is no condition: {error}", HINT)) from None
        part, more = _make_condition(schema, match[1], match[2], wanted, zone)
        parts.append(part)
        values += more
    return sql.SQL(" AND ").join(parts), values


def _make_condition(schema: Schema, name: str, sign: str, text: str, zone: str) -> tuple[sql.Composable, list[Any]]:
    if name in COLUMNS:
        column, spec = COLUMNS[name], {"type": "string"}
        return _compare_text(column, sign, text)
    metadata, _, inner = name.partition(".")
    if metadata == "metadata" and inner:
        return _compare_text(sql.SQL("(e.fields -> 'metadata' ->> {})").format(sql.Literal(inner)), sign, text)
    found = schema.properties.get(name)
    if found is None:
        near = nearest_name(name, (*schema.properties, *COLUMNS))
        hint = f'Did you mean "{near}"?' if near else f"Fields: {', '.join((*COLUMNS, *schema.properties))}; others are metadata.NAME."
        raise UsageError(Problem("bulk.where", "", 0, f'a {schema.name} has no field "{name}"', hint))
    spec = found
    value = sql.SQL("(e.fields -> {})").format(sql.Literal(name))
    shown = sql.SQL("(e.fields ->> {})").format(sql.Literal(name))
    if text == "" and sign in ("=", "!="):
        return sql.SQL("{} IS NULL" if sign == "=" else "{} IS NOT NULL").format(shown), []
    if spec.get("type") == "array" and sign in ("=", "!="):
        test = sql.SQL("coalesce({} @> %s, false)").format(value)
        return (test if sign == "=" else sql.SQL("NOT {}").format(test)), [Jsonb([text])]
    if sign == "~":
        return _compare_text(shown, sign, text)
    try:
        wanted = schema.checks[name](text, zone)
    except Wrong as wrong:
        raise UsageError(Problem("bulk.where", "", 0, f"{name}: {wrong}", wrong.hint)) from None
    if isinstance(wanted, bool) or (sign in ("=", "!=") and not isinstance(wanted, str)):
        test = sql.SQL("coalesce({} = %s, false)").format(value)
        return (test if sign != "!=" else sql.SQL("NOT {}").format(test)), [Jsonb(wanted)]
    if isinstance(wanted, int | float):
        number = sql.SQL("CASE WHEN jsonb_typeof({}) = 'number' THEN {}::numeric END").format(value, value)
        return sql.SQL("{} {} %s").format(number, ORDERED[sign]), [wanted]
    return _compare_text(shown, sign, str(wanted))


def _compare_text(column: sql.Composable, sign: str, text: str) -> tuple[sql.Composable, list[Any]]:
    if sign == "~":
        return sql.SQL("strpos(lower({}), lower(%s)) > 0").format(column), [text]
    if sign in ("=", "!="):
        test = sql.SQL("coalesce({} = %s, false)").format(column)
        return (test if sign == "=" else sql.SQL("NOT {}").format(test)), [text]
    return sql.SQL('{} COLLATE "C" {} %s').format(column, ORDERED[sign]), [text]
