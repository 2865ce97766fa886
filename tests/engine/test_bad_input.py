"""Broken, hostile and merely odd files: what is wrong is named, the rest is built, and mended it is as if nothing had been."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cms_ssg.types import Problem
from tests.engine.siteonpage import Built, SiteOnPage

SITE = """\
-- site.toml --
title = "Odd"
base_url = "https://odd.example"
-- content/posts/a.md --
---
title: First
date: 2025-01-01
tags: [red]
---
A [page](/about/), a [second](b.md).
-- content/posts/b.md --
---
title: Second
date: 2025-01-02
---
B
-- content/pages/about.md --
---
title: About
---
All about it.
-- data/social.yaml --
- {name: Feed, url: /feed.xml}
"""

Make = Callable[[str], SiteOnPage]


@pytest.fixture
def site(make_site: Make) -> SiteOnPage:
    """A small site, built."""
    made = make_site(SITE)
    assert made.build().result.status == "done"
    return made


def say(problem: Problem) -> str:
    """A problem's place, line and code."""
    return f"{problem.place}:{problem.line} {problem.code}"


def errors(built: Built) -> list[str]:
    return [say(problem) for problem in built.result.problems if problem.severity == "error"]


def warnings(built: Built) -> list[str]:
    return [say(problem) for problem in built.result.problems if problem.severity == "warning"]


# Files of static/


def test_a_static_file_keeps_its_name_whatever_its_extension(site: SiteOnPage) -> None:
    names = ["CNAME", "_redirects", ".nojekyll", ".well-known/apple-app-site-association", "site.webmanifest", "a.7z", "v1.2", "tar.b.c3"]
    for name in names:
        site.write_file(f"static/{name}", name)
    site.write_file("static/docs/index.html", "docs")
    site.edit("content/pages/about.md", "All about it.", "[The](/CNAME) [app](/site.webmanifest) [docs](/docs) [zip](/a.7z)")
    assert site.build().written >= {*names, "docs/index.html"}
    assert [name for name in site.tree() if name.endswith("/index.html") and name.partition("/")[0] in names] == []
    about = (site.output / "about/index.html").read_text()
    for url in ("/CNAME", "/site.webmanifest", "/docs/", "/a.7z"):
        assert f'<a href="{url}">' in about
    site.assert_clean()


def test_a_file_and_a_folder_of_one_name_are_told(site: SiteOnPage) -> None:
    site.write_file("static/about", "a file where the page needs a folder")
    built = site.build(full=True)
    assert errors(built) == [":0 publish.failed"]
    assert "a file and a folder would have the same name there" in built.result.problems[0].message
    site.delete("static/about")
    assert site.build().result.status == "done"
    site.assert_clean()


def test_every_loser_of_a_path_is_named_with_its_file(site: SiteOnPage) -> None:
    site.write_file("static/about/index.html", "raw")
    site.write_file("content/pages/me.md", "---\naliases: [/about/, /tags/red/]\n---\n")
    site.write_file("content/posts/c.md", "---\ntitle: C\ndate: 2025-01-02\nslug: b\n---\n")
    built = site.build()
    assert errors(built) == [
        "content/posts/c.md:0 content.path-taken",
        "static/about/index.html:0 content.path-taken",
        "content/pages/me.md:0 content.path-taken",
        "content/pages/me.md:0 content.path-taken",
    ]
    site.assert_clean()
