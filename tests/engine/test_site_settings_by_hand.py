"""What an editor sets up by hand: a type with a list, a second language, a child theme. And what a build says of links that it cut."""

from __future__ import annotations

import io
from collections.abc import Callable

from PIL import Image

from tests.engine.siteonpage import SiteOnPage

EVENTS = "".join(f"-- content/events/e{n}.md --\n---\ntitle: Event {n}\ndate: 2025-01-0{n}\n---\nHello\n" for n in range(1, 6))

SITE = f"""\
-- site.toml --
title = "Atlas"
theme = "mine"
page_size = 2
lists = {{event = "/events/"}}
[[collection]]
name = "events"
path = "content/events"
type = "event"
[[menus.main]]
title = "Sport"
url = "/sport/"
-- content_schema/event.json --
{{"x-url": "/events/{{slug}}/", "x-sort": ["-date"]}}
{EVENTS}\
-- content/pages/about.md --
---
title: About
---
See [sport](/sport/).
-- content/posts/one.md --
---
title: One
date: 2025-02-01
section: Sport
authors: [Ada]
---
Text
-- content/strangers/a.md --
# Nobody's
-- themes/mine/templates/post.html --
{{% extends "post.html" %}}
{{% block after %}}<p>Mine</p>{{{{ super() }}}}{{% endblock %}}
-- themes/mine/templates/base.html --
{{% extends "base.html" %}}
{{% block styles %}}{{{{ super() }}}}<link rel="stylesheet" href="{{{{ asset('extra.css') }}}}">{{% endblock %}}
-- themes/mine/assets/extra.css --
p {{ color: red }}
"""

ITALIAN = """
[[locales]]
code = "en"
[[locales]]
code = "it"
title = "Atlante"
[[locales.menus.main]]
title = "Chi siamo"
ref = "page:about"
"""


def test_a_site_is_widened_by_lines_of_settings_and_told_what_it_breaks(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SITE)

    def read(path: str) -> str:
        return (site.output / path).read_text("utf-8")

    problems = site.build().result.problems
    assert [(p.code, "content/strangers/a.md" in p.message) for p in problems] == [("settings.uncollected", True)]
    # a list of a new type, with archive pages and feeds
    assert "<title>Event · Atlas</title>" in read("events/index.html")
    assert "Event 1" in read("events/page/1/index.html")
    assert "Event 5" in read("events/feed.xml")
    # a template that extends its own name has the parent's blocks; CSS is added beside the parent's
    post = read("2025/02/one/index.html")
    assert "<p>Mine</p>" in post
    assert 'rel="author"' in post
    assert post.index("/assets/site.") < post.index("/assets/extra.")
    site.write("-- content/strangers/a.md --\n")
    site.delete("content/strangers/a.md")

    # a second language
    text = (site.root / "site.toml").read_text("utf-8")
    site.write_file("site.toml", text + ITALIAN)
    site.write_file("content/pages/about.it.md", "---\ntitle: Chi siamo\n---\nCiao")
    assert site.build().result.problems == []
    assert "<title>Chi siamo · Atlante</title>" in read("it/about/index.html")
    assert '<a href="/it/about/" aria-current="page">Chi siamo</a>' in read("it/about/index.html")
    assert '<a href="/sport/">Sport</a>' in read("about/index.html")
    site.edit("site.toml", "Atlante", "L'atlante")
    assert {path.partition("/")[2].partition("/")[0] for path in site.build().pages if path != "/"} == {"it"}

    # a parent's template is a read of its own
    before = site.build().pages
    assert before == set()
    site.write_file("themes/mine/templates/post.html", '{% extends "entry.html" %}')
    assert site.build().pages == {"/2025/02/one/"}
    site.assert_clean()

    # a picture so small that all its sizes are one file
    buffer = io.BytesIO()
    Image.new("P", (1, 1)).save(buffer, "GIF")
    site.write_file("static/dot.gif", buffer.getvalue())
    site.edit("content/posts/one.md", "section: Sport", "section: Sport\nimage: /dot.gif")
    assert site.build().result.problems == []

    # a section that goes is told of the menu and the page that lead there, and of the menu for as long as it does
    site.edit("content/posts/one.md", "section: Sport", "section: Games")
    found = {(p.code, p.place, p.line) for p in site.build().result.problems}
    assert found == {("settings.dangling-menu", "site.toml", 11), ("content.dangling-link", "content/pages/about.md", 4)}
    assert [p.code for p in site.build().result.problems] == ["settings.dangling-menu"]

    # links by file and by reference are told too
    site.write_file("content/pages/about.md", "---\ntitle: About\n---\n[a](../posts/one.md)\n\n[b](ref:post:one) [c](/2025/02/one/)")
    site.build()
    site.delete("content/posts/one.md")
    cut = [p for p in site.build().result.problems if p.code == "content.dangling-link"]
    assert [(p.place, p.line) for p in cut] == [("content/pages/about.md", 4), ("content/pages/about.md", 6), ("content/pages/about.md", 6)]
