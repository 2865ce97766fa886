"""Shortcodes wherever a writer puts them: they run there, or are named with file and line; code shows them."""

from __future__ import annotations

import pytest

from cms_ssg.config.settings import Markdown
from cms_ssg.content.markdown.body import CLOSE, OPEN, render_body
from cms_ssg.types import Body, Problem


def read(text: str, mdx: bool = False) -> tuple[Body, tuple[Problem, ...]]:
    return render_body(text, Markdown(highlight=False), "x.md", 1, mdx)


def shown(text: str) -> str:
    """The HTML of a text that nothing is wrong with, with ⟨index⟩ for placeholders."""
    body, problems = read(text)
    assert problems == ()
    return body.html.replace(OPEN, "⟨").replace(CLOSE, "⟩")


def test_both_kinds_of_brackets_mean_the_same() -> None:
    assert read('{{% note "a" %}}\n*x*\n{{% /note %}}')[0].links[0].values == {
        "name": "note", "args": ["a"], "values": {}, "inner": "<p><em>x</em></p>\n", "open": '{{% note "a" %}}', "close": "{{% /note %}}",
    }  # fmt: skip
    assert shown("{{%/* note 50% */%}} and {{< rise 50% >}}, {{% rise 50% %}}") == "<p>{{% note 50% %}} and ⟨0⟩, ⟨1⟩</p>\n"


def test_an_address_that_is_its_own_text_has_the_shortcode_in_both() -> None:
    assert shown("<https://e.org/{{< v >}}?a> {{< v >}}") == '<p><a href="⟨0⟩">https://e.org/⟨1⟩?a</a> ⟨2⟩</p>\n'
    body, problems = read("<https://e.org/{{< v >}}/x>")
    assert problems == () and [link.kind for link in body.links] == ["link", "shortcode"]
    assert body.html == f'<p><a href="{OPEN}0{CLOSE}">https://e.org/{OPEN}1{CLOSE}/x</a></p>\n'


def test_a_shortcode_is_a_part_of_a_link_target() -> None:
    text = '[a]({{< ref "b c.md" >}}#top) ![i](/x/{{% v %}}.png) [e](https://e.org/{{< v >}}/) [r]\n\n[r]: {{< ref "d" >}}'
    body, problems = read(text)
    ref, v = {"name": "ref", "args": ["b c.md"], "values": {}, "open": '{{< ref "b c.md" >}}'}, {"name": "v", "args": [], "values": {}}
    assert problems == ()
    assert [(link.kind, link.values["pieces"]) for link in body.links] == [
        ("link", [ref, "#top"]),
        ("image", ["/x/", {**v, "open": "{{% v %}}"}, ".png"]),
        ("link", ["https://e.org/", {**v, "open": "{{< v >}}"}, "/"]),
        ("link", [{**ref, "args": ["d"], "open": '{{< ref "d" >}}'}]),
    ]


def test_a_shortcode_runs_in_html_and_fills_attributes() -> None:
    text = '<div title="A {{< t "x" >}}">\n{{< b >}}in{{< /b >}} <!-- {{< c >}} -->\n</div>\n\nSo <a href="{{< ref "x" >}}">t</a>'
    assert shown(text) == '<div title="⟨0⟩">\n⟨1⟩ <!-- {{< c >}} -->\n</div>\n<p>So <a href="⟨2⟩">t</a></p>\n'
    links = read(text)[0].links
    assert [(link.kind, link.line, link.values.get("inner"), link.values.get("attribute")) for link in links] == [
        ("link", 1, None, "title"),
        ("shortcode", 2, "in", None),
        ("link", 5, None, None),
    ]


@pytest.mark.parametrize(
    ("text", "html", "inner"),
    [
        ("{{< n >}}One\n\ntwo{{< /n >}}", "⟨0⟩\n", "<p>One</p>\n<p>two</p>\n"),
        ("{{< n >}}One\n\ntwo{{< /n >}} and *more*\nof it", "⟨0⟩\n<p>and <em>more</em>\nof it</p>\n", "<p>One</p>\n<p>two</p>\n"),
        ("{{< n >}}One\n- a\n{{< /n >}}", "⟨0⟩\n", "<p>One</p>\n<ul>\n<li>a</li>\n</ul>\n"),
        ("{{< n >}}one\ntwo{{< /n >}} and more", "<p>⟨0⟩ and more</p>\n", "one\ntwo"),
        ("Text\n{{< n >}}\n\nOne\n\n{{< /n >}}\nmore", "<p>Text</p>\n⟨0⟩\n<p>more</p>\n", "<p>One</p>\n"),
        ("    {{< n >}}\n    One\n    {{< /n >}}", "⟨0⟩\n", "<p>One</p>\n"),
        ("{{< n >}}\n    One\n\n    - a\n\n{{< /n >}}", "⟨0⟩\n", "<p>One</p>\n<ul>\n<li>a</li>\n</ul>\n"),
        ("> {{< n >}}One\n>\n> two{{< /n >}}", "<blockquote>\n⟨0⟩\n</blockquote>\n", "<p>One</p>\n<p>two</p>\n"),
    ],
)
def test_a_pair_goes_around_paragraphs_and_may_be_indented(text: str, html: str, inner: str) -> None:
    assert shown(text) == html
    assert read(text)[0].links[0].values["inner"] == inner


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a\n\nb {{< n >}}One\n\ntwo{{< /n >}}", 5, '"{{< /n >}}" closes nothing'),
        ("a\n\n{{< n k=<1> >}}", 3, '"{{< n k=<1> >}}" cannot be read as a shortcode'),
        ("    code\n    {{< n >}}", 2, 'the shortcode "{{< n >}}" is not run here'),
        ("{{< m\n  a=1\n>}}\n\n[t](u '{{< n >}}')", 5, 'the shortcode "{{< n >}}" is not run here'),
        ("![{{< n >}}](a.png)", 1, 'the shortcode "{{< n >}}" is not run here'),
        ("<script>\n'{{< n >}}'</script>", 2, 'the shortcode "{{< n >}}" is not run here'),
    ],
)
def test_what_does_not_run_is_named_with_its_line(text: str, line: int, said: str) -> None:
    body, problems = read(text)
    assert [(p.code, p.place, p.line, p.message, p.severity) for p in problems] == [("content.shortcode", "x.md", line, said, "warning")]
    assert "\ufdd2" not in body.html + str(body.links) + body.excerpt


@pytest.mark.parametrize(
    "text", ["[a]({{< b >}}/x{{< /b >}})", '<a title="{{< b >}}x{{< /b >}}">y</a>', "[a][r]\n\n[r]: /{{< b >}}x{{< /b >}}"]
)
def test_a_pair_within_a_link_target_or_attribute_is_named_with_what_to_write(text: str) -> None:
    problems = read(text)[1]
    assert [p.message for p in problems] == ['"{{< /b >}}" does not work in a link target or an attribute']
    assert "as an argument" in problems[0].hint


def test_code_and_escapes_show_a_shortcode_without_a_word() -> None:
    text = '`{{< a "b" >}}` \\{{< c >}} {{</* d */>}}\n\n```{{< e >}}\n{{< f\n  g=1 >}}\n```\n\n[h](i.md)'
    assert "{{&lt; a &quot;b&quot; &gt;}}</code> {{&lt; c &gt;}} {{&lt; d &gt;}}" in shown(text)
    assert "{{&lt; f\n  g=1 &gt;}}\n</code>" in shown(text)
    assert [link.line for link in read(text)[0].links] == [8], "the lines of a tag count"


def test_shortcodes_of_mdx_are_no_expressions() -> None:
    body, problems = read('{{< n a="{b}" >}}\n\n{1 + x}', mdx=True)
    assert [link.target for link in body.links] == ["n"]
    assert [p.line for p in problems] == [3]
