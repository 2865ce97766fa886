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
