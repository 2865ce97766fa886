"""The head of a content file: which dialect it is in, its fields, and where the body begins."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NoReturn

from cms_ssg.content.frontmatter.lost import refuse_lost
from cms_ssg.content.frontmatter.toml_keys import find_deep_key
from cms_ssg.content.frontmatter.values import HALF_ESCAPE, UNSTORABLE, Refused, clean_value, too_deep
from cms_ssg.files.toml_errors import split_toml_error
from cms_ssg.types import Json, Problem

MAX_BYTES: Final = 64 * 1024
"""Of front matter, unless [limits] says another number."""

LARGEST: Final = 1024 * 1024
"""Bytes of front matter that [limits] allows at most; the site's own limit is told where the file is read."""

MAX_BLANK: Final = 4096
"""Characters of empty lines that may precede the front matter."""

YAML_FENCE: Final = re.compile(r"^---[ \t]*$", re.MULTILINE)
TOML_FENCE: Final = re.compile(r"^\+\+\+[ \t]*$", re.MULTILINE)
BLANK_LINES: Final = re.compile(r"(?:[ \t]*\n)*")
JSON_START: Final = re.compile(r'\{\s*["}]')

Dialect = Literal["yaml", "toml", "json", ""]


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """A file cut in two. lines: of each top-level key, 1-based; body_line: where the body begins.

    With an error among the problems the fields are empty and the body is not to be used.
    """

    fields: dict[str, Json]
    lines: dict[str, int]
    body: str
    body_line: int
    dialect: Dialect = ""
    problems: tuple[Problem, ...] = field(default=())


def look_up(fields: Mapping[str, Any], key: str) -> Any:
    """A value by its key, or by a dotted path such as ``extra.team``; None where there is none."""
    if key in fields or "." not in key:
        return fields.get(key)
    value: Any = fields
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def parse_front_matter(data: bytes, place: str, max_bytes: int = MAX_BYTES) -> FrontMatter:
    """Cut a content file into fields and body.

    data: the file's bytes, UTF-8 with or without BOM, any line ends; place: its path, for problems; max_bytes: of the front matter.
    Never raises: what has no clear meaning is a Problem with code, line and way out.
    """
    try:
        text = _decode(data)
        start, opening = _find_opening(text)
        if opening is not None:
            return _parse_fenced(text, opening, max_bytes)
        if text.startswith("{", start) and JSON_START.match(text, start):
            return _parse_json(text, start, max_bytes)
        refuse_lost(text)
        return FrontMatter({}, {}, text, 1)
    except Refused as refused:
        problem = Problem(refused.code, place, refused.line, refused.message, refused.hint)
        return FrontMatter({}, {}, "", 1, problems=(problem,))


def cut_body(data: bytes, place: str, max_bytes: int = MAX_BYTES) -> str:
    """The body as `parse_front_matter` finds it, "" where it finds none. Front matter between fences is not parsed, which takes most of the time, so it may be wrong."""
    try:
        text = _decode(data)
        _, opening = _find_opening(text)
        if opening is not None:
            return text[_find_closing(text, opening, max_bytes).end() + 1 :]
    except Refused:
        return ""
    return parse_front_matter(data, place, max_bytes).body


def _find_opening(text: str) -> tuple[int, re.Match[str] | None]:
    """Where the file's first line with text begins, and the fence there if it is one."""
    start = BLANK_LINES.match(text, 0, MAX_BLANK).end()  # type: ignore[union-attr]  # it matches the empty text
    fence = {"---": YAML_FENCE, "+++": TOML_FENCE}.get(text[start : start + 3])
    return start, fence.match(text, start) if fence is not None else None


def _decode(data: bytes) -> str:
    """The file's text, its line ends brought to one form."""
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    elif data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Refused("content.encoding", "the file is UTF-16, not UTF-8", 1, "Save it as UTF-8.")
    if b"\0" in data:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        raise Refused(
            "content.binary",
            "the file holds NUL bytes: it is no text",
            line,
            "Content files are UTF-8 text. Keep other files beside them or in static/.",
        )
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Refused("content.encoding", f"byte 0x{data[error.start]:02x} is not UTF-8", line, "Save the file as UTF-8.") from None
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def _find_closing(text: str, opening: re.Match[str], max_bytes: int) -> re.Match[str]:
    """The fence that ends the front matter. Raises Refused where there is none, or it is too far."""
    first = text.count("\n", 0, opening.start()) + 1
    limit = min(len(text), opening.end() + max_bytes + 8)
    closing = opening.re.search(text, opening.end() + 1, limit)
    if closing is None:
        mark = "---" if opening.re is YAML_FENCE else "+++"
        if limit < len(text):
            _refuse_size(first, max_bytes, f"Put a line {mark!r} behind it. ")
        raise Refused(
            "content.front-matter-open", f"the front matter that begins here has no closing {mark!r}", first,
            f"Put a line {mark!r} between the front matter and the text.",
        )  # fmt: skip
    head = text[opening.end() + 1 : closing.start()]
    if len(head) > max_bytes // 4 and len(head.encode()) > max_bytes:
        _refuse_size(first, max_bytes)
    return closing


def _parse_fenced(text: str, opening: re.Match[str], max_bytes: int) -> FrontMatter:
    dialect: Literal["yaml", "toml"] = "yaml" if opening.re is YAML_FENCE else "toml"
    first = text.count("\n", 0, opening.start()) + 1
    closing = _find_closing(text, opening, max_bytes)
    head = text[opening.end() + 1 : closing.start()]
    if dialect == "yaml":
        from cms_ssg.content.frontmatter.yaml_fields import parse_yaml

        fields, lines = parse_yaml(head, first + 1)
    else:
        fields, lines = _parse_toml(head, first + 1)
    return FrontMatter(fields, lines, text[closing.end() + 1 :], first + head.count("\n") + 2, dialect)


def _refuse_size(line: int, max_bytes: int, hint: str = "") -> NoReturn:
    said = f"the front matter that begins here does not end within {max_bytes // 1024} kB"
    raise Refused(
        "content.front-matter-size",
        said,
        line,
        hint + "Move long text into the body, and data into a file of data/, or raise [limits] front_matter_kb.",
    )


def _parse_toml(head: str, first: int) -> tuple[dict[str, Json], dict[str, int]]:
    import tomllib

    if (deep := find_deep_key(head)) >= 0:
        raise too_deep(first + head.count("\n", 0, deep))
    try:
        fields = tomllib.loads(head)
    except tomllib.TOMLDecodeError as error:
        match = re.search(r"^(.*) \(at (?:line (\d+)|end of document)", str(error), re.DOTALL)
        line = int(match[2]) - 1 if match and match[2] else head.count("\n")
        rows = head.split("\n")
        is_yaml = line < len(rows) and re.match(r"\s*[\w-]+:(\s|$)", rows[line])
        hint = (
            "Between lines '+++' stands TOML: title = \"X\". Between lines '---' stands YAML: title: X."
            if is_yaml
            else "See https://toml.io."
        )
        raise Refused("content.toml", f"front matter: {(match[1] if match else str(error)).lower()}", first + line, hint) from None
    except ValueError as error:
        message, line = split_toml_error(error, head)
        raise Refused("content.toml", f"front matter: {message}", first + max(line - 1, 0), "See https://toml.io.") from None
    except RecursionError as error:
        raise Refused("content.toml", f"front matter: {_short(error)}", first, "See https://toml.io.") from None
    lines: dict[str, int] = {}
    for match in re.finditer(r"^[ \t]*(?:\[\[?[ \t]*)?[\"']?([\w-]+)", head, re.MULTILINE):
        if match[1] in fields and match[1] not in lines:
            lines[match[1]] = first + head.count("\n", 0, match.start(1))
    return clean_value(fields, first), lines


def _parse_json(text: str, start: int, max_bytes: int) -> FrontMatter:
    first = text.count("\n", 0, start) + 1

    def make_object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        made = dict(pairs)
        if len(made) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            at = [match.start() for match in re.finditer(re.escape(json.dumps(twice, ensure_ascii=False)) + r"\s*:", text)]
            line = text.count("\n", 0, at[1] if len(at) > 1 else start) + 1
            raise Refused("content.duplicate-key", f"the key {twice!r} is there twice", line, "Keep one of them.")
        return made

    # what lies beyond the limit can only be refused, so the parser never sees it
    window = text if len(text) <= start + max_bytes else text[: start + max_bytes]
    try:
        fields, end = json.JSONDecoder(object_pairs_hook=make_object).raw_decode(window, start)
    except json.JSONDecodeError as error:
        if len(window) < len(text) and (error.pos >= len(window) - 8 or error.msg.startswith("Unterminated")):
            _refuse_size(first, max_bytes)
        raise Refused(
            "content.json", f"front matter: {error.msg.lower()}", text.count("\n", 0, error.pos) + 1, "The front matter is one JSON object."
        ) from None
    except ValueError as error:
        message, line = split_toml_error(error, window)
        raise Refused("content.json", f"front matter: {message}", line or first, "The front matter is one JSON object.") from None
    except RecursionError as error:
        raise Refused("content.json", f"front matter: {_short(error)}", first, "The front matter is one JSON object.") from None
    if (half := HALF_ESCAPE.search(text, start, end)) is not None and UNSTORABLE.search(json.dumps(fields, ensure_ascii=False)):
        line = text.count("\n", 0, half.start()) + 1
        raise Refused(
            "content.json", f"front matter: {half[0]} is half of a character (an unpaired surrogate)", line, "Write the whole character."
        )
    rest = text.find("\n", end)
    if text[end : rest if rest >= 0 else len(text)].strip():
        raise Refused(
            "content.json", "front matter: text follows the closing brace", text.count("\n", 0, end) + 1, "Begin the body on a new line."
        )
    lines: dict[str, int] = {}
    for name in fields:
        if match := re.compile(re.escape(json.dumps(name, ensure_ascii=False)) + r"\s*:").search(text, start, end):
            lines[name] = text.count("\n", 0, match.start()) + 1
    body_at = rest + 1 if rest >= 0 else len(text)
    return FrontMatter(clean_value(fields, first), lines, text[body_at:], text.count("\n", 0, body_at) + 1, "json")


def _short(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)[:120]
