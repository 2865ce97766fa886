"""Texts in the order of a language."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms_ssg.text.collation import MOST_BYTES, make_text_key


@pytest.mark.parametrize(
    ("locale", "texts"),
    [
        ("fr", "Ámos azur écriture zebra"),
        ("en", "apple Apple äpple banana"),
        ("sv", "aa zon ål ärlig ö"),
        ("de", "aa ål ärlig ö zon"),
        ("es", "nz ñu o"),
        ("cs", "cz dub hora chleba"),
        ("ru", "еж ёж жук"),
        ("zh-Hant", "王 张 李"),
        ("no-such-Locale", "Ámos azur écriture zebra"),
        ("", "Ámos azur écriture zebra"),
    ],
)
def test_each_language_has_its_order(locale: str, texts: str) -> None:
    assert sorted(sorted(texts.split()), key=lambda text: make_text_key(text, locale)) == texts.split()


@given(st.text(st.characters(), max_size=2000), st.sampled_from(["", "it", "th", "zh"]))
def test_any_text_has_a_key_of_bounded_size_that_begins_no_other(text: str, locale: str) -> None:
    key = make_text_key(text, locale)
    assert key.index(0) == len(key) - 1 < MOST_BYTES
