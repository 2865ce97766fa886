"""The HTML of footnotes, and the plain text of an image's description."""

from __future__ import annotations

from typing import Any


def note_mark(meta: dict[str, Any]) -> str:
    """The number in the text that leads to a note. meta: of the plugin's token."""
    return f'<sup class="footnote-ref"><a href="#{note_id(meta)}" id="{mark_id(meta)}" role="doc-noteref">{meta["id"] + 1}</a></sup>'


def note_id(meta: dict[str, Any]) -> str:
    """The id of the note that a mark leads to."""
    return f"fn-{meta['id'] + 1}"


def mark_id(meta: dict[str, Any]) -> str:
    """The id of a mark in the text."""
    return _mark_id(meta["id"] + 1, meta.get("subId", 0))


def write_note(number: int, html: str, uses: int) -> str:
    """A note as an item of the list at the end, with links back to where it is used."""
    back = " ".join(
        f'<a href="#{_mark_id(number, again)}" class="footnote-backref" role="doc-backlink">↩\ufe0e</a>' for again in range(max(uses, 1))
    )
    html = f"{html[:-5]} {back}</p>\n" if html.endswith("</p>\n") else f"{html}<p>{back}</p>\n"
    return f'<li id="fn-{number}">\n{html}</li>\n'


def _mark_id(number: int, again: int) -> str:
    return f"fnref-{number}-{again + 1}" if again else f"fnref-{number}"


def plain_alt(tokens: list[Any] | None) -> str:
    """The text of an image's description, its markup left out."""
    parts = []
    for token in tokens or ():
        if token.type == "image":
            parts.append(plain_alt(token.children))
        elif token.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        elif token.type in ("text", "text_special", "code_inline", "html_inline"):
            parts.append(token.content)
    return "".join(parts)
