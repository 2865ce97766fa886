"""What cannot work in a collection is told once, at its line in site.toml, and not on each file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.small_site import SITE, Cms

POSTS = '[[collection]]\nname = "posts"\npath = "content/posts"\n'  # lines 6 to 8 of site.toml


def tell(site: Path, cms: Cms, rule: str, command: str = "check") -> tuple[int, list[tuple[str, str, int, str, str]]]:
    (site / "site.toml").write_text(SITE + POSTS + rule)
    code, result, _ = cms(command)
    return code, [(p["code"], p["place"], p["line"], p["message"], p["hint"]) for p in result["problems"]]


@pytest.mark.parametrize(
    ("rule", "line", "message", "hint"),
    [
        ('type = "psot"\n', 9, 'collection[0].type is no content type: "psot"', 'Did you mean "post"?'),
        (
            '[collection.types]\n"a/*" = "page"\n"b/*" = "pagge"\n', 11,
            'collection[0].types.b/* is no content type: "pagge"', 'Did you mean "page"?',
        ),
        ('url = "/{year}/{sectoin}/{slug}/"\n', 9, "collection[0].url holds {sectoin}, which is no field of a post", 'Did you mean "section"?'),
        ('url = "/{my-field}/"\n', 9, "collection[0].url is not a URL pattern: a brace in the URL pattern", 'Such as "/{year}/'),
        ('defaults = {weight = "heavy"}\n', 9, "collection[0].defaults.weight is not as its content type says: ", ""),
    ],
)  # fmt: skip
def test_what_cannot_work_in_a_collection_is_an_error_at_its_line(
    site: Path, cms: Cms, rule: str, line: int, message: str, hint: str
) -> None:
    for command, fails in (("check", 3), ("build", 1), ("plan", 1), ("sync", 1)):
        code, told = tell(site, cms, rule, command)
        assert code == fails
        ((name, place, at, said, way),) = told
        assert (name, place, at) == ("settings.wrong-value", "site.toml", line)
        assert said.startswith(message)
        assert way.startswith(hint)


def test_pattern_with_a_date_needs_a_type_with_one(site: Path, cms: Cms) -> None:
    (site / "content_schema").mkdir()
    (site / "content_schema/note.json").write_text(json.dumps({"x-extends": "", "properties": {"title": {"type": "string"}}}))
    code, told = tell(site, cms, 'type = "note"\nurl = "/{year}/{slug}/"\n')
    assert code == 3
    assert [row[2:4] for row in told] == [(10, "collection[0].url holds {year}, but a note has no date")]


def test_pattern_of_an_own_type_that_names_no_field_is_told_in_its_file(site: Path, cms: Cms) -> None:
    (site / "content_schema").mkdir()
    schema: dict[str, Any] = {"x-url": "/{cuisin}/{slug}/", "properties": {"cuisine": {"type": "string"}}}
    (site / "content_schema/recipe.json").write_text(json.dumps(schema, indent=1))
    code, told = tell(site, cms, 'type = "recipe"\n')
    assert code == 3
    assert told == [
        ("schema.unsupported", "content_schema/recipe.json", 2, "keyword 'x-url': there is no field 'cuisin'", 'Did you mean "cuisine"?')
    ]


def test_misspelt_fields_of_a_collection_are_one_warning_each_and_the_files_are_published(site: Path, cms: Cms) -> None:
    (site / "content/posts/rain.md").write_text("---\ntitle: Rain\ndate: 2025-03-02\nsummary: Wet.\n---\n")
    rule = 'fields = {exerpt = "summary"}\ndefaults = {secton = "news"}\n[collection.split]\ntgas = ","\n'
    wanted = [("settings.unknown-field", "site.toml", line, hint) for line, hint in ((9, "excerpt"), (10, "section"), (12, "tags"))]
    for command in ("check", "build"):
        code, told = tell(site, cms, rule, command)
        assert code == 0
        assert sorted((row[0], row[1], row[2], row[4].split('"')[1]) for row in told) == wanted
    assert (site / "build/2025/03/rain/index.html").is_file()


def test_misspelt_field_of_a_file_is_still_told_there(site: Path, cms: Cms) -> None:
    (site / "content/posts/rain.md").write_text("---\ntitle: Rain\ndate: 2025-03-02\nexerpt: Wet.\n---\n")
    code, told = tell(site, cms, "")
    assert code == 0
    assert [row[:3] for row in told] == [("content.unknown-field", "content/posts/rain.md", 4)]


def test_wrong_type_of_an_environment_is_told_where_the_environment_says_it(site: Path, cms: Cms) -> None:
    (site / "site.toml").write_text(
        SITE + '[[env.staging.collection]]\nname = "posts"\npath = "content/posts"\ntype = "psot"\n[env.staging.target]\nurl = "folder:b"\n'
    )
    code, result, _ = cms("check", "--env", "staging")
    assert code == 3
    assert [(p["code"], p["line"]) for p in result["problems"]] == [("settings.wrong-value", 9)]
    assert cms("check")[0] == 0
