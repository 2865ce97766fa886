"""Bodies: placeholders for look-ups, extensions to CommonMark, raw HTML by policy, nasty input in linear time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms_ssg.config.settings import Markdown
from cms_ssg.content.markdown import highlight
from cms_ssg.content.markdown.body import CLOSE, OPEN, render_body
from cms_ssg.types import Body, Heading
from tests.growth import MOST, find_growth

PLAIN = Markdown(highlight=False)


def render(text: str, first_line: int = 1, **settings: object) -> Body:
    return render_body(text, Markdown(**{"highlight": False, **settings}), "x.md", first_line)[0]  # type: ignore[arg-type]


def shown(text: str, **settings: object) -> str:
    """HTML with ⟨index⟩ for placeholders."""
    return render(text, **settings).html.replace(OPEN, "⟨").replace(CLOSE, "⟩")


def test_relative_links_and_all_images_become_placeholders_with_their_lines() -> None:
    body = render('A [b](c.md#d "T") and\n[e](https://f.g/) ![h](i.png "J")\n\n- x\n- [k](/l/)\n\n[m][n]\n\n[n]: ../o.md', first_line=7)
    assert [(link.kind, link.target, link.line) for link in body.links] == [
        ("link", "c.md#d", 7), ("image", "i.png", 8), ("link", "/l/", 11), ("link", "../o.md", 13),
    ]  # fmt: skip
    assert body.links[1].values == {"alt": "h", "title": "J"}
    assert body.html.startswith(f'<p>A <a href="{OPEN}0{CLOSE}" title="T">b</a> and\n<a href="https://f.g/">e</a> {OPEN}1{CLOSE}</p>')


@pytest.mark.parametrize("target", ["https://a.b/", "mailto:a@b.c", "//a.b/c", "#part", ""])
def test_absolute_links_and_fragments_stay(target: str) -> None:
    body = render(f"[x]({target})")
    assert body.links == ()
    assert f'href="{target}"' in body.html


def test_images_are_placeholders_wherever_they_come_from() -> None:
    assert [link.target for link in render("![a](https://b.c/d.png)\n\n![e](f g.png)\n\n![h](<i j.png>)").links] == [
        "https://b.c/d.png",
        "i j.png",
    ]


def test_raw_html_links_and_images_are_caught_with_their_other_attributes() -> None:
    body = render(
        '<div>\n<a class=x href=\'b.md\' title="t">c</a>\n<IMG alt="d" width=3 src=e.png>\n<img src="https://f.g/h.png">\n</div>'
        "\n\nText <a href=i/>j</a>"
    )
    assert [(link.kind, link.target, link.line, link.values) for link in body.links] == [
        ("link", "b.md", 2, {"class": "x", "title": "t"}),
        ("image", "e.png", 3, {"alt": "d", "title": "", "width": "3"}),
        ("link", "i/", 7, {}),
    ]
    assert f"<a class=x href='{OPEN}0{CLOSE}' title=\"t\">c</a>\n{OPEN}1{CLOSE}\n" in body.html
    assert '<img src="https://f.g/h.png">' in body.html


@pytest.mark.parametrize(
    ("text", "html", "targets"),
    [
        ("<video src='/a.mp4' poster=b.png></video>", "<video src='⟨0⟩' poster=\"⟨1⟩\"></video>", ["/a.mp4", "b.png"]),
        (
            '<source srcset="a.webp 1x, https://b.c/d 2x,/e,f.png 3x">',
            '<source srcset="⟨0⟩ 1x, https://b.c/d 2x, ⟨1⟩ 3x">',
            ["a.webp", "/e,f.png"],
        ),
        ('<object data="a.pdf"></object><b data="c"></b>', '<object data="⟨0⟩"></object><b data="c"></b>', ["a.pdf"]),
        ('<iframe title="a > b" src=/c/ ></iframe>', '<iframe title="a > b" src="⟨0⟩"></iframe>', ["/c/"]),
        (
            '<form action="/a"><button formaction=b>c</button></form>',
            '<form action="⟨0⟩"><button formaction="⟨1⟩">c</button></form>',
            ["/a", "b"],
        ),
        ('<svg><use xlink:href="/a.svg#b" /><use href="#c"/></svg>', '<svg><use xlink:href="⟨0⟩" /><use href="#c"/></svg>', ["/a.svg#b"]),
        (
            """<p style="background: url(/a.png), url( 'b.png' ), url(data:x), url(//c/d)">""",
            """<p style="background: url(⟨0⟩), url( &#39;⟨1⟩&#39; ), url(data:x), url(//c/d)">""",
            ["/a.png", "b.png"],
        ),
        (
            '<style>a {b: url("/c.svg#d")} @import "e.css";</style>',
            '<style>a {b: url("⟨0⟩")} @import "⟨1⟩";</style>',
            ["/c.svg#d", "e.css"],
        ),
        ('<a href="/b" ping="/c https://d.e">', '<a href="⟨0⟩" ping="⟨1⟩ https://d.e">', ["/b", "/c"]),
        ('<script src="/a.js">"<img src=b>"</script>', '<script src="⟨0⟩">"<img src=b>"</script>', ["/a.js"]),
        ('<audio src="https://a.b/c" src="d">', '<audio src="https://a.b/c" src="d">', []),
        ('<base href="/a/"><q cite="#b" title="src=c">', '<base href="/a/"><q cite="#b" title="src=c">', []),
    ],
)
def test_every_attribute_of_raw_html_that_holds_a_relative_url_is_looked_up(text: str, html: str, targets: list[str]) -> None:
    body = render(f"<div>\n{text}\n</div>")
    assert body.html.replace(OPEN, "⟨").replace(CLOSE, "⟩") == f"<div>\n{html}\n</div>"
    assert [(link.kind, link.target, link.line) for link in body.links] == [("link", target, 2) for target in targets]


def test_sizes_of_an_image_in_raw_html_are_looked_up_too() -> None:
    body = render('<img src="a.png" srcset="a.png 1x, b.png 2x" longdesc=c.html>')
    assert [(link.kind, link.target) for link in body.links] == [
        ("link", "a.png"), ("link", "b.png"), ("link", "c.html"), ("image", "a.png"),
    ]  # fmt: skip
    assert body.links[3].values["srcset"] == f"{OPEN}0{CLOSE} 1x, {OPEN}1{CLOSE} 2x"


def test_placeholder_characters_are_taken_out_of_input() -> None:
    body = render(f"a{OPEN}0{CLOSE}b &#xFDD0;")
    assert OPEN not in body.html and CLOSE not in body.html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("~~a~~", "<p><s>a</s></p>\n"),
        ("- [ ] a\n- [x] b", ('<ul class="contains-task-list">\n<li class="task-list-item"><input type="checkbox" disabled="" aria-label="☐" /> a</li>'
        '\n<li class="task-list-item"><input type="checkbox" disabled="" checked="" aria-label="☑" /> b</li>\n</ul>\n')),
        ("- [ ] a\n\n  c\n- [x] b", ('<ul class="contains-task-list">\n<li class="task-list-item">\n<p><input type="checkbox" disabled="" aria-label="☐" /> a</p>\n<p>c</p>\n</li>'
        '\n<li class="task-list-item">\n<p><input type="checkbox" disabled="" checked="" aria-label="☑" /> b</p>\n</li>\n</ul>\n')),
        ("A\n: b\n", "<dl>\n<dt>A</dt>\n<dd>b</dd>\n</dl>\n"),
        ("|a|b|\n|-|-:|\n|c|`d\\|e`|", ('<table>\n<thead>\n<tr>\n<th>a</th>\n<th class="align-right">b</th>\n</tr>\n</thead>\n<tbody>'
        '\n<tr>\n<td>c</td>\n<td class="align-right"><code>d|e</code></td>\n</tr>\n</tbody>\n</table>\n')),
        ("A `Promise<T>` and Promise<T>", "<p>A <code>Promise&lt;T&gt;</code> and Promise&lt;T&gt;</p>\n"),
        ("<T>\n\n<algorithm> x", "<p>&lt;T&gt;</p>\n<p>&lt;algorithm&gt; x</p>\n"),
        ("<my-element a>x</my-element>", "<p><my-element a>x</my-element></p>\n"),
        ("```python title=\"x\"\na<b\n```", '<pre tabindex="0"><code class="language-python">a&lt;b\n</code></pre>\n'),
        ("```rust,ignore\nx\n```", '<pre tabindex="0"><code class="language-rust">x\n</code></pre>\n'),
        ("[a](javascript:alert(1))", "<p>[a](javascript:alert(1))</p>\n"),
    ],
)  # fmt: skip
def test_extension(text: str, html: str) -> None:
    assert shown(text) == html


def test_footnotes_stand_at_the_end_in_order_of_use() -> None:
    html = shown("A[^b] and[^a] again[^b]. ^[in line *c*]\n\n[^a]: First\n[^b]: Second\n\n    more\n\nEnd")
    assert '<sup class="footnote-ref"><a href="#fn-1" id="fnref-1" role="doc-noteref">1</a></sup>' in html
    assert 'id="fnref-1-2"' in html
    notes = html.partition('<section class="footnotes" role="doc-endnotes">')[2]
    assert [part in notes for part in ("<p>Second</p>\n<p>more <a", "<p>First <a", "<p>in line <em>c</em> <a")] == [True] * 3
    assert notes.index("Second") < notes.index("First") < notes.index("in line")
    assert html.index("End") < html.index("Second")


def test_headings_have_unique_anchors_and_make_the_table_of_contents() -> None:
    body = render("# A `b` & c\n## A `b` & c\n### Özgür\n#### X {#own}\n##### [l](/m)\n!!!\n===\n## own")
    assert body.toc == (
        Heading(1, "A b & c", "a-b-c"), Heading(2, "A b & c", "a-b-c-2"), Heading(3, "Özgür", "özgür"), Heading(4, "X", "own"),
        Heading(5, "l", "l"),
        Heading(1, "!!!", body.toc[5].anchor), Heading(2, "own", "own-2"),
    )  # fmt: skip
    assert '<h4 id="own">X</h4>' in body.html


@pytest.mark.parametrize(
    ("text", "anchors"),
    [
        ("# Own\n\n<div id=own></div>\n\n# Own", ["own-2", "own-3"]),
        ("# A\n\nx <a name='a' ID = 'b'></a>\n\n## B", ["a", "b-2"]),
        ("# Fn 1\n\nx[^n]\n\n## Fnref-1 {#fnref-1}\n\n[^n]: y", ["fn-1-2", "fnref-1-2"]),
        ("# x {#i}\n\n<img src=a.png id=i>", ["i-2"]),
        ("# Code\n\n```\n<b id=code>\n```\n\n`<b id=code>`", ["code"]),
        ("{{< note >}}\n<b id=c>x</b>\n{{< /note >}}\n\n# C", ["c-2"]),
    ],
)
def test_no_heading_has_the_id_of_something_else_on_the_page(text: str, anchors: list[str]) -> None:
    body = render(text)
    assert [heading.anchor for heading in body.toc] == anchors
    stored = body.html + "".join(str(link.values.get("inner", "")) for link in body.links)
    assert [stored.count(f' id="{anchor}">') for anchor in anchors] == [1] * len(anchors)


def test_links_within_the_page_go_to_what_has_the_id() -> None:
    assert '<a href="#own">' in render("# Own\n\n<b id=own></b> [x](#own) [y](#own-2)").html


def test_typographer_writes_quotes_and_dashes() -> None:
    assert shown('"a" -- b\'s (c) `"`', typographer=True) == "<p>“a” – b’s © <code>&quot;</code></p>\n"
    assert shown('"a" -- b') == "<p>&quot;a&quot; -- b</p>\n"


def test_fenced_code_of_a_known_language_has_classes_for_its_colours() -> None:
    html = render("```python\ndef f(): pass\n```\n\n```nosuch\nx\n```", highlight=True).html
    assert '<pre class="highlight" tabindex="0"><code class="language-python"><span class="k">def</span>' in html
    assert '<pre tabindex="0"><code class="language-nosuch">x\n</code></pre>' in html
    assert "style=" not in html


@pytest.mark.parametrize(("fence", "same"), [("mjs", "js"), ("cjs", "js"), ("mts", "ts"), ("cts", "ts")])
def test_modules_have_the_colours_of_their_language(fence: str, same: str) -> None:
    def inner(language: str) -> str:
        return render(f"```{language}\nconst a: number = 1;\n```\n", highlight=True).html.partition("><code")[2].partition(">")[2]

    assert "<span" in inner(fence) and inner(fence) == inner(same)


def test_sanitized_html_keeps_its_sense_and_loses_what_can_harm() -> None:
    text = (
        "<script>alert(1)</script>\n\n<b onclick=x style=y class=z>b</b> [l](m.md) <form><input name=a></form>\n\n"
        '<svg onload=x></svg><img src="n.png" onerror=x width=3>\n\n- [x] t\n\n# H'
    )
    body = render(text, raw_html="sanitized")
    assert [(link.target, link.values) for link in body.links] == [("m.md", {}), ("n.png", {"alt": "", "title": "", "width": "3"})]
    for word in ("script", "onclick", "style", "form", "svg", "onerror", "name="):
        assert word not in body.html
    assert f'<b class="z">b</b> <a href="{OPEN}0{CLOSE}">l</a>' in body.html
    assert f"{OPEN}1{CLOSE}" in body.html and 'id="h"' in body.html and 'type="checkbox"' in body.html
    assert "<script>" in render(text).html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("[x](<java&Tab;script:alert(1)>)", '<p><a href="⟨0⟩">x</a></p>\n'),
        ("[x](foo:bar) [y](tel:1)", '<p>[x](foo:bar) <a href="tel:1">y</a></p>\n'),
        ('<a href="java&Tab;script:x">x</a>', "<p><a>x</a></p>\n"),
        ("<a href='&#1;javascript&colon;x'>x</a>", "<p><a>x</a></p>\n"),
        ('<q cite="javascript:x">x</q>', "<p><q>x</q></p>\n"),
        ("![a](n.png) <b title='&#xfdd0;0&#xfdd1;'>&#64976;0&#64977;</b>", '<p>⟨0⟩ <b title="0">�0�</b></p>\n'),
        ("<div>\n<p/title=\"<img src='n.png'>\">x", '<div>\n&lt;p/title="⟨0⟩"&gt;x</div>'),
        ("[x](data:image/png;base64,AA==)", "<p><a>x</a></p>\n"),
        ("![x](data:image/png;base64,AA==)", "<p>⟨0⟩</p>\n"),
        ("<div title='<pre>'>\n<pre>x</pre>", '<div title="&lt;pre&gt;">\n<pre tabindex="0">x</pre></div>'),
    ],
)
def test_sanitized_html_holds_places_only_where_the_text_put_them_and_no_scheme_that_runs(text: str, html: str) -> None:
    assert shown(text, raw_html="sanitized") == html


def test_what_looks_like_a_path_and_is_a_script_to_a_browser_is_encoded() -> None:
    link = render("[x](<java&Tab;script:alert(1)>)").links[0]
    assert link.target == "java%09script:alert(1)"


def test_arguments_of_shortcodes_are_no_scripts_in_sanitized_text() -> None:
    text = '{{< note "java\tscript:x" "Note: y" href=" javascript:x" >}}<b onclick=x>y</b>{{< /note >}}'
    values = render(text, raw_html="sanitized").links[0].values
    assert (values["args"], values["values"], values["inner"]) == (["", "Note: y"], {"href": ""}, "<b>y</b>")
    assert render(text).links[0].values["args"] == ["java\tscript:x", "Note: y"]


def test_places_in_a_note_within_the_text_have_the_line_of_its_mark() -> None:
    body = render("a\n\nb ^[{{< c >}} [d](e.md)]", first_line=5)
    assert [(link.kind, link.line) for link in body.links] == [("shortcode", 7), ("link", 7)]


def test_shortcodes_are_placeholders_with_arguments_and_inner_html() -> None:
    body = render(
        '{{< figure "a b" x.png alt=\'c d\' n=1 >}}\n\n{{< note kind="warn" >}}\nSome *text* [l](m.md)\n\n- item\n{{< /note >}}\n\nIn '
        "{{< b >}}**bold**{{< /b >}} and {{< c/>}}."
    )
    kinds = [(link.kind, link.target, link.line) for link in body.links]
    assert kinds == [
        ("shortcode", "figure", 1),
        ("link", "m.md", 4),
        ("shortcode", "note", 3),
        ("shortcode", "b", 9),
        ("shortcode", "c", 9),
    ]
    figure, _, note, bold, c = body.links
    assert figure.values == {
        "name": "figure", "args": ["a b", "x.png"], "values": {"alt": "c d", "n": "1"}, "inner": "",
        "open": "{{< figure \"a b\" x.png alt='c d' n=1 >}}", "close": "",
    }  # fmt: skip
    assert note.values["inner"] == f'<p>Some <em>text</em> <a href="{OPEN}1{CLOSE}">l</a></p>\n<ul>\n<li>item</li>\n</ul>\n'
    assert (note.values["values"], note.values["close"]) == ({"kind": "warn"}, "{{< /note >}}")
    assert (bold.values["inner"], c.values["inner"]) == ("<strong>bold</strong>", "")
    assert body.html == f"{OPEN}0{CLOSE}\n{OPEN}2{CLOSE}\n<p>In {OPEN}3{CLOSE} and {OPEN}4{CLOSE}.</p>\n"


def test_shortcodes_in_code_are_text() -> None:
    body = render("`{{< a >}}`\n\n```\n{{< b >}}\n```\n\n{{</* c */>}}\n\n{{< broken\n\n{{< /alone >}}")
    assert body.links == ()
    assert "{{&lt; a &gt;}}" in body.html and "{{&lt; c &gt;}}" in body.html and "{{&lt; /alone &gt;}}" in body.html


def test_shortcodes_nest() -> None:
    body = render("{{< tabs >}}\n{{< tab A >}}\nx\n{{< /tab >}}\n{{< tab B >}}\ny\n{{< /tab >}}\n{{< /tabs >}}")
    assert [(link.target, link.values["args"]) for link in body.links] == [("tab", ["A"]), ("tab", ["B"]), ("tabs", [])]
    assert body.links[2].values["inner"] == f"{OPEN}0{CLOSE}\n{OPEN}1{CLOSE}\n"


def test_words_and_excerpt_are_of_the_visible_text() -> None:
    body = render("# Title\n\n![pic](x.png)\n\nSome **bold** [link](y) & `code`[^1].\n\nMore words\n\n[^1]: Note")
    assert body.excerpt == "Some bold link & code."
    assert render("one two three\n\n| a | b |\n|---|---|\n| c | d |").words == 7
    assert render("東京は日本の首都である").words == 6
    long = render("word " * 100).excerpt
    assert long.endswith("word…") and 290 < len(long) <= 300
    assert len(render("x" * 1000).excerpt) == 300
    assert render("Windows: https://a.org/dist/a.msi\nLinux: https://a.org/dist/a.xz").excerpt == ""
    assert render("A talk at https://a.org/ about rivers and rain.").excerpt == "A talk at https://a.org/ about rivers and rain."


def test_key_depends_on_all_that_the_body_depends_on() -> None:
    keys = {
        render("a").key,
        render("b").key,
        render("a", typographer=True).key,
        render("a", first_line=2).key,
        render_body("a", PLAIN, "x", 1, mdx=True)[0].key,
    }
    assert len(keys) == 5
    assert render("a").key == render_body("a", PLAIN, "other.md")[0].key


NASTY: list[Callable[[int], str]] = [
    *(
        lambda n, unit=unit: unit * n  # type: ignore[misc]
        for unit in (
            "[", "![", "*", "a**a", "*a_ ", "[a](", "](", "<", "<a ", "<!--", "<![CDATA[", "> ", "- ", "`a``b```c", "&", "~", "^[", "[^a]", "[^",
            "{{< a ", "{{< a >}}", "{{</*", "{{</* */", "{{<", '{{< a "', "![{{<a>}}](u) {{<a>}} ",
            "[a]: b\n", "<div>\n", '<x y="', "<T>", "```\n", "\\", "# a\n", "<?", "a\n: b\n", '"', "'a\" ", "![](i) ", "\n\n![](i)", "[a](b)\n",
            '<a href="b">\n', "<script>", '# <sup class="footnote-ref">', '# <sup class="footnote-ref">\n',
        )
    ),
    lambda n: "> " * 40 + "a\n" + "b\n" * n,
    lambda n: "{{< a >}}\n" * (n // 10),
    lambda n: "[a" * n + "]: x",
    lambda n: "|" * n + "\n" + "|-" * n,
    lambda n: "a|b\n-|-\n" + "a|b\n" * n,
    lambda n: "a\n" * n + "===",
    lambda n: "\t" * n + "a",
    lambda n: "[x]: y\n\n" + "[x]" * n,
    lambda n: "[" * n + "]" * n,
    lambda n: "a\n" + "> " * 200 + "b\n" * (n // 20),
    lambda n: "[^a]: b\n\n" + "[^" * n,
    lambda n: "".join(f"[a](#b{number})\n" for number in range(n // 4)),
    lambda n: "".join(f"# {'a' * 70}{number}\n[a](#{'a' * 70}{number}b)\n" for number in range(n // 40)),
    lambda n: "".join(f"<i id=a{number}>" for number in range(n // 8)) + "\n\na" * (n // 8),
    lambda n: "".join(f"<i id=a{number}><table><td></i></td></table>" for number in range(n // 16)) + "\n\na" * (n // 16),
    lambda n: "".join(f"<i id=a{number}>\n\na\n\n" for number in range(n // 8)),
]  # fmt: skip


# Every third is in the short run, which has some of each kind.
SOME_NASTY = [pytest.param(make, id=make(20)[:12], marks=() if number % 3 == 0 else pytest.mark.long) for number, make in enumerate(NASTY)]


@pytest.mark.parametrize("make", SOME_NASTY)
def test_nasty_text_takes_linear_time(make: Callable[[int], str]) -> None:
    for settings in ({}, {"raw_html": "sanitized", "typographer": True}):
        assert find_growth(lambda text, settings=settings: render(text, **settings), make, 800) <= MOST


def test_line_of_ten_megabytes_is_rendered_in_linear_time() -> None:
    assert render("word " * 2_000_000).words == 2_000_000
    assert find_growth(render, lambda n: "word " * n, 50_000) <= MOST


def test_code_whose_colours_take_too_long_is_left_plain_with_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(highlight, "MOST_CPU_S", 0.05)
    text = "x\n\n```java\n" + "\n" * 16_000 + "```\n\n```python\ndef f(): pass\n```\n"
    body, problems = render_body(text, Markdown(), "x.md", 5)
    assert [(problem.code, problem.line, problem.severity) for problem in problems] == [("content.slow-code", 7, "warning")]
    assert '<code class="language-java">\n' in body.html and '<span class="k">def</span>' in body.html


def test_nesting_without_end_is_told() -> None:
    _, problems = render_body("> " * 500 + "a", PLAIN, "x.md", 3)
    assert [(problem.code, problem.line, problem.severity) for problem in problems] == [("content.nesting", 3, "warning")]


@given(st.text(alphabet=st.sampled_from(list("{}<>/*` \n[]()!a=\"'#-|:^")), max_size=60) | st.text(max_size=40))
def test_any_text_renders_and_every_placeholder_has_its_link(text: str) -> None:
    for mdx in (False, True):
        body, _ = render_body(text, PLAIN, "x.md", mdx=mdx)
        stored = body.html + "".join(str(link.values.get("inner", "")) for link in body.links)
        for index in range(len(body.links)):
            assert stored.count(f"{OPEN}{index}{CLOSE}") <= 1
        assert stored.count(OPEN) == stored.count(CLOSE) <= len(body.links)
        stored.encode("utf-8", "surrogatepass")
