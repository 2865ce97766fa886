"""MDX: components go, their text stays, and lines keep their numbers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cms_ssg.config.settings import Markdown
from cms_ssg.content.markdown.body import CLOSE, OPEN, render_body
from cms_ssg.content.markdown.mdx import neutralise
from cms_ssg.types import Body, Problem
from tests.growth import MOST, find_growth


def render(text: str, *, mdx: bool = True, first_line: int = 1) -> tuple[Body, tuple[Problem, ...]]:
    return render_body(text, Markdown(highlight=False), "x.mdx", first_line, mdx)


def shown(text: str, *, mdx: bool = True) -> str:
    return render(text, mdx=mdx)[0].html.replace(OPEN, "⟨").replace(CLOSE, "⟩")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ('See <Link href="/about">us</Link>.', '<p>See <a href="⟨0⟩">us</a>.</p>\n'),
        ('<LinkWithArrow href="https://a.b/">x</LinkWithArrow>', '<p><a href="https://a.b/">x</a></p>\n'),
        ("<Link href={'/a'}>x</Link> <Link href={`/b`}>y</Link> <Link href={url}>z</Link>",
        '<p><a href="⟨0⟩">x</a> <a href="⟨1⟩">y</a> z</p>\n'),
        ("Get <Release.VersionDropdown /> for <Os.Name kind={2}/> now", "<p>Get  for  now</p>\n"),
        ("<AlertBox level=\"info\">\n  **Note** this\n\n  and that.\n</AlertBox>", "<p><strong>Note</strong> this</p>\n<p>and that.</p>\n"),
        ("<Outer>\n<Inner>\n\ntext\n\n</Inner>\n</Outer>", "<p>text</p>\n"),
        ("import X from './x'\nimport { Y } from \"y\"\n\nexport const meta = {\n  a: 1\n}\n\nText", "<p>Text</p>\n"),
        ("import duties rose.", "<p>import duties rose.</p>\n"),
        ("A {expression} b {' '} c {/* comment */} d {`e`}", "<p>A  b   c  d e</p>\n"),
        ("A \\{b} `{c}`", "<p>A {b} <code>{c}</code></p>\n"),
        ("```js\nimport x from 'y'\n<T />{a}\n```", '<pre tabindex="0"><code class="language-js">import x from \'y\'\n&lt;T /&gt;{a}\n</code></pre>\n'),
        ('<div className="a" onClick={() => { x(); }} style={{ b: "c" }}>\n  text *b*\n</div>',
        '<div class="a">\n<p>text <em>b</em></p>\n</div>\n'),
        ("<h1 className='x'>Title **b**</h1>", '<h1 class="x">Title <strong>b</strong></h1>\n'),
        ("<section>\n  <div>\n    ```js\n    a\n    ```\n  </div>\n</section>",
        '<section>\n<div>\n<pre tabindex="0"><code class="language-js">a\n</code></pre>\n</div>\n</section>\n'),
        ("<>\n\nx\n\n</>", "<p>x</p>\n"),
        ("<With>\n  {({ a }) => (\n    <>\n      <h2>B</h2>\n      {a}\n    </>\n  )}\n</With>", "<h2>B</h2>\n"),
        ("Promise<T> is a type", "<p>Promise&lt;T&gt; is a type</p>\n"),
        ("    indented\n\nis no code", "<p>indented</p>\n<p>is no code</p>\n"),
        ("{{< figure a >}}", "⟨0⟩\n"),
        ("<math>\n  <mo>*</mo>\n  <mi>a_b</mi>\n</math>", "<math>\n<mo>*</mo>\n<mi>a_b</mi>\n</math>\n"),
    ],
)  # fmt: skip
def test_mdx_is_read_without_its_components(text: str, html: str) -> None:
    assert shown(text) == html


STEPS = """<Steps>
        1. one

           *more*
        2. two
            - in
            - it

        ### Head
</Steps>

<Tabs>
\t<Tab>
\t\tDeep *text*

\t\t> quoted
\t</Tab>
</Tabs>

- item

        *far* in

> q
>
>     *in* it
"""
STEPS_HTML = """<ol>
<li>
<p>one</p>
<p><em>more</em></p>
</li>
<li>
<p>two</p>
<ul>
<li>in</li>
<li>it</li>
</ul>
</li>
</ol>
<h3 id="head">Head</h3>
<p>Deep <em>text</em></p>
<blockquote>
<p>quoted</p>
</blockquote>
<ul>
<li>
<p>item</p>
<p><em>far</em> in</p>
</li>
</ul>
<blockquote>
<p>q</p>
<p><em>in</em> it</p>
</blockquote>
"""


def test_no_indentation_makes_code_or_joins_items_of_a_list() -> None:
    assert shown(STEPS) == STEPS_HTML


def test_each_kind_of_component_is_told_once_with_the_line_of_its_first_use() -> None:
    _, problems = render('a\n\n<X.Y />\n\n<Link href="/b">c</Link> <X.Y/>\n\n<Box>\nd\n</Box>\n\n{e} {f}', first_line=11)
    assert [(problem.code, problem.line, problem.severity, problem.message) for problem in problems] == [
        ("content.component", 13, "warning", "<X.Y> is left out"),
        ("content.component", 15, "warning", "<Link> becomes a plain link"),
        ("content.component", 17, "warning", "<Box> is left out; its text stays"),
        ("content.component", 21, "warning", "an {expression} is left out"),
    ]


def test_lines_keep_their_numbers_past_what_is_left_out() -> None:
    body, _ = render(
        'import x from "y"\n\n<A\n  b={{\n    c: 1\n  }}\n/>\n\n{/* a\n comment */}\n\n[l](m.md)\n\n<img\n  src="n.png"\n  alt=""\n/>'
        "\n\n[o](p.md)"
    )
    assert [(link.target, link.line) for link in body.links] == [("m.md", 12), ("n.png", 14), ("p.md", 19)]


def test_components_in_plain_markdown_go_and_its_code_types_and_html_stay() -> None:
    text = 'A <Note kind="x">b</Note> and <Figure src="c" /> but List<T>, <b>d</b>, {e} and `<F />`.\n\n    <Code/>\n'
    assert (
        shown(text, mdx=False)
        == '<p>A b and  but List&lt;T&gt;, <b>d</b>, {e} and <code>&lt;F /&gt;</code>.</p>\n<pre tabindex="0"><code>&lt;Code/&gt;\n</code></pre>\n'
    )
    assert [problem.message for problem in render(text, mdx=False)[1]] == ["<Note> is left out; its text stays", "<Figure> is left out"]


@pytest.mark.parametrize(
    "make",
    [
        *(lambda n, unit=unit: unit * n for unit in ("{", '{"', "<a {", "{`${", "{/*", "<a ", "<A ", "{`", "<A b={`")),  # type: ignore[misc]
        lambda n: "<A>" * n + "</A>", lambda n: '<A b="' * n + "/></A>", lambda n: "<A/>" + "`a``b```c" * n,
        lambda n: "".join(f"<A{index}/>" for index in range(n)), lambda n: "<A><B>" * n + "</A></B>" * n,
    ],
    ids=lambda make: make(10)[:8],
)  # fmt: skip
def test_nasty_mdx_takes_linear_time(make: Callable[[int], str]) -> None:
    result, problems = neutralise(make(8_000), "x.mdx", 1, mdx=True)
    assert find_growth(lambda text: neutralise(text, "x.mdx", 1, mdx=True), make, 2_000) <= MOST
    assert result.count("\n") == 0 and len(problems) <= 50
