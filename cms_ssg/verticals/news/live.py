"""Live blogs as pages have them: updates in archives from the oldest, those that are pinned, and the log of events that open pages follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from cms_ssg.kinds.list_kind import Item, ListKind, ListRule
from cms_ssg.kinds.output_kind import JSON
from cms_ssg.kinds.row_kind import Row, RowKind
from cms_ssg.render.dates import format_iso
from cms_ssg.types import Json
from cms_ssg.verticals.news.texts import render_content

if TYPE_CHECKING:
    from cms_ssg.render.page import Page
    from cms_ssg.render.requests import Job
    from cms_ssg.site import Site

TYPE: Final = "live-blog"
UPDATES: Final = 20
"""Updates on an archive page; the live page has this many to twice as many."""

EVENTS: Final = 10
"""Events in a file of the log; the newest file has this many to twice as many."""


def now_path(site: Site, locale: str, slug: str) -> str:
    """The file that open pages of a live blog ask for."""
    return f"/fragments{site.prefix(locale)}/live/{slug}/now.json"


def _updates_rule(site: Site, locale: str, slug: str) -> ListRule:
    return ListRule("live", slug, size=UPDATES, page_url=f"{site.prefix(locale)}/live/{slug}/{{number}}/")


def _events_rule(site: Site, locale: str, slug: str) -> ListRule:
    url = f"/fragments{site.prefix(locale)}/live/{slug}/{{number}}.json"
    return ListRule("live-log", slug, size=EVENTS, page_kind="live-log", page_url=url)


LIVE_UPDATES = ListKind("live", _updates_rule, template="live-archive.html", head=TYPE)
LIVE_PINNED = ListKind("live-pinned", head=TYPE)
LIVE_EVENTS = ListKind("live-log", _events_rule, head=TYPE)

_LOAD_UPDATES = """
SELECT u.number, jsonb_build_object('slug', e.fields ->> 'slug', 'locale', e.locale, 'content', u.content, 'author', u.author_id,
  'is_pinned', u.is_pinned, 'is_important', u.is_important, 'position', u.position,
  'posted_at', to_char(u.posted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
  'updated_at', to_char(u.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
FROM cms.live_blog_updates u JOIN cms.live_blogs b USING (live_blog_id) JOIN cms.entries e ON e.id = b.post_id
WHERE u.number = ANY(%(numbers)s) AND u.deleted_at IS NULL"""
_LOAD_EVENTS = """
SELECT v.number, jsonb_build_object('slug', e.fields ->> 'slug', 'locale', e.locale, 'event', v.event, 'action', v.action,
  'position', v.position, 'update', u.number)
FROM cms.live_blog_events v JOIN cms.live_blogs b USING (live_blog_id) JOIN cms.entries e ON e.id = b.post_id
LEFT JOIN cms.live_blog_updates u ON u.live_blog_id = v.live_blog_id AND u.position = v.position AND u.last_event = v.event AND u.deleted_at IS NULL
WHERE v.number = ANY(%(numbers)s)"""


def _place(number: int) -> bytes:
    return b"\x01" + number.to_bytes(8, "big")


def _derive_update(site: Site, number: int, fields: dict[str, Json]) -> Row | None:
    locale, slug = fields.pop("locale"), fields.pop("slug")
    if not slug:
        return None
    content = fields.pop("content")
    card = {**fields, "html": render_content(site, content if isinstance(content, dict) else {})}
    place = _place(fields["position"])
    items = (Item(locale, f"live/{slug}", place), *((Item(locale, f"live-pinned/{slug}", place),) if fields["is_pinned"] else ()))
    return Row(card, items)


def _derive_event(site: Site, number: int, fields: dict[str, Json]) -> Row | None:
    locale, slug = fields.pop("locale"), fields.pop("slug")
    return Row(fields, (Item(locale, f"live-log/{slug}", _place(fields["event"])),)) if slug else None


UPDATE = RowKind("live-update", "cms.live_blog_updates", _LOAD_UPDATES, _derive_update, html=("html",))
EVENT = RowKind("live-event", "cms.live_blog_events", _LOAD_EVENTS, _derive_event)


def render_log(page: Page, job: Job) -> tuple[bytes, str]:
    """A full file of the log: its events never change their numbers, and it is never added to."""
    members = page.reader.window("page", job.spec["list"], job.spec["page"])
    return _encode({"events": list(_list_events(page, members))}), JSON


def render_now(page: Page, job: Job) -> tuple[bytes, str]:
    """What open pages ask for: the state of the live blog, its newest events, and how many full files there are before these."""
    card = page.card(job.owner)
    state: Any = page.fact("live", job.owner)
    log = page.reader.list_named(page.locale.code, f"live-log/{job.spec['slug']}")
    members = page.reader.window("front", log.id) if log is not None else ()
    value = {
        "status": state["status"] if state else "upcoming",
        "refresh_s": state["refresh_s"] if state else 60,
        "title": card.title if card is not None else "",
        "size": EVENTS,
        "files": int(log.pages) if log is not None else 0,
        "events": list(_list_events(page, members)),
    }
    return _encode(value), JSON


def _list_events(page: Page, members: tuple[int, ...]) -> Any:
    """Events, the oldest first, with the HTML of those updates whose last one they are."""
    for member in reversed(members):
        event = page.row(member)
        if event is None:
            continue
        value: dict[str, Any] = {"event": event.event, "position": event.position, "action": event.action}
        update = page.row(event.update) if event.update is not None else None
        if update is not None:
            value["posted_at"] = format_iso(update.posted_at)
            value["pinned"], value["important"] = update.is_pinned, update.is_important
            value["html"] = page.render(["partials/live-update.html"], update=update)
        yield value


def _encode(value: Any) -> bytes:
    return msgspec.json.encode(value)
