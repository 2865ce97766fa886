"""The slips that people make in front matter are told in their words, at the line where they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms_ssg.content.frontmatter.parse import parse_front_matter


@pytest.mark.parametrize(
    ("head", "line", "message", "hint"),
    [
        ("title Flood\ndate: 2025-01-01", 2, "this line has no colon: title Flood", "Each line is 'key: value'; a text"),
        ("title: Flood\ndate 2025-01-01\ntags: [a]", 3, "this line has no colon: date 2025-01-01", "Each line is 'key: value'; a text"),
        ("title:Flood\ndate: 2025-01-01", 2, "there is no space after the colon of 'title:'", "Write title: Flood"),
        ("title: Flood\ndate:2025-01-01", 3, "there is no space after the colon of 'date:'", "Write date: 2025-01-01"),
        ("title: Flood\ndate:2025-01-01\ntags: [a]", 3, "there is no space after the colon of 'date:'", "Write date: 2025-01-01"),
        ("title: Flood: the valley", 2, "a value holds ': ', which begins a value: Flood: the valley", "Put a value that contains"),
        ("title: Flood\n date: 2025-01-01", 3, "the line is indented below 'title', which has a value already", "Begin each key"),
        ("title: Flood\n\tdate: 2025-01-01", 3, "the line is indented below 'title', which has a value already", "Begin each key"),
        ('title: "Flood\ndate: 2025-01-01', 2, "a quote that opens in this line is not closed", "Close it"),
        ("tags: [a, b\ndate: 2025-01-01", 2, "a list in brackets that opens in this line is not closed", "Close it"),
        ("title: A\nexcerpt: @home", 3, "a value cannot begin with @", "Put it in quotes."),
        ("title: A\nexcerpt: %50 more", 3, "a value cannot begin with %", "Put it in quotes."),
        ("tags:\n- `a`", 3, "a value cannot begin with `", "Put it in quotes."),
    ],
)
def test_a_slip_is_named_with_its_line_and_what_to_write(head: str, line: int, message: str, hint: str) -> None:
    (problem,) = parse_front_matter(f"---\n{head}\n---\nText\n".encode(), "x.md").problems
    assert (problem.code, problem.line, problem.message) == ("content.yaml", line, message)
    assert problem.hint.startswith(hint)


@pytest.mark.parametrize("text", ["A rule above.", "See https://example.org/", "- a list"])
def test_rules_around_a_text_are_not_taken_for_a_slip(text: str) -> None:
    (problem,) = parse_front_matter(f"---\n{text}\n---\nText\n".encode(), "x.md").problems
    assert problem.hint == "Two lines '---' enclose the front matter; write a rule in the text as '***'."


@given(st.text(alphabet="ab:- \n\t\"'[]{}@%#|>&*!", max_size=60))
def test_whatever_is_wrong_has_a_line_of_the_front_matter(head: str) -> None:
    front = parse_front_matter(f"---\n{head}\n---\nText\n".encode(), "x.md")
    for problem in front.problems:
        assert 1 <= problem.line <= head.count("\n") + 3
