"""A calendar file beside each section's page, and the notes of an event, ten a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from cms_ssg.kinds.claim import LIST, ClaimRow
from cms_ssg.kinds.list_kind import Item, ListKind, ListRule
from cms_ssg.kinds.output_kind import OutputKind
from cms_ssg.kinds.phases import FEEDS
from cms_ssg.kinds.row_kind import Row, RowKind
from cms_ssg.paths import canonical_path
from cms_ssg.types import Json

if TYPE_CHECKING:
    from cms_ssg.render.page import Page
    from cms_ssg.render.requests import Job
    from cms_ssg.render.site_view import Surroundings
    from cms_ssg.site import Site

CALENDAR = OutputKind(
    "calendar", FEEDS, "text/calendar; charset=utf-8", "tests.verticals.events.outputs:render_calendar",
    "tests.verticals.events.outputs:STAGES", linked=True,
)  # fmt: skip
PAGE = 2


def claim_calendars(site: Site, locale: str, rule: ListRule, number: int) -> Iterator[ClaimRow]:
    """The calendar of a section."""
    if rule.group == "section" and rule.url:
        path = canonical_path(f"{rule.url}events.ics")
        yield ClaimRow(path, LIST, locale, f"section/{rule.slug} calendar", "l", number, {"kind": "calendar", "list": number})


def _list_events(around: Surroundings, job: Job, found: dict[tuple[Any, ...], Any]) -> Iterable[tuple[Any, ...]]:
    yield ("listed", job.spec["list"])
    yield ("all", job.spec["list"])


STAGES = (_list_events,)


def render_calendar(page: Page, job: Job) -> tuple[bytes, str]:
    """The events of a section, the next one last."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0"]
    for member in page.reader.window("all", job.spec["list"]):
        card = page.card(member)
        if card is not None and card.type == "event":
            lines += [
                "BEGIN:VEVENT",
                f"UID:{page.absolute(card.path)}",
                f"SUMMARY:{card.title}",
                f"X-ATTENDANCE:{page.fact('attendance', card)}",
                "END:VEVENT",
            ]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode(), CALENDAR.content_type


def _notes_rule(site: Site, locale: str, slug: str) -> ListRule:
    return ListRule("notes", slug, f"/notes/{slug}/", size=PAGE)


NOTES = ListKind("notes", _notes_rule, template="notes.html")


def _derive_note(site: Site, number: int, fields: dict[str, Json]) -> Row | None:
    if not fields["shown"]:
        return None
    item = Item(site.default_locale, f"notes/{fields['event']}", b"\x01" + fields["posted_at"].encode() + number.to_bytes(8, "big"))
    return Row({"text": fields["text"], "posted_at": fields["posted_at"]}, (item,))


_LOAD = """
SELECT number, jsonb_build_object('event', event, 'text', text, 'shown', shown,
  'posted_at', to_char(posted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
FROM cms.event_notes WHERE number = ANY(%(numbers)s)"""

NOTE = RowKind("note", "cms.event_notes", _LOAD, _derive_note)
