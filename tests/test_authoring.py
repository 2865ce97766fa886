"""New, edit, publish, move, trash: what happens to the files, and how a file is found by what people call it."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cms_ssg.authoring import NewEntry, find_content, new_entry, publish, restore, set_fields, trash, unpublish
from cms_ssg.config.load import load_settings
from cms_ssg.errors import CmsError, UsageError
from cms_ssg.site import Site

NOW = datetime(2026, 11, 23, 8, 30, 15, tzinfo=UTC)

SITE = 'timezone = "Europe/Rome"\nbase_url = "https://a.org"\n'
FLOOD = "---\ntitle: The great flood  # of 1966\nslug: flood\ndate: 2025-03-01\ndraft: true\n---\nWater.\n"


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text.encode())
    return root


def open_site(root: Path) -> Site:
    return Site(root, load_settings(root, {}))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    posts = {"content/posts/the-flood.md": FLOOD, "content/posts/drought.md": "---\ntitle: A great drought\ndate: 2025-04-01\n---\nDust.\n"}
    return open_site(write(tmp_path, {"site.toml": SITE, **posts, "content/pages/about.md": "# About us\n"}))


def text_of(site: Site, file: str) -> str:
    return (site.root / file).read_bytes().decode()


def code_of(error: pytest.ExceptionInfo[CmsError]) -> str:
    return error.value.problems[0].code


# Finding


@pytest.mark.parametrize(
    "what",
    [
        "content/posts/the-flood.md",
        "./content/posts/the-flood.md",
        "posts/the-flood.md",
        "the-flood.md",
        "flood",
        "the-flood",
        "Great Flood",
        "/2025/03/flood/",
        "https://a.org/2025/03/flood/?x=1",
    ],
)
def test_content_is_found_by_path_url_slug_or_title(site: Site, what: str) -> None:
    assert find_content(site, what).file == "content/posts/the-flood.md"


def test_content_without_front_matter_is_found_by_its_heading(site: Site) -> None:
    assert find_content(site, "about us").file == "content/pages/about.md"
    assert find_content(site, "/about/").path == "/about/"


def test_file_is_found_from_where_one_stands(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(site.root / "content/posts")
    assert find_content(site, "drought.md").file == "content/posts/drought.md"


def test_ambiguous_name_lists_the_candidates(site: Site) -> None:
    with pytest.raises(UsageError, match=r"content/posts/drought\.md\n  content/posts/the-flood\.md") as caught:
        find_content(site, "great")
    assert code_of(caught) == "authoring.ambiguous"


@pytest.mark.parametrize("what", ["nothing like it", "", "\0", "../../etc/passwd", "/nope/", "site.toml"])
def test_unknown_name_is_said(site: Site, what: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_content(site, what)
    assert code_of(caught) == "authoring.not-found"


# New


def test_new_post_is_a_dated_draft_in_its_collection(site: Site) -> None:
    edit = new_entry(site, NewEntry("post", 'Rain: "at last"', section="news"), NOW)
    assert edit.file == "content/posts/rain-at-last.md"
    assert (
        text_of(site, edit.file)
        == '---\ntitle: "Rain: \\"at last\\""\ndate: 2026-11-23T09:30:15+01:00\nsection: news\ndraft: true\n---\n\n'
    )
    assert edit.path == "/2026/11/rain-at-last/"
    assert not edit.problems


def test_new_file_never_overwrites(site: Site) -> None:
    with pytest.raises(CmsError) as caught:
        new_entry(site, NewEntry("post", "Drought"))
    assert code_of(caught) == "authoring.exists"
    assert "Dust." in text_of(site, "content/posts/drought.md")
    assert not list(site.root.glob("content/posts/.*"))


@pytest.mark.parametrize(
    ("rule", "options", "file"),
    [
        ('date = "filename"', {}, "c/2026-11-23-x-y.md"),
        ('date = "path"', {}, "c/2026/11/23/x-y.md"),
        ('locale = "folder"', {"locale": "it"}, "c/it/x-y.md"),
        ('locale = "suffix"', {"locale": "it"}, "c/x-y.it.md"),
        ('section = "folder"', {"section": "Local news"}, "c/local-news/x-y.md"),
        ('glob = ["**/index.md"]', {}, "c/x-y/index.md"),
        ('glob = ["**/*.mdx"]', {"slug": "Other"}, "c/other.mdx"),
    ],
)
def test_new_file_lies_where_the_collection_reads_it(tmp_path: Path, rule: str, options: dict[str, str], file: str) -> None:
    site = open_site(write(tmp_path, {"site.toml": f'locales = ["en", "it"]\n[[collection]]\nname = "c"\npath = "c"\n{rule}\n'}))
    edit = new_entry(site, NewEntry("post", "X y", **options), NOW)  # type: ignore[arg-type]
    assert edit.file == file
    draft = find_content(site, file).draft
    assert draft.locale == options.get("locale", "en")
    assert draft.fields["date"][:10] == "2026-11-23"


def test_new_file_speaks_the_dialect_of_its_neighbours_and_the_keys_of_its_collection(tmp_path: Path) -> None:
    text = '[[collection]]\nname = "c"\npath = "c"\nfields = {date = "created", section = "category"}\n'
    site = open_site(write(tmp_path, {"site.toml": text, "c/a.md": '+++\ntitle = "a"\n+++\n'}))
    edit = new_entry(site, NewEntry("post", "X", section="s", draft=False), NOW)
    assert text_of(site, edit.file) == '+++\ntitle = "X"\ncreated = 2026-11-23T08:30:15Z\ncategory = "s"\n+++\n\n'


def test_new_file_of_a_collection_with_a_date_pattern_is_dated_by_its_own_field(tmp_path: Path) -> None:
    rule = 'path = "c"\ndate = "made:(?P<year>[0-9]+)-(?P<month>[0-9]+)-(?P<day>[0-9]+)"\n'
    site = open_site(write(tmp_path, {"site.toml": f'[[collection]]\nname = "c"\n{rule}'}))
    edit = new_entry(site, NewEntry("post", "X"), NOW)
    assert (edit.path, edit.problems) == ("/2026/11/x/", ())


def test_new_page_and_author_need_no_date(site: Site) -> None:
    assert text_of(site, new_entry(site, NewEntry("page", "Contact")).file) == "---\ntitle: Contact\ndraft: true\n---\n\n"
    assert new_entry(site, NewEntry("author", "Ada Lovelace", draft=False)).file == "content/authors/ada-lovelace.md"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("pst", "x"), "authoring.no-type"), (("post", "  "), "authoring.no-slug")],
)
def test_new_entry_that_cannot_be_is_a_usage_error(site: Site, arguments: tuple[str, str], code: str) -> None:
    with pytest.raises(UsageError) as caught:
        new_entry(site, NewEntry(*arguments))
    assert code_of(caught) == code


# Publish, trash


def test_publish_turns_the_draft_round_dates_it_now_and_touches_nothing_else(site: Site) -> None:
    edit = publish(site, "flood", now=NOW)
    expected = FLOOD.replace("draft: true", "draft: false").replace("date: 2025-03-01", "date: 2026-11-23T09:30:15+01:00")
    assert text_of(site, edit.file) == expected
    assert edit.path == "/2026/11/flood/"
    assert publish(site, "flood").what == "public already"
    assert text_of(site, edit.file) == expected, "what is public keeps its date"


def test_publish_keeps_the_date_that_is_to_be_kept(site: Site) -> None:
    edit = publish(site, "flood", now=NOW, keep_date=True)
    assert text_of(site, edit.file) == FLOOD.replace("draft: true", "draft: false")


def test_publish_at_a_time_in_the_sites_zone(site: Site) -> None:
    edit = publish(site, "flood", "2026-12-01 09:00")
    scheduled = FLOOD.replace("draft: true\n", "draft: false\npublish_at: 2026-12-01T09:00:00+01:00\n")
    assert text_of(site, edit.file) == scheduled.replace("date: 2025-03-01", "date: 2026-12-01T09:00:00+01:00")
    assert find_content(site, "flood").draft.publish_at == datetime(2026, 12, 1, 8, tzinfo=UTC)
    publish(site, "flood", now=NOW)
    assert "publish_at" not in text_of(site, edit.file)
    assert "date: 2026-11-23T09:30:15+01:00" in text_of(site, edit.file), "it goes out sooner than was said"
    publish(site, "flood", "2026-12-01 09:00", now=NOW, keep_date=True)
    assert "date: 2026-11-23" in text_of(site, edit.file)


def test_publish_takes_away_a_date_that_lies_ahead_unless_it_is_to_be_kept(site: Site) -> None:
    write(site.root, {"content/posts/x.md": "---\ntitle: X\ndraft: true\ndate: 2999-01-01\n---\n"})
    later = "public from 2999-01-01 00:00 (Europe/Rome) on, its date, as --keep-date asks"
    assert [publish(site, "x", now=NOW, keep_date=True).what for _ in range(2)] == [later, later]
    assert publish(site, "x", "2026-12-01", now=NOW).what == "public from 2026-12-01 00:00 (Europe/Rome) on"
    assert publish(site, "x", now=NOW).what == "public from the next build on"
    write(site.root, {"content/posts/z.md": "---\ntitle: Z\npubDate: 2999-01-01\n---\n"})
    assert publish(site, "z", now=NOW).what == "public from the next build on"
    assert publish(site, "z", now=NOW).what == "public already"


def test_publish_leaves_the_date_of_what_is_not_dated_by_its_publication(site: Site) -> None:
    write(site.root, {"content/pages/y.md": "---\ntitle: Y\ndraft: true\ndate: 2999-01-01\nexpire_at: 2025-01-01\n---\n"})
    assert publish(site, "y", now=NOW).what == "no draft, but not shown: its expire_at was 2025-01-01 00:00 (Europe/Rome)"
    set_fields(site, "y", [], ["expire_at"])
    assert publish(site, "y", now=NOW).what == "public already"  # a page does not wait for its date
    assert "date: 2999-01-01" in text_of(site, "content/pages/y.md")


def test_publish_dates_a_post_whose_files_name_has_another_day(tmp_path: Path) -> None:
    rule = '[[collection]]\nname = "c"\npath = "c"\ndate = "filename"\n'
    site = open_site(write(tmp_path, {"site.toml": rule, "c/2026-09-01-x.md": "---\ntitle: X\ndraft: true\n---\n"}))
    assert publish(site, "x", now=NOW).path == "/2026/11/x/"
    assert publish(site, "x", now=NOW).what == "public already"


def test_publish_at_nonsense_is_a_usage_error(site: Site) -> None:
    with pytest.raises(UsageError) as caught:
        publish(site, "flood", "next tuesday")
    assert code_of(caught) == "authoring.bad-time"


def test_publish_dates_a_post_that_has_no_date(site: Site) -> None:
    write(site.root, {"content/posts/x.md": "---\ntitle: X\ndraft: true\n---\n"})
    publish(site, "x", now=NOW)
    assert "date: 2026-11-23T09:30:15+01:00\n" in text_of(site, "content/posts/x.md")


def test_unpublish_and_publish_again(site: Site) -> None:
    unpublish(site, "drought")
    assert find_content(site, "drought").draft.status == "draft"
    publish(site, "drought")
    assert find_content(site, "drought").draft.status == "published"


@pytest.mark.parametrize("before", ["draft: true\n", "draft: false\n", "status: draft\n", "status: published\n", ""])
def test_restore_brings_back_what_trash_took(site: Site, before: str) -> None:
    write(site.root, {"content/posts/x.md": f"---\ntitle: X\ndate: 2025-01-01\n{before}---\n"})
    was = find_content(site, "x").draft.status
    trash(site, "x")
    assert find_content(site, "x").draft.status == "trashed"
    trash(site, "x")
    restore(site, "x")
    assert find_content(site, "x").draft.status == was


# Fields


def test_fields_are_set_as_yaml_reads_them_and_removed(site: Site) -> None:
    set_fields(site, "flood", ["tags=[a, b]", "is_featured=true", "section=news: local"], ["draft"])
    text = text_of(site, "content/posts/the-flood.md")
    assert text == FLOOD.replace("draft: true\n", 'tags: [a, b]\nis_featured: true\nsection: "news: local"\n')


def test_edit_says_what_changed_and_which_fields_were_not_there_to_remove(site: Site) -> None:
    before = text_of(site, "content/posts/the-flood.md")
    assert set_fields(site, "flood", [], ["nosuch"]).what == 'nothing changed: there is no field "nosuch"'
    assert set_fields(site, "flood", [], ["drfat"]).what == 'nothing changed: there is no field "drfat", did you mean "draft"?'
    assert set_fields(site, "flood", ["slug=flood"], []).what == "nothing changed"
    assert text_of(site, "content/posts/the-flood.md") == before
    edit = set_fields(site, "flood", ["slug=flood", "weight=2"], ["draft", "nosuch"])
    assert edit.what == 'changed weight, draft; there is no field "nosuch"'
    assert "draft" not in text_of(site, "content/posts/the-flood.md")


def test_field_that_makes_no_sense_is_refused_and_the_file_stays(site: Site) -> None:
    with pytest.raises(CmsError) as raised:
        set_fields(site, "flood", ["date=soon"], [])
    assert [(p.code, p.line) for p in raised.value.problems] == [("content.field", 4)]
    assert text_of(site, "content/posts/the-flood.md") == FLOOD


def test_file_with_an_error_can_still_be_changed_and_the_error_is_told(site: Site) -> None:
    (site.root / "content/posts/the-flood.md").write_text(FLOOD.replace("2025-03-01", "soon"))
    assert [p.code for p in set_fields(site, "flood", ["weight=1"], []).problems] == ["content.field"]
    assert set_fields(site, "flood", ["date=2025-03-01"], []).problems == ()


def test_keys_of_the_collection_are_those_that_are_changed(tmp_path: Path) -> None:
    rule = 'fields = {title = "headline", draft = "hidden", status = "state.is", excerpt = "extra.summary"}\n'
    first = "---\nheadline: The First\nhidden: true  # not yet\nextra:\n  summary: S  # short\n  b: 1\ndate: 2025-01-01\n---\nX\n"
    files = {"site.toml": f'[[collection]]\nname = "c"\npath = "c"\n{rule}', "c/a.md": first}
    site = open_site(write(tmp_path, files))
    assert publish(site, "the first", keep_date=True).what == "public from the next build on"
    assert "hidden: false  # not yet" in text_of(site, "c/a.md")
    assert publish(site, "a").what == "public already"
    assert unpublish(site, "a").what == "a draft again"
    set_fields(site, "a", ["excerpt=T"], [])
    assert text_of(site, "c/a.md") == first.replace(": S", ": T")
    trash(site, "a")
    assert "state: {is: trashed}" in text_of(site, "c/a.md")
    assert restore(site, "a").what == "back as a draft"
    edit = new_entry(site, NewEntry("post", "New"), NOW)
    assert "hidden: true" in text_of(site, edit.file)
    assert publish(site, "new").what == "public from the next build on"


def test_own_name_of_a_field_wins_over_the_collections_as_when_it_is_read(tmp_path: Path) -> None:
    files = {
        "site.toml": '[[collection]]\nname = "c"\npath = "c"\nfields = {draft = "hidden"}\n',
        "c/a.md": "---\ntitle: A\ndate: 2025-01-01\ndraft: true\nhidden: false\n---\n",
    }
    site = open_site(write(tmp_path, files))
    publish(site, "a")
    assert "draft: false\nhidden: false" in text_of(site, "c/a.md")


@pytest.mark.parametrize(("dialect", "head"), [("+++\n", "+++\ncreated = "), ("{}\n", '{\n  "created"'), ("---\n", "---\nx: {t: New}\n")])
def test_new_file_puts_keys_of_tables_into_tables(tmp_path: Path, dialect: str, head: str) -> None:
    rule = 'fields = {title = "x.t", date = "created"}\n'
    old = dialect if dialect == "{}\n" else f"{dialect}{dialect}"
    site = open_site(write(tmp_path, {"site.toml": f'[[collection]]\nname = "c"\npath = "c"\n{rule}', "c/a.md": old}))
    file = new_entry(site, NewEntry("post", "New"), NOW).file
    assert text_of(site, file).startswith(head)
    assert find_content(site, file).draft.fields["title"] == "New"


def test_mode_is_kept_and_nothing_is_left_beside(site: Site) -> None:
    place = site.root / "content/posts/the-flood.md"
    place.chmod(0o640)
    publish(site, "flood")
    assert stat.S_IMODE(place.stat().st_mode) == 0o640
    assert sorted(os.listdir(place.parent)) == ["drought.md", "the-flood.md"]


def test_link_is_not_followed(site: Site) -> None:
    os.symlink("/etc/hostname", site.root / "content/posts/link.md")
    with pytest.raises(CmsError):
        publish(site, "content/posts/link.md")


@pytest.mark.parametrize(
    ("line", "after"),
    [("published: false", "published: true"), ("private: true", "private: false"), ("status: pending", "status: published")],
)
def test_publish_turns_round_words_of_other_systems(site: Site, line: str, after: str) -> None:
    file = site.root / "content/posts/other.md"
    file.write_text(f"---\ntitle: Other\ndate: 2025-01-01\n{line}\n---\n")
    publish(site, "other")
    assert after in file.read_text()
    assert "public" in publish(site, "other").what
