"""The part of the search page that changes with the question: form, results, facets, pages, as HTML.

The build renders it without a question into the theme's ``search.html``; the API puts an answer in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from html import escape
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from cms_ssg.search.questions import Answer, Hit

if TYPE_CHECKING:
    from cms_ssg.render.strings import Translator

BEGIN, END = "<!--search-->", "<!--/search-->"
"""Where the API puts results into the page that the build rendered."""

FACETS: Final = {"section": "sections", "tag": "tags", "author": "authors", "series": "series"}
"""Facets that the page offers, with the names of their texts."""

ORDERS: Final = {"relevance": "search_best", "newest": "search_newest"}
"""Orders that the page offers, with the names of their texts."""

MOST_VALUES = 12


@dataclass(frozen=True, slots=True)
class Asked:
    """What a visitor asks for. filters: facet -> chosen values; page: from 1."""

    text: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sort: str = "relevance"
    page: int = 1

    @property
    def is_empty(self) -> bool:
        return not self.text.strip() and not any(self.filters.values())

    def make_query(self, **changes: object) -> str:
        """The query string of this question with some of it changed; it begins again at the first page."""
        values: dict[str, object] = {"q": self.text, **self.filters, "sort": self.sort if self.sort != "relevance" else ""} | changes
        pairs = [(name, str(one)) for name, value in values.items() for one in (value if isinstance(value, tuple) else (value,)) if one]
        return urlencode(pairs)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the page is. action: the API's address of it; zone: for dates."""

    action: str
    zone: tzinfo
    page_size: int = 20


def render_search(asked: Asked, answer: Answer | None, t: Translator, place: Place, problem: str = "") -> str:
    """The form and what was found, between the marks. answer: None before anything was asked; problem: why there is no answer."""
    kept = [(name, value) for name, values in asked.filters.items() for value in values]
    kept += [("sort", asked.sort)] if asked.sort != "relevance" else []
    hidden = "".join(f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in kept)
    form = (
        f'<form class="search" role="search" action="{escape(place.action)}" data-offline="{escape(t("search_offline"))}">'
        f'<label class="hide" for="q">{escape(t("search"))}</label>'
        f'<input id="q" name="q" type="search" value="{escape(asked.text)}" maxlength="200" autocomplete="off" enterkeyhint="search">{hidden}'
        f"<button>{escape(t('search'))}</button></form>"
    )
    return f'{BEGIN}\n{form}\n<div id="results">\n{render_results(asked, answer, t, place, problem)}\n</div>\n{END}'


def render_results(asked: Asked, answer: Answer | None, t: Translator, place: Place, problem: str = "") -> str:
    """What was found, or a word about how to ask. A script that is at work puts this alone into the page."""
    if problem:
        return f'<p class="notice" role="status">{escape(problem)}</p>'
    if answer is None:
        return f'<p class="quiet">{escape(t("search_hint"))}</p>'
    said = f'<p class="quiet" role="status">{escape(t("search_results", count=answer.total))}</p>' if answer.hits else ""
    parts = [said, *_render_orders(asked, answer, t, place), *_render_chosen(asked, answer, t, place)]
    if answer.did_you_mean:
        link = f"{place.action}?{asked.make_query(q=answer.did_you_mean)}"
        parts.append(f'<p>{escape(t("search_did_you_mean"))} <a class="again" href="{escape(link)}">{escape(answer.did_you_mean)}</a></p>')
    if not answer.hits:
        parts.append(f'<p class="empty" role="status">{escape(t("search_nothing"))}</p><p class="quiet">{escape(t("search_hint"))}</p>')
    facets = "".join(_render_facets(asked, answer, t, place))
    hits = "".join(_render_hit(hit, answer, t, place) for hit in answer.hits)
    side = f'<details class="facets" open><summary>{escape(t("search_filters"))}</summary>{facets}</details>' if facets else ""
    listed = f'<ol class="hits" start="{(asked.page - 1) * place.page_size + 1}">{hits}</ol>' if hits else ""
    parts.append(f'<div class="found">{side}<div>{listed}{_render_pager(asked, answer, t, place)}</div></div>')
    return "\n".join(parts)


def _render_orders(asked: Asked, answer: Answer, t: Callable[..., str], place: Place) -> Iterator[str]:
    """Links that order the hits otherwise, where there is a choice."""
    if answer.total < 2 or not asked.text.strip():
        return
    items = []
    for sort, text in ORDERS.items():
        is_chosen = sort == asked.sort
        link = f"{place.action}?{asked.make_query(sort=sort if sort != 'relevance' else '')}"
        items.append(
            f'<span aria-current="true">{escape(t(text))}</span>'
            if is_chosen
            else f'<a class="again" href="{escape(link)}">{escape(t(text))}</a>'
        )
    yield f'<p class="orders">{" ".join(items)}</p>'


def _render_chosen(asked: Asked, answer: Answer, t: Callable[..., str], place: Place) -> Iterator[str]:
    chosen = []
    for facet, values in asked.filters.items():
        titles = {value.value: value.title for value in answer.facets.get(facet, ())}
        for value in values:
            rest = tuple(other for other in values if other != value)
            link, title = f"{place.action}?{asked.make_query(**{facet: rest})}", titles.get(value, value)
            label = t("search_remove", name=title)
            chosen.append(
                f'<li><a class="again" href="{escape(link)}" aria-label="{escape(label)}">{escape(title)} <i aria-hidden="true">×</i></a></li>'
            )
    if chosen:
        yield f'<ul class="chips chosen">{"".join(chosen)}</ul>'


def _render_facets(asked: Asked, answer: Answer, t: Callable[..., str], place: Place) -> Iterator[str]:
    for facet, text in FACETS.items():
        chosen = asked.filters.get(facet, ())
        values = [value for value in answer.facets.get(facet, ()) if value.value not in chosen][:MOST_VALUES]
        if not values or (len(values) == 1 and values[0].count == answer.total and not chosen):
            continue
        items = "".join(
            f'<li><a class="again" rel="nofollow" href="{escape(place.action)}?{escape(asked.make_query(**{facet: (*chosen, value.value)}))}">'
            f"{escape(value.title)}</a> <span>{value.count}</span></li>"
            for value in values
        )
        yield f"<section><h2>{escape(t(text))}</h2><ul>{items}</ul></section>"


def _render_hit(hit: Hit, answer: Answer, t: Translator, place: Place) -> str:
    section = next((term.partition("/")[2] for term in hit.terms if term.startswith("section/")), "")
    title = next((value.title for value in answer.facets.get("section", ()) if value.value == section), section)
    meta = [f"<span>{escape(title)}</span>"] if title else []
    if hit.published_at is not None:
        at = hit.published_at.astimezone(place.zone)
        meta.append(f'<time datetime="{at:%Y-%m-%d}">{escape(t.date(at))}</time>')
    text = " ".join(hit.highlights.content).replace("… …", "…") or escape(hit.excerpt)
    return (
        f'<li><article><h2><a href="{escape(hit.url)}">{hit.highlights.title or escape(hit.title)}</a></h2>'
        + (f'<p class="meta">{" ".join(meta)}</p>' if meta else "")
        + (f"<p>{text}</p>" if text else "")
        + "</article></li>"
    )


def _render_pager(asked: Asked, answer: Answer, t: Callable[..., str], place: Place) -> str:
    links = []
    if asked.page > 1:
        page = asked.page - 1
        query = asked.make_query(page=page if page > 1 else "")
        links.append(f'<a class="again newer" rel="prev" href="{escape(place.action)}?{escape(query)}">{escape(t("search_previous"))}</a>')
    if asked.page * place.page_size < answer.total:
        query = asked.make_query(page=asked.page + 1)
        links.append(f'<a class="again older" rel="next" href="{escape(place.action)}?{escape(query)}">{escape(t("search_next"))}</a>')
    return f'<nav class="pager" aria-label="{escape(t("pages"))}">{"".join(links)}</nav>' if links else ""
