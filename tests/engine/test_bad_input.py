"""Broken, hostile and merely odd files: what is wrong is named, the rest is built, and mended it is as if nothing had been."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from cms_ssg.check import check
from cms_ssg.content.read import read_draft
from cms_ssg.errors import CmsError
from cms_ssg.site import open_site
from cms_ssg.types import Problem
from tests.engine.siteonpage import Built, SiteOnPage, database

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


def check_site(site: SiteOnPage) -> list[Problem]:
    """What `cms check` says."""
    with database(site.url):
        return check(site.root)


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


# Content files

HEAD = "---\ntitle: Bad\ndate: 2025-01-01\n"
BAD: dict[str, tuple[str | bytes, int, str]] = {
    "twice": (HEAD + "title: Other\n---\n", 4, "content.duplicate-key"),
    "open": (HEAD + "\ntext\n", 1, "content.front-matter-open"),
    "bomb": ("---\na: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n---\n", 2, "content.yaml-alias"),
    "huge-yaml": ("---\ntitle: " + "x" * 10_000_000 + "\n---\n", 1, "content.front-matter-size"),
    "huge-toml": ("+++\ntitle = '" + "x" * 10_000_000 + "'\n+++\n", 1, "content.front-matter-size"),
    "huge-json": ('{"title": "' + "x" * 10_000_000 + '"}\n', 1, "content.front-matter-size"),
    "latin": (b"---\ntitle: caf\xe9\n---\n", 2, "content.encoding"),
    "utf16": (HEAD.encode("utf-16"), 1, "content.encoding"),
    "binary": (b"\x89PNG\r\n\x1a\n" + bytes(100), 3, "content.binary"),
    "deep": (HEAD + "a: " + "[" * 20_000 + "\n---\n", 4, "content.front-matter-depth"),
    "no-date": ("", 1, "content.no-date"),
    "date": ("---\ntitle: D\ndate: 15/07/2013\n---\n", 3, "content.field"),
    "tags": (HEAD + "tags: {a: b}\n---\n", 4, "content.field"),
    "nested": (HEAD + "tags: [[a], b]\n---\n", 4, "content.field"),
    "weight": (HEAD + "weight: heavy\n---\n", 4, "content.field"),
    "status": (HEAD + "status: banana\n---\n", 4, "content.field"),
    "python": (HEAD + "x: !!python/name:os.system\n---\n", 4, "content.yaml-tag"),
    "toml": ("+++\ntitle = \n+++\n", 2, "content.toml"),
    "json": ('{"title": "x",\n}\n', 2, "content.json"),
}
"""File -> what stands in it, the line that is told, the code."""


def test_files_that_cannot_be_read_are_named_all_at_once_and_the_rest_goes_on(site: SiteOnPage) -> None:
    for name, (data, _, _) in BAD.items():
        site.write_file(f"content/posts/{name}.md", data)
    first = (site.output / "2025/01/a/index.html").read_bytes()
    site.write_file("content/posts/a.md", "---\ntitle: First\ntags: [red\n---\nNew.")
    site.write_file(
        "content/posts/good.md", "\ufeff\r\n\r\n---\r\ntitle:\tGood\r\ndate: 2025-01-03\r\ntags:\r\n\t- red\r\n---\r\n\r\nGood.\r\n"
    )
    built = site.build()
    expected = {f"content/posts/{name}.md:{line} {code}" for name, (_, line, code) in BAD.items()}
    assert set(errors(built)) == expected | {"content/posts/a.md:4 content.yaml"}
    assert built.result.status == "partial"
    assert built.result.failed == len(BAD) + 1
    assert all(problem.hint for problem in built.result.problems if problem.code not in ("content.field", "content.no-date"))
    assert (site.output / "2025/01/good/index.html").exists()
    assert (site.output / "2025/01/a/index.html").read_bytes().count(b"New.") == 0
    assert first.count(b"A <a") == (site.output / "2025/01/a/index.html").read_bytes().count(b"A <a") == 1
    assert site.build().rendered == set(), "what was told once is told again, and nothing is done for it"
    assert set(errors(site.build())) == set(errors(built))
    for name in BAD:
        site.write_file(f"content/posts/{name}.md", f"---\ntitle: {name}\ndate: 2025-01-01\n---\nMended.\n")
    site.write_file("content/posts/a.md", "---\ntitle: First\ndate: 2025-01-01\n---\nNew.")
    assert site.build().result.status == "done"
    site.assert_clean()


def test_hostile_files_are_refused_at_once(site: SiteOnPage) -> None:
    rules = open_site(site.root, {}).rules
    for name, (data, _, code) in BAD.items():
        raw = data.encode() if isinstance(data, str) else data
        begin = time.process_time()
        draft, problems = read_draft(rules, f"content/posts/{name}.md", raw)
        assert time.process_time() - begin < 0.05, name
        assert draft is None
        assert [p.code for p in problems if p.severity == "error"] == [code]


def test_links_pipes_and_odd_names_are_left_out_with_a_word(site: SiteOnPage) -> None:
    before, posts = site.tree(), site.root / "content/posts"
    (posts / "link.md").symlink_to("/etc/passwd")
    (posts / "all").symlink_to("/etc")
    os.mkfifo(posts / "pipe.md")
    (posts / "folder.md").mkdir()
    for name in ("a\nb.md", "a\\b.md", "x" * 240 + ".md", "\u202ertl.md"):
        (posts / name).write_text(HEAD + "---\n")
    (posts / "SHOUT.MD").write_text(HEAD + "draft: true\n---\nSecret.")
    built = site.build()
    assert sorted(p.code for p in built.result.problems) == ["content.ending", *["scan.name"] * 4, "scan.special", *["scan.symlink"] * 2]
    assert built.result.status == "done"
    assert site.tree() == before
    assert site.build().rendered == set()


def test_a_file_that_becomes_a_folder_and_back(site: SiteOnPage) -> None:
    text = (site.root / "content/posts/b.md").read_text()
    site.delete("content/posts/b.md")
    site.write_file("content/posts/b.md/index.md", HEAD + "---\nInner [first](../a.md).")
    site.edit("content/posts/a.md", ", a [second](b.md)", "")
    assert site.build().result.status == "done"
    site.assert_clean()
    shutil.rmtree(site.root / "content/posts/b.md")
    site.write_file("content/posts/b.md", text)
    site.build()
    site.assert_clean()


def test_dialects_of_dates_have_one_meaning(site: SiteOnPage) -> None:
    dialects = [
        "2013-07-15", '"2013-07-15"', "2013-07-15 09:00", "2013-07-15 9:00:00 -0400", "2013-07-15T09:00:00Z", "2013-07-15T09:00:00.5+02:00",
        "2013/07/15", "2013.7.15", "Mon, 15 Jul 2013 09:00:00 +0200", "15 July 2013", "July 15th, 2013", "15 July 2013 at 09:00",
    ]  # fmt: skip
    for number, date in enumerate(dialects):
        site.write_file(f"content/posts/d{number}.md", f"---\ntitle: D\ndate: {date}\n---\n")
    site.write_file("content/posts/first.md", "---\ntitle: Old\ndate: 0001-01-02\n---\n")
    site.write_file("content/posts/last.md", "---\ntitle: Far\ndate: 9999-12-31\n---\n")
    written = site.build().written
    assert written >= {f"2013/07/d{number}/index.html" for number in range(len(dialects))} | {
        "0001/01/first/index.html",
        "0001/01/index.html",
    }
    assert not [key for key in written if key.startswith("9999/")], "not before its date"
    assert "9999/12/last/index.html" in site.build(now=datetime(9999, 12, 31, 12, tzinfo=UTC)).written


# Content types


def test_a_type_that_is_not_understood_stops_the_build_before_anything_is_done(site: SiteOnPage) -> None:
    before = site.tree()
    for text, line in (('{"x-sort": ["-date", 5]}', 1), ('{\n"properties": {"a": {"typ": 1}}}', 2), ("{\n\n", 3), ("[]", 0)):
        site.write_file("content_schema/post.json", text)
        with pytest.raises(CmsError) as caught:
            site.build()
        problems = caught.value.problems
        assert [(p.place, p.line) for p in problems] == [("content_schema/post.json", line)]
        assert [p.code for p in check_site(site) if p.place == "content_schema/post.json"] == [problems[0].code]
    assert site.tree() == before
    site.delete("content_schema/post.json")
    assert site.build().written == set()
    site.assert_clean()


def test_the_removal_guard_says_what_may_be_the_reason(site: SiteOnPage) -> None:
    site.write_file("content_schema/post.json", '{"x-url": "/{nope}/{slug}/"}')
    site.write_file("content_schema/page.json", '{"x-url": "/{nope}/{slug}/"}')
    with pytest.raises(CmsError) as caught:
        site.build(confirm_removals=False)
    assert [say(p) for p in caught.value.problems] == [
        "content/pages/about.md:1 content.path",
        "content/posts/a.md:1 content.path",
        "content/posts/b.md:1 content.path",
        ":0 build.removals",
    ]


# What front matter names and nobody has


def test_check_names_images_and_layouts_that_are_nowhere(site: SiteOnPage) -> None:
    site.write_file("static/there.png", "PNG")
    site.edit("content/posts/a.md", "tags: [red]", "image: nowhere.png\nlayout: wide\ntags: [red]")
    site.edit("content/posts/b.md", "title: Second", "title: Second\nimage: /there.png\nlayout: page")
    assert [say(p) for p in check_site(site)] == ["content/posts/a.md:4 content.dangling-image", "content/posts/a.md:5 content.no-layout"]
    site.write_file("themes/own/templates/wide.html", "wide {{ entry.title }}")
    site.edit("site.toml", 'title = "Odd"', 'title = "Odd"\ntheme = "own"')
    site.write_file("content/posts/a/nowhere.png", "PNG")
    site.move("content/posts/a.md", "content/posts/a/index.md")
    site.edit("content/posts/a/index.md", "(b.md)", "(../b.md)")
    assert check_site(site) == []


def test_check_names_menu_lines_that_lead_nowhere(site: SiteOnPage) -> None:
    site.edit(
        "site.toml",
        'title = "Odd"',
        'title = "Odd"\nmenus.main = [{ title = "A", ref = "page:about" }, { title = "B", ref = "page:nope" }]',
    )
    assert [say(p) for p in check_site(site)] == ["site.toml:2 settings.dangling-menu"]


def test_a_link_that_no_store_can_hold_leads_nowhere(site: SiteOnPage) -> None:
    links = ("a%00b.md", "/%00/", "%00.png", "@/%00", "ref:post:%00", "%ff%fe", "//[", "../../../../..", "/" + "b" * 9000)
    site.edit("content/posts/b.md", "\nB\n", "\n" + " ".join(f"[x]({link}) ![y]({link})" for link in links) + '<a href="%00">z</a>\n')
    assert site.build().result.status == "done"
    html = (site.output / "2025/01/b/index.html").read_text()
    assert html.count('alt="y"') == html.count(">x</a>") == len(links)
    assert 'href="a%00b.md"' in html and 'src="%00.png"' in html
    site.assert_clean()


# Templates

LOOP = "it includes, extends or calls itself without end, or is nested too deeply"


@pytest.mark.parametrize(
    ("template", "place", "said"),
    [
        ("\n{% if %}", "templates/post.html:2", "Expected an expression"),
        ("\n\n{% nope %}", "templates/post.html:3", "unknown tag 'nope'"),
        ("\n{{ nope }}", "templates/post.html:2", "'nope' is undefined"),
        ("{{ 1\n/ 0 }}", "templates/post.html:1", "division by zero"),
        ("\n{{ 1|nope }}", "templates/post.html:2", "No filter named 'nope'"),
        ("\n{{ 'x'|date('y') }}", "templates/post.html:2", "'str' object"),
        ("\n{{ ''|int(1, 2, 3, 4) }}", "templates/post.html:2", "positional arguments"),
        ("\n{% include 'nope.html' %}", "templates/post.html:2", "needs the template nope.html"),
        ("\n{% include '../../site.toml' %}", "templates/post.html:2", "needs the template ../../site.toml"),
        ("{% extends 'post.html' %}", "templates/post.html:1", LOOP),
        ("{% include 'again.html' %}", "templates/again.html:1", LOOP),
        ("{% macro m() %}{{ m() }}{% endmacro %}\n{{ m() }}", "templates/post.html:1", LOOP),
        ("{{ (" + "(" * 900 + ")" * 900 + ") }}", "", "nested too deeply"),
        ("{% if 1 %}" * 200 + "{% endif %}" * 200, "templates/post.html:0", "too many levels of indentation"),
        ("{% break %}", "templates/post.html:0", "outside loop"),
        (b"\n\n\xff", "templates/post.html:3", "it is not UTF-8"),
        ("{{ latest('type/post', 10 ** 30) }}", "templates/post.html:1", "a number up to"),
        ("{{ latest(none) }}", "templates/post.html:1", "a list's name"),
        ("{{ latest('\\0') }}", "templates/post.html:1", "cannot be a name"),
        ("{{ latest('\\ud800') }}", "templates/post.html:1", "cannot be a name"),
        ("{{ data('\\0') }}", "templates/post.html:1", "cannot be a name"),
        ("{{ ref('\\0') }}", "templates/post.html:1", "cannot be a name"),
        ("{{ asset('nope.css') }}", "templates/post.html:1", 'no asset "nope.css"'),
        ("{{ t(5) }}", "templates/post.html:1", ""),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_template_that_fails_is_named_with_its_line_and_only_its_pages_fail(
    make_site: Make, template: str, place: str, said: str
) -> None:
    site = make_site(SITE.replace('title = "Odd"', 'title = "Odd"\ntheme = "own"'))
    site.write_file("themes/own/templates/again.html", "{% include 'again.html' %}")
    site.build()
    before = site.tree()
    site.write_file("themes/own/templates/post.html", template)
    site.edit("content/pages/about.md", "All about it.", "Nearly all.")
    built = site.build()
    assert built.result.status == "partial"
    assert [p.place + (f":{p.line}" if p.place else "") for p in built.result.problems] == [place, place]
    for problem, path in zip(
        built.result.problems, ("/2025/01/a/ (from content/posts/a.md)", "/2025/01/b/ (from content/posts/b.md)"), strict=True
    ):
        assert problem.message.startswith(path)
        assert said in problem.message
        assert problem.hint
    assert {key for key, data in site.tree().items() if before[key] != data} >= {"about/index.html"}
    assert all(site.tree()[key] == before[key] for key in before if key.startswith("2025/"))
    site.delete("themes/own/templates/post.html")
    assert site.build().result.status == "done"
    site.assert_clean()


# Naughty strings


class Markup(HTMLParser):
    """What would run or lead astray in a page. wrong: tags and attributes that no template wrote; counts: of tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.counts: Counter[str] = Counter()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counts[tag] += 1
        if tag in ("iframe", "object", "embed", "form", "base", "style") or (
            tag == "script" and ("type", "application/ld+json") not in attrs
        ):
            self.wrong.append(tag)
        for name, value in attrs:
            scheme = re.sub(r"[\x00-\x20]", "", value or "").partition(":")[0].lower()
            if name.startswith("on") or (name in ("href", "src", "action") and scheme in ("javascript", "vbscript", "data")):
                self.wrong.append(f"{tag} {name}={value}")


def test_naughty_strings_as_titles_slugs_tags_and_authors_give_valid_pages(make_site: Make) -> None:
    texts = json.loads((Path(__file__).parents[1] / "data/naughty/blns.json").read_bytes())
    assert len(texts) == 515
    site = make_site(SITE.replace('title = "Odd"', 'title = "Odd"\nfeeds = ["rss"]'))
    for number, text in enumerate(texts):
        fields = ("title", "slug", "section", "series", "excerpt", "image_alt", "meta_title", "meta_description")
        front = dict.fromkeys(fields, text) | {"tags": [text], "authors": [text], "image": "/a.png", "date": "2025-01-02"}
        site.write_file(f"content/posts/n{number:03}.md", json.dumps(front) + "\nText.\n")
    built = site.build()
    assert {p.code for p in built.result.problems} == {"content.path-taken"}, "slugs that are equal after folding, and nothing else"
    tree = site.tree()
    posts = [key for key in tree if key.startswith("2025/01/") and key.count("/") == 3]
    losers = {p.place for p in built.result.problems if p.place}
    assert len(posts) + len(losers) == len(texts) + 2
    for key, data in tree.items():
        assert not re.search(r"(^|/)\.{1,2}(/|$)|[\x00-\x1f\x7f\\%?#]|//", key), key
        if key.endswith(".html"):
            page = Markup(data.decode())
            assert page.wrong == [], key
            assert page.counts["html"] == page.counts["head"] == page.counts["body"] == page.counts["title"] == 1, key
            for linked in re.findall(rb'<script type="application/ld\+json">(.*?)</script>', data, re.DOTALL):
                json.loads(linked)
        elif key.endswith(".xml"):
            ET.fromstring(data)
    assert site.build().rendered == set()
    site.assert_clean()
