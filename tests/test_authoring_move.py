"""Moving content: files, slugs and sections change, and the old address leads to the new one."""

from __future__ import annotations

from pathlib import Path

import pytest

from cms_ssg.authoring import find_content, move
from cms_ssg.authoring.change import set_fields
from cms_ssg.authoring.new import NewEntry, new_entry
from cms_ssg.config.load import load_settings
from cms_ssg.errors import CmsError, UsageError
from cms_ssg.site import Site

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


def test_move_with_a_slug_in_front_matter_changes_it_and_keeps_the_old_address(site: Site) -> None:
    edit = move(site, "flood", slug="Great flood")
    assert text_of(site, edit.file) == FLOOD.replace("slug: flood", "slug: great-flood").replace(
        "true\n", "true\naliases: [/2025/03/flood/]\n"
    )
    assert (edit.file, edit.path) == ("content/posts/the-flood.md", "/2025/03/great-flood/")
    move(site, "great-flood", slug="flood")
    assert "aliases: [/2025/03/great-flood/]" in text_of(site, edit.file)


def test_move_through_a_link_that_leads_out_of_the_site_is_refused(site: Site, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (site.root / "content/posts/away").symlink_to(outside)
    (site.root / "content/posts/here").symlink_to(site.root / "content/pages")
    for to in ("content/posts/away/", "content/posts/away/new.md", "content/posts/away/deep/new.md", "content/posts/here/"):
        with pytest.raises(CmsError) as caught:
            move(site, "drought", to=to)
        assert code_of(caught) == "authoring.symlink"
    assert list(outside.iterdir()) == []
    assert (site.root / "content/posts/drought.md").exists()


def test_no_file_outside_the_site_is_written_through_a_link(site: Site, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = write(tmp_path_factory.mktemp("outside"), {"posts/flood.md": FLOOD})
    (site.root / "content/posts/away").symlink_to(outside / "posts")
    (site.root / "content/authors").symlink_to(outside)
    for change in (
        lambda: new_entry(site, NewEntry("author", "Ada")),
        lambda: set_fields(site, "content/posts/away/flood.md", ["title=X"], ()),
        lambda: move(site, "content/posts/away/flood.md", to="content/posts/home.md"),
    ):
        with pytest.raises(CmsError) as caught:
            change()
        assert code_of(caught) == "authoring.symlink"
    assert [path.name for path in outside.rglob("*")] == ["posts", "flood.md"]
    assert (outside / "posts/flood.md").read_text() == FLOOD


def test_move_without_a_slug_renames_the_file(site: Site) -> None:
    edit = move(site, "drought", slug="dry")
    assert edit.file == "content/posts/dry.md"
    assert not (site.root / "content/posts/drought.md").exists()
    assert "aliases: [/2025/04/drought/]" in text_of(site, edit.file)
    assert move(site, "dry", slug="arid", alias=False).path == "/2025/04/arid/"
    assert "dry" not in text_of(site, "content/posts/arid.md").replace("drought", "")


def test_move_to_another_file_or_folder(site: Site) -> None:
    assert move(site, "about", to="content/pages/company/").file == "content/pages/company/about.md"
    assert move(site, "about", to="content/pages/us.md").path == "/us/"
    assert "aliases: [/about/, /company/about/]" in text_of(site, "content/pages/us.md")


def test_links_that_a_move_breaks_are_told_with_their_line_and_left_alone(site: Site) -> None:
    text = (
        "---\ntitle: Rain\ndate: 2025-05-01\n---\n[a](drought.md#dust) [b](./the-flood.md)\n[c](../pages/about.md) [d](/2025/04/drought/)\n"
    )
    write(site.root, {"content/posts/rain.md": text})
    (site.root / "content/posts/linked.md").symlink_to("drought.md")
    assert [(p.place, p.line, p.hint) for p in move(site, "drought", slug="dry").problems] == [
        ("content/posts/rain.md", 5, "It is now dry.md.")
    ]
    assert text_of(site, "content/posts/rain.md") == text
    moved = move(site, "content/posts/rain.md", to="content/pages/")
    assert [(p.place, p.line, p.hint) for p in moved.problems] == [("content/pages/rain.md", 6, "It is now ../posts/the-flood.md.")]
    assert move(site, "rain", to="content/posts/").problems == ()


def test_move_to_another_section(site: Site, tmp_path: Path) -> None:
    edit = move(site, "flood", section="news")
    assert "section: news" in text_of(site, edit.file)
    assert "aliases" not in text_of(site, edit.file)
    text = '[[collection]]\nname = "c"\npath = "c"\nsection = "folder"\nurl = "/{section}/{slug}/"\n'
    other = open_site(write(tmp_path / "other", {"site.toml": text, "c/a/x.md": "---\ntitle: X\n---\n", "c/y.md": "---\ntitle: Y\n---\n"}))
    assert move(other, "x", section="b").file == "c/b/x.md"
    assert "aliases: [/a/x/]" in text_of(other, "c/b/x.md")
    assert move(other, "y", section="b").file == "c/b/y.md"


def test_move_takes_the_files_of_a_bundle_along(site: Site) -> None:
    write(
        site.root,
        {"content/posts/trip/index.md": "---\ntitle: Trip\ndate: 2025-05-01\n---\n![](a.png)\n", "content/posts/trip/a.png": "png"},
    )
    edit = move(site, "trip", slug="journey")
    assert edit.file == "content/posts/journey/index.md"
    assert (site.root / "content/posts/journey/a.png").exists()
    assert not (site.root / "content/posts/trip").exists()


def test_move_of_a_translated_file_keeps_its_name(tmp_path: Path) -> None:
    text = 'locales = ["en", "it"]\n[[collection]]\nname = "c"\npath = "c"\ntype = "page"\nlocale = "suffix"\nurl = "/{slug}/"\n'
    site = open_site(write(tmp_path, {"site.toml": text, "c/x.md": "# X\n", "c/x.it.md": "# X\n"}))
    assert move(site, "c/x.it.md", slug="y").file == "c/x.it.md"
    assert find_content(site, "c/x.it.md").path == "/it/y/"


def test_move_follows_a_path_in_front_matter(tmp_path: Path) -> None:
    text = '[[collection]]\nname = "c"\npath = "c"\nurl = "/{path}/"\n'
    site = open_site(write(tmp_path, {"site.toml": text, "c/x.md": '+++\npath = "2015/05/15/x"\ntitle = "X"\n[extra]\na = 1\n+++\n'}))
    edit = move(site, "c/x.md", slug="y")
    assert edit.path == "/2015/05/15/y/"
    assert text_of(site, "c/x.md") == '+++\npath = "2015/05/15/y"\ntitle = "X"\naliases = ["/2015/05/15/x/"]\n[extra]\na = 1\n+++\n'


@pytest.mark.parametrize("to", ["../out.md", "/etc/x.md", "static/x.md", "a\\b.md", "content/posts/the-flood.md"])
def test_move_out_of_content_or_over_another_file_is_refused(site: Site, to: str) -> None:
    before = text_of(site, "content/posts/drought.md")
    with pytest.raises(CmsError):
        move(site, "drought", to=to)
    assert text_of(site, "content/posts/drought.md") == before


def test_move_to_nowhere_is_a_usage_error(site: Site) -> None:
    with pytest.raises(UsageError) as caught:
        move(site, "drought")
    assert code_of(caught) == "authoring.no-target"
