"""``cms listings``: what waits, decisions, tiers, duplicates."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple

from cms_ssg.content.frontmatter.dates import HINT, DateError, parse_date
from cms_ssg.content.git.person import find_person
from cms_ssg.errors import fail
from cms_ssg.kinds.vertical import Command, OpenSite
from cms_ssg.store.query import Query, fetch
from cms_ssg.store.revisions import add_act
from cms_ssg.text.counting import count
from cms_ssg.types import Json
from cms_ssg.verticals.directory.changes import decide, find_listing, set_fields
from cms_ssg.verticals.directory.duplicates import PAIRS, merge
from cms_ssg.verticals.directory.settings import TIERS


class Queued(NamedTuple):
    """A listing that waits."""

    number: int
    title: str
    city: str
    status: str
    sent_by: str
    note: str
    created_at: datetime


QUEUE: Final = Query(
    """
SELECT number, title, coalesce(city, ''), status, coalesce(submitter_email, ''), coalesce(moderation_notes, ''), created_at FROM cms.listings
WHERE site = %(site)s AND status = %(status)s ORDER BY created_at, number LIMIT %(limit)s""",
    Queued,
)
STATUSES: Final = ("pending", "approved", "rejected", "expired")


def list_queue(opened: OpenSite, *, status: str = "pending", limit: int = 50) -> list[dict[str, Any]]:
    """List listings that wait for a decision, the oldest first."""
    if status not in STATUSES:
        raise fail("directory.no-status", f"there is no status {status!r}", hint=f"One of: {', '.join(STATUSES)}.")
    found = fetch(opened.connection, QUEUE, site=opened.number, status=status, limit=max(1, min(limit, 1000)))
    return [one._asdict() for one in found]


def approve(opened: OpenSite, number: tuple[int, ...]) -> str:
    """Publish listings that wait."""
    return _decide(opened, number, True)


def reject(opened: OpenSite, number: tuple[int, ...], *, note: str = "") -> str:
    """Refuse listings that wait."""
    return _decide(opened, number, False, note)


def set_tier(opened: OpenSite, listing: str, tier: str, *, until: str = "") -> str:
    """Give a listing a tier: basic, featured or premium.

    Until a day if one is given.
    """
    if tier not in TIERS:
        raise fail("directory.no-tier", f"there is no tier {tier!r}", hint=f"One of: {', '.join(TIERS)}.")
    if until:
        try:
            parse_date(until, opened.site.settings.timezone)
        except DateError as error:
            raise fail("directory.until", f"--until: {error}", hint=HINT) from None
    known = find_listing(opened.connection, opened.number, listing)
    fields: dict[str, Json] = {"tier": tier, "featured_until": until or None}
    said = tier + (f" until {until}" if until else "")
    with opened.connection.transaction():
        act = add_act(
            opened.connection, opened.number, find_person(opened.site.root), "cli", "tier", f"{known.title} ({known.number}) is {said}"
        )
        set_fields(opened.connection, opened.site, opened.number, known, fields, act)
    return f"{known.title} is {said}"


def list_duplicates(opened: OpenSite, *, limit: int = 100) -> list[dict[str, Any]]:
    """List pairs of listings that may be the same place."""
    rows = opened.connection.execute(PAIRS, (opened.number, max(1, min(limit, 10_000))))
    return [{"number": a, "title": one, "other": b, "other_title": two, "why": why} for a, one, b, two, why in rows]


def merge_listings(opened: OpenSite, keep: str, other: str) -> str:
    """Make two listings one.

    Reviews, claims and a higher tier move to the first, and the second's address leads to it. cms undo takes it back, except for reviews
    and claims.
    """
    first = find_listing(opened.connection, opened.number, keep)
    second = find_listing(opened.connection, opened.number, other)
    moved = merge(opened.connection, opened.site, opened.number, first, second, who=find_person(opened.site.root))
    return f"{second.title} ({second.number}) is now {first.title} ({first.number}); {count(moved, 'review')} moved"


def _decide(opened: OpenSite, numbers: tuple[int, ...], is_approved: bool, note: str = "") -> str:
    who = find_person(opened.site.root)
    with opened.connection.transaction():
        for number in numbers:
            if not decide(opened.connection, opened.number, number, is_approved, note, who=who):
                raise fail("directory.not-waiting", f"no listing {number} waits", hint="cms listings queue shows those that do.")
    return "\n".join(f"listing {number} is {'approved' if is_approved else 'rejected'}" for number in numbers)


COMMANDS: Final = (
    Command(
        "listings queue", list_queue, "cms listings queue", {"status": "pending, approved, rejected or expired.", "limit": "How many."}
    ),
    Command("listings approve", approve, "cms listings approve 41 42"),
    Command("listings reject", reject, 'cms listings reject 41 --note "No such place"', {"note": "Why, for yourselves."}),
    Command(
        "listings tier",
        set_tier,
        "cms listings tier hair-of-the-dog premium --until 2027-01-01",
        {"until": "Day from which it is basic again."},
    ),
    Command("listings duplicates", list_duplicates, "cms listings duplicates", {"limit": "How many pairs."}),
    Command("listings merge", merge_listings, "cms listings merge 41 57"),
)
