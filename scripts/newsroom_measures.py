"""Figures of ``scripts/newsroom.py`` that are taken from inside: one page, related stories, builds, sizes of tables."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime
from typing import Final

from newsroom_site import Newsroom

TIMES: Final = 15


def measure_home(room: Newsroom) -> tuple[float, float, int, int]:
    """Load and render the home page: (ms of processor time of the renderer, ms in all, cards, fragments), the middle of several times."""
    from cms_ssg.engine.batch import render_batch
    from cms_ssg.engine.surroundings import make_surroundings
    from cms_ssg.render.requests import Job
    from cms_ssg.store.loader import Values
    from cms_ssg.store.open_store import open_store
    from cms_ssg.store.previews import list_winners

    now = datetime.now(UTC)
    with open_store(room.root, "") as (site, connection, row):
        around = make_surroundings(site, now)
        (winner,) = list_winners(connection, row.id, ["/"])
        job = Job(winner.path, winner.locale or "", winner.spec, winner.owner)
        cpu, wall, html = [], [], ""
        for _ in range(TIMES + 3):
            cpu_s, wall_s = time.process_time(), time.perf_counter()
            (rendered,) = render_batch(around, Values(connection, row.id, site.features, now), [job])
            cpu.append(time.process_time() - cpu_s)
            wall.append(time.perf_counter() - wall_s)
            html = rendered.artifact.data.decode() if rendered.artifact else ""
        connection.rollback()
    cards = html.count("<p><a href=")
    return statistics.median(cpu[3:]) * 1000, statistics.median(wall[3:]) * 1000, cards, html.count('data-fragment="')


def measure_related(room: Newsroom, count: int) -> float:
    """Seconds in which the newest stories are indexed and related from nothing; all of it is taken back."""
    from cms_ssg.kinds.vertical import OpenSite
    from cms_ssg.store.open_store import open_store
    from cms_ssg.verticals.news.related import gather_related, settle_related

    with open_store(room.root, "") as (site, connection, row):
        opened = OpenSite(site, connection, row.id)
        connection.execute("BEGIN")
        for table in ("related_waiting", "related_shares", "related_boxes", "related_terms", "related_stories"):
            connection.execute(f"DELETE FROM cms.{table}")
        connection.execute("DELETE FROM cms.content_relationships WHERE NOT is_manual")
        entries = [
            n for (n,) in connection.execute("SELECT id FROM cms.entries WHERE type = 'article' ORDER BY id DESC LIMIT %s", (count,))
        ]
        begun = time.perf_counter()
        for start in range(0, len(entries), 2000):
            settle_related(opened, entries[start : start + 2000])
        while gather_related(opened):
            pass
        seconds = time.perf_counter() - begun
        connection.execute("ROLLBACK")
    return seconds


def count_builds(room: Newsroom) -> tuple[int, int]:
    """Pages that were rendered and files that changed, in all builds but the first."""
    query = """SELECT coalesce(sum((result ->> 'rendered')::int), 0), coalesce(sum((result ->> 'written')::int), 0)
FROM cms.builds WHERE id > (SELECT min(id) FROM cms.builds)"""
    rendered, written = room.query(query)[0]
    return int(rendered), int(written)


def size_of_tables(room: Newsroom) -> int:
    """Bytes of all tables and indexes."""
    return int(
        room.query("SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c WHERE relnamespace = 'cms'::regnamespace AND relkind = 'r'")[
            0
        ][0]
    )
