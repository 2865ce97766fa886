"""The role of a kind of output, by which the rooms tell pages of entries, redirects and home pages from others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cms_ssg.kinds.features import load_features
from cms_ssg.kinds.output_kind import OutputKind
from cms_ssg.kinds.phases import LEAVES
from cms_ssg.types import Json


@pytest.mark.parametrize(
    ("spec", "role"),
    [
        ({"kind": "entry", "type": "post"}, "entry"),
        ({"kind": "fallback"}, ""),
        ({"kind": "redirect", "target": "/about/"}, "redirect"),
        ({"kind": "home", "list": 1}, "front"),
        ({"kind": "list", "list": 2}, ""),
        ({"path": "/a.png"}, ""),
        ({"kind": "of-a-vertical-that-is-off"}, ""),
        ({}, ""),
        (None, ""),
    ],
)
def test_a_claim_has_the_role_of_its_kind(spec: dict[str, Json] | None, role: str) -> None:
    assert load_features(("blog",)).role_of(spec) == role


def test_a_kind_of_a_vertical_has_the_role_that_it_says() -> None:
    features = load_features(("blog",))
    mine = OutputKind("short-link", LEAVES, "text/html", "x:y", role="redirect")
    assert replace(features, outputs={**features.outputs, mine.name: mine}).role_of({"kind": "short-link"}) == "redirect"


def test_the_page_of_an_entry_and_no_other_holds_its_entry() -> None:
    kinds = load_features(("blog",)).outputs.values()
    assert [kind.name for kind in kinds if kind.holds] == [kind.name for kind in kinds if kind.role == "entry"] == ["entry"]
