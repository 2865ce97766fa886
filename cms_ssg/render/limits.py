"""What a template may take: steps, time, and the size of what it makes. A slip of the pen must end in an error with its line, not in a hang."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice
from types import GeneratorType
from typing import TYPE_CHECKING, Any, Final

from jinja2 import nodes, pass_context, pass_environment
from jinja2.exceptions import TemplateRuntimeError
from jinja2.filters import FILTERS as DEFAULT_FILTERS
from jinja2.runtime import Context, markup_join, str_join
from jinja2.visitor import NodeTransformer

if TYPE_CHECKING:
    from cms_ssg.render.theme import Theme

MOST_STEPS: Final = 5_000_000
"""Turns of loops and calls of macros that one output may take."""
INCLUDE_STEPS: Final = 20
"""So many steps an include counts as."""
MOST_S: Final = 60.0
"""Seconds of a processor that the templates of one output may take, whatever they do in them."""
MOST_ITEMS: Final = 10_000_000
"""Characters of a text, or items of a list, that a template may make."""
MOST_WIDTH: Final = 10_000
"""The widest that a text may be padded or indented to."""
MOST_BITS: Final = 14_000
"""Of a whole number: about 4,200 digits, as many as Python prints."""
LOOK_EVERY: Final = 256
"""Steps between two looks at the clock."""

_PERCENT: Final = re.compile(r"%(?:\([^)%]*\))?[-#0 +]*+(\d++|\*)?(?:\.(\d++|\*))?")
_BRACES: Final = re.compile(r":[^{}:]*?(\d{5,}|\{)")
_PAD: Final = frozenset(["ljust", "rjust", "center", "zfill", "expandtabs"])
_TEXT_METHODS: Final = _PAD | {"replace", "join", "format", "format_map"}
METHODS: Final = _TEXT_METHODS | {"extend"}
"""Methods of texts and lists that can make much of little."""


class Budget:
    """What the templates of one output have taken."""

    __slots__ = ("_until", "look_at", "steps")

    def __init__(self) -> None:
        self.steps = 0
        self.look_at = LOOK_EVERY
        self._until = 0.0

    def spend(self, steps: int = 1) -> None:
        """Count steps. Raises TemplateRuntimeError where there were too many, or they took too long."""
        self.steps += steps
        if self.steps >= self.look_at:
            self.look()

    def look(self) -> None:
        """Raise TemplateRuntimeError where too many steps were taken, or they took too long."""
        self.look_at = self.steps + LOOK_EVERY
        now = time.thread_time()
        self._until = self._until or now + MOST_S
        if self.steps > MOST_STEPS:
            raise TemplateRuntimeError(f"the templates of this page take more than {MOST_STEPS:,} turns of loops and calls of macros")
        if now > self._until:
            raise TemplateRuntimeError(f"the templates of this page take more than {MOST_S:.0f} seconds")


def check_size(size: int) -> None:
    """Raise TemplateRuntimeError for more characters or items than a template may make."""
    if size > MOST_ITEMS:
        raise _too_large(size)


def _too_large(size: int) -> TemplateRuntimeError:
    return TemplateRuntimeError(f"this makes a text or list of {size:,} characters or items; {MOST_ITEMS:,} is the most")


def check_width(width: Any) -> None:
    """Raise TemplateRuntimeError for a width that no page needs."""
    if isinstance(width, int) and abs(width) > MOST_WIDTH:
        raise TemplateRuntimeError(f"a width of {width:,} is asked for; {MOST_WIDTH:,} is the most")


def _check_bits(bits: int) -> None:
    if bits > MOST_BITS:
        raise TemplateRuntimeError(f"this number would have more than {MOST_BITS * 3 // 10:,} digits, the most that a template may make")


def _size(value: Any) -> int:
    return len(value) if isinstance(value, (str, bytes, list, tuple)) else 0


def power(left: Any, right: Any) -> Any:
    """``left ** right``."""
    if isinstance(left, int) and isinstance(right, int) and right > 0:
        _check_bits((abs(left).bit_length() - (abs(left) < 2)) * right)
    return left**right


def times(left: Any, right: Any) -> Any:
    """``left * right``."""
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() + right.bit_length())
    elif isinstance(right, int):
        check_size(_size(left) * right)
    elif isinstance(left, int):
        check_size(_size(right) * left)
    return left * right


def plus(left: Any, right: Any) -> Any:
    """``left + right``."""
    check_size(_size(left) + _size(right))
    return left + right


def modulo(left: Any, right: Any) -> Any:
    """``left % right``, also of a text and what is put into it."""
    if isinstance(left, str):
        values = right.values() if isinstance(right, dict) else right if isinstance(right, tuple) else (right,)
        for widths in _PERCENT.findall(left):
            for width in widths:
                for value in values if width == "*" else (int(width[:20] or 0),):
                    check_width(value)
    return left % right


def concat(parts: Iterable[str]) -> str:
    """Join what a template yields, a few parts at a time, as each may be large."""
    if type(parts) is list:
        text = "".join(parts)
        check_size(len(text))
        return text
    found, size, waiting = [], 0, iter(parts)
    while some := list(islice(waiting, 100)):
        chunk = "".join(some)
        size += len(chunk)
        if size > MOST_ITEMS and isinstance(parts, GeneratorType):
            _innermost(parts).throw(_too_large(size))  # so that the error has the template's line
        check_size(size)
        found.append(chunk)
    return found[0] if len(found) == 1 else "".join(found)


def _innermost(running: GeneratorType[str, Any, Any]) -> GeneratorType[str, Any, Any]:
    """The generator that yielded last: of a block, or of a template that is included."""
    while True:
        inner = running.gi_yieldfrom or (running.gi_frame.f_locals.get("gen") if running.gi_frame else None)  # "gen" is Jinja's own name
        if not isinstance(inner, GeneratorType) or not inner.gi_suspended:
            return running
        running = inner


def _bound_join(join: Callable[[Iterable[Any]], str]) -> Callable[[Iterable[Any]], str]:
    def bounded(values: Iterable[Any]) -> str:
        made = join(values)
        check_size(len(made))
        return made

    return bounded


JOINS: Final = {"markup_join": _bound_join(markup_join), "str_join": _bound_join(str_join)}
"""What ``~`` compiles to."""


def _call_text(text: str, name: str, *args: Any, **values: Any) -> Any:
    """A method of a text, where what it makes is not too large."""
    if name in _PAD:
        check_width(args[0] if args else 0)
    elif name == "replace" and len(args) > 1:
        check_size(len(text) + (text.count(str(args[0])) if args[0] else len(text) + 1) * len(str(args[1])))
    elif name == "join" and args:
        args = (list(args[0]), *args[1:])
        check_size(len(text) * len(args[0]) + sum(map(_size, args[0])))
    elif name.startswith("format"):
        given = [*args, *values.values()] if name == "format" else [*args[0].values()]
        for width in _BRACES.findall(text):
            for value in given if width == "{" else (int(width[:20]),):
                check_width(value)
    return getattr(text, name)(*args, **values)


def _extend(items: list[Any], more: Any) -> None:
    check_size(len(items) + _size(more))
    items.extend(more)


@pass_environment
def take_method(environment: Theme, value: Any, name: str) -> Any:
    """``value.name`` for one of METHODS."""
    if isinstance(value, str) and name in _TEXT_METHODS:
        return partial(_call_text, value, name)
    if isinstance(value, list) and name == "extend":
        return partial(_extend, value)
    return environment.getattr(value, name)


@pass_environment
def take_attribute(environment: Theme, value: Any, name: str) -> Any:
    """The filter ``attr``."""
    if name in METHODS:
        return take_method(environment, value, name)
    return DEFAULT_FILTERS["attr"](environment, value, name)


@pass_context  # what takes the environment alone is computed when a template is compiled
def step(context: Context, value: Any) -> Any:
    """Count a step, and give back the value."""
    budget: Budget = context.environment.budget  # type: ignore[attr-defined]
    budget.steps += 1  # as spend, without a call: it is done very often
    if budget.steps >= budget.look_at:
        budget.look()
    return value


def _bound_filter(name: str, *widths: str) -> Callable[..., Any]:
    """Jinja's filter with these arguments, first by place and then by name, checked."""
    plain = DEFAULT_FILTERS[name]

    def bounded(*args: Any, **values: Any) -> Any:
        for value in (*args[first:], *(values.get(width) for width in widths)):
            check_width(value)
        return plain(*args, **values)

    first = 1
    if hasattr(plain, "jinja_pass_arg"):
        first, bounded.jinja_pass_arg = 2, plain.jinja_pass_arg  # type: ignore[attr-defined]
    return bounded


def _format(value: Any, *args: Any, **values: Any) -> Any:
    if args and values:
        raise TemplateRuntimeError("the filter format takes values by place or by name, not both")
    return modulo(value if isinstance(value, str) else str(value), values or args)


def _replace(eval_ctx: Any, value: Any, old: str, new: str, count: int | None = None) -> Any:
    text = str(value)
    check_size(len(text) + (text.count(str(old)) if old else len(text) + 1) * len(str(new)))
    return DEFAULT_FILTERS["replace"](eval_ctx, value, old, new, count)


_replace.jinja_pass_arg = DEFAULT_FILTERS["replace"].jinja_pass_arg  # type: ignore[attr-defined]


def _join(eval_ctx: Any, value: Any, d: str = "", attribute: Any = None) -> Any:
    items = list(value)
    check_size(len(items) * len(str(d)) + sum(map(_size, items)))
    return DEFAULT_FILTERS["join"](eval_ctx, items, d, attribute)


_join.jinja_pass_arg = DEFAULT_FILTERS["join"].jinja_pass_arg  # type: ignore[attr-defined]

LIMITED: Final[dict[str, Callable[..., Any]]] = {
    "attr": take_attribute, "batch": _bound_filter("batch", "linecount"), "center": _bound_filter("center", "width"), "format": _format,
    "indent": _bound_filter("indent", "width"), "join": _join, "replace": _replace, "round": _bound_filter("round", "precision"),
    "slice": _bound_filter("slice", "slices"), "tojson": _bound_filter("tojson", "indent"),
    "cms power": power, "cms times": times, "cms plus": plus, "cms modulo": modulo, "cms method": take_method, "cms step": step,
}  # fmt: skip
"""Filters of Jinja that may make much of little, and what operators are compiled to: no template can write names with a space."""

_OPERATORS: Final[dict[type[nodes.BinExpr], str]] = {
    nodes.Pow: "cms power", nodes.Mul: "cms times", nodes.Add: "cms plus", nodes.Mod: "cms modulo",
}  # fmt: skip


class Limiter(NodeTransformer):
    """Makes of a syntax tree one whose loops and macros count steps, and whose operators and methods are bounded."""

    def visit(self, node: nodes.Node, *args: Any, **values: Any) -> Any:
        """The node in its stead, its parts done first."""
        self.generic_visit(node)
        if isinstance(node, nodes.BinExpr) and (name := _OPERATORS.get(type(node))):
            return _filter(name, node.left, node.right)
        if isinstance(node, nodes.Getattr) and node.ctx == "load" and node.attr in METHODS:
            return _filter("cms method", node.node, nodes.Const(node.attr, lineno=node.lineno))
        if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and node.arg.value in METHODS and node.ctx == "load":
            return _filter("cms method", node.node, node.arg)
        if isinstance(node, nodes.For):
            if node.test is not None:
                node.test = nodes.And(_filter("cms step", nodes.Const(True, lineno=node.lineno)), node.test, lineno=node.lineno)
            node.body = [_count(node), *node.body]
        elif isinstance(node, (nodes.Macro, nodes.CallBlock)):
            node.body = [_count(node), *node.body]
        return node


def _filter(name: str, value: nodes.Expr, *args: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(value, name, list(args), [], None, None, lineno=value.lineno)


def _count(node: nodes.Node) -> nodes.ExprStmt:
    return nodes.ExprStmt(_filter("cms step", nodes.Const(None, lineno=node.lineno)), lineno=node.lineno)
