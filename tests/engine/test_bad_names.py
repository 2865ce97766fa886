"""Content types, templates, names and settings that are broken or lead nowhere, and naughty strings in a whole site."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from cms_ssg.errors import CmsError
from tests.engine.odd_site import SITE, check_site, say
from tests.engine.siteonpage import SiteOnPage

IMAGES = Path(__file__).parents[1] / "data/images"
Make = Callable[[str], SiteOnPage]

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
    for number in range(10):
        site.write_file(f"content/posts/more{number}.md", f"---\ntitle: More {number}\ndate: 2025-01-01\n---\nText.\n")
    site.build()
    site.write_file("content_schema/post.json", '{"x-url": "/{series}/{slug}/"}')
    site.write_file("content_schema/page.json", '{"x-url": "/{series}/{slug}/"}')
    with pytest.raises(CmsError) as caught:
        site.build(confirm_removals=False)
    told = [say(p) for p in caught.value.problems]
    assert told[:3] == ["content/pages/about.md:1 content.path", "content/posts/a.md:1 content.path", "content/posts/b.md:1 content.path"]
    assert told[-1] == ":0 build.removals"
    assert len(told) == 14


# What front matter names and nobody has


def test_check_names_images_and_layouts_that_are_nowhere(site: SiteOnPage) -> None:
    site.write_file("static/there.png", (IMAGES / "l_trns.png").read_bytes())
    site.edit("content/posts/a.md", "tags: [red]", "image: nowhere.png\nlayout: wide\ntags: [red]")
    site.edit("content/posts/b.md", "title: Second", "title: Second\nimage: /there.png\nlayout: page")
    assert [say(p) for p in check_site(site)] == ["content/posts/a.md:4 content.dangling-image", "content/posts/a.md:5 content.no-layout"]
    site.write_file("themes/own/templates/wide.html", "wide {{ entry.title }}")
    site.edit("site.toml", 'title = "Odd"', 'title = "Odd"\ntheme = "own"')
    site.write_file("content/posts/a/nowhere.png", (IMAGES / "l_trns.png").read_bytes())
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


BROKEN: tuple[tuple[str | bytes, str, str], ...] = (
    ("\n{% if %}", "templates/SELF:2", "Expected an expression"),
    ("\n\n{% nope %}", "templates/SELF:3", "unknown tag 'nope'"),
    ("\n{{ nope }}", "templates/SELF:2", 'unknown variable "nope"'),
    ("{{ 1\n/ 0 }}", "templates/SELF:1", "division by zero"),
    ("\n{{ 1|nope }}", "templates/SELF:2", "No filter named 'nope'"),
    ("\n{{ 'x'|date('y') }}", "templates/SELF:2", "'str' object"),
    ("\n{{ ''|int(1, 2, 3, 4) }}", "templates/SELF:2", "positional arguments"),
    ("\n{% include 'nope.html' %}", "templates/SELF:2", "needs the template nope.html"),
    ("\n{% include '../../site.toml' %}", "templates/SELF:2", "needs the template ../../site.toml"),
    ("{% extends 'SELF' %}", "templates/SELF:1", "needs the template SELF of a theme below"),
    ("{% include 'again.html' %}", "templates/again.html:1", LOOP),
    ("{% macro m() %}{{ m() }}{% endmacro %}\n{{ m() }}", "templates/SELF:1", LOOP),
    ("{{ (" + "(" * 900 + ")" * 900 + ") }}", "", "nested too deeply"),
    ("{% if 1 %}" * 200 + "{% endif %}" * 200, "templates/SELF:0", "too many levels of indentation"),
    ("{% break %}", "templates/SELF:0", "outside loop"),
    (b"\n\n\xff", "templates/SELF:3", "it is not UTF-8"),
    ("{{ latest('type/post', 10 ** 30) }}", "templates/SELF:1", "a number up to"),
    ("{{ latest(none) }}", "templates/SELF:1", "a list's name"),
    ("{{ latest('\\0') }}", "templates/SELF:1", "cannot be a name"),
    ("{{ latest('\\ud800') }}", "templates/SELF:1", "cannot be a name"),
    ("{{ data('\\0') }}", "templates/SELF:1", "cannot be a name"),
    ("{{ ref('\\0') }}", "templates/SELF:1", "cannot be a name"),
    ("{{ asset('nope.css') }}", "templates/SELF:1", 'no asset "nope.css"'),
    ("{{ t(5) }}", "templates/SELF:1", ""),
)
"""Templates, where the fault is said to be (SELF: the template's own name), and what is said of it."""


def test_a_template_that_fails_is_named_with_its_line_and_only_its_pages_fail(make_site: Make) -> None:
    """Each has a page of its own, and one has two; all fail in one build and none because of another."""
    site = make_site(SITE.replace('title = "Odd"', 'title = "Odd"\ntheme = "own"'))
    site.write_file("themes/own/templates/again.html", "{% include 'again.html' %}")
    wanted: dict[str, tuple[str, str]] = {}
    for number, (_, place, said) in enumerate(BROKEN):
        for copy in range(2 if number == 0 else 1):
            site.write_file(f"content/pages/p{number}-{copy}.md", f"---\ntitle: P\nlayout: p{number}\n---\nText.\n")
            wanted[f"/p{number}-{copy}/ (from content/pages/p{number}-{copy}.md)"] = place.replace("SELF", f"p{number}.html"), said
        site.write_file(f"themes/own/templates/p{number}.html", "Well: {{ entry.content }}")
    assert site.build().result.status == "done"
    before = site.tree()
    for number, (template, _, _) in enumerate(BROKEN):
        name = f"p{number}.html"
        text = template if isinstance(template, bytes) else template.replace("SELF", name).encode()
        site.write_file(f"themes/own/templates/{name}", text)
    site.edit("content/pages/about.md", "All about it.", "Nearly all.")
    built = site.build()
    assert (built.result.status, built.result.failed) == ("partial", len(wanted))
    for problem in built.result.problems:
        (page,) = (page for page in wanted if problem.message.startswith(page))
        place, said = wanted.pop(page)
        assert problem.place.removeprefix("themes/own/") + (f":{problem.line}" if problem.place else "") == place, page
        assert said.replace("SELF", place.partition(":")[0].rpartition("/")[2]) in problem.message
        assert problem.hint
    assert wanted == {}
    changed = {key for key, data in site.tree().items() if before[key] != data}
    assert "about/index.html" in changed
    assert not any(re.match(r"p\d+-", key) for key in changed)
    for number in range(len(BROKEN)):
        site.write_file(f"themes/own/templates/p{number}.html", "Well: {{ entry.content }}")
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
    told = {p.code for p in built.result.problems}
    assert told == {"content.path-taken", "content.changed-path"}, "slugs that are equal after folding, or changed, and nothing else"
    tree = site.tree()
    posts = [key for key in tree if key.startswith("2025/01/") and key.count("/") == 3]
    losers = {p.place for p in built.result.problems if p.code == "content.path-taken"}
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


def test_a_featured_image_that_is_not_there_is_shown_nowhere_until_it_is(site: SiteOnPage) -> None:
    site.edit("content/posts/a.md", "title: First", "title: First\nimage: /img/gone.png")
    site.edit("content/pages/about.md", "title: About", "title: About\nimage: ../img/gone.png")
    site.build()
    shown = {path for path, data in site.tree().items() if b"gone.png" in data}
    assert shown == set()
    site.assert_clean()
    drawn = io.BytesIO()
    Image.new("RGB", (40, 20), "red").save(drawn, "PNG")
    site.write_file("static/img/gone.png", drawn.getvalue())
    site.build()
    shown = {path for path, data in site.tree().items() if b"gone" in data or b"<picture" in data}
    assert {"2025/01/a/index.html", "about/index.html", "index.html"} <= shown
    site.assert_clean()
    site.delete("static/img/gone.png")
    site.build()
    assert not any(b"gone.png" in data or b"<picture" in data for data in site.tree().values())
    site.assert_clean()


@pytest.mark.parametrize("rule", ["folder", "field:lang"])
def test_a_locale_that_is_dropped_leaves_no_page_and_no_alias(site: SiteOnPage, rule: str) -> None:
    collection = f'[[collection]]\nname = "notes"\npath = "content/notes"\ntype = "page"\nurl = "/notes/{{path}}/"\nlocale = "{rule}"\n'
    settings = (site.root / "site.toml").read_text()
    site.write_file("site.toml", f'locales = ["en", "it"]\n{settings}{collection}')
    file = "content/notes/it/chi.md" if rule == "folder" else "content/notes/chi.md"
    site.write_file(file, "---\nlang: it\naliases: [/it/vecchio/, /vecchio/]\n---\nChi.\n")
    site.build()
    assert {"it/notes/chi/index.html", "it/vecchio/index.html", "vecchio/index.html"} <= site.tree().keys()
    site.write_file("site.toml", f"{settings}{collection}")
    assert [p.code for p in site.build().result.problems] == ["content.unknown-locale"]
    assert not any("notes/" in path or "vecchio" in path for path in site.tree())
    site.assert_clean()
