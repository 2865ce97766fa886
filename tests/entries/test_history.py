"""Revisions: who changed what, whoever it was; two versions compared; an entry as it was; an act taken back."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cms_ssg.entries.edit import Editor
from cms_ssg.entries.history import compare_versions, find_last_act, find_stored, read_log, revert_entry, show_changes, undo_act
from cms_ssg.entries.values import EntryInput
from cms_ssg.errors import CmsError, UsageError
from cms_ssg.store.texts import load_entries
from cms_ssg.types import Json
from tests.engine.siteonpage import SiteOnPage
from tests.entries.writing import save, writing

POST = EntryInput("post", {"title": "Flood", "date": "2025-05-05", "tags": ["water"]}, "One.\n\nTwo.\n")


def commit(root: Path, author: str, message: str) -> None:
    who = ["-c", f"user.name={author}", "-c", f"user.email={author}@example.org"]
    subprocess.run(["git", *who, "add", "-A", "content", "site.toml"], cwd=root, check=True)
    subprocess.run(["git", *who, "commit", "-qm", message], cwd=root, check=True)


def test_every_write_is_a_revision_with_its_author_and_a_body_is_kept_only_where_it_changed(site: SiteOnPage) -> None:
    number = save(site, POST, author="ada")[0].number
    save(site, EntryInput(number=number, fields={"title": "Floods"}), author="bob")
    save(site, EntryInput(number=number, body="One.\n\n2.\n"), source="import:wire", author="")
    site.query('UPDATE cms.entries SET fields = fields || \'{"section": "x"}\' WHERE id = %s', number)
    site.query("UPDATE cms.entry_texts SET markdown = 'By hand.' WHERE entry = %s", number)
    rows = site.query(
        "SELECT version, kind::text, author, origin, changes, body FROM cms.revisions WHERE entry = %s ORDER BY version", number
    )
    user = site.query("SELECT session_user::text")[0][0]
    assert rows == [
        (1, "a", "ada", "api", {}, None),
        (2, "c", "bob", "api", {"title": ["Flood", "Floods"]}, None),
        (3, "c", "", "import:wire", {}, "One.\n\nTwo.\n"),
        (4, "c", user, "sql", {"section": [None, "x"]}, None),
        (5, "c", user, "sql", {}, "One.\n\n2.\n"),
    ]
    assert site.query("SELECT version FROM cms.entries WHERE id = %s", number) == [(5,)]


def test_a_build_and_a_save_that_change_nothing_leave_no_revision(site: SiteOnPage) -> None:
    number = save(site, POST)[0].number
    before = site.query("SELECT count(*) FROM cms.revisions")
    save(site, EntryInput(number=number, fields={"title": "Flood"}))
    site.build()
    site.build(full=True)
    assert site.query("SELECT count(*) FROM cms.revisions") == before


def test_an_edit_of_a_file_has_the_author_of_its_commit(site: SiteOnPage) -> None:
    subprocess.run(["git", "init", "-q"], cwd=site.root, check=True)
    site.write_file("content/posts/wall.md", "---\ntitle: Wall\ndate: 2025-01-01\n---\nText.\n")
    commit(site.root, "ada", "Begin")
    site.build()
    site.edit("content/posts/wall.md", "title: Wall", "title: The wall")
    commit(site.root, "bob", "Rename")
    site.build()
    rows = site.query("SELECT r.author, r.origin, r.changes FROM cms.revisions r JOIN cms.entries e ON e.id = r.entry"
                      " WHERE e.source_key = 'content/posts/wall.md' ORDER BY r.version")  # fmt: skip
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=site.root, check=True, capture_output=True, text=True).stdout.strip()
    assert rows[-1] == ("bob", f"git:{head}", {"title": ["Wall", "The wall"]})
    with writing(site) as writer:
        log = read_log(writer.connection, writer.site, writer.site_id, "content/posts/wall.md")
    assert [(item.author, item.what) for item in log] == [("bob", "changed title"), ("", "added"), ("ada", "Begin")]


def test_what_is_read_again_for_a_setting_is_no_revision_and_a_change_of_a_files_body_is_named(site: SiteOnPage) -> None:
    file = "content/posts/wall.md"
    site.write_file(file, "---\ntitle: Wall\ndate: 2025-01-01\n---\nText.\n")
    site.build()
    before = site.query("SELECT count(*) FROM cms.revisions")
    site.write_file("site.toml", (site.root / "site.toml").read_text("utf-8") + "\n[limits]\nfront_matter_kb = 63\n")
    key = site.query("SELECT digest FROM cms.entries WHERE source_key = %s", file)
    site.build()
    assert site.query("SELECT digest FROM cms.entries WHERE source_key = %s", file) != key, "it was read again"
    assert site.query("SELECT count(*) FROM cms.revisions") == before

    def compare() -> tuple[dict[str, list[Json]], str]:
        with writing(site) as writer:
            entry = find_stored(writer.connection, writer.site, writer.site_id, file)
            changes = compare_versions(writer.connection, writer.site_id, entry, entry.version - 1)
            return changes, show_changes(changes, entry.file)

    site.edit(file, "title: Wall", "title: High wall")
    site.build()
    assert compare() == ({"title": ["Wall", "High wall"]}, "- title: Wall\n+ title: High wall")
    site.edit(file, "Text.", "More text.")
    site.build()
    changes, said = compare()
    assert changes.keys() == {"body"} and said == f"~ body: git log -p -- {file} shows its changes"


def test_an_entry_becomes_again_what_it_was_and_that_is_a_new_version(site: SiteOnPage) -> None:
    with writing(site, author="ada") as writer:
        number = writer.save_entry(POST).number
        writer.save_entry(EntryInput(number=number, fields={"title": "Other", "tags": None, "extra": 1}, body="Gone.\n", status="draft"))
        writer.save_entry(EntryInput(number=number, status="trashed"))
        entry = find_stored(writer.connection, writer.site, writer.site_id, str(number))
        changes = compare_versions(writer.connection, writer.site_id, entry, 1, 2)
        assert changes["title"] == ["Flood", "Other"]
        assert changes["tags"] == [["water"], None]
        assert changes["body"] == ["One.\n\nTwo.\n", "Gone.\n"]
        assert changes["status"] == ["published", "draft"]
        assert revert_entry(writer, entry, 1).version == 4
        again = load_entries(writer.connection, writer.site_id, [number])[0]
        assert (again.fields["title"], again.fields["tags"], again.markdown, again.status, again.removed) == (
            "Flood", ["water"], "One.\n\nTwo.\n", "published", False,
        )  # fmt: skip
        assert "metadata" not in again.fields
        with pytest.raises(UsageError, match="no version 9"):
            revert_entry(writer, again, 9)


def test_an_act_is_taken_back_and_later_changes_of_other_fields_stay(site: SiteOnPage) -> None:
    with writing(site) as writer:
        editor = Editor(writer.connection, writer.site, writer.site_id, "ada")
        number = editor.create(POST).number
        editor.set_fields(str(number), ["title=Flooded"], [])
        bob = Editor(writer.connection, writer.site, writer.site_id, "bob")
        act = find_last_act(writer.connection, writer.site_id)
        bob.set_fields(str(number), ["section=news"], [])
        result = undo_act(editor.entries, act)
        assert (result.restored, result.conflicts) == ([number], {})
        fields = load_entries(writer.connection, writer.site_id, [number])[0].fields
        assert (fields["title"], fields["section"]) == ("Flood", "news")
        with pytest.raises(UsageError, match="taken back before"):
            find_last_act(writer.connection, writer.site_id, act.id)


def test_an_act_whose_field_was_changed_again_is_left_and_named(site: SiteOnPage) -> None:
    with writing(site) as writer:
        editor = Editor(writer.connection, writer.site, writer.site_id, "ada")
        number = editor.create(POST).number
        editor.set_fields(str(number), ["title=Second"], [])
        act = find_last_act(writer.connection, writer.site_id)
        editor.set_fields(str(number), ["title=Third"], [])
        result = undo_act(editor.entries, act)
        assert result.restored == []
        assert result.conflicts[number][0].code == "entry.changed"
        assert load_entries(writer.connection, writer.site_id, [number])[0].fields["title"] == "Third"


def test_an_act_that_changed_nothing_cannot_be_taken_back(site: SiteOnPage) -> None:
    with writing(site) as writer:
        editor = Editor(writer.connection, writer.site, writer.site_id, "ada")
        number = editor.create(POST).number
        with editor.act("revert", "to a version that is not there"):
            pass
        act = find_last_act(writer.connection, writer.site_id, site.query("SELECT max(id) FROM cms.acts")[0][0])
        with pytest.raises(UsageError, match="changed no entries"):
            undo_act(editor.entries, act)
        assert find_last_act(writer.connection, writer.site_id).kind == "create"
        assert load_entries(writer.connection, writer.site_id, [number])[0].version == 1


def test_what_is_refused_is_in_the_audit_log_too(site: SiteOnPage) -> None:
    with writing(site) as writer:
        editor = Editor(writer.connection, writer.site, writer.site_id, "mallory")
        with pytest.raises(CmsError):
            editor.create(EntryInput("nothing", {"title": "x"}))
    assert site.query("SELECT author, kind, refused LIKE '%%no collection holds%%' FROM cms.acts") == [("mallory", "create", True)]


def test_a_deleted_entry_leaves_all_it_had_in_its_last_revision(site: SiteOnPage) -> None:
    number = save(site, POST)[0].number
    site.query("DELETE FROM cms.entry_texts WHERE entry = %s", number)
    site.query("DELETE FROM cms.bodies WHERE entry = %s", number)
    site.query("DELETE FROM cms.entries WHERE id = %s", number)
    row = site.query(
        "SELECT kind::text, changes -> 'title' ->> 0, changes -> 'file' ->> 0 FROM cms.revisions WHERE entry = %s AND kind = 'd'", number
    )
    assert row == [("d", "Flood", "content/posts/flood.md")]
    assert site.query("SELECT count(*) FROM cms.revisions WHERE entry = %s AND body = %s", number, POST.body) == [(1,)]
