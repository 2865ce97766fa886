"""Functions of Hugo's templates that need nothing but their arguments: https://gohugo.io/functions/."""

from __future__ import annotations

import functools
import html
import json
import posixpath
import re
from collections.abc import Callable
from typing import Any, Final

from cms_ssg.migrate.go_parse import NotUnderstoodError
from cms_ssg.migrate.go_template import Functions, Html, is_true, show
from cms_ssg.migrate.hugo_addresses import urlize

MARKDOWN: Final = "\ue020"
"""Stands before and after text that is Markdown yet."""


def as_text(value: Any) -> str:
    """A value as text. Raises NotUnderstoodError for Markdown that would have to be rendered first."""
    text = show(value)
    if MARKDOWN in text:
        raise NotUnderstoodError("the HTML of Markdown")
    return text


def keep_markdown(value: Any, *_: Any) -> Html:
    """``markdownify``: the text, marked as one that is rendered with the page."""
    text = show(value).replace(MARKDOWN, "").strip()
    return Html(f"{MARKDOWN}{text}{MARKDOWN}" if text else "")


def _compare(test: Callable[[Any, Any], bool]) -> Callable[..., bool]:
    def run(first: Any, *others: Any) -> bool:
        return any(test(*_align(first, other)) for other in others)

    return run


def _align(first: Any, second: Any) -> tuple[Any, Any]:
    """Two values that can be compared: a text and a number as texts, nothing and a number as numbers."""
    if isinstance(first, int | float) and second is None:
        return first, 0
    if isinstance(second, int | float) and first is None:
        return 0, second
    if isinstance(first, str) != isinstance(second, str) and None not in (first, second):
        return show(first), show(second)
    return first, second


def _index(value: Any, *keys: Any) -> Any:
    for key in keys[0] if len(keys) == 1 and isinstance(keys[0], list) else keys:
        if isinstance(value, dict):
            value = value.get(key, value.get(str(key).lower()))
        elif isinstance(value, list | str):
            value = value[key] if isinstance(key, int) and 0 <= key < len(value) else None
        else:
            return None
    return value


def _contains(holder: Any, value: Any) -> bool:
    return show(value) in holder if isinstance(holder, str) else value in (holder or [])


def _pairs(*values: Any) -> dict[str, Any]:
    return {show(values[number]): values[number + 1] for number in range(0, len(values), 2)}


def _append(*values: Any) -> list[Any]:
    *more, items = values
    return [*(items or []), *(more[0] if len(more) == 1 and isinstance(more[0], list) else more)]


def _find_path(item: Any, path: str) -> Any:
    for name in path.lstrip(".").split("."):
        item = _index(item, name) if item is not None else None
    return item


def _where(items: Any, path: str, *test: Any) -> list[Any]:
    sign, wanted = test if len(test) == 2 else ("==", test[0])
    tests: dict[str, Callable[[Any], bool]] = {
        "==": lambda value: value == wanted, "=": lambda value: value == wanted, "eq": lambda value: value == wanted,
        "!=": lambda value: value != wanted, "ne": lambda value: value != wanted,
        "in": lambda value: value in wanted, "not in": lambda value: value not in wanted,
        "intersect": lambda value: bool(set(value or []) & set(wanted)),
    }  # fmt: skip
    if sign not in tests:
        raise NotUnderstoodError(f"where {sign}")
    return [item for item in items or [] if tests[sign](_find_path(item, path))]


def _sort(items: Any, path: str = "", order: str = "asc") -> list[Any]:
    rows = list(items.values()) if isinstance(items, dict) else list(items or [])
    if path in ("value", ""):
        return sorted(rows, reverse=order == "desc")
    return sorted(rows, key=lambda row: (_find_path(row, path) is None, _find_path(row, path) or ""), reverse=order == "desc")


def _printf(pattern: str, *values: Any) -> str:
    left = list(values)

    def fill(found: re.Match[str]) -> str:
        if found[2] == "%":
            return "%"
        value = left.pop(0)
        if found[2] == "q":
            return json.dumps(as_text(value), ensure_ascii=False)
        if found[2] in "df" and found[1]:
            return str(f"%{found[1]}{found[2]}" % value)
        return as_text(value)

    return re.sub(r"%([-+0-9.#]{0,5})([a-zA-Z%])", fill, pattern)


def _replace_pattern(pattern: str, by: str, text: Any, *limit: int) -> str:
    return re.sub(pattern, re.sub(r"\$\{?(\w+)\}?", r"\\g<\1>", by.replace("\\", r"\\")), as_text(text), count=limit[0] if limit else 0)


def _cut(text: Any, begin: int, length: int | None = None) -> str:
    whole = as_text(text)
    return whole[begin:][: length if length is not None else len(whole)]


def _highlight(code: Any, language: str = "", *_: Any) -> Html:
    text = show(code).replace(MARKDOWN, "").strip("\n")
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return Html(f"{MARKDOWN}{fence}{language}\n{text}\n{fence}{MARKDOWN}")


def _raise(message: Any = "", *_: Any) -> None:
    raise NotUnderstoodError(f"an error of the template: {message}")


def _path_of(value: Any) -> str:
    text = as_text(value)
    return text if re.match(r"[a-z]+:|//|#|/", text) else f"/{text}"


def _number(value: Any) -> int:
    return int(float(as_text(value)))


def _total(step: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda *values: functools.reduce(step, values)


def _seq(*values: int) -> list[int]:
    first, step, last = (1, 1, values[0]) if len(values) == 1 else (values[0], 1, values[1]) if len(values) == 2 else values
    return list(range(first, last + 1, step))[:2000]


def _text(change: Callable[..., Any]) -> Callable[..., Any]:
    """A function of texts."""
    return lambda *values: change(*(as_text(value) if not isinstance(value, int) else value for value in values))


_STRINGS: Final[Functions] = {
    "TrimPrefix": _text(lambda prefix, text: text.removeprefix(prefix)), "TrimSuffix": _text(lambda suffix, text: text.removesuffix(suffix)),
    "TrimLeft": _text(lambda signs, text: text.lstrip(signs)), "TrimRight": _text(lambda signs, text: text.rstrip(signs)),
    "TrimSpace": _text(str.strip), "Trim": _text(lambda text, signs=None: text.strip(signs)),
    "Contains": _text(lambda text, part: part in text), "HasPrefix": _text(lambda text, part: text.startswith(part)),
    "HasSuffix": _text(lambda text, part: text.endswith(part)), "Count": _text(lambda part, text: text.count(part)),
    "Replace": _text(lambda text, old, new, count=-1: text.replace(old, new, count)), "ReplaceRE": _replace_pattern,
    "ToLower": _text(str.lower), "ToUpper": _text(str.upper), "Title": _text(str.title), "FirstUpper": _text(lambda text: text[:1].upper() + text[1:]),
    "Split": _text(lambda text, sign: text.split(sign)), "Substr": _cut, "Repeat": _text(lambda count, text: text * min(count, 1000)),
    "FindRE": lambda pattern, text, limit=-1: [found[0] for found in re.finditer(pattern, as_text(text))][: limit if limit >= 0 else None],
    "RuneCount": _text(len),
}  # fmt: skip
_SHORT: Final = {
    "trim": "Trim", "hasPrefix": "HasPrefix", "hasSuffix": "HasSuffix", "replace": "Replace", "replaceRE": "ReplaceRE", "lower": "ToLower",
    "upper": "ToUpper", "title": "Title", "split": "Split", "substr": "Substr", "findRE": "FindRE",
}  # fmt: skip
_SPACES: Final = {
    "collections": "after append first last where sort index in isset delimit dict slice seq uniq",
    "compare": "eq ne lt le gt ge default",
    "fmt": "print printf println errorf warnf",
    "transform": "highlight plainify htmlEscape htmlUnescape markdownify emojify",
    "urls": "relURL absURL relLangURL absLangURL urlize anchorize",
    "safe": "HTML HTMLAttr CSS JS URL",
    "math": "add sub mul div mod",
    "encoding": "jsonify",
}
FUNCTIONS: Final[Functions] = {
    "eq": _compare(lambda one, other: one == other), "ne": lambda one, other: not FUNCTIONS["eq"](one, other),
    "lt": _compare(lambda one, other: one < other), "le": _compare(lambda one, other: one <= other),
    "gt": _compare(lambda one, other: one > other), "ge": _compare(lambda one, other: one >= other),
    "and": lambda *values: next((value for value in values if not is_true(value)), values[-1]),
    "or": lambda *values: next((value for value in values if is_true(value)), values[-1]),
    "not": lambda value: not is_true(value), "cond": lambda test, yes, no: yes if is_true(test) else no,
    "default": lambda other, value=None: value if is_true(value) or value is False else other,
    "isset": lambda holder, key: key in (holder or ()) if isinstance(holder, dict) else isinstance(key, int) and key < len(holder or ()),
    "index": _index, "len": lambda value: len(value or ()), "slice": lambda *values: list(values), "dict": _pairs, "append": _append,
    "first": lambda count, items: items[:count], "last": lambda count, items: items[-count:] if count else [], "after": lambda count, items: items[count:],
    "in": _contains, "where": _where, "sort": _sort, "seq": _seq, "uniq": lambda items: [one for at, one in enumerate(items) if one not in items[:at]],
    "delimit": lambda items, sign, last=None: f"{sign if last is None else last}".join(
        [sign.join(map(as_text, items[:-1])), as_text(items[-1])] if len(items) > 1 else list(map(as_text, items))),
    "add": _total(lambda one, other: one + other), "sub": _total(lambda one, other: one - other), "mul": _total(lambda one, other: one * other),
    "div": _total(lambda one, other: one // other if isinstance(one, int) and isinstance(other, int) else one / other), "mod": lambda one, other: one % other,
    "int": _number, "float": lambda value: float(as_text(value)), "string": as_text,
    "print": lambda *values: "".join(map(as_text, values)), "println": lambda *values: " ".join(map(as_text, values)), "printf": _printf,
    "errorf": _raise, "warnf": lambda *_: "", "jsonify": lambda *values: json.dumps(values[-1], ensure_ascii=False),
    "urlize": _text(urlize), "anchorize": _text(urlize), "humanize": _text(lambda text: text.replace("-", " ").replace("_", " ").capitalize()),
    "relURL": _path_of, "absURL": _path_of, "relLangURL": _path_of, "absLangURL": _path_of,
    "plainify": _text(lambda text: re.sub(r"<[^<>]*>", "", text)), "htmlEscape": _text(html.escape), "htmlUnescape": _text(html.unescape), "emojify": lambda value: value,
    "markdownify": keep_markdown, "highlight": _highlight, "path.Base": _text(posixpath.basename), "path.Dir": _text(posixpath.dirname),
    "path.Ext": _text(lambda path: posixpath.splitext(path)[1]), "path.Join": _text(posixpath.join),
    "path.BaseName": _text(lambda path: posixpath.splitext(posixpath.basename(path))[0]),
    **dict.fromkeys(("safeHTML", "safeHTMLAttr", "safeCSS", "safeJS", "safeURL"), lambda value="": Html(show(value))),
    **{f"strings.{name}": function for name, function in _STRINGS.items()},
    **{short: _STRINGS[name] for short, name in _SHORT.items()},
}  # fmt: skip
FUNCTIONS.update(
    {
        f"{space}.{name[0].upper()}{name[1:]}": FUNCTIONS[f"safe{name}" if space == "safe" else name]
        for space, names in _SPACES.items()
        for name in names.split()
    }
)
