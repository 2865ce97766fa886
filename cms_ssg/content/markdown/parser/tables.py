"""The rule for tables, as one token: markdown-it's GFM table with cells split at C speed."""

from __future__ import annotations

import re
from typing import Any, Final

from markdown_it.common.utils import MD_TRIM_CHARS
from markdown_it.rules_block.table import MAX_AUTOCOMPLETED_CELLS

from cms_ssg.content.markdown.parser.blocks import SPECIAL_FIRST

DELIMITERS: Final = re.compile(r"[-:|][-:|][-:| \t]*|[:|][ \t][-:| \t]*")
COLUMN: Final = re.compile(r":?-+:?")
ESCAPED_PIPE: Final = re.compile(r"(?<!\\)\|")


def split_cells(row: str) -> list[str]:
    """The cells of a row; a bar behind a backslash is part of its cell."""
    if "\\" not in row:
        cells = row.split("|")
    else:
        cells = [cell.replace("\\|", "|") for cell in ESCAPED_PIPE.split(row)]
    if cells and cells[0] == "":
        cells.pop(0)
    if cells and cells[-1] == "":
        cells.pop()
    return cells


def parse_table(state: Any, startLine: int, endLine: int, silent: bool) -> bool:
    """The rule: a row with bars over a row of dashes, then rows until an empty line or another block."""
    if startLine + 2 > endLine:
        return False
    src, starts, ends, shifts = state.src, state.bMarks, state.eMarks, state.tShift
    line = startLine + 1
    begin = starts[line] + shifts[line]
    if (
        src[begin : begin + 1] not in ("|", "-", ":")
        or begin >= ends[line]
        or state.sCount[line] < state.blkIndent
        or state.is_code_block(line)
    ):
        return False
    rule = src[begin : ends[line]]
    if not DELIMITERS.fullmatch(rule):
        return False
    aligns = _read_aligns(rule)
    head = src[starts[startLine] + shifts[startLine] : ends[startLine]].strip(MD_TRIM_CHARS)
    if aligns is None or "|" not in head or state.is_code_block(startLine):
        return False
    columns = split_cells(head)
    if not columns or len(columns) != len(aligns):
        return False
    if silent:
        return True
    parent, state.parentType = state.parentType, "table"
    width = len(columns)
    rows = [(startLine, [cell.strip(MD_TRIM_CHARS) for cell in columns])]
    missing = 0
    line += 1
    while line < endLine and state.sCount[line] >= state.blkIndent:
        at = starts[line] + shifts[line]
        if at >= ends[line]:
            break
        if (
            src[at] in SPECIAL_FIRST
            and src[at] != "|"
            and any(end(state, line, endLine, True) for end in state.md.block.ruler.getRules("blockquote"))
        ):
            break
        text = src[at : ends[line]].strip(MD_TRIM_CHARS)
        if not text or state.is_code_block(line):
            break
        cells = split_cells(text)
        missing += width - len(cells)
        if missing > MAX_AUTOCOMPLETED_CELLS:
            break
        cells = [cell.strip(MD_TRIM_CHARS) for cell in cells[:width]]
        rows.append((line, cells + [""] * (width - len(cells))))
        line += 1
    token = state.push("table", "table", 0)
    token.rows, token.meta, token.map = rows, {"aligns": aligns}, [startLine, line]
    state.parentType = parent
    state.line = line
    return True


def _read_aligns(rule: str) -> list[str] | None:
    """``left``, ``right``, ``center`` or ``""`` a column, None for a row that is no delimiter row."""
    parts = rule.split("|")
    aligns = []
    for index, part in enumerate(parts):
        mark = part.strip(MD_TRIM_CHARS)
        if not mark:
            if index in (0, len(parts) - 1):
                continue
            return None
        if not COLUMN.fullmatch(mark):
            return None
        aligns.append(("center" if mark[0] == ":" else "right") if mark[-1] == ":" else ("left" if mark[0] == ":" else ""))
    return aligns
