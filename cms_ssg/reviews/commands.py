"""``cms reviews``: what waits, and decisions about it."""

from __future__ import annotations

from typing import Any, Final

from cms_ssg.errors import fail
from cms_ssg.kinds.vertical import Command, OpenSite
from cms_ssg.reviews.moderation import LIST, decide, respond
from cms_ssg.store.query import fetch

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
    """Put the owner's answer below a review.

    An empty text takes it away.
    """
    if not respond(opened.connection, opened.number, number, text):
        raise _missing(number)
    return f"review {number} has an answer" if text.strip() else f"review {number} has no answer any more"


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
    Command("reviews respond", add_response, 'cms reviews respond 41 "Thank you for coming."'),
)
