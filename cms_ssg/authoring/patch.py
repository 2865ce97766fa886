"""Changes fields in a content file's front matter and nothing else: comments, key order, quotes, line ends and body stay."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any, Final

from cms_ssg.authoring.patch_yaml import patch_yaml
from cms_ssg.content.frontmatter.dates import DateError, parse_date
from cms_ssg.content.frontmatter.parse import LARGEST, FrontMatter, look_up, parse_front_matter
from cms_ssg.errors import CmsError, fail
from cms_ssg.types import Json

Value = Json | datetime
"""What a field is set to; None removes it."""

_BOM: Final = b"\xef\xbb\xbf"
_BLANK: Final = re.compile(r"(?:[ \t]*(?:\r\n?|\n))*")
_LINE_END: Final = re.compile(r"\r\n|\r|\n")


def patch_front_matter(data: bytes, changes: Mapping[str, Value], place: str) -> bytes:
    """The file with its fields changed.

    data: the file's bytes; changes: key -> new value, None removes the key, and ``extra.team`` is a key in a table; place: for errors.
    The result is parsed again and compared before it is returned. Raises CmsError: the file's own
    problems, or authoring.cannot-patch where no faithful way to write the change was found.
    """
    before = parse_front_matter(data, place, LARGEST)
    if errors := [problem for problem in before.problems if problem.severity == "error"]:
        raise CmsError(*errors)
    at = {way_to(before.fields, key): value for key, value in changes.items() if value is not None or has_key(before.fields, key)}
    if not at:
        return data
    bom = _BOM if data.startswith(_BOM) else b""
    text = data[len(bom) :].decode()
    for write in _list_writers(before):
        try:
            after = bom + write(text, at).encode()
        except (ValueError, TypeError, KeyError, AttributeError, IndexError):
            continue
        if _is_faithful(before, parse_front_matter(after, place, LARGEST), at):
            return after
    keys = ", ".join(changes)
    raise fail(
        "authoring.cannot-patch", f"{keys} cannot be changed without touching the rest", place=place, hint="Change the file by hand."
    )


def patch_body(data: bytes, body: str, place: str) -> bytes:
    """The file with another body below the same front matter, in the file's own line ends. Raises CmsError as patch_front_matter."""
    before = parse_front_matter(data, place, LARGEST)
    if errors := [problem for problem in before.problems if problem.severity == "error"]:
        raise CmsError(*errors)
    text = data.decode()
    ends = list(_LINE_END.finditer(text))
    head = len(ends) - len(_LINE_END.findall(before.body))
    cut = ends[head - 1].end() if head else len(text) - len(text.removeprefix("\ufeff"))
    end = ends[0][0] if ends else "\n"
    return (text[:cut] + body.replace("\r\n", "\n").replace("\n", end)).encode("utf-8", "replace")


Changes = Mapping[tuple[str, ...], Value]
"""Values by the way to them through the tables around them."""

_Writer = Callable[[str, Changes], str]


def way_to(fields: Mapping[str, Json], key: str) -> tuple[str, ...]:
    """The way that look_up goes to a key."""
    parts = tuple(key.split("."))
    return (key,) if key in fields or not all(parts) else parts


def nest(fields: Mapping[str, Value]) -> dict[str, Any]:
    """The fields with those whose key is ``extra.team`` in a table, tables last: TOML can have no key of its own behind them."""
    nested: dict[str, Any] = {}
    for key, value in fields.items():
        _put(nested, way_to({}, key), value)
    return dict(sorted(nested.items(), key=lambda item: isinstance(item[1], dict)))


def has_key(fields: Mapping[str, Json], key: str) -> bool:
    """Whether front matter gives a key, be it without a value or in a table."""
    return key in fields or look_up(fields, key) is not None


def _put(fields: Any, keys: tuple[str, ...], value: Any, table: Callable[[], Any] = dict) -> None:
    """Set a value in tables within tables, or take it away where it is None. table: makes those that are missing."""
    *outer, key = keys
    for name in outer:
        if fields.get(name) is None:
            if value is None:
                return
            fields[name] = table()
        fields = fields[name]
    if value is None:
        fields.pop(key, None)
    else:
        fields[key] = value


def _list_writers(before: FrontMatter) -> list[_Writer]:
    """Ways to write a change in the file's dialect, the least intrusive first."""
    if before.dialect == "yaml":
        return [
            lambda text, changes: _in_fences(text, "---", changes, patch_yaml),
            lambda text, changes: _in_fences(text, "---", changes, _rewrite_yaml),
        ]
    if before.dialect == "toml":
        return [lambda text, changes: _in_fences(text, "+++", changes, _patch_toml)]
    return [_patch_json if before.dialect == "json" else _add_yaml]


def _is_faithful(before: FrontMatter, after: FrontMatter, changes: Changes) -> bool:
    """Whether the changed fields have their new values, the others their old ones, in the old order, and the body is the same."""
    if after.problems != before.problems or after.body != before.body:
        return False
    expected = deepcopy(before.fields)
    for keys, value in changes.items():
        found: Any = after.fields
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        if value is not None and not _same(found, value):
            return False
        _put(expected, keys, found if value is not None else None)
    order = [key for key in after.fields if key in before.fields]
    return after.fields == expected and order == [key for key in before.fields if key in after.fields]


def _same(found: Json, wanted: Value) -> bool:
    """Whether a parsed value is what was to be written; times are compared as moments."""
    if isinstance(wanted, datetime):
        try:
            return parse_date(found, "UTC") == parse_date(wanted, "UTC")
        except DateError:
            return False
    return type(found) is type(wanted) and bool(found == wanted)


def _in_fences(text: str, fence: str, changes: Changes, patch: _Writer) -> str:
    """The text with what is between the fences patched; the head's own line ends are kept."""
    mark = re.escape(fence)
    opening = re.compile(rf"{mark}[ \t]*(?:\r\n?|\n)").match(text, _end_of_blank(text))
    if opening is None:
        raise ValueError("no opening fence")
    closing = re.compile(rf"(?<=[\r\n]){mark}[ \t]*(?=[\r\n]|\Z)").search(text, opening.end() - 1)
    if closing is None:
        raise ValueError("no closing fence")
    line_end = _LINE_END.search(opening[0])
    ends = line_end[0] if line_end else "\n"
    head = _LINE_END.sub("\n", text[opening.end() : closing.start()])
    head = patch(head, changes)
    if head and not head.endswith("\n"):
        head += "\n"
    return text[: opening.end()] + head.replace("\n", ends) + text[closing.start() :]


def _end_of_blank(text: str) -> int:
    found = _BLANK.match(text)
    return found.end() if found else 0


def _add_yaml(text: str, changes: Changes) -> str:
    """Front matter for a file that has none."""
    line_end = _LINE_END.search(text)
    head = f"---\n{patch_yaml('', changes)}---\n"
    return head.replace("\n", line_end[0] if line_end else "\n") + text


def _rewrite_yaml(head: str, changes: Changes) -> str:
    """The whole head written anew with comments and order kept; spacing may change."""
    import io

    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    try:
        fields = yaml.load(head) or yaml.map()
        for keys, value in changes.items():
            _put(fields, keys, value.isoformat() if isinstance(value, datetime) else value)
        stream = io.StringIO()
        yaml.dump(fields, stream)
    except YAMLError as error:
        raise ValueError(str(error)) from None
    return stream.getvalue()


def _patch_toml(head: str, changes: Changes) -> str:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(head)
        for keys, value in changes.items():
            if value is not None and len(keys) == 1 and keys[0] not in document:
                head = _insert_toml(document.as_string(), tomlkit.item(value).as_string(), keys[0])
                document = tomlkit.parse(head)
            else:
                _put(document, keys, value, tomlkit.table)
    except TOMLKitError as error:
        raise ValueError(str(error)) from None
    return document.as_string()


def _insert_toml(head: str, value: str, key: str) -> str:
    """A new top-level key after the others, before the first table."""
    from cms_ssg.config.toml_lines import list_key_lines

    name = key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key)
    lines = head.split("\n")
    starts = [number for number in list_key_lines(head).values() if lines[number - 1].lstrip().startswith("[")]
    at = min((number - 1 for number in starts if _is_header(lines[number - 1])), default=len(lines))
    while at and not lines[at - 1].strip():
        at -= 1
    return "\n".join([*lines[:at], f"{name} = {value}", *lines[at:]])


def _is_header(line: str) -> bool:
    return re.fullmatch(r"\s*\[\[?.*\]\]?\s*(#.*)?", line) is not None


def _patch_json(text: str, changes: Changes) -> str:
    start = _end_of_blank(text)
    fields, end = json.JSONDecoder().raw_decode(text, start)
    for keys, value in changes.items():
        _put(fields, keys, value.isoformat() if isinstance(value, datetime) else value)
    indent = re.match(r"\{[ \t]*(?:\r\n?|\n)([ \t]+)", text[start:end])
    line_end = _LINE_END.search(text)
    head = json.dumps(fields, ensure_ascii=False, indent=indent[1] if indent else None)
    return text[:start] + head.replace("\n", line_end[0] if line_end else "\n") + text[end:]
