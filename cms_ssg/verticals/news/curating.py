"""Editors put stories first: on the front page, in a section. A pin may end by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, LiteralString, NamedTuple

from cms_ssg.errors import fail
from cms_ssg.kinds.row_kind import Fact
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.store.query import Query, fetch
from cms_ssg.verticals.news.breaking import parse_time
from cms_ssg.verticals.news.writing import find_post

FRONT: Final = "front"

PINS = Fact(
    "pins",
    """
SELECT s.subject, coalesce(jsonb_agg(p.post_id ORDER BY p.place, p.created_at, p.post_id) FILTER (WHERE p.until IS NULL OR p.until > %(now)s), '[]'),
  max(p.until) FILTER (WHERE p.until <= %(now)s), min(p.until) FILTER (WHERE p.until > %(now)s)
FROM unnest(%(subjects)s::text[]) s(subject) JOIN cms.list_pins p ON p.site = %(site)s AND p.locale || '/' || p.list = s.subject
GROUP BY s.subject""",
)

PIN: Final[LiteralString] = """
INSERT INTO cms.list_pins (site, locale, list, post_id, place, until)
SELECT %(site)s, %(locale)s, %(list)s, %(post)s, coalesce(%(place)s, (SELECT min(place) - 1 FROM cms.list_pins
  WHERE site = %(site)s AND locale = %(locale)s AND list = %(list)s), 0), %(until)s
ON CONFLICT (site, locale, list, post_id) DO UPDATE SET place = excluded.place, until = excluded.until"""
UNPIN: Final[LiteralString] = "DELETE FROM cms.list_pins WHERE site = %(site)s AND list = %(list)s AND post_id = %(post)s RETURNING 1"
CLEAR: Final[LiteralString] = (
    "DELETE FROM cms.list_pins WHERE site = %(site)s AND list = %(list)s AND locale = %(locale)s AND NOT post_id = ANY(%(posts)s)"
)


class Pin(NamedTuple):
    """A story that is pinned in a list."""

    list: str
    place: int
    title: str
    file: str
    until: datetime | None
    is_published: bool


LIST_PINS: Final = Query(
    """
SELECT p.list, p.place, coalesce(e.fields ->> 'title', e.source_key), e.source_key, p.until, coalesce(c.live, false)
FROM cms.list_pins p JOIN cms.entries e ON e.id = p.post_id LEFT JOIN cms.cards c ON c.entry = e.id
WHERE p.site = %(site)s AND (%(list)s = '' OR p.list = %(list)s) ORDER BY p.list, p.locale, p.place, p.created_at LIMIT 500""",
    Pin,
)


def name_list(name: str) -> str:
    """``front``, or the name of a list: ``section/city``. Raises CmsError news.no-list."""
    if name == FRONT or (name.startswith("section/") and len(name) > len("section/")):
        return name[:200].replace("\0", "")
    raise fail(
        "news.no-list", f"{name[:100]!r} is no list that editors order", hint="It is front, or section/ and a section's slug: section/city."
    )


def pin(opened: OpenSite, list_: str, post: str, *, until: str = "") -> str:
    """Put a story first on the front page or in a section."""
    found = find_post(opened, post)
    at = parse_time(until, opened.site.zone)
    if at is not None and at <= datetime.now(UTC):
        raise fail("news.time", f"the pin would be over already: {until[:50]!r} is past", hint="Let it end later: --until 6h.")
    values = {"site": opened.number, "list": name_list(list_), "post": found.number, "locale": found.locale, "place": None, "until": at}
    opened.connection.execute(PIN, values)
    later = "" if found.is_live else "\nIt is not published yet; it takes its place when it is."
    return f"{found.title} is first in {list_}{f' until {at.astimezone(opened.site.zone):%Y-%m-%d %H:%M}' if at else ''}.{later}"


def unpin(opened: OpenSite, list_: str, post: str) -> str:
    """Let a story go down with the others."""
    found = find_post(opened, post)
    row = opened.connection.execute(UNPIN, {"site": opened.number, "list": name_list(list_), "post": found.number}).fetchone()
    if row is None:
        raise fail("news.not-pinned", f"{found.title} is not pinned in {list_}", hint="cms list pins shows what is.")
    return f"{found.title} is not pinned in {list_} any more."


def order(opened: OpenSite, list_: str, posts: tuple[str, ...]) -> str:
    """Pin exactly these stories, in this order."""
    found = [find_post(opened, post) for post in posts]
    if len({post.number for post in found}) < len(found):
        raise fail("news.twice", "a story is named twice", hint="Name each once.")
    if len({post.locale for post in found}) > 1:
        raise fail("news.ambiguous", "the stories are of several languages", hint="Order each language's list by itself.")
    name = name_list(list_)
    with opened.connection.transaction():
        for place, post in enumerate(found):
            values: dict[str, Any] = {
                "site": opened.number,
                "list": name,
                "post": post.number,
                "locale": post.locale,
                "place": place,
                "until": None,
            }
            opened.connection.execute(PIN, values)
        values = {"site": opened.number, "list": name, "locale": found[0].locale, "posts": [post.number for post in found]}
        opened.connection.execute(CLEAR, values)
    return f"{list_}: {', '.join(post.title for post in found)}."


def list_pins(opened: OpenSite, list_: str = "") -> list[Pin]:
    """List what is pinned."""
    return fetch(opened.connection, LIST_PINS, site=opened.number, list=list_)
