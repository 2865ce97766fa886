"""What a form takes of what it was sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms_ssg.verticals.forms.definition import fill_form, make_form

FORM = make_form({
    "slug": "all",
    "fields": [
        {"name": "name", "label": "Name", "required": True, "max": 10},
        {"name": "email", "label": "E-mail", "type": "email"},
        {"name": "text", "label": "Text", "type": "textarea"},
        {"name": "wood", "label": "Wood", "type": "select", "options": ["Ash", "Oak"]},
        {"name": "yes", "label": "Yes", "type": "checkbox"},
        {"name": "day", "label": "Day", "type": "date"},
        {"name": "tel", "label": "Phone", "type": "tel"},
        {"name": "many", "label": "How many", "type": "number"},
        {"name": "site", "label": "Site", "type": "url"},
    ],
})  # fmt: skip


@pytest.mark.parametrize(
    ("field", "sent", "stored"),
    [
        ("name", "  Ada \n  L. ", "Ada L."),
        ("name", "A\u202eda\x00", "Ada"),
        ("text", "one\r\ntwo\n", "one\ntwo"),
        ("email", "Ada@Example.org", "Ada@Example.org"),
        ("wood", "Oak", "Oak"),
        ("yes", "yes", "yes"),
        ("day", "2026-02-28", "2026-02-28"),
        ("tel", "+351 (22) 123-456", "+351 (22) 123-456"),
        ("many", "3,5", "3,5"),
        ("site", "https://example.org/a", "https://example.org/a"),
    ],
)
def test_a_value_is_tidied_and_kept(field: str, sent: str, stored: str) -> None:
    filled = fill_form(FORM, {"name": ["x"], field: [sent]})
    assert (filled.values[field], filled.wrong) == (stored, [])


@pytest.mark.parametrize(
    ("field", "sent", "why"),
    [
        ("name", "", "field_missing"), ("name", " \u200e ", "field_missing"), ("name", "x" * 11, "field_too_long"), ("email", "ada", "field_email"),
        ("email", "a@b.c\nBcc: d@e.f", "field_email"), ("email", "a" * 250 + "@b.cd", "field_too_long"), ("wood", "Pine", "field_wrong"),
        ("yes", "on", "field_wrong"), ("day", "2026-02-30", "field_date"), ("tel", "call me", "field_phone"), ("many", "1e9", "field_number"),
        ("site", "javascript:alert(1)", "field_url"), ("text", "x" * 5001, "field_too_long"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_told_by_its_field(field: str, sent: str, why: str) -> None:
    filled = fill_form(FORM, {"name": ["x"], field: [sent]})
    assert [(one.name, key) for one, key in filled.wrong] == [(field, why)]
    assert field not in filled.values


def test_what_the_form_does_not_ask_for_is_left_out() -> None:
    assert fill_form(FORM, {"name": ["x", "y"], "admin": ["1"]}).values == {"name": "x"}


@given(st.dictionaries(st.sampled_from([field.name for field in FORM.fields]), st.lists(st.text(max_size=60), max_size=3)))
def test_anything_can_be_sent(sent: dict[str, list[str]]) -> None:
    filled = fill_form(FORM, sent)
    assert not set(filled.values) & {one.name for one, _ in filled.wrong}
    "".join(filled.values.values()).encode()
