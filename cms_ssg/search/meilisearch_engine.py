"""Meilisearch holds the documents: one index for each language of a site, filled and asked by the official client.

Routes and settings: https://www.meilisearch.com/docs/reference/api
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec
from meilisearch import Client
from meilisearch.errors import MeilisearchApiError, MeilisearchCommunicationError, MeilisearchError, MeilisearchTimeoutError
from requests import RequestException

from cms_ssg.search.engine import LOAD_TIMEOUT_S, TIMEOUT_S, TRIES, EngineDocument, EngineError, IndexState, make_date
from cms_ssg.search.highlight import cut_around, mark_spans
from cms_ssg.search.meilisearch_queries import find_spans, list_conditions, quote, say_query
from cms_ssg.search.places import measure_km
from cms_ssg.search.questions import FACET_SIZES, OTHER_FACET_SIZE, Answer, FacetValue, Highlights, Hit, Question, Suggestion, find_next

NAME: Final = "meilisearch"
MOST_HITS: Final = 10_200
MOST_FACET_VALUES: Final = 200
WAIT_MS: Final = 120_000

VALUES: Final = ("price", "rating", "popularity", "stock")
SHOWN: Final = ["id", "type", "path", "title", "excerpt", "content", "published", "image", "terms", "_geo", *VALUES]
SORTS: Final = {
    "newest": "published:desc", "oldest": "published:asc", "title": "title_key:asc", "rating": "rating:desc", "popularity": "popularity:desc",
    "price": "price:asc", "price_desc": "price:desc",
}  # fmt: skip


class MeilisearchEngine:
    """The documents of one site. index: how its indexes' names begin; facets: all that can be filtered by; base_path: goes before every path."""

    name = NAME

    def __init__(self, url: str, key: str, index: str, site: int, locales: Sequence[str], facets: Sequence[str], base_path: str) -> None:
        self.url, self.index, self.site, self.locales, self.facets, self.base_path = (
            url,
            index,
            site,
            tuple(locales),
            tuple(facets),
            base_path,
        )
        self._key = key
        self._local = threading.local()

    def describe_layout(self) -> dict[str, Any]:
        """Where documents are and how they are indexed."""
        return {"engine": NAME, "url": self.url, "index": self.index, "locales": self.locales, "settings": self._make_settings()}

    def _make_settings(self) -> dict[str, Any]:
        """The settings of each index. Order first, then the engine's own rules, then the newest."""
        return {
            "searchableAttributes": ["title", "excerpt", "content"],
            "filterableAttributes": [
                "id",
                "site",
                "published",
                "month",
                "located",
                "_geo",
                "price",
                "rating",
                "stock",
                *(f"facets.{facet}" for facet in self.facets),
            ],
            "sortableAttributes": ["published", "title_key", "_geo", "price", "rating", "popularity"],
            "rankingRules": ["sort", "words", "typo", "proximity", "attribute", "exactness", "published:desc"],
            "pagination": {"maxTotalHits": MOST_HITS},
            "faceting": {"maxValuesPerFacet": MOST_FACET_VALUES, "sortFacetValuesBy": {"*": "count"}},
        }

    async def search(self, question: Question) -> Answer:
        """Find, count and highlight."""
        begun = time.perf_counter()
        found = await asyncio.to_thread(lambda: self._try(lambda: self._open().multi_search(self._make_queries(question))))
        answer = self._read_answer(question, found["results"])
        return msgspec.structs.replace(answer, took_ms=round((time.perf_counter() - begun) * 1000, 1))

    async def suggest(self, text: str, locale: str, limit: int) -> tuple[Suggestion, ...]:
        """Titles with words that begin as typed."""
        if not text.strip():
            return ()
        options = {
            "limit": limit, "attributesToSearchOn": ["title"], "attributesToRetrieve": ["title", "path", "type"], "matchingStrategy": "all",
            "filter": [f"site = {self.site}"],
        }  # fmt: skip
        found = await asyncio.to_thread(lambda: self._try(lambda: self._open().index(self._uid(locale)).search(text, options)))
        return tuple(Suggestion(hit["title"], self.base_path + hit["path"], hit["type"]) for hit in found["hits"])

    def explain(self, question: Question) -> dict[str, Any]:
        """The request that would be sent."""
        return {"POST": f"{self.url}/multi-search", "queries": self._make_queries(question)}

    def _make_queries(self, question: Question) -> list[dict[str, Any]]:
        """The query itself; for each facet that is filtered by, another without its own filter, that counts it."""
        tests = {facet: [f"facets.{facet} = {quote(value)}" for value in values] for facet, values in sorted(question.filters.items())}
        common = [f"site = {self.site}", *list_conditions(question)]
        text = say_query(question.terms)
        shared = {"indexUid": self._uid(question.locale), "q": text, "matchingStrategy": "all"}
        main: dict[str, Any] = {
            **shared, "filter": [*common, *tests.values()],
            "facets": [*(f"facets.{facet}" for facet in self.facets if facet not in tests), "month"],
            "attributesToRetrieve": SHOWN, "showMatchesPosition": bool(text), "showRankingScore": bool(text),
        }  # fmt: skip
        if question.skipped % question.limit:
            main |= {"offset": question.skipped, "limit": question.limit}
        else:  # by pages the number of hits is exact
            main |= {"page": question.skipped // question.limit + 1, "hitsPerPage": question.limit}
        if question.sort == "distance" and question.near is not None:
            main["sort"] = [f"_geoPoint({question.near.lat}, {question.near.lng}):asc"]
        elif question.sort in SORTS:
            main["sort"] = [SORTS[question.sort]]
        others = [
            {
                **shared,
                "filter": [*common, *(test for name, test in tests.items() if name != facet)],
                "facets": [f"facets.{facet}"],
                "limit": 0,
            }
            for facet in tests
        ]
        return [main, *others]

    def _read_answer(self, question: Question, results: list[dict[str, Any]]) -> Answer:
        main, *others = results
        counted = dict(main.get("facetDistribution") or {})
        for other in others:
            counted.update(other.get("facetDistribution") or {})
        months = dict(sorted(((month, times) for month, times in counted.pop("month", {}).items()), reverse=True)[:120])
        facets = {}
        for name, values in counted.items():
            facet = name.removeprefix("facets.")
            most = FACET_SIZES.get(facet, OTHER_FACET_SIZE)
            ordered = sorted(values.items(), key=lambda one: (-one[1], one[0]))[:most]
            if ordered:
                facets[facet] = tuple(FacetValue(value, value, times) for value, times in ordered)
        hits = tuple(self._read_hit(hit, question) for hit in main["hits"])
        total = main.get("totalHits", main.get("estimatedTotalHits", 0))
        return Answer(total, hits, facets, months, next_cursor=find_next(question, hits, total, NAME), engine=NAME)

    def _read_hit(self, hit: dict[str, Any], question: Question) -> Hit:
        positions = hit.get("_matchesPosition") or {}
        title, content = hit["title"], hit.get("content", "")
        highlights = Highlights(
            mark_spans(title, find_spans(title, positions.get("title", ()))),
            cut_around(content, find_spans(content, positions.get("content", ()))),
        )
        km, place = None, hit.get("_geo")
        if question.near is not None and place:
            km = round(measure_km(question.near.lat, question.near.lng, place["lat"], place["lng"]), 3)
        return Hit(
            hit["id"], hit["type"], question.locale, title, self.base_path + hit["path"], hit["excerpt"], make_date(hit.get("published")), hit.get("image"),
            tuple(hit["terms"]), round(hit.get("_rankingScore", 0.0), 5), highlights, km, hit.get("price"), hit.get("rating"), hit.get("popularity", 0.0),
            hit.get("stock"),
        )  # fmt: skip

    def save(self, locale: str, documents: Sequence[EngineDocument]) -> None:
        """Add or replace documents, and wait until they are found."""
        self._save(self._uid(locale), documents)

    def _save(self, uid: str, documents: Sequence[EngineDocument]) -> None:
        rows = [self._make_row(document) for document in documents]
        self._run(lambda client: client.index(uid).add_documents(rows, primary_key="id"))

    def delete(self, locale: str, entries: Sequence[int]) -> None:
        """Remove documents, and wait until they are found no more."""
        self._run(lambda client: client.index(self._uid(locale)).delete_documents(filter=[f"id IN [{', '.join(map(str, entries))}]"]))

    def fill(self, locale: str, batches: Iterable[Sequence[EngineDocument]]) -> int:
        """Make a new index beside the old one, then swap the two."""
        live = self._uid(locale)
        new = f"{live}--new"
        self._run(lambda client: client.delete_index(new), ("index_not_found",))
        self._run(lambda client: client.create_index(live, {"primaryKey": "id"}), ("index_already_exists",))
        self._run(lambda client: client.create_index(new, {"primaryKey": "id"}))
        self._run(lambda client: client.index(new).update_settings(self._make_settings()))
        done = 0
        for batch in batches:
            self._save(new, batch)
            done += len(batch)
        self._run(lambda client: client.swap_indexes([{"indexes": [live, new]}]))
        self._run(lambda client: client.delete_index(new), ("index_not_found",))
        return done

    def count(self) -> list[IndexState]:
        """What is there."""
        states = []
        for locale in self.locales:
            uid = self._uid(locale)
            try:
                stats = self._try(lambda uid=uid: self._open().index(uid).get_stats())  # type: ignore[misc]
                states.append(IndexState(locale, uid, stats.number_of_documents))
            except EngineError as error:
                if error.is_passing:
                    raise
                states.append(IndexState(locale, uid, None))
        return states

    def _uid(self, locale: str) -> str:
        return f"{self.index}-{locale}"

    def _make_row(self, d: EngineDocument) -> dict[str, Any]:
        row: dict[str, Any] = {
            "id": d.entry, "site": self.site, "type": d.type, "path": d.path, "title": d.title, "title_key": d.title.lower(), "excerpt": d.excerpt,
            "content": d.content, "terms": d.terms, "facets": d.group_terms(),
        }  # fmt: skip
        row |= {name: value for name, value in (("published", d.published), ("month", d.month), ("image", d.image)) if value is not None}
        row |= d.list_values()
        if d.lat is not None and d.lng is not None:
            row |= {"_geo": {"lat": d.lat, "lng": d.lng}, "located": True}
        return row

    def _open(self, timeout_s: float = TIMEOUT_S) -> Client:
        """A client of this thread: it keeps the headers of a request in itself."""
        name = f"client_{timeout_s:.0f}"
        if not hasattr(self._local, name):
            setattr(self._local, name, Client(self.url, self._key or None, timeout=timeout_s))  # type: ignore[arg-type]
        client: Client = getattr(self._local, name)
        return client

    def _run(self, ask: Callable[[Client], Any], allowed: Sequence[str] = ()) -> None:
        """Have something done and wait for it. allowed: errors that mean that there is nothing to do."""

        def once() -> Any:
            client = self._open(LOAD_TIMEOUT_S)
            return client.wait_for_task(ask(client).task_uid, WAIT_MS, 20)

        for left in reversed(range(TRIES)):
            try:
                task = self._try(once, allowed)
            except EngineError as error:
                if not error.is_passing or not left:
                    raise
                time.sleep(0.2 * 2 ** (TRIES - left - 1))
                continue
            if task is None or task.status == "succeeded":
                return
            code = (task.error or {}).get("code", "")
            if code in allowed:
                return
            if task.status == "failed" and (task.error or {}).get("type") != "internal":
                raise EngineError(f"{task.type} failed: {(task.error or {}).get('message', '')} [{code}]", is_passing=False)
            if not left:
                raise EngineError(f"{task.type} {task.status}: {(task.error or {}).get('message', '')}")
            time.sleep(0.2 * 2 ** (TRIES - left - 1))

    def _try(self, ask: Callable[[], Any], allowed: Sequence[str] = ()) -> Any:
        """One request, its errors as ours."""
        try:
            return ask()
        except MeilisearchApiError as error:
            if error.code in allowed:
                return None
            raise EngineError(f"Meilisearch: {error.message}", is_passing=error.status_code >= 500 or error.status_code == 429) from None
        except (MeilisearchCommunicationError, MeilisearchTimeoutError, MeilisearchError, RequestException) as error:
            raise EngineError(f"Meilisearch does not answer: {type(error).__name__}") from None
        except (ValueError, KeyError, TypeError) as error:
            raise EngineError(f"Meilisearch answered what cannot be read: {type(error).__name__}") from None
