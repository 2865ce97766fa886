"""``cms forms list`` and ``export``."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Final, LiteralString

import msgspec

from cms_ssg.errors import UsageError
from cms_ssg.kinds.vertical import Command, OpenSite
from cms_ssg.types import Problem

LIST: Final[LiteralString] = """
SELECT form, count(*), count(*) FILTER (WHERE status = 'confirmed'), count(*) FILTER (WHERE status = 'pending'), max(submitted_at)
FROM cms.form_submissions WHERE site = %s GROUP BY form ORDER BY form"""
SENT: Final[LiteralString] = """
SELECT number, submitted_at, status, locale, fields FROM cms.form_submissions
WHERE site = %s AND form = %s AND (%s OR status <> 'pending') ORDER BY number"""
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to spreadsheets."""


class Listed(msgspec.Struct):
    """One line of `cms forms list`."""

    form: str
    sent: int
    confirmed: int
    pending: int
    last: datetime


def list_forms(opened: OpenSite) -> list[Listed]:
    """List the forms that something was sent by."""
    return [Listed(*row) for row in opened.connection.execute(LIST, (opened.number,))]


def export(opened: OpenSite, form: str, *, format: str = "csv", pending: bool = False) -> str:
    """Print the submissions of a form, as CSV or as JSON lines."""
    if format not in ("csv", "jsonl"):
        raise UsageError(Problem("forms.format", "", 0, f'there is no format "{format}"', "Formats: csv, jsonl."))
    rows = opened.connection.execute(SENT, (opened.number, form.replace("\0", ""), pending)).fetchall()
    if format == "jsonl":
        lines = [{"number": row[0], "at": row[1].isoformat(), "status": row[2], "locale": row[3], "fields": row[4]} for row in rows]
        return "\n".join(msgspec.json.encode(line).decode() for line in lines)
    names = sorted({name for row in rows for name in row[4]})
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["number", "at", "status", "locale", *names])
    for number, at, status, locale, fields in rows:
        writer.writerow([number, at.isoformat(timespec="seconds"), status, locale, *(_cell(str(fields.get(name, ""))) for name in names)])
    return out.getvalue().rstrip("\n")


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text


COMMANDS = (
    Command("forms list", list_forms, "cms forms list"),
    Command(
        "forms export", export, "cms forms export order > orders.csv\ncms forms export letter --format jsonl",
        {"format": "csv or jsonl.", "pending": "With addresses that are not confirmed yet."},
    ),
)  # fmt: skip
