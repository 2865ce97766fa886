"""Deciding about reviews: the same statements for commands, the API and the desk."""

from __future__ import annotations

from typing import Any, Final, LiteralString, NamedTuple

from psycopg import Connection

from cms_ssg.desk.queue import Action, Queue
from cms_ssg.store.query import Query

WAITING: Final[LiteralString] = """
SELECT r.number::text, coalesce(r.rating || ' ★ ', '') || coalesce(r.title, left(r.content, 80), ''), coalesce(c.path, ''), r.status, json_build_object(
  'About', coalesce(c.card ->> 'title', e.fields ->> 'title'), 'By', r.author_name, 'Text', nullif(r.content, ''), 'Good', r.pros, 'Bad', r.cons,
  'Images', array_to_string(r.images, ' '),
  'Sent', to_char(r.created_at, 'YYYY-MM-DD HH24:MI'), 'Address confirmed', CASE WHEN r.confirmed_at IS NOT NULL THEN 'yes' END,
  'Looks like spam', CASE WHEN r.spam_score >= 1 THEN 'yes' END,
  'Reported', CASE WHEN r.reports > 0 THEN r.reports || ' times' END)
FROM cms.reviews r JOIN cms.entries e ON e.id = r.entry LEFT JOIN cms.cards c ON c.entry = r.entry
WHERE r.site = %(site)s AND (r.status = 'pending' AND r.confirm_token IS NULL OR r.reports > 0) ORDER BY r.created_at, r.number LIMIT %(limit)s"""

PICTURE_DAYS: Final = 30


def with_pictures(number: LiteralString, status: LiteralString) -> LiteralString:
    """The beginning of a statement that decides about a review: for how long its author's pictures are kept. number, status: as SQL."""
    return f"""WITH pictures AS (UPDATE cms.uploads u
  SET expires_at = CASE WHEN {status} NOT IN ('rejected', 'spam') THEN NULL ELSE coalesce(u.expires_at, clock_timestamp() + interval '{PICTURE_DAYS} days') END
  FROM cms.reviews r WHERE r.site = %(site)s AND r.number = {number} AND r.images IS NOT NULL AND u.site = r.site AND u.email <> '' AND '/' || u.key = ANY(r.images))
"""


DECIDE: Final[LiteralString] = (
    with_pictures("%(number)s", "%(status)s")
    + """
UPDATE cms.reviews SET status = %(status)s, reports = 0, moderation_notes = coalesce(nullif(%(note)s, ''), moderation_notes), updated_at = clock_timestamp()
WHERE site = %(site)s AND number = %(number)s"""
)

RESPOND: Final[LiteralString] = """
UPDATE cms.reviews SET owner_response = nullif(%(text)s, ''), owner_response_at = CASE WHEN %(text)s <> '' THEN clock_timestamp() END, updated_at = clock_timestamp()
WHERE site = %(site)s AND number = %(number)s"""


class QueuedReview(NamedTuple):
    """A review or comment that waits. rating: None for a comment."""

    number: int
    rating: int | None
    title: str
    about: str
    author: str
    text: str
    status: str
    reports: int
    spam_score: float
    created_at: Any


LIST: Final = Query(
    """
SELECT r.number, r.rating, coalesce(r.title, ''), coalesce(c.path, e.fields ->> 'title', ''), r.author_name, r.content, r.status, r.reports, r.spam_score, r.created_at
FROM cms.reviews r JOIN cms.entries e ON e.id = r.entry LEFT JOIN cms.cards c ON c.entry = r.entry
WHERE r.site = %(site)s AND (r.status = %(status)s AND (r.confirm_token IS NULL OR r.status = 'spam')
  OR %(status)s = 'pending' AND r.reports > 0) ORDER BY r.created_at, r.number LIMIT %(limit)s""",
    QueuedReview,
)

MOST_TEXT: Final = 5000


def decide(connection: Connection[Any], site: int, number: int, status: str, note: str = "") -> bool:
    """Approve, reject or file a review as spam. Returns whether there is one of this number."""
    values = {"site": site, "number": number, "status": status, "note": note[:MOST_TEXT].replace("\0", "")}
    return connection.execute(DECIDE, values).rowcount > 0


def respond(connection: Connection[Any], site: int, number: int, text: str) -> bool:
    """Put the owner's answer below a review; an empty text takes it away."""
    return connection.execute(RESPOND, {"site": site, "number": number, "text": text[:MOST_TEXT].replace("\0", "").strip()}).rowcount > 0


# A queue gives an action the key as the text that was sent.
_KEY: LiteralString = r"CASE WHEN %(key)s ~ '^\d{1,18}$' THEN %(key)s::bigint END"
_OF_KEY: LiteralString = f"\nWHERE site = %(site)s AND number = {_KEY}"
_NOTED: LiteralString = " reports = 0, updated_at = clock_timestamp(), moderation_notes = coalesce(nullif(%(note)s, ''), moderation_notes)"


def _decide(status: LiteralString) -> LiteralString:
    return f"{with_pictures(_KEY, status)}UPDATE cms.reviews SET status = {status},{_NOTED}{_OF_KEY}"


ANSWERS: Final[LiteralString] = """
SELECT r.number::text, coalesce(c.card ->> 'title', e.fields ->> 'title'), coalesce(c.path, ''), 'pending', json_build_object(
  'Review', r.rating || ' ★ ' || concat_ws(': ', r.title, nullif(r.content, '')), 'By', r.author_name, 'Answer before', r.owner_response,
  'Answer', coalesce(nullif(r.owner_answer, ''), '(none: the answer will be removed)'), 'Sent', to_char(r.owner_answer_at, 'YYYY-MM-DD HH24:MI'))
FROM cms.reviews r JOIN cms.entries e ON e.id = r.entry LEFT JOIN cms.cards c ON c.entry = r.entry
WHERE r.site = %(site)s AND r.owner_answer IS NOT NULL AND r.status = 'approved' ORDER BY r.owner_answer_at, r.number LIMIT %(limit)s"""

QUEUES: Final = (
    Queue(
        "reviews",
        "Reviews and comments",
        WAITING,
        (
            Action("approve", "Approve", _decide("'approved'")),
            Action("reject", "Reject", _decide("'rejected'"), note=True),
            Action("spam", "Spam", _decide("'spam'")),
            Action(
                "respond",
                "Answer",
                "UPDATE cms.reviews SET owner_response = nullif(%(note)s, ''), owner_response_at = clock_timestamp(), updated_at = clock_timestamp()"
                + _OF_KEY,
                note=True,
            ),
        ),
    ),
    Queue(
        "answers",
        "Answers of owners",
        ANSWERS,
        (
            Action(
                "approve",
                "Approve",
                "UPDATE cms.reviews SET owner_response = nullif(owner_answer, ''), owner_response_at = CASE WHEN owner_answer <> '' THEN clock_timestamp() END,"
                " owner_answer = NULL, updated_at = clock_timestamp()" + _OF_KEY + " AND owner_answer IS NOT NULL",
            ),
            Action("reject", "Reject", "UPDATE cms.reviews SET owner_answer = NULL" + _OF_KEY + " AND owner_answer IS NOT NULL"),
        ),
    ),
)
