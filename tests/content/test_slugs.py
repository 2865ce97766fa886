"""Slugs and paths from any text."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms_ssg.text.slugs import make_slug, safe_path

NAUGHTY = json.loads((Path(__file__).parents[1] / "data" / "naughty" / "blns.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Hello, World!", "hello-world"),
        ("  What's new: C++  ", "whats-new-c"),
        ("Straße", "strasse"),
        ("Été à Paris", "été-à-paris"),
        ("ΑΘΗΝΑ", "αθηνα"),
        ("Λόγος", "λόγος"),
        ("ΛΌΓΟΣ ΣΤΙΣ Σ", "λόγος-στις-σ"),
        ("İstanbul", "istanbul"),
        ("I\u0307stanbul'da", "istanbulda"),
        ("東京 2025", "東京-2025"),
        ("हिन्दी", "हिन्दी"),
        ("می‌خواهم", "می‌خواهم"),
        ("مرحبا بالعالم", "مرحبا-بالعالم"),
        ("e\u0301te\u0301", "été"),
        ("don’t", "dont"),
        ("", ""),
        ("   ", ""),
    ],
)
def test_slug_keeps_letters_and_digits_of_any_script(text: str, slug: str) -> None:
    assert make_slug(text) == slug


def test_text_of_signs_only_still_has_a_slug_of_its_own() -> None:
    assert make_slug("!!!").startswith("n-")
    assert make_slug("!!!") != make_slug("???")


def test_slugs_equal_after_folding_are_equal() -> None:
    assert make_slug("FLOOD") == make_slug("flood") == make_slug("Flood!")
    assert make_slug("İ̇ZMİR") == make_slug("İzmir") == make_slug("izmir")
    assert make_slug("ΟΔΟΣ") == make_slug("οδος") == make_slug("οδοσ")


def test_long_slug_is_cut_before_a_letter_never_before_its_mark() -> None:
    slug = make_slug("q\u0323" * 200)
    assert len(slug) <= 80
    assert unicodedata.category(slug[-1])[0] == "M"


@given(st.text())
def test_any_text_gives_a_slug_that_is_a_safe_segment(text: str) -> None:
    slug = make_slug(text)
    if slug:
        assert safe_path(f"/{slug}/") == f"/{slug}/"
        assert make_slug(slug) == slug
        assert len(slug) <= 80
    else:
        assert not text.strip()


@given(st.text(alphabet=st.characters(), max_size=60) | st.text(alphabet="/.%\\ab\u200d\u202e\x00", max_size=12))
def test_any_text_as_path_is_safe_or_a_clear_error(text: str) -> None:
    try:
        path = safe_path(text)
    except ValueError:
        return
    assert path.startswith("/") and "//" not in path and "\\" not in path and "%" not in path and "\x00" not in path
    assert not any(part in (".", "..") for part in path.split("/"))


@pytest.mark.parametrize("text", NAUGHTY)
def test_naughty_string_gives_a_safe_path(text: str) -> None:
    slug = make_slug(text)
    assert slug or not text.strip()
    assert safe_path(f"/{slug}/" if slug else "/")


@pytest.mark.parametrize(
    "path",
    [
        "", "a/b", "//a", "/a//b", "/../x", "/a/./b", "/a/..", "/a\\b", "/%2e%2e/", "/a\x00b", "/a\nb", "/\u202egpj.exe", "/e\u0301",
        "/\ufdd0",
        "/" + "x" * 201, "/" + "x/" * 600, "/a?b", "/a#b", "/ a/", "/\ud800", "/...", "/\u200d",
    ],
)  # fmt: skip
def test_unsafe_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        safe_path(path)


@pytest.mark.parametrize("path", ["/", "/a/", "/2015/05/15/Rust-1.0.html", "/東京/", "/می‌خواهم/", "/a b/", "/x@y/~z/"])
def test_ordinary_path_is_safe(path: str) -> None:
    assert safe_path(path) == path
