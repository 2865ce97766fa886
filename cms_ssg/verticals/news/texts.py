"""The content of a live update as sanitized HTML: Markdown, or blocks of a few kinds."""

from __future__ import annotations

import re
from html import escape
from typing import Any, Final

import msgspec

from cms_ssg.content.markdown.body import CLOSE, OPEN, render_body
from cms_ssg.errors import fail
from cms_ssg.site import Site
from cms_ssg.types import Body, Json

MOST_CHARACTERS: Final = 20_000
MOST_BLOCKS: Final = 50
BLOCKS: Final = {"text": ("text",), "heading": ("text",), "quote": ("text", "cite"), "image": ("src", "alt", "caption")}
"""Kinds of blocks, and the texts each may have; the first one must be there."""

_PLACE: Final = re.compile(f"{OPEN}([0-9]+){CLOSE}")
_SAFE_IMAGE: Final = re.compile(r"(https?://|/(?!/))")


def check_content(content: Json) -> dict[str, Json]:
    """What may be stored as the content of an update. Raises CmsError live.empty, live.too-long, live.content."""
    if not isinstance(content, dict) or not ({"markdown", "blocks"} & content.keys()):
        raise fail(
            "live.content",
            "an update has Markdown or blocks",
            hint='Give {"markdown": "…"} or {"blocks": [{"type": "text", "text": "…"}]}.',
        )
    if unknown := sorted(set(content) - {"markdown", "blocks"}):
        raise fail("live.content", f"an update has no {unknown[0]!r}", hint="It has markdown or blocks.")
    markdown, blocks = content.get("markdown"), content.get("blocks")
    if blocks is None:
        if not isinstance(markdown, str):
            raise fail("live.content", "markdown is a text", hint='Give {"markdown": "…"}.')
        texts = [markdown]
    else:
        texts = _check_blocks(blocks)
    if not any(text.strip() for text in texts):
        raise fail("live.empty", "the update is empty", hint="Write something.")
    if sum(map(len, texts)) > MOST_CHARACTERS:
        raise fail(
            "live.too-long", f"the update has more than {MOST_CHARACTERS:,} characters", hint="Make a story of it, and link to that."
        )
    if any("\0" in text for text in texts):
        raise fail("live.content", "the update has a NUL character, which no text has", hint="Take it out.")
    return {"blocks": blocks} if blocks is not None else {"markdown": markdown}


def _check_blocks(blocks: Json) -> list[str]:
    if not isinstance(blocks, list) or len(blocks) > MOST_BLOCKS:
        raise fail("live.content", f"blocks is a list of at most {MOST_BLOCKS}", hint='Give [{"type": "text", "text": "…"}].')
    texts: list[str] = []
    for number, block in enumerate(blocks, 1):
        kind = block.get("type") if isinstance(block, dict) else None
        if not isinstance(block, dict) or kind not in BLOCKS:
            raise fail("live.content", f"block {number} is none of {', '.join(BLOCKS)}", hint='Give {"type": "text", "text": "…"}.')
        for name, value in block.items():
            if name != "type" and (name not in BLOCKS[kind] or not isinstance(value, str)):
                raise fail(
                    "live.content",
                    f"block {number}: {name!r} is no text that a block {kind!r} has",
                    hint=f"It has {', '.join(BLOCKS[kind])}.",
                )
        first = block.get(BLOCKS[kind][0])
        if not first:
            raise fail(
                "live.content", f"block {number}: {BLOCKS[kind][0]!r} is missing", hint=f"A block {kind!r} has {', '.join(BLOCKS[kind])}."
            )
        if kind == "image" and not _SAFE_IMAGE.match(first):
            raise fail("live.content", f"block {number}: the picture is no path and no address", hint="/images/a.jpg, or https://…")
        texts += [value for name, value in block.items() if name != "type"]
    return texts


def render_content(site: Site, content: dict[str, Json]) -> str:
    """The HTML of an update, free of scripts and styles, whatever was stored."""
    if isinstance(content.get("blocks"), list):
        return "".join(_render_block(site, block) for block in content["blocks"] if isinstance(block, dict))
    return _render_markdown(site, str(content.get("markdown") or ""))


def _render_block(site: Site, block: dict[str, Any]) -> str:
    kind, text = block.get("type"), str(block.get("text") or "")
    if kind == "heading":
        return f"<h4>{escape(text)}</h4>\n"
    if kind == "quote":
        cite = f"<footer>{escape(str(block['cite']))}</footer>" if block.get("cite") else ""
        return f"<blockquote>{_render_markdown(site, text)}{cite}</blockquote>\n"
    if kind == "image" and _SAFE_IMAGE.match(str(block.get("src") or "")):
        caption = f"<figcaption>{escape(str(block['caption']))}</figcaption>" if block.get("caption") else ""
        source = _lead(site, str(block["src"]))
        return f'<figure><img src="{escape(source)}" alt="{escape(str(block.get("alt") or ""))}" loading="lazy">{caption}</figure>\n'
    return _render_markdown(site, text)


def _render_markdown(site: Site, text: str) -> str:
    settings = msgspec.structs.replace(site.settings.markdown, raw_html="sanitized", highlight=False)
    body, _ = render_body(text[:MOST_CHARACTERS], settings, "live update")
    return _fill(site, body)


def _fill(site: Site, body: Body) -> str:
    """The body's links as they are written: an update knows of no other entry. Its pictures are shown as they lie; shortcodes are left out."""

    def write(found: re.Match[str]) -> str:
        link = body.links[int(found[1])]
        if link.kind == "link":
            return escape(_lead(site, link.target))
        if link.kind == "image" and _SAFE_IMAGE.match(link.target):
            return f'<img src="{escape(_lead(site, link.target))}" alt="{escape(str(link.values.get("alt") or ""))}" loading="lazy">'
        return ""

    return _PLACE.sub(write, body.html)


def _lead(site: Site, target: str) -> str:
    return site.base_path + target if target.startswith("/") and not target.startswith("//") else target
