"""Front matter in three dialects, whole and broken."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cms_ssg.content.frontmatter.parse import FrontMatter, cut_body, parse_front_matter
from cms_ssg.content.frontmatter.values import Refused
from cms_ssg.content.frontmatter.yaml_fields import _parse_any, _parse_simple
from tests.growth import MOST, compare, find_growth


def parse(text: str | bytes) -> FrontMatter:
    return parse_front_matter(text if isinstance(text, bytes) else text.encode(), "content/x.md")


def only_problem(text: str | bytes) -> tuple[str, int]:
    front = parse(text)
    assert len(front.problems) == 1
    assert front.fields == {} and front.body == ""
    return front.problems[0].code, front.problems[0].line


def test_yaml_front_matter_is_read_with_the_line_of_each_key() -> None:
    front = parse('---\ntitle: "A: b"\ntags:\n  - one\n  - two\ndate: 2013-07-15 9:00:00 -0400\n---\nBody\n')
    assert front.fields == {"title": "A: b", "tags": ["one", "two"], "date": "2013-07-15 9:00:00 -0400"}
    assert front.lines == {"title": 2, "tags": 3, "date": 6}
    assert (front.body, front.body_line, front.dialect) == ("Body\n", 8, "yaml")


def test_toml_front_matter_is_read_with_the_line_of_each_key() -> None:
    front = parse('+++\ntitle = "A"\n\n[extra]\nteam = "x"\n+++\n\nBody')
    assert front.fields == {"title": "A", "extra": {"team": "x"}}
    assert front.lines == {"title": 2, "extra": 4}
    assert (front.body, front.body_line, front.dialect) == ("\nBody", 7, "toml")


def test_json_front_matter_is_read_with_the_line_of_each_key() -> None:
    front = parse('{\n  "title": "A",\n  "tags": ["x"]\n}\nBody')
    assert front.fields == {"title": "A", "tags": ["x"]}
    assert front.lines == {"title": 2, "tags": 3}
    assert (front.body, front.body_line, front.dialect) == ("Body", 5, "json")
    assert parse('{"a": "\\ud83d\\ude00 \\\\ud83d"}').fields == {"a": "\U0001f600 \\ud83d"}


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff---\ntitle: A\n---\nBody",
        "---\r\ntitle: A\r\n---\r\nBody",
        "---\rtitle: A\r---\rBody",
        "\n\n  \n---\ntitle: A\n---\nBody",
        "---  \ntitle: A\n---\t\nBody",
        "---\ntitle:\tA\n---\nBody",
        "---\n# a comment\n\ntitle: A\n---\nBody",
        "---\ntitle: A\ntitle: A\n---\nBody",
    ],
)
def test_unusual_but_clear_front_matter_is_read(text: str) -> None:
    front = parse(text)
    assert front.problems == ()
    assert front.fields == {"title": "A"}
    assert front.body == "Body"


def test_tabs_indent_as_spaces_do() -> None:
    assert parse("---\ntags:\n\t- a\n\t- b\n---\n").fields == {"tags": ["a", "b"]}


def test_file_without_front_matter_is_all_body() -> None:
    front = parse("# Title\n\nText")
    assert (front.fields, front.body, front.body_line) == ({}, "# Title\n\nText", 1)
    assert parse("").body == ""
    assert parse("---").problems[0].code == "content.front-matter-open"
    assert parse("{{< shortcode >}}").body == "{{< shortcode >}}"
    assert parse("----\na\n").body == "----\na\n"


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("---\ntitle: A\n\nBody", "content.front-matter-open", 1),
        ("+++\ntitle = 'A'\n", "content.front-matter-open", 1),
        ("---\ntitle: A\ntitle: B\n---\n", "content.duplicate-key", 3),
        ('{"a": 1,\n"a": 2}\n', "content.duplicate-key", 2),
        ("+++\na = 1\na = 2\n+++\n", "content.toml", 3),
        ("+++\na = \n+++\n", "content.toml", 2),
        ('{"a": }\n', "content.json", 1),
        ('{"a": 1} b\n', "content.json", 1),
        ('{"a": 1,\n"b": ["x\\ud83d"]}\n', "content.json", 2),
        ("---\na: b: c\n---\n", "content.yaml", 2),
        ("---\na: [b\n---\n", "content.yaml", 2),
        ("---\n- a\n---\n", "content.yaml", 2),
        ("---\ntext\n---\n", "content.yaml", 2),
        ("---\na: &x 1\nb: *x\n---\n", "content.yaml-alias", 2),
        ("---\na: !!python/object:os.system x\n---\n", "content.yaml-tag", 2),
        ("---\na: !mine x\n---\n", "content.yaml-tag", 2),
        ("---\n? [a]\n: b\n---\n", "content.yaml", 2),
        (b"---\ntitle: A\n---\n\xff\n", "content.encoding", 4),
        ("---\ntitle: A\n---\n".encode("utf-16"), "content.encoding", 1),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "content.binary", 3),
        ("---\na: " + "[" * 40 + "]" * 40 + "\n---\n", "content.front-matter-depth", 2),
        ("---\na: " + "[" * 30000 + "\n---\n", "content.front-matter-depth", 2),
        ('{"a": ' + "[" * 30000 + "}", "content.json", 1),
    ],
)
def test_broken_front_matter_is_told_with_its_line(text: str | bytes, code: str, line: int) -> None:
    assert only_problem(text) == (code, line)


ALIAS_BOMB = (
    "---\na: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"{two}: &{two} [{','.join(['*' + one] * 9)}]\n" for one, two in zip("abcdefgh", "bcdefghi", strict=True))
    + "---\n"
)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (ALIAS_BOMB.encode(), "content.yaml-alias"),
        (b"---\ntitle: " + b"x" * 10_000_000 + b"\n---\n", "content.front-matter-size"),
        (b"+++\ntitle = '" + b"x" * 10_000_000 + b"'\n+++\n", "content.front-matter-size"),
        (b'{"title": "' + b"x" * 10_000_000 + b'"}\n', "content.front-matter-size"),
        (b"---\n" + b"a: b\n" * 2_000_000, "content.front-matter-size"),
        (b"---\n" + b"--- x\n" * 1_500_000, "content.front-matter-size"),
        (b"\x00" * 10_000_000, "content.binary"),
        (b"\xff" * 10_000_000, "content.encoding"),
        (b"---\n" + b"a: [" * 15_000 + b"\n---\n", "content.front-matter-depth"),
    ],
    ids=["aliases", "yaml", "toml", "json", "open", "fences", "nul", "latin", "deep"],
)
def test_hostile_front_matter_is_refused_at_once(data: bytes, code: str) -> None:
    assert parse(data).problems[0].code == code
    ordinary = "---\n" + "".join(f"k{number}:\n  d: [b, 'c']\n" for number in range(500)) + "---\n"
    assert parse(ordinary).problems == ()
    assert compare(lambda: parse(data), lambda: parse(ordinary)) < 5


@pytest.mark.parametrize(
    "make",
    [
        lambda n: "+++\n" + "a." * n + "a = 1\n+++\n",
        lambda n: "+++\n[" + "'a' . " * n + "a]\n+++\n",
        lambda n: "+++\nb = 1\nx = { c = 1, " + "a." * n + "a = 1 }\n+++\n",
        lambda n: "+++\n" + "".join("a." * 190 + f"k{k} = 1\n" for k in range(n // 200)) + "+++\n",
        lambda n: "+++\na = '''\n" + "a." * 150 + "\n" * n + "'''\n+++\n",
    ],
)
def test_toml_keys_of_many_parts_take_linear_time(make: Callable[[int], str]) -> None:
    assert find_growth(parse, make, 2_000) <= MOST


def test_toml_key_of_too_many_parts_is_told_with_its_line() -> None:
    assert only_problem("+++\ntitle = 'x'\n[b]\nc = { " + "a." * 300 + "a = 1 }\n+++\n") == ("content.front-matter-depth", 4)
    assert parse("+++\ntitle = '''\n" + "a." * 150 + "'''\n+++\n").fields == {"title": "a." * 150}


def test_numbers_and_words_follow_yaml_1_2() -> None:
    front = parse("---\na: yes\nb: 12:30\nc: 1.10\nd: 007\ne: true\nf: ~\ng: 0x1F\nh: 1e400\ni: .inf\nj: 99999999999999999999\n---\n")
    fields = front.fields
    assert (fields["a"], fields["b"], fields["e"], fields["f"], fields["g"]) == ("yes", "12:30", True, None, 31)
    assert (fields["c"], str(fields["c"])) == (1.1, "1.10")
    assert (fields["d"], str(fields["d"])) == (7, "007")
    assert (fields["h"], fields["i"], fields["j"]) == ("1e400", ".inf", "99999999999999999999")


def test_what_no_database_can_hold_is_replaced() -> None:
    assert parse('---\na: "x\\0y"\n---\n').fields == {"a": "x\ufffdy"}
    assert parse('{"a": "x\\u0000y"}\n').fields == {"a": "x\ufffdy"}


VALUES = st.sampled_from([
    "word", "two words", "true", "null", "No", "~", "1", "-5", "007", "1.5", "2013-07-15", "2013-07-15T09:00:00Z",
    "2013-07-15 9:00:00 -0400", '"q"', '"a: b"', "'s'",
    "[]", "[a, b]", "[a, true]", "[a, ]", "[1]", "a: b", "a:b", "http://x/y", "a #c", "a#c", "#c", "&a", "*a", "|", ">", "- a", "[a",
    "'a", '"a\\n"', "é", "日本", "x  ", "{a: b}", "@a", "`a", "a\u2028b", "%a", "!a", "a, b",
])  # fmt: skip
KEYS = st.sampled_from(["title", "a", "B_c", "d-e", "éa", "1a", "true", "<<", "title "])


@settings(max_examples=600, deadline=None)
@given(st.lists(st.tuples(KEYS, st.sampled_from([": ", ":", ":  "]), VALUES | st.text(max_size=8)), max_size=4))
def test_short_way_reads_yaml_as_the_parser_does(rows: list[tuple[str, str, str]]) -> None:
    head = "".join(f"{key}{colon}{value}\n" for key, colon, value in rows)
    simple = _parse_simple(head, 2)
    if simple is not None:
        assert simple == _parse_any(head, 2)


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: f"---\n{text}\n---\n".encode("utf-8", "replace")))
def test_any_bytes_are_read_or_refused_with_a_problem(data: bytes) -> None:
    front = parse(data)
    for problem in front.problems:
        assert problem.code.startswith("content.") and problem.message
    front.body.encode()
    assert front.problems or cut_body(data, "content/x.md") == front.body


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("\n--- \ntitle: [\n---\nText\n---\n", "Text\n---\n"),  # the body can be had though the fields cannot
        ("+++\ntitle = 'T'\n+++\nText", "Text"),
        ('{"title": "T"}\nText', "Text"),
        ("Text", "Text"),
        ("---\ntitle: T\n", ""),
        (f"---\n{'a: b' * 30000}\n---\nText", ""),
    ],
)
def test_a_body_is_cut_off_without_reading_the_fields(text: str, body: str) -> None:
    assert cut_body(text.encode(), "content/x.md") == body


def test_refused_is_never_seen_outside() -> None:
    with pytest.raises(Refused):
        _parse_any("a: [", 1)
