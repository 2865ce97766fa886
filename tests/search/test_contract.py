"""One contract, three engines: whichever holds the documents, the same questions have the same answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from cms_ssg.search.places import Box, Near
from cms_ssg.search.postgres import PostgresIndex
from cms_ssg.search.questions import Answer, Cursor, read_cursor, write_cursor
from cms_ssg.site import Site
from cms_ssg.store.connect import connect
from tests.conftest import TEMPLATE, fresh_database
from tests.search.corpus import HARBOURS, PLACES, build_corpus, fill_engine
from tests.search.engines import ENGINES, Ask, find, open_ask

VALUES = "UPDATE cms.documents SET price = %s, rating = %s, popularity = %s, stock = %s WHERE path = %s"
SOLD = [
    (1900, 4.5, 2.0, "in_stock", "/places/porto/"),
    (900, 3.25, 0.7, "low", "/places/aveiro/"),
    (2_500_000_000, None, 3.1, "out_of_stock", "/places/suva/"),
    (None, 5, 0, None, "/tide/"),
]


@pytest.fixture(scope="module")
def corpus(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    for url in fresh_database(server_url, TEMPLATE):
        site = build_corpus(tmp_path_factory.mktemp("corpus"), url)
        with connect(url, autocommit=True) as connection:
            connection.cursor().executemany(VALUES, SOLD)
        yield site, url


@pytest.fixture(scope="module", params=ENGINES)
def ask(request: pytest.FixtureRequest, corpus: tuple[Site, str]) -> Iterator[Ask]:
    """Runs a function with an index that holds the corpus."""
    with open_ask(request, *corpus, "contract", 13 + len(HARBOURS)) as ask:
        yield ask


def urls(answer: Answer) -> list[str]:
    return [hit.url for hit in answer.hits]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("tide", {"/tide/", "/tide-table/", "/about/"}),
        ('"tide table"', {"/tide-table/", "/tide/"}),
        ("tide -plank", {"/tide-table/", "/about/"}),
        ('-"water" tide', {"/tide/", "/about/"}),
        ("measuri", {"/about/", "/tide/", "/tree/"}),
        ("cafe", {"/noon/"}),
        ("地図", {"/tokyo/"}),
        ("meassuring triangel", {"/tree/"}),
        ("xylophone", set()),
        ('(:*& "', {f"/{slug}/" for slug in ("about", "coast", "noon", "tide", "tide-table", "tokyo", "tree")} | {f"/places/{slug}/" for slug in PLACES}),
    ],
)  # fmt: skip
def test_words_phrases_exclusions_beginnings_and_slips(ask: Ask, query: str, expected: set[str]) -> None:
    assert {url for url in urls(find(ask, query)) if query != "measuri" or url != "/coast/"} == expected


def test_each_language_is_its_own(ask: Ask) -> None:
    assert urls(find(ask, "marea", locale="it")) == ["/it/tide/"]
    assert urls(find(ask, "marea")) == []


def test_sixteen_languages_are_found_in_their_own_words_and_in_no_other(ask: Ask) -> None:
    for code, (_, _, query) in HARBOURS.items():
        assert urls(find(ask, query, locale=code)) == [f"/{code}/harbour/"], (code, query)
        assert urls(find(ask, query, locale="en")) == [], code


def test_titles_count_more_than_texts_and_what_was_found_is_marked(ask: Ask) -> None:
    hits = {hit.url: hit for hit in find(ask, "tide").hits}
    assert list(hits)[-1] == "/about/"
    assert hits["/tide/"].highlights.title == "Measuring by hand: the <mark>tide</mark>"
    assert "<mark>tide</mark>" in hits["/about/"].highlights.content[0]
    assert [hit.score for hit in hits.values()] == sorted((hit.score for hit in hits.values()), reverse=True)
    unsafe = find(ask, "height").hits[0]
    assert unsafe.url == "/tree/"
    assert "&lt;b&gt;" in unsafe.highlights.content[0]
    assert hits["/tide/"].published_at == datetime(2024, 9, 14, 23, tzinfo=UTC)
    assert set(hits["/tide/"].terms) == {"section/workshop", "tag/tides", "type/post"}


def test_facets_count_without_their_own_filter_and_fields_can_be_facets(ask: Ask) -> None:
    some = find(ask, filters={"section": ("history", "notes"), "tag": ("coasts",)})
    assert set(urls(some)) == {"/coast/", "/tide-table/"}
    assert {one.value: one.count for one in some.facets["section"]} == {"history": 1, "notes": 1}
    assert {one.value: one.count for one in some.facets["tag"]} == {"maps": 2, "coasts": 2, "tides": 1, "clocks": 1}
    assert {one.value: one.count for one in find(ask, "lighthouse").facets["city"]} == dict.fromkeys(
        ("Porto", "Aveiro", "Lisbon", "Suva", "Apia"), 1
    )
    assert find(ask, filters={"city": ("Porto", "it's \\ no place")}).total == 1
    assert find(ask, filters={"type": ("page",)}).total == 1


def test_dates_months_and_orders(ask: Ask) -> None:
    zone = datetime(2024, 12, 31, 23, 30, tzinfo=UTC)
    assert set(urls(find(ask, after=zone))) == {"/tokyo/", "/tide-table/", "/coast/"}
    assert find(ask, "tide").months == {"2025-07": 1, "2024-09": 1}
    dated = {"type": ("post", "place")}
    newest, oldest = urls(find(ask, filters=dated, sort="newest")), urls(find(ask, filters=dated, sort="oldest"))
    assert newest == oldest[::-1]
    assert newest[0] == "/coast/"
    titles = [hit.title for hit in find(ask, filters={"type": ("place",)}, sort="title").hits]
    assert titles == sorted(titles)


def test_places_within_a_radius_and_a_box_also_across_the_antimeridian(ask: Ask) -> None:
    near = find(ask, near=Near(41.15, -8.61, 60), sort="distance")
    assert urls(near) == ["/places/porto/", "/places/aveiro/"]
    assert near.hits[0].distance_km == pytest.approx(5.54, abs=0.1)
    assert near.hits[1].distance_km == pytest.approx(57.6, abs=0.5)
    assert {one.value for one in near.facets["city"]} == {"Porto", "Aveiro"}
    assert set(urls(find(ask, "lighthouse", near=Near(-18.0, 180.0, 100)))) == {"/places/suva/", "/places/apia/"}
    assert set(urls(find(ask, box=Box(-19, 179, -17, -179)))) == {"/places/suva/", "/places/apia/"}
    assert find(ask, box=Box(0, 170, 1, 171)).total == 0
    assert len(urls(find(ask, near=Near(41.15, -8.61), sort="distance"))) == len(PLACES)


def test_price_rating_popularity_and_stock_sort_and_filter(ask: Ask) -> None:
    porto, aveiro, suva, tide = (path for *_, path in SOLD)
    assert urls(find(ask, sort="price"))[:3] == [aveiro, porto, suva]
    assert urls(find(ask, sort="price_desc"))[:3] == [suva, porto, aveiro]
    assert urls(find(ask, sort="rating"))[:3] == [tide, porto, aveiro]
    assert urls(find(ask, sort="popularity"))[:3] == [suva, porto, aveiro]
    assert urls(find(ask, price_min=900, price_max=1900, sort="price")) == [aveiro, porto]
    assert urls(find(ask, price_min=901, price_max=1899)) == []
    assert set(urls(find(ask, rating_min=4.5))) == {porto, tide}
    assert set(urls(find(ask, "lighthouse", stock=("low", "out_of_stock")))) == {aveiro, suva}
    first = find(ask, price_max=1000).hits[0]
    assert (first.price, first.rating, first.popularity, first.stock) == (900, 3.25, pytest.approx(0.7), "low")
    unsold = find(ask, "tide").hits[0]
    assert (unsold.price, unsold.stock) == (None, None)


@pytest.mark.parametrize("sort", ["relevance", "newest", "oldest", "title", "distance", "rating", "popularity", "price", "price_desc"])
def test_pages_by_cursor_and_by_offset_have_every_hit_once(ask: Ask, sort: Any) -> None:
    options = {"sort": sort, "near": Near(41.15, -8.61)}
    whole = find(ask, "the", **options) if sort == "relevance" else find(ask, **options)
    query = "the" if sort == "relevance" else ""
    by_offset = [url for start in range(0, 14, 2) for url in urls(find(ask, query, offset=start, limit=2, **options))]
    by_cursor, cursor = [], None
    for _ in range(14):
        page = find(ask, query, cursor=cursor, limit=2, **options)
        assert page.total == whole.total
        by_cursor += urls(page)
        if not page.next_cursor:
            break
        cursor = read_cursor(page.next_cursor)
    assert by_cursor == by_offset == urls(whole)
    assert len(by_cursor) == len(set(by_cursor)) == whole.total > 4


@pytest.mark.parametrize("sort", ["relevance", "newest", "oldest", "title", "distance", "rating", "popularity", "price", "price_desc"])
def test_a_cursor_goes_on_behind_its_hit_whatever_leaves_or_comes_before_it(ask: Ask, corpus: tuple[Site, str], sort: Any) -> None:
    site, url = corpus
    options = {"sort": sort, "near": Near(41.15, -8.61)}
    query = "the" if sort == "relevance" else ""
    whole = find(ask, query, **options).hits
    first = find(ask, query, limit=3, **options)
    behind = find(ask, query, limit=3, cursor=read_cursor(first.next_cursor), **options)
    gone = whole[0].id

    async def change(index: Any) -> bool:
        if isinstance(index, PostgresIndex):
            with connect(url, autocommit=True) as connection:
                connection.execute("UPDATE cms.documents SET shown = NOT shown WHERE entry = %s", (gone,))
            return True
        if index.name == "opensearch":
            index.delete("en", [gone])
            return sort != "relevance"  # scores follow the whole index
        return False  # Meilisearch only counts

    try:
        if not ask(change):
            return
        assert find(ask, query, limit=3, cursor=read_cursor(first.next_cursor), **options).hits == behind.hits
        rest, cursor = [], first.next_cursor
        while cursor:
            page = find(ask, query, limit=2, cursor=read_cursor(cursor), **options)
            rest += urls(page)
            cursor = page.next_cursor
        assert rest == [hit.url for hit in whole[3:]]  # to the end, though there are fewer than the cursor has counted
        again = Cursor("postgres", sort, 50_000, read_cursor(first.next_cursor).key)
        if read_cursor(first.next_cursor).engine == "postgres":
            assert find(ask, query, limit=1, cursor=read_cursor(write_cursor(again)), **options).next_cursor
    finally:
        ask(restore(site, url, gone))


def restore(site: Site, url: str, gone: int) -> Callable[[Any], Awaitable[None]]:
    """Bring a document back that was taken away."""

    async def use(index: Any) -> None:
        if isinstance(index, PostgresIndex):
            with connect(url, autocommit=True) as connection:
                connection.execute("UPDATE cms.documents SET shown = true WHERE entry = %s", (gone,))
        elif index.name == "opensearch":
            fill_engine(index, site, url)

    return use


def test_suggestions_are_titles_that_go_on_as_typed(ask: Ask) -> None:
    def suggest(text: str) -> list[str]:
        found: list[Any] = ask(lambda index: index.suggest(text, "en", 10))
        return [one.url for one in found]

    assert suggest("measuring by hand: the tr") == ["/tree/"]
    assert set(suggest("lighth")) == {f"/places/{slug}/" for slug in PLACES}
    assert set(suggest("tabl")) == {"/tide-table/"}
    assert suggest("") == suggest("plank") == []
