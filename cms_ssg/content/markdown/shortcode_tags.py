"""Find a text's shortcodes before Markdown is parsed, and put a mark in place of each.

A tag holds quotes, brackets and line ends, which mean something else in a link's target or an attribute of HTML; a mark is one plain word.
What becomes of a mark is decided where it is written: a shortcode, a part of a link, or the tag as it was written, in code.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

from cms_ssg.content.markdown.placeholders import TAG_CLOSE, TAG_OPEN
from cms_ssg.content.urls import runs_script
from cms_ssg.types import Json, Problem

BARE: Final = r"/?(?:[^\s\"'`<>{}=/%]|%(?!\}\}))++(?:/(?:[^\s\"'`<>{}=/%]|%(?!\}\}))++)*+"
ARGUMENT: Final = re.compile(rf"\s++(?:([A-Za-z_][\w-]*+)=)?+(?:\"([^\"]*+)\"|'([^']*+)'|`([^`]*+)`|({BARE}))")
TAG: Final = re.compile(
    r"\{\{(?:(<)|%)\s*+(/?)\s*+([A-Za-z][\w-]*+(?:/[A-Za-z][\w-]*+)*+)"
    rf"((?:\s++(?:[A-Za-z_][\w-]*+=)?+(?:\"[^\"]*+\"|'[^']*+'|`[^`]*+`|{BARE}))*+)\s*+(/?)\s*+(?(1)>|%)\}}\}}"
)
"""Possessive throughout: no text is tried in more than one way."""
SHOWN: Final = re.compile(r"\{\{(?:(<)|%)\s*+/\*")
END_OF_SHOWN: Final = re.compile(r"\*/\s*+[>%]\}\}")
BROKEN: Final = re.compile(r"\{\{[<%]\s*+/?\s*+[A-Za-z]")
MARK: Final = re.compile(f"{TAG_OPEN}([0-9]+){TAG_CLOSE}")
MOST_CHARACTERS: Final = 5_000
"""A longer tag is none."""


class Tag(NamedTuple):
    """One tag. line: 0-based in the text; partner: index of the tag that closes this one, -1 where none does, -2 where none is to.

    name: of a shown one what is to be seen of it, of a broken one its beginning.
    """

    source: str
    line: int
    kind: Literal["open", "close", "shown", "broken"]
    name: str = ""
    args: tuple[Json, ...] = ()
    values: Mapping[str, Json] = MappingProxyType({})
    partner: int = -1

    @property
    def meta(self) -> dict[str, Json]:
        """What is kept of it for the template."""
        return {"name": self.name, "args": list(self.args), "values": dict(self.values), "open": self.source}


class Shortcodes:
    """The tags of one text. used: indexes of those that were written somewhere as what they are; the others are reported.

    sanitized: by people one does not know; arguments that are scripts become empty, since a template may put any of them into an href.
    """

    def __init__(self, sanitized: bool = False) -> None:
        self.sanitized = sanitized
        self.tags: list[Tag] = []
        self.used: set[int] = set()
        self.in_target: set[int] = set()
        """Closing tags within a link target or an attribute, where a shortcode stands alone."""
        self._joined: list[int] = []
        """For each line end within a tag, the line of the marked text that holds the tag."""

    def mark(self, text: str) -> str:
        """The text with marks in place of its tags, each on one line."""
        out: list[str] = []
        done = at = line = 0
        while (begin := text.find("{{", at)) >= 0:
            found = _read_tag(text, begin) if not _is_escaped(text, begin, done) else None
            if found is None:
                at = begin + 1
                continue
            tag, at = found
            line += text.count("\n", done, begin)
            self._joined += [line - len(self._joined)] * tag.source.count("\n")
            out += (text[done:begin], f"{TAG_OPEN}{len(self.tags)}{TAG_CLOSE}")
            self.tags.append((_without_scripts(tag) if self.sanitized else tag)._replace(line=line))
            line += tag.source.count("\n")
            done = at
        self._pair()
        return "".join((*out, text[done:]))

    def _pair(self) -> None:
        waiting: dict[str, list[int]] = {}
        for index, tag in enumerate(self.tags):
            if tag.kind == "open" and tag.partner == -1:
                waiting.setdefault(tag.name, []).append(index)
            elif tag.kind == "close" and waiting.get(tag.name):
                opened = waiting[tag.name].pop()
                self.tags[opened] = self.tags[opened]._replace(partner=index)

    def true_line(self, line: int) -> int:
        """The line of the text that a line of the marked text is."""
        return line + bisect_left(self._joined, line)

    def as_written(self, text: str, *, used: bool = False, escape: Callable[[str], str] = str) -> str:
        """A text with its tags in place of the marks. used: that is where they belong, as in code; escape: for a text that is HTML."""

        def show(match: re.Match[str]) -> str:
            index = int(match[1])
            if index >= len(self.tags):
                return ""
            if used:
                self.used.add(index)
            return escape(self.tags[index].source)

        return MARK.sub(show, text) if TAG_OPEN in text else text

    def split(self, text: str) -> list[str | dict[str, Json]] | None:
        """A text as pieces: literal ones, and what is kept of each shortcode. None where it holds none that can be filled."""
        pieces: list[str | dict[str, Json]] = []
        at = 0
        for match in MARK.finditer(text):
            tag = self.tags[int(match[1])] if int(match[1]) < len(self.tags) else None
            if tag is not None and tag.kind == "open":
                self.used.add(int(match[1]))
                pieces += (self.as_written(text[at : match.start()]), tag.meta)
                at = match.end()
            elif tag is not None and tag.kind == "close":
                self.in_target.add(int(match[1]))
        pieces.append(self.as_written(text[at:]))
        return [piece for piece in pieces if piece != ""] if at else None

    def list_problems(self, place: str, first_line: int) -> Iterator[Problem]:
        """What was written as a shortcode and is none where it stands."""
        for index, tag in enumerate(self.tags):
            if index in self.used or tag.kind == "shown":
                continue
            said, hint = UNUSED["close in a target" if index in self.in_target else tag.kind]
            written = " ".join((tag.name if tag.kind == "broken" else tag.source).split())[:60]
            yield Problem("content.shortcode", place, first_line + tag.line, said.format(written), hint, "warning")


UNUSED: Final = {
    "open": (
        'the shortcode "{}" is not run here',
        "It works in text, link targets and HTML, and on lines of its own. To show a tag, write {{</* name */>}}.",
    ),
    "close": (
        '"{}" closes nothing',
        "Where whole paragraphs lie between the two, the opening tag begins a line of the same list item, quote or page.",
    ),
    "close in a target": (
        '"{}" does not work in a link target or an attribute',
        'A shortcode stands alone there. Write the text between the two tags as an argument: {{< name "text" >}}.',
    ),
    "broken": (
        '"{}" cannot be read as a shortcode',
        'It is written {{< name argument key="value" >}}; values with spaces, = or angle brackets are quoted.',
    ),
}


def mark_at(env: dict[str, Any], text: str, at: int) -> tuple[int, Tag, int] | None:
    """(index, tag, where the mark ends) of the mark that begins there."""
    match = MARK.match(text, at)
    shortcodes: Shortcodes | None = env.get("shortcodes")
    if match is None or shortcodes is None or int(match[1]) >= len(shortcodes.tags):
        return None
    return int(match[1]), shortcodes.tags[int(match[1])], match.end()


def _without_scripts(tag: Tag) -> Tag:
    def keep(value: Json) -> Json:
        return "" if runs_script(str(value)) else value

    return tag._replace(args=tuple(map(keep, tag.args)), values={name: keep(value) for name, value in tag.values.items()})


def _is_escaped(text: str, begin: int, lowest: int) -> bool:
    at = begin
    while at > lowest and text[at - 1] == "\\":
        at -= 1
    return (begin - at) % 2 == 1


def _read_tag(text: str, begin: int) -> tuple[Tag, int] | None:
    """The tag that begins there, with its end; None where none is meant."""
    limit = begin + MOST_CHARACTERS
    if match := TAG.match(text, begin, limit):
        if match[2]:
            return Tag(match[0], 0, "close", match[3]), match.end()
        args: list[Json] = []
        values: dict[str, Json] = {}
        for argument in ARGUMENT.finditer(match[4]):
            value = next((group for group in argument.groups()[1:] if group is not None), "")
            if argument[1]:
                values[argument[1]] = value
            else:
                args.append(value)
        return Tag(match[0], 0, "open", match[3], tuple(args), values, -2 if match[5] else -1), match.end()
    if opened := SHOWN.match(text, begin, limit):
        close = END_OF_SHOWN.search(text, opened.end(), limit)
        if close is not None:
            sign, other = ("<", ">") if opened[1] else ("%", "%")
            inner = text[opened.end() : close.start()]
            return Tag(text[begin : close.end()], 0, "shown", f"{{{{{sign}{inner}{other}}}}}"), close.end()
    if BROKEN.match(text, begin, limit):
        return Tag(text[begin : begin + 3], 0, "broken", text[begin : begin + 60].partition("\n")[0]), begin + 3
    return None
