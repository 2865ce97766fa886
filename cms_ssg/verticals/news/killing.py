"""``cms news kill``: a story goes from every page, list, feed, index, cache and release, and does not come back with its file."""

from __future__ import annotations

from datetime import datetime
from typing import Final, LiteralString, NamedTuple

from cms_ssg.errors import fail
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.store.query import Query, fetch
from cms_ssg.text.counting import count
from cms_ssg.verticals.news.writing import find_post

FEW_WORDS: Final = 20
"""A text of fewer may be another story's too, so it is known only together with its title."""

KILL: Final[LiteralString] = """
INSERT INTO cms.killed (site, source_key, body_key, is_short, path, title, reason, status)
SELECT e.site, e.source_key, e.body_key, coalesce(b.words, 0) < %(words)s, %(path)s, %(title)s, %(reason)s, e.status
FROM cms.entries e LEFT JOIN cms.bodies b ON b.entry = e.id WHERE e.site = %(site)s AND e.id = %(entry)s
ON CONFLICT (site, source_key) DO UPDATE SET reason = excluded.reason"""
APPLY: Final[LiteralString] = "UPDATE cms.entries SET status = status WHERE site = %s AND id = %s"
LIFT: Final[LiteralString] = """
DELETE FROM cms.killed WHERE site = %(site)s AND (source_key = %(name)s OR path = %(name)s OR path = %(name)s || '/') RETURNING source_key, body_key, is_short, status, title"""
RESTORE: Final[LiteralString] = """
UPDATE cms.entries SET status = %(status)s WHERE site = %(site)s AND status = 'trashed' AND (source_key = %(key)s
  OR body_key = %(body)s AND (NOT %(short)s OR coalesce(fields ->> 'title', source_key) = %(title)s))"""
TRANSLATIONS: Final[LiteralString] = """
SELECT source_key FROM cms.entries WHERE site = %(site)s AND id <> %(entry)s AND removed_at IS NULL AND status = 'published'
  AND translation_key = (SELECT translation_key FROM cms.entries WHERE id = %(entry)s) ORDER BY 1"""


class Killed(NamedTuple):
    """What was killed."""

    path: str
    title: str
    file: str
    reason: str
    killed_at: datetime


LIST: Final = Query(
    "SELECT path, title, source_key, reason, killed_at FROM cms.killed WHERE site = %(site)s ORDER BY killed_at DESC", Killed
)


def kill(opened: OpenSite, path: str, *, reason: str = "") -> str:
    """Take a story away everywhere, at once and for good."""
    found = find_post(opened, path)
    values = {"site": opened.number, "entry": found.number}
    more = {"path": found.path or "", "title": found.title, "reason": reason, "words": FEW_WORDS}
    with opened.connection.transaction():
        opened.connection.execute(KILL, {**values, **more})
        opened.connection.execute(APPLY, (opened.number, found.number))
    lines = [*_publish(opened, found.path or "")]
    others = [row[0] for row in opened.connection.execute(TRANSLATIONS, values)]
    if others:
        lines.append(f"Its translations are still there: {', '.join(others)}.")
    return "\n".join([f"Killed {found.title} ({found.file}).", *lines])


def unkill(opened: OpenSite, path: str) -> str:
    """Let a story that was killed be published again."""
    with opened.connection.transaction():
        row = opened.connection.execute(LIFT, {"site": opened.number, "name": path.replace("\0", "")}).fetchone()
        if row is None:
            raise fail("news.not-killed", f"nothing was killed at {path[:100]!r}", hint="cms news killed lists what was.")
        key, body, short, status, title = row
        values = {"site": opened.number, "key": key, "body": body, "short": short, "title": title, "status": status}
        opened.connection.execute(RESTORE, values)
    return f"{title} may be published again: the next build does so."


def list_killed(opened: OpenSite) -> list[Killed]:
    """List what was killed."""
    return fetch(opened.connection, LIST, site=opened.number)


def _publish(opened: OpenSite, path: str) -> list[str]:
    """Build what follows, forget what could bring it back, and say what visitors get now."""
    from cms_ssg.build import build
    from cms_ssg.engine.options import BuildOptions
    from cms_ssg.history.forget import forget_all_releases

    settings = opened.site.settings
    options = BuildOptions(env=settings.env, sync=False, confirm_removals=True, urgent=(path,) if path else ())
    result = build(opened.site.root, options)
    failed = [problem for problem in result.problems if problem.severity == "error"]
    if result.status != "done" or failed:
        said = failed[0].message if failed else f"the build ended as {result.status}"
        raise fail(
            "news.kill-unfinished",
            f"it is unpublished in the store, but not everywhere yet: {said}",
            hint="Run cms build until it ends as done.",
        )
    forget_all_releases(opened.site)
    purged = (
        "no CDN is set up, so there is nothing to purge" if settings.cdn.kind == "null" else f"{settings.cdn.kind} has confirmed the purge"
    )
    done = (
        f"{count(result.removed, 'file')} removed, {result.written} written"
        if result.removed or result.written
        else "nothing of it was left to remove"
    )
    return [
        f"{done}; kept releases forgotten; {purged}.",
        f"{path or 'It'} answers 404 now; 410 where nginx or CloudFront has what `cms target config` writes from now on.",
    ]
