"""Ratings are exact whatever is written by whom at the same time, and pages follow approved reviews and nothing else."""

from __future__ import annotations

import json
import random
import re
import threading

import psycopg

from cms_ssg.reviews.api import SHOWN
from cms_ssg.store.connect import connect
from tests.api.atlas import Api
from tests.engine.siteonpage import SiteOnPage, assert_same

STORED = "SELECT entry, rating_sum, rating_count, review_count, stars FROM cms.ratings WHERE rating_count > 0 ORDER BY entry"
TRUE = """
SELECT entry, sum(rating), count(*)::int, (count(*) FILTER (WHERE content <> ''))::int, ARRAY[count(*) FILTER (WHERE rating = 1), count(*) FILTER (WHERE rating = 2),
  count(*) FILTER (WHERE rating = 3), count(*) FILTER (WHERE rating = 4), count(*) FILTER (WHERE rating = 5)]::int[]
FROM cms.reviews WHERE status = 'approved' GROUP BY entry ORDER BY entry"""
ADD = """
INSERT INTO cms.reviews (site, entry, author_name, rating, content, status, created_at)
SELECT site, id, %s, %s, %s, %s, timestamptz '2026-01-01' + %s * interval '1 hour' FROM cms.entries WHERE source_key = 'content/recipes/' || %s || '.md'"""


def add(site: SiteOnPage, slug: str, name: str, rating: int, content: str = "Good.", status: str = "approved", hour: int = 0) -> None:
    site.query(ADD, name, rating, content, status, hour, slug)


def assert_clean(site: SiteOnPage) -> None:
    def copy(clean: SiteOnPage) -> None:
        rows = site.query(
            "SELECT r.review_id, e.source_key, r.author_name, r.rating, r.content, r.status, r.owner_response, r.created_at FROM cms.reviews r JOIN cms.entries e ON e.id = r.entry"
        )
        for review_id, file, *rest in rows:
            clean.query(
                "INSERT INTO cms.reviews (review_id, site, entry, author_name, rating, content, status, owner_response, created_at)"
                " SELECT %s, site, id, %s, %s, %s, %s, %s, %s FROM cms.entries WHERE source_key = %s",
                review_id, *rest, file,
            )  # fmt: skip

    assert_same(site.tree(), site.build_clean(prepare=copy).tree())


def test_eight_writers_at_once_leave_exact_ratings(site: SiteOnPage) -> None:
    numbers = [row[0] for row in site.query("SELECT id FROM cms.entries WHERE type = 'recipe' ORDER BY id")]
    number = site.query("SELECT id FROM cms.sites")[0][0]

    def write(seed: int) -> None:
        chance = random.Random(seed)
        with connect(site.url, autocommit=True) as connection:
            for _ in range(40):
                entry, other, rating = chance.choice(numbers), chance.choice(numbers), chance.randint(1, 5)
                some = "number IN (SELECT number FROM cms.reviews ORDER BY random() LIMIT %s)"
                statement, values = chance.choice([
                    ("INSERT INTO cms.reviews (site, entry, author_name, rating, status) VALUES (%s, %s, 'A', %s, 'pending'), (%s, %s, 'B', %s, 'approved')",
                     (number, entry, rating, number, other, 6 - rating)),
                    (f"UPDATE cms.reviews SET status = 'approved' WHERE {some}", (3,)),
                    (f"UPDATE cms.reviews SET status = 'rejected' WHERE {some}", (1,)),
                    (f"UPDATE cms.reviews SET rating = 6 - rating, content = 'x' WHERE {some}", (2,)),
                    (f"UPDATE cms.reviews SET entry = %s WHERE {some}", (entry, 2)),
                    (f"DELETE FROM cms.reviews WHERE {some}", (1,)),
                ])  # fmt: skip
                for _ in range(20):
                    try:
                        connection.execute(statement, values)
                        break
                    except psycopg.errors.DeadlockDetected:
                        continue

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    stored = site.query(STORED)
    assert stored == site.query(TRUE)
    assert len(stored) > 2


def test_an_approved_review_renders_exactly_the_pages_that_show_it_and_is_told_to_hooks_once(site: SiteOnPage) -> None:
    site.write_file(
        "hooks.py",
        "from pathlib import Path\nfrom cms_ssg.hooks import hook\n@hook\ndef row_after_publish(row):\n"
        "    with Path(__file__).with_name('told.txt').open('a') as file: print(row.kind, row.fields['author_name'], file=file)\n",
    )
    add(site, "soup", "Ann", 4, status="pending")
    assert site.build().rendered == set()
    site.query("UPDATE cms.reviews SET status = 'approved'")
    assert site.build().rendered == {"/recipes/soup/"}
    html = (site.output / "recipes/soup/index.html").read_text()
    found = json.loads(re.findall(r'<script type="application/ld\+json">(.*?)</script>', html)[0])
    assert (found["@type"], found["aggregateRating"]["ratingValue"], found["aggregateRating"]["ratingCount"]) == ("Recipe", 4.0, 1)
    assert found["review"][0]["author"] == {"@type": "Person", "name": "Ann"}
    site.query("UPDATE cms.reviews SET helpful_count = 3, moderation_notes = 'seen'")
    assert site.build().rendered == set()
    site.query("UPDATE cms.reviews SET owner_response = 'Thank you'")
    assert site.build().rendered == {"/recipes/soup/"}
    assert (site.root / "told.txt").read_text() == "review Ann\n"
    (site.root / "hooks.py").unlink()
    assert_clean(site)


def test_reviews_beyond_the_newest_are_on_pages_of_their_own(site: SiteOnPage) -> None:
    for hour in range(45):
        add(site, "soup", f"visitor {hour:02}", 1 + hour % 5, hour=hour)
    assert "/recipes/soup/reviews/1/" in site.build().pages
    assert "visitor 00" in (site.output / "recipes/soup/reviews/1/index.html").read_text()
    assert "visitor 44" in (site.output / "recipes/soup/index.html").read_text()
    add(site, "soup", "latest", 5, hour=99)
    assert "/recipes/soup/reviews/1/" not in site.build().pages
    site.move("content/recipes/soup.md", "content/recipes/broth.md")
    site.edit("content/recipes/broth.md", "title: Soup", "title: Soup\nslug: broth")
    site.build()
    site.edit("content/recipes/bread.md", "title: Bread", "title: Bread\nslug: loaf")
    add(site, "bread", "Eve", 5)
    site.build()
    assert_clean(site)


def test_what_a_visitor_wrote_is_shown_as_text(site: SiteOnPage) -> None:
    add(site, "soup", "</script><script>alert(1)</script>", 5, "<img src=x onerror=alert(1)> {{ 7 * 7 }}")
    site.build()
    html = (site.output / "recipes/soup/index.html").read_text()
    assert "<script>alert" not in html and "<img src=x" not in html
    assert "{{ 7 * 7 }}" in html


def test_reviews_page_by_cursor_while_others_come_and_by_their_stars(site: SiteOnPage, api: Api) -> None:
    for hour in range(7):
        add(site, "soup", f"N{hour}", 1 + hour % 2, hour=hour // 2)  # two each hour, so that the id decides as well
    whole = api.json("/api/reviews?path=/recipes/soup/&limit=100")
    assert (len(whole["reviews"]), whole["next_cursor"]) == (7, "")
    found, cursor = [], ""
    for page in range(4):
        answer = api.json(f"/api/reviews?path=/recipes/soup/&limit=2&cursor={cursor}")
        found += [one["id"] for one in answer["reviews"]]
        cursor = answer["next_cursor"]
        add(site, "soup", f"Late{page}", 5, hour=50 + page)
    assert (found, cursor) == ([one["id"] for one in whole["reviews"]], "")
    stars = api.json("/api/reviews?path=/recipes/soup/&rating=2&limit=2")
    assert [one["rating"] for one in stars["reviews"]] == [2, 2]
    for wrong in ("cursor=x", "cursor=WzEsMl0", "rating=6", f"cursor={stars['next_cursor']}A"):
        assert api.get(f"/api/reviews?path=/recipes/soup/&{wrong}").status_code == 422, wrong


def test_reviews_with_so_many_stars_are_read_from_their_index(site: SiteOnPage) -> None:
    asked = {"entry": 1, "stars": 5, "at": None, "id": None, "limit": 21, "offset": 0}
    with connect(site.url) as connection:
        connection.execute("SET LOCAL enable_seqscan = off")
        plan = [row[0] for row in connection.execute("EXPLAIN " + SHOWN.sql, asked)]
    assert any("idx_reviews_rating" in line for line in plan) and not any("Sort" in line for line in plan), plan
