"""A small newsroom on a page, and what the tests of the news do with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.store.connect import connect
from cms_ssg.store.open_store import open_store
from tests.engine.siteonpage import SiteOnPage, assert_same, database

SITE = """-- site.toml --
verticals = ["blog", "news"]
timezone = "Europe/Rome"
[home]
list = "news/all"
[news]
sections = ["city", "sport"]
-- content/articles/bridge.md --
---
title: Bridge closed
date: 2026-02-28 10:00
section: City
authors: [Ada]
tags: [Traffic, Harbour]
---
The bridge is closed.
-- content/articles/final.md --
---
title: The final
date: 2026-02-27 10:00
section: Sport
tags: [Football]
corrections:
  - date: 2026-02-28 08:00
    text: It was the second half.
---
They won.
-- content/opinion/bridges.md --
---
title: On bridges
date: 2026-02-26 10:00
section: Opinion
authors: [Ada]
tags: [Traffic]
---
I like them.
-- content/live/storm.md --
---
title: Storm
date: 2026-02-28 12:00
section: City
---
It blows.
-- content/authors/ada.md --
---
title: Ada
---
"""

ROWS = {
    "breaking_news": "number, breaking_id, site, headline, summary, post_id, priority, display_style, starts_at, expires_at, show_on_homepage, show_on_sections, is_active",
    "live_blogs": "live_blog_id, site, post_id, auto_refresh_interval, allow_comments, status, last_event, started_at, ended_at",
    "live_blog_updates": "number, update_id, site, live_blog_id, content, author_id, is_pinned, is_important, position, last_event, posted_at, updated_at, deleted_at",
    "live_blog_events": "number, site, live_blog_id, event, position, action, happened_at",
    "killed": "site, source_key, body_key, is_short, path, title, reason, status, killed_at",
    "list_pins": "site, locale, list, post_id, place, until, created_at",
}
"""Tables that hold what people wrote, each after those it refers to, and their columns."""


@contextmanager
def opened(site: SiteOnPage) -> Iterator[OpenSite]:
    """The site as commands get it."""
    with database(site.url), open_store(site.root, "") as (found, connection, row):
        yield OpenSite(found, connection, row.id)


def assert_clean(site: SiteOnPage, **options: Any) -> None:
    """The output is what a clean build of the same files and rows makes."""
    posts = dict(site.query("SELECT id, source_key FROM cms.entries"))
    with connect(site.clean_url, autocommit=True) as connection:  # rows keep their numbers, which are none of the clean site's entries
        connection.execute("SELECT setval('cms.entries_id_seq', greatest(nextval('cms.entries_id_seq'), 1000000000))")

    def copy_rows(clean: SiteOnPage) -> None:
        numbers = {file: number for number, file in clean.query("SELECT id, source_key FROM cms.entries")}
        ((own,),) = clean.query("SELECT id FROM cms.sites")
        with clean.connect() as connection, connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")
            for table, columns in ROWS.items():
                names = columns.split(", ")
                for row in site.query(f"SELECT to_jsonb(r) FROM (SELECT {columns} FROM cms.{table}) r"):
                    value = {**row[0], "site": own}
                    if value.get("post_id") is not None:
                        value["post_id"] = numbers.get(posts[value["post_id"]])
                    connection.execute(
                        f"INSERT INTO cms.{table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {', '.join(f'r.{n}' for n in names)}"  # type: ignore[arg-type]
                        f" FROM jsonb_populate_record(NULL::cms.{table}, %s::jsonb) r",
                        (msgspec.json.encode(value).decode(),),
                    )
            connection.execute(
                "INSERT INTO cms.discussions (entry, site, is_open) SELECT post_id, site, allow_comments FROM cms.live_blogs"
            )
            for table in ("live_blog_updates", "live_blog_events"):
                connection.execute(f"INSERT INTO cms.changes (site, kind, subject) SELECT site, 'r', number FROM cms.{table}")  # type: ignore[arg-type]

    assert_same(site.tree(), site.build_clean(prepare=copy_rows, **options).tree())


def read_json(site: SiteOnPage, path: str) -> Any:
    """A published JSON file."""
    return msgspec.json.decode((site.output / path).read_bytes())
