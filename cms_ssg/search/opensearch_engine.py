"""OpenSearch holds the documents: one index for each language of a site behind an alias, filled and asked by the official client.

Requests: https://docs.opensearch.org/2.19/api-reference/
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Any, Final, NamedTuple

import msgspec
from opensearchpy import OpenSearch
from opensearchpy.exceptions import ConnectionError as NoConnection
from opensearchpy.exceptions import NotFoundError, OpenSearchException, TransportError

from cms_ssg.search.engine import LOAD_TIMEOUT_S, TIMEOUT_S, TRIES, EngineDocument, EngineError, IndexState, make_date
from cms_ssg.search.highlight import FRAGMENT, FRAGMENTS
from cms_ssg.search.opensearch_layout import make_layout
from cms_ssg.search.opensearch_queries import NAME, digest_question, field_of, make_query, make_suggestion
from cms_ssg.search.places import measure_km
from cms_ssg.search.questions import FACET_SIZES, OTHER_FACET_SIZE, Answer, FacetValue, Highlights, Hit, Question, Suggestion, find_behind
from cms_ssg.text.counting import count

BEGIN, END = "\ue000", "\ue001"
"""Around what was found: characters of no meaning, since the engine does not escape what is between its marks."""

_MARKED: Final = re.compile(f"{BEGIN}([^{BEGIN}{END}]*){END}")
RETRIED: Final = frozenset((429, 500, 502, 503, 504))


class Indexes(NamedTuple):
    """The indexes of one site. name: how theirs begin; base_path: of the site; zone: the site's, for months; shards, replicas: of each index."""

    name: str
    site: int
    locales: tuple[str, ...]
    facets: tuple[str, ...]
    base_path: str
    zone: str
    shards: int = 5
    replicas: int = 2


class OpenSearchEngine:
    """The documents of one site. key: ``user:password``, or ""."""

    name = NAME

    def __init__(self, url: str, key: str, indexes: Indexes) -> None:
        self.url, self.indexes = url, indexes
        user, colon, password = key.partition(":")
        login: dict[str, Any] = {"http_auth": (user, password)} if colon else {}
        hosts = [host.strip() for host in url.split(",")]
        self._client = OpenSearch(hosts=hosts, timeout=TIMEOUT_S, max_retries=len(hosts), retry_on_timeout=len(hosts) > 1, **login)

    def describe_layout(self) -> dict[str, Any]:
        """Where documents are and how they are indexed."""
        layouts = {locale: make_layout(locale, self.indexes.shards, self.indexes.replicas) for locale in self.indexes.locales}
        return {"engine": NAME, "url": self.url, "index": self.indexes.name, "layouts": layouts}

    async def search(self, question: Question) -> Answer:
        """Find, count and highlight. Words that nothing has are searched for again by what is near them."""
        begun = time.perf_counter()
        answer = await asyncio.to_thread(self._search, question)
        return msgspec.structs.replace(answer, took_ms=round((time.perf_counter() - begun) * 1000, 1))

    def _search(self, question: Question) -> Answer:
        answer = self._ask(question, "0")
        if answer.total == 0 and question.terms:
            answer = self._ask(question, "AUTO")
        return answer

    def _ask(self, question: Question, fuzziness: str) -> Answer:
        body = self._make_body(question, fuzziness)
        # how rare a word is counts over all shards: on its own, each of them ranks a small site by chance
        how = {"preference": digest_question(question), "search_type": "dfs_query_then_fetch"}
        found = self._try(lambda: self._client.search(index=self._alias(question.locale), body=body, params=how))
        return self._read_answer(question, found)

    def explain(self, question: Question) -> dict[str, Any]:
        """The request that would be sent, where nothing is found without it."""
        return {"POST": f"{self.url}/{self._alias(question.locale)}/_search", "body": self._make_body(question, "AUTO")}

    def _make_body(self, question: Question, fuzziness: str) -> dict[str, Any]:
        pieces = {"fragment_size": FRAGMENT, "number_of_fragments": FRAGMENTS}
        highlight = {"pre_tags": [BEGIN], "post_tags": [END], "fields": {"title": {"number_of_fragments": 0}, "content": pieces}}
        return {
            **make_query(question, self.indexes.site, self.indexes.facets, self.indexes.zone, fuzziness),
            "highlight": highlight if question.terms else {"fields": {}},
            "_source": {"excludes": ["content"]},
        }

    async def suggest(self, text: str, locale: str, limit: int) -> tuple[Suggestion, ...]:
        """Titles that begin as typed, then those with words that do."""
        if not text.strip():
            return ()
        body = make_suggestion(text, self.indexes.site, limit)
        found = await asyncio.to_thread(lambda: self._try(lambda: self._client.search(index=self._alias(locale), body=body)))
        rows = [*found["suggest"]["titles"][0]["options"], *found["hits"]["hits"]]
        sources = {row["_id"]: row["_source"] for row in rows}
        return tuple(
            Suggestion(s["title"], self.indexes.base_path + s["custom_fields"]["path"], s["content_type"])
            for s in list(sources.values())[:limit]
        )

    def _read_answer(self, question: Question, found: dict[str, Any]) -> Answer:
        facets = {}
        for facet in self.indexes.facets:
            buckets = found["aggregations"][facet]["values"]["buckets"]
            if buckets:
                most = FACET_SIZES.get(facet, OTHER_FACET_SIZE)
                ordered = sorted((-one["doc_count"], one["key"]) for one in buckets)[:most]
                facets[facet] = tuple(FacetValue(value, value, -times) for times, value in ordered)
        months = {
            one["key_as_string"]: one["doc_count"] for one in found["aggregations"]["months"]["values"]["buckets"] if one["doc_count"]
        }
        rows = found["hits"]["hits"]
        page = rows[: question.limit]
        hits = tuple(self._read_hit(hit, question) for hit in page)
        newest = dict(sorted(months.items(), reverse=True)[:120])
        key = tuple(page[-1]["sort"]) if page else ()
        following = find_behind(question, hits, len(rows) > len(page), NAME, key)
        return Answer(found["hits"]["total"]["value"], hits, facets, newest, next_cursor=following, engine=NAME)

    def _read_hit(self, hit: dict[str, Any], question: Question) -> Hit:
        source, marked = hit["_source"], hit.get("highlight", {})
        custom, place, km = source["custom_fields"], source.get("location"), None
        if question.near is not None and place:
            km = round(measure_km(question.near.lat, question.near.lng, place["lat"], place["lon"]), 3)
        title = " ".join(marked.get("title", ())) or source["title"]
        return Hit(
            int(hit["_id"]), source["content_type"], question.locale, source["title"], self.indexes.base_path + custom["path"], source["excerpt"],
            make_date(source.get("published_at")), custom.get("image"), tuple(custom["terms"]), round(hit["_score"] or 0.0, 5),
            Highlights(make_safe(title), tuple(make_safe(piece) for piece in marked.get("content", ()))), km,
            source.get("price"), source.get("rating"), source.get("popularity", 0.0), source.get("stock"),
        )  # fmt: skip

    def save(self, locale: str, documents: Sequence[EngineDocument]) -> None:
        """Add or replace documents, and wait until they are found."""
        self._send(self._alias(locale), documents)
        self._try(lambda: self._client.indices.refresh(index=self._alias(locale), request_timeout=LOAD_TIMEOUT_S))

    def delete(self, locale: str, entries: Sequence[int]) -> None:
        """Remove documents, and wait until they are found no more."""
        alias = self._alias(locale)
        self._bulk(alias, [({"delete": {"_id": str(entry)}}, None) for entry in entries])
        self._try(lambda: self._client.indices.refresh(index=alias, request_timeout=LOAD_TIMEOUT_S))

    def fill(self, locale: str, batches: Iterable[Sequence[EngineDocument]]) -> int:
        """Make a new index, then point the alias at it and remove the old ones."""
        alias, client = self._alias(locale), self._client
        new = f"{alias}--{time.time_ns() // 1_000_000}"
        layout = make_layout(locale, self.indexes.shards, self.indexes.replicas)
        loading = {**layout, "settings": {**layout["settings"], "refresh_interval": "-1"}}
        self._try(lambda: client.indices.create(index=new, body=loading, request_timeout=LOAD_TIMEOUT_S))
        done = 0
        for batch in batches:
            self._send(new, batch)
            done += len(batch)
        self._try(lambda: client.indices.put_settings(index=new, body={"refresh_interval": "1s"}))
        self._try(lambda: client.indices.refresh(index=new, request_timeout=LOAD_TIMEOUT_S))
        old = [name for name in self._try(lambda: client.indices.get(index=f"{alias}--*")) if name != new]
        self._try(lambda: client.indices.update_aliases(body={"actions": [
            *({"remove": {"index": name, "alias": alias, "must_exist": False}} for name in old), {"add": {"index": new, "alias": alias}},
        ]}))  # fmt: skip
        if old:
            self._try(lambda: client.indices.delete(index=",".join(old)))
        return done

    def count(self) -> list[IndexState]:
        """What is there."""
        states = []
        for locale in self.indexes.locales:
            alias = self._alias(locale)
            try:
                number = self._try(lambda alias=alias: self._client.count(index=alias))["count"]  # type: ignore[misc]
            except EngineError as error:
                if error.is_passing:
                    raise
                number = None
            states.append(IndexState(locale, alias, number))
        return states

    def _alias(self, locale: str) -> str:
        return f"{self.indexes.name}-{locale}"

    def _send(self, index: str, documents: Sequence[EngineDocument]) -> None:
        self._bulk(index, [({"index": {"_id": str(document.entry)}}, self._make_row(document)) for document in documents])

    def _bulk(self, index: str, actions: list[tuple[dict[str, Any], dict[str, Any] | None]]) -> None:
        """Send actions; those that failed for a passing reason are sent again, and only those. A document that is refused for good is an error."""
        options = {"require_alias": "false" if "--" in index else "true", "request_timeout": LOAD_TIMEOUT_S}
        for left in reversed(range(TRIES)):
            lines = [json.dumps(part, ensure_ascii=False) for action in actions for part in action if part is not None]
            body = "\n".join(lines) + "\n"
            try:
                items = self._try(lambda body=body: self._client.bulk(body=body, index=index, params=options))["items"]  # type: ignore[misc]
            except EngineError as error:
                if not error.is_passing or not left:
                    raise
                items = [{"index": {"status": 503}} for _ in actions]
            again, reason = [], ""
            for action, item in zip(actions, items, strict=True):
                [(kind, outcome)] = item.items()
                status = outcome["status"]
                if status < 300 or (kind == "delete" and status == 404):
                    continue
                reason = str(outcome.get("error", {}).get("reason", status))
                if status not in RETRIED:
                    raise EngineError(f"OpenSearch refuses document {outcome.get('_id')}: {reason}", is_passing=False)
                again.append(action)
            if not again:
                return
            if not left:
                raise EngineError(f"OpenSearch did not take {count(len(again), 'document')}: {reason}")
            actions = again
            time.sleep(0.2 * 2 ** (TRIES - left - 1))

    def _make_row(self, d: EngineDocument) -> dict[str, Any]:
        groups = d.group_terms()
        row: dict[str, Any] = {
            "content_id": str(d.entry), "content_type": d.type, "site_id": str(self.indexes.site), "title": d.title, "excerpt": d.excerpt, "content": d.content,
            "custom_fields": {"path": d.path, "image": d.image, "terms": d.terms}, "facets": {},
        }  # fmt: skip
        for facet, values in groups.items():
            field = field_of(facet)
            if field.startswith("facets."):
                row["facets"][facet] = values
            elif field != "content_type":
                row[field] = values
        row |= {name: value for name, value in (("published_at", d.published), ("updated_at", d.updated)) if value is not None}
        row |= d.list_values()
        if d.lat is not None and d.lng is not None:
            row["location"] = {"lat": d.lat, "lon": d.lng}
        return row

    def _try(self, ask: Callable[[], Any]) -> Any:
        """One request, its errors as ours."""
        try:
            return ask()
        except NoConnection as error:
            raise EngineError(f"OpenSearch does not answer: {type(error).__name__}") from None
        except NotFoundError as error:
            raise EngineError(f"OpenSearch: {error.error}", is_passing=False) from None
        except TransportError as error:
            passing = error.status_code in RETRIED
            raise EngineError(f"OpenSearch: {error.status_code} {error.error}", is_passing=passing) from None
        except (OpenSearchException, OSError) as error:
            raise EngineError(f"OpenSearch: {type(error).__name__}") from None


def make_safe(text: str) -> str:
    """Marked text as HTML."""
    parts = _MARKED.split(text)
    return "".join(
        f"<mark>{escape(part)}</mark>" if at % 2 else escape(part.replace(BEGIN, "").replace(END, "")) for at, part in enumerate(parts)
    )
