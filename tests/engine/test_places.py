"""The manifest and the folder part: an emptied folder, another target, another checkout, another environment."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cms_ssg.build import build, plan
from cms_ssg.errors import CmsError
from cms_ssg.publish.folder import FolderTarget
from cms_ssg.publish.swap import _exchange
from tests.engine.few_pages import SITE
from tests.engine.killing import kill_at
from tests.engine.siteonpage import SiteOnPage, database, read_tree, wipe

MakeSite = Callable[[str], SiteOnPage]


def test_an_emptied_output_folder_is_filled_again(built_site: MakeSite) -> None:
    site = built_site(SITE)
    before = site.tree()
    shutil.rmtree(site.output)
    again = site.build()
    assert site.tree() == before
    assert again.result.written == len(before)
    assert site.build().rendered == set()


def test_a_build_killed_while_it_fills_an_emptied_folder_is_finished_by_the_next(built_site: MakeSite) -> None:
    site = built_site(SITE)
    before = site.tree()
    for step in (3, 12, 30):
        shutil.rmtree(site.output)
        with database(site.url):
            kill_at(step, lambda: build(site.root, site.options))
        site.build()
        assert site.tree() == before


def test_a_page_removed_by_hand_comes_back_with_a_full_build_and_nothing_else_is_written(built_site: MakeSite) -> None:
    site = built_site(SITE)
    before = site.tree()
    gone = next(path for path in sorted(before) if path.endswith("index.html"))
    (site.output / gone).unlink()
    assert site.build().rendered == set()
    full = site.build(full=True)
    assert full.written == {gone}
    assert full.result.written == 1
    assert full.result.rendered == len(before)
    assert site.tree() == before


def test_a_second_checkout_goes_on_from_the_first_and_says_what_its_folder_lacks(built_site: MakeSite) -> None:
    site = built_site(SITE)
    other = replace(site, root=site.root.parent / "elsewhere" / site.root.name)
    shutil.copytree(site.root, other.root, ignore=shutil.ignore_patterns("build", ".cms"))
    second = other.build()
    assert second.rendered == set()
    assert [p.code for p in second.result.problems if p.code.startswith("publish")] == ["publish.other-place"]
    page = next(path for path in sorted((other.root / "content" / "posts").rglob("*.md")))
    page.write_text(page.read_text("utf-8") + "\n\nOne line more.\n", "utf-8")
    edited = other.build()
    assert 0 < len(edited.written) < len(site.tree()) / 4
    # now neither folder holds everything, and both are told so until one of them is made whole
    shutil.copy(page, site.root / page.relative_to(other.root))
    assert "publish.other-place" in [p.code for p in site.build().result.problems]
    other.build(full=True)
    other.assert_clean()
    assert "publish.other-place" not in [p.code for p in other.build().result.problems]
    assert "publish.other-place" in [p.code for p in site.build().result.problems]


def test_another_target_gets_every_page(built_site: MakeSite) -> None:
    site = built_site(SITE)
    before = site.tree()
    site.write_file("site.toml", (site.root / "site.toml").read_text("utf-8") + '\n[target]\nurl = "folder:public"\n')
    site.build()
    assert read_tree(site.root / "public") == before == site.tree()


def test_an_environment_has_a_manifest_of_its_own(make_site: MakeSite) -> None:
    site = make_site(SITE)
    toml = (site.root / "site.toml").read_text("utf-8")
    site.write_file("site.toml", toml + '\n[env.staging]\nnoindex = true\ntarget = "folder:staging"\n')
    site.build()
    before = site.tree()
    site.build(env="staging")
    staged = read_tree(site.root / "staging")
    assert staged.keys() == before.keys()
    assert staged != before
    assert site.tree() == before
    assert site.build().rendered == set()
    assert site.build(env="staging").rendered == set()


def add_staging(site: SiteOnPage, lines: str = "") -> None:
    toml = (site.root / "site.toml").read_text("utf-8")
    site.write_file("site.toml", toml + f"\n[env.staging]\nnoindex = true\n{lines}")


def refuse(site: SiteOnPage, **options: Any) -> str:
    """What a build is refused with."""
    with pytest.raises(CmsError) as caught:
        site.build(**options)
    [problem] = caught.value.problems
    assert problem.code == "publish.taken"
    return problem.message


def test_an_environment_cannot_publish_over_another(make_site: MakeSite) -> None:
    site = make_site(SITE)
    add_staging(site)
    site.build()
    before = site.tree()
    for full in (False, True):
        told = refuse(site, env="staging", full=full)
        assert "[env.staging]" in told and "the site without an environment" in told
    assert site.tree() == before
    with database(site.url), pytest.raises(CmsError, match="same target"):
        plan(site.root, replace(site.options, env="staging"))
    assert site.build().rendered == set()


def test_one_target_under_two_names_belongs_to_one_environment_as_well(make_site: MakeSite, tmp_path: Path) -> None:
    site = make_site(SITE)
    outside = tmp_path / "served"
    for own, other in (("folder:build", f"folder:{site.root}/./build"), (f"folder:{outside}", f"folder:{outside}/../served")):
        site.write(SITE)
        site.write_file("site.toml", (site.root / "site.toml").read_text("utf-8") + f'\n[target]\nurl = "{own}"\n')
        add_staging(site, f'target = "{other}"\n')
        site.build()
        refuse(site, env="staging")


def test_an_environment_that_gets_a_target_of_its_own_gives_up_the_one_it_had(make_site: MakeSite) -> None:
    site = make_site(SITE)
    add_staging(site)
    site.build(env="staging")
    staged = site.tree()
    refuse(site)
    site.edit("site.toml", "noindex = true\n", 'noindex = true\ntarget = "folder:staging"\n')
    site.build(env="staging")
    assert read_tree(site.root / "staging") == staged
    site.build()
    site.assert_clean()
    assert site.build(env="staging").rendered == site.build().rendered == set()


def test_an_emptied_folder_is_free_for_another_environment(make_site: MakeSite) -> None:
    site = make_site(SITE)
    add_staging(site)
    site.build()
    shutil.rmtree(site.output)
    site.build(env="staging")
    refuse(site)


def test_environments_that_shared_a_target_before_it_was_marked_leave_nothing_of_each_other(make_site: MakeSite) -> None:
    site = make_site(SITE)
    add_staging(site)
    site.build()
    forget_mark(site)
    site.build(env="staging")
    forget_mark(site)
    assert site.build().result.written > 0
    site.assert_clean()


def forget_mark(site: SiteOnPage) -> None:
    shutil.rmtree(site.root / ".cms" / "targets")
    site.query("UPDATE cms.sites SET target_marked = false")


@pytest.mark.parametrize("step", [0, 9, *(pytest.param(step, marks=pytest.mark.long) for step in (3, 15))])
def test_a_folder_that_another_database_published_to_is_made_again(step: int, make_site: MakeSite) -> None:
    site = make_site(SITE)
    site.build()
    page = site.root / "content/posts/b.md"
    text = page.read_text("utf-8")
    page.write_text(text.replace("title: ", "title: Other "), "utf-8")
    other = replace(site, url=site.clean_url)
    wipe(other.url)
    other.build()
    assert site.tree() != {}
    page.write_text(text, "utf-8")
    if step:
        with database(site.url):
            kill_at(step, lambda: build(site.root, site.options))
    site.build()
    site.assert_clean()


def test_a_second_checkout_that_is_killed_does_not_leave_the_first_stale_in_silence(make_site: MakeSite) -> None:
    for step in (9, 15, 21):
        site = make_site(SITE)
        site.build(full=True)
        other = replace(site, root=site.root.parent / f"e{step}" / site.root.name)
        shutil.copytree(site.root, other.root, ignore=shutil.ignore_patterns("build", ".cms"))
        page = next(path for path in sorted((other.root / "content" / "posts").rglob("*.md")))
        page.write_text(page.read_text("utf-8") + f"\n\nOne line more {step}.\n", "utf-8")
        with database(other.url):
            kill_at(step, partial(build, other.root, other.options))
        shutil.copy(page, site.root / page.relative_to(other.root))
        told = [p.code for p in site.build().result.problems]
        assert "publish.other-place" in told or site.tree() == site.build_clean().tree()


def test_a_third_checkout_plans_what_it_builds(built_site: MakeSite) -> None:
    site = built_site(SITE)
    page = next(path for path in sorted((site.root / "content" / "posts").rglob("*.md")))
    page.write_text(page.read_text("utf-8") + "\n\nOne line more.\n", "utf-8")
    for name in ("second", "third"):
        other = replace(site, root=site.root.parent / name / site.root.name)
        shutil.copytree(site.root, other.root, ignore=shutil.ignore_patterns("build", ".cms"))
        if name == "third":
            with database(other.url):
                assert plan(other.root, other.options).outputs == []
        assert bool(other.build().rendered) == (name == "second")


def test_a_page_that_fails_and_is_not_in_the_emptied_folder_is_linked_from_nowhere(make_site: MakeSite) -> None:
    site = make_site(SITE)
    site.write_file("themes/plain/templates/failing.html", "{{ page.path }}\n")
    site.edit("content/posts/b.md", "title: B\n", "title: B\nlayout: failing\n")
    site.build()
    page = next(path for path in site.tree() if path.endswith("/b/index.html"))
    address = page.removesuffix("index.html").encode()
    shutil.rmtree(site.output)
    site.write_file("themes/plain/templates/failing.html", "{{ none.such }}\n")
    assert site.build().result.status == "partial"
    assert page not in site.tree()
    assert [path for path, data in site.tree().items() if address in data] == []
    site.write_file("themes/plain/templates/failing.html", "{{ page.path }}\n")
    site.build()
    site.assert_clean()


def test_a_folder_in_a_pages_place_is_put_back_by_the_build_after_one_that_was_killed_over_it(built_site: MakeSite) -> None:
    site = built_site(SITE)
    page = next(path for path in sorted(site.tree()) if path.endswith("/a/index.html"))
    (site.output / page).unlink()
    (site.output / page).mkdir()
    (site.output / page / "kept.txt").write_text("mine", "utf-8")
    new = FolderTarget(site.output)._new_path(page)
    Path(new).write_text("half a build", "utf-8")
    _exchange(new, str(site.output / page))  # here it was killed
    site.query("INSERT INTO cms.journal (site, epoch, paths) SELECT id, 0, '{/2026/a/}' FROM cms.sites")
    assert Path(new).is_dir()
    built = site.build()
    assert "a file and a folder would have the same name" in built.result.problems[0].message
    assert (site.output / page / "kept.txt").read_text("utf-8") == "mine"
    shutil.rmtree(site.output / page)
    site.build(full=True)
    site.assert_clean()


def test_what_a_killed_build_left_beside_a_page_is_gone_after_the_next_though_the_page_fails(built_site: MakeSite) -> None:
    site = built_site(SITE)
    before = site.tree()
    site.edit("themes/plain/templates/footer.html", "footer", "new footer")
    for step in range(6, 60, 3):
        with database(site.url):
            kill_at(step, lambda: build(site.root, site.options))
        if any(path.endswith(".new") for path in site.tree()):
            break
    else:
        raise AssertionError("no step leaves a file")
    site.write_file("themes/plain/templates/footer.html", "{{ none.such }}")
    site.build()
    assert site.tree().keys() == before.keys()
