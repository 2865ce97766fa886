"""What is wrong with the newsroom's content that no file alone shows: part of ``cms check``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, LiteralString

from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.types import Problem
from cms_ssg.verticals.news.ordered import TYPE, story_names
from cms_ssg.verticals.news.related import story_types

NAMED: Final[LiteralString] = """
SELECT e.source_key, e.locale, s ->> 'story' FROM cms.entries e
CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(e.fields -> 'stories') WHEN 'array' THEN e.fields -> 'stories' ELSE '[]' END) s
WHERE e.site = %s AND e.type = %s AND e.removed_at IS NULL AND e.status = 'published' ORDER BY 1"""
KNOWN: Final[LiteralString] = "SELECT name FROM cms.claims WHERE site = %s AND name = ANY(%s) AND wins"


def check_lists(opened: OpenSite) -> Iterator[Problem]:
    """Stories that a list's file names and that are not there: the list goes on without them."""
    types = story_types(opened)
    named = [
        (file, story, story_names(opened.site, locale, story, types))
        for file, locale, story in opened.connection.execute(NAMED, (opened.number, TYPE))
    ]
    wanted = sorted({name for _, _, names in named for name in names})
    known = {name for (name,) in opened.connection.execute(KNOWN, (opened.number, wanted))}
    for file, story, names in named:
        if known.isdisjoint(names):
            hint = "Name it by its slug, content file or path. A draft takes its place when it is published."
            yield Problem("news.list-story", file, 0, f"the list names the story {story[:100]!r}, and there is none", hint, "warning")


CHECKS: Final = (check_lists,)
