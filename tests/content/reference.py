"""What plain markdown-it makes of a text, and our HTML brought to the same form: the two must be equal."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.normalize_url import normalizeLink
from mdit_py_plugins.deflist import deflist_plugin

from cms_ssg.config.settings import Markdown
from cms_ssg.content.markdown.body import CLOSE, OPEN, render_body
from cms_ssg.content.markdown.escape import escape_text
from cms_ssg.content.markdown.raw_html import TAG, is_element
from cms_ssg.types import Body

PLACEHOLDER = re.compile(f"{OPEN}(\\d+){CLOSE}")
PLAIN = Markdown(extensions=False, highlight=False)
EXTENDED = Markdown(highlight=False)


def fill(body: Body) -> str:
    """HTML with each link as CommonMark writes it."""

    def put(match: re.Match[str]) -> str:
        link = body.links[int(match[1])]
        target = escape_text(normalizeLink(link.target))
        if link.kind == "link":
            return target
        title = f' title="{escape_text(link.values["title"])}"' if link.values.get("title") else ""
        return f'<img src="{target}" alt="{escape_text(link.values["alt"])}"{title} />'

    return PLACEHOLDER.sub(put, body.html).replace('<pre tabindex="0">', "<pre>")


@cache
def make_reference() -> Any:
    """markdown-it as it comes, with the extensions that it and its plugins have."""
    md = MarkdownIt("commonmark", {"maxNesting": 100, "tasklists": True})
    md.enable(["table", "strikethrough"])
    deflist_plugin(md)
    for ruler, name in ((md.block.ruler, "html_block"), (md.inline.ruler, "html_inline")):
        rule = next(rule for rule in ruler.__rules__ if rule.name == name)
        rule.fn = _known_only(rule.fn)
    return md


def _known_only(rule: Any) -> Any:
    """An HTML rule for elements that exist, as ours are."""

    def known(state: Any, *args: Any) -> bool:
        at = state.bMarks[args[0]] + state.tShift[args[0]] if len(args) == 3 else state.pos
        end = state.eMarks[args[0]] if len(args) == 3 else state.posMax
        match = TAG.match(state.src, at, end)
        return bool((match is None or is_element(match[2])) and rule(state, *args))

    return known


def render_reference(text: str) -> str:
    """markdown-it's HTML with what differs by intention taken out."""
    html = str(make_reference().render(text))
    html = re.sub(r' style="text-align:(\w+)"', r' class="align-\1"', html)
    html = re.sub(
        r'<input class="task-list-item-checkbox" disabled="" type="checkbox"( checked="")?>',
        lambda box: f'<input type="checkbox" disabled=""{box[1] or ""} aria-label="{"☑" if box[1] else "☐"}" />',
        html,
    )
    html = re.sub(r'(<input type="checkbox"[^>]*/> )<p>', r"<p>\1", html)
    html = re.sub(r'<code class="language-([^"]*)"', _language, html)
    return html.replace("<blockquote></blockquote>", "<blockquote>\n</blockquote>").replace("<T>", "&lt;T&gt;")


def _language(match: re.Match[str]) -> str:
    """A language without what some write after it, such as ``rust,ignore``."""
    name = re.split("[,{:]", match[1], maxsplit=1)[0]
    return f'<code class="language-{name}"' if name else "<code"


def render_ours(text: str) -> str:
    """Our HTML with what differs by intention taken out."""
    body, _ = render_body(text, EXTENDED, "x.md")
    return re.sub(r'<(h[1-6]) id="[^"]*">', r"<\1>", fill(body)).replace("<T>", "&lt;T&gt;")
