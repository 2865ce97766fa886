"""Org mode, MDX and Zola's shortcodes as Markdown."""

from __future__ import annotations

from pathlib import Path

import pytest

from cms_ssg.migrate.mdx_text import convert_mdx
from cms_ssg.migrate.org_text import convert_org
from cms_ssg.migrate.tera_text import TeraShortcodes
from tests.growth import MOST, find_growth
from tests.migrate.hugo_sample import write_files


@pytest.mark.parametrize(
    ("org", "markdown"),
    [
        ("*b* /i/ _u_ +s+ =c*d= ~e~ a_b_c 2 * 3", "**b** *i* <u>u</u> ~~s~~ `c*d` `e` a_b_c 2 \\* 3"),
        ("*/both/*", "***both***"),
        ("[[https://a.example/x_y][the *page*]] [[file:../b.org]]", "[the **page**](<https://a.example/x_y>) [../b.md](<../b.md>)"),
        ("[[./p.png]] [[file:p.png][file:q.png]]", "![](<./p.png>) [![](<q.png>)](<file:p.png>)".replace("file:", "")),
        ("* DONE [#A] Head :tag:", "## Head"),
        ("- [X] done\n- [ ] open\n  1) one\n- term :: text", "- [x] done\n- [ ] open\n  1. one\n- **term**: text"),
        ("| a | b |\n|---+---|\n| 1 | 2 |", "| a | b |\n| --- | --- |\n| 1 | 2 |"),
        ("#+begin_src py\nx = '*'\n\n\ny\n#+end_src", "```py\nx = '*'\n\n\ny\n```"),
        ("#+begin_quote\nSo /it/ is.\n#+end_quote", "> So *it* is."),
        ("a[fn:1]\n\n[fn:1] Note", "a[^1]\n\n[^1]: Note"),
        ("# a comment\ntext\\\\\nnext", "text  \nnext"),
        ("a <b>x</b> {{< y >}} @@html:<kbd>@@k@@html:</kbd>@@", "a &lt;b>x&lt;/b> {{< y >}} <kbd>k</kbd>"),
        ("-----", "---"),
        (": fixed", "```\nfixed\n```"),
    ],
)
def test_org_mode_becomes_markdown(org: str, markdown: str) -> None:
    fields, body, notes = convert_org(org)
    assert (fields, body.strip("\n"), notes) == ({}, markdown, [])


def test_keywords_of_org_mode_are_front_matter_and_the_rest_is_noted_by_line() -> None:
    text = "#+title: A /b/\n#+date: <2024-03-01 Fri>\n#+tags[]: x y\n#+draft: true\n#+weight: 3\n\nT\n#+include: z.org\n#+begin_aside\nin\n#+end_aside\n#+begin_src\n"
    fields, body, notes = convert_org(text)
    assert fields == {"title": "A /b/", "date": "2024-03-01", "tags": ["x", "y"], "draft": True, "weight": 3}
    assert body == "T\n\nin\n"
    assert [(line, what) for line, what, _ in notes] == [
        (8, "#+include: z.org"),
        (9, "#+begin_aside"),
        (12, "#+begin_src: nothing ends it"),
    ]


@pytest.mark.parametrize(
    "piece", ["*a ", "/a ", "=a ", "[[a", "|a", "#+begin_src\n", ":x:\n", "@@html:", "{{<", "<2024-01-01 ", "- a :: ", "* a\n", "#+a: b\n"]
)
def test_org_mode_takes_linear_time(piece: str) -> None:
    assert find_growth(convert_org, lambda size: piece * size, 400) < MOST


def note(*words: object) -> None:
    """Nothing is asked of the notes here."""


@pytest.mark.parametrize(
    "piece",
    [
        ":::note\n",
        ":::\n",
        "<Tabs>",
        "<A b={",
        "{x}",
        "`a` <Tabs/> ",
        "<Image src={a} ",
        "export const a = 1\n",
        "# a {#b}\n",
        "> [!NOTE]\n",
    ],
)
def test_mdx_takes_linear_time(tmp_path: Path, piece: str) -> None:
    assert find_growth(lambda text: convert_mdx(text, (tmp_path, "a.mdx", 1), note, mdx=True), lambda size: piece * size, 100) < MOST


@pytest.mark.parametrize("piece", ["{{ a(b=1) }} ", "{% a() %}", "{% end %}", "{{ a(", "{{ a(b=[1, ", "{% a() %}x{% end %}", "{{/*"])
def test_zola_shortcodes_take_linear_time(tmp_path: Path, piece: str) -> None:
    codes = TeraShortcodes(tmp_path)
    assert find_growth(lambda text: codes.run(text, 1, note), lambda size: piece * size, 200) < MOST


def test_zola_templates_that_are_simple_are_run_and_others_named(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "templates/shortcodes/box.html": "<div>{% if title %}<b>{{ title }}</b>{% endif %}\n\n{{ body | markdown | safe }}</div>",
        "templates/shortcodes/em.html": "<i>{{ x | default(value='none') | upper }}</i>",
        "templates/shortcodes/loop.html": "{% for a in x %}{{ a }}{% endfor %}",
        "templates/shortcodes/bad.html": b"\xff",
        "templates/shortcodes/deep.html": "{% if a %}" * 60 + "x" + "{% endif %}" * 60,
        "themes/t/templates/shortcodes/em.html": "the theme's",
    }
    codes = TeraShortcodes(write_files(tmp_path, files))
    noted: list[tuple[int, str]] = []
    text = 'a {{ em(x="<q>") }} {{ em() }}\n\n{% box(title="T") %}\nInner *one*\n\ntwo {{ loop(x=[1]) }}\n{% end %}\n\n{{ bad() }}{{ deep(a=1) }}{{ gone() }} `{{ em() }}`'
    made = codes.run(text, 10, lambda line, tag, fate: noted.append((line, tag)))
    assert "a <i>&lt;Q&gt;</i> <i>NONE</i>" in made
    assert "<div><b>T</b>\n\nInner *one*\n\ntwo\n\n</div>" in made.replace("two \n", "two\n")
    assert made.endswith("`{{ em() }}`")
    assert [(line, tag) for line, tag in noted] == [
        (15, "{{ loop(x=[1]) }}"),
        (18, "{{ bad() }}"),
        (18, "{{ deep(a=1) }}"),
        (18, "{{ gone() }}"),
    ]


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("<Card>\n    Some *text*,\n    two lines.\n\n    More.\n</Card>", "\nSome *text*,\ntwo lines.\n\nMore.\n"),
        (
            "<div>\n  <div>\n    ```js\n    a = {\n      b,\n    }\n    ```\n  </div>\n</div>",
            "<div>\n<div>\n\n```js\na = {\n  b,\n}\n```\n</div>\n</div>",
        ),
        ("- one\n\n  still one\n\n      code\n  - two\n\nend", "- one\n\n  still one\n\n      code\n  - two\n\nend"),
        ("1. one\n\n   ```sh\n   x\n   ```\n\n2. two", "1. one\n\n   ```sh\n   x\n   ```\n\n2. two"),
        ("<Box>\n  - one\n    - two\n  - three\n\n  end\n</Box>", "\n- one\n  - two\n- three\n\nend\n"),
        ("<details>\n<summary>More</summary>\n    Text\n</details>", "<details>\n<summary>More</summary>\n\nText\n</details>"),
        ("<p>\n  a *b*\n</p>", "<p>\na *b*\n</p>"),
        ("a\n<br />\nb", "a\n<br>\nb"),
        ("<pre>\n  a\n    b\n</pre>\n    c", "<pre>\n  a\n    b\n</pre>\n\nc"),
        ("```\n    a\n```\n\n    b", "```\n    a\n```\n\nb"),
    ],
)
def test_texts_inside_of_elements_are_neither_code_nor_html(tmp_path: Path, text: str, markdown: str) -> None:
    assert convert_mdx(text, (tmp_path, "a.mdx", 1), note, mdx=True) == markdown
