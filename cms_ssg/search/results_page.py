"""The part of the search page that changes with the question: form, results, facets, pages, as HTML.

The build renders it without a question into the theme's ``search.html``; the API puts an answer in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from typing import TYPE_CHECKING

from cms_ssg.search.asked import Asked
from cms_ssg.search.narrowing import Place, hide_fields, render_chosen, render_orders, render_side, say_price
from cms_ssg.search.questions import MOST_OFFSET, Answer, Hit

if TYPE_CHECKING:
    from cms_ssg.render.strings import Translator

BEGIN, END = "<!--search-->", "<!--/search-->"
"""Where the API puts results into the page that the build rendered."""


def render_search(asked: Asked, answer: Answer | None, t: Translator, place: Place, problem: str = "") -> str:
    """The form and what was found, between the marks. answer: None before anything was asked; problem: why there is no answer."""
    hidden = hide_fields(asked.list_pairs(q=""))
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
        everything = f'<a class="again" href="{escape(place.action)}?sort=newest">{escape(t("search_everything"))}</a>'
        return f'<p class="quiet">{escape(t("search_hint"))}</p>\n<p>{everything}</p>'
    said = f'<p class="quiet" role="status" tabindex="-1">{escape(t("search_results", count=answer.total))}</p>' if answer.hits else ""
    parts = [said, *render_orders(asked, answer, t, place), *render_chosen(asked, answer, t, place)]
    if answer.did_you_mean:
        link = f"{place.action}?{asked.make_query(q=answer.did_you_mean)}"
        parts.append(f'<p>{escape(t("search_did_you_mean"))} <a class="again" href="{escape(link)}">{escape(answer.did_you_mean)}</a></p>')
    if not answer.hits:
        parts.append(
            f'<p class="empty" role="status" tabindex="-1">{escape(t("search_nothing"))}</p><p class="quiet">{escape(t("search_hint"))}</p>'
        )
    hits = "".join(_render_hit(hit, answer, t, place) for hit in answer.hits)
    side = render_side(asked, answer, t, place)
    listed = f'<ol class="hits" start="{(asked.page - 1) * place.page_size + 1}">{hits}</ol>' if hits else ""
    parts.append(f'<div class="found">{side}<div>{listed}{_render_pager(asked, answer, t, place)}</div></div>')
    return "\n".join(parts)


def _render_hit(hit: Hit, answer: Answer, t: Translator, place: Place) -> str:
    section = next((term.partition("/")[2] for term in hit.terms if term.startswith("section/")), "")
    title = next((value.title for value in answer.facets.get("section", ()) if value.value == section), section)
    meta = [f"<span>{escape(title)}</span>"] if title else []
    if hit.published_at is not None:
        at = hit.published_at.astimezone(place.zone)
        meta.append(f'<time datetime="{at:%Y-%m-%d}">{escape(t.date(at))}</time>')
    meta += _list_values(hit, place)
    text = " ".join(hit.highlights.content).replace("… …", "…") or escape(hit.excerpt)
    return (
        f'<li><article><h2><a href="{escape(hit.url)}">{hit.highlights.title or escape(hit.title)}</a></h2>'
        + (f'<p class="meta">{" ".join(meta)}</p>' if meta else "")
        + (f"<p>{text}</p>" if text else "")
        + "</article></li>"
    )


def _list_values(hit: Hit, place: Place) -> Iterator[str]:
    """Price, stars and distance, where a hit has them."""
    if hit.price is not None and place.choices.currency:
        yield f"<span>{escape(say_price(hit.price, place))}</span>"
    if hit.rating is not None:
        yield f'<span class="stars">★ {hit.rating:.1f}</span>'
    if hit.distance_km is not None:
        yield f"<span>{hit.distance_km:.1f} km</span>" if hit.distance_km < 10 else f"<span>{hit.distance_km:.0f} km</span>"


def _render_pager(asked: Asked, answer: Answer, t: Callable[..., str], place: Place) -> str:
    links = []
    if asked.page > 1:
        page = asked.page - 1
        query = asked.make_query(page=page if page > 1 else "")
        links.append(f'<a class="again newer" rel="prev" href="{escape(place.action)}?{escape(query)}">{escape(t("search_previous"))}</a>')
    if asked.page * place.page_size < min(answer.total, MOST_OFFSET):
        query = asked.make_query(page=asked.page + 1)
        links.append(f'<a class="again older" rel="next" href="{escape(place.action)}?{escape(query)}">{escape(t("search_next"))}</a>')
    return f'<nav class="pager" aria-label="{escape(t("pages"))}">{"".join(links)}</nav>' if links else ""
