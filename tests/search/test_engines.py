"""A site with an engine: it follows builds, Postgres answers where it cannot, and nothing of another site is ever shown."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from meilisearch import Client
from meilisearch.errors import MeilisearchApiError

from cms_ssg.api.sites import load_sites
from cms_ssg.errors import CmsError
from cms_ssg.search import engine as engine_module
from cms_ssg.search import fallback, sending
from cms_ssg.search.engine import EngineDocument, EngineError
from cms_ssg.search.meilisearch_engine import MeilisearchEngine
from cms_ssg.search.meilisearch_queries import find_spans
from cms_ssg.site import open_site
from cms_ssg.store.connect import connect
from tests.api.atlas import build_site, serve_api, write_post, write_site
from tests.search.meilisearch_double import KEY, Double, serve_double


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Iterator[Double]:
    with serve_double() as running:
        monkeypatch.setenv("CMS_SEARCH_URL", running.url)
        monkeypatch.setenv("CMS_SEARCH_API_KEY", KEY)
        monkeypatch.setattr(fallback, "OPEN_S", 0.0)
        monkeypatch.setattr(fallback, "LOOK_S", 0.0)
        monkeypatch.setattr(fallback, "BEHIND_S", 0.0)
        yield running


def test_the_engine_follows_builds_and_postgres_stands_in(
    tmp_path: Path, db_url: str, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_site(tmp_path / "site")
    settings = folder / "site.toml"
    settings.write_text(settings.read_text().replace("[search]", '[search]\nengine = "meilisearch"'))
    double.refuse, double.fail_tasks = 2, 1  # tried again
    build_site(folder, db_url)
    assert {uid: len(index.documents) for uid, index in double.indexes.items()} == {"atlas-en": 7, "atlas-it": 1}
    foreign = {**next(iter(double.indexes["atlas-en"].documents.values())), "id": 999_999, "site": 2, "title": "The tide of others"}
    double.indexes["atlas-en"].documents[999_999] = foreign
    with serve_api([folder], db_url) as api:

        def ask(q: str, engine: str, *urls: str) -> None:
            """An answer may be as old as caches allow, no older."""
            until = time.monotonic() + 3
            while True:
                answer = api.get("/api/search", params={"q": q})
                assert answer.status_code == 200, answer.text
                given = (answer.headers["x-search"], sorted(hit["url"] for hit in answer.json()["hits"]))
                if given == (engine, list(urls)) or time.monotonic() > until:
                    break
                time.sleep(0.05)
            assert given == (engine, list(urls))

        instead = "postgres; instead-of=meilisearch"
        ask("tide", "meilisearch", "/about/", "/tide-table/", "/tide/")
        facets = api.json("/api/search?q=tide&tag=tides")["facets"]
        assert {one["value"]: (one["title"], one["count"]) for one in facets["tag"]} == {"tides": ("tides", 2), "coasts": ("coasts", 1)}
        assert [one["url"] for one in api.json("/api/suggest?q=reading")["suggestions"]] == ["/tide-table/"]
        assert api.get("/search?q=tide").headers["x-search"] == "meilisearch"

        write_post(folder, "noon", "The tide at noon.")
        (folder / "content/posts/tide-table.md").unlink()
        build_site(folder, db_url)
        ask("tide", "meilisearch", "/about/", "/noon/", "/tide/")
        assert not [path for method, path in double.requests[-6:] if "swap" in path]

        double.is_down = True
        monkeypatch.setattr(engine_module, "TRIES", 1)
        monkeypatch.setattr("cms_ssg.search.meilisearch_engine.TRIES", 1)
        ask("noon", instead, "/noon/")
        write_post(folder, "new", "A new tide.")
        result = build_site(folder, db_url)
        assert [problem.code for problem in result.problems] == ["search.not-sent"]
        ask("tide", instead, "/about/", "/new/", "/noon/", "/tide/")
        first = api.get("/api/search?q=tide&sort=newest&limit=2")
        double.is_down = False  # it is back, and behind
        ask("noon tide", instead, "/noon/")
        build_site(folder, db_url)
        ask("tide", "meilisearch", "/about/", "/new/", "/noon/", "/tide/")
        assert first.headers["x-search"] == instead
        rest = api.get("/api/search", params={"q": "tide", "sort": "newest", "limit": 2, "cursor": first.json()["next_cursor"]})
        assert rest.headers["x-search"] == instead  # whose order the first page had
        pages = [hit["url"] for page in (first, rest) for hit in page.json()["hits"]]
        assert pages == ["/new/", "/tide/", "/noon/", "/about/"]

    settings.write_text(settings.read_text().replace("[search]", '[search]\nindex = "elsewhere"'))
    build_site(folder, db_url)
    assert {uid: len(index.documents) for uid, index in double.indexes.items() if uid.startswith("else")} == {
        "elsewhere-en": 7,
        "elsewhere-it": 1,
    }
    with connect(db_url, autocommit=True) as connection:
        state = sending.load_state(connection, 1)
        assert state is not None
        assert (state.waiting, state.error, state.again_at) == (0, None, None)
        settings.write_text(settings.read_text().replace('engine = "meilisearch"', ""))
        build_site(folder, db_url)
        assert sending.load_state(connection, 1) is None


def test_one_process_sends_and_a_change_meanwhile_is_sent_again(tmp_path: Path, db_url: str, double: Double) -> None:
    folder = write_site(tmp_path / "site")
    build_site(folder, db_url)
    site = open_site(folder, os.environ)
    engine = MeilisearchEngine(double.url, KEY, "atlas", 1, ["en", "it"], ["type"], "")
    with connect(db_url, autocommit=True) as connection, connect(db_url, autocommit=True) as other:
        assert sending.send_changes(connection, engine, site, 1) == 8
        connection.execute("UPDATE cms.documents SET title = 'One tree' WHERE path = '/tree/'")

        class Racing(MeilisearchEngine):
            def save(self, locale: str, documents: Any) -> None:
                if documents[0].title == "One tree":
                    assert sending.send_changes(other, engine, site, 1) is None
                    other.execute("UPDATE cms.documents SET title = 'Two trees' WHERE path = '/tree/'")
                super().save(locale, documents)

        racing = Racing(double.url, KEY, "atlas", 1, ["en", "it"], ["type"], "")
        assert sending.send_changes(connection, racing, site, 1) is not None
        state = sending.load_state(connection, 1)
        assert state is not None and state.waiting == 1
        sending.send_changes(connection, racing, site, 1)
        connection.execute("DELETE FROM cms.documents WHERE path = '/coast/'")
        sending.send_changes(connection, engine, site, 1)
    titles = [document["title"] for document in double.indexes["atlas-en"].documents.values()]
    assert "Two trees" in titles and len(titles) == 6


def test_an_engine_without_an_address_is_refused_before_anything_begins(
    tmp_path: Path, db_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_site(tmp_path / "site")
    (folder / "site.toml").write_text((folder / "site.toml").read_text().replace("[search]", '[search]\nengine = "opensearch"'))
    monkeypatch.setenv("CMS_DATABASE_URL", db_url)
    with pytest.raises(CmsError, match="not where it is"):
        load_sites([folder])
    with pytest.raises(CmsError, match="not where it is"):
        build_site(folder, db_url)
    assert not (folder / "build").exists()


def test_positions_in_bytes_are_positions_in_characters() -> None:
    text = "Im Café größer 地図 ok"
    spots = [{"start": text.encode().index(word.encode()), "length": len(word.encode())} for word in ("Café", "größer", "地図")]
    assert [text[a:b] for a, b in find_spans(text, spots)] == ["Café", "größer", "地図"]
    assert find_spans("short", [{"start": 3, "length": 10}]) == []


def test_the_double_refuses_what_meilisearch_would(double: Double) -> None:
    client = Client(double.url, KEY)
    client.wait_for_task(client.create_index("one", {"primaryKey": "id"}).task_uid)
    client.wait_for_task(
        client.index("one").update_settings({"filterableAttributes": ["kind"], "searchableAttributes": ["title"]}).task_uid
    )
    waiting = client.index("one").add_documents([{"id": 1, "title": "Map", "kind": "a"}])
    assert client.index("one").search("map")["hits"] == []
    assert client.get_task(waiting.task_uid).status == "processing"
    assert client.wait_for_task(waiting.task_uid).status == "succeeded"
    assert len(client.index("one").search("map", {"filter": ["kind = 'a'"]})["hits"]) == 1
    for options in (
        {"filter": ["colour = 'a'"]},
        {"sort": ["kind:asc"]},
        {"facets": ["title"]},
        {"fuzzy": 1},
        {"filter": ["_geoRadius(1, 1, 5)"]},
    ):
        with pytest.raises(MeilisearchApiError):
            client.index("one").search("map", options)
    with pytest.raises(MeilisearchApiError, match="not found"):
        client.index("two").search("map")
    with pytest.raises(MeilisearchApiError):
        Client(double.url, "another key").index("one").search("map")
    assert client.wait_for_task(client.swap_indexes([{"indexes": ["one", "two"]}]).task_uid).status == "failed"


def test_opensearch_sends_again_only_what_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    from cms_ssg.search.opensearch_engine import Indexes, OpenSearchEngine

    bodies: list[list[str]] = []
    outcomes = [[201, 429, 503], [429, 200], [200], [201, 400]]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            answer: dict[str, Any] = {}
            if "_bulk" in self.path:
                lines = [json.loads(line) for line in data.splitlines()]
                bodies.append([line["index"]["_id"] for line in lines if "index" in line])
                answer = {"items": [{"index": {"status": status, "error": {"reason": "why"}}} for status in outcomes.pop(0)]}
            text = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            pass

    monkeypatch.setattr("cms_ssg.search.opensearch_engine.time.sleep", lambda _: None)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    engine = OpenSearchEngine(f"http://127.0.0.1:{server.server_address[1]}", "", Indexes("x", 1, ("en",), ("type",), "", "UTC"))
    documents = [
        EngineDocument(n, "post", "en", f"/{n}/", "T", "", "", None, None, None, None, ["type/post"], None, None) for n in (1, 2, 3)
    ]
    engine.save("en", documents)
    assert bodies == [["1", "2", "3"], ["2", "3"], ["2"]]
    with pytest.raises(EngineError, match="refuses") as refused:
        engine.save("en", documents[:2])
    assert not refused.value.is_passing
    server.shutdown()
    server.server_close()
