"""Pages whose frame the build renders and the API fills: a cart, a checkout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, LiteralString

from psycopg import Connection

BEGIN, END = "<!--frame-->", "<!--/frame-->"
"""What stands between them in the page is replaced by what the API has to show."""

SAVE: Final[LiteralString] = """
INSERT INTO cms.frames AS f (site, kind, locale, path, html) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (site, kind, locale) DO UPDATE SET path = excluded.path, html = excluded.html WHERE (f.path, f.html) <> (excluded.path, excluded.html)"""
FIND: Final[LiteralString] = "SELECT html FROM cms.frames WHERE site = %s AND kind = %s AND locale = %s"


def save_frames(connection: Connection, site: int, pages: Sequence[tuple[str, str, str]], read: Callable[[str], bytes | None]) -> None:
    """Keep the frames that were published. pages: kind, locale and path of each; read: gives what was published at a path."""
    for kind, locale, path in pages:
        if (data := read(path)) is not None:
            connection.execute(SAVE, (site, kind, locale, path, data.decode("utf-8", "replace")))


def split_frame(html: str | None, locale: str) -> tuple[str, str]:
    """A frame before and after what is shown; a plain page until one was built."""
    if html is not None and BEGIN in html and END in html:
        head, _, rest = html.partition(BEGIN)
        return head, rest.partition(END)[2]
    return (
        f'<!doctype html>\n<html lang="{locale}"><meta charset="utf-8"><meta name="robots" content="noindex"><title>-</title><body>',
        "</body></html>\n",
    )
