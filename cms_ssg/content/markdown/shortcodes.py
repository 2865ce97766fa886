"""Shortcodes: ``{{< name argument key="value" >}}``, alone or around text up to ``{{< /name >}}``; ``{{% name %}}`` means the same."""

from __future__ import annotations

from typing import Any

from cms_ssg.content.markdown.shortcode_tags import MARK, mark_at


def begins_shortcode(state: Any, at: int) -> bool:
    """Whether a tag stands there that is meant to run: an indented line that begins so is no code."""
    found = mark_at(state.env, state.src, at)
    return found is not None and found[1].kind in ("open", "close")


def shortcode_block(state: Any, startLine: int, endLine: int, silent: bool) -> bool:
    """The rule for tags that have their lines to themselves, and for those that whole paragraphs lie between."""
    src, starts, ends, shifts = state.src, state.bMarks, state.eMarks, state.tShift
    begin = starts[startLine] + shifts[startLine]
    found = mark_at(state.env, src, begin)
    if found is None or found[1].kind != "open":
        return False
    index, tag, end = found
    after = src[end : ends[startLine]].strip()
    closing = _place_of(state, tag.partner, end, ends[endLine - 1])
    if closing is None:
        if after:
            return False
        if not silent:
            _push_open(state, index, startLine)
            _push_close(state, -1)
            state.line = startLine + 1
        return True
    last = startLine
    while ends[last] < closing[1]:
        last += 1
    rest = src[closing[1] : ends[last]].strip()
    if last == startLine:
        if rest:
            return False
        if not silent:
            _push_open(state, index, startLine)
            token = state.push("inline", "", 0)
            token.content = src[end : closing[0]].strip()
            token.map = [startLine, startLine + 1]
            _push_close(state, tag.partner)
            state.line = startLine + 1
        return True
    before = src[starts[last] + shifts[last] : closing[0]].strip()
    parted = any(starts[line] + shifts[line] >= ends[line] for line in range(startLine + 1, last))
    if not parted and (rest or (after and before)):
        return False  # a part of one paragraph
    if not silent:
        _push_open(state, index, startLine)
        _parse_inner(state, (startLine, end, bool(after)), (last, closing[0], bool(before)))
        _push_close(state, tag.partner)
        state.line = last + 1
        if rest:
            starts[last], state.line = closing[1], last
            shifts[last] = len(src[closing[1] : ends[last]]) - len(src[closing[1] : ends[last]].lstrip())
            state.sCount[last] = state.blkIndent
    return True


def _parse_inner(state: Any, first: tuple[int, int, bool], last: tuple[int, int, bool]) -> None:
    """Parse what lies between two tags. first, last: (line, where the text begins or ends on it, whether there is any)."""
    starts, ends, shifts, counts = state.bMarks, state.eMarks, state.tShift, state.sCount
    line, begin, filled = first
    kept = starts[line], shifts[line], ends[last[0]], state.lineMax, state.blkIndent
    indents = [counts[n] for n in range(line + 1, last[0] + last[2]) if starts[n] + shifts[n] < ends[n]]
    if not filled and indents and min(indents) > state.blkIndent:
        state.blkIndent = min(indents)  # indented as a whole, for the eye
    if filled:
        text = state.src[begin : ends[line]]
        starts[line], shifts[line] = begin, len(text) - len(text.lstrip())
    ends[last[0]] = last[1]
    state.lineMax = last[0] + last[2]
    state.md.block.tokenize(state, line if filled else line + 1, state.lineMax)
    starts[line], shifts[line], ends[last[0]], state.lineMax, state.blkIndent = kept


def _place_of(state: Any, index: int, lowest: int, highest: int) -> tuple[int, int] | None:
    """Where in the text the mark of this index stands, None where it is not within the bounds."""
    if index < 0:
        return None
    places: dict[int, tuple[int, int]] | None = getattr(state, "mark_places", None)
    if places is None:
        places = state.mark_places = {int(match[1]): match.span() for match in MARK.finditer(state.src)}
    place = places.get(index)
    return place if place is not None and lowest <= place[0] and place[1] <= highest else None


def _push_open(state: Any, index: int, line: int) -> None:
    token = state.push("shortcode_open", "", 1)
    token.info = str(index)
    token.map = [line, line + 1]


def _push_close(state: Any, index: int) -> None:
    state.push("shortcode_close", "", -1).info = str(index)


def shortcode_inline(state: Any, silent: bool) -> bool:
    """The rule for tags within a line of text."""
    found = mark_at(state.env, state.src, state.pos)
    if found is None or found[2] > state.posMax:
        return False
    index, tag, end = found
    if tag.kind != "open":
        if not silent:
            state.push("text_special", "", 0).content = tag.name if tag.kind == "shown" else tag.source
        state.pos = end
        return True
    closing = _place_of(state, tag.partner, end, state.posMax)
    if not silent:
        token = state.push("shortcode_open", "", 1)
        token.info = str(index)
        if closing is not None:
            state.pos, kept, state.posMax = end, state.posMax, closing[0]
            state.md.inline.tokenize(state)
            state.posMax = kept
            _push_close(state, tag.partner)
        else:
            _push_close(state, -1)
    state.pos = closing[1] if closing is not None else end
    return True
