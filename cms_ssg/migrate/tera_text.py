"""Zola's shortcodes in a text: those of the site whose templates only put their arguments into HTML are run, others are taken out and noted."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from cms_ssg.migrate.code_spans import find_code
from cms_ssg.migrate.unclosed import GUARD, guard_unclosed

MAX_DEPTH: Final = 20
_NAME: Final = r"([A-Za-z_][\w:]*)\s*\(((?:[^()\"'`]|\"[^\"]*\"|'[^']*'|`[^`]*`|\[[^\[\]]*\])*)\)"
_TAG: Final = re.compile(r"\{\{\s*" + _NAME + r"\s*\}\}|\{%\s*" + _NAME + r"\s*%\}|\{%\s*(end)\s*%\}")
_SHOWN: Final = re.compile(r"\{\{/\*(.*?)\*/\}\}|\{%/\*(.*?)\*/%\}", re.DOTALL)
_SHOWN_PAIRS: Final = [(re.compile(r"\{\{/\*"), re.compile(r"\*/\}\}")), (re.compile(r"\{%/\*"), re.compile(r"\*/%\}"))]
_ARGUMENT: Final = re.compile(r"([A-Za-z_]\w*)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|`([^`]*)`|(\[[^\]]*\])|([^\s,]+))")
_ACTION: Final = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}|\{%-?\s*(.*?)\s*-?%\}|\{#.*?#\}", re.DOTALL)
_TEST: Final = re.compile(r"(not\s+)?([A-Za-z_]\w*)\s*(?:(==|!=)\s*(?:\"([^\"]*)\"|'([^']*)'|(\w+)))?")
_MARKDOWN: Final = "\ue021"

Note = Callable[[int, str, str], None]
"""Called with a line, a tag and its fate."""


class _Tag(NamedTuple):
    begin: int
    end: int
    name: str
    values: dict[str, str]
    kind: str  # alone, open, end


class TeraShortcodes:
    """Runs the shortcodes of texts. root: of the site; its templates come before those of its themes."""

    def __init__(self, root: Path) -> None:
        self._templates = {
            path.relative_to(folder).as_posix().rpartition(".")[0].replace("/", "::"): path
            for folder in (*sorted(root.glob("themes/*/templates/shortcodes")), root / "templates/shortcodes")
            if folder.is_dir()
            for path in sorted(folder.rglob("*"))
            if path.suffix in (".html", ".md")
        }
        self._texts: dict[str, str] = {}

    def run(self, body: str, line: int, note: Note) -> str:
        """The text with its shortcodes run. line: where it begins in its file."""
        if "{{" not in body and "{%" not in body:
            return body
        code = find_code(body)
        tags = [tag for tag in _find_tags(body) if not any(begin <= tag.begin < end for begin, end in code)]
        text = self._fill(
            body, (tags, _find_partners(tags)), (0, 0, len(body), 0), lambda at, tag, fate: note(line + body.count("\n", 0, at), tag, fate)
        )
        text = guard_unclosed(text.replace(GUARD, ""), _SHOWN_PAIRS)
        text = _SHOWN.sub(lambda found: f"{{{{{found[1]}}}}}" if found[1] is not None else f"{{%{found[2]}%}}", text)
        return text.replace(GUARD, "")

    def _fill(self, body: str, found: tuple[list[_Tag], dict[int, int]], place: tuple[int, int, int, int], note: Note) -> str:
        """The text between two places with its tags run. found: the tags and which ends which; place: number of a tag, begin, end, depth."""
        tags, partners = found
        number, at, stop, depth = place
        out: list[str] = []
        while number < len(tags) and tags[number].begin < stop:
            tag = tags[number]
            out.append(body[at : tag.begin])
            number, at, inner = number + 1, tag.end, ""
            if tag.kind == "end":
                note(tag.begin, body[tag.begin : tag.end], "left out: nothing begins it")
                continue
            if tag.kind == "open":
                closing = partners.get(number - 1, -1)
                if closing < 0:
                    note(tag.begin, body[tag.begin : tag.end], "left out: nothing ends it")
                    continue
                inner = body[at : tags[closing].begin]
                if depth < MAX_DEPTH:
                    inner = self._fill(body, found, (number, at, tags[closing].begin, depth + 1), note)
                else:
                    note(tag.begin, body[tag.begin : tag.end], "kept as text: nested too deep")
                number, at = closing + 1, tags[closing].end
            made = self._run(tag, inner)
            if made is None:
                note(tag.begin, body[tag.begin : tag.end], "left out; what stands between its tags stays" if inner.strip() else "left out")
                made = f"\n\n{inner.strip()}\n\n" if inner.strip() else ""
            out.append(made)
        out.append(body[at:stop])
        return "".join(out)

    def _run(self, tag: _Tag, inner: str) -> str | None:
        """What a shortcode makes, None for one that is not understood."""
        path = self._templates.get(tag.name)
        if path is None:
            return _run_known(tag)
        if tag.name not in self._texts:
            try:
                text = path.read_text("utf-8") if path.stat().st_size < 200_000 else "{{ ? }}"
                self._texts[tag.name] = re.sub(r"\n[ \t]*\n+", "\n", text)
            except (OSError, ValueError):
                self._texts[tag.name] = "{{ ? }}"
        values = {**tag.values, "body": inner.strip()}
        made = _evaluate(self._texts[tag.name], values, 0)
        if made is None:
            return _run_known(tag)
        is_block = re.match(r"\s*<(?:div|aside|section|article|blockquote|details|figure|table|p|video|audio|iframe)\b", made)
        if not is_block:
            return made.replace(_MARKDOWN, "").strip()
        parts = made.split(_MARKDOWN)  # every second one is Markdown, which keeps its empty lines and stands between two
        parts[::2] = [re.sub(r"\n[ \t]*\n+", "\n", part) for part in parts[::2]]
        return "\n\n" + "\n\n".join(part.strip() for part in parts) + "\n\n"


def _find_tags(body: str) -> list[_Tag]:
    found = []
    for match in _TAG.finditer(body):
        name, arguments = match[1] or match[3] or "", match[2] or match[4] or ""
        values = {one[1]: next((value for value in one.groups()[1:] if value is not None), "") for one in _ARGUMENT.finditer(arguments)}
        found.append(_Tag(match.start(), match.end(), name, values, "end" if match[5] else "alone" if match[1] else "open"))
    return found


def _find_partners(tags: list[_Tag]) -> dict[int, int]:
    """The number of the tag that ends each opening one; each end belongs to the last one that is open."""
    found: dict[int, int] = {}
    opened: list[int] = []
    for number, tag in enumerate(tags):
        if tag.kind == "open":
            opened.append(number)
        elif tag.kind == "end" and opened:
            found[opened.pop()] = number
    return found


def _run_known(tag: _Tag) -> str | None:
    """Shortcodes that nearly every theme has, by what they are here."""
    number = re.sub(r'["<>{}]', "", tag.values.get("id", ""))
    if tag.name == "youtube" and number:
        return f'{{{{< youtube "{number}" >}}}}'
    if tag.name == "vimeo" and number:
        return f"[vimeo.com/{number}](<https://vimeo.com/{number}>)"
    return None


def _evaluate(text: str, values: dict[str, str], depth: int) -> str | None:
    """Run the few actions of simple templates: values with filters, if and else. None for others."""
    out: list[str] = []
    at = 0
    text = re.sub(r"\s*(\{[{%])-", r"\1", re.sub(r"-([}%]\})\s*", r"\1", text)) if depth == 0 else text
    while (match := _ACTION.search(text, at)) is not None:
        out.append(text[at : match.start()])
        at = match.end()
        if match[1] is not None:
            value = _find_value(match[1], values)
            if value is None:
                return None
            out.append(value)
        elif match[2] is not None:
            test = _TEST.fullmatch(match[2][3:].strip()) if match[2].startswith("if ") else None
            parts = _split_if(text, at) if test is not None and depth < MAX_DEPTH else None
            if test is None or parts is None:
                return None
            made = _evaluate(parts[0] if _is_true(test, values) else parts[1], values, depth + 1)
            if made is None:
                return None
            out.append(made)
            at = parts[2]
    out.append(text[at:])
    return "".join(out)


def _is_true(test: re.Match[str], values: dict[str, str]) -> bool:
    value = values.get(test[2], "")
    if test[3]:
        found = (value == next((part for part in (test[4], test[5], test[6]) if part is not None), "")) == (test[3] == "==")
    else:
        found = value not in ("", "false", "0")
    return found != bool(test[1])


def _split_if(text: str, at: int) -> tuple[str, str, int] | None:
    """What lies up to the end of an if, what lies behind its else, and the place behind its end."""
    depth, middle, after = 1, -1, at
    for match in _ACTION.finditer(text, at):
        words = (match[2] or "").split()
        word = words[0] if words else ""
        if word in ("if", "for", "block", "macro", "filter", "raw"):
            depth += 1
        elif word == "elif" and depth == 1:
            return None
        elif word == "else" and depth == 1:
            middle, after = match.start(), match.end()
        elif word.startswith("end"):
            depth -= 1
            if depth == 0:
                return text[at : middle if middle >= 0 else match.start()], text[after : match.start()] if middle >= 0 else "", match.end()
    return None


def _find_value(expression: str, values: dict[str, str]) -> str | None:
    """The text of a name or text with filters, None for what is not understood."""
    first, *filters = [part.strip() for part in expression.split("|")]
    named = re.fullmatch(r"[A-Za-z_]\w*", first)
    quoted = re.fullmatch(r"\"([^\"]*)\"|'([^']*)'", first)
    if named is None and quoted is None:
        return None
    value: str | None = values.get(first) if named else (quoted[1] or quoted[2] or "")  # type: ignore[index]
    escaped = first != "body"
    for name in filters:
        default = re.fullmatch(r"default\(\s*value\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([\w.]+))\s*\)", name)
        if default is not None:
            value = value if value is not None else next((part for part in default.groups() if part is not None), "")
        elif re.fullmatch(r"markdown(?:\([^()]*\))?", name):
            value, escaped = f"{_MARKDOWN}{(value or '').strip()}{_MARKDOWN}", False
        elif name == "safe":
            escaped = False
        elif name in ("lower", "upper", "trim", "title"):
            value = getattr(value or "", {"trim": "strip"}.get(name, name))()
        elif name not in ("escape", "urlencode", "striptags", "linebreaksbr"):
            return None
    if value is None:
        return None
    return html.escape(value) if escaped else value
