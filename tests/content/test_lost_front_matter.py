"""Front matter that is none by a slip is an error: what it hides must not be published as text."""

from __future__ import annotations

import pytest

from cms_ssg.content.frontmatter.parse import parse_front_matter

KEYS = "title: X\ndraft: true\n"


@pytest.mark.parametrize(
    "text",
    [
        f" ---\n{KEYS} ---\nx\n", f"\u2014\n{KEYS}\u2014\nx\n", f"\u2014-\n{KEYS}\u2014-\n", f"\u2013\u2013\n{KEYS}", f"----\n{KEYS}----\nx\n", f"--\n{KEYS}--\n",
        f"{KEYS}\nText\n", "Title: X\nDate: 2025-01-01\n\nText\n", f"<!-- mine -->\n---\n{KEYS}---\nx\n", f"\n\n <!-- a\nb -->\n\n\t---\n{KEYS}---\n",
        f"```yaml\n---\n{KEYS}---\n```\nx\n", f"~~~\n---\n{KEYS}---\n~~~\n", ";;;\n{\"title\": \"X\", \"draft\": true}\n;;;\n", f"++++\n{KEYS}++++\n", f"===\n{KEYS}===\n",
    ],
)  # fmt: skip
def test_lines_that_look_like_front_matter_are_never_published_as_text(text: str) -> None:
    found = parse_front_matter(text.encode(), "a.md")
    (problem,) = found.problems
    assert (problem.code, found.body) == ("content.front-matter-lost", "")
    assert text.split("\n")[problem.line - 1].strip()


@pytest.mark.parametrize(
    "text",
    [
        "Title: a short film\n\nIt begins.\n", "# Title\n\ndate: none\n", "----\n\ntitle: X\n", "***\n\nText\n", "\u2014\nHe said.\n", "```yaml\ntitle: X\ndraft: true\n```\n",
        f"Text\n\n---\n{KEYS}---\n", f"---\ntitle: Y\n---\n----\n{KEYS}----\n", "date : why\nnote: x\n", "<!-- a comment -->\nText\n", "",
    ],
)  # fmt: skip
def test_a_text_that_only_begins_so_is_a_text(text: str) -> None:
    found = parse_front_matter(text.encode(), "a.md")
    assert found.problems == ()


def test_yaml_between_lines_of_toml_is_said() -> None:
    (problem,) = parse_front_matter(b"+++\ntitle: X\n+++\n", "a.md").problems
    assert (problem.code, problem.line) == ("content.toml", 2)
    assert "Between lines '---' stands YAML" in problem.hint


@pytest.mark.parametrize(("text", "line"), [(f"+++\na = 1\nn = {'9' * 5000}\n+++\n", 3), ('{"a": 1,\n"n": ' + "9" * 5000 + "}\n", 2)])
def test_a_number_that_python_cannot_read_is_told_with_its_line(text: str, line: int) -> None:
    (problem,) = parse_front_matter(text.encode(), "a.md").problems
    assert (problem.line, len(str(problem)) < 200) == (line, True)


def test_a_number_that_python_cannot_write_is_kept_as_a_text() -> None:
    assert parse_front_matter(f"+++\nn = 0x{'f' * 4000}\n+++\n".encode(), "a.md").fields == {"n": f"0x{'f' * 4000}"}
