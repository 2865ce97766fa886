"""Entries saved without a file: one or many, validated, versioned, refused where they were changed since they were read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms_ssg.content.frontmatter.parse import parse_front_matter
from cms_ssg.entries.front_matter import write_field
from cms_ssg.entries.save import EntryChangedError
from cms_ssg.entries.values import EntryInput
from cms_ssg.errors import CmsError
from tests.engine.siteonpage import SiteOnPage
from tests.entries.writing import save, writing

POST = EntryInput("post", {"title": "Flood", "date": "2025-05-05", "tags": ["water"]}, "Text.")

SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1), inner, max_size=3), max_leaves=6
)


@given(st.text(min_size=1, max_size=20), VALUES)
def test_a_line_of_front_matter_is_read_as_the_value_it_was_written_for(name: str, value: Any) -> None:
    storable = repr((name, value)).isascii() or "\\ud" not in ascii((name, value))
    if not storable or "\x00" in str((name, value)) or "\\x00" in repr((name, value)) or value is None:
        return
    front = parse_front_matter(f"---\n{write_field(name, value)}---\n".encode(), "a.md")
    assert front.problems == ()
    assert front.fields == {name: value}


def test_an_entry_has_a_version_an_author_and_the_fields_that_its_schema_makes(site: SiteOnPage) -> None:
    with writing(site, author="ada") as writer:
        saved = writer.save_entry(POST)
        assert (saved.action, saved.file, saved.version) == ("added", "content/posts/flood.md", 1)
        again = writer.save_entry(EntryInput(number=saved.number, fields={"tags": ["water", "rain"], "summary_of_ours": 1}, body="More."))
        assert (again.action, again.version) == ("changed", 2)
        assert again.changes["tags"] == [["water"], ["water", "rain"]]
        assert again.changes["body"] == ["Text.", "More."]
        assert writer.save_entry(EntryInput(number=saved.number, fields={"tags": ["water", "rain"]})).action == "unchanged"
        changed = writer.save_entry(EntryInput(number=saved.number, fields={"summary_of_ours": 2, "tags": None}))
        assert changed.changes == {"metadata": [{"summary_of_ours": 1}, {"summary_of_ours": 2}], "tags": [["water", "rain"], None]}
    row = site.query("SELECT author, version, fields ->> 'date', status FROM cms.entries WHERE source = 'api'")
    assert row == [("ada", 3, "2025-05-05T00:00:00Z", "published")]


def test_what_its_schema_refuses_is_not_saved_and_the_others_are(site: SiteOnPage) -> None:
    results = save(
        site, POST, EntryInput("post", {"title": "Bad", "date": "nonsense"}), EntryInput("nothing", {"title": "x"}), EntryInput("post", {}),
        EntryInput("post", {"title": "Flood", "date": "2025-05-06"}), EntryInput("page", {"title": "P"}, locale="xx"),
        EntryInput("page", {"title": "Too much", "notes": "x" * 70_000}), EntryInput(number=99_999, fields={"title": "Gone"}),
        EntryInput("post", {"title": "A slug of spaces", "slug": " "}, external_key="k1"),
    )  # fmt: skip
    codes = [result.problems[0].code if result.action == "failed" else result.action for result in results]
    assert codes == [
        "added", "content.field", "entry.no-type", "entry.no-slug", "entry.exists", "entry.no-locale", "content.front-matter-size",
        "entry.not-found", "entry.no-slug",
    ]  # fmt: skip
    assert site.query("SELECT count(*) FROM cms.entries WHERE source = 'api'") == [(1,)]


def test_an_entry_that_was_changed_since_it_was_read_is_refused_with_both_values(site: SiteOnPage) -> None:
    with writing(site, author="ada") as writer:
        number = writer.save_entry(POST).number
        writer.save_entry(EntryInput(number=number, fields={"title": "Ada's"}, expected_version=1))
        with pytest.raises(EntryChangedError) as caught:
            writer.save_entry(EntryInput(number=number, fields={"title": "Bob's"}, expected_version=1))
    assert caught.value.current.version == 2
    said = " ".join(str(problem) for problem in caught.value.problems)
    assert 'stored is "Ada\'s"' in said and 'given was "Bob\'s"' in said and "by ada" in said
    assert caught.value.conflicts["title"] == ("Flood", "Ada's", "Bob's")
    site.query('UPDATE cms.entries SET fields = fields || \'{"section": "x"}\' WHERE id = %s', number)
    with writing(site) as writer:
        saved = writer.save_entry(EntryInput(number=number, fields={"title": "Bob's"}, expected_version=2))
    assert (saved.version, saved.merged) == (4, ("section",))
    assert site.query("SELECT fields ->> 'section', fields ->> 'title' FROM cms.entries WHERE id = %s", number) == [("x", "Bob's")]


def test_an_entry_of_a_file_is_refused(site: SiteOnPage) -> None:
    number = site.query("SELECT id FROM cms.entries WHERE source = 'file' LIMIT 1")[0][0]
    with writing(site) as writer, pytest.raises(CmsError, match=r"entry\.of-file"):
        writer.save_entry(EntryInput(number=number, fields={"title": "Mine"}))


def test_a_thousand_entries_are_saved_by_a_handful_of_statements(site: SiteOnPage) -> None:
    rows = [EntryInput("page", {"title": f"Page {n}"}, "Text.", external_key=str(n)) for n in range(1000)]
    with writing(site, "import:pages") as writer:
        counted = 0
        execute = writer.connection.execute

        # the driver is real; only its calls are counted
        def count(*args: Any, **values: Any) -> Any:
            nonlocal counted
            counted += 1
            return execute(*args, **values)

        writer.connection.execute = count  # type: ignore[method-assign]
        with writer.connection.transaction():
            assert {saved.action for saved in writer.save_entries(rows)} == {"added"}
        with writer.connection.transaction():
            assert {saved.action for saved in writer.save_entries(rows)} == {"unchanged"}
        changed = [EntryInput("page", {"title": f"Changed {n}"}, external_key=str(n)) for n in range(1000)]
        with writer.connection.transaction():
            assert {saved.action for saved in writer.save_entries(changed)} == {"changed"}
    assert counted < 30
    assert site.query("SELECT count(*), min(version), max(version) FROM cms.entries WHERE source = 'import:pages'") == [(1000, 2, 2)]


def test_two_of_one_title_get_files_of_their_own_by_their_keys(site: SiteOnPage) -> None:
    rows = [EntryInput("page", {"title": "Same"}, external_key=key) for key in ("a1", "b2", "x" * 90)]
    files = [saved.file for saved in save(site, *rows, source="import:pages")]
    assert files[:2] == ["content/pages/same.md", "content/pages/same-b2.md"]
    assert len(set(files)) == 3
    assert save(site, EntryInput("page", {"title": "Same"}, external_key="b2"), source="import:others")[0].action == "added"
    assert save(site, EntryInput("page", {"title": "Same"}, external_key="a1"), source="import:pages")[0].action == "unchanged"


def test_an_unsaved_row_leaves_no_trace_in_a_dry_run(site: SiteOnPage) -> None:
    with writing(site) as writer:
        assert writer.save_entries([POST], dry_run=True)[0].action == "added"
    assert site.query("SELECT count(*) FROM cms.entries WHERE source = 'api'") == [(0,)]
