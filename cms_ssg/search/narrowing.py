"""What narrows and orders the results of the search page: orders, what was chosen, facets, and a form for dates, prices, stars, stock and places.

Everything is a link or a form that works without a script.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from html import escape
from typing import TYPE_CHECKING, Any, Final

from cms_ssg.search.asked import PLACE, TYPE, Asked, Choices
from cms_ssg.search.questions import Answer, FacetValue
from cms_ssg.text.money import format_amount, parse_amount

if TYPE_CHECKING:
    from cms_ssg.render.strings import Translator

ORDERS: Final = {
    "relevance": "search_best", "newest": "search_newest", "oldest": "search_oldest", "title": "search_title", "rating": "search_rated",
    "popularity": "search_read", "price": "search_cheapest", "price_desc": "search_dearest", "distance": "search_nearest",
}  # fmt: skip
"""Orders that the page offers, with the names of their texts."""

MOST_VALUES = 12
STARS: Final = ("4", "3", "2")
RADIUSES_KM: Final = ("5", "10", "25", "50", "100")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the page is. action: the API's address of it; zone: for dates; locale: for amounts; choices: what the site offers."""

    action: str
    zone: tzinfo
    page_size: int = 20
    locale: str = "en"
    choices: Choices = field(default_factory=Choices)


def hide_fields(pairs: Sequence[tuple[str, str]]) -> str:
    """Fields of a form that nobody sees."""
    return "".join(f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in pairs)


def list_orders(asked: Asked, answer: Answer, choices: Choices) -> tuple[list[str], str]:
    """The orders that make a difference for what was asked, and which it is in: without words the newest come first."""
    has_words, has_dates = bool(asked.text.strip()), bool(answer.months)
    offered = {
        "relevance": has_words, "newest": has_dates, "oldest": has_dates, "rating": choices.ratings, "price": bool(choices.currency),
        "price_desc": bool(choices.currency), "distance": "lat" in asked.values,
        "popularity": choices.reads or any(hit.popularity for hit in answer.hits),
    }  # fmt: skip
    current = "newest" if asked.sort == "relevance" and not has_words else asked.sort
    return [sort for sort in ORDERS if (offered.get(sort, True) or sort == current) and (has_words or sort != "relevance")], current


def render_orders(asked: Asked, answer: Answer, t: Callable[..., str], place: Place) -> Iterator[str]:
    """Links that order the hits otherwise, where there is a choice."""
    if answer.total < 2:
        return
    items = []
    orders, current = list_orders(asked, answer, place.choices)
    for sort in orders:
        link = f"{place.action}?{asked.make_query(sort=sort if sort != 'relevance' else '')}"
        items.append(
            f'<span aria-current="true">{escape(t(ORDERS[sort]))}</span>'
            if sort == current
            else f'<a class="again" href="{escape(link)}">{escape(t(ORDERS[sort]))}</a>'
        )
    yield f'<p class="orders">{" ".join(items)}</p>'


def render_chosen(asked: Asked, answer: Answer, t: Translator, place: Place) -> Iterator[str]:
    """A link for each thing that was chosen, which takes it back."""
    chosen = [_render_chip(title, asked.make_query(**changes), t, place) for title, changes in _list_chosen(asked, answer, t, place)]
    if chosen:
        yield f'<ul class="chips chosen">{"".join(chosen)}</ul>'


def _render_chip(title: str, query: str, t: Callable[..., str], place: Place) -> str:
    label = t("search_remove", name=title)
    link = f"{place.action}?{query}" if query else place.action
    return f'<li><a class="again" href="{escape(link)}" aria-label="{escape(label)}">{escape(title)} <i aria-hidden="true">×</i></a></li>'


def _list_chosen(asked: Asked, answer: Answer, t: Translator, place: Place) -> Iterator[tuple[str, dict[str, Any]]]:
    """Titles of what was chosen, with the changes of the address that take it back."""
    for facet, values in asked.filters.items():
        titles = {value.value: value.title for value in _name_values(facet, answer, place.choices)}
        for value in values:
            yield titles.get(value, value), {facet: tuple(other for other in values if other != value)}
    for name, sign in (("after", "≥"), ("before", "≤")):
        if day := asked.values.get(name):
            yield f"{sign} {_say_day(day, t, place)}", {name: ""}
    for name, sign in (("price_from", "≥"), ("price_to", "≤")):
        if amount := asked.values.get(name):
            yield f"{sign} {say_price(parse_amount(amount, place.choices.currency), place)}", {name: ""}
    if stars := asked.values.get("rating_min"):
        yield f"★ ≥ {stars}", {"rating_min": ""}
    if "stock" in asked.values:
        yield t("search_in_stock"), {"stock": ""}
    if "lat" in asked.values:
        radius = asked.values.get("radius_km", "")
        names = (*PLACE, "sort") if asked.sort == "distance" else PLACE
        yield t("search_near") + (f" ≤ {radius} km" if radius else ""), dict.fromkeys(names, "")


def _say_day(day: str, t: Translator, place: Place) -> str:
    at = date.fromisoformat(day)
    return t.date(datetime(at.year, at.month, at.day, tzinfo=place.zone))


def say_price(amount: int, place: Place) -> str:
    """Minor units of the shop's currency as people of the page's language write them."""
    return format_amount(amount, place.choices.currency, place.locale)


def _name_values(facet: str, answer: Answer, choices: Choices) -> tuple[FacetValue, ...]:
    """The values of a facet with titles for visitors: of types only those that have one."""
    found = answer.facets.get(facet, ())
    if facet != TYPE:
        return found
    return tuple(FacetValue(one.value, choices.types[one.value], one.count) for one in found if one.value in choices.types)


def render_side(asked: Asked, answer: Answer, t: Callable[..., str], place: Place) -> str:
    """Facets and the form, folded: a script opens them where there is room beside the results."""
    inner = "".join(_render_facets(asked, answer, t, place))
    if answer.hits or asked.is_narrowed:
        inner += _render_form(asked, answer, t, place)
    return f'<details class="facets"><summary>{escape(t("search_filters"))}</summary>{inner}</details>' if inner else ""


def _render_facets(asked: Asked, answer: Answer, t: Callable[..., str], place: Place) -> Iterator[str]:
    for facet, heading in place.choices.facets.items():
        chosen = asked.filters.get(facet, ())
        values = [value for value in _name_values(facet, answer, place.choices) if value.value not in chosen][:MOST_VALUES]
        if not values or (len(values) == 1 and values[0].count == answer.total and not chosen):
            continue
        items = "".join(
            f'<li><a class="again" rel="nofollow" href="{escape(place.action)}?{escape(asked.make_query(**{facet: (*chosen, value.value)}))}">'
            f"{escape(value.title)}</a> <span>{'≈ ' if answer.facets_estimated else ''}{value.count}</span></li>"
            for value in values
        )
        yield f"<section><h2>{escape(heading)}</h2><ul>{items}</ul></section>"


def _render_form(asked: Asked, answer: Answer, t: Callable[..., str], place: Place) -> str:
    """Dates, prices, stars, stock and places, as far as the site has them."""
    choices, values = place.choices, asked.values
    groups = []
    if answer.months or "after" in values or "before" in values:
        fields = "".join(
            _render_field(name, t(text), values, 'type="date"') for name, text in (("after", "search_from"), ("before", "search_to"))
        )
        groups.append(f"<fieldset><legend>{escape(t('search_date'))}</legend>{fields}</fieldset>")
    if choices.currency:
        kind = 'type="number" min="0" step="any" inputmode="decimal"'
        fields = "".join(
            _render_field(name, t(text), values, kind) for name, text in (("price_from", "search_from"), ("price_to", "search_to"))
        )
        groups.append(f"<fieldset><legend>{escape(t('search_price'))} ({escape(choices.currency)})</legend>{fields}</fieldset>")
    if choices.ratings:
        groups.append(_render_choice("rating_min", t("search_rating"), [(stars, f"★ ≥ {stars}") for stars in STARS], t, values))
    if choices.stock:
        checked = " checked" if "stock" in values else ""
        groups.append(f'<label><input type="checkbox" name="stock" value="1"{checked}> {escape(t("search_in_stock"))}</label>')
    near = ""
    if choices.places:
        if "lat" in values:
            groups.append(_render_choice("radius_km", t("search_within"), [(km, f"{km} km") for km in RADIUSES_KM], t, values))
        near = f'<button type="button" class="near" data-nowhere="{escape(t("search_nowhere"))}" hidden>{escape(t("search_near"))}</button>'
    if not groups and not near:
        return ""
    own = ("after", "before", "price_from", "price_to", "rating_min", "stock", "radius_km")
    hidden = hide_fields(asked.list_pairs(**dict.fromkeys(own, "")))
    apply = f"<button>{escape(t('search_apply'))}</button>" if groups else ""
    return f'<form class="narrow" action="{escape(place.action)}">{hidden}{"".join(groups)}<p>{apply}{near}</p></form>'


def _render_field(name: str, label: str, values: Mapping[str, str], kind: str) -> str:
    value = values.get(name, "")
    return f'<label>{escape(label)} <input name="{name}" {kind} value="{escape(value)}"></label>'


def _render_choice(name: str, label: str, options: list[tuple[str, str]], t: Callable[..., str], values: Mapping[str, str]) -> str:
    current = values.get(name, "")
    known = options if not current or current in dict(options) else [*options, (current, current)]
    listed = "".join(
        f'<option value="{escape(value)}"{" selected" if value == current else ""}>{escape(text)}</option>'
        for value, text in [("", t("search_any")), *known]
    )
    return f'<label>{escape(label)} <select name="{name}">{listed}</select></label>'
