"""Template filters: what they show, and that nothing slips through them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment
from markupsafe import Markup

from cms_ssg.render.dates import format_iso, format_rfc822
from cms_ssg.render.filters import FILTERS, dump_json_ld, make_absolute, make_slug, truncate_words
from cms_ssg.render.strings import load_strings, make_t
from tests.growth import MOST, find_growth

BASE = Path(__file__).parents[2] / "themes/base/i18n"
MARCH = datetime(2025, 3, 1, 9, tzinfo=UTC)


def render(template: str, **values: Any) -> str:
    environment = Environment(autoescape=True)
    environment.filters.update(FILTERS)
    return environment.from_string(template).render(values)


def test_date_speaks_the_pages_language() -> None:
    italian = make_t(load_strings([BASE], "it"))
    assert render("{{ day|date }} / {{ day|date('short') }} / {{ day|date('iso') }} / {{ none|date }}", day=MARCH, t=italian) == (
        "1 marzo 2025 / 1 mar 2025 / 2025-03-01 / "
    )


def test_times_for_machines_carry_their_zone() -> None:
    lisbon = datetime(2025, 7, 1, 9, 5, tzinfo=timezone(timedelta(hours=1)))
    assert (format_iso(MARCH), format_iso(lisbon), format_iso(None)) == ("2025-03-01T09:00:00Z", "2025-07-01T09:05:00+01:00", "")
    amsterdam = datetime(1937, 1, 1, 12, 0, 27, tzinfo=timezone(timedelta(minutes=19, seconds=32)))
    new_york = datetime(1850, 1, 1, tzinfo=timezone(-timedelta(hours=4, minutes=56, seconds=2)))
    assert (format_iso(amsterdam), format_iso(new_york)) == ("1937-01-01T12:00:55+00:20", "1850-01-01T00:00:02-04:56")
    assert format_rfc822(lisbon) == "Tue, 01 Jul 2025 08:05:00 GMT"
    assert format_rfc822(None) == ""


@pytest.mark.parametrize("text", ["</script><script>alert(1)</script>", "<!--<script>", "]]>", "a & b 'c' \"d\"", "\u2028\u2029", "\ud800"])
def test_json_cannot_leave_its_script_element(text: str) -> None:
    dumped = dump_json_ld({"name": text, text: 1})
    assert not set("<>&'\u2028\u2029\ud800") & set(dumped)
    assert json.loads(dumped)["name"] == text.replace("\ud800", "\ufffd")


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_json_is_always_json(value: Any) -> None:
    dumped = dump_json_ld(value)
    json.loads(dumped)
    assert not set("<>&") & set(dumped)


def test_json_leaves_out_what_is_empty_and_writes_times() -> None:
    value = {
        "a": None,
        "b": "",
        "c": [],
        "d": {"e": None},
        "f": 0,
        "g": False,
        "h": MARCH,
        "i": [None, "x"],
        "j": Markup("<b>"),
        "k": float("nan"),
    }
    assert json.loads(dump_json_ld(value)) == {"f": 0, "g": False, "h": "2025-03-01T09:00:00Z", "i": ["x"], "j": "<b>"}


def test_json_is_not_escaped_again_in_a_template() -> None:
    assert render("{{ value|json_ld }}", value={"a": '"<'}) == '{"a":"\\"\\u003c"}'


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("one two three", 2, "one two…"),
        ("one two", 2, "one two"),
        ("  one\n two ", 5, "one two"),
        ("", 3, ""),
        (None, 3, ""),
        (Markup("<p>one <b>two</b></p><p>three &amp; four</p>"), 4, "one two three &…"),
        ("<b>", 3, "<b>"),
        ("漢字" * 40, 5, "漢字漢字漢字漢字漢字…"),
    ],
)
def test_truncate_counts_words_and_never_cuts_markup(text: str | None, words: int, expected: str) -> None:
    assert truncate_words(text, words) == expected


@pytest.mark.parametrize("unit", ["<", "<a ", "<>", "a ", "&lt;"])
def test_cutting_text_takes_linear_time(unit: str) -> None:
    assert find_growth(lambda text: truncate_words(Markup(text)), lambda n: unit * n, 10_000) <= MOST


def test_truncated_markup_is_plain_text_and_escaped_when_shown() -> None:
    assert render("{{ text|truncate_words(5) }}", text=Markup("<i>a</i> &lt;script&gt;")) == "a &lt;script&gt;"


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Città & Co.", "citta-co"),
        ("  A__b--C ", "a-b-c"),
        ("Žižek", "zizek"),
        ("日本語 テスト", "日本語-テスト"),
        ("!!!", ""),
        (None, ""),
        ("ﬁn", "fin"),
    ],
)
def test_slug_keeps_letters_of_any_script(text: str | None, slug: str) -> None:
    assert make_slug(text) == slug


@pytest.mark.parametrize(
    ("url", "base", "expected"),
    [
        ("/blog/x/", "https://example.org/blog", "https://example.org/blog/x/"),
        ("https://other.org/", "https://example.org", "https://other.org/"),
        ("//cdn.org/x", "https://example.org", "https://cdn.org/x"),
        ("x/y", "https://example.org/blog", "https://example.org/blog/x/y"),
        ("", "https://example.org", ""),
        (None, "https://example.org", ""),
    ],
)
def test_absolute_adds_scheme_and_host_once(url: str | None, base: str, expected: str) -> None:
    assert make_absolute(url, base) == expected


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "java\tscript:alert(1)", "\x01JAVASCRIPT:alert(1)", "data:text/html,x", "vbscript:x", "", None]
)
def test_a_link_that_data_gives_cannot_run_a_script(url: str | None) -> None:
    assert render("<a href='{{ url|safe_url }}'>", url=url) == "<a href=''>"


@pytest.mark.parametrize("url", ["https://a.example/?b", "/a/", "mailto:a@b.c", "tel:+1", "#x", "a/b"])
def test_a_link_that_leads_somewhere_stays(url: str) -> None:
    assert render("{{ url|safe_url }}", url=url) == url
