"""HTML as Markdown, block by block; a block that Markdown cannot hold stays HTML."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

INLINE: Final = frozenset(
    "a abbr b br cite code data del dfn em i img ins kbd mark q s samp small span strong sub sup time u var wbr bdi bdo font".split()
)
KEPT_INLINE: Final = ["abbr", "bdi", "bdo", "cite", "dfn", "ins", "kbd", "mark", "q", "samp", "small", "sub", "sup", "time", "u", "var"]
BLOCKS: Final = frozenset("p h1 h2 h3 h4 h5 h6 ul ol li blockquote pre hr table thead tbody tr td th".split())
WRAPPERS: Final = frozenset("div section article main center header footer".split())
DROPPED: Final = frozenset("script style object embed applet noscript link meta base".split())
HTML_BLOCKS: Final = frozenset(
    "address article aside blockquote center details dialog dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr iframe legend li"
    " main menu nav ol p section summary table tbody td tfoot th thead tr ul".split()
)
_JOIN, _ID, _END, _HELD, _GAP = "\ue000", "\ue001", "\ue002", "\ue003", "\ue004"
_PRIVATE: Final = re.compile("[\x00\ue000-\ue004]")
_BRACES: Final = re.compile(r"\{(?=\{[<%]|[{%])")
_LINKS: Final = (
    ("a", "href"),
    ("area", "href"),
    ("img", "src"),
    ("source", "src"),
    ("video", "src"),
    ("video", "poster"),
    ("audio", "src"),
    ("iframe", "src"),
)

Note = Callable[[str, str, str], None]
"""Called with the kind of what was dropped, a detail and its fate."""


@cache
def _options() -> Any:
    from html_to_markdown import ConversionOptions

    return ConversionOptions(
        escape_asterisks=True, escape_underscores=True, escape_misc=True, extract_metadata=False, autolinks=False, preserve_tags=KEPT_INLINE
    )


def convert_html(html: str, rewrite: Callable[[str], str], note: Note) -> str:
    """The HTML as Markdown in which blocks that it cannot hold stand as HTML.

    rewrite: makes the new address of each link, image and medium; note: is told what is left out.
    """
    import lxml.html

    html = _PRIVATE.sub("", html.replace("\r\n", "\n"))
    if not html.strip():
        return ""
    try:
        root = lxml.html.fragment_fromstring(html, create_parent="div")
    except (lxml.etree.ParserError, ValueError):
        note("HTML", html[:80], "left out")
        return ""
    _clean(root, note)
    for tag, name in _LINKS:
        for node in root.iter(tag):
            if node.get(name):
                node.set(name, rewrite(node.get(name)))
    for node in root.iter("img", "source"):
        node.attrib.pop("srcset", None)  # of copies that another system made; variants are made here
        node.attrib.pop("sizes", None)
    kept: list[str] = []
    text = re.sub(f"\n*{_GAP}\n*", "\n\n", _to_markdown("".join(_make_plain(root, kept)))).lstrip("\n")
    text = re.sub(f"(?<!\n)\n(?={_HELD})|(?<={_END})\n(?!\n)", "\n\n", text)  # an empty line ends a block of HTML
    return re.sub(f"{_HELD}(\\d+){_END}", lambda found: kept[int(found[1])], text)


def _clean(root: Any, note: Note) -> None:
    """Take away what would run something."""
    for node in list(root.iter()):
        if not isinstance(node.tag, str):
            _remove(node)
        elif node.tag in DROPPED:
            if (node.text or "").strip() or node.get("src") or node.get("data"):
                note(f"<{node.tag}>", node.get("src") or node.get("data") or (node.text or ""), "left out")
            _remove(node)
        else:
            for name in [name for name in node.attrib if name.lower().startswith("on")]:
                note("event handlers", f'<{node.tag} {name}="{node.attrib[name]}">', "left out")
                del node.attrib[name]


def _remove(node: Any) -> None:
    parent = node.getparent()
    if parent is None:
        return
    previous, tail = node.getprevious(), node.tail or ""
    if previous is not None:
        previous.tail = (previous.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    parent.remove(node)


def _make_plain(parent: Any, kept: list[str]) -> Iterator[str]:
    """HTML that Markdown holds, of an element's children; in place of what it cannot hold a paragraph with its number in kept."""
    if parent.text and parent.text.strip():
        yield _escape(parent.text)
    for node in parent:
        tail = node.tail or ""
        node.tail = None
        if _is_plain(node):
            _mark_up(node)
            if node.tag == "blockquote":  # the converter makes one of two
                yield f"<p>{_GAP}</p>"
            yield _serialise(node)
        elif node.tag in WRAPPERS and not node.get("id"):
            yield from _make_plain(node, kept)
        elif node.tag == "figure" and (url := _only_address(node)):
            yield f'<p><a href="{_escape(url)}">{_escape(url)}</a></p>'
            yield from (piece for caption in node.iter("figcaption") for piece in _make_plain(caption, kept))
        elif node.tag == "figure" and (inner := _only_picture(node)) is not None:
            _mark_up(inner)
            yield f"<p>{_serialise(inner)}</p>" if inner.tag != "table" else _serialise(inner)
        else:
            kept.append(_make_block(node))
            yield f"<p>{_HELD}{len(kept) - 1}{_END}</p>"
        if tail:
            yield _escape(tail)


def _is_plain(node: Any) -> bool:
    """Whether Markdown holds the element and all within it."""
    return all(_is_plain_alone(inner, node) for inner in node.iter())


def _is_plain_alone(node: Any, top: Any) -> bool:
    tag = node.tag
    if tag not in INLINE and tag not in BLOCKS:
        return False
    if tag == "a" and not node.get("href") and (node.get("id") or node.get("name")):
        return False
    if tag in ("td", "th"):
        return not (
            node.get("colspan", "1") != "1"
            or node.get("rowspan", "1") != "1"
            or any(inner.tag in BLOCKS for inner in node.iterdescendants())
        )
    if tag == "table":
        first = next(node.iter("tr"), None)
        return (
            first is not None
            and len(first) > 0
            and all(cell.tag == "th" for cell in first)
            and node.getparent().tag not in ("li", "td", "blockquote")
        )
    if tag == "li" and node.get("id"):
        return False
    if tag == "pre" and "wp-block-verse" in (node.get("class") or ""):
        return False
    if tag == "pre":
        return all(inner.tag in ("code", "span", "br") for inner in node.iterdescendants())
    if tag == "p" and node is top:
        return not (node.get("dir") or node.get("lang"))
    return True


def _only_picture(figure: Any) -> Any:
    """The picture or table that is all of a figure without a caption, None for others."""
    if len(figure) != 1 or (figure.text or "").strip() or (figure[0].tail or "").strip():
        return None
    inner = figure[0]
    if inner.tag == "img" or (inner.tag == "a" and len(inner) == 1 and inner[0].tag == "img" and not (inner.text or "").strip()):
        return inner
    return inner if inner.tag == "table" and _is_plain(inner) else None


def _only_address(figure: Any) -> str:
    """The address that is all of an embed's figure beside its caption, "" for others."""
    if any(
        inner.tag not in ("figure", "figcaption", "div")
        for inner in figure.iter()
        if not any(up.tag == "figcaption" for up in inner.iterancestors())
    ):
        return ""
    text = "".join([figure.text or "", *(f"{inner.text or ''}{inner.tail or ''}" for inner in figure.iter("div"))]).strip()
    return text if re.fullmatch(r"https?://\S+", text) else ""


def _mark_up(node: Any) -> None:
    """Put what Markdown says otherwise where the converter lets it through: ids of headings, braces that would be shortcodes."""
    for inner in node.iter():
        if inner.tag in ("h1", "h2", "h3", "h4", "h5", "h6") and re.fullmatch(r"[\w-]+", inner.get("id") or ""):
            inner.append(inner.makeelement("span", {}))
            inner[-1].text = f"{_ID}{inner.get('id')}{_END}"
        if inner.tag == "b":
            inner.tag = "strong"
        elif inner.tag == "i":
            inner.tag = "em"
        if inner.tag in ("code", "pre"):
            continue
        inner.text = _BRACES.sub("{" + _JOIN, inner.text) if inner.text else inner.text
        if inner.tail and inner is not node and not any(up.tag in ("code", "pre") for up in inner.iterancestors()):
            inner.tail = _BRACES.sub("{" + _JOIN, inner.tail)


def _serialise(node: Any) -> str:
    import lxml.html

    return str(lxml.html.tostring(node, encoding="unicode", with_tail=False))


def _escape(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _BRACES.sub("{" + _JOIN, text)


def _to_markdown(html: str) -> str:
    from html_to_markdown import convert

    if not html.strip():
        return ""
    text = (convert(html, _options()).content or "").strip("\n")
    text = re.sub(rf"(?<!\s)\s*{_ID}(.*?){_END}", lambda found: " {#" + found[1].replace("\\", "") + "}", text)
    return str(text).replace(_JOIN, "\\")


def _make_block(node: Any) -> str:
    """The element as one HTML block of Markdown: without empty lines, begun by a tag that begins one."""
    for inner in node.iter("pre", "textarea"):
        for place in inner.iter():
            place.text = place.text.replace("\n", _ID) if place.text else place.text
            if place is not inner and place.tail:
                place.tail = place.tail.replace("\n", _ID)
    html = re.sub(r"\n\s*(?=\n)", "", _serialise(node)).strip().replace(_ID, "&#10;")
    if node.tag not in HTML_BLOCKS:
        html = f"<div>{html}</div>" if node.tag in INLINE else f"<figure>{html}</figure>"
    return _BRACES.sub("&#123;", html)


def strip_tags(html: str) -> str:
    """The text of HTML in one line."""
    import html as entities

    return " ".join(entities.unescape(re.sub(r"<[^<>]*>", " ", html)).split())
