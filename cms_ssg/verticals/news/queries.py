"""What the news asks the store, once for commands and for the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

from cms_ssg.store.query import Query


class Post(NamedTuple):
    """An entry that somebody names. slug, file, path: the three names it can have; is_live: it is published."""

    number: int
    type: str
    locale: str
    slug: str
    file: str
    path: str | None
    title: str
    is_live: bool


class Blog(NamedTuple):
    """A live blog. is_live: its entry is published."""

    number: int
    post: int
    slug: str
    title: str
    status: str
    refresh_s: int
    events: int
    updates: int
    file: str
    is_live: bool


class NotBegun(NamedTuple):
    """An entry for a live blog that nobody has begun. number: of the entry."""

    number: int
    title: str


class Update(NamedTuple):
    """An update of a live blog. position: by which it is known within its blog."""

    position: int
    update_id: UUID
    content: dict[str, Any]
    author: str
    is_pinned: bool
    is_important: bool
    posted_at: datetime
    updated_at: datetime | None


class Event(NamedTuple):
    """An event of a live blog, with the update as it is now where this is its last one."""

    event: int
    position: int
    action: str
    content: dict[str, Any] | None
    author: str | None
    is_pinned: bool | None
    is_important: bool | None
    posted_at: datetime | None


class Breaking(NamedTuple):
    """An item of breaking news. state: shown, planned, over or ended."""

    number: int
    state: str
    priority: int
    style: str
    headline: str
    starts_at: datetime
    expires_at: datetime | None
    home: bool
    sections: list[str] | None


# A name is a slug, a content file, a path or a number; an entry that is gone has none.
FIND_POSTS = Query(
    """
SELECT e.id, e.type, e.locale, coalesce(e.fields ->> 'slug', ''), e.source_key, c.path, coalesce(e.fields ->> 'title', e.source_key),
  coalesce(c.live, false)
FROM cms.entries e LEFT JOIN cms.cards c ON c.entry = e.id
WHERE e.site = %(site)s AND e.removed_at IS NULL AND e.status <> 'trashed' AND (%(type)s = '' OR e.type = %(type)s)
  AND (e.fields ->> 'slug' = %(name)s OR e.source_key = %(name)s OR e.id::text = %(name)s OR c.path = %(name)s OR c.path = %(name)s || '/')
ORDER BY e.id LIMIT 10""",
    Post,
)

_BLOGS: Final[LiteralString] = """
SELECT b.number, b.post_id, coalesce(e.fields ->> 'slug', ''), coalesce(e.fields ->> 'title', e.source_key), b.status,
  b.auto_refresh_interval, b.last_event,
  (SELECT count(*) FROM cms.live_blog_updates u WHERE u.live_blog_id = b.live_blog_id AND u.deleted_at IS NULL)::int, e.source_key,
  e.removed_at IS NULL AND coalesce(c.live, false)
FROM cms.live_blogs b JOIN cms.entries e ON e.id = b.post_id LEFT JOIN cms.cards c ON c.entry = e.id WHERE b.site = %(site)s"""

LIST_BLOGS = Query(f"{_BLOGS} ORDER BY b.status = 'ended', b.started_at DESC", Blog)
FIND_BLOG = Query(
    f"{_BLOGS} AND (e.fields ->> 'slug' = %(name)s OR e.source_key = %(name)s OR b.number::text = %(name)s) ORDER BY b.number", Blog
)

ONE_ID: Final = "live_blog_updates_pkey"
"""The constraint that an id breaks which another update has."""

NOT_BEGUN = Query(
    """
SELECT e.id, coalesce(e.fields ->> 'title', e.source_key) FROM cms.entries e
WHERE e.site = %(site)s AND e.type = %(type)s AND e.removed_at IS NULL AND e.status <> 'trashed' AND NOT EXISTS (SELECT FROM cms.live_blogs b WHERE b.post_id = e.id)
ORDER BY e.id DESC LIMIT 50""",
    NotBegun,
)
START_BLOG: Final[LiteralString] = """
INSERT INTO cms.live_blogs AS b (site, post_id, status, auto_refresh_interval, allow_comments)
VALUES (%(site)s, %(post)s, %(status)s, %(refresh_s)s, %(comments)s)
ON CONFLICT (post_id) DO UPDATE SET status = excluded.status, auto_refresh_interval = excluded.auto_refresh_interval,
  allow_comments = excluded.allow_comments, ended_at = NULL"""
SET_STATUS: Final[LiteralString] = """
UPDATE cms.live_blogs SET status = %(status)s, ended_at = CASE WHEN %(status)s = 'ended' THEN clock_timestamp() END
WHERE site = %(site)s AND number = %(blog)s"""
LOCK_BLOG: Final[LiteralString] = "SELECT status FROM cms.live_blogs WHERE site = %(site)s AND number = %(blog)s FOR UPDATE"

_UPDATE: Final = "u.position, u.update_id, u.content, u.author_id, u.is_pinned, u.is_important, u.posted_at, u.updated_at"
FIND_UPDATE = Query(
    f"""
SELECT {_UPDATE} FROM cms.live_blog_updates u JOIN cms.live_blogs b USING (live_blog_id)
WHERE b.site = %(site)s AND b.number = %(blog)s AND (u.position = %(position)s OR u.update_id = %(update_id)s)""",
    Update,
)
LIST_UPDATES = Query(
    f"""
SELECT {_UPDATE} FROM cms.live_blog_updates u JOIN cms.live_blogs b USING (live_blog_id)
WHERE b.site = %(site)s AND b.number = %(blog)s AND u.deleted_at IS NULL AND u.position < %(before)s ORDER BY u.position DESC LIMIT %(limit)s""",
    Update,
)
ADD_UPDATE = Query(
    f"""
INSERT INTO cms.live_blog_updates AS u (update_id, site, live_blog_id, content, author_id, is_pinned, is_important)
SELECT coalesce(%(update_id)s, gen_random_uuid()), b.site, b.live_blog_id, %(content)s, %(author)s, %(pinned)s, %(important)s
FROM cms.live_blogs b WHERE b.site = %(site)s AND b.number = %(blog)s
RETURNING {_UPDATE}""",
    Update,
)
CHANGE_UPDATE = Query(
    f"""
UPDATE cms.live_blog_updates u SET content = coalesce(%(content)s, u.content), author_id = coalesce(%(author)s, u.author_id),
  is_pinned = coalesce(%(pinned)s, u.is_pinned), is_important = coalesce(%(important)s, u.is_important),
  deleted_at = CASE WHEN %(deleted)s THEN coalesce(u.deleted_at, clock_timestamp()) ELSE u.deleted_at END
FROM cms.live_blogs b
WHERE b.live_blog_id = u.live_blog_id AND b.site = %(site)s AND b.number = %(blog)s AND u.position = %(position)s AND u.deleted_at IS NULL
RETURNING {_UPDATE}""",
    Update,
)
LIST_EVENTS = Query(
    """
SELECT v.event, v.position, v.action, u.content, u.author_id, u.is_pinned, u.is_important, u.posted_at
FROM cms.live_blog_events v JOIN cms.live_blogs b USING (live_blog_id)
LEFT JOIN cms.live_blog_updates u ON u.live_blog_id = v.live_blog_id AND u.position = v.position AND u.last_event = v.event AND u.deleted_at IS NULL
WHERE b.site = %(site)s AND b.number = %(blog)s AND v.event > %(after)s ORDER BY v.event LIMIT %(limit)s""",
    Event,
)

_BREAKING: Final = """
b.number, CASE WHEN NOT b.is_active THEN 'ended' WHEN b.expires_at <= clock_timestamp() THEN 'over' WHEN b.starts_at > clock_timestamp() THEN 'planned' ELSE 'shown' END,
b.priority, b.display_style, b.headline, b.starts_at, b.expires_at, b.show_on_homepage, b.show_on_sections"""
LIST_BREAKING = Query(
    f"""
SELECT {_BREAKING} FROM cms.breaking_news b
WHERE b.site = %(site)s AND (%(all)s OR b.is_active AND (b.expires_at IS NULL OR b.expires_at > clock_timestamp()))
ORDER BY b.priority DESC, b.starts_at DESC, b.number DESC LIMIT 200""",
    Breaking,
)
ADD_BREAKING = Query(
    f"""
INSERT INTO cms.breaking_news AS b (site, headline, summary, post_id, priority, display_style, starts_at, expires_at, show_on_homepage, show_on_sections)
VALUES (%(site)s, %(headline)s, %(summary)s, %(post)s, %(priority)s, %(style)s, coalesce(%(starts_at)s, clock_timestamp()), %(expires_at)s, %(home)s, %(sections)s)
RETURNING {_BREAKING}""",
    Breaking,
)
END_BREAKING = Query(
    f"UPDATE cms.breaking_news b SET is_active = false WHERE b.site = %(site)s AND b.number = %(number)s RETURNING {_BREAKING}", Breaking
)
LIST_SECTIONS: Final[LiteralString] = """
SELECT DISTINCT substr(name, 9) FROM cms.lists WHERE site = %(site)s AND name COLLATE "C" LIKE 'section/%%' AND items > 0 ORDER BY 1"""
