"""A branch, and the working tree, are shown without a touch to the checkout, its index or what is stored."""

from __future__ import annotations

import shutil

import pytest

from cms_ssg.errors import CmsError
from tests.engine.siteonpage import SiteOnPage
from tests.preview.previews import DRAFT, commit, git, links, paths, read_all, show, start_repository


@pytest.fixture
def spring(site: SiteOnPage) -> SiteOnPage:
    """The site with a branch `spring`, made on another machine: it has a draft, an edit, a removal and a file that was moved."""
    start_repository(site)
    git(site, "checkout", "-q", "-b", "spring")
    site.write_file("content/posts/flood.md", DRAFT)
    site.edit("content/posts/a.md", "title: First", "title: First in spring")
    site.move("content/pages/about.md", "content/pages/us.md")
    site.delete("content/posts/b.md")
    commit(site)
    git(site, "checkout", "-q", "main")
    return site


def test_branch_is_shown_and_neither_checkout_nor_store_is_touched(spring: SiteOnPage) -> None:
    spring.edit("content/posts/b.md", "title: Second", "title: Not saved yet")
    before = (
        git(spring, "status", "--porcelain"),
        git(spring, "rev-parse", "HEAD"),
        git(spring, "worktree", "list"),
        git(spring, "ls-files", "-s"),
    )
    rows, tree = read_all(spring), spring.tree()
    result = show(spring, branch="spring")
    assert read_all(spring) == rows
    after = (
        git(spring, "status", "--porcelain"),
        git(spring, "rev-parse", "HEAD"),
        git(spring, "worktree", "list"),
        git(spring, "ls-files", "-s"),
    )
    assert after == before
    assert result.problems == [] and paths(result)[:4] == ["/us/", "/2025/01/a/", "/2025/02/flood/", "/"]
    assert "/about/" not in paths(result) and "/2025/01/b/" not in paths(result)
    home = spring.tree()[f"_preview/{result.token}/index.html"]
    assert b"First in spring" in home and b"Flood" in home and b"Second" not in home
    assert {key: spring.tree()[key] for key in tree} == tree


def test_what_the_main_branch_did_meanwhile_is_not_shown_as_undone(spring: SiteOnPage) -> None:
    spring.write_file("content/posts/news.md", "---\ntitle: News of main\ndate: 2025-03-01\n---\nNew.\n")
    commit(spring)
    spring.build(now=None)
    result = show(spring, branch="spring")
    home = spring.tree()[f"_preview/{result.token}/index.html"]
    assert b"News of main" in home and b"First in spring" in home and "/2025/03/news/" not in paths(result)[:3]


def test_branch_with_another_theme_brings_its_assets(site: SiteOnPage) -> None:
    start_repository(site)
    git(site, "checkout", "-q", "-b", "look")
    site.edit("themes/mine/assets/own.css", "body", "html")
    site.edit("themes/mine/templates/post.html", "</body>", "<p>new look</p></body>")
    commit(site)
    git(site, "checkout", "-q", "main")
    result = show(site, branch="look")
    assert set(paths(result)) == {"/2025/01/a/", "/2025/01/b/"}
    tree = site.tree()
    page = tree[f"_preview/{result.token}/2025/01/a/index.html"]
    css = next(key for key in tree if key.startswith(f"_preview/{result.token}/assets/own."))
    assert b"new look" in page and f"/{css}" in links(page) and tree[css].startswith(b"html { background: url(/assets/dot.svg)")
    assert b"new look" not in tree["2025/01/a/index.html"]


def test_site_in_a_folder_of_the_repository_is_shown_too(site: SiteOnPage) -> None:
    start_repository(site)
    inner = site.root / "sites" / "valley"
    inner.mkdir(parents=True)
    for name in ("content", "themes", "site.toml"):
        git(site, "mv", name, f"sites/valley/{name}")
    shutil.rmtree(site.root / "build")
    moved = SiteOnPage(inner, site.url, site.clean_url, site.options)
    commit(site)
    moved.build(now=None)
    git(site, "checkout", "-q", "-b", "spring")
    moved.write_file("content/posts/flood.md", DRAFT)
    commit(site)
    git(site, "checkout", "-q", "main")
    assert paths(show(moved, branch="spring"))[:2] == ["/2025/02/flood/", "/"]


def test_branch_that_is_only_known_as_one_of_origin_is_found_and_an_unknown_one_is_not(spring: SiteOnPage) -> None:
    clone = SiteOnPage(spring.root.with_name("clone"), spring.url, spring.clean_url, spring.options)
    git(spring, "clone", "-q", ".", str(clone.root))
    assert paths(show(clone, branch="spring"))[0] == "/us/"
    for name in ("summer", "--all", "HEAD:content"):
        with pytest.raises(CmsError) as error:
            show(clone, branch=name)
        assert error.value.problems[0].code == "preview.no-branch"


def test_branch_without_a_difference_and_a_site_without_a_repository_are_said(site: SiteOnPage) -> None:
    with pytest.raises(CmsError) as error:
        show(site, branch="main")
    assert error.value.problems[0].code == "preview.git"
    start_repository(site)
    with pytest.raises(CmsError) as error:
        show(site, branch="main")
    assert error.value.problems[0].code == "preview.nothing"


def test_shallow_checkout_of_the_branch_alone_is_enough_for_a_preview_of_the_working_tree(spring: SiteOnPage) -> None:
    clone = SiteOnPage(spring.root.with_name("clone"), spring.url, spring.clean_url, spring.options)
    git(spring, "clone", "-q", "--depth", "1", "--branch", "spring", f"file://{spring.root}", str(clone.root))
    rows = read_all(spring)
    result = show(clone, worktree=True)
    assert (paths(result)[:4] == ["/us/", "/2025/01/a/", "/2025/02/flood/", "/"] and result.problems == []) or [
        problem.code for problem in result.problems
    ] == ["publish.other-place"]
    assert read_all(spring) == rows


def test_working_tree_shows_templates_and_settings_that_differ(site: SiteOnPage) -> None:
    site.edit("themes/mine/templates/post.html", "</body>", "<p>new look</p></body>")
    site.edit("site.toml", 'title = "Valley"', 'title = "Dale"')
    result = show(site, worktree=True)
    assert paths(result)[0] == "/"
    assert b"Dale" in site.tree()[f"_preview/{result.token}/index.html"]
    assert b"new look" in site.tree()[f"_preview/{result.token}/2025/01/a/index.html"]
    assert [problem.code for problem in result.problems] == ["preview.derived"]
