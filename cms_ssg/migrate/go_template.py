"""Templates in Go's language, as shortcodes and partials of Hugo are written in: parsed once, run within limits, refused where they do more.

The language is that of https://pkg.go.dev/text/template; what Hugo adds to it is in go_functions.
"""

from __future__ import annotations

import ast
import html
import re
from collections.abc import Callable
from typing import Any, Final

from cms_ssg.migrate.go_parse import Node, NotUnderstoodError, Token, parse_template

MAX_STEPS: Final = 200_000
MAX_OUTPUT: Final = 2_000_000


class Html(str):
    """A text that is HTML already and is not escaped."""

    __slots__ = ()


class Named(dict[str, Any]):
    """What templates see of a page, a site or a shortcode; a name that it does not have is not understood."""

    def __missing__(self, name: str) -> Any:
        raise NotUnderstoodError(f".{name}")


class _Loop(Exception):
    """break or continue."""


class _Returned(Exception):
    """A partial that gives a value instead of a text."""


Functions = dict[str, Callable[..., Any]]


class Template:
    """A parsed template. Raises NotUnderstoodError where the text is none."""

    def __init__(self, text: str) -> None:
        self._nodes = parse_template(text)

    def run(self, dot: Any, functions: Functions) -> Any:
        """What it makes of a value: Html, or the value that a partial returns. Raises NotUnderstoodError."""
        run = _Run(functions, dot)
        try:
            run.write(self._nodes, dot)
        except _Returned as returned:
            return returned.args[0]
        except _Loop:
            raise NotUnderstoodError("break") from None
        except (TypeError, ValueError, IndexError, AttributeError, KeyError, RecursionError, re.error, OverflowError) as error:
            raise NotUnderstoodError(str(error)) from None
        return Html("".join(run.out))


class _Run:
    """One run: its output, its variables by scope."""

    def __init__(self, functions: Functions, dot: Any) -> None:
        self.functions, self.out, self.steps, self.size = functions, list[str](), 0, 0
        self.scopes: list[dict[str, Any]] = [{"$": dot}]

    def write(self, nodes: list[Node], dot: Any) -> None:
        for node in nodes:
            self.steps += 1
            if self.steps > MAX_STEPS or self.size > MAX_OUTPUT:
                raise NotUnderstoodError("more than can be made here")
            if node.kind == "text":
                self._add(node.text)
            elif node.kind == "print":
                self._add(_show(self.evaluate(node.pipe, dot)))
            elif node.kind == "set":
                self._assign(node.names, (self.evaluate(node.pipe, dot),))
            elif node.kind == "return":
                raise _Returned(self.evaluate(node.pipe, dot) if node.pipe else None)
            elif node.kind in ("break", "continue"):
                raise _Loop(node.kind)
            else:
                self._write_block(node, dot)

    def _add(self, text: str) -> None:
        self.out.append(text)
        self.size += len(text)

    def _write_block(self, node: Node, dot: Any) -> None:
        value = self.evaluate(node.pipe, dot)
        self.scopes.append({})
        if node.kind == "range":
            self._write_range(node, value, dot)
        else:
            if node.names:
                self._assign(node.names, (value,))
            if is_true(value):
                self.write(node.body, value if node.kind == "with" else dot)
            else:
                self.write(node.other, dot)
        self.scopes.pop()

    def _write_range(self, node: Node, value: Any, dot: Any) -> None:
        pairs = list(enumerate(value)) if isinstance(value, list) else sorted(value.items()) if isinstance(value, dict) else None
        if isinstance(value, int) and not isinstance(value, bool):
            pairs = [(number, number) for number in range(min(value, MAX_STEPS))]
        if pairs is None and value is not None:
            raise NotUnderstoodError("range")
        if not pairs:
            self.write(node.other, dot)
        for key, one in pairs or ():
            self.scopes.append({})
            if node.names:
                self._assign(node.names, (one,) if len(node.names) == 2 else (key, one))
            depth = len(self.scopes)
            try:
                self.write(node.body, one)
            except _Loop as loop:
                if loop.args[0] == "break":
                    break
            finally:
                del self.scopes[depth - 1 :]

    def _assign(self, names: tuple[str, ...], values: tuple[Any, ...]) -> None:
        for name, value in zip(names[:-1], values, strict=True):
            holder = next((scope for scope in reversed(self.scopes) if name in scope), None) if names[-1] == "=" else self.scopes[-1]
            if holder is None:
                raise NotUnderstoodError(name)
            holder[name] = value

    def evaluate(self, tokens: list[Token], dot: Any) -> Any:
        """The value of a pipeline."""
        value, end = self._pipeline(tokens, 0, dot)
        if end != len(tokens):
            raise NotUnderstoodError(tokens[end].text)
        return value

    def _pipeline(self, tokens: list[Token], at: int, dot: Any) -> tuple[Any, int]:
        piped: list[Any] = []
        while True:
            value, at = self._command(tokens, at, dot, piped)
            if at >= len(tokens) or tokens[at].text != "|" or tokens[at].kind != "sign":
                return value, at
            piped, at = [value], at + 1

    def _command(self, tokens: list[Token], at: int, dot: Any, piped: list[Any]) -> tuple[Any, int]:
        if at >= len(tokens):
            raise NotUnderstoodError("an empty action")
        first, begin = tokens[at], at
        if first.kind == "chain":
            at += 1
        else:
            value, at = self._operand(tokens, at, dot)
        args: list[Any] = []
        while at < len(tokens) and (tokens[at].kind != "sign" or tokens[at].text == "("):
            one, at = self._operand(tokens, at, dot)
            args.append(one)
        if first.kind == "chain":
            value = self._chain(tokens[begin].text, dot, [*args, *piped])
        elif args or piped:
            raise NotUnderstoodError("a value with arguments")
        return value, at

    def _operand(self, tokens: list[Token], at: int, dot: Any) -> tuple[Any, int]:
        token = tokens[at]
        if token.kind == "text":
            return token.text[1:-1] if token.text[0] == "`" else ast.literal_eval(token.text), at + 1
        if token.kind == "number":
            return float(token.text) if "." in token.text else int(token.text), at + 1
        if token.text == "(":
            value, end = self._pipeline(tokens, at + 1, dot)
            if end >= len(tokens) or tokens[end].text != ")":
                raise NotUnderstoodError("a bracket without end")
            if not tokens[end].is_apart and end + 1 < len(tokens) and tokens[end + 1].text[0] == "." and len(tokens[end + 1].text) > 1:
                return _follow(value, tokens[end + 1].text[1:].split("."), []), end + 2
            return value, end + 1
        if token.kind != "chain":
            raise NotUnderstoodError(token.text)
        return self._chain(token.text, dot, []), at + 1

    def _chain(self, text: str, dot: Any, args: list[Any]) -> Any:
        """The value of ``$x.Name``, ``.Name.Name``, ``name`` or ``names.Name``, with the arguments behind it."""
        head, *names = text.split(".") if text != "." else [""]
        if head.startswith("$"):
            scope = next((scope for scope in reversed(self.scopes) if head in scope), None)
            if scope is None:
                raise NotUnderstoodError(head)
            return _follow(scope[head], names, args)
        if not head:
            return _follow(dot, names, args)
        if head in ("true", "false", "nil") and not names and not args:
            return {"true": True, "false": False}.get(head)
        if text in self.functions:
            return self.functions[text](*args)
        if head in self.functions and names:  # site.Params.name
            return _follow(self.functions[head](), names, args)
        raise NotUnderstoodError(text)


def _follow(value: Any, names: list[str], args: list[Any]) -> Any:
    for number, name in enumerate(names):
        if not isinstance(value, dict):
            if value is None:
                return None
            raise NotUnderstoodError(f".{name}")
        key = name if name in value else next((one for one in value if isinstance(one, str) and one.lower() == name.lower()), name)
        value = value[key] if key in value or isinstance(value, Named) else None
        if callable(value):
            value = value(*(args if number == len(names) - 1 else ()))
            args = [] if number == len(names) - 1 else args
    if args:
        raise NotUnderstoodError("a value with arguments")
    return value


def is_true(value: Any) -> bool:
    """Whether Go's if takes a value for true: all but nil, false, 0 and what is empty."""
    return bool(value)


def _show(value: Any) -> str:
    text = show(value)
    return text if isinstance(value, Html) else html.escape(text, quote=True)


def show(value: Any) -> str:
    """A value as Go prints it. Raises NotUnderstoodError for tables."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list):
        return f"[{' '.join(map(show, value))}]"
    if isinstance(value, dict):
        raise NotUnderstoodError("a table as text")
    return str(value)
