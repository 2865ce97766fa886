"""``cms news breaking``, ``cms live``."""

from __future__ import annotations

import sys
from typing import Final

from cms_ssg.errors import fail
from cms_ssg.kinds.vertical import Command, OpenSite
from cms_ssg.store.query import fetch
from cms_ssg.verticals.news import queries
from cms_ssg.verticals.news.breaking import BreakingInput, check_breaking, parse_time, say_sections
from cms_ssg.verticals.news.curating import list_pins, order, pin, unpin
from cms_ssg.verticals.news.killing import kill, list_killed, unkill
from cms_ssg.verticals.news.live import TYPE
from cms_ssg.verticals.news.pushing import push_now
from cms_ssg.verticals.news.related import KINDS, add_related, explain_related, remove_related, weigh_related
from cms_ssg.verticals.news.texts import MOST_CHARACTERS
from cms_ssg.verticals.news.writing import add_update, change_update, find_blog, find_post

SOON: Final = "cms serve, cms watch or a worker shows it within a second; else cms build does."


def add_breaking(
    opened: OpenSite, headline: str, *, summary: str = "", post: str = "", priority: int = 1, style: str = "banner", starts: str = "",
    expires: str = "", section: tuple[str, ...] = (), only_home: bool = False, not_home: bool = False,
) -> str:  # fmt: skip
    """Show breaking news; no page is built for it."""
    zone = opened.site.zone
    sections = () if only_home else section or None
    item = BreakingInput(headline, summary, priority, style, parse_time(starts, zone), parse_time(expires, zone), not not_home, sections)
    known = [row[0] for row in opened.connection.execute(queries.LIST_SECTIONS, {"site": opened.number})]
    item = check_breaking(item, known)
    number = find_post(opened, post).number if post else None
    row = fetch(
        opened.connection, queries.ADD_BREAKING, site=opened.number, headline=item.headline, summary=item.summary or None, post=number,
        priority=item.priority, style=item.style, starts_at=item.starts_at, expires_at=item.expires_at, home=item.home,
        sections=None if item.sections is None else list(item.sections),
    )[0]  # fmt: skip
    if row.style == "push":
        return f"Breaking news {row.number} is {'pushed' if row.state == 'shown' else row.state}. {push_now(opened, row.number)}"
    where = " and ".join((*(("the front page",) if row.home else ()), say_sections(row.sections)))
    return f"Breaking news {row.number} is {row.state} on {where}.\n{SOON}"


def end_breaking(opened: OpenSite, number: int) -> str:
    """Take breaking news away."""
    found = fetch(opened.connection, queries.END_BREAKING, site=opened.number, number=number) if 0 < number < 2**63 else []
    if not found:
        raise fail("news.no-breaking", f"there is no breaking news {number}", hint="cms news breaking list shows the numbers.")
    return f"Breaking news {number} ended.\n{SOON}"


def list_breaking(opened: OpenSite, *, all: bool = False) -> list[queries.Breaking]:
    """List breaking news that is shown or planned."""
    return fetch(opened.connection, queries.LIST_BREAKING, site=opened.number, all=all)


def start_live(opened: OpenSite, post: str, *, refresh: int = 30, upcoming: bool = False, no_comments: bool = False) -> str:
    """Begin a live blog, or go on with one."""
    found = find_post(opened, post, TYPE)
    if not 5 <= refresh <= 3600:
        raise fail("live.refresh", f"open pages cannot ask every {refresh} seconds", hint="--refresh takes 5 to 3600.")
    values = {
        "site": opened.number,
        "post": found.number,
        "status": "upcoming" if upcoming else "live",
        "refresh_s": refresh,
        "comments": not no_comments,
    }
    opened.connection.execute(queries.START_BLOG, values)
    return f"{found.title} is {values['status']}. Post with: cms live post {found.slug} 'What happened'{_say_unseen(found)}"


def post_live(opened: OpenSite, blog: str, text: str, *, author: str = "", pinned: bool = False, important: bool = False) -> str:
    """Post an update in Markdown; - reads standard input."""
    found = find_blog(opened, blog)
    update = add_update(opened, found.number, {"markdown": _read_text(text)}, author=author, pinned=pinned, important=important)
    return f"Posted update {update.position} of {found.title}.{_say_unseen(found)}"


def edit_live(opened: OpenSite, blog: str, number: int, text: str, *, author: str | None = None) -> str:
    """Put another text in place of an update's."""
    found = find_blog(opened, blog)
    change_update(opened, found.number, number, {"markdown": _read_text(text)}, author=author)
    return f"Changed update {number} of {found.title}."


def delete_live(opened: OpenSite, blog: str, number: int) -> str:
    """Delete an update from every page and file."""
    found = find_blog(opened, blog)
    change_update(opened, found.number, number, deleted=True)
    return f"Deleted update {number} of {found.title}."


def pin_live(opened: OpenSite, blog: str, number: int, *, off: bool = False) -> str:
    """Keep an update at the top of the live page."""
    found = find_blog(opened, blog)
    change_update(opened, found.number, number, pinned=not off)
    return f"{'Unpinned' if off else 'Pinned'} update {number} of {found.title}."


def end_live(opened: OpenSite, blog: str) -> str:
    """End a live blog; nothing can be posted any more."""
    return _set_status(opened, blog, "ended")


def pause_live(opened: OpenSite, blog: str) -> str:
    """Say that nothing is posted for a while."""
    return _set_status(opened, blog, "paused")


def list_live(opened: OpenSite) -> list[dict[str, object]]:
    """List live blogs, those that go on first."""
    blogs = fetch(opened.connection, queries.LIST_BLOGS, site=opened.number)
    return [{"slug": b.slug, "status": b.status, "updates": b.updates, "refresh_s": b.refresh_s, "title": b.title} for b in blogs]


def show_live(opened: OpenSite, blog: str, *, limit: int = 20) -> list[dict[str, object]]:
    """List the newest updates with their numbers."""
    found = find_blog(opened, blog)
    updates = fetch(
        opened.connection, queries.LIST_UPDATES, site=opened.number, blog=found.number, before=2**31 - 1, limit=max(1, min(limit, 1000))
    )
    return [
        {
            "number": u.position, "posted_at": u.posted_at.astimezone(opened.site.zone), "author": u.author,
            "marks": " ".join(word for word, on in (("pinned", u.is_pinned), ("important", u.is_important)) if on),
            "text": " ".join(str(u.content.get("markdown") or "(blocks)").split())[:80],
        }
        for u in updates
    ]  # fmt: skip


def _set_status(opened: OpenSite, blog: str, status: str) -> str:
    found = find_blog(opened, blog)
    opened.connection.execute(queries.SET_STATUS, {"site": opened.number, "blog": found.number, "status": status})
    return f"{found.title} is {status}."


def _say_unseen(found: queries.Post | queries.Blog) -> str:
    """What to know where the live blog has no page: its file is a draft, waits for its time, or was deleted."""
    return "" if found.is_live else f"\nIts page is not published, so nobody sees it: {found.file} is missing, a draft, or not due."


def _read_text(text: str) -> str:
    """What is to be posted: the argument, or standard input for -."""
    if text != "-":
        return text
    data = sys.stdin.buffer.read(MOST_CHARACTERS * 4 + 1)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise fail("live.content", "standard input is not UTF-8", hint="Save the text as UTF-8.") from None


_BREAKING: Final = {
    "summary": "A sentence more.", "post": "The story it leads to: slug, file or path.", "priority": "The highest comes first.",
    "style": "banner, ticker, modal or push.", "starts": "When: 2026-03-01 18:00, or 30m from now.", "expires": "Until when: a time, or 2h from now.",
    "section": "Only in this section; may be repeated.", "only_home": "In no section.", "not_home": "Not on the front page.",
}  # fmt: skip
_UPDATE: Final = {"author": "Slug of the author who writes.", "pinned": "Keep it at the top.", "important": "Make it stand out."}

COMMANDS = (
    Command(
        "news breaking add",
        add_breaking,
        'cms news breaking add "Bridge closed" --post bridge-closed --expires 2h\ncms news breaking add "Trains stopped" --section city --priority 5',
        _BREAKING,
    ),
    Command("news breaking end", end_breaking, "cms news breaking end 3"),
    Command("news breaking list", list_breaking, "cms news breaking list", {"all": "Those that are over too."}),
    Command(
        "live start",
        start_live,
        "cms live start storm",
        {
            "refresh": "Seconds between two looks of an open page.",
            "upcoming": "Announce it; posting begins later.",
            "no_comments": "Readers may not comment.",
        },
    ),
    Command("live post", post_live, 'cms live post storm "The bridge is **closed**."\ncms live post storm - < update.md', _UPDATE),
    Command("live edit", edit_live, 'cms live edit storm 12 "The bridge is open."', {"author": "Another author."}),
    Command("live delete", delete_live, "cms live delete storm 12"),
    Command("live pin", pin_live, "cms live pin storm 12\ncms live pin storm 12 --off", {"off": "Unpin it."}),
    Command("live pause", pause_live, "cms live pause storm"),
    Command("live end", end_live, "cms live end storm"),
    Command("live list", list_live, "cms live list"),
    Command(
        "news kill",
        kill,
        "cms news kill /city/2026/03/bridge-closed/ --reason 'court order'",
        {"reason": "Why, for the list of what was killed."},
    ),
    Command("news unkill", unkill, "cms news unkill /city/2026/03/bridge-closed/"),
    Command("news killed", list_killed, "cms news killed"),
    Command(
        "list pin",
        pin,
        "cms list pin front bridge-closed --until 6h\ncms list pin section/city bridge-closed",
        {"until": "Until when: a time, or 6h from now."},
    ),
    Command("list unpin", unpin, "cms list unpin front bridge-closed"),
    Command("list order", order, "cms list order front storm bridge-closed"),
    Command("list pins", list_pins, "cms list pins"),
    Command(
        "related add",
        add_related,
        "cms related add bridge-closed storm --kind background",
        {"kind": f"{', '.join(KINDS)}.", "both": "The other way round too."},
    ),
    Command("related remove", remove_related, "cms related remove bridge-closed storm"),
    Command("related explain", explain_related, "cms related explain bridge-closed", {"limit": "How many."}),
    Command("related weigh", weigh_related, "cms related weigh"),
    Command("live show", show_live, "cms live show storm", {"limit": "How many."}),
)
