"""Jekyll's Liquid: its tags and filters on python-liquid, within bounds of time and memory."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TextIO
from urllib.parse import quote, quote_plus

from liquid import Environment, Mode
from liquid.ast import BlockNode, Node
from liquid.builtin.expressions import FilteredExpression, tokenize
from liquid.context import RenderContext
from liquid.exceptions import ContextDepthError, LiquidError, LoopIterationLimitError, ResourceLimitError
from liquid.parser import get_parser
from liquid.stream import TokenStream
from liquid.tag import Tag
from liquid.token import TOKEN_EOF, TOKEN_EXPRESSION, TOKEN_TAG, Token

from cms_ssg.content.frontmatter.dates import parse_date
from cms_ssg.text.slugs import make_slug

MAX_LOOPS: Final = 100_000
MAX_OUTPUT: Final = 5_000_000
MAX_INCLUDES: Final = 2_000
_PARAMETER: Final = re.compile(r"""([\w-]+)\s*=\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s"']+)""")

Links = Callable[[str, str], str]
"""Finds the address of ``post_url`` and ``link``: called with the tag and what stands in it."""


class JekyllEnvironment(Environment):
    """python-liquid with limits. An include that holds itself, and a loop that does not end, are ended by them."""

    loop_iteration_limit = MAX_LOOPS
    output_stream_limit = MAX_OUTPUT
    local_namespace_limit = MAX_OUTPUT
    context_depth_limit = 24
    block_nesting_limit = 100

    def error(self, exc: Any, msg: str | None = None, token: Token | None = None) -> None:
        """Keep an error for the report, and go on; what ran out of bounds ends there."""
        self.__dict__.setdefault("jekyll_errors", []).append(
            (getattr(exc, "token", None) or token, str(getattr(exc, "message", None) or exc))
        )
        if isinstance(exc, type):
            return
        if isinstance(exc, ResourceLimitError):
            raise exc

    def take_errors(self) -> list[tuple[Token | None, str]]:
        """The errors since the last time."""
        errors: list[tuple[Token | None, str]] = self.__dict__.pop("jekyll_errors", [])
        return errors


def make_environment(includes: Path, data: Mapping[str, Any], find_link: Links) -> JekyllEnvironment:
    """An environment with Jekyll's tags and filters. includes: the folder of included files; data: what templates see in every page."""
    env = JekyllEnvironment(tolerance=Mode.LAX, globals=data, strict_filters=False)
    env.add_tag(_make_highlight())
    env.add_tag(_make_include("include", includes))
    env.add_tag(_make_include("include_cached", includes))
    env.add_tag(_make_include("include_relative", includes))
    for name in ("post_url", "link"):
        env.add_tag(_make_link(name, find_link))
    for name, function in FILTERS.items():
        env.filters[name] = function
    return env


def _next_expression(stream: TokenStream) -> str:
    if stream.current.kind == TOKEN_EXPRESSION:
        return str(next(stream).value)
    return ""


def _make_highlight() -> type[Tag]:
    class HighlightNode(Node):
        """A block of code."""

        __slots__ = ("block", "language")

        def __init__(self, token: Token, language: str, block: BlockNode) -> None:
            super().__init__(token)
            self.language, self.block = language, block

        def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
            inner = context.get_buffer(buffer)
            self.block.render(context, inner)
            code = inner.getvalue().strip("\n")
            fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", code)), default=0))
            return buffer.write(f"\n{fence}{self.language}\n{code}\n{fence}\n")

    class Highlight(Tag):
        """``{% highlight ruby linenos %}``."""

        name, end, block = "highlight", "endhighlight", True

        def parse(self, stream: TokenStream) -> Node:
            token = stream.eat(TOKEN_TAG)
            words = _next_expression(stream).split()
            inner = get_parser(self.env).parse_block(stream, frozenset(("endhighlight", TOKEN_EOF)))
            stream.expect(TOKEN_TAG, value="endhighlight")
            return HighlightNode(token, words[0] if words else "", inner)

    return Highlight


def _make_include(tag: str, folder: Path) -> type[Tag]:
    class IncludeNode(Node):
        """Another file's Liquid, with parameters."""

        __slots__ = ("text",)

        def __init__(self, token: Token, text: str) -> None:
            super().__init__(token)
            self.text = text

        def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
            name, _, rest = (
                self.text.strip().partition(" ") if not self.text.strip().startswith("{{") else _part_variable(self.text.strip())
            )
            if "{{" in name:
                name = context.env.from_string(name).render(**dict(context.scope))
            values = {found[1]: _evaluate(found[2], context) for found in _PARAMETER.finditer(rest)}
            done = context.tag_namespace.setdefault("jekyll_includes", [0])
            done[0] += 1
            if done[0] > MAX_INCLUDES:
                raise LoopIterationLimitError(f"more than {MAX_INCLUDES:,} includes", token=self.token)
            template = _load_include(context.env, folder, name.strip().strip("\"'"))
            with context.extend({"include": values}):
                if context.scope.size() > context.env.context_depth_limit:
                    raise ContextDepthError("includes that hold each other", token=self.token)
                return int(template.render_with_context(context, buffer, partial=True, block_scope=True) or 0)

    class Include(Tag):
        """``{% include note.html title="Careful" %}``."""

        name, block = tag, False

        def parse(self, stream: TokenStream) -> Node:
            return IncludeNode(stream.eat(TOKEN_TAG), stream.current.value if stream.current.kind == TOKEN_EXPRESSION else "")

    return Include


def _part_variable(text: str) -> tuple[str, str, str]:
    end = text.find("}}")
    return (text[: end + 2], " ", text[end + 2 :]) if end >= 0 else (text, "", "")


def _load_include(env: Environment, folder: Path, name: str) -> Any:
    cache: dict[str, Any] = env.__dict__.setdefault("jekyll_templates", {})
    if name not in cache:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()) or not path.is_file() or path.stat().st_size > MAX_OUTPUT:
            raise LiquidError(f'there is no include "{name}"', token=None)
        cache[name] = env.from_string(path.read_text("utf-8", "replace"))
    return cache[name]


def _evaluate(text: str, context: RenderContext) -> Any:
    token = Token(TOKEN_EXPRESSION, text, 0, text)
    return FilteredExpression.parse(context.env, TokenStream(tokenize(text, parent_token=token))).evaluate(context)


def _make_link(tag: str, find_link: Links) -> type[Tag]:
    class LinkNode(Node):
        """The address of a page."""

        __slots__ = ("text",)

        def __init__(self, token: Token, text: str) -> None:
            super().__init__(token)
            self.text = text

        def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
            name = context.env.from_string(self.text).render(**dict(context.scope)) if "{{" in self.text else self.text
            return buffer.write(find_link(tag, name.strip().strip("\"'")))

    class Link(Tag):
        """``{% post_url 2020-01-01-name %}``, ``{% link about.md %}``."""

        name, block = tag, False

        def parse(self, stream: TokenStream) -> Node:
            return LinkNode(stream.eat(TOKEN_TAG), stream.current.value if stream.current.kind == TOKEN_EXPRESSION else "")

    return Link


def _format_date(pattern: str) -> Callable[[object], str]:
    def run(value: object) -> str:
        try:
            return parse_date(str(value), "UTC").strftime(pattern)
        except ValueError:
            return str(value or "")

    return run


def _where_exp(items: Any, name: str, expression: str) -> Any:
    found = re.fullmatch(r"\s*(\w+)\.([\w.]+)\s*(==|!=|contains)?\s*(.*?)\s*", expression or "")
    if found is None or found[1] != name or not isinstance(items, list):
        return items
    wanted: Any = found[4].strip("\"'")
    wanted = {"true": True, "false": False, "nil": None}.get(wanted, wanted)

    def matches(item: Any) -> bool:
        value = item
        for key in found[2].split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        if found[3] is None:
            return bool(value)
        if found[3] == "contains":
            return wanted in value if isinstance(value, str | list) and wanted is not None else False
        return (str(value) == str(wanted) if value is not None else wanted is None) == (found[3] == "==")

    return [item for item in items if matches(item)]


def _group_by(items: Any, name: str) -> list[dict[str, Any]]:
    groups: dict[str, list[Any]] = {}
    for item in items if isinstance(items, list) else []:
        groups.setdefault(str(item.get(name, "") if isinstance(item, Mapping) else ""), []).append(item)
    return [{"name": key, "items": rows, "size": len(rows)} for key, rows in groups.items()]


def _address(value: object = "", *_: object) -> str:
    text = str(value or "")
    return text if re.match(r"[a-z]+:|//|#", text) else f"/{text.lstrip('/')}"


def _sentence(items: Any, word: str = "and") -> str:
    words = [str(item) for item in items] if isinstance(items, list) else [str(items)]
    return f" {word} ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])}, {word} {words[-1]}"


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "relative_url": _address,
    "absolute_url": _address,
    "prepend_baseurl": _address,
    "date_to_string": _format_date("%d %b %Y"),
    "date_to_long_string": _format_date("%d %B %Y"),
    "date_to_xmlschema": _format_date("%Y-%m-%dT%H:%M:%S+00:00"),
    "date_to_rfc822": _format_date("%a, %d %b %Y %H:%M:%S +0000"),
    "xml_escape": lambda value: html.escape(str(value or "")),
    "cgi_escape": lambda value: quote_plus(str(value or "")),
    "uri_escape": lambda value: quote(str(value or ""), safe="/:?&=#%+,;@!$'()*~"),
    "jsonify": lambda value: json.dumps(value, default=str, ensure_ascii=False),
    "slugify": lambda value, mode="default": make_slug(str(value or "")),
    "markdownify": lambda value: str(value or ""),
    "smartify": lambda value: str(value or ""),
    "normalize_whitespace": lambda value: " ".join(str(value or "").split()),
    "number_of_words": lambda value, mode="": len(str(value or "").split()),
    "array_to_sentence_string": _sentence,
    "where_exp": _where_exp,
    "group_by": _group_by,
    "push": lambda items, item: [*items, item] if isinstance(items, list) else [item],
    "pop": lambda items: items[:-1] if isinstance(items, list) else items,
    "shift": lambda items: items[1:] if isinstance(items, list) else items,
    "unshift": lambda items, item: [item, *items] if isinstance(items, list) else [item],
    "sample": lambda items: items[0] if isinstance(items, list) and items else items,
    "to_integer": lambda value: int(float(value)) if re.fullmatch(r"-?\d+(\.\d+)?", str(value)) else 0,
    "inspect": lambda value: html.escape(json.dumps(value, default=str)),
}
