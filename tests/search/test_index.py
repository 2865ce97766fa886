"""The index from the command line; written anew it is what builds had made of it; words that were mistyped."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from cms_ssg.cli.main import run as run_command
from cms_ssg.search.lexicon import count_words, say_terms
from cms_ssg.search.postgres import PostgresIndex
from cms_ssg.search.questions import Question
from cms_ssg.search.reindex import count_documents, reindex
from cms_ssg.search.words import parse_query
from cms_ssg.site import open_site
from cms_ssg.store.connect import connect
from tests.api.atlas import Api

ROWS = "SELECT to_jsonb(d) - 'shown' FROM cms.documents d ORDER BY entry"


def test_written_anew_the_index_is_what_builds_had_made(atlas: tuple[Path, str]) -> None:
    folder, url = atlas
    site = open_site(folder, os.environ)
    with connect(url, autocommit=True) as connection:
        before = connection.execute(ROWS).fetchall()
        connection.execute("UPDATE cms.documents SET title = 'wrong', vector = ''")
        connection.execute("DELETE FROM cms.documents WHERE path = '/tree/'")
        connection.execute("INSERT INTO cms.documents SELECT (jsonb_populate_record(d, '{\"entry\": 999}')).* FROM cms.documents d LIMIT 1")
        assert reindex(connection, site, 1) == 8
        assert connection.execute(ROWS).fetchall() == before
        assert [(row.locale, row.documents, row.waiting) for row in count_documents(connection, 1)] == [("en", 7, 0), ("it", 1, 0)]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("tdie", "tide"),
        ("rialways", "railways"),
        ("triangel", "triangle"),
        ("meassuring", "measuring"),
        ("xylophone", ""),
        ("ti", ""),
        ("12345", ""),
    ],
)
def test_a_word_is_corrected_where_one_is_near(typed: str, meant: str) -> None:
    lexicon = count_words(["The tide and the railways", "Measuring a triangle", "tide side"])
    assert lexicon.correct(typed) == meant


def test_a_query_is_corrected_word_by_word() -> None:
    lexicon = count_words(["A tide table", "The coast"])
    assert say_terms(lexicon.correct_terms(parse_query('tdie "tide tabel" -plank '))) == 'tide "tide table" -plank'
    assert lexicon.correct_terms(parse_query("tide coas")) == ()


def test_what_was_meant_is_found_and_said(api: Api) -> None:
    answer = api.json("/api/search?q=tdie")
    assert (answer["did_you_mean"], answer["total"]) == ("tide", 3)
    assert api.json("/api/search?q=zzzzzz")["did_you_mean"] == ""
    assert 'href="/search?q=tide"' in api.get("/search?q=tdie").text


def test_many_searches_that_find_nothing_count_the_words_of_a_site_once(atlas: tuple[Path, str]) -> None:
    folder, url = atlas
    site, lent = open_site(folder, os.environ), 0

    async def ask() -> list[str]:
        async with AsyncConnectionPool(url, min_size=1, max_size=4, open=False) as pool:

            @asynccontextmanager
            async def lend() -> AsyncIterator[AsyncConnection[TupleRow]]:
                nonlocal lent
                async with pool.connection() as connection:
                    lent += 1
                    yield connection

            index = PostgresIndex(lend, 1, site.base_path, site.settings.timezone)
            questions = [Question(terms=parse_query("tdie"), locale="en", offset=5_000 + number) for number in range(12)]
            answers = await asyncio.gather(*map(index.search, questions))
            answers.append(await index.search(Question(terms=parse_query("tabel"), locale="en")))
            return [answer.did_you_mean for answer in answers]

    assert asyncio.run(ask()) == ["tide"] * 12 + ["table"]
    assert lent == 13 * 2 + 1, "each is asked as typed and corrected; the words are read once"


def test_the_index_is_asked_from_the_command_line(
    atlas: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, url = atlas
    monkeypatch.setenv("CMS_DATABASE_URL", url)

    def run(*words: str) -> tuple[int, str]:
        code = run_command([words[0], words[1], "-C", str(folder), *words[2:]])
        return code, capsys.readouterr().out

    found = json.loads(run("search", "query", "--json", "tide", "--facet", "section/workshop")[1])
    assert [hit["url"] for hit in found["hits"]] == ["/tide/"]
    assert found["engine"] == "postgres"
    assert run("search", "query", "zzzz")[0] == 1
    for wrong in (("--facet", "colour/red"), ("--locale", "fr"), ("--sort", "distance"), ("--near", "91", "0"), ("--radius-km", "1")):
        assert run("search", "query", "a", *wrong)[0] == 2, wrong
    assert run("search", "query", "", "--near", "1", "1", "--sort", "distance")[0] == 1
    assert "/tide/" in run("search", "suggest", "meas")[1]
    assert "search is on" in run("search", "status")[1]
    explained = run("search", "explain", '"tide table" -plank')[1]
    assert explained.startswith("phrase 'tide table'\nnot word 'plank'\n")
    assert "documents_vector" in explained or "Scan" in explained
    with connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO cms.empty_searches (site, day, words, times) VALUES (1, current_date, 'astrolabe', 3)")
    assert "astrolabe" in run("search", "empty")[1]
    assert run("search", "reindex")[0] == 0
    settings = folder / "site.toml"
    before = settings.read_text()
    settings.write_text(before.replace("[search]", '[search]\nengine = "meilisearch"\nurl = "http://127.0.0.1:9"'))
    monkeypatch.setattr("cms_ssg.search.meilisearch_engine.TRIES", 1)
    assert run("search", "reindex")[0] == 1
    code, said = run("search", "status")
    assert code == 1
    assert "does not answer" in said
    assert json.loads(run("search", "query", "--json", "tide")[1])["engine"] == "postgres"
    settings.write_text(before)
