"""Addresses that front matter gives, and those of other systems: what is taken, what is changed, and what is told."""

from __future__ import annotations

import pytest

from cms_ssg.config.settings import Collection
from tests.content.test_read import codes, read, rules_of


def test_an_alias_that_is_a_whole_address_is_left_out_with_what_to_write() -> None:
    draft, problems = read("---\ndate: 2025-01-01\naliases: ['https://example.org/old/', 'ftp://a.org', /go/http:/x]\n---\n")
    assert draft is not None and draft.fields["aliases"] == ["/go/http:/x"]
    assert [problem.message for problem in problems] == [
        "aliases: 'https://example.org/old/' is a whole address",
        "aliases: 'ftp://a.org' is a whole address",
    ]
    assert problems[0].hint == "It is left out. Write what follows the host, beginning with /."


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("permalink: /a b/{c}/", "becomes '/a-b/c/'"),
        ("permalink: /:year/:title/", "becomes '/year/title/'"),
        ("permalink: a/b/", "is not used"),
        ("slug: a/b", "becomes 'a-b'"),
        (f"slug: {'long word ' * 12}", "becomes"),
        ("permalink: /a/b", ""),
        ("permalink: /a/index.html", ""),
        ("permalink: /", ""),
        ("slug: My own_Slug", ""),
    ],
)
def test_a_path_or_slug_that_is_changed_is_told_with_its_line(line: str, said: str) -> None:
    rules = rules_of(Collection(name="c", url="/{year}/{slug}/", fields={"path": "permalink"}))
    problems = read(f"---\ndate: 2025-01-01\n{line}\n---\n", "content/x.md", rules)[1]
    assert [(p.code, p.line, p.severity) for p in problems] == [("content.changed-path", 3, "warning")] * bool(said)
    assert not said or said in problems[0].message
    assert not said or problems[0].message.startswith(line.partition(" ")[0]), "under the name in the file"


def test_a_path_of_another_system_that_is_not_used_is_told_with_what_to_set() -> None:
    problems = read("---\ndate: 2025-01-01\npermalink: /fr/name/\nurl: https://example.org/\n---\n")[1]
    assert [(p.code, p.line, p.severity, p.message) for p in problems] == [
        ("content.unknown-field", 3, "warning", "permalink: it is not the address of this page")
    ]
    assert problems[0].hint == 'Write path: /fr/name/, or set fields = { path = "permalink" } in the collection.'
    assert [p.line for p in read("---\ndate: 2025-01-01\nurl: /name/\n---\n")[1]] == [3]


def test_a_path_may_be_no_address_and_a_key_of_three_letters_is_no_slip_of_id() -> None:
    assert codes("---\ndate: 2025-01-01\npath: https://old.example/x/\n---\n") == [("content.path", 3, "error")]
    assert codes("---\ndate: 2025-01-01\nuid: 7\n---\n") == []
