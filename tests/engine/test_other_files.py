"""Files that are no content but lie beside it: where they are published, and which are not."""

from __future__ import annotations

from collections.abc import Callable

from tests.engine.siteonpage import SiteOnPage

SITE = """
-- site.toml --
title = "Two roots"
base_url = "https://two.example"
data_files = ["blog/authors.yml"]
redirect_files = ["docs/moved.csv"]

[[collection]]
name = "blog"
path = "blog"
type = "post"
url = "/blog/{slug}/"

[[collection]]
name = "docs"
path = "docs"
type = "page"
url = "/docs/{path}/"
exclude = ["_*", "drafts/**"]
-- blog/authors.yml --
ann: {name: Ann}
-- blog/first.md --
---
title: First
date: 2026-01-01
---
[plan](img/plan.pdf)
-- blog/img/plan.pdf --
of the blog
-- docs/intro.md --
---
title: Intro
---
[plan](img/plan.pdf)
-- docs/img/plan.pdf --
of the documentation
-- docs/moved.csv --
from,to
/old/,/docs/intro/
-- docs/_category_.json --
{}
-- docs/drafts/plan.pdf --
not yet
-- docs/guide/index.md --
---
title: Guide
---
Text.
-- docs/guide/_notes.txt --
not for visitors
-- docs/guide/map.txt --
a map
-- other/loose.txt --
in no collection
-- static/blog/img/more.pdf --
more
"""


def list_files(site: SiteOnPage) -> set[str]:
    return {
        path for path in site.tree() if path.endswith((".pdf", ".yml", ".csv", ".json", ".txt")) and path not in ("feed.json", "robots.txt")
    }


def test_two_collections_may_have_files_of_one_name(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SITE)
    assert site.build().result.problems == []
    assert site.tree()["blog/img/plan.pdf"] == b"of the blog\n"
    assert site.tree()["docs/img/plan.pdf"] == b"of the documentation\n"
    assert 'href="/blog/img/plan.pdf"' in site.tree()["blog/first/index.html"].decode()
    assert 'href="/docs/img/plan.pdf"' in site.tree()["docs/intro/index.html"].decode()


def test_what_is_excluded_or_read_as_data_is_not_published(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SITE)
    site.build()
    assert list_files(site) == {"blog/img/plan.pdf", "docs/img/plan.pdf", "docs/guide/map.txt", "blog/img/more.pdf"}
    assert "old/index.html" in site.tree()


def test_files_move_with_the_rules_of_their_collection(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SITE)
    site.build()
    settings = (site.root / "site.toml").read_text("utf-8")
    for old, new, there in (
        ('"/docs/{path}/"', '"/manual/{path}/"', {"manual/img/plan.pdf", "manual/guide/map.txt"}),
        ('"_*", "drafts/**"', '"_*"', {"docs/drafts/plan.pdf"}),
        ('["blog/authors.yml"]', "[]", {"blog/authors.yml"}),
        ('["docs/moved.csv"]', "[]", {"docs/moved.csv"}),
    ):
        before = list_files(site)
        site.write_file("site.toml", settings.replace(old, new))
        site.build()
        assert there <= list_files(site) - before
        site.assert_clean()
        site.write_file("site.toml", settings)
        site.build()
        assert list_files(site) == before
        site.assert_clean()


def test_content_that_settings_drop_goes_and_comes_back_with_them(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SITE)
    site.build()
    settings = (site.root / "site.toml").read_text("utf-8")
    for old, new, gone in (
        ('exclude = ["_*", "drafts/**"]', 'exclude = ["_*", "drafts/**", "guide/**"]', "docs/guide/index.html"),
        ('path = "blog"', 'path = "blog"\nglob = ["*.markdown"]', "blog/first/index.html"),
        ('path = "blog"', 'path = "blog"\nexclude = ["fir*"]', "blog/first/index.html"),
    ):
        assert gone in site.tree()
        site.write_file("site.toml", settings.replace(old, new))
        site.build()
        assert gone not in site.tree()
        site.assert_clean()
        site.write_file("site.toml", settings)
        site.build()
        assert gone in site.tree()
        site.assert_clean()


def test_file_that_settings_make_content_is_no_file_any_more(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SITE)
    site.build()
    assert "docs/guide/map.txt" in site.tree()
    site.edit("site.toml", 'url = "/docs/{path}/"', 'url = "/docs/{path}/"\nglob = ["*.md", "*.txt"]')
    site.build()
    assert "docs/guide/map.txt" not in site.tree()
    assert b"a map" in site.tree()["docs/guide/map/index.html"]
    site.assert_clean()
    site.edit("docs/guide/map.txt", "a map", "a better map")
    site.build()
    assert b"a better map" in site.tree()["docs/guide/map/index.html"]
    site.edit("site.toml", ', "*.txt"]', "]")
    site.build()
    assert site.tree()["docs/guide/map.txt"] == b"a better map\n"
    assert "docs/guide/map/index.html" not in site.tree()
    site.assert_clean()


def test_content_that_becomes_a_broken_content_file_or_none_leaves_nothing_of_its_former_kind(
    make_site: Callable[[str], SiteOnPage],
) -> None:
    site = make_site(SITE)
    site.write_file("docs/guide/broken.txt", "---\ntitle: [\n---\n")
    site.build()
    assert "docs/guide/broken.txt" in site.tree()
    site.edit("site.toml", 'url = "/docs/{path}/"', 'url = "/docs/{path}/"\nglob = ["*.md", "broken.txt"]')
    assert [problem.place for problem in site.build().result.problems] == ["docs/guide/broken.txt"]
    assert "docs/guide/broken.txt" not in site.tree()
    site.assert_clean()


BUNDLES = """
-- site.toml --
title = "Two languages"
base_url = "https://two.example"

[[locales]]
code = "en"

[[locales]]
code = "it"

[[collection]]
name = "posts"
path = "."
glob = ["plan/**/*.md", "plan/**/*.txt"]
type = "post"
locale = "suffix"
url = "/{slug}/"
-- plan/index.it.md --
---
title: Piano
date: 2026-01-01
draft: true
---
![Rosso](gfx/red.txt2)
-- plan/gfx/red.txt2 --
red
"""


def list_red(site: SiteOnPage) -> list[str]:
    return sorted(path for path in site.tree() if path.endswith("red.txt2"))


NOT_OUT = (
    ("index.it.md", "draft: true"),
    ("index.en.md", "draft: true"),
    ("index.it.md", "publish_at: 2030-01-01"),
    ("index.it.md", "expire_at: 2026-01-02"),
    ("index.md", "status: trashed"),
    ("index.txt", "draft: true"),
    ("index.it.md", "draft: [broken"),
)


def test_files_beside_an_index_that_is_not_out_are_not_published(make_site: Callable[[str], SiteOnPage]) -> None:
    head, piano = BUNDLES.split("-- plan/index.it.md --")
    plans = {f"plan{number}/{name}": said for number, (name, said) in enumerate(NOT_OUT)}
    site = make_site(
        head.replace('"plan/**/*.md", "plan/**/*.txt"', '"*.md", "*.txt"')
        + "".join(
            f"-- {file} --" + piano.replace("draft: true", said).replace("plan/gfx", f"{file.partition('/')[0]}/gfx")
            for file, said in plans.items()
        )
    )
    site.build()
    assert list_red(site) == []
    for file, said in plans.items():
        site.edit(file, said, "draft: false")
    site.build()
    assert list_red(site) == sorted(("it/" if ".it." in file else "") + file.partition("/")[0] + "/gfx/red.txt2" for file in plans)
    site.assert_clean()
    for file in plans:
        site.edit(file, "draft: false", "draft: true")
    site.build()
    assert list_red(site) == []


def test_files_of_two_languages_lie_beside_the_first_that_is_out(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(BUNDLES.replace("draft: true", "draft: false"))
    english = "---\ntitle: Plan\ndate: 2026-01-01\ndraft: true\n---\n[red](gfx/red.txt2)\n"
    site.write_file("plan/index.md", english)
    site.build()
    assert list_red(site) == ["it/plan/gfx/red.txt2"]
    assert 'src="/it/plan/gfx/red.txt2"' in site.tree()["it/plan/index.html"].decode()
    site.edit("plan/index.md", "draft: true", "draft: false")
    site.build()
    assert list_red(site) == ["plan/gfx/red.txt2"]
    assert 'src="/plan/gfx/red.txt2"' in site.tree()["it/plan/index.html"].decode()
    site.assert_clean()
    (site.root / "plan/index.md").unlink()
    site.build()
    assert list_red(site) == ["it/plan/gfx/red.txt2"]
    site.assert_clean()
    (site.root / "plan/index.it.md").unlink()
    site.build()
    assert list_red(site) == ["plan/gfx/red.txt2"], "in no bundle any more"
    site.assert_clean()
