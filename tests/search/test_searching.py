"""Questions and answers over a built site: words, filters, facets, languages, the page; documents follow their entries."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import psycopg
import pytest
from psycopg.rows import TupleRow

from cms_ssg.cli.search import SORTS
from cms_ssg.search.api_models import AnswerModel, SuggestionsModel
from cms_ssg.search.questions import Cursor, Sort, write_cursor
from cms_ssg.store.connect import connect
from tests.api.atlas import Api, build_site, write_post, write_site

NAUGHTY = Path(__file__).parents[1] / "data/naughty"


@pytest.mark.parametrize(
    ("query", "urls"),
    [
        ("tide", ["/tide/", "/tide-table/", "/about/"]),
        ("tides", ["/tide/", "/tide-table/", "/about/"]),
        ("TABLES", ["/tide-table/", "/tide/"]),
        ('"tide table"', ["/tide-table/", "/tide/"]),
        ("tide -plank", ["/tide-table/", "/about/"]),
        ("tide -planks", ["/tide-table/", "/about/"]),
        ("measur", ["/about/", "/coast/", "/tide/", "/tree/"]),
        ("cafe", ["/noon/"]),
        ("café", ["/noon/"]),
        ("the", ["/noon/", "/tide/", "/tree/", "/coast/", "/tide-table/", "/about/"]),
        ("地図", ["/tokyo/"]),
        ("首都", ["/tokyo/"]),
        ("nothing at all", []),
    ],
)  # fmt: skip
def test_words_find_what_has_them_in_any_form(api: Api, query: str, urls: list[str]) -> None:
    assert sorted(api.find(query)) == sorted(urls)


def test_a_parameter_that_does_not_exist_is_named(api: Api) -> None:
    answer = api.get("/api/search?q=tide&page=2")
    assert (answer.status_code, answer.json()["errors"]) == (422, [{"field": "page", "message": "Unknown parameter"}])


def test_titles_count_more_than_texts(api: Api) -> None:
    hits = api.json("/api/search?q=tide")["hits"]
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)
    assert hits[-1]["url"] == "/about/"
    assert "Measuring by hand: the <mark>tide</mark>" in [hit["highlights"]["title"] for hit in hits]
    assert api.find("table") == ["/tide-table/", "/tide/"]
    assert api.find("tree stick")[0] == "/tree/"


def test_filters_narrow_and_counts_of_a_facet_disregard_its_own_filter(api: Api) -> None:
    every = api.json("/api/search")
    assert every["total"] == 7
    assert {value["value"]: value["count"] for value in every["facets"]["section"]} == {"history": 3, "workshop": 2, "notes": 1}
    some = api.json("/api/search?category=history&category=notes&tag=coasts")
    assert sorted(hit["url"] for hit in some["hits"]) == ["/coast/", "/tide-table/"]
    assert {value["value"]: value["count"] for value in some["facets"]["section"]} == {"history": 1, "notes": 1}
    assert {value["value"]: value["count"] for value in some["facets"]["tag"]} == {"maps": 2, "coasts": 2, "tides": 1, "clocks": 1}
    assert api.json("/api/search?facet=tag/maps&facet=section/history&type=post")["total"] == 2
    assert api.json("/api/search?type=page")["total"] == 1
    assert api.json("/api/search?category=nowhere")["total"] == 0


def test_dates_are_days_of_the_site_and_both_ends_count(api: Api) -> None:
    assert {hit["url"] for hit in api.json("/api/search?after=2024-09-15&before=2025-01-02")["hits"]} == {"/tide/", "/tokyo/"}
    assert api.json("/api/search?after=2025-07-06&before=2025-07-06")["total"] == 1
    assert api.json("/api/search")["months"]["2024-06"] == 1
    for day in ("0001-01-01", "9999-12-31"):
        assert api.get(f"/api/search?before={day}").status_code in (200, 422)
        assert api.get(f"/api/search?after={day}").status_code in (200, 422)


def test_pages_follow_each_other_without_gap_in_every_order(api: Api) -> None:
    for sort in ("relevance", "newest", "oldest", "title"):
        whole = [hit["url"] for hit in api.json(f"/api/search?sort={sort}")["hits"]]
        pages = [hit["url"] for offset in range(0, 8, 2) for hit in api.json(f"/api/search?sort={sort}&offset={offset}&limit=2")["hits"]]
        assert pages == whole
        assert len(set(whole)) == 7
    assert whole == sorted(whole, key=whole.index)
    assert api.json("/api/search?sort=newest")["hits"][0]["url"] == "/coast/"


def test_each_language_has_its_own_documents_and_stems(api: Api) -> None:
    assert api.find("marea", locale="it") == ["/it/tide/"]
    assert api.find("tavole", locale="it") == ["/it/tide/"]
    assert api.find("marea") == []


def test_suggestions_are_titles_that_go_on_as_typed(api: Api) -> None:
    def suggest(text: str) -> list[str]:
        return [one["title"] for one in api.json("/api/suggest", params={"q": text})["suggestions"]]

    assert suggest("measuring by hand: the ti") == ["Measuring by hand: the tide"]
    assert suggest("ti")[0] in ("Reading a tide table", "Measuring by hand: the tide")
    assert suggest("") == suggest("%") == suggest("_") == suggest("plank") == []


def test_answers_are_what_the_documentation_says(api: Api) -> None:
    for query in ("tide", "", "nothing"):
        value = api.json("/api/search", params={"q": query})
        model = AnswerModel.model_validate(value, extra="forbid")
        assert set(value) == set(model.model_dump())
    SuggestionsModel.model_validate(api.json("/api/suggest?q=t"), extra="forbid")


def list_naughty() -> list[str]:
    return [text for text in json.loads((NAUGHTY / "blns.json").read_text("utf-8")) if text]


def test_no_text_in_any_parameter_breaks_anything(api: Api) -> None:
    api.framework.state.limiter._count = lambda *_: 0.0
    texts = [
        *list_naughty()[::6],
        "' OR 1=1 --",
        "\0",
        "a\0b",
        "%s %(site)s {0} {}",
        "x" * 900,
        '"' * 50,
        "-" * 50,
        "\ud7ff\U0010ffff",
        "a:*",
        "!a|b&c",
        "(((",
    ]
    assert len(texts) > 60
    for number, text in enumerate(texts):
        params = {"q": text} if number % 3 else {"q": "a", "tag": text[:200], "category": text[:200]}
        answer = api.get("/api/search", params=params)
        assert answer.status_code == 200 or (answer.status_code == 422 and len(text) > 200), (text, answer.text)
        assert api.get("/api/suggest", params={"q": text}).status_code == 200, text
        if number % 4:
            continue
        page = api.get("/search", params={"q": text, "tag": text[:200], "page": text[:50], "sort": text[:50]})
        assert page.status_code == 200, text
        assert not re.search(
            r"<(script(?! src)|img|svg|iframe|b>|style)",
            page.text.partition("<!--search-->")[2].partition("<!--/search-->")[0],
            re.IGNORECASE,
        ), text
    for name in ("limit", "offset", "after", "before", "sort", "locale", "type", "facet"):
        for value in ("NaN", "1e400", "-1", "", "null", "\0", "99999999999999999999", "²"):
            assert api.get("/api/search", params={name: value}).status_code in (200, 422), (name, value)
    assert api.get("/api/search?q=%ff%fe&tag=%c3").status_code == 200


def test_the_page_shows_results_without_a_script_inside_the_theme(api: Api) -> None:
    page = api.get("/search?q=tide")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert '<a href="/tide/">Measuring by hand: the <mark>tide</mark></a>' in page.text
    assert 'value="tide"' in page.text
    assert '<main id="main"' in page.text
    assert 'class="pager"' not in page.text
    part = api.get("/search?q=tide&part=results")
    assert part.text in page.text
    assert part.headers["x-search"] == "postgres"
    italian = api.get("/it/search?q=marea").text
    assert '<html lang="it"' in italian
    assert "Risultati: 1" in italian
    chosen = api.get("/search?q=tide&tag=tides").text
    assert 'aria-label="Remove tides"' in chosen
    assert 'href="/search?q=tide"' in chosen
    assert "Nothing was found." in api.get("/search?q=zzzz").text
    assert '<a class="again" href="/search?q=tide&amp;sort=newest">Newest first</a>' in page.text
    newest = api.get("/search?q=tide&sort=newest").text
    assert '<input type="hidden" name="sort" value="newest">' in newest
    assert newest.index('href="/tide-table/"') < newest.index('href="/tide/"')


def test_cursors_places_and_orders_of_the_api(api: Api) -> None:
    pages, cursor = [], ""
    while True:
        answer = api.json("/api/search", params={"limit": "3", "sort": "newest", "cursor": cursor})
        pages += [hit["url"] for hit in answer["hits"]]
        cursor = answer["next_cursor"]
        if not cursor:
            break
    assert pages == [hit["url"] for hit in api.json("/api/search?sort=newest")["hits"]]
    first = api.json("/api/search?sort=newest&limit=3")["next_cursor"]
    wrong = {
        f"cursor={first}": "cursor", "sort=newest&cursor=bm9uZQ": "cursor", "sort=distance": "sort", "lat=1": "lng", "radius_km=5": "lat",
        "bbox=1,2,3": "bbox", "bbox=1,5,3,2": "bbox", "lat=NaN&lng=1": "lat", "lat=91&lng=1": "lat", "facet=colour/red": "facet",
    }  # fmt: skip
    for query, field in wrong.items():
        answer = api.get(f"/api/search?{query}")
        assert answer.status_code == 422, query
        assert field in answer.text, query
    assert api.json("/api/search?lat=41&lng=-8&radius_km=0")["total"] == 0
    assert api.json("/api/search?bbox=170,-20,-170,20&sort=title")["total"] == 0
    forged = write_cursor(Cursor("postgres", "newest", 2, ("infinity'; --", 5)))
    assert [hit["url"] for hit in api.json(f"/api/search?sort=newest&cursor={forged}")["hits"]] == pages[2:]


def test_what_nothing_is_found_for_is_counted_without_saying_who(api: Api, atlas: tuple[Path, str]) -> None:
    for query in ("sextant", "Sextant", "ada@example.org missing", "0044 1632 960 001", "tdie"):
        api.get("/api/search", params={"q": query})
    api.get("/search", params={"q": "sextant"})
    api.get("/search", params={"q": "sext", "part": "results"})
    api.get("/api/search", params={"q": "sextant", "tag": "tides"})
    with connect(atlas[1], autocommit=True) as connection:
        rows = connection.execute(
            "SELECT words, times FROM cms.empty_searches WHERE words ~ 'sext|exam|0044|tdie' ORDER BY words"
        ).fetchall()
    assert rows == [("sextant", 3), ("tdie", 1)]


def documents(connection: psycopg.Connection[TupleRow]) -> dict[str, tuple[str, bool]]:
    rows = connection.execute("SELECT path, title, shown FROM cms.documents ORDER BY path").fetchall()
    return {path: (title, shown) for path, title, shown in rows}


def test_documents_follow_their_entries(tmp_path: Path, db_url: str) -> None:
    folder = write_site(tmp_path / "site")
    build_site(folder, db_url)
    with connect(db_url, autocommit=True) as connection:
        before = documents(connection)
        assert set(before) == {"/about/", "/coast/", "/it/tide/", "/noon/", "/tide-table/", "/tide/", "/tokyo/", "/tree/"}
        assert all(shown for _, shown in before.values())
        row = connection.execute("SELECT xmin FROM cms.documents WHERE path = '/tree/'").fetchone()
        write_post(folder, "noon", title='"Noon, again"')
        write_post(folder, "hidden", "Hidden.", noindex="true")
        write_post(folder, "draft", "Not yet.", draft="true")
        (folder / "content/posts/tide.md").rename(folder / "content/posts/the-tide.md")
        (folder / "content/posts/coast.md").unlink()
        build_site(folder, db_url)
        after = documents(connection)
        assert set(before) ^ set(after) == {"/coast/", "/tide/", "/the-tide/"}
        assert after["/noon/"] == ("Noon, again", True)
        assert connection.execute("SELECT xmin FROM cms.documents WHERE path = '/tree/'").fetchone() == row
        write_post(folder, "hidden", "Hidden.")
        write_post(folder, "noon", noindex="true")
        build_site(folder, db_url)
        assert set(documents(connection)) ^ set(after) == {"/hidden/", "/noon/"}
        text = (folder / "site.toml").read_text()
        (folder / "site.toml").write_text(text.replace("[search]", '[search]\ntypes = ["page"]'))
        build_site(folder, db_url)
        assert set(documents(connection)) == {"/about/"}
        (folder / "site.toml").write_text(text.replace("[search]", ""))
        build_site(folder, db_url, confirm_removals=True)
        assert documents(connection) == {}
        assert connection.execute("SELECT count(*) FROM cms.search_pages").fetchone() == (0,)
        assert not (folder / "build/search/index.html").exists()
        assert not list((folder / "build/assets").glob("search.*"))
        (folder / "site.toml").write_text(text)
        build_site(folder, db_url)
        assert "/tree/" in documents(connection)
        assert (folder / "build/search/index.html").exists()


def test_a_document_is_found_when_its_page_is_published(tmp_path: Path, db_url: str) -> None:
    folder = write_site(tmp_path / "site")
    build_site(folder, db_url)
    write_post(folder, "broken", "Text.", layout="broken")
    (folder / "themes/own/templates").mkdir(parents=True)
    (folder / "themes/own/templates/broken.html").write_text("{{ 1 // 0 }}")
    text = (folder / "site.toml").read_text()
    (folder / "site.toml").write_text(text.replace("[search]", 'theme = "own"\n[search]', 1))
    with pytest.raises(AssertionError):
        build_site(folder, db_url)
    with connect(db_url, autocommit=True) as connection:
        assert documents(connection).get("/broken/") in (None, ("broken", False))
        (folder / "themes/own/templates/broken.html").write_text('{% extends "entry.html" %}')
        build_site(folder, db_url)
        assert documents(connection)["/broken/"] == ("broken", True)


def test_a_very_long_article_is_indexed_as_far_as_it_fits(tmp_path: Path, db_url: str) -> None:
    folder = write_site(tmp_path / "site")
    write_post(folder, "long", " ".join(f"word{number}" for number in range(150_000)))
    write_post(folder, "cjk", "".join(chr(0x4E00 + number * 7 % 20_000) for number in range(300_000)))
    write_post(folder, "letters", "x" * 1_500_000)
    build_site(folder, db_url)
    with connect(db_url, autocommit=True) as connection:
        assert {"/long/", "/cjk/", "/letters/"} <= set(documents(connection))


def test_the_command_offers_every_order_of_the_api() -> None:
    assert get_args(Sort) == SORTS
