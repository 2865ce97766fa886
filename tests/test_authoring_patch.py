"""Patching front matter changes what was asked and not one byte more."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms_ssg.authoring.patch import patch_front_matter
from cms_ssg.content.frontmatter.parse import parse_front_matter
from cms_ssg.errors import CmsError

ROME = timezone(timedelta(hours=1))


def patch(text: str, **changes: object) -> str:
    return patch_front_matter(text.encode(), changes, "x.md").decode()


YAML = """---
# who and when
title:   "It's on"   # shown everywhere
'slug': 'flood'
draft: true # not yet

tags: [a, b]  # two
aliases:
  - /old/   # first
  - "/older/"
# the end
summary: >
  Long text
  goes on.

# last
---
Body
---
not a fence
"""


def test_yaml_value_is_replaced_where_it_stands() -> None:
    assert patch(YAML, draft=False) == YAML.replace("draft: true #", "draft: false #")
    assert patch(YAML, title='A "b"') == YAML.replace('"It\'s on"', '"A \\"b\\""')
    assert patch(YAML, slug="it's") == YAML.replace("'flood'", "'it''s'")


def test_yaml_key_is_added_after_the_last() -> None:
    added = patch(YAML, status="trashed")
    assert added == YAML.replace("  goes on.\n", "  goes on.\nstatus: trashed\n")


def test_yaml_key_is_removed_with_its_value() -> None:
    assert patch(YAML, draft=None) == YAML.replace("draft: true # not yet\n", "")
    assert patch(YAML, summary=None) == YAML.replace("summary: >\n  Long text\n  goes on.\n", "")
    assert patch(YAML, aliases=None) == YAML.replace('aliases:\n  - /old/   # first\n  - "/older/"\n', "")


def test_yaml_lists_grow_in_their_own_style() -> None:
    assert patch(YAML, aliases=["/old/", "/older/", "/new/"]) == YAML.replace('"/older/"\n', '"/older/"\n  - "/new/"\n')
    assert patch(YAML, tags=["a", "b", "c d"]) == YAML.replace("[a, b]", "[a, b, c d]")


def test_yaml_block_is_replaced_by_a_line() -> None:
    assert patch(YAML, summary="short") == YAML.replace(">\n  Long text\n  goes on.", "short")
    assert patch(YAML, aliases=["/x/"]) == YAML.replace('\n  - /old/   # first\n  - "/older/"', " [/x/]")


def test_empty_value_is_filled_and_times_keep_their_zone() -> None:
    assert (
        patch("---\ndate:\nx: 1\n---\n", date=datetime(2026, 12, 1, 9, tzinfo=ROME)) == "---\ndate: 2026-12-01T09:00:00+01:00\nx: 1\n---\n"
    )


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_ends_byte_order_mark_and_blank_lines_stay(line_end: str) -> None:
    text = "\ufeff" + YAML.replace("\n", line_end)
    assert patch(text, draft=False, status="x") == "\ufeff" + patch(YAML, draft=False, status="x").replace("\n", line_end)


def test_mixed_line_ends_of_the_body_stay() -> None:
    assert patch("---\r\na: 1\r\n---\nx\r\ny\n\r\n", b="2") == '---\r\na: 1\r\nb: "2"\r\n---\nx\r\ny\n\r\n'


TOML = '+++\n# top\ntitle = "x" # t\ndate = 2020-01-02\n\n[extra]\n# in extra\nk = [1,\n  2]\n+++\nbody\n'


def test_toml_keeps_comments_and_puts_new_keys_before_tables() -> None:
    assert patch(TOML, title="y") == TOML.replace('"x"', '"y"')
    assert patch(TOML, draft=True) == TOML.replace("2020-01-02\n", "2020-01-02\ndraft = true\n")
    assert patch(TOML, date=datetime(2026, 12, 1, 9, tzinfo=ROME)) == TOML.replace("2020-01-02", "2026-12-01T09:00:00+01:00")
    assert patch(TOML, aliases=["/a/", "/b/"], date=None) == TOML.replace("date = 2020-01-02\n", 'aliases = ["/a/", "/b/"]\n')
    assert patch("+++\n[extra]\nk = 1\n+++\n", draft=True) == "+++\ndraft = true\n[extra]\nk = 1\n+++\n"
    assert patch("+++\n+++\n", draft=True) == "+++\ndraft = true\n+++\n"


def test_json_keeps_order_and_indent() -> None:
    text = '{\n  "title": "é",\n  "draft": true\n}\n\nbody {}\n'
    assert patch(text, draft=False, slug="x") == '{\n  "title": "é",\n  "draft": false,\n  "slug": "x"\n}\n\nbody {}\n'
    assert patch('{"a": 1}\nbody', a=None, b=[1]) == '{"b": [1]}\nbody'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("---\nx:\n  # why\n  b: 1  # one\n  c: 2\ny: 3\n---\n", "---\nx:\n  # why\n  b: 5  # one\n  c: 2\n  d: 6\ny: 3\n---\n"),
        ("---\nx: {b: 1, c: 2}  # flow\ny: 3\n---\n", "---\nx: {b: 5, c: 2, d: 6} # flow\ny: 3\n---\n"),
        ("---\ny: 3\n---\n", "---\ny: 3\nx:\n  b: 5\n  d: 6\n---\n"),
        ("+++\ny = 3\n\n[x]  # table\nb = 1  # one\nc = 2\n\n[z]\na = 1\n+++\n", None),
        ("+++\nx.b = 1  # one\ny = 3\n+++\n", None),
        ("+++\ny = 3\n+++\n", None),
        ('{\n  "x": {"b": 1},\n  "y": 3\n}\n', None),
    ],
)
def test_key_in_a_table_is_changed_there_and_comments_stay(before: str, after: str | None) -> None:
    patched = patch_front_matter(before.encode(), {"x.b": 5, "x.d": 6}, "a.md").decode()
    fields = parse_front_matter(patched.encode(), "a.md").fields
    assert (fields["x"]["b"], fields["x"]["d"], fields["y"]) == (5, 6, 3)
    assert [word for word in ("# why", "# one", "# flow", "# table", "[z]") if word in before and word not in patched] == []
    if after is not None:
        assert patched == after
    gone = patch_front_matter(patched.encode(), {"x.b": None, "x.none": None, "w.none": None}, "a.md")
    assert "b" not in parse_front_matter(gone, "a.md").fields["x"]


def test_key_below_what_is_no_table_cannot_be_set() -> None:
    for text in ("---\nx: text\n---\n", '+++\nx = "text"\n+++\n', '{"x": "text"}\n', "---\nx: [1]\n---\n"):
        with pytest.raises(CmsError) as raised:
            patch_front_matter(text.encode(), {"x.b": 5}, "a.md")
        assert raised.value.problems[0].code == "authoring.cannot-patch"


def test_file_without_front_matter_gets_some() -> None:
    assert patch("# Title\n", draft=True) == "---\ndraft: true\n---\n# Title\n"
    assert patch("---\n---\nx", draft=True) == "---\ndraft: true\n---\nx"


def test_flow_mapping_and_indented_heads_are_written_another_way() -> None:
    assert parse_front_matter(patch("---\n{a: 1, b: [x]}\n---\nz", draft=True).encode(), "x").fields == {"a": 1, "b": ["x"], "draft": True}
    assert patch("---\n  a: 1\n  b: 2\n---\n", c=True) == "---\n  a: 1\n  b: 2\n  c: true\n---\n"


@pytest.mark.parametrize("text", ["---\na: 1\n", "---\na: [\n---\n", "+++\na = \n+++\n", "---\na: 1\na: 2\n---\n", "\x00"])
def test_file_that_cannot_be_read_is_not_touched(text: str) -> None:
    with pytest.raises(CmsError):
        patch(text, draft=True)


SCALARS = st.text(max_size=20) | st.booleans() | st.integers(-(10**9), 10**9) | st.lists(st.text(max_size=8), max_size=3)
KEYS = st.from_regex(r"[a-z][a-z_]{0,6}", fullmatch=True)
TEXT = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\ufeff\ufffe\uffff")


@given(st.sampled_from([YAML, TOML, '{"title": "x"}\nb', "plain"]), KEYS, st.text(TEXT, max_size=30) | st.booleans() | st.integers(-9, 9))
def test_any_value_is_written_so_that_it_reads_back(text: str, key: str, value: object) -> None:
    before = parse_front_matter(text.encode(), "x")
    after = parse_front_matter(patch_front_matter(text.encode(), {key: value}, "x"), "x")
    assert after.fields == before.fields | {key: value}
    assert after.body == before.body
