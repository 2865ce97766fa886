"""Content that brands share: each shows it, one may have its own, and a change renders in each brand only what shows it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from cms_ssg.entries.edit import Editor
from cms_ssg.entries.history import compare_versions, find_stored, read_log, revert_entry
from cms_ssg.errors import UsageError
from cms_ssg.store.texts import load_entries
from tests.corporate.conftest import Group
from tests.engine.siteonpage import SiteOnPage, read_tree, wipe
from tests.entries.writing import writing

CAREERS = "content/pages/careers.md"


def shared(group: Group) -> Path:
    return group["fjell"].root.parents[1] / "shared"


def edit(group: Group, file: str, text: str) -> None:
    path = shared(group) / file
    path.write_text(path.read_text("utf-8") + text, "utf-8")


def assert_clean(site: SiteOnPage, tmp_path: Path) -> None:
    """What was built step by step is what a build from nothing makes."""
    target = tmp_path / "clean" / site.root.parent.name
    shutil.copytree(site.root.parents[1] / "shared", target.parent / "shared", dirs_exist_ok=True)
    folder = target / site.root.name
    shutil.copytree(site.root, folder, ignore=shutil.ignore_patterns("build", ".cms"))
    wipe(site.clean_url)
    clean = SiteOnPage(folder, site.clean_url, site.url)
    assert clean.build().result.status == "done"
    assert read_tree(clean.output) == read_tree(site.output)


def test_an_edit_of_shared_content_renders_in_each_brand_only_what_shows_it(group: Group, tmp_path: Path) -> None:
    for site in group.values():
        assert site.build().result.status == "done"
    edit(group, CAREERS, "\nA new line.\n")
    assert group["fjell"].build().pages == {"/careers/", "/it/careers/"}  # shown in Italian too, where it is not translated
    assert group["lumen"].build().pages == {"/careers/"}
    assert group["marea"].build().pages == set()  # it has a page of its own
    assert_clean(group["fjell"], tmp_path)


def test_a_brands_own_file_takes_the_place_of_the_shared_one_until_it_goes(group: Group, tmp_path: Path) -> None:
    site = group["lumen"]
    site.build()
    site.write_file(CAREERS, "---\ntitle: Jobs at Lumen\n---\nOurs.\n")
    built = site.build()
    assert built.result.problems == []
    assert "Jobs at Lumen" in (site.output / "careers/index.html").read_text("utf-8")
    assert "/careers/" in built.pages
    site.write_file(CAREERS, "---\ntitle: Jobs at Lumen\ndraft: true\n---\nOurs.\n")
    assert site.build().removed >= {"careers/index.html"}  # hidden here, without a word in the shared file
    site.delete(CAREERS)
    site.build()
    assert "jobs@group.example" in (site.output / "careers/index.html").read_text("utf-8")
    assert_clean(site, tmp_path)


def test_a_shared_file_that_goes_or_is_added_goes_and_comes_in_every_brand(group: Group, tmp_path: Path) -> None:
    site = group["lumen"]
    site.build()
    (shared(group) / "content/pages/imprint.md").write_text("---\ntitle: Imprint\n---\nWho we are.\n")
    (shared(group) / "content/pages/privacy.md").unlink()
    built = site.build()
    assert "privacy/index.html" in built.removed
    assert "/imprint/" in built.pages
    assert_clean(site, tmp_path)


def test_a_shared_file_with_an_error_keeps_what_was_read_last_and_is_named_in_every_build(group: Group) -> None:
    site = group["lumen"]
    site.build()
    (shared(group) / CAREERS).write_text("---\ntitle: [\n---\n")
    for _ in range(2):
        problems = site.build().result.problems
        assert [(problem.place, problem.severity) for problem in problems] == [(f"../../shared/{CAREERS}", "error")]
    assert "jobs@group.example" in (site.output / "careers/index.html").read_text("utf-8")


def test_a_translation_into_a_language_that_a_brand_has_not_is_no_page_there(group: Group) -> None:
    group["lumen"].build()
    assert not list(group["lumen"].output.rglob("*.fr*"))
    assert group["lumen"].query("SELECT count(*) FROM cms.entries WHERE source_key LIKE '%%.fr.md'") == [(0,)]


def test_no_site_reads_anothers_drafts_or_entries(group: Group) -> None:
    group["fjell"].write_file("content/posts/secret-coat.md", "---\ntitle: Secret coat\ndate: 2026-02-25\ndraft: true\n---\nHush.\n")
    for site in group.values():
        assert site.build().result.status == "done"
    for site in group.values():
        assert not [key for key, data in read_tree(site.output).items() if b"Secret coat" in data]
    foreign = group["fjell"].query(
        "SELECT o.path FROM cms.outputs o CROSS JOIN LATERAL unnest(o.reads) k JOIN cms.entries e ON k BETWEEN e.id * 4 AND e.id * 4 + 2"
        " WHERE e.site <> o.site"
    )
    assert foreign == []
    assert group["fjell"].query("SELECT count(*) FROM cms.cards c JOIN cms.entries e ON e.id = c.entry WHERE c.site <> e.site") == [(0,)]


def test_a_shared_entry_is_not_edited_in_one_brand(group: Group) -> None:
    site = group["lumen"]
    site.build()
    number = site.query("SELECT id FROM cms.entries WHERE source = 'shared' AND source_key = %s", CAREERS)[0][0]
    with writing(site) as writer:
        editor = Editor(writer.connection, writer.site, writer.site_id)
        with pytest.raises(UsageError, match="several sites share"):
            editor.set_fields(str(number), ["title=x"], [])
        assert load_entries(writer.connection, writer.site_id, [number])[0].version == 1


def test_a_shared_entry_has_a_log_with_the_commits_of_its_file_and_versions_to_compare(group: Group) -> None:
    folder = shared(group)
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "Begin")):
        subprocess.run(["git", "-c", "user.name=ada", "-c", "user.email=ada@example.org", *command], cwd=folder, check=True)
    site = group["lumen"]
    site.build()
    edit(group, CAREERS, "\nA new line.\n")
    site.build()
    with writing(site) as writer:
        entry = find_stored(writer.connection, writer.site, writer.site_id, CAREERS)
        log = read_log(writer.connection, writer.site, writer.site_id, CAREERS)
        assert [(item.author, item.what, item.origin.partition(":")[0]) for item in log] == [
            ("", "changed body", "shared"), ("", "added", "shared"), ("ada", "Begin", "git"),
        ]  # fmt: skip
        assert compare_versions(writer.connection, writer.site_id, entry, 1, 2).keys() == {"body"}
        with pytest.raises(UsageError, match="several sites share"):
            revert_entry(writer, entry, 1)


def test_shared_content_is_read_again_when_a_setting_changes_how_and_that_is_no_revision(group: Group, tmp_path: Path) -> None:
    site = group["lumen"]
    edit(group, CAREERS, '\nA "quoted" word.\n')
    for folder, _, files in os.walk(shared(group)):  # as if nobody had touched them for long
        for name in files:
            os.utime(Path(folder) / name, (1_700_000_000, 1_700_000_000))
    site.build()
    revisions = site.query("SELECT count(*) FROM cms.revisions")
    site.write_file("site.toml", (site.root / "site.toml").read_text("utf-8") + "\n[markdown]\ntypographer = true\n")
    assert "/careers/" in site.build().pages
    assert "“quoted”" in (site.output / "careers/index.html").read_text("utf-8")
    assert site.query("SELECT count(*) FROM cms.revisions") == revisions
    assert_clean(site, tmp_path)


def test_a_site_that_shares_no_more_loses_the_shared_pages(group: Group, tmp_path: Path) -> None:
    site = group["lumen"]
    site.build()
    site.edit("site.toml", 'shared = ["../../shared"]', "shared = []")
    for ref in ("responsibility", "careers", "privacy"):
        site.edit("site.toml", f'ref = "page:{ref}"', 'url = "/about/"')
    assert "careers/index.html" in site.build().removed
    assert_clean(site, tmp_path)


def test_files_data_texts_and_types_are_shared_too_and_a_brands_own_are_stronger(group: Group, tmp_path: Path) -> None:
    root = shared(group)
    for file, text in (
        ("static/press/logo.txt", "shared"), ("static/press/own.txt", "shared"), ("data/group.toml", 'phone = "1"\n'), ("i18n/en.toml", 'home = "Start"\n'),
        ("content_schema/page.json", '{"properties": {"reviewed": {"type": "boolean"}}}'),
    ):  # fmt: skip
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(text, "utf-8")
    (root / "static/press/photo.png").write_bytes((Path(__file__).parents[1] / "data/images/l_trns.png").read_bytes())
    page = root / "content/pages/press.md"
    page.write_text("---\ntitle: Press\nreviewed: maybe\n---\n![A photo](/press/photo.png)\n", "utf-8")
    site = group["fjell"]
    site.write_file("static/press/own.txt", "own")
    problems = [(problem.place, problem.code) for problem in site.build().result.problems]
    assert problems == [("../../shared/content/pages/press.md", "content.field")], "the shared type knows the field"
    page.write_text(page.read_text("utf-8").replace("maybe", "true"), "utf-8")
    site.write_file("themes/fjell/templates/page.html", "{{ data('group').phone }} {{ t('home') }} {{ entry.content }}")
    settings = site.root / "site.toml"
    settings.write_text('theme = "fjell"\n' + settings.read_text("utf-8").replace("theme = ", "# theme = "), "utf-8")
    assert site.build().result.problems == []
    shown = (site.output / "press/index.html").read_text("utf-8")
    assert shown.startswith("1 Start ") and "photo" in shown
    assert [(site.output / f"press/{name}.txt").read_text("utf-8") for name in ("logo", "own")] == ["shared", "own"]
    assert_clean(site, tmp_path)
    (root / "static/press/logo.txt").write_text("changed", "utf-8")
    assert site.build().written == {"press/logo.txt"}
    (root / "static/press/logo.txt").unlink()
    (root / "data/group.toml").write_text('phone = "2"\n', "utf-8")
    built = site.build()
    assert built.removed == {"press/logo.txt"}
    assert "/press/" in built.pages
    assert (site.output / "press/index.html").read_text("utf-8").startswith("2 Start ")
    assert site.build().written == set()
