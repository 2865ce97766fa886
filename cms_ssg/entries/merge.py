"""Three-way merges: two changes of the same thing, by field and in a body by paragraph. Pure: values in, values out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, Final, NamedTuple

from cms_ssg.types import Json

MOST_PARAGRAPHS: Final = 5000
"""Longer bodies are compared as a whole: comparing paragraphs takes time in the square of their number."""

_MISSING: Final = object()
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


class Conflict(NamedTuple):
    """Two changes that cannot both stand. base: what both began with; stored: the one that was saved first; given: the other."""

    base: Json
    stored: Json
    given: Json


@dataclass(slots=True)
class Merged:
    """values: with both changes; theirs: names of fields that only the stored side changed; conflicts: by field, where values has the stored one."""

    values: dict[str, Json] = field(default_factory=dict)
    theirs: list[str] = field(default_factory=list)
    conflicts: dict[str, Conflict] = field(default_factory=dict)


def merge_fields(base: Mapping[str, Json], stored: Mapping[str, Json], given: Mapping[str, Json], path: str = "") -> Merged:
    """Merge two changes of the same fields. Tables are merged key by key, everything else is one value.

    path: what stands before each name in conflicts, for tables within tables.
    """
    merged = Merged()
    for name in dict.fromkeys((*stored, *given, *base)):
        one, two, three = (side.get(name, _MISSING) for side in (base, stored, given))
        if two in (one, three):
            value: Any = three
        elif three == one:
            value = two
            merged.theirs.append(path + name)
        elif isinstance(two, dict) and isinstance(three, dict):
            inner = merge_fields(one if isinstance(one, dict) else {}, two, three, f"{path}{name}.")
            merged.theirs += inner.theirs
            merged.conflicts |= inner.conflicts
            value = inner.values
        else:
            value = two
            merged.conflicts[path + name] = Conflict(*(None if side is _MISSING else side for side in (one, two, three)))
        if value is not _MISSING:
            merged.values[name] = value
    return merged


def merge_bodies(base: str, stored: str, given: str) -> tuple[str, list[Conflict]]:
    """Merge two changes of a body, by paragraph. Returns the body, with the stored side where both changed the same, and these conflicts."""
    if stored in (base, given):
        return given, []
    if given == base:
        return stored, []
    parts = [split_paragraphs(text) for text in (base, stored, given)]
    if max(map(len, parts)) > MOST_PARAGRAPHS:
        return stored, [Conflict(base, stored, given)]
    texts: list[str] = []
    conflicts: list[Conflict] = []
    regions = (piece for region in _find_regions(*parts) for piece in _split_region(*region))
    for one, two, three in regions:
        if two in (one, three):
            texts += three
        elif three == one:
            texts += two
        else:
            texts += two
            conflicts.append(Conflict("".join(one), "".join(two), "".join(three)))
    return "".join(texts), conflicts


def split_paragraphs(text: str) -> list[str]:
    """The blocks of a Markdown text between blank lines, each with the blank lines after it; fenced code is one block. Joined, they are the text."""
    blocks: list[str] = []
    current: list[str] = []
    fence, is_blank = "", False
    for line in text.splitlines(keepends=True):
        if is_blank and line.strip() and not fence:
            blocks.append("".join(current))
            current = []
        current.append(line)
        found = _FENCE.match(line)
        if found and not fence:
            fence = found[1]
        elif found and found[1].startswith(fence) and not line.strip().strip(fence[0]):
            fence = ""
        is_blank = not line.strip()
    return [*blocks, "".join(current)] if current else blocks


def _find_regions(base: Sequence[str], one: Sequence[str], two: Sequence[str]) -> Iterator[tuple[list[str], list[str], list[str]]]:
    """(base, one, two) piece by piece: where all three agree, and between such places."""
    at_base = at_one = at_two = 0
    for start, first, second, size in _find_common(base, one, two):
        if (at_base, at_one, at_two) != (start, first, second):
            yield list(base[at_base:start]), list(one[at_one:first]), list(two[at_two:second])
        if size:
            same = list(base[start : start + size])
            yield same, same, same
        at_base, at_one, at_two = start + size, first + size, second + size


def _split_region(base: list[str], one: list[str], two: list[str]) -> list[tuple[list[str], list[str], list[str]]]:
    """A piece paragraph by paragraph where all have as many: neighbours that were changed by different people are no conflict."""
    if len(base) == len(one) == len(two):
        return [([a], [b], [c]) for a, b, c in zip(base, one, two, strict=True)]
    return [(base, one, two)]


def _find_common(base: Sequence[str], one: Sequence[str], two: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """(place in base, in one, in two, length) of what all have, in order; at last the ends."""
    firsts = SequenceMatcher(None, base, one, autojunk=False).get_matching_blocks()
    seconds = SequenceMatcher(None, base, two, autojunk=False).get_matching_blocks()
    i = j = 0
    while i < len(firsts) and j < len(seconds):
        a, b = firsts[i], seconds[j]
        start, end = max(a.a, b.a), min(a.a + a.size, b.a + b.size)
        if start < end:
            yield start, a.b + start - a.a, b.b + start - b.a, end - start
        if a.a + a.size < b.a + b.size:
            i += 1
        else:
            j += 1
    yield len(base), len(one), len(two), 0
