"""Shortcodes: ``{{< name argument key="value" >}}``, alone or around text up to ``{{< /name >}}``."""

from __future__ import annotations

import re
from typing import Any, Final

from cms_ssg.types import Json

ARGUMENT: Final = re.compile(r"(?:([A-Za-z_][\w-]*)=)?(?:\"([^\"]*)\"|'([^']*)'|`([^`]*)`|([^\s\"'`<>{}=/]+(?:/[^\s\"'`<>{}=/]+)*/?))")
TAG: Final = re.compile(
    r"\{\{<\s*(/?)\s*([A-Za-z][\w-]*(?:/[A-Za-z][\w-]*)*)"
    r"((?:\s+(?:[A-Za-z_][\w-]*=)?(?:\"[^\"]*\"|'[^']*'|`[^`]*`|[^\s\"'`<>{}=/]+(?:/[^\s\"'`<>{}=/]+)*))*)\s*(/?)\s*>\}\}"
)
SHOWN: Final = re.compile(r"\{\{<\s*/\*")
SHOWN_END: Final = re.compile(r"\*/\s*>\}\}")
MAX_TAG: Final = 10_000
"""Characters of a tag: what never ends must not cost a look at the whole text each time it begins."""


def read_tag(match: re.Match[str]) -> dict[str, Json]:
    """name, args and values of a tag."""
    args: list[Json] = []
    values: dict[str, Json] = {}
    for argument in ARGUMENT.finditer(match[3]):
        text = next((group for group in argument.groups()[1:] if group is not None), "")
        if argument[1]:
            values[argument[1]] = text
        else:
            args.append(text)
    return {"name": match[2], "args": args, "values": values}


def find_pairs(text: str) -> dict[int, tuple[int, int]]:
    """Where each opening tag that is closed begins -> where its closing tag begins and ends."""
    open_tags: dict[str, list[int]] = {}
    pairs: dict[int, tuple[int, int]] = {}
    at = 0
    while (at := text.find("{{<", at)) >= 0:
        match = TAG.match(text, at, at + MAX_TAG)
        if match is None:
            at += 3
            continue
        at = match.end()
        if match[1]:
            if open_tags.get(match[2]):
                pairs[open_tags[match[2]].pop()] = match.span()
        elif not match[4]:
            open_tags.setdefault(match[2], []).append(match.start())
    return pairs


def _pairs_of(env: Any, text: str) -> dict[int, tuple[int, int]]:
    """find_pairs, once per text."""
    known: dict[str, dict[int, tuple[int, int]]] = env.setdefault("shortcode_pairs", {})
    if text not in known:
        known[text] = find_pairs(text)
    return known[text]


def shortcode_block(state: Any, startLine: int, endLine: int, silent: bool) -> bool:
    """The rule for tags that have their lines to themselves."""
    src, ends = state.src, state.eMarks
    begin = state.bMarks[startLine] + state.tShift[startLine]
    if not src.startswith("{{<", begin) or state.is_code_block(startLine):
        return False
    match = TAG.match(src, begin, min(ends[endLine - 1], begin + MAX_TAG))
    if match is None or match[1]:
        return False
    line = startLine
    while ends[line] < match.end():
        line += 1
        if state.level:
            return False  # a tag over several lines of a list or quote holds their marks
    if match.end() > ends[endLine - 1]:
        return False
    after = src[match.end() : ends[line]].strip()
    pair = None if match[4] else _pairs_of(state.env, src).get(begin)
    if pair is None or pair[1] > ends[endLine - 1]:
        if after:
            return False
        if not silent:
            _push_open(state, match, startLine)
            _push_close(state, "")
            state.line = line + 1
        return True
    last = line
    while ends[last] < pair[1]:
        last += 1
    if src[pair[1] : ends[last]].strip():
        return False
    closing = src[pair[0] : pair[1]]
    if last == line:
        if not silent:
            _push_open(state, match, startLine)
            token = state.push("inline", "", 0)
            token.content = src[match.end() : pair[0]].strip()
            token.map = [line, line + 1]
            _push_close(state, closing)
            state.line = line + 1
        return True
    if after or src[state.bMarks[last] + state.tShift[last] : pair[0]].strip():
        return False
    if not silent:
        _push_open(state, match, startLine)
        state.lineMax, kept = last, state.lineMax
        state.md.block.tokenize(state, line + 1, last)
        state.lineMax = kept
        _push_close(state, closing)
        state.line = last + 1
    return True


def _push_open(state: Any, match: re.Match[str], line: int) -> None:
    token = state.push("shortcode_open", "", 1)
    token.meta = {**read_tag(match), "open": match[0]}
    token.map = [line, line + 1]


def _push_close(state: Any, closing: str) -> None:
    state.push("shortcode_close", "", -1).content = closing


def shortcode_inline(state: Any, silent: bool) -> bool:
    """The rule for tags within a line of text."""
    src, begin = state.src, state.pos
    if not src.startswith("{{<", begin):
        return False
    limit = min(state.posMax, begin + MAX_TAG)
    if shown := SHOWN.match(src, begin, limit):
        close = src.find("*/", shown.end(), limit)
        end = SHOWN_END.match(src, close, limit) if close >= 0 else None
        if end is not None:
            if not silent:
                token = state.push("text_special", "", 0)
                token.content = "{{<" + src[shown.end() : close] + ">}}"
            state.pos = end.end()
            return True
    match = TAG.match(src, begin, limit)
    if match is None or match[1]:
        return False
    pair = None if match[4] else _pairs_of(state.env, src).get(begin)
    if pair is not None and pair[1] > state.posMax:
        pair = None
    if not silent:
        token = state.push("shortcode_open", "", 1)
        token.meta = {**read_tag(match), "open": match[0]}
        closing = ""
        if pair is not None:
            closing = src[pair[0] : pair[1]]
            state.pos, end, state.posMax = match.end(), state.posMax, pair[0]
            state.md.inline.tokenize(state)
            state.posMax = end
        token = state.push("shortcode_close", "", -1)
        token.content = closing
    state.pos = pair[1] if pair is not None else match.end()
    return True
