"""Code in Markdown, in which nothing is run or replaced."""

from __future__ import annotations

import pytest

from cms_ssg.migrate.code_spans import find_code
from tests.growth import MOST, find_growth


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a `x` b", ["`x`"]),
        ("``a`b`` `c", ["``a`b``"]),
        ("`a\n\nb`", []),
        ("```\na\n```\nb `c`", ["```\na\n```", "`c`"]),
        ("~~~~\n```\n~~~\n~~~~\nx", ["~~~~\n```\n~~~\n~~~~"]),
        ("```a`b\n`c`", ["`b\n`"]),
        ("x\n```\nnever closed", ["```\nnever closed"]),
        ("    ```\nx", []),
    ],
)
def test_fences_and_spans_are_found_as_commonmark_says(text: str, code: list[str]) -> None:
    assert [text[begin:end] for begin, end in find_code(text)] == code


@pytest.mark.parametrize("piece", ["```\n~~~\n", "` `` ``` ", "```a`\n", "\n\n`a"])
def test_a_text_of_unclosed_fences_costs_in_proportion(piece: str) -> None:
    assert find_growth(find_code, lambda size: piece * size, 3000) <= MOST
