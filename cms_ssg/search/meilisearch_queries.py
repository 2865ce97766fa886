"""Questions as Meilisearch takes them: the query's text and its filters; and where it found words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from cms_ssg.search.places import split_box
from cms_ssg.search.questions import Question
from cms_ssg.search.words import Term


def say_query(terms: Sequence[Term]) -> str:
    """A query as Meilisearch reads it: quotes and minus as ours. A space at the end says that the last word is whole."""
    parts = []
    for term in terms:
        said = f'"{term.text}"' if term.kind == "phrase" else term.text
        parts.append(said if term.wanted else f"-{said}")
    text = " ".join(parts)
    return text if not terms or terms[-1].kind == "prefix" else text + " "


def find_spans(text: str, positions: Iterable[dict[str, Any]]) -> list[tuple[int, int]]:
    """Positions in bytes as positions in characters."""
    data = text.encode()
    spans: list[tuple[int, int]] = []
    at_byte, at = 0, 0
    for position in sorted(positions, key=lambda one: int(one["start"])):
        begin, stop = int(position["start"]), int(position["start"]) + int(position["length"])
        if begin < at_byte or stop > len(data):
            continue
        start = at + len(data[at_byte:begin].decode("utf-8", "ignore"))
        end = start + len(data[begin:stop].decode("utf-8", "ignore"))
        spans.append((start, end))
        at_byte, at = stop, end
    return spans


def list_conditions(question: Question) -> list[Any]:
    """Dates, places, price, rating and stock as filters."""
    conditions: list[Any] = []
    if question.after is not None:
        conditions.append(f"published >= {int(question.after.timestamp())}")
    if question.before is not None:
        conditions.append(f"published < {int(question.before.timestamp())}")
    if question.near is not None and question.near.radius_km is not None:
        conditions.append(f"_geoRadius({question.near.lat}, {question.near.lng}, {question.near.radius_km * 1000:.0f})")
    if question.box is not None:
        conditions.append([f"_geoBoundingBox([{b.north}, {b.east}], [{b.south}, {b.west}])" for b in split_box(question.box)])
    if question.price_min is not None:
        conditions.append(f"price >= {question.price_min}")
    if question.price_max is not None:
        conditions.append(f"price < {question.price_max + 1}")
    if question.rating_min is not None:
        conditions.append(f"rating >= {question.rating_min}")
    if question.stock:
        conditions.append([f"stock = {quote(state)}" for state in question.stock])
    if question.sort == "distance" and (question.near is None or question.near.radius_km is None):
        conditions.append("located = true")
    return conditions


def quote(value: str) -> str:
    """A value of a filter."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
