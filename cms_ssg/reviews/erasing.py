"""Reviews and comments that somebody wants to be gone who gave no e-mail address: found by their words, erased by their numbers."""

from __future__ import annotations

from typing import Any, Final, LiteralString

from cms_ssg.errors import fail
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.privacy.everywhere import find_redis, follow_erasure
from cms_ssg.reviews.moderation import QueuedReview
from cms_ssg.store.query import Query, fetch
from cms_ssg.text.counting import count

FIND: Final = Query(
    """
SELECT r.number, r.rating, coalesce(r.title, ''), coalesce(c.path, e.fields ->> 'title', ''), r.author_name, r.content, r.status, r.reports, r.spam_score, r.created_at
FROM cms.reviews r JOIN cms.entries e ON e.id = r.entry LEFT JOIN cms.cards c ON c.entry = r.entry
WHERE r.site = %(site)s AND strpos(lower(concat_ws(' ', r.author_name, r.title, r.content, r.pros, r.cons, r.owner_response)), lower(%(words)s)) > 0
ORDER BY r.created_at DESC, r.number DESC LIMIT %(limit)s""",
    QueuedReview,
)
KNOWN: Final[LiteralString] = "SELECT number FROM cms.reviews WHERE site = %(site)s AND number = ANY(%(numbers)s)"
ERASE: Final[LiteralString] = """
WITH pictures AS (UPDATE cms.uploads u SET expires_at = clock_timestamp() FROM cms.reviews r
  WHERE r.site = %(site)s AND r.number = ANY(%(numbers)s) AND r.images IS NOT NULL AND u.site = r.site AND u.email <> '' AND '/' || u.key = ANY(r.images))
DELETE FROM cms.reviews WHERE site = %(site)s AND number = ANY(%(numbers)s)"""


def find_reviews(opened: OpenSite, words: str, *, limit: int = 50) -> list[dict[str, Any]]:
    """List reviews and comments that contain a text.

    In the author's name, the title or the text, whatever their status; the newest first.
    """
    found = fetch(opened.connection, FIND, site=opened.number, words=words.replace("\0", ""), limit=max(1, min(limit, 1000)))
    return [one._asdict() for one in found]


def erase_reviews(opened: OpenSite, number: tuple[int, ...]) -> str:
    """Delete reviews and comments for good.

    They are removed from the store, with their pictures, and from pages, kept releases and caches, as cms privacy erase does for all that has
    an e-mail address.
    """
    values = {"site": opened.number, "numbers": list(number)}
    known = {row[0] for row in opened.connection.execute(KNOWN, values)}
    for one in number:
        if one not in known:
            raise fail("reviews.not-found", f"there is no review {one}", hint='cms reviews find "words of it" shows numbers.')
    opened.connection.execute(ERASE, values)
    followed = follow_erasure(opened, find_redis(opened))
    if followed.problems:
        raise fail(
            "privacy.unfinished",
            f"{count(len(known), 'review')} deleted, but not everything that was made of them: {'; '.join(followed.problems)}",
            hint="Correct that, then run cms build.",
        )
    return f"{count(len(known), 'review')} deleted, {count(followed.pages, 'file')} of the site written or removed"
