"""An entry of the store is derived as the same content in a file: the site is the same, byte for byte, both ways."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest
from psycopg.types.json import Jsonb

from cms_ssg.entries.export import export_content
from cms_ssg.entries.values import EntryInput
from cms_ssg.files.bundled import folder
from tests.engine.odd_site import check_site
from tests.engine.siteonpage import SiteOnPage, assert_same, read_tree
from tests.entries.writing import move_to_store, save, writing


def export(page: SiteOnPage, into: str = ".") -> int:
    with writing(page) as writer:
        result = export_content(writer.connection, writer.site, writer.site_id, page.root / into)
    assert result.problems == []
    return result.written


@pytest.fixture
def starter(make_site: Callable[[str], SiteOnPage]) -> SiteOnPage:
    page = make_site("-- site.toml --\n", "starter")
    shutil.copytree(folder("verticals") / "blog/starter", page.root, dirs_exist_ok=True)
    shutil.rmtree(page.root / "static", ignore_errors=True)
    for bundle in list((page.root / "content").rglob("index.md")):  # files beside it are those of a file
        shutil.rmtree(bundle.parent)
    for image in [*page.root.rglob("*.jpg"), *page.root.rglob("*.png"), *page.root.rglob("*.webp")]:
        image.unlink()
    for file in (page.root / "content").rglob("*.md"):
        file.write_text(
            "".join(line for line in file.read_text("utf-8").splitlines(keepends=True) if not line.startswith("image")), "utf-8"
        )
    return page


def test_files_moved_into_the_store_and_exported_again_make_the_same_site(starter: SiteOnPage) -> None:
    starter.build()
    before = starter.tree()
    assert move_to_store(starter) > 10
    starter.build()
    assert_same(starter.tree(), before)
    assert export(starter) > 10
    assert export(starter) == 0
    files = read_tree(starter.root / "content")
    clean = starter.build_clean()
    assert_same(clean.tree(), before)
    assert move_to_store(clean) > 10
    export(clean)
    assert read_tree(clean.root / "content") == files


def test_a_sync_leaves_entries_of_the_store_alone_and_the_output_is_a_clean_builds(site: SiteOnPage) -> None:
    save(site, EntryInput("post", {"title": "Born", "date": "2025-05-05", "tags": ["water"]}, "Of the *store*."))
    built = site.build()
    assert "/2025/05/born/" in built.rendered
    assert "<em>store</em>" in (site.output / "2025/05/born/index.html").read_text("utf-8")
    site.write_file("content/posts/more.md", "---\ntitle: More\ndate: 2025-05-06\n---\nText.\n")
    site.build()
    assert (site.output / "2025/05/born/index.html").exists()

    def prepare(clean: SiteOnPage) -> None:
        save(clean, EntryInput("post", {"title": "Born", "date": "2025-05-05", "tags": ["water"]}, "Of the *store*."))

    assert_same(site.tree(), site.build_clean(prepare).tree())
    assert site.build().rendered == frozenset()


def test_a_file_of_the_same_name_wins_while_it_is_there(site: SiteOnPage) -> None:
    save(site, EntryInput("page", {"title": "Stored"}, "From the store.", slug="twice"))
    site.build()
    page = site.output / "twice/index.html"
    assert "From the store." in page.read_text("utf-8")
    site.write_file("content/pages/twice.md", "---\ntitle: Filed\n---\nFrom the file.\n")
    built = site.build()
    assert "From the file." in page.read_text("utf-8")
    assert [p.place for p in built.result.problems if p.code == "content.path-taken"] == ["content/pages/twice.md (api)"]
    site.delete("content/pages/twice.md")
    assert site.build().result.status == "done"
    assert "From the store." in page.read_text("utf-8")


def test_an_entry_whose_exported_file_comes_into_the_site_goes_to_the_trash_with_no_conflict(site: SiteOnPage) -> None:
    save(site, EntryInput("page", {"title": "Stored"}, "From the store.", slug="handed"))
    site.build()
    before = site.tree()
    assert export(site) == 1
    assert site.build().result.problems == []
    assert_same(site.tree(), before)
    owners = site.query("SELECT source, removed_at IS NULL FROM cms.entries WHERE source_key = 'content/pages/handed.md' ORDER BY source")
    assert owners == [("api", False), ("file", True)]


def test_other_settings_of_markdown_reach_entries_of_the_store_and_change_no_version(site: SiteOnPage) -> None:
    save(site, EntryInput("page", {"title": "Quotes"}, 'He said "so".\n'))
    site.build()
    page = site.output / "quotes/index.html"
    assert "“so”" not in page.read_text("utf-8")
    (site.root / "site.toml").write_text((site.root / "site.toml").read_text("utf-8") + "\n[markdown]\ntypographer = true\n", "utf-8")
    site.build()
    assert "“so”" in page.read_text("utf-8")
    assert site.query("SELECT version FROM cms.entries WHERE source = 'api'") == [(1,)]


def test_markdown_and_fields_written_by_sql_are_published_and_an_unsafe_path_is_told(site: SiteOnPage) -> None:
    saved = save(site, EntryInput("post", {"title": "Quotes", "date": "2025-05-05"}, "Old text.\n"))[0]
    site.query("UPDATE cms.entry_texts SET markdown = 'New *text*.' WHERE entry = %s", saved.number)
    site.query('UPDATE cms.entries SET fields = fields || \'{"title": "By SQL"}\' WHERE id = %s', saved.number)
    assert site.build().result.status == "done"
    text = (site.output / "2025/05/quotes/index.html").read_text("utf-8")
    assert "New <em>text</em>." in text and "By SQL" in text
    assert site.query("SELECT version FROM cms.entries WHERE id = %s", saved.number) == [(3,)]
    unsafe = Jsonb({"title": "By SQL", "date": "2025-05-05T00:00:00Z", "slug": "a\u202eb"})
    site.query("UPDATE cms.entries SET fields = %s WHERE id = %s", unsafe, saved.number)
    site.query(
        "INSERT INTO cms.entries (site, source, source_key, collection, type, locale, translation_key, status, fields) "
        "SELECT site, source, 'content/x.md', 'pages', 'nothing', locale, 'x', 'published', '{}' FROM cms.entries WHERE id = %s",
        saved.number,
    )
    built = site.build()
    told = [(p.place, p.message) for p in built.result.problems if p.code == "content.path"]
    assert [place for place, _ in told] == [saved.file, "content/x.md"]
    assert "U+202E" in told[0][1] and "no content type 'nothing'" in told[1][1]
    assert {p.place for p in check_site(site) if p.code == "content.path"} == {saved.file, "content/x.md"}
    assert built.result.status == "partial"
    assert not (site.output / "2025/05/quotes").exists()


def test_an_entry_whose_collection_is_gone_is_told_and_comes_back_with_it(site: SiteOnPage) -> None:
    settings = (site.root / "site.toml").read_text("utf-8")
    collection = '\n[[collection]]\nname = "%s"\npath = "content/%s"\ntype = "%s"\n'
    base = settings + collection % ("posts", "posts", "post") + collection % ("pages", "pages", "page")
    (site.root / "site.toml").write_text(base + collection % ("notes", "notes", "page"), "utf-8")
    saved = save(site, EntryInput(fields={"title": "Note"}, body="Text.", type="page", file="content/notes/note.md"))[0]
    assert saved.action == "added"
    site.build()
    assert (site.output / "note/index.html").exists()
    (site.root / "site.toml").write_text(base, "utf-8")
    built = site.build()
    assert [(p.code, p.place) for p in built.result.problems if p.severity == "error"] == [("entry.no-collection", "content/notes/note.md")]
    assert not (site.output / "note").exists()
    (site.root / "site.toml").write_text(base + collection % ("notes", "notes", "page"), "utf-8")
    assert site.build().result.status == "done"
    assert (site.output / "note/index.html").exists()
