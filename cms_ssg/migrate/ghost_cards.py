"""Cards of Ghost's editor in the HTML that it rendered: without the parts that its scripts moved, as HTML that needs none."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

_CARD: Final = re.compile(r"<!--kg-card-(?:begin|end): [\w-]+-->")
_GATE: Final = re.compile(r"<!--\s*kg-gated-block:(begin|end)\b([^>]*)-->")
_PORTAL: Final = re.compile(r"#/(?:portal|share|search)\b")

Note = Callable[[str, str, str], None]
"""Called with the kind of what is left out, a detail and its fate."""


def clean_cards(html: str, note: Note) -> str:
    """The HTML of a post with its cards made plain; what only members or only e-mails show is left out."""
    import lxml.html

    html = _drop_gated(_CARD.sub("", html).replace("\x00", ""), note)
    if "kg-" not in html and "data-members-form" not in html and not _PORTAL.search(html):
        return html
    try:
        root = lxml.html.fragment_fromstring(html, create_parent="div")
    except (lxml.etree.ParserError, ValueError):
        return html  # convert_html says so
    for node in list(root.iter()):
        if not isinstance(node.tag, str) or (node is not root and not any(up is root for up in node.iterancestors())):
            continue
        classes = (node.get("class") or "").split()
        made = next((_MAKERS[name](node) for name in classes if name in _MAKERS), None)
        if made is not None:
            made.tail = node.tail
            node.getparent().replace(node, made)
        elif "kg-signup-card" in classes or node.get("data-members-form") is not None:
            note("forms to sign up", _text(node)[:200], "left out")
            _remove(node)
        elif node.tag == "a" and _PORTAL.search(node.get("href") or ""):
            note("links to the pages for members", f"{node.get('href')}: {_text(node)}", "kept as text")
            node.attrib.clear()
            node.tag = "span"
        elif node.tag in ("svg", "button") and any("kg-" in (up.get("class") or "") for up in node.iterancestors()):
            _remove(node)
    return (root.text or "") + "".join(lxml.html.tostring(node, encoding="unicode") for node in root)


def _drop_gated(html: str, note: Note) -> str:
    """Without the blocks that are closed to visitors. A block that nothing ends reaches to the end."""
    out: list[str] = []
    at = shut = 0
    marks = list(_GATE.finditer(html))
    for number, mark in enumerate(marks):
        if not shut:
            out.append(html[at : mark.start()])
        if mark[1] == "begin" and "nonMember:false" in mark[2].replace(" ", "").replace('"', ""):
            shut += 1
            end = marks[number + 1].start() if number + 1 < len(marks) else len(html)
            note("blocks for members", re.sub(r"<[^<>]*>", " ", html[mark.end() : min(end, mark.end() + 2000)]), "left out")
        elif mark[1] == "end" and shut:
            shut -= 1
        at = mark.end()
    return "".join([*out, "" if shut else html[at:]])


def _make(tag: str, text: str = "", **attributes: str) -> Any:
    from lxml.html import builder

    return getattr(builder, tag.upper())(text, attributes)


def _find(node: Any, name: str) -> Any:
    """The first element of a class, None without."""
    return next((inner for inner in node.iter() if isinstance(inner.tag, str) and name in (inner.get("class") or "").split()), None)


def _text(node: Any) -> str:
    return " ".join("".join(node.itertext()).split()) if node is not None else ""


def _move(source: Any, target: Any) -> None:
    """Put what an element holds at the end of another one."""
    if source is None:
        return
    if source.text:
        if len(target):
            target[-1].tail = (target[-1].tail or "") + source.text
        else:
            target.text = (target.text or "") + source.text
    for child in list(source):
        target.append(child)


def _remove(node: Any) -> None:
    node.drop_tree()


def _make_toggle(node: Any) -> Any:
    made = _make("details")
    made.append(_make("summary", _text(_find(node, "kg-toggle-heading-text")) or "…"))
    _move(_find(node, "kg-toggle-content"), made)
    return made


def _make_callout(node: Any) -> Any:
    made, line = _make("blockquote"), _make("p")
    emoji, text = _text(_find(node, "kg-callout-emoji")), _find(node, "kg-callout-text")
    line.text = f"{emoji} " if emoji else ""
    _move(text if text is not None else node, line)
    made.append(line)
    return made


def _make_bookmark(node: Any) -> Any:
    link, made = next(node.iter("a"), None), _make("div")
    url = link.get("href") or "" if link is not None else ""
    title, about, caption = (_text(_find(node, f"kg-bookmark-{name}")) for name in ("title", "description", "caption"))
    line = _make("p")
    line.append(_make("a", title or url, href=url))
    line[0].tail = f": {about}" if about else ""
    made.append(line)
    caption = caption or " ".join(_text(one) for one in node.iter("figcaption"))
    if caption:
        made.append(_make("p", caption))
    return made


def _make_player(node: Any) -> Any:
    tag = next((tag for tag in ("video", "audio") if next(node.iter(tag), None) is not None), "")
    if not tag:
        return node
    old = next(node.iter(tag))
    source = old.get("src") or next((one.get("src") or "" for one in old.iter("source")), "")
    made = _make("figure")
    made.append(_make(tag, controls="", src=source, **({"poster": old.get("poster")} if old.get("poster") else {})))
    caption = " ".join(_text(one) for one in node.iter("figcaption")) or _text(_find(node, "kg-audio-title"))
    if caption:
        made.append(_make("figcaption", caption))
    return made


def _make_file(node: Any) -> Any:
    link, made = next(node.iter("a"), None), _make("p")
    title, caption = _text(_find(node, "kg-file-card-title")), _text(_find(node, "kg-file-card-caption"))
    url = link.get("href") or "" if link is not None else ""
    made.append(_make("a", title or url, href=url))
    made[0].tail = f" {caption}" if caption else ""
    return made


_MAKERS: Final[dict[str, Callable[[Any], Any]]] = {
    "kg-toggle-card": _make_toggle,
    "kg-callout-card": _make_callout,
    "kg-bookmark-card": _make_bookmark,
    "kg-video-card": _make_player,
    "kg-audio-card": _make_player,
    "kg-file-card": _make_file,
}
