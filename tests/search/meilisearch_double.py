"""A strict stand-in for Meilisearch over real HTTP: the routes and fields that its reference names, tasks that take time, filters that were declared.

An unknown route or field is refused, and so are filters, sorts and facets of attributes that the settings do not name. What is written is
found once its task was waited for. After https://www.meilisearch.com/docs/reference/api; where CMS_TEST_MEILI_URL names a real one, tests use that.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from rapidfuzz.distance import DamerauLevenshtein

from cms_ssg.search.places import measure_km
from cms_ssg.search.words import fold, strip_accents

KEY = "a-key-of-this-site"
WORD = re.compile(r"[\u3040-\u9fff]|[^\W\u3040-\u9fff]+")
SETTINGS = {
    "searchableAttributes": list, "filterableAttributes": list, "sortableAttributes": list, "rankingRules": list, "pagination": dict, "faceting": dict,
}  # fmt: skip
SEARCH = {
    "q", "filter", "facets", "limit", "offset", "page", "hitsPerPage", "sort", "attributesToRetrieve", "attributesToSearchOn",
    "matchingStrategy", "showMatchesPosition", "showRankingScore",
}  # fmt: skip
TOKEN = r"(?:'((?:[^'\\]|\\.)*)'|([\w.-]+))"
COMPARISON = re.compile(rf"([\w.]+) (=|>=|<) {TOKEN}$")
LISTED = re.compile(r"([\w.]+) IN \[([\w, ]+)\]$")
RADIUS = re.compile(r"_geoRadius\((\S+), (\S+), (\d+)\)$")
BOX = re.compile(r"_geoBoundingBox\(\[(\S+), (\S+)\], \[(\S+), (\S+)\]\)$")
POINT = re.compile(r"_geoPoint\((\S+), (\S+)\):(asc|desc)$")


class Refused(Exception):
    """The answer that says no."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(code)
        self.status, self.body = status, {"message": message or code, "code": code, "type": "invalid_request", "link": ""}


@dataclass
class Index:
    """What it holds under one uid."""

    primary_key: str | None
    documents: dict[Any, dict[str, Any]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass
class Double:
    """The server's state. refuse: so many requests are answered 503; fail_tasks: so many tasks fail inside; is_down: nobody answers."""

    url: str = ""
    indexes: dict[str, Index] = field(default_factory=dict)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    work: dict[int, Any] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    refuse: int = 0
    fail_tasks: int = 0
    is_down: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, method: str, address: str, headers: Any, body: Any) -> tuple[int, Any]:
        """One request."""
        path, query = urlsplit(address).path, parse_qs(urlsplit(address).query)
        self.requests.append((method, path))
        if headers.get("Authorization") != f"Bearer {KEY}":
            raise Refused(403, "invalid_api_key")
        if self.refuse:
            self.refuse -= 1
            raise Refused(503, "unavailable")
        parts = path.strip("/").split("/")
        match (method, *parts):
            case ("GET", "tasks", number):
                return 200, self.advance(int(number))
            case ("POST", "indexes"):
                check_fields(body, {"uid", "primaryKey"})
                return self.enqueue("indexCreation", body["uid"], lambda: self.create(body["uid"], body.get("primaryKey")))
            case ("DELETE", "indexes", uid):
                return self.enqueue("indexDeletion", uid, lambda: self.find(uid) and self.indexes.pop(uid))
            case ("PATCH", "indexes", uid, "settings"):
                check_settings(body)
                return self.enqueue("settingsUpdate", uid, lambda: self.find(uid, make=True).settings.update(body))
            case ("POST", "indexes", uid, "documents"):
                check_fields(query, {"primaryKey"})
                return self.enqueue("documentAdditionOrUpdate", uid, lambda: self.add(uid, query.get("primaryKey", [None])[0], body))
            case ("POST", "indexes", uid, "documents", "delete"):
                check_fields(body, {"filter"})
                return self.enqueue("documentDeletion", uid, lambda: self.delete(self.find(uid), body["filter"]))
            case ("POST", "swap-indexes"):
                return self.enqueue("indexSwap", None, lambda: self.swap(body))
            case ("GET", "indexes", uid, "stats"):
                return 200, {"numberOfDocuments": len(self.find(uid).documents), "isIndexing": False, "fieldDistribution": {}}
            case ("POST", "indexes", uid, "search"):
                return 200, self.search(uid, body)
            case ("POST", "multi-search"):
                check_fields(body, {"queries", "federation"})
                return 200, {
                    "results": [self.search(one["indexUid"], {k: v for k, v in one.items() if k != "indexUid"}) for one in body["queries"]]
                }
        raise Refused(404, "not_found", f"no route {method} {path}")

    def enqueue(self, kind: str, uid: str | None, work: Any) -> tuple[int, dict[str, Any]]:
        number = len(self.tasks)
        self.tasks.append(
            {"uid": number, "indexUid": uid, "status": "enqueued", "type": kind, "error": None, "enqueuedAt": "2026-01-01T00:00:00.0Z"}
        )
        self.work[number] = work
        return 202, {"taskUid": number, "indexUid": uid, "status": "enqueued", "type": kind, "enqueuedAt": "2026-01-01T00:00:00.0Z"}

    def advance(self, number: int) -> dict[str, Any]:
        """A task takes as many looks as it has states, and those before it are done first."""
        if number >= len(self.tasks):
            raise Refused(404, "task_not_found")
        for earlier in range(number):
            while self.tasks[earlier]["status"] in ("enqueued", "processing"):
                self.step(earlier)
        self.step(number)
        return self.tasks[number]

    def step(self, number: int) -> None:
        task = self.tasks[number]
        if task["status"] == "enqueued":
            task["status"] = "processing"
        elif task["status"] == "processing":
            if self.fail_tasks:
                self.fail_tasks -= 1
                task |= {"status": "failed", "error": {"message": "no space", "code": "internal", "type": "internal", "link": ""}}
                return
            try:
                self.work.pop(number)()
                task["status"] = "succeeded"
            except Refused as refused:
                task |= {"status": "failed", "error": refused.body}

    def find(self, uid: str, make: bool = False) -> Index:
        if make:
            return self.indexes.setdefault(uid, Index(None))
        if uid not in self.indexes:
            raise Refused(404, "index_not_found", f"Index `{uid}` not found.")
        return self.indexes[uid]

    def create(self, uid: str, primary_key: str | None) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,400}", uid):
            raise Refused(400, "invalid_index_uid")
        if uid in self.indexes:
            raise Refused(409, "index_already_exists")
        self.indexes[uid] = Index(primary_key)

    def add(self, uid: str, primary_key: str | None, rows: list[dict[str, Any]]) -> None:
        index = self.find(uid, make=True)
        index.primary_key = index.primary_key or primary_key
        for row in rows:
            if index.primary_key not in row:
                raise Refused(400, "missing_document_id")
            if "_geo" in row and set(row["_geo"]) != {"lat", "lng"}:
                raise Refused(400, "invalid_document_geo_field")
            index.documents[row[index.primary_key]] = row

    def delete(self, index: Index, filters: list[Any]) -> None:
        for key, document in list(index.documents.items()):
            if passes(document, filters, index.settings):
                del index.documents[key]

    def swap(self, pairs: list[dict[str, Any]]) -> None:
        for pair in pairs:
            check_fields(pair, {"indexes", "rename"})
            one, other = pair["indexes"]
            self.find(one), self.find(other)
            self.indexes[one], self.indexes[other] = self.indexes[other], self.indexes[one]

    def search(self, uid: str, asked: dict[str, Any]) -> dict[str, Any]:
        """The documents of an index that have all words, in the order of the ranking rules."""
        check_fields(asked, SEARCH)
        index = self.find(uid)
        settings = index.settings
        attributes = asked.get("attributesToSearchOn") or settings.get("searchableAttributes", [])
        found = []
        for document in index.documents.values():
            ranked = rank(asked.get("q", ""), document, attributes)
            if ranked is not None and passes(document, asked.get("filter", []), settings):
                found.append((ranked, document))
        found.sort(key=lambda one: (*sort_keys(one[1], asked.get("sort", []), settings), one[0][:2], -one[1].get("published", 0)))
        answer: dict[str, Any] = {"processingTimeMs": 1, "query": asked.get("q", "")}
        if "page" in asked:
            start, size = (asked["page"] - 1) * asked["hitsPerPage"], asked["hitsPerPage"]
            answer |= {"totalHits": min(len(found), settings.get("pagination", {}).get("maxTotalHits", 1000)), "page": asked["page"]}
        else:
            start, size = asked.get("offset", 0), asked.get("limit", 20)
            answer |= {"estimatedTotalHits": len(found), "offset": start, "limit": size}
        shown = asked.get("attributesToRetrieve", ["*"])
        answer["hits"] = [
            {name: value for name, value in document.items() if name in shown or "*" in shown}
            | ({"_rankingScore": 1 / (1 + ranked[0])} if asked.get("showRankingScore") else {})
            | ({"_matchesPosition": ranked[2]} if asked.get("showMatchesPosition") else {})
            for ranked, document in found[start : start + size]
        ]
        answer["facetDistribution"] = {
            name: self.count(name, [document for _, document in found], settings) for name in asked.get("facets", [])
        }
        return answer

    def count(self, name: str, documents: list[dict[str, Any]], settings: dict[str, Any]) -> dict[str, int]:
        need_declared(name, settings, "filterableAttributes", "invalid_search_facets")
        counts: dict[str, int] = {}
        for document in documents:
            for value in list_values(document, name):
                counts[str(value)] = counts.get(str(value), 0) + 1
        return counts


def check_fields(body: Any, known: set[str]) -> None:
    if unknown := set(body) - known:
        raise Refused(400, "bad_request", f"Unknown field `{min(unknown)}`")


def check_settings(body: dict[str, Any]) -> None:
    check_fields(body, set(SETTINGS))
    for name, value in body.items():
        if not isinstance(value, SETTINGS[name]):
            raise Refused(400, "invalid_settings", name)
    rules = body.get("rankingRules", [])
    for rule in rules:
        if rule not in ("words", "typo", "proximity", "attribute", "sort", "exactness") and not re.fullmatch(r"\w+:(asc|desc)", rule):
            raise Refused(400, "invalid_settings_ranking_rules", rule)


def need_declared(name: str, settings: dict[str, Any], kind: str, code: str) -> None:
    if name not in settings.get(kind, []):
        raise Refused(400, code, f"Attribute `{name}` is not declared in {kind}")


def list_values(document: dict[str, Any], name: str) -> list[Any]:
    value: Any = document
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value if isinstance(value, list) else [] if value is None else [value]


def plain(text: str) -> str:
    return strip_accents(fold(text))


def rank(query: str, document: dict[str, Any], attributes: list[str]) -> tuple[int, int, dict[str, Any]] | None:
    """(slips, best attribute, positions in bytes), None where a word is missing."""
    words = [(name, match) for name in attributes for match in WORD.finditer(document.get(name) or "")]
    texts = [plain(match[0]) for _, match in words]
    slips, best, marks = 0, len(attributes), []
    asked = list(re.finditer(r'(-?)(?:"([^"]*)"|(\S+))', query))
    for number, term in enumerate(asked):
        parts = WORD.findall(plain(term[2] if term[2] is not None else term[3]))
        if not parts:
            continue
        is_last = number == len(asked) - 1 and term[2] is None and not query.endswith(" ") and not term[1]
        found = list(
            find_words(parts, words, texts, is_phrase=term[2] is not None or len(parts) > 1, is_last=is_last, is_exact=bool(term[1]))
        )
        if term[1]:
            if found:
                return None
            continue
        if not found:
            return None
        slips += min(cost for _, cost, _ in found)
        best = min(best, *(attributes.index(words[at][0]) for at, _, _ in found))
        marks += [words[at + step] for at, _, length in found for step in range(length)]
    positions: dict[str, list[dict[str, int]]] = {}
    for name, match in marks:
        before = len(match.string[: match.start()].encode())
        positions.setdefault(name, []).append({"start": before, "length": len(match[0].encode())})
    return slips, best, positions


def find_words(
    parts: list[str], words: list[Any], texts: list[str], *, is_phrase: bool, is_last: bool, is_exact: bool
) -> Iterator[tuple[int, int, int]]:
    for at in range(len(texts) - len(parts) + 1):
        if is_phrase:
            if texts[at : at + len(parts)] == parts and words[at][0] == words[at + len(parts) - 1][0]:
                yield at, 0, len(parts)
            continue
        word, typed = texts[at], parts[0]
        allowed = 0 if is_exact or len(typed) < 5 else 1 if len(typed) < 9 else 2
        if word == typed or (is_last and word.startswith(typed)):
            yield at, 0, 1
        elif allowed and (cost := DamerauLevenshtein.distance(word, typed, score_cutoff=allowed)) <= allowed:
            yield at, int(cost), 1


def passes(document: dict[str, Any], filters: list[Any], settings: dict[str, Any]) -> bool:
    return all(
        any(test(document, one, settings) for one in part) if isinstance(part, list) else test(document, part, settings) for part in filters
    )


def test(document: dict[str, Any], expression: str, settings: dict[str, Any]) -> bool:
    place = document.get("_geo")
    if found := RADIUS.match(expression):
        need_declared("_geo", settings, "filterableAttributes", "invalid_search_filter")
        return place is not None and measure_km(float(found[1]), float(found[2]), place["lat"], place["lng"]) * 1000 <= int(found[3])
    if found := BOX.match(expression):
        need_declared("_geo", settings, "filterableAttributes", "invalid_search_filter")
        north, east, south, west = map(float, found.groups())
        return place is not None and south <= place["lat"] <= north and west <= place["lng"] <= east
    if found := LISTED.match(expression):
        need_declared(found[1], settings, "filterableAttributes", "invalid_search_filter")
        return bool({str(one) for one in list_values(document, found[1])} & set(found[2].split(", ")))
    found = COMPARISON.match(expression)
    if found is None or found[1] == "_geo":
        raise Refused(400, "invalid_search_filter", expression)
    need_declared(found[1], settings, "filterableAttributes", "invalid_search_filter")
    value = re.sub(r"\\(.)", r"\1", found[3]) if found[3] is not None else found[4]
    values = list_values(document, found[1])
    if found[2] == "=":
        return any((str(one).lower() if isinstance(one, bool) else str(one)) == value for one in values)
    return any(one >= float(value) if found[2] == ">=" else one < float(value) for one in values)


def sort_keys(document: dict[str, Any], sorts: list[str], settings: dict[str, Any]) -> tuple[Any, ...]:
    keys: list[Any] = []
    for sort in sorts:
        if found := POINT.match(sort):
            need_declared("_geo", settings, "sortableAttributes", "invalid_search_sort")
            place = document.get("_geo")
            keys.append((place is None, measure_km(float(found[1]), float(found[2]), place["lat"], place["lng"]) if place else 0))
            continue
        name, _, order = sort.partition(":")
        need_declared(name, settings, "sortableAttributes", "invalid_search_sort")
        value = document.get(name)
        keys.append((value is None, 0 if value is None else -value if order == "desc" else value))
    return tuple(keys)


@contextmanager
def serve_double() -> Iterator[Double]:
    """The stand-in on a free port."""
    double = Double()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def reply(self) -> None:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if double.is_down:
                self.close_connection = True
                return
            try:
                with double.lock:
                    status, body = double.answer(self.command, self.path, self.headers, json.loads(data) if data else None)
            except Refused as refused:
                status, body = refused.status, refused.body
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PATCH = do_DELETE = reply  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    double.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
