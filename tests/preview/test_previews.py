"""A draft, an edit or a file that is to come is shown as a build would show it, and nothing of that is kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cms_ssg.build import plan
from cms_ssg.diagnostics.audit import audit
from cms_ssg.diagnostics.verify import verify
from cms_ssg.errors import CmsError
from cms_ssg.paths import object_key
from cms_ssg.preview.rewrite import Rewriter
from cms_ssg.site import open_site
from tests.engine.killing import kill_at
from tests.engine.siteonpage import SiteOnPage, database
from tests.preview.previews import DRAFT, SITE, expire, links, paths, read_all, show

PICTURE = Path(__file__).parents[1] / "data/images"


def test_draft_is_shown_with_home_and_its_lists_and_the_store_stays_as_it_was(site: SiteOnPage) -> None:
    site.write_file("content/posts/flood.md", DRAFT)
    before, tree = read_all(site), site.tree()
    result = show(site, "content/posts/flood.md")
    assert read_all(site) == before
    assert (result.status, result.problems) == ("done", [])
    assert paths(result)[:2] == ["/2025/02/flood/", "/"]
    assert {"/tags/water/", "/2025/02/"} <= set(paths(result)) and "/about/" not in paths(result)
    assert re.fullmatch(r"https://valley\.example/_preview/[0-9a-f]{40}/2025/02/flood/", result.url)
    now = site.tree()
    assert {key: now[key] for key in tree} == tree
    base = f"_preview/{result.token}/"
    assert now.keys() - tree.keys() == {base + object_key(path) for path in paths(result)}
    assert all(data.count(b'<meta name="robots" content="noindex, nofollow">') == 1 for key, data in now.items() if key.startswith(base))
    assert b"Flood" in now[base + "index.html"] and b"Flood" not in now["index.html"]


def test_links_lead_to_the_preview_where_it_holds_the_page_and_to_the_live_site_elsewhere(site: SiteOnPage) -> None:
    site.write_file("content/posts/flood.md", DRAFT.replace("Flood", "Flut"))
    result = show(site, "content/posts/flood.md")
    page = site.tree()[f"_preview/{result.token}/2025/02/flood/index.html"]
    css = next(key for key in site.tree() if key.startswith("assets/own."))
    assert links(page) == [
        "https://valley.example/2025/02/flood/", f"/{css}", f"/_preview/{result.token}/", "/2025/01/a/", "/about/",
    ]  # fmt: skip
    home = site.tree()[f"_preview/{result.token}/index.html"]
    assert f"/_preview/{result.token}/2025/02/flood/" in links(home) and "/2025/01/a/" in links(home)


def test_page_is_what_the_next_build_makes_but_for_its_links(site: SiteOnPage) -> None:
    site.write_file("content/posts/flood.md", DRAFT)
    result = show(site, "content/posts/flood.md")
    shown = {path: site.tree()[f"_preview/{result.token}/{object_key(path)}"] for path in paths(result)}
    site.edit("content/posts/flood.md", "draft: true\n", "")
    built = site.build(now=None)
    assert set(paths(result)) == built.pages
    rewriter = Rewriter(open_site(site.root, {}), f"/_preview/{result.token}", set(paths(result)))
    assert {path: rewriter.page(path, site.tree()[object_key(path)]) for path in shown} == shown


def test_unsaved_edit_and_what_is_to_come_are_shown(site: SiteOnPage) -> None:
    site.edit("content/posts/a.md", "title: First", "title: First again")
    site.write_file("content/posts/later.md", "---\ntitle: Later\ndate: 2999-01-01\n---\nSoon.\n")
    result = show(site, "content/posts/a.md", "content/posts/later.md")
    assert paths(result)[:3] == ["/2025/01/a/", "/2999/01/later/", "/"]
    home = site.tree()[f"_preview/{result.token}/index.html"]
    assert b"First again" in home and b"Later" in home
    with database(site.url):
        assert [row.path for row in plan(site.root, site.options).outputs if "2999" in row.path] == []


def test_file_without_a_change_is_shown_alone(site: SiteOnPage) -> None:
    assert paths(show(site, "content/posts/b.md")) == ["/2025/01/b/"]


def test_more_pages_than_the_limit_are_counted_and_the_own_page_comes_first(site: SiteOnPage) -> None:
    site.write_file("content/posts/flood.md", DRAFT)
    whole = show(site, "content/posts/flood.md")
    result = show(site, "content/posts/flood.md", pages=2)
    assert paths(result) == ["/2025/02/flood/", "/"]
    assert result.left_out == len(whole.pages) - 2 > 0


def test_broken_file_is_named_with_its_line_and_nothing_is_published(site: SiteOnPage) -> None:
    site.write_file("content/posts/flood.md", "---\ntitle: [\n---\n")
    before = site.tree()
    with pytest.raises(CmsError) as error:
        show(site, "content/posts/flood.md")
    assert error.value.problems[0].place == "content/posts/flood.md"
    assert (site.tree(), site.query("SELECT count(*) FROM cms.previews")) == (before, [(0,)])


@pytest.mark.parametrize("name", ["content/posts/missing.md", "site.toml", "content/.hidden.md", "../outside.md"])
def test_file_that_is_no_content_is_refused(site: SiteOnPage, name: str) -> None:
    site.write_file("content/.hidden.md", "x")
    (site.root.parent / "outside.md").write_text("x")
    with pytest.raises(CmsError) as error:
        show(site, name)
    assert (error.value.problems[0].code, error.value.exit_code) == ("preview.no-file", 2)


def test_assets_lie_below_the_prefix_where_the_site_was_never_built(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SITE)
    site.write_file("content/posts/flood.md", DRAFT)
    result = show(site, "content/posts/flood.md")
    tree = site.tree()
    (css,) = (key for key in tree if "/assets/own." in key)
    (dot,) = (key for key in tree if "/assets/dot." in key)
    assert css.startswith(f"_preview/{result.token}/") and dot.startswith(f"_preview/{result.token}/")
    assert f"/{css}" in links(tree[f"_preview/{result.token}/2025/02/flood/index.html"])


def test_image_that_was_never_seen_is_shown_in_all_its_sizes(site: SiteOnPage) -> None:
    picture = next(file for file in sorted(PICTURE.iterdir()) if file.suffix == ".jpg")
    site.write_file("content/posts/fair/index.md", "---\ntitle: Fair\ndate: 2025-02-02\ndraft: true\n---\n![A fair](fair.jpg)\n")
    site.write_file("content/posts/fair/fair.jpg", picture.read_bytes())
    before = read_all(site)
    result = show(site, "content/posts/fair/index.md")
    assert read_all(site) == before and result.problems == []
    tree = site.tree()
    page = tree[f"_preview/{result.token}/2025/02/fair/index.html"].decode()
    assert "<picture>" in page
    loaded = re.findall(rf"/(_preview/{result.token}/images/[^ \"]+)", page)
    assert len(loaded) > 1 and all(tree.get(key) for key in loaded)


# Their end


def test_expired_preview_goes_with_the_next_build_and_another_stays(site: SiteOnPage) -> None:
    before = site.tree()
    old = show(site, "content/posts/a.md")
    expire(site)
    site.write_file("content/posts/flood.md", DRAFT)
    site.build(now=None)  # of a draft: nothing is rendered
    assert site.tree() == before and site.query("SELECT count(*) FROM cms.previews") == [(0,)]
    new = show(site, "content/posts/b.md", expire_after_s=3600)
    assert new.token != old.token
    assert timedelta(minutes=58) < new.expires_at - datetime.now(UTC) < timedelta(minutes=62)
    site.build(now=None)
    assert site.tree().keys() - before.keys() == {f"_preview/{new.token}/2025/01/b/index.html"}


def test_expired_preview_goes_with_the_next_preview(site: SiteOnPage) -> None:
    old = show(site, "content/posts/a.md")
    expire(site)
    show(site, "content/posts/b.md")
    assert not (site.output / "_preview" / old.token).exists()


def test_another_checkouts_preview_is_left_to_that(site: SiteOnPage) -> None:
    result = show(site, "content/posts/a.md")
    site.query("UPDATE cms.previews SET place = 'elsewhere'")
    expire(site)
    site.build(now=None)
    assert site.query("SELECT token FROM cms.previews") == [(result.token,)] and (site.output / "_preview" / result.token).exists()


def test_previews_are_no_orphans_and_an_emptied_folder_is_still_noticed(site: SiteOnPage) -> None:
    show(site, "content/posts/a.md")
    with database(site.url):
        assert verify(site.root).orphaned == []
        audited = audit(site.root, "")
    assert (audited.orphaned, audited.foreign, audited.missing, audited.different) == ([], [], [], [])
    for path in [path for path in site.output.iterdir() if path.name != "_preview"]:
        path.rename(site.root / path.name.join((".", ".gone")))
    assert "index.html" in site.build(now=None).written


@pytest.mark.parametrize("step", [1, 4])
def test_preview_that_was_killed_leaves_nothing_once_it_has_expired(site: SiteOnPage, step: int) -> None:
    site.write_file("content/posts/flood.md", DRAFT)
    before, rows = site.tree(), read_all(site)
    assert kill_at(step, lambda: show(site, "content/posts/flood.md"))
    assert len(site.tree()) > len(before) and read_all(site) == rows
    expire(site)
    site.delete("content/posts/flood.md")
    site.build(now=None)
    assert site.tree() == before
