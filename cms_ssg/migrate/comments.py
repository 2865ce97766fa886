"""Comments of the old site in a file that ``cms comments import`` reads: what readers wrote, one comment a line."""

from __future__ import annotations

import html
import json
import re
import sqlite3
from typing import Any, Final

from cms_ssg.migrate.folder import NewSite

FILE: Final = "migration-comments.jsonl"
THEME: Final = {
    "theme.toml": 'extends = "base"\n',
    **{
        f"templates/{name}.html": f'{{% extends "{name}.html" %}}\n'
        '{% block styles %}{{ super() }}<link rel="stylesheet" href="{{ asset(\'reviews.css\') }}">{% endblock %}\n'
        '{% block after %}{% include "partials/comments.html" %}{{ super() }}{% endblock %}\n'
        for name in ("post", "page")
    },
}
"""A theme that shows comments below posts and pages."""
MOST_TEXT: Final = 20_000
_LINK: Final = re.compile(r"<a\b[^<>]*?\bhref\s*=\s*[\"']([^\"'<>]*)[\"'][^<>]*>([^<]*)</a\s*>", re.IGNORECASE)
_BREAK: Final = re.compile(r"<br\s*/?>\n?|</(?:p|div|li|blockquote)\s*>", re.IGNORECASE)
_TAG: Final = re.compile(r"</?[A-Za-z][^<>]*>|<!--[^<>]*>")


class Comments:
    """The comments, in the database of the move."""

    def __init__(self, connection: sqlite3.Connection, *, resumed: bool) -> None:
        self._connection = connection
        if not resumed:
            connection.execute("DROP TABLE IF EXISTS comments")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS comments (entry TEXT, id TEXT, at TEXT, row TEXT, PRIMARY KEY (entry, id)) WITHOUT ROWID"
        )

    def add(self, entry: str, number: str, row: dict[str, Any]) -> None:
        """Keep a comment. entry: what it is about in the source; row: path, name, email, date, content, parent, is_approved."""
        kept = {name: value for name, value in row.items() if value not in (None, "")}
        text = json.dumps({"id": number, **kept}, ensure_ascii=False)
        self._connection.execute("INSERT OR REPLACE INTO comments VALUES (?, ?, ?, ?)", (entry, number, str(row.get("date") or ""), text))

    def finish(self, site: NewSite) -> int:
        """Write the file, where there are any, and return how many there are."""
        rows = self._connection.execute("SELECT row FROM comments ORDER BY entry, at, id").fetchall()
        if rows:
            site.write(FILE, "".join(f"{row[0]}\n" for row in rows).encode("utf-8", "replace"))
            site.ignored.append(FILE)
            for name, text in THEME.items():
                site.write(f"themes/moved/{name}", text.encode())
        return len(rows)


def plain_comment(text: str) -> str:
    """A comment, which is HTML of few tags, as plain text; addresses of links stand behind their words."""
    text = _LINK.sub(lambda found: found[2] if found[2].strip() in ("", found[1]) else f"{found[2]} ({found[1]})", text[:MOST_TEXT])
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", text))).strip()
