"""cms.search_listings: the user's parameters, distances anywhere on earth, scores and ties."""

from __future__ import annotations

import random
from collections.abc import Iterator
from math import asin, cos, radians, sin, sqrt

import pytest
from psycopg import Connection

from cms_ssg.store.connect import connect
from tests.engine.siteonpage import SiteOnPage

ADD = """
WITH e AS (INSERT INTO cms.entries (site, source, source_key, collection, type, locale, translation_key, status, fields)
  VALUES (%s, 'api', %s, 'listings', 'listing', 'en', %s, 'published', jsonb_build_object('title', %s::text, 'slug', %s::text,
  'latitude', %s::float8, 'longitude', %s::float8)) RETURNING id)
SELECT id FROM e"""


def haversine_km(lat1: float, lng1: float, lat2: float, lng2: float) -> float:
    a = sin(radians(lat2 - lat1) / 2) ** 2 + cos(radians(lat1)) * cos(radians(lat2)) * sin(radians(lng2 - lng1) / 2) ** 2
    return 2 * 6371.0088 * asin(min(1, sqrt(a)))


@pytest.fixture
def store(site: SiteOnPage) -> Iterator[tuple[Connection, int]]:
    with connect(site.url, autocommit=True) as connection:
        yield connection, site.query("SELECT id FROM cms.sites")[0][0]


def titles(connection: Connection, query: str, *values: object) -> list[str]:
    return [row[0] for row in connection.execute(f"SELECT title FROM cms.search_listings({query})", values)]  # type: ignore[arg-type]


def test_the_defaults_find_everything_that_is_approved(store: tuple[Connection, int]) -> None:
    connection, site = store
    assert titles(connection, "%s", site) == ["Ale House", "Beer Garden", "Cider Mill", "Date Line", "No Place", "Other Side"]
    assert connection.execute("SELECT DISTINCT relevance_score, distance_km FROM cms.search_listings(%s)", (site,)).fetchall()[0][1] is None
    assert titles(connection, "%s, 'beer'", site) == ["Beer Garden"]
    assert titles(connection, "%s, p_categories => '{Brewpub}'", site) == ["Ale House", "Beer Garden"]
    assert titles(connection, "%s, p_min_rating => 1", site) == []
    assert titles(connection, "%s, p_listing_tier => 'premium'", site) == []
    assert titles(connection, "%s, p_limit => 2, p_offset => 1", site) == ["Beer Garden", "Cider Mill"]


def test_any_text_is_a_query(store: tuple[Connection, int]) -> None:
    connection, site = store
    for text in ("What's new: C++", "'", "\\", "<b>&", "AND OR NOT", "%", "&|!():*", "  ", "…"):
        assert isinstance(titles(connection, "%s, %s", site, text), list)


def test_a_place_is_near_on_both_sides_of_the_antimeridian(store: tuple[Connection, int]) -> None:
    connection, site = store
    for lng in (179.99, -179.99, 180, -180):
        found = titles(
            connection, "%s, p_location_lat => -16.5, p_location_lng => %s::numeric, p_radius_km => 20, p_sort_by => 'distance'", site, lng
        )
        assert sorted(found) == ["Date Line", "Other Side"], lng


def test_distances_are_those_of_a_full_search_wherever_one_looks(store: tuple[Connection, int]) -> None:
    connection, site = store
    chance = random.Random(14)
    places = [(chance.uniform(-90, 90), chance.uniform(-180, 180)) for _ in range(300)]
    places += [(sign * chance.uniform(89, 90), chance.uniform(-180, 180)) for sign in (1, -1) for _ in range(40)] + [(90, 0), (-90, 0)]
    places += [(chance.uniform(-60, 60), side * chance.uniform(179, 180)) for side in (1, -1) for _ in range(40)]
    with connection.transaction():
        for number, (lat, lng) in enumerate(places):
            connection.execute(ADD, (site, f"content/listings/p{number}.md", f"p{number}", f"p{number}", f"p{number}", lat, lng))
    for _ in range(60):
        lat = chance.choice([chance.uniform(-90, 90), chance.uniform(88, 90), chance.uniform(-90, -88), 90, -90])
        lng = chance.choice([chance.uniform(-180, 180), 180, -180, 179.9])
        radius = chance.choice([1, 50, 500, 5000, 12000, 20100])
        found = titles(
            connection, "%s, p_location_lat => %s::numeric, p_location_lng => %s::numeric, p_radius_km => %s::int, p_sort_by => 'distance', p_limit => 1000", site, lat, lng, radius
        )  # fmt: skip
        wanted = {f"p{n}" for n, (a, b) in enumerate(places) if haversine_km(lat, lng, round(a, 8), round(b, 8)) <= radius}
        assert {title for title in found if title[0] == "p"} == wanted, (lat, lng, radius)


def test_the_score_is_of_text_rating_and_tier_and_ties_go_by_number(store: tuple[Connection, int]) -> None:
    connection, site = store
    connection.execute("UPDATE cms.entries SET fields = fields || '{\"tier\": \"premium\"}' WHERE fields ->> 'slug' = 'no-place'")
    connection.execute(
        "INSERT INTO cms.reviews (site, entry, author_name, rating, status) SELECT site, id, 'A', 5, 'approved' FROM cms.entries WHERE fields ->> 'slug' = 'cider-mill'"
    )
    rows = connection.execute("SELECT title, relevance_score::float8 FROM cms.search_listings(%s, p_limit => 3)", (site,)).fetchall()
    assert rows == [
        ("Cider Mill", pytest.approx(0.2 + 0.3 + 0.1)),
        ("No Place", pytest.approx(0.2 + 0.3)),
        ("Ale House", pytest.approx(0.3)),
    ]
    connection.execute(
        "UPDATE cms.entries SET fields = fields || '{\"featured_until\": \"2020-01-01T00:00:00Z\"}' WHERE fields ->> 'slug' = 'no-place'"
    )
    assert titles(connection, "%s, p_limit => 2", site) == ["Cider Mill", "Ale House"]
    assert titles(connection, "%s, p_sort_by => 'rating', p_limit => 1", site) == ["Cider Mill"]
    assert titles(connection, "%s, p_listing_tier => 'premium'", site) == []


def test_hours_are_read_from_days_and_from_text(store: tuple[Connection, int]) -> None:
    connection, _ = store

    def is_open(hours: str, minute: int) -> bool:
        row = connection.execute("SELECT cms.parse_hours(%s::jsonb) @> %s::int", (hours, minute)).fetchone()
        return bool(row and row[0])

    monday, sunday = 0, 6 * 1440
    assert is_open('{"monday": "9:00-17:00"}', monday + 600)
    assert not is_open('{"monday": "9:00-17:00"}', monday + 1440 + 600)
    assert is_open('"Mo-Fr 09:00-12:00, 14:00-18:00; Sa 10:00-14:00"', 3 * 1440 + 15 * 60)
    assert not is_open('"Mo-Fr 09:00-12:00, 14:00-18:00"', 3 * 1440 + 13 * 60)
    assert is_open('"Su 22:00-02:00"', monday + 60)  # Sunday night
    assert is_open('"24/7"', sunday)
    assert is_open('"Fr-Mo 10:00-11:00"', sunday + 630)
    assert not is_open('"Mo-Su 10:00-11:00; Su off"', sunday + 630)
    for odd in ("12", '"PH off"', '"x"', "[]", '{"someday": "late"}', '"Mo 99:99-100:00"', "null"):
        assert not is_open(odd, 600), odd


def test_the_program_and_the_store_read_the_same_hours(store: tuple[Connection, int]) -> None:
    import json

    from cms_ssg.verticals.directory.hours import parse_hours

    connection, _ = store
    for hours in (
        {"monday": "9:00-17:00", "sunday": "10:00-12:00, 13:00-15:00"},
        "Mo-Fr 09:00-17:00; Sa 10:00-14:00",
        "Mo,We 8:00-9:30",
        "Tu-Th 10.00-11.00",
        "PH off",
    ):
        row = connection.execute("SELECT cms.parse_hours(%s::jsonb)", (json.dumps(hours),)).fetchone()
        assert row is not None
        spans = {(span.lower, span.upper) for span in row[0]}
        minutes = {
            (day * 1440 + int(a[:2]) * 60 + int(a[3:]), day * 1440 + int(b[:2]) * 60 + int(b[3:])) for day, a, b in parse_hours(hours).spans
        }
        assert spans == minutes, hours


def test_a_place_has_hours_of_its_own_on_public_holidays(site: SiteOnPage, store: tuple[Connection, int]) -> None:
    from cms_ssg.kinds.vertical import OpenSite
    from cms_ssg.store.open_store import open_store
    from cms_ssg.verticals.directory.upkeep import save_holidays
    from tests.engine.siteonpage import database

    connection, _ = store
    site.edit("site.toml", "combinations = 2", 'combinations = 2\nholidays = {Italy = "IT", Fiji = "XX"}')
    with database(site.url), open_store(site.root, "") as (opened, other, row):
        assert save_holidays(OpenSite(opened, other, row.id)) > 20
        assert save_holidays(OpenSite(opened, other, row.id)) > 20
    day = connection.execute("SELECT min(day) FROM cms.holidays WHERE country = 'Italy' AND extract(month FROM day) = 12").fetchone()[0]  # type: ignore[index]

    def is_open(hours: str, slug: str = "ale-house", at: str = "12:00") -> object:
        connection.execute(
            "UPDATE cms.entries SET fields = fields || jsonb_build_object('hours', %s::jsonb) WHERE fields ->> 'slug' = %s", (hours, slug)
        )
        return connection.execute(
            "SELECT cms.is_open(l, %s::date + %s::time, 'UTC') FROM cms.listings l WHERE slug = %s", (day, at, slug)
        ).fetchone()[0]  # type: ignore[index]

    assert is_open('"Mo-Su 10:00-18:00"') is True
    assert is_open('"Mo-Su 10:00-18:00; PH off"') is False
    assert is_open('"Mo-Su 10:00-18:00; PH off"', "date-line") is True  # Fiji has others
    assert is_open('"Mo-Su 10:00-11:00; PH 11:30-13:00, 20:00-22:00"') is True
    assert is_open('{"monday": "9:00-9:30", "Holidays": "11:00-13:00"}') is True
    assert is_open('{"monday": "9:00-9:30", "holidays": null}') is False
