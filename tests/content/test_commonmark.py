"""Every example of the CommonMark specification, with our extensions off."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from cms_ssg.content.markdown.body import render_body
from tests.content.reference import PLAIN, fill

EXAMPLES = json.loads((Path(__file__).parents[1] / "data" / "commonmark" / "commonmark.json").read_text(encoding="utf-8"))

RAW_LINKS = frozenset([21, 31, 344, 475, 630, 631, 642, 643])
"""Examples whose raw HTML holds a relative link or image: it is taken apart and written anew, with the same meaning."""


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example["example"]))
def test_example_of_the_specification_renders_as_it_says(example: dict[str, Any]) -> None:
    body, problems = render_body(example["markdown"], PLAIN, "spec.md")
    assert problems == ()
    if example["example"] in RAW_LINKS:
        assert read_tags(fill(body)) == read_tags(example["html"])
    else:
        assert fill(body) == example["html"]


def test_all_examples_are_there() -> None:
    assert len(EXAMPLES) == 652


def read_tags(html: str) -> list[object]:
    """HTML as a list of tags and texts, attributes without their order and with their URLs decoded."""
    found: list[object] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, {name: unquote(value or "") for name, value in attrs if (name, value) != ("alt", "")}))

        def handle_endtag(self, tag: str) -> None:
            found.append(tag)

        def handle_data(self, data: str) -> None:
            found.append(("text", data))

    reader = Reader()
    reader.feed(html)
    reader.close()
    return [item for item in found if item != "img"]
