"""All three engines name the same breweries: what they answer is compared with what the file itself says."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from cms_ssg.search.documents import SAVE
from cms_ssg.search.places import Box, Near, measure_km
from cms_ssg.search.postgres import PostgresIndex
from cms_ssg.search.questions import SearchIndex, read_cursor
from cms_ssg.site import Site
from cms_ssg.store.connect import connect
from cms_ssg.store.pool import make_pool
from tests.conftest import TEMPLATE, fresh_database
from tests.search.breweries import STARTER, Brewery, make_row, read_breweries, save_breweries
from tests.search.engines import ENGINES, Ask, find, open_ask

if not STARTER.is_file():
    pytest.skip("the vertical that these breweries come with is not here", allow_module_level=True)
BREWERIES = read_breweries()
DENVER = (39.7392, -104.9903)
IRELAND = Box(51.3, -10.7, 55.5, -5.9)


@pytest.fixture(scope="module")
def directory(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    for url in fresh_database(server_url, TEMPLATE):
        yield save_breweries(tmp_path_factory.mktemp("directory"), url, BREWERIES), url


@pytest.fixture(scope="module", params=ENGINES)
def ask(request: pytest.FixtureRequest, directory: tuple[Site, str]) -> Iterator[Ask]:
    with open_ask(request, *directory, "breweries", len(BREWERIES)) as ask:
        yield ask


def find_all(ask: Ask, query: str = "", **options: object) -> list[int]:
    """The numbers of all that is found, page by page."""
    found, cursor = [], None
    while True:
        page = find(ask, query, limit=100, cursor=cursor, **options)
        found += [hit.id for hit in page.hits]
        if not page.next_cursor:
            assert len(found) == len(set(found)) == page.total
            return found
        cursor = read_cursor(page.next_cursor)


def count(values: Iterable[str], most: int = 20) -> dict[str, int]:
    """Values with their counts as a facet has them: the most frequent, of equal ones the first by name."""
    return dict(sorted(Counter(value for value in values if value).items(), key=lambda one: (-one[1], one[0].encode()))[:most])


def measure(one: Brewery) -> float:
    assert one.place is not None
    return measure_km(*DENVER, *one.place)


def pick_radius() -> float:
    """A radius about Denver that no brewery is close to."""
    near = sorted(measure(one) for one in BREWERIES if one.place and 4 < measure(one) < 60)
    width, start = max((after - before, before) for before, after in pairwise(near))
    return start + width / 2


def test_everything_is_there_once_in_the_order_of_titles(ask: Ask) -> None:
    found = find_all(ask, sort="title")
    assert sorted(found) == [one.number for one in BREWERIES]
    by_number = {one.number: one.name for one in BREWERIES}
    plain = [name for number in found if (name := by_number[number].lower()).replace(" ", "").isascii() and name.replace(" ", "").isalnum()]
    assert len(plain) > len(BREWERIES) / 2
    assert [name[0] for name in plain] == sorted(name[0] for name in plain)


def test_facets_have_the_counts_of_the_file(ask: Ask) -> None:
    facets = find(ask).facets
    for facet, values in {
        "city": (one.city for one in BREWERIES),
        "state": (one.state for one in BREWERIES),
        "country": (one.country for one in BREWERIES),
        "category": (one.kind for one in BREWERIES),
    }.items():
        assert {value.value: value.count for value in facets[facet]} == count(values), facet


def test_filters_narrow_and_each_facet_counts_without_its_own(ask: Ask) -> None:
    chosen = {"city": ("Denver", "Portland"), "category": ("brewpub",)}
    wanted = [one for one in BREWERIES if one.city in chosen["city"] and one.kind == "brewpub"]
    assert len(wanted) > 20
    assert sorted(find_all(ask, filters=chosen)) == [one.number for one in wanted]
    facets = find(ask, filters=chosen).facets
    assert {value.value: value.count for value in facets["city"]} == count(one.city for one in BREWERIES if one.kind == "brewpub")
    assert {value.value: value.count for value in facets["category"]} == count(one.kind for one in BREWERIES if one.city in chosen["city"])
    assert {value.value: value.count for value in facets["state"]} == count(one.state for one in wanted)


def test_a_radius_has_the_breweries_within_it_the_nearest_first(ask: Ask) -> None:
    radius = pick_radius()
    wanted = sorted((one for one in BREWERIES if one.place and measure(one) <= radius), key=measure)
    assert len(wanted) > 50
    near = Near(*DENVER, radius)
    assert sorted(find_all(ask, near=near, sort="distance")) == sorted(one.number for one in wanted)
    nearest = find(ask, near=near, sort="distance", limit=50).hits
    assert [hit.distance_km for hit in nearest] == pytest.approx([measure(one) for one in wanted[:50]], abs=0.005)
    micro = find(ask, near=near, filters={"category": ("micro",)})
    assert micro.total == sum(one.kind == "micro" for one in wanted)


def test_a_box_has_the_breweries_within_it(ask: Ask) -> None:
    south, west, north, east = IRELAND.south, IRELAND.west, IRELAND.north, IRELAND.east
    wanted = [one.number for one in BREWERIES if one.place and south <= one.place[0] <= north and west <= one.place[1] <= east]
    assert len(wanted) > 20
    assert sorted(find_all(ask, box=IRELAND)) == wanted


def test_names_are_found_as_written_and_nearly_as_written(ask: Ask) -> None:
    tried = 0
    for one in BREWERIES[:: max(1, len(BREWERIES) // 15)]:
        same = {other.number for other in BREWERIES if other.name.lower() == one.name.lower()}
        if not one.name.replace(" ", "").isalpha() or not one.name.isascii() or len(same) > 3:
            continue
        tried += 1
        found = [hit.id for hit in find(ask, f'"{one.name}"').hits]
        assert same <= set(found), (one.name, found)
    assert tried > 4
    slip = next(one for one in BREWERIES if one.name == "Alpine Dog Brewing Co")
    assert slip.number in [hit.id for hit in find(ask, "alpne dog").hits]
    words = find(ask, "alpine -dog")
    assert slip.number not in [hit.id for hit in words.hits]


def test_facets_of_more_documents_than_are_counted_are_estimates_and_say_so(
    directory: tuple[Site, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = directory[1]

    def ask(use: Callable[[SearchIndex], Awaitable[Any]]) -> Any:
        async def run() -> Any:
            async with make_pool(url, 1, 30.0) as pool:
                return await use(PostgresIndex(pool.connection, 1, "", "UTC"))

        return asyncio.run(run())

    whole = find(ask)
    assert not whole.facets_estimated
    monkeypatch.setattr("cms_ssg.search.postgres_queries.MOST_COUNTED", len(BREWERIES) // 3)
    assert find(ask).facets == whole.facets, "without words and filters they are kept"
    sample = find(ask, locale="")
    assert (sample.facets_estimated, sample.total) == (True, len(BREWERIES))
    assert [hit.id for hit in sample.hits] == [hit.id for hit in whole.hits]
    true = {value.value: value.count for value in whole.facets["category"]}
    guessed = {value.value: value.count for value in sample.facets["category"]}
    assert sum(guessed.values()) == pytest.approx(sum(true.values()), rel=0.25)
    assert guessed["micro"] == pytest.approx(true["micro"], rel=0.3)
    narrow = find(ask, filters={"city": ("Bamberg",), "category": ("bar",)})  # an index leaves few to be counted
    assert not narrow.facets_estimated


def test_what_every_search_looks_at_lies_in_the_row_itself(directory: tuple[Site, str]) -> None:
    words = " ".join(f"word{number}" for number in range(2_000))
    row = make_row(directory[0], BREWERIES[0]) | {"content": words, "words": ["", "", words]}
    with connect(directory[1]) as connection:
        connection.execute(SAVE, {"site": 1, "rows": msgspec.json.encode([row]).decode()})
        found = connection.execute(
            """SELECT pg_column_toast_chunk_id(terms) IS NULL, pg_column_toast_chunk_id(vector) IS NULL, pg_column_toast_chunk_id(content) IS NULL
              FROM cms.documents WHERE entry = %s""",
            (BREWERIES[0].number,),
        ).fetchone()
        connection.rollback()
    assert found == (True, False, False)
