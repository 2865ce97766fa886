"""Rows of an export of Ghost: read, with their lines, and as what permalinks and filters of routes.yaml ask of them."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from pathlib import Path
from typing import Any, Final

from cms_ssg.errors import fail
from cms_ssg.migrate.pages import as_table

MAX_BYTES: Final = 2 << 30


def read_export(file: Path) -> dict[str, Any]:
    """The tables of an export. Raises CmsError migrate.no-ghost, migrate.unreadable."""
    hint = "In Ghost: Settings, Import/Export, Export content."
    try:
        if file.stat().st_size > MAX_BYTES:
            raise fail("migrate.no-ghost", "is larger than 2 GB", place=file.name, hint=hint)
        value = json.loads(file.read_text("utf-8-sig"))
    except OSError as error:
        raise fail("migrate.unreadable", f"cannot be read: {error.strerror}", place=str(file)) from None
    except json.JSONDecodeError as error:
        raise fail("migrate.no-ghost", f"is not JSON: {error.msg.lower()}", place=file.name, line=error.lineno, hint=hint) from None
    except (ValueError, RecursionError):
        raise fail("migrate.no-ghost", "is no JSON in UTF-8", place=file.name, hint=hint) from None
    databases = as_table(value).get("db", [value])
    first = as_table(databases[0] if isinstance(databases, list) and databases else None)
    data = as_table(first.get("data"))
    if not isinstance(data.get("posts"), list):
        raise fail("migrate.no-ghost", "is no export of Ghost", place=file.name, line=1, hint=hint)
    return data


def find_lines(text: str) -> dict[str, int]:
    """The line of each row, by its id."""
    ends = [found.start() for found in re.finditer("\n", text)]
    found: dict[str, int] = {}
    for match in re.finditer(r'"id"\s*:\s*"?([\w-]{1,64})"?', text):
        found.setdefault(match[1], bisect_right(ends, match.start()) + 1)
    return found


def make_tokens(row: dict[str, Any], date: str | None, tags: list[dict[str, Any]], people: list[dict[str, Any]]) -> dict[str, str]:
    """What the words of a permalink stand for."""
    day = re.match(r"(\d{4})-(\d\d)-(\d\d)", date or "")
    values = dict(zip(("year", "month", "day"), day.groups(), strict=True)) if day else {}
    public = [str(tag.get("slug")) for tag in tags if not is_internal(tag)]
    author = str(people[0].get("slug")) if people else "all"
    return {
        **values, "slug": str(row.get("slug") or ""), "id": str(row.get("id")), "primary_tag": public[0] if public else "all",
        "primary_author": author, "author": author,
    }  # fmt: skip


def make_words(row: dict[str, Any], tags: list[dict[str, Any]], people: list[dict[str, Any]]) -> set[str]:
    """What filters of collections may ask of a post."""
    words = {f"featured:{'true' if row.get('featured') in (1, True) else 'false'}"}
    words |= {f"tag:{tag.get('slug')}" for tag in tags} | {f"author:{person.get('slug')}" for person in people}
    if tags and not is_internal(tags[0]):
        words.add(f"primary_tag:{tags[0].get('slug')}")
    if people:
        words.add(f"primary_author:{people[0].get('slug')}")
    return words


def is_internal(tag: dict[str, Any]) -> bool:
    """Whether a tag is one that readers do not see."""
    return str(tag.get("name", "")).startswith("#") or tag.get("visibility") == "internal"


def load(value: Any) -> Any:
    """What JSON in a text stands for, None for what is none."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return None


def read_date(value: Any) -> str | None:
    """A time of the export as a text; older versions of Ghost count milliseconds."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        from datetime import UTC, datetime

        try:
            return datetime.fromtimestamp(value / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        except (OverflowError, OSError, ValueError):
            return None
    return str(value) if value else None
