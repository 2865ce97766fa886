"""Three-way merges: both changes stand where they touch different things; where they touch the same, the conflict has all three values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cms_ssg.entries.merge import merge_bodies, merge_fields, split_paragraphs

BASE = "# One\n\nFirst.\n\nSecond.\n\nThird.\n"
PARAGRAPHS = st.lists(st.sampled_from(["a", "b", "c", "d", "- x\n- y", "```\ncode\n\nmore\n```"]), max_size=8)


def test_changes_of_different_fields_both_stand_and_of_the_same_field_are_a_conflict() -> None:
    merged = merge_fields({"title": "a", "x": 1, "gone": 1}, {"title": "b", "x": 1, "gone": 1}, {"title": "a", "x": 2, "new": 3})
    assert (merged.values, merged.theirs, merged.conflicts) == ({"title": "b", "x": 2, "new": 3}, ["title"], {})
    merged = merge_fields({"t": "a"}, {"t": "b"}, {"t": "c"})
    assert merged.conflicts == {"t": ("a", "b", "c")}
    assert merged.values == {"t": "b"}


def test_tables_are_merged_by_key_and_a_removed_field_that_the_other_changed_is_a_conflict() -> None:
    merged = merge_fields({"m": {"a": 1, "b": 1}}, {"m": {"a": 2, "b": 1}}, {"m": {"a": 1, "b": 2}})
    assert (merged.values, merged.conflicts) == ({"m": {"a": 2, "b": 2}}, {})
    assert merge_fields({"m": {"a": 1}}, {"m": {"a": 2}}, {"m": {"a": 3}}).conflicts == {"m.a": (1, 2, 3)}
    assert merge_fields({"t": 1}, {}, {"t": 2}).conflicts == {"t": (1, None, 2)}


def test_changes_of_different_paragraphs_both_stand() -> None:
    one, two = BASE.replace("First", "1st"), BASE.replace("Third", "3rd") + "\nFourth.\n"
    assert merge_bodies(BASE, one, two) == ("# One\n\n1st.\n\nSecond.\n\n3rd.\n\nFourth.\n", [])
    text, conflicts = merge_bodies(BASE, one, BASE.replace("First", "Erste"))
    assert text == one
    assert conflicts == [("First.\n\n", "1st.\n\n", "Erste.\n\n")]


def test_fenced_code_with_blank_lines_is_one_paragraph() -> None:
    assert split_paragraphs("a\n\n```\nx\n\ny\n```\n\nb\n") == ["a\n\n", "```\nx\n\ny\n```\n\n", "b\n"]


@given(PARAGRAPHS, PARAGRAPHS, PARAGRAPHS)
def test_a_merge_without_conflict_is_the_same_from_both_sides_and_has_what_either_side_added(
    a: list[str], b: list[str], c: list[str]
) -> None:
    base, one, two = ("".join(f"{part}\n\n" for part in parts) for parts in (a, b, c))
    assert "".join(split_paragraphs(base)) == base
    text, conflicts = merge_bodies(base, one, two)
    other, others = merge_bodies(base, two, one)
    assert bool(conflicts) == bool(others)
    if not conflicts:
        assert text == other
        have = split_paragraphs(text)
        assert all(
            have.count(p) >= min(1, split_paragraphs(side).count(p))
            for side in (one, two)
            for p in split_paragraphs(side)
            if p not in split_paragraphs(base)
        )
    assert merge_bodies(base, one, base) == (one, [])
    assert merge_bodies(base, base, two) == (two, [])
