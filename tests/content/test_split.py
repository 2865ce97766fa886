"""Lists that are written as one text."""

from __future__ import annotations

import pytest

from cms_ssg.config.settings import Collection, Settings
from cms_ssg.content.collections.rules import make_rules
from cms_ssg.content.read import read_draft
from cms_ssg.content.schema.content_types import load_schemas
from cms_ssg.files.bundled import folder

SCHEMAS = load_schemas(folder("content_schema") / "core", folder("content_schema") / "blog")


@pytest.mark.parametrize(
    ("written", "authors"),
    [
        ("Ada & Bo", ["Ada", "Bo"]),
        ("[Ada, Bo and Cy]", ["Ada", "Bo", "Cy"]),
        ("[Ada and , ' and Bo']", ["Ada", "Bo"]),
        ("[]", []),
    ],
)
def test_texts_with_several_values_are_split_alone_and_in_lists(written: str, authors: list[str]) -> None:
    posts = Collection(name="posts", path="content/posts", type="post", split={"authors": " (?:and|&) *"})
    text = f"---\ntitle: T\ndate: 2025-01-01\nauthors: {written}\n---\n"
    draft, problems = read_draft(make_rules(Settings(collection=(posts,)), SCHEMAS), "content/posts/x.md", text.encode())
    assert draft is not None and problems == ()
    assert draft.fields.get("authors", []) == authors
