"""Templates in Go's language as trees: https://pkg.go.dev/text/template says what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

_STRING: Final = r'"(?:[^"\\\n]|\\.)*"|`[^`]*`'
_ACTION: Final = re.compile(rf"\{{\{{(-\s)?\s*(?:/\*.*?\*/|((?:{_STRING}|[^`\"}}]|\}}(?!\}}))*?))\s*(\s-)?\}}\}}", re.DOTALL)
_TOKEN: Final = re.compile(
    rf"\s*(?:(?P<text>{_STRING}|'(?:[^'\\]|\\.)')|(?P<number>-?\d+(?:\.\d+)?)|(?P<sign>:=|=|\||\(|\)|,)"
    r"|(?P<chain>(?:\$\w*|[A-Za-z_]\w*)?(?:\.[A-Za-z_]\w*)+|\$\w*|\.|[A-Za-z_]\w*))(?P<space>\s*)"
)
_BLOCKS: Final = frozenset(("if", "with", "range", "define", "block"))


class NotUnderstoodError(Exception):
    """A template does something that only Hugo itself can do. The message says what."""


class Token(NamedTuple):
    """A word of an action."""

    kind: str
    text: str
    is_apart: bool
    """Whether a space follows."""


@dataclass(slots=True)
class Node:
    """A piece of a template: text, an action (print, set, break, continue, return), or a block with its branches."""

    kind: str
    text: str = ""
    pipe: list[Token] = field(default_factory=list)
    names: tuple[str, ...] = ()
    body: list[Node] = field(default_factory=list)
    other: list[Node] = field(default_factory=list)


def parse_template(text: str) -> list[Node]:
    """The nodes of a template. Raises NotUnderstoodError where the text is none."""
    nodes, rest = _parse(_split(text), 0)
    if rest:
        raise NotUnderstoodError(rest)
    return nodes


def _split(text: str) -> Iterator[str | list[Token]]:
    """Texts, and actions as their tokens, with the white space around actions cut where they say so."""
    at, cut = 0, False
    for action in _ACTION.finditer(text):
        plain = text[at : action.start()]
        plain = plain.lstrip() if cut else plain
        yield plain.rstrip() if action[1] else plain
        at, cut = action.end(), bool(action[3])
        if action[2] is not None:
            yield _tokenize(action[2])
    plain = text[at:]
    if "{{" in plain:
        raise NotUnderstoodError("an action that does not end")
    yield plain.lstrip() if cut else plain


def _tokenize(text: str) -> list[Token]:
    found, at = [], 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotUnderstoodError(text[at : at + 30])
        kind = str(match.lastgroup if match.lastgroup != "space" else next(k for k, v in match.groupdict().items() if v and k != "space"))
        found.append(Token(kind, match[kind], bool(match["space"])))
        at = match.end()
    return found


def _parse(parts: Iterator[str | list[Token]], depth: int) -> tuple[list[Node], str]:
    """Nodes up to the end of a block, and what ended it: "", end, or else with what follows."""
    nodes: list[Node] = []
    for part in parts:
        if isinstance(part, str):
            nodes.append(Node("text", part))
            continue
        word = part[0].text if part and part[0].kind == "chain" else ""
        if word in ("end", "else"):
            if not depth:
                raise NotUnderstoodError(word)
            nodes.append(Node("ended", word, part[1:]))
            return nodes, word
        if word in _BLOCKS:
            nodes.append(_parse_block(word, part[1:], parts, depth))
        elif word in ("break", "continue", "return"):
            nodes.append(Node(word, pipe=part[1:]))
        elif part:
            names, pipe = _part_names(part)
            nodes.append(Node("set" if names else "print", names=names, pipe=pipe))
    return nodes, "end of the text" if depth else ""


def _parse_block(word: str, pipe: list[Token], parts: Iterator[str | list[Token]], depth: int) -> Node:
    if word in ("define", "block") or depth > 50:
        raise NotUnderstoodError(word)
    names, pipe = _part_names(pipe)
    node = Node(word, names=names, pipe=pipe)
    node.body, ended = _parse(parts, depth + 1)
    last = node.body.pop() if node.body else Node("")
    if ended == "else":
        if last.pipe:  # else if, else with: a block of its own within, which the same end closes
            node.other = [_parse_block(last.pipe[0].text, last.pipe[1:], parts, depth + 1)]
            return node
        node.other, ended = _parse(parts, depth + 1)
        node.other.pop()
    if ended != "end":
        raise NotUnderstoodError(f"{word} without end")
    return node


def _part_names(tokens: list[Token]) -> tuple[tuple[str, ...], list[Token]]:
    """Variables that an action sets, and the rest of it."""
    for number, token in enumerate(tokens[:4]):
        if token.kind == "sign" and token.text in (":=", "="):
            names = tuple(one.text for one in tokens[:number] if one.kind == "chain")
            return (*names, token.text), tokens[number + 1 :]
    return (), tokens
