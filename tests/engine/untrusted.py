"""Text by people who mean harm, and a browser that looks what became of it."""

from __future__ import annotations

import html
import json
import os
import random
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

SCRIPT = "alert(1)"
BOOM = f"<img src=x onerror={SCRIPT}>"

PAYLOADS = (
    f'<svg></p><style><a id="</style>{BOOM}">',
    f'<svg></p><title><a id="</title>{BOOM}"></title>',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    f'<noscript><p title="</noscript>{BOOM}"></noscript>',
    f"<svg><style>{BOOM}</style></svg>",
    f'<math><annotation-xml encoding="text/html"><style>{BOOM}</style></annotation-xml></math>',
    f"<table><td><svg><desc><td></desc></svg>{BOOM}</td></table>",
    f'<textarea><img title="</textarea>{BOOM}"></textarea>',
    f'<xmp><p title="</xmp>{BOOM}"></xmp>',
    f'<iframe><p title="</iframe>{BOOM}"></iframe>',
    f'<noembed><p title="</noembed>{BOOM}"></noembed><noframes><p title="</noframes>{BOOM}">',
    f'<select><template><style><!--</style><a rel="--></style></template></select>{BOOM}">',
    '<svg><a xlink:href="javascript:alert(1)"><text x="9" y="9">x</text></a><animate attributeName=href to=javascript:alert(1) /></svg>',
    '<math href="javascript:alert(1)">x</math><math><maction actiontype="statusline" xlink:href="javascript:alert(1)">x</maction></math>',
    '<a href="jav&#x09;ascript:alert(1)">x</a> <a href="&#1;javascript&colon;alert(1)">x</a> <a href=" &NewLine;JaVaScRiPt:alert(1)">x</a>',
    "[x](<java&Tab;script:alert(1)>) [y](<&#1;javascript:alert(1)>) [z]: javascript:alert(1)\n\n<javascript:alert(1)> <vbscript:x>",
    "![a](<n.png onclick=alert(1) b>) <b title=\"&#xfdd0;0&#xfdd1;\">t</b> <i class='&#64976;0&#64977;'>\ufdd00\ufdd1</i>",
    "<div>\n<div/title=\"<img src='n.png onmouseover=alert(1) x'>\">a</div>\n<p\x0ctitle=\"<img src='n.png onclick=alert(1) x'>\">b",
    "<div>\n<b/class='<a href=\"b.md onclick=alert(1) \">'>t</b>\n</div>\n\n<div>\n<i/lang=\"![a](<n.png onclick=alert(1) b>)\">\n\n<i/lang=\"![a](<n.png onclick=alert(1) b>)\">",
    '<div title="<pre>" lang="<pre class=highlight>">x</div>\n\n    code\n\n<blockquote cite="javascript:alert(1)">x</blockquote>',
    '{{< note "javascript:alert(1)" title="\\"><img src=x onerror=alert(1)>" >}}<b onclick=alert(1)>&#xfdd0;0&#xfdd1;</b>{{< /note >}}',
    '{{< link "java\tscript:alert(1)" href="&#x6a;avascript:alert(1)" >}} {{< link href="\x0bjavascript:alert(1)" >}}',
    f"<b <script>alert(1)</script>0<!-->{BOOM}--><!--!>{BOOM}--!><![CDATA[<]]>{BOOM}]]><?x >{BOOM}?>",
    f"<template><s><template><s>{BOOM}@x</s></template></s></template><plaintext>{BOOM}</plaintext>",
    '<base href="javascript:/a/"><meta http-equiv=refresh content="0;url=javascript:alert(1)"><link rel=stylesheet href=data:,x>',
    '<video poster="javascript:alert(1)" src="data:text/html,x" onloadstart=alert(1)><source src=x onerror=alert(1)></video>',
    '<object data="javascript:alert(1)"></object><embed src="javascript:alert(1)"><form action="javascript:alert(1)"><button formaction=javascript:x>',
    "<iframe srcdoc='<script>top.alert(1)</script>'></iframe><isindex action=javascript:alert(1) type=image><x-y onclick=alert(1) tabindex=1>",
    '<p id="end">\n\n# end {#end}\n\n</div></div></body></html><div style="position:fixed;inset:0;background:url(javascript:x)">x',
)  # fmt: skip
"""Known ways past sanitizers: parsers that disagree, text that becomes markup when it is read again, schemes that are not seen, our own placeholders."""

PIECES = (
    "<svg>", "</svg>", "<math>", "</math>", "<mtext>", "<mglyph>", "<style>", "</style>", "<title>", "</title>", "<noscript>", "</noscript>",
    "<textarea>", "</textarea>", "<template>", "</template>", "<select>", "<option>", "<table>", "<tr>", "<td>", "</table>", "<p>", "</p>",
    "<b", "<i/", "<a ", "<div\n", "<div/", "</div>", "<img ", "<video ", "<pre>", "</pre>", "<form>", "</form>", "<details open ontoggle=alert(1)>",
    ">", "/>", '"', "'", "=", "`", "<!--", "-->", "--!>", "<![CDATA[", "]]>", "<?", "?>", "\x0c", "\t", "\x01", "\u2028",
    'href="javascript:alert(1)"', "href='java&Tab;script:alert(1)'", "href=&#1;javascript:alert(1)", "src=x onerror=alert(1)", 'title="', "alt='",
    "onclick=alert(1)", 'onmouseover="alert(1)"', "style=x:y", 'src="n.png"', "class=", "id=end", BOOM, "<script>alert(1)</script>",
    "&lt;img src=x onerror=alert(1)&gt;", "&quot;", "&#34;", "&#39;", "&gt;", "&lt;", "&amp;", "&#xfdd0;0&#xfdd1;", "&#64976;1&#64977;",
    "\ufdd0", "0", "\ufdd1", "&#xfdd0;", "&#xfdd1;",
    "[x](", "![x](", ")", "![x](<n.png onclick=alert(1) >)", "<img src='n.png onclick=alert(1) x'>", "<java&Tab;script:alert(1)>", "javascript:alert(1)", "b.md", "n.png",
    " \"t\" onclick=alert(1)\"", "[", "]", "[r]: ", "[r]", "<javascript:alert(1)>",
    "{{< note >}}", "{{< /note >}}", '{{< link "javascript:alert(1)" >}}', '{{< link href="', '" >}}', "{{< figure n.png alt='\" onerror=alert(1) '>}}",
    "# h {#end}", "```html", "```", "    ", "> ", "- ", "|a|\n|-|\n|", "[^1]", "[^1]: ", "^[", "*", "_", "\\", "\n", "\n\n", " ", "text",
)  # fmt: skip


def make_texts(seed: int, count: int) -> list[str]:
    """Bodies put together at random from what parsers disagree about, and known payloads with something put in, cut out or said twice."""
    chance = random.Random(seed)
    return [
        _change(chance, chance.choice(PAYLOADS))
        if number % 3 == 2
        else "".join(chance.choice(PIECES) for _ in range(chance.randint(2, 24)))
        for number in range(count)
    ]


def _change(chance: random.Random, text: str) -> str:
    for _ in range(chance.randint(1, 6)):
        begin = chance.randint(0, len(text))
        end = begin + chance.randint(0, 12)
        middle = chance.choice((chance.choice(PIECES), chance.choice(PAYLOADS), "", text[begin:end] * 2))
        text = text[:begin] + middle + text[end:]
    return text


SITE = """-- site.toml --
title = "T"
theme = "bare"
[markdown]
raw_html = "sanitized"
highlight = false
[images]
variants = false
[[collection]]
name = "pages"
path = "content"
type = "page"
-- themes/bare/theme.toml --
extends = "base"
-- themes/bare/templates/page.html --
<!doctype html><html><head><title>x</title></head><body><div>{{ entry.content }}</div><p data-end></p></body></html>
-- themes/bare/templates/shortcodes/link.html --
<a href="{{ values.get('href') or (args[0] if args else '') }}">{{ inner }}</a>
-- content/b.md --
# B
"""

LOOK = """<script>
var said = [];
const bad = /^(javascript|vbscript|data):/;
const urls = ['href', 'src', 'action', 'formaction', 'data', 'poster', 'xlink:href', 'background', 'cite'];
const banned = 'script,style,iframe,object,embed,form,base,meta,link,svg,math,template,noscript,textarea,select,button,[srcdoc],[style],[srcset]';
function look(frame, number) {
  const page = frame.contentDocument, end = page.querySelector('[data-end]');
  const tell = what => said.push([number, what]);
  if (!end || end.parentNode !== page.body || end.nextSibling) tell('the page is broken open');
  for (const element of page.body.querySelectorAll(banned)) tell(element.outerHTML);
  for (const element of page.body.querySelectorAll('*')) for (const {name, value} of element.attributes) {
    if (name.startsWith('on')) tell(element.outerHTML);
    if (!urls.includes(name)) continue;
    let protocol = ''; try { protocol = new URL(value, 'https://a.org/').protocol } catch {}
    if (bad.test(protocol) && !(element.localName === 'img' && /^data:image/.test(value))) tell(element.outerHTML);
  }
}
onload = () => setTimeout(() => {
  document.querySelectorAll('iframe').forEach(look);
  setTimeout(() => document.title = 'said:' + JSON.stringify(said), 200);
}, 200);
</script>"""
CATCH = "<script>for (const name of ['alert', 'confirm', 'prompt']) window[name] = () => parent.said.push([NUMBER, 'a script was run'])</script>"


def look_at(chromium: str, pages: Sequence[str], folder: Path) -> list[tuple[int, str]]:
    """What a browser finds in pages that should not be there: number of the page and what it is."""
    frames = []
    for number, page in enumerate(pages):
        page = page.replace("<head>", "<head>" + CATCH.replace("NUMBER", str(number)), 1)
        frames.append(f'<iframe srcdoc="{html.escape(page)}"></iframe>')
    file = folder / "frames.html"
    file.write_text(f'<!doctype html><meta charset="utf-8"><title>x</title>{LOOK}{"".join(frames)}', "utf-8", "replace")
    off = ("gpu", "quic", "background-networking", "component-update", "sync")
    flags = ["--headless", "--no-first-run", *(f"--disable-{name}" for name in off), *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    profile = [f"--user-data-dir={folder}/profile", "--virtual-time-budget=20000"]
    done = subprocess.run(
        [chromium, *flags, *profile, "--dump-dom", file.as_uri()], capture_output=True, text=True, timeout=120, check=False
    )
    found = re.search(r"<title>said:(.*?)</title>", done.stdout, re.DOTALL)
    assert found, done.stderr[-2000:]
    return [(number, what) for number, what in json.loads(html.unescape(found[1]))]
