"""Content types: what a field may be, how a type is extended, what is said of mistakes."""

from __future__ import annotations

import json
import pickle
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cms_ssg.content.frontmatter.yaml_fields import parse_yaml
from cms_ssg.content.schema.annotations import OF_FIELD, OF_TYPE
from cms_ssg.content.schema.checks import MAKERS
from cms_ssg.content.schema.content_types import Schema, Schemas, load_schemas, nearest_name
from cms_ssg.files.bundled import folder
from cms_ssg.types import Json, Problem

CORE, BLOG = folder("content_schema") / "core", folder("content_schema") / "blog"


def check(fields: dict[str, Any], type_name: str = "post", zone: str = "UTC") -> tuple[dict[str, Json], list[Problem]]:
    return load_schemas(CORE, BLOG)[type_name].check(fields, {name: line for line, name in enumerate(fields, 2)}, "x.md", zone)


def check_yaml(text: str, spec: dict[str, Any]) -> Json | str:
    schema = Schema("x", {"properties": {"a": spec}})
    fields, lines = parse_yaml(f"a: {text}\n", 2)
    clean, problems = schema.check(fields, lines, "x.md")
    return problems[0].message.removeprefix("a: ") if problems else clean.get("a")


def test_core_has_six_types_without_problems() -> None:
    schemas = load_schemas(CORE, BLOG)
    assert sorted(schemas) == ["author", "page", "post", "redirect", "term"]
    assert schemas.problems == ()
    post = schemas["post"]
    assert post.lists == {"section": "section", "tags": "tag", "authors": "author", "series": "series"}
    assert (post.url, post.sort, post.neighbours, post.months, post.pages) == (
        "/{year}/{month}/{slug}/",
        ("-date",),
        "type/post",
        True,
        True,
    )
    assert {"title", "date", "image"} <= set(post.card_fields)
    assert not schemas["term"].pages


def test_post_knows_every_field_that_the_product_promises() -> None:
    names = (
        "title slug excerpt section tags authors image is_featured metadata meta_title meta_description updated date series weight "
        "publish_at expire_at draft status aliases layout translation_key noindex id"
    )
    assert set(names.split()) <= set(load_schemas(CORE, BLOG)["post"].properties)


@pytest.mark.parametrize(
    ("spec", "text", "stored"),
    [
        ({"type": "string"}, "A", "A"),
        ({"type": "string"}, "1.10", "1.10"),
        ({"type": "string"}, "007", "007"),
        ({"type": "string"}, "true", "true"),
        ({"type": "string"}, "2013-07-15", "2013-07-15"),
        ({"type": "string"}, "[a]", "['a'] is not a text"),
        ({"type": "string", "maxLength": 2}, "abc", "3 characters, at most 2 allowed"),
        ({"type": "string", "minLength": 1}, '""', "it is empty"),
        ({"type": "string", "pattern": "^[a-z]+$"}, "A1", "'A1' does not match ^[a-z]+$"),
        ({"type": "string", "enum": ["a", "b"]}, "c", "'c' is not one of a, b"),
        ({"const": 5}, "5", 5),
        ({"type": "boolean"}, "true", True),
        ({"type": "boolean"}, '"False"', False),
        ({"type": "boolean"}, "yes", "'yes' is not true or false"),
        ({"type": "boolean"}, "1", "1 is not true or false"),
        ({"type": "integer"}, "5", 5),
        ({"type": "integer"}, "5.0", 5),
        ({"type": "integer"}, '"5"', 5),
        ({"type": "integer"}, "5.5", "5.5 is not a whole number"),
        ({"type": "integer"}, "true", "true is not a number"),
        ({"type": "number"}, "1.50", 1.5),
        ({"type": "number", "minimum": 2}, "1", "1 is too small: at least 2"),
        ({"type": "number", "exclusiveMaximum": 2}, "2", "2 is too large: less than 2"),
        ({"type": "array", "items": {"type": "string"}}, "one", ["one"]),
        ({"type": "array", "items": {"type": "string", "minLength": 1}}, '[a, "", " b "]', ["a", "b"]),
        ({"type": "array", "items": {"type": "string", "minLength": 1}}, '[2024, "", null, " ", " b "]', ["2024", "b"]),
        ({"type": "array", "items": {"type": "integer"}}, "[1, x]", "item 2: 'x' is not a number"),
        ({"type": "array", "maxItems": 1}, "[1, 2]", "2 items, at most 1 allowed"),
        ({"type": "object", "properties": {"b": {"type": "integer"}}}, "{b: 2, c: x}", {"b": 2, "c": "x"}),
        ({"type": "object", "properties": {"b": {}}, "additionalProperties": False}, "{c: x}", "unknown key 'c'"),
        ({"type": "object", "required": ["b"]}, "{c: x}", "the key 'b' is missing"),
        ({"type": "string", "format": "date-time"}, "2013-07-15 9:00:00 -0400", "2013-07-15T13:00:00Z"),
        ({"type": "string", "format": "date"}, "2013-07-15", "2013-07-15"),
        ({"type": "string", "format": "email"}, "a@b.c", "a@b.c"),
        ({"type": "string", "format": "email"}, "a", "'a' is not an e-mail address"),
        ({"type": "string", "format": "uri"}, "https://a.b/c", "https://a.b/c"),
        ({"type": "string", "format": "uri"}, "/c", "'/c' is not a full URL"),
        ({"type": "string", "format": "uri-reference"}, '"\\x01javascript:alert(1)"', "'\\x01javascript:alert(1)' is not a URL or path"),
        ({"type": "string", "format": "uri-reference"}, "'javascript:alert(1)'", "'javascript:alert(1)' is not a URL or path"),
    ],
)  # fmt: skip
def test_value_is_stored_in_one_way_or_told(spec: dict[str, Any], text: str, stored: Json) -> None:
    assert check_yaml(text, spec) == stored


def test_wrong_value_is_told_with_line_and_hint() -> None:
    _, problems = check({"title": "A", "date": "tomorrow"})
    assert [str(problem) for problem in problems] == [
        "x.md:3: date: 'tomorrow' is not a date [content.field]\n  Write 2025-03-01, 2025-03-01 09:00 or 2025-03-01T09:00:00+01:00."
    ]


def test_unknown_keys_are_kept_in_metadata_and_told_only_where_they_look_like_a_slip() -> None:
    clean, problems = check({"title": "A", "category": "x", "canonical_url": 1, "titel": "B", "metadata": {"own": 1}})
    assert clean["metadata"] == {"category": "x", "canonical_url": 1, "titel": "B", "own": 1}
    assert [(problem.code, problem.line, problem.severity, problem.hint) for problem in problems] == [
        ("content.unknown-field", 5, "warning", 'Did you mean "title"?')
    ]


@pytest.mark.parametrize(
    ("name", "near"),
    [("titel", "title"), ("tag", "tags"), ("Author", "authors"), ("meta-title", "meta_title"), ("category", ""), ("x", "")],
)
def test_nearest_name_is_at_most_two_edits_away(name: str, near: str) -> None:
    assert nearest_name(name, tuple(load_schemas(CORE, BLOG)["post"].properties)) == near


def test_missing_required_field_is_told() -> None:
    _, problems = check({"to": "/x/"}, "redirect")
    assert [problem.code for problem in problems] == ["content.missing-field"]


def test_site_adds_a_type_and_extends_another(tmp_path: Path) -> None:
    own = tmp_path / "content_schema"
    own.mkdir()
    (own / "post.json").write_text(
        json.dumps({"properties": {"rating": {"type": "integer", "minimum": 1, "x-card": True}, "image": {"maxLength": 5}}})
    )
    (own / "event.json").write_text(
        json.dumps({"x-url": "/events/{slug}/", "required": ["place"], "properties": {"place": {"type": "string"}}})
    )
    (own / "bare.json").write_text(json.dumps({"x-extends": "", "properties": {"a": {"default": 1, "type": "integer"}}}))
    schemas = load_schemas(CORE, BLOG, own)
    assert schemas.problems == ()
    assert "rating" in schemas["post"].card_fields and "title" in schemas["post"].card_fields
    assert schemas["post"].properties["image"]["x-card"] and schemas["post"].url == "/{year}/{month}/{slug}/"
    assert schemas["event"].url == "/events/{slug}/" and "title" in schemas["event"].properties
    assert schemas["bare"].check({}, {}, "x")[0] == {"a": 1}
    assert schemas.digest != load_schemas(CORE, BLOG).digest


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ('{"properties": {"a": {"type": "string", "minLenght": 1}}}', "schema.unsupported", "minLenght"),
        ('{"properties": {"a": {"$ref": "#/x"}}}', "schema.unsupported", "$ref"),
        ('{"properties": {"a": {"type": ["string", "null"]}}}', "schema.unsupported", "type"),
        ('{"properties": {"a": {"type": "string", "format": "color"}}}', "schema.unsupported", "color"),
        ('{"properties": {"a": {"type": "string", "pattern": "("}}}', "schema.unsupported", "a"),
        ('{"x-srot": []}', "schema.unsupported", "x-srot"),
        ('{"properties": []}', "schema.json", "properties"),
        ('{"properties": {"a": {"type": "string", "x-reference": "author"}}}', "schema.unsupported", "x-reference"),
        ('{"x-sort": ["-date", 5]}', "schema.unsupported", "x-sort"),
        ('{"x-sort": ["-nope"]}', "schema.unsupported", "'nope'"),
        ('{"x-url": "/{slug"}', "schema.unsupported", "x-url"),
        ('{"x-url": "/../{slug}/"}', "schema.unsupported", "x-url"),
        ('{"x-pages": "no"}', "schema.unsupported", "true or false"),
        ('{"required": "title"}', "schema.unsupported", "list of texts"),
        ('{"properties": {"a": {"type": "integer", "minimum": "a"}}}', "schema.unsupported", "minimum"),
        ('{"properties": {"a": {"type": "array", "items": {"type": "integer", "maximum": []}}}}', "schema.unsupported", "maximum"),
        ('{"properties": {"a": {"type": "integer", "default": "a"}}}', "schema.unsupported", "default"),
        ('{"properties": {"a": {"type": "string", "x-card": {}}}}', "schema.unsupported", "x-card"),
        ('{"x-extends": ["page"]}', "schema.extends", "name of a type"),
        ("{", "schema.json", "no JSON"),
        ("[]", "schema.json", "object"),
        ('{"x-extends": "nothing"}', "schema.extends", "nothing"),
    ],
)
def test_schema_that_is_not_understood_is_told_by_file_and_keyword(tmp_path: Path, text: str, code: str, said: str) -> None:
    own = tmp_path / "content_schema"
    own.mkdir()
    (own / "event.json").write_text(text)
    problems = load_schemas(CORE, BLOG, own).problems
    assert [problem.code for problem in problems] == [code]
    assert problems[0].place == "content_schema/event.json"
    assert said in problems[0].message


def test_the_line_of_a_wrong_keyword_is_told(tmp_path: Path) -> None:
    own = tmp_path / "content_schema"
    own.mkdir()
    (own / "event.json").write_text('{\n "properties": {\n  "b": {"minimum": 1, "type": "integer"},\n  "a": {\n   "minimum": "x"}}}')
    assert [problem.line for problem in load_schemas(CORE, BLOG, own).problems] == [5]


KEYWORDS = [*OF_TYPE, *OF_FIELD, "type", "items", "properties", "default", "const", "additionalProperties", "x-facet"]
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from([*MAKERS, "(", "-date", "title", "date"])
)
ANYTHING = st.recursive(
    PLAIN, lambda c: st.lists(c, max_size=3) | st.dictionaries(st.sampled_from([*KEYWORDS, "a"]), c, max_size=4), max_leaves=12
)
FIELD = st.builds(
    lambda kind, others: {**others, "type": kind},
    st.sampled_from([*MAKERS]),
    st.dictionaries(st.sampled_from(KEYWORDS), ANYTHING, max_size=2),
)


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from([*OF_TYPE, "type", "additionalProperties"]), ANYTHING, max_size=3), FIELD, ANYTHING)
def test_any_schema_is_refused_or_checks_any_value(document: dict[str, Any], field: Any, value: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "event.json").write_text(json.dumps({**document, "properties": {"a": field}}))
        schemas = load_schemas(CORE, BLOG, Path(folder))
    assert "event" in schemas or schemas.problems
    if "event" in schemas:
        schemas["event"].check({"title": "T", "a": value}, {}, "x")


def test_schemas_can_be_sent_to_another_process() -> None:
    schemas = load_schemas(CORE, BLOG)
    again = pickle.loads(pickle.dumps(schemas))
    assert isinstance(again, Schemas) and again.digest == schemas.digest
    assert again["post"].check({"title": "A"}, {}, "x") == ({"title": "A"}, [])


def test_checking_a_post_is_a_few_calls_a_field() -> None:
    schema = load_schemas(CORE, BLOG)["post"]
    fields = {
        "title": "A title",
        "slug": "a-title",
        "date": "2025-03-01T09:00:00Z",
        "tags": ["a", "b", "c"],
        "authors": ["x"],
        "excerpt": "Some words.",
    }
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    schema.check(fields, {}, "x.md")
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        schema.check(fields, {}, "x.md")
    finally:
        sys.setprofile(before)
    assert calls < 6 * len(fields)
