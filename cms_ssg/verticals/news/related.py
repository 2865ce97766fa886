"""Stories that belong together: found again for what changed, when all changes of a build were taken; said by people; and why."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final, LiteralString

from cms_ssg.errors import fail
from cms_ssg.kinds.row_kind import Fact
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.text.counting import count
from cms_ssg.verticals.news.outputs import STORY, list_types
from cms_ssg.verticals.news.writing import find_post

KINDS: Final = ("related", "follow_up", "background", "mentioned_in", "series")

RELATED = Fact(
    "related",
    r"""
SELECT s, CASE WHEN s LIKE '%%/6' THEN b.few ELSE b.shown END, NULL::timestamptz, NULL::timestamptz
FROM unnest(%(subjects)s::text[]) s JOIN cms.related_boxes b ON b.entry = CASE WHEN s ~ '^\d{1,18}/\d+$' THEN split_part(s, '/', 1)::bigint END
WHERE b.site = %(site)s""",
)

WHOLE_SITE: Final = 0
"""Stands in cms.related_waiting for all stories of a site."""

AT_ONCE: Final = 1000
"""Stories that are related in one transaction."""

CHANGED: Final[LiteralString] = "SELECT entry, locale, term, at, key FROM cms.index_related(%s, %s::bigint[], %s)"
KNOWN: Final[LiteralString] = """
SELECT (SELECT shares FROM cms.related_shares WHERE site = %(site)s), EXISTS (SELECT FROM cms.related_waiting WHERE site = %(site)s AND entry = 0)"""
SET_SHARES: Final[LiteralString] = """
INSERT INTO cms.related_shares (site, shares) VALUES (%s, %s) ON CONFLICT (site) DO UPDATE SET shares = excluded.shares"""
WAIT: Final[LiteralString] = """
INSERT INTO cms.related_waiting (site, entry) SELECT DISTINCT %s::int, n FROM unnest(%s::bigint[]) n ON CONFLICT DO NOTHING"""
WAIT_FOR: Final[LiteralString] = """
INSERT INTO cms.related_waiting (site, entry)
SELECT %s, n FROM cms.list_related_readers(%s, %s::text[], %s::text[], %s::text[], %s::text[]) n ON CONFLICT DO NOTHING"""
ALL_WAIT: Final[LiteralString] = """
WITH gone AS (DELETE FROM cms.related_waiting WHERE site = %(site)s AND entry = 0 RETURNING site)
INSERT INTO cms.related_waiting (site, entry) SELECT s.site, s.entry FROM gone JOIN cms.related_stories s USING (site) ON CONFLICT DO NOTHING"""
NEXT: Final[LiteralString] = """
DELETE FROM cms.related_waiting w USING (SELECT entry FROM cms.related_waiting WHERE site = %(site)s ORDER BY entry LIMIT %(limit)s) n
WHERE w.site = %(site)s AND w.entry = n.entry RETURNING w.entry"""
FILL: Final[LiteralString] = "SELECT cms.fill_boxes_with(%s::bigint[])"
RELATE: Final[LiteralString] = "SELECT cms.relate_stories(%s::bigint[], %s, %s, %s)"
STORIES: Final[LiteralString] = "SELECT id FROM cms.entries WHERE site = %s AND type = ANY(%s) AND removed_at IS NULL ORDER BY id"
ADD: Final[LiteralString] = """
INSERT INTO cms.content_relationships (site, content_id, content_type, related_content_id, related_content_type, relationship_type, relevance_score, is_manual)
VALUES (%s, %s, %s, %s, %s, %s, %s, true)"""
REMOVE: Final[LiteralString] = """
DELETE FROM cms.content_relationships WHERE site = %s AND content_id = %s AND related_content_id = %s AND is_manual RETURNING 1"""
EXPLAIN: Final[LiteralString] = """
SELECT x.kind, x.manual, x.score, x.found_by, f.fields ->> 'title', f.source_key,
  array(SELECT unnest(a.tags) INTERSECT SELECT unnest(b.tags) ORDER BY 1), a.section = b.section AND a.section <> '',
  array(SELECT unnest(a.words) INTERSECT SELECT unnest(b.words) ORDER BY 1)
FROM (
  SELECT related_content_id AS other, relationship_type AS kind, is_manual AS manual, relevance_score AS score, 'this story' AS found_by
  FROM cms.content_relationships WHERE content_id = %(entry)s
  UNION ALL
  SELECT content_id, relationship_type, false, relevance_score, 'the newer story' FROM cms.content_relationships WHERE related_content_id = %(entry)s AND NOT is_manual) x
JOIN cms.entries f ON f.id = x.other
LEFT JOIN cms.related_stories a ON a.entry = %(entry)s LEFT JOIN cms.related_stories b ON b.entry = x.other
ORDER BY x.manual DESC, x.score DESC NULLS FIRST, f.fields ->> 'date' COLLATE "C" DESC, f.source_key DESC LIMIT %(limit)s"""


def settle_related(opened: OpenSite, entries: Sequence[int], _listed: AbstractSet[int] = frozenset()) -> None:
    """Note these entries as they are now, and let those wait that may be related to others: they themselves, and newer stories that might name them."""
    connection, shares = opened.connection, list_shares(opened)
    before, all_wait = connection.execute(KNOWN, {"site": opened.number}).fetchone()  # type: ignore[misc]
    if before != shares:  # the first stories of a site, or another setting
        connection.execute(SET_SHARES, (opened.number, shares))
        connection.execute(WAIT, (opened.number, [WHOLE_SITE]))
        all_wait = True
    rows = connection.execute(CHANGED, (opened.number, list(entries), story_types(opened))).fetchall()
    if not rows or all_wait:
        return
    changed = sorted({row[0] for row in rows})
    connection.execute(WAIT, (opened.number, changed))
    connection.execute(WAIT_FOR, (opened.number, opened.number, *([row[index] for row in rows] for index in (1, 2, 3, 4))))
    connection.execute(FILL, (changed,))


def list_shares(opened: OpenSite) -> list[int]:
    """How much tags, the section and the text count, in thousandths."""
    weights = opened.site.settings.vertical["news"].related
    return [round(1000 * part) for part in (weights.tags, weights.section, weights.text)]


def gather_related(opened: OpenSite) -> bool:
    """Relate some of the stories that wait. Returns whether there were any."""
    connection = opened.connection
    connection.execute(ALL_WAIT, {"site": opened.number})
    found = [row[0] for row in connection.execute(NEXT, {"site": opened.number, "limit": AT_ONCE})]
    if found:
        connection.execute(RELATE, (sorted(found), *list_shares(opened)))
    return bool(found)


def story_types(opened: OpenSite) -> list[str]:
    """Names of the types that are stories."""
    return sorted(name for name, schema in opened.site.schemas.items() if STORY in list_types(opened.site, schema))


def add_related(opened: OpenSite, post: str, other: str, *, kind: str = "related", both: bool = False) -> str:
    """Say that an entry goes with another."""
    from psycopg.errors import UniqueViolation

    if kind not in KINDS:
        raise fail("related.kind", f"there is no kind {kind!r}", hint=f"Kinds: {', '.join(KINDS)}.")
    one, two = find_post(opened, post), find_post(opened, other)
    if one.number == two.number:
        raise fail("related.itself", f"{one.title} cannot be related to itself", hint="Name another entry.")
    with opened.connection.transaction():
        for first, second in ((one, two), *(((two, one),) if both else ())):
            try:
                with opened.connection.transaction():
                    opened.connection.execute(ADD, (opened.number, first.number, first.type, second.number, second.type, kind, None))
            except UniqueViolation:
                raise fail(
                    "related.twice", f"{second.title} is named by {first.title} already", hint="cms related remove takes it away."
                ) from None
    return f"{two.title} goes with {one.title}{' and the other way round' if both else ''}."


def remove_related(opened: OpenSite, post: str, other: str) -> str:
    """Take back what add said."""
    one, two = find_post(opened, post), find_post(opened, other)
    if opened.connection.execute(REMOVE, (opened.number, one.number, two.number)).fetchone() is None:
        raise fail(
            "related.not-said",
            f"nobody said that {two.title} goes with {one.title}",
            hint="cms related explain shows what is there, and why.",
        )
    return f"{two.title} is not named by {one.title} any more."


def explain_related(opened: OpenSite, post: str, *, limit: int = 20) -> list[dict[str, object]]:
    """Show what is related to an entry, and why."""
    found = find_post(opened, post)
    values: dict[str, Any] = {"entry": found.number, "limit": max(1, min(limit, 100))}
    rows = opened.connection.execute(EXPLAIN, values).fetchall()
    return [
        {
            "score": "said" if manual else score, "kind": kind, "title": title, "found_by": "a person" if manual else by,
            "tags": ", ".join(tags or ()), "section": "same" if same else "", "words": ", ".join(words or ()),
        }
        for kind, manual, score, by, title, _, tags, same, words in rows
    ]  # fmt: skip


def weigh_related(opened: OpenSite) -> str:
    """Count how rare words are, and find all again."""
    with opened.connection.transaction():
        row = opened.connection.execute("SELECT cms.weigh_related_words(%s)", (opened.number,)).fetchone()
        entries = [number for (number,) in opened.connection.execute(STORIES, (opened.number, story_types(opened)))]
        settle_related(opened, entries)
        while gather_related(opened):
            pass
    return f"{count(row[0] if row else 0, 'word')} weighed for {count(len(entries), 'story', 'stories')}."
