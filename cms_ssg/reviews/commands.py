"""``cms reviews``: what waits, and decisions about it."""

from __future__ import annotations

from typing import Any, Final, LiteralString

from cms_ssg.errors import fail
from cms_ssg.kinds.vertical import Command, OpenSite
from cms_ssg.reviews.comments_import import import_comments
from cms_ssg.reviews.erasing import erase_reviews, find_reviews
from cms_ssg.reviews.moderation import LIST, decide, respond
from cms_ssg.store.query import fetch

SET_OPEN: Final[LiteralString] = """
INSERT INTO cms.discussions AS d (entry, site, is_open)
SELECT c.entry, c.site, %(open)s FROM cms.cards c WHERE c.site = %(site)s AND c.live AND c.path IN (%(path)s, %(path)s || '/') LIMIT 1
ON CONFLICT (entry) DO UPDATE SET is_open = excluded.is_open
RETURNING (SELECT e.fields -> 'allow_comments' IS DISTINCT FROM 'false' FROM cms.entries e WHERE e.id = d.entry)"""
STATUSES: Final = ("pending", "approved", "rejected", "spam")


def list_queue(opened: OpenSite, *, status: str = "pending", limit: int = 50) -> list[dict[str, Any]]:
    """List reviews that wait for a decision, the oldest first."""
    if status not in STATUSES:
        raise fail("reviews.no-status", f"there is no status {status!r}", hint=f"One of: {', '.join(STATUSES)}.")
    found = fetch(opened.connection, LIST, site=opened.number, status=status, limit=max(1, min(limit, 1000)))
    return [one._asdict() for one in found]


def approve(opened: OpenSite, number: tuple[int, ...]) -> str:
    """Show reviews on the pages of what they are about."""
    return _decide(opened, number, "approved")


def reject(opened: OpenSite, number: tuple[int, ...], *, note: str = "") -> str:
    """Do not show reviews."""
    return _decide(opened, number, "rejected", note)


def mark_spam(opened: OpenSite, number: tuple[int, ...]) -> str:
    """File reviews as spam."""
    return _decide(opened, number, "spam")


def add_response(opened: OpenSite, number: int, text: str) -> str:
    """Add the owner's answer below a review.

    An empty text removes it.
    """
    if not respond(opened.connection, opened.number, number, text):
        raise _missing(number)
    return f"review {number} has an answer" if text.strip() else f"review {number} has no answer any more"


def open_discussion(opened: OpenSite, path: str) -> str:
    """Let readers comment on an entry."""
    return _set_open(opened, path, True)


def close_discussion(opened: OpenSite, path: str) -> str:
    """Stop taking comments; published ones stay."""
    return _set_open(opened, path, False)


def _set_open(opened: OpenSite, path: str, is_open: bool) -> str:
    values = {"site": opened.number, "path": path.replace("\0", ""), "open": is_open}
    row = opened.connection.execute(SET_OPEN, values).fetchone()
    if row is None:
        raise fail("comments.no-entry", f"there is no page at {path[:100]!r}", hint="Name it by its path: /city/2026/03/bridge/.")
    if is_open and not row[0]:
        return f"comments on {path} stay closed, because its file says allow_comments: false"
    return f"comments on {path} are {'open' if is_open else 'closed'}"


def _decide(opened: OpenSite, numbers: tuple[int, ...], status: str, note: str = "") -> str:
    for number in numbers:
        if not decide(opened.connection, opened.number, number, status, note):
            raise _missing(number)
    return "\n".join(f"review {number} is {status}" for number in numbers)


def _missing(number: int) -> Any:
    return fail("reviews.not-found", f"there is no review {number}", hint="cms reviews queue shows those that wait.")


COMMANDS: Final = (
    Command(
        "reviews queue",
        list_queue,
        "cms reviews queue\ncms reviews queue --status spam",
        {"status": "pending, approved, rejected or spam.", "limit": "How many."},
    ),
    Command("reviews approve", approve, "cms reviews approve 41 42"),
    Command("reviews reject", reject, 'cms reviews reject 41 --note "About another place"', {"note": "Why, for yourselves."}),
    Command("reviews spam", mark_spam, "cms reviews spam 41"),
    Command("reviews find", find_reviews, 'cms reviews find "Ada Lovelace"', {"limit": "How many."}),
    Command("reviews erase", erase_reviews, "cms reviews erase 41 42"),
    Command("reviews respond", add_response, 'cms reviews respond 41 "Thank you for coming."'),
    Command("comments open", open_discussion, "cms comments open /city/2026/03/bridge/"),
    Command("comments import", import_comments, "cms comments import migration-comments.jsonl"),
    Command("comments close", close_discussion, "cms comments close /city/2026/03/bridge/"),
)
