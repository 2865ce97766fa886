"""Texts of Ghost that it has not rendered: the documents of its two editors, Lexical and Mobiledoc, as HTML."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from cms_ssg.migrate.pages import as_table

MAX_DEPTH: Final = 40
_FORMATS: Final = ((16, "code"), (1, "strong"), (2, "em"), (4, "s"), (8, "u"), (32, "sub"), (64, "sup"), (128, "mark"))
_BLOCKS: Final = {"paragraph": "p", "quote": "blockquote", "extended-quote": "blockquote", "aside": "blockquote", "listitem": "li"}
_PLAIN: Final = frozenset("b strong i em s del u code sub sup mark".split())
EMAIL: Final = frozenset(("email", "email-cta"))

Note = Callable[[str, str, str], None]
"""Called with the kind of what is left out, a detail and its fate."""


def load_document(value: Any) -> dict[str, Any]:
    """A document, which is JSON in a text, as a table; an empty one where it is none."""
    try:
        return as_table(json.loads(value) if isinstance(value, str) else value)
    except (ValueError, RecursionError):
        return {}


def list_cards(lexical: dict[str, Any], mobiledoc: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(kind, values) of each card of the two documents."""
    for node in _rows(as_table(lexical.get("root")).get("children")):
        yield str(node.get("type")), node
    cards = mobiledoc.get("cards")
    for card in cards if isinstance(cards, list) else []:
        if isinstance(card, list) and len(card) == 2:
            yield str(card[0]), as_table(card[1])


def render_lexical(document: dict[str, Any], note: Note) -> str:
    """A document of Lexical as HTML, "" for one that holds nothing."""
    return "".join(_render_nodes(as_table(document.get("root")).get("children"), note, 0))


def _rows(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _render_nodes(nodes: Any, note: Note, depth: int) -> Iterator[str]:
    if depth > MAX_DEPTH:
        note("cards", "a text nested too deep", "left out")
        return
    for node in _rows(nodes):
        kind = str(node.get("type") or "")
        if kind in ("text", "extended-text"):
            yield _render_text(str(node.get("text") or ""), node.get("format"))
            continue
        if kind in ("linebreak", "tab"):
            yield "<br>" if kind == "linebreak" else " "
            continue
        tag = _BLOCKS.get(kind, "")
        if kind in ("heading", "extended-heading"):
            tag = str(node.get("tag")) if node.get("tag") in ("h1", "h2", "h3", "h4", "h5", "h6") else "h2"
        elif kind == "list":
            tag = "ol" if node.get("listType") == "number" else "ul"
        inner = "".join(_render_nodes(node.get("children"), note, depth + 1))
        if tag:
            yield f"<{tag}>{inner}</{tag}>"
        elif kind == "link":
            yield f'<a href="{html.escape(str(node.get("url") or ""))}">{inner}</a>'
        else:
            yield inner or render_card(kind, node, note)


def _render_text(text: str, marks: Any) -> str:
    made = html.escape(text, quote=False)
    for number, tag in _FORMATS:
        if isinstance(marks, int) and marks & number:
            made = f"<{tag}>{made}</{tag}>"
    return made


def render_mobiledoc(document: dict[str, Any], note: Note) -> str:
    """A document of Mobiledoc as HTML, "" for one that holds nothing."""
    out = []
    sections = document.get("sections")
    for section in sections if isinstance(sections, list) else []:
        if not isinstance(section, list) or len(section) < 2:
            continue
        kind, value = section[0], section[1]
        if kind == 1 and len(section) > 2:
            tag = value if value in ("p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote") else "blockquote" if value == "aside" else "p"
            out.append(f"<{tag}>{_render_markers(section[2], document)}</{tag}>")
        elif kind == 2:
            out.append(f'<p><img src="{html.escape(str(value))}" alt=""></p>')
        elif kind == 3 and len(section) > 2 and isinstance(section[2], list):
            tag = "ol" if value == "ol" else "ul"
            out.append(f"<{tag}>{''.join(f'<li>{_render_markers(one, document)}</li>' for one in section[2])}</{tag}>")
        elif kind == 10:
            card = _pick(document.get("cards"), value)
            if isinstance(card, list) and len(card) == 2:
                out.append(render_card(str(card[0]), as_table(card[1]), note))
    return "".join(out)


def _pick(rows: Any, number: Any) -> Any:
    return rows[number] if isinstance(rows, list) and isinstance(number, int) and 0 <= number < len(rows) else None


def _render_markers(markers: Any, document: dict[str, Any]) -> str:
    out: list[str] = []
    opened: list[str] = []
    for marker in markers if isinstance(markers, list) else []:
        if not isinstance(marker, list) or len(marker) < 4:
            continue
        for number in marker[1] if isinstance(marker[1], list) else []:
            markup = _pick(document.get("markups"), number)
            name = str(markup[0]) if isinstance(markup, list) and markup else ""
            values = markup[1] if name and len(markup) > 1 and isinstance(markup[1], list) else []
            href = next((str(value) for key, value in zip(values[::2], values[1::2], strict=False) if key == "href"), "")
            out.append(f'<a href="{html.escape(href)}">' if name == "a" else f"<{name}>" if name in _PLAIN else "")
            opened.append(f"</{name}>" if name == "a" or name in _PLAIN else "")
        if marker[0] == 1:
            atom = _pick(document.get("atoms"), marker[3])
            out.append("<br>" if isinstance(atom, list) and atom and atom[0] == "soft-return" else "")
        else:
            out.append(html.escape(str(marker[3]), quote=False))
        closed = max(0, len(opened) - marker[2]) if isinstance(marker[2], int) and marker[2] > 0 else len(opened)
        out += reversed(opened[closed:])
        del opened[closed:]
    return "".join([*out, *reversed(opened)])


def render_card(kind: str, card: dict[str, Any], note: Note) -> str:
    """A card as HTML. Those for e-mails and for members, and those that nobody knows, are noted and left out."""

    def take(name: str) -> str:
        return html.escape(str(card.get(name) or ""))

    kind, caption = kind.removeprefix("card-"), str(card.get("caption") or "")
    below = f"<figcaption>{caption}</figcaption>" if caption else ""
    if kind in ("hr", "horizontalrule"):
        return "<hr>"
    if kind == "image" and card.get("src"):
        picture = f'<img src="{take("src")}" alt="{take("alt")}">'
        picture = f'<a href="{take("href")}">{picture}</a>' if card.get("href") else picture
        return f"<figure>{picture}{below}</figure>"
    if kind == "gallery":
        rows = [
            (html.escape(str(row["src"])), html.escape(str(row.get("alt") or ""))) for row in _rows(card.get("images")) if row.get("src")
        ]
        return "".join(f'<p><img src="{source}" alt="{alt}"></p>' for source, alt in rows) + (f"<p>{caption}</p>" if caption else "")
    if kind in ("markdown", "html"):
        return f"\n{_render_markdown(str(card.get('markdown') or '')) if kind == 'markdown' else card.get('html') or ''}\n"
    if kind in ("code", "codeblock"):
        mark = f' class="language-{take("language")}"' if card.get("language") else ""
        return f"<pre><code{mark}>{take('code')}</code></pre>{f'<p>{caption}</p>' if caption else ''}"
    if kind == "toggle":
        return f"<details><summary>{card.get('heading') or ''}</summary>{card.get('content') or ''}</details>"
    if kind == "callout":
        return f"<blockquote><p>{take('calloutEmoji')} {card.get('calloutText') or ''}</p></blockquote>"
    if kind in ("bookmark", "embed", "button", "file", "product", "header", "call-to-action"):
        return _render_link(kind, card) + (f"<p>{caption}</p>" if caption else "")
    if kind in ("video", "audio") and card.get("src"):
        below = below or (f"<figcaption>{take('title')}</figcaption>" if card.get("title") else "")
        return f'<figure><{kind} controls src="{take("src")}"></{kind}>{below}</figure>'
    if kind == "paywall":
        return ""
    name = "cards shown only in e-mails" if kind in EMAIL else "cards"
    note(name, f"{kind}: {' '.join(str(value) for key, value in card.items() if isinstance(value, str) and key != 'type')}", "left out")
    return ""


def _render_link(kind: str, card: dict[str, Any]) -> str:
    """A card that mostly leads somewhere: its words, then the link."""
    meta = as_table(card.get("metadata"))

    def first(*names: str) -> str:
        found = next((card[name] for name in names if isinstance(card.get(name), str) and card[name]), "")
        return str(found or next((meta[name] for name in names if isinstance(meta.get(name), str) and meta[name]), ""))

    url = first("url", "buttonUrl", "src", "productUrl")
    title = first("buttonText", "productButton", "fileTitle", "title", "fileName") or url
    about = first("description", "productDescription", "subheader", "textValue", "fileCaption")
    heading = first("productTitle", "header") if kind in ("product", "header", "call-to-action") else ""
    picture = first("productImageSrc", "imageUrl", "backgroundImageSrc") if kind in ("product", "header", "call-to-action") else ""
    parts = [f'<p><img src="{html.escape(picture)}" alt=""></p>' if picture else "", f"<h3>{heading}</h3>" if heading else ""]
    parts.append(f"<div>{about}</div>" if about and kind not in ("bookmark", "file", "embed") else "")
    if url:
        tail = f": {html.escape(about)}" if about and kind in ("bookmark", "file") else ""
        parts.append(f'<p><a href="{html.escape(url)}">{html.escape(title)}</a>{tail}</p>')
    return "".join(parts)


def _render_markdown(text: str) -> str:
    from markdown_it import MarkdownIt

    return str(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
