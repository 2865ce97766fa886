"""MDX without JavaScript: components go and their text stays, expressions and imports go, attributes become HTML's.

The text that comes out has as many lines as the one that went in, so that what is found later is
told with its true line.
"""

from __future__ import annotations

import re
from typing import Final

from cms_ssg.content.markdown.escape import escape_text
from cms_ssg.content.markdown.jsx import JsxTag, Unclosed, end_of_expression, read_tag, static_value
from cms_ssg.types import Problem

COMPONENT: Final = re.compile(r"</?[A-Z][A-Za-z0-9_.]*(?:\s[^<>]*)?/?>")
SIGN: Final = re.compile(r"[<{`\\\n]")
FENCE: Final = re.compile(r"[ \t>]*(`{3,}|~{3,})([^\n]*)")
MODULE: Final = re.compile(
    r"(?:import\s+(?:[\w$*{][^\n;]*?\s+from\s+)?[\"']|import\s*\{|export\s+(?:default|const|let|var|function|class|async|type|interface)\b|export\s*[{*])"
)
RETURNED: Final = re.compile(r"\s*(?:\([^()]*\)|[\w$]+)\s*=>\s*\(?\s*(?=<)")
INDENTED: Final = re.compile(r"(?:(?: {4}|\t)[^\n]*(?:\n(?=(?: {4}|\t))|$|(?=\n)))+")
BLANK: Final = re.compile(r"\n[ \t]*\n")
RENAMED: Final = {
    "className": "class",
    "htmlFor": "for",
    "srcSet": "srcset",
    "tabIndex": "tabindex",
    "colSpan": "colspan",
    "rowSpan": "rowspan",
}
MAX_FAILURES, MAX_TOLD, MAX_SPAN = 20, 50, 20_000
"""Unclosed braces tried, kinds of components told, and characters of a code span: bounds for what was never meant as MDX."""

VOID: Final = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])


def holds_components(text: str) -> bool:
    """Whether a Markdown text may hold components: capitalised tags that are closed or close themselves."""
    if "</" not in text and "/>" not in text:
        return False
    return any(found.startswith("</") or found.endswith("/>") for found in COMPONENT.findall(text))


def neutralise(text: str, place: str, first_line: int, *, mdx: bool) -> tuple[str, list[Problem]]:
    """A text whose components are taken out.

    place, first_line: for problems; mdx: expressions, imports and JSX attributes are taken out too.
    Each kind of component is told once, as a warning with the line of its first use.
    """
    neutraliser = _Neutraliser(text, mdx)
    result = neutraliser.run()
    hint = "Components of MDX are not run."
    problems = [Problem("content.component", place, first_line + line, said, hint, "warning") for said, line in neutraliser.found.items()]
    return result, problems


class _Neutraliser:
    """Copies a text, sign by sign of interest."""

    def __init__(self, text: str, mdx: bool) -> None:
        self.text, self.mdx = text, mdx
        self.out: list[str] = []
        self.found: dict[str, int] = {}
        self.kinds: set[str] = set()
        self.owed = 0
        self.open: dict[str, list[bool]] = {}
        self.failures = 0
        self.closed = set(re.findall(r"</([A-Z][A-Za-z0-9_.]*)\s*>", text))

    def run(self) -> str:
        text, at = self.text, self._skip_module(0, at_start=True)
        at = self._copy_fence(at)
        while (sign := SIGN.search(text, at)) is not None:
            begin = sign.start()
            self.out.append(text[at:begin])
            char = sign[0]
            if char == "\n":
                at = self._line_end(begin)
            elif char == "\\":
                self.out.append(text[begin : begin + 2])
                at = begin + 2
            elif char == "`":
                at = self._copy_code(begin)
            elif char == "{":
                at = self._drop_expression(begin) if self.mdx else self._copy(begin, begin + 1)
            else:
                at = self._tag(begin)
        self.out.append(text[at:])
        return "".join(self.out)

    def _copy(self, begin: int, end: int) -> int:
        self.out.append(self.text[begin:end])
        return end

    def _drop(self, begin: int, end: int) -> int:
        """Leave a piece out; its line ends are owed until the paragraph is over."""
        self.owed += self.text.count("\n", begin, end)
        return end

    def _line_end(self, begin: int) -> int:
        text = self.text
        at = begin + 1
        if self.owed and (at >= len(text) or BLANK.match(text, begin)):
            self.out.append("\n" * self.owed)
            self.owed = 0
        self.out.append("\n")
        after_blank = text[max(begin - 1, 0)] == "\n"
        if not self.mdx and after_blank and (code := INDENTED.match(text, at)) is not None:
            return self._copy(at, code.end())
        return self._copy_fence(self._skip_module(at, at_start=after_blank))

    def _copy_fence(self, at: int) -> int:
        """Copy a fenced block whole."""
        while (match := FENCE.match(self.text, at)) is not None and not (match[1][0] == "`" and "`" in match[2]):
            closing = re.compile(rf"^[ \t>]*{match[1]}{match[1][0]}*[ \t]*$", re.MULTILINE).search(self.text, match.end())
            end = closing.end() if closing else len(self.text)
            self._copy(at, end)
            if end < len(self.text):
                self.out.append("\n")
                end += 1
            at = end
        return at

    def _copy_code(self, begin: int) -> int:
        """Copy a code span, or the backticks that begin none."""
        text = self.text
        run = re.compile("`+").match(text, begin)[0]  # type: ignore[index]  # it begins with one
        limit = min(begin + MAX_SPAN, len(text))
        blank = BLANK.search(text, begin, limit)
        limit = blank.start() if blank else limit
        closing = re.compile(rf"(?<!`){run}(?!`)").search(text, begin + len(run), limit)
        return self._copy(begin, closing.end() if closing else begin + len(run))

    def _skip_module(self, at: int, *, at_start: bool) -> int:
        """Leave out import and export statements, which begin a paragraph and end with it."""
        if not self.mdx or not at_start or not MODULE.match(self.text, at):
            return at
        blank = BLANK.search(self.text, at)
        end = blank.start() + 1 if blank else len(self.text)
        self.out.append("\n" * self.text.count("\n", at, end))
        return end

    def _drop_expression(self, begin: int) -> int:
        text = self.text
        end = end_of_expression(text, begin) if self.failures < MAX_FAILURES else -1
        if end < 0:
            self.failures += 1
            return self._copy(begin, begin + 1)
        inner = text[begin + 1 : end - 1]
        value = static_value(inner)
        if value is not None:
            self.out.append(value)
            return end
        if not inner.strip() or (inner.lstrip().startswith("/*") and inner.rstrip().endswith("*/")):
            return self._drop(begin, end)
        self._note("an {expression} is left out", begin)
        if (returned := RETURNED.match(inner)) is not None and ".map(" not in inner[: returned.end()]:
            # the markup that a function returns is shown as it stands
            before = _Neutraliser(inner[returned.end() :].rstrip().removesuffix(")"), True)
            shown = before.run()
            line = text.count("\n", 0, begin) + inner.count("\n", 0, returned.end())
            for name, at in before.found.items():
                self.found.setdefault(name, line + at)
            self.out.append("\n" * inner.count("\n", 0, returned.end()) + shown)
            self.owed += inner.count("\n", returned.end()) - shown.count("\n")
            return end
        return self._drop(begin, end)

    def _tag(self, begin: int) -> int:
        text = self.text
        if text.startswith("<!--", begin):
            end = text.find("-->", begin)
            return self._copy(begin, end + 3 if end >= 0 else len(text))
        if self.mdx and (text.startswith("<>", begin) or text.startswith("</>", begin)):
            return text.index(">", begin) + 1
        try:
            tag = read_tag(text, begin) if self.failures < MAX_FAILURES or text.find("{", begin, text.find(">", begin)) < 0 else None
        except Unclosed:
            self.failures += 1
            tag = None
        if tag is None:
            return self._copy(begin, begin + 1)
        if tag.is_component:
            return self._component(tag, begin)
        return self._element(tag, begin) if self.mdx else self._copy(begin, begin + 1)

    def _component(self, tag: JsxTag, begin: int) -> int:
        if not (tag.closing or tag.self_closing or tag.name in self.closed):
            return self._copy(begin, begin + 1)  # a type such as Promise<T>
        if tag.closing:
            if self.open.get(tag.name) and self.open[tag.name].pop():
                self.out.append("</a>")
            return self._drop(begin, tag.end)
        href = tag.attributes.get("href") if not tag.self_closing else None
        self._note(
            f"<{tag.name}> " + ("becomes a plain link" if href else "is left out" + ("" if tag.self_closing else "; its text stays")), begin
        )
        if not tag.self_closing:
            self.open.setdefault(tag.name, []).append(bool(href))
            if href:
                self.out.append(f'<a href="{escape_text(href)}">')
        return self._drop(begin, tag.end)

    def _element(self, tag: JsxTag, begin: int) -> int:
        """An HTML element on one line, with HTML's attributes."""
        if tag.closing:
            self.out.append(f"</{tag.name}>")
            return self._drop(begin, tag.end)
        parts = [tag.name]
        for name, value in tag.attributes.items():
            if value is None or (name.startswith("on") and name[2:3].isupper()) or name in ("style", "key", "ref"):
                continue
            name = RENAMED.get(name, name)
            parts.append(name if value == "" else f'{name}="{value.replace(chr(34), "&quot;")}"')
        self.out.append(f"<{' '.join(parts)}>")
        if tag.self_closing and tag.name not in VOID:
            self.out.append(f"</{tag.name}>")
        return self._drop(begin, tag.end)

    def _note(self, said: str, begin: int) -> None:
        kind = said.partition(" ")[0]
        if kind not in self.kinds and len(self.found) < MAX_TOLD:
            self.kinds.add(kind)
            self.found[said] = self.text.count("\n", 0, begin)
