"""Filters for templates: dates, JSON for script elements, cutting text, slugs, absolute addresses. ``FILTERS`` names them all."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from json.encoder import encode_basestring
from math import inf
from typing import Any, Final
from urllib.parse import urljoin

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from cms_ssg.content.urls import is_safe_url
from cms_ssg.render.dates import format_iso, format_rfc822


@pass_context
def show_date(context: Context, value: datetime | None, style: str = "long") -> str:
    """``{{ page.published|date }}``: a day in the locale's words. style: long, short, month, month_name, iso or a site's own."""
    text: str = context["t"].date(value, style)
    return text


_JSON_UNSAFE: Final = {ord(char): f"\\u{ord(char):04x}" for char in "<>&'\u2028\u2029"}
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def dump_json_ld(value: Any) -> Markup:
    """JSON that cannot leave its ``<script>``: < > & ' and line separators are escaped, empty members left out.

    Times become RFC 3339, other values their text. Members whose value is None, ``""``, ``[]`` or ``{}``
    are dropped, so that a template can name everything and print what there is.
    """
    text = _dump(value) or "null"
    if not text.isascii():
        text = _SURROGATE.sub("\ufffd", text)
    return Markup(text.translate(_JSON_UNSAFE))


def _dump(value: Any) -> str:
    """JSON of a value, "" where there is nothing to say. By hand: pruning first and json.dumps after takes twice as long."""
    if isinstance(value, str):
        return encode_basestring(value) if value else ""
    if isinstance(value, dict):
        members = [f"{encode_basestring(str(key))}:{text}" for key, item in value.items() if (text := _dump(item))]
        return "{" + ",".join(members) + "}" if members else ""
    if isinstance(value, (list, tuple)):
        items = [text for item in value if (text := _dump(item))]
        return "[" + ",".join(items) + "]" if items else ""
    if value is None:
        return ""
    if isinstance(value, (bool, int, float)):
        return json.dumps(value) if value == value and value not in (inf, -inf) else ""
    return encode_basestring(format_iso(value) if isinstance(value, datetime) else str(value))


_TAG: Final = re.compile(r"<[^>]*>")


def truncate_words(text: str | None, words: int = 30, end: str = "…") -> str:
    """Plain text of at most so many words. Markup loses its tags first; CJK text without spaces is cut at 2 characters a word."""
    if not text:
        return ""
    plain = _strip_tags(text) if isinstance(text, Markup) else str(text)
    parts = plain.split()
    shown = " ".join(parts[:words])
    if len(shown) > words * 12:
        return shown[: words * 2].rstrip() + end
    return shown + end if len(parts) > words else shown


def _strip_tags(html: Markup) -> str:
    text = str(html)
    end = text.rfind(">") + 1  # no tag ends behind it; looking for an end there would cost a look at the rest each time
    return Markup(_TAG.sub(" ", text[:end]) + text[end:]).unescape()


def make_slug(text: str | None) -> str:
    """Lower case letters and digits of any script joined by hyphens: ``Città & Co.`` gives ``citta-co``. For anchors and classes."""
    folded = unicodedata.normalize("NFKD", str(text or "")).casefold()
    latin = "".join(char for char in folded if not "\u0300" <= char <= "\u036f")
    return "-".join(re.findall(r"\w+", unicodedata.normalize("NFC", latin).replace("_", " ")))


@lru_cache(maxsize=64)
def _origin(base_url: str) -> str:
    found = re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*", base_url)
    return found[0] if found else ""


def make_absolute(url: str | None, base_url: str) -> str:
    """An address with scheme and host, for what leaves the site. url: ``/x/`` with the base path in it, or absolute already."""
    if not url:
        return ""
    if url[0] == "/" and url[:2] != "//":
        return _origin(base_url) + url
    return url if "://" in url else urljoin(base_url + "/", url)


def keep_safe_url(url: str | None) -> str:
    """An address that data or front matter gives, "" for one whose scheme could run a script, or leads nowhere."""
    return str(url) if url and is_safe_url(str(url)) else ""


@pass_context
def show_money(context: Context, amount: int | None, currency: str) -> str:
    """``{{ 1999|money("EUR") }}``: an amount in minor units as the page's language writes it, nothing for none."""
    from cms_ssg.text.money import format_amount

    return format_amount(amount, currency, context["locale"].code) if amount is not None else ""


@pass_context
def show_measure(context: Context, value: float | Sequence[float], unit: str) -> str:
    """``{{ 0.45|measure("kilogram") }}``: a measure, or several with ``×`` between them, as the page's language writes it."""
    from cms_ssg.text.measures import format_measure

    return format_measure(value if isinstance(value, Sequence) else [value], unit, context["locale"].code)


def show_decimal(amount: int | None, currency: str) -> str:
    """``{{ 1999|decimal("EUR") }}``: an amount in minor units for programs, ``19.99``."""
    from cms_ssg.text.money import to_decimal

    return f"{to_decimal(amount, currency):f}" if amount is not None else ""


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "absolute": make_absolute,
    "date": show_date,
    "decimal": show_decimal,
    "iso": format_iso,
    "json_ld": dump_json_ld,
    "measure": show_measure,
    "money": show_money,
    "rfc822": format_rfc822,
    "safe_url": keep_safe_url,
    "slug": make_slug,
    "truncate_words": truncate_words,
}
