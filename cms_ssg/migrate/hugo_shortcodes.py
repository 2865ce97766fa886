"""Hugo's shortcodes, its own and simple ones of the site, as Markdown, HTML or the shortcodes that are known here."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from cms_ssg.content.markdown.shortcode_tags import MARK, Shortcodes, Tag
from cms_ssg.migrate.pages import replace_outside_code
from cms_ssg.types import Json

MAX_DEPTH: Final = 20
_ACTION: Final = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_GET: Final = re.compile(r'\(?\s*(?:\.Get|index\s+\.Params)\s+(?:"([^"]*)"|`([^`]*)`|(\d+))\s*\)?')

INLINE: Final = re.compile(r"\{\{([<%])\s*([\w-]+\.inline)\b[^{}]*?(?:/\s*[>%]\}\}|[>%]\}\}.*?\{\{[<%]\s*/\s*\2\s*[>%]\}\})", re.DOTALL)
"""A shortcode that is written where it is used."""
_SHOWN: Final = re.compile(r"(\{\{[<%])/\*(.*?)\*/([>%]\}\})", re.DOTALL)
_MARKDOWN: Final = "\ue020"

Note = Callable[[str, int, str, str], None]


class HugoShortcodes:
    """Runs the shortcodes of bodies. find_page: the address of a page by the way ref names it, in a file, and of a language, "" for the file's; "" where there is none."""

    def __init__(self, root: Path, params: dict[str, Json], find_page: Callable[[str, str, str], str], note: Note) -> None:
        self._params, self._find_page, self._note = params, find_page, note
        self._templates = {
            path.relative_to(folder).as_posix().removesuffix(".html"): path
            for folder in (
                *sorted(root.glob("themes/*/layouts/_shortcodes")),
                *sorted(root.glob("themes/*/layouts/shortcodes")),
                *sorted(root.glob("layouts/_shortcodes")),
                root / "layouts/shortcodes",
            )
            if folder.is_dir()
            for path in sorted(folder.rglob("*.html"))
        }

    def run(self, body: str, line: int, file: str) -> str:
        """The body with its shortcodes run. line: where it begins in the file."""
        if "{{<" not in body and "{{%" not in body:
            return body
        found = Shortcodes()
        marked = found.mark(INLINE.sub(lambda tag: self._drop_inline(tag, line), body))
        text = self._fill(marked, found, (line, file), 0)
        return replace_outside_code(text, _SHOWN, lambda shown: f"{shown[1]}{shown[2]}{shown[3]}", inside=True)

    def _drop_inline(self, tag: re.Match[str], line: int) -> str:
        number = line + tag.string.count("\n", 0, tag.start())
        self._note("shortcodes", number, f"{{{{< {tag[2]} >}}}}: a template within the text", "left out")
        return "\n" * tag[0].count("\n")

    def _fill(self, text: str, found: Shortcodes, place: tuple[int, str], depth: int) -> str:
        out: list[str] = []
        at = 0
        while (match := MARK.search(text, at)) is not None:
            out.append(text[at : match.start()])
            at = match.end()
            tag = found.tags[int(match[1])]
            if tag.kind == "shown":
                out.append(tag.source)
                continue
            inner: str | None = None
            if tag.kind == "open" and tag.partner >= 0:
                closing = re.search(re.escape(match[0]).replace(re.escape(match[1]), str(tag.partner)), text[at:])
                if closing is not None:
                    inner = text[at : at + closing.start()]
                    at += closing.end()
            if tag.kind != "open" or depth > MAX_DEPTH:
                self._note("shortcodes", place[0] + tag.line, tag.source, "left out")
                continue
            filled = self._fill(inner, found, place, depth + 1) if inner is not None else ""
            out.append(self._run(tag, filled, (place[0] + tag.line, place[1])))
        out.append(text[at:])
        return "".join(out)

    def _run(self, tag: Tag, inner: str, place: tuple[int, str]) -> str:
        name, values = tag.name.removesuffix(".html"), dict(tag.values)
        first = str(tag.args[0]) if tag.args else ""
        if name in self._templates and (made := self._run_template(name, tag, inner)) is not None:
            return made
        if name in ("ref", "relref"):
            target = first or str(values.get("path", ""))
            path, _, fragment = target.partition("#")
            found = self._find_page(path, place[1], str(values.get("lang", ""))) if path else ""
            if path and not found:
                self._note("references", place[0], tag.source, "kept as written")
            return f"{found or path}{f'#{fragment}' if fragment else ''}"
        if name in ("highlight", "prism"):
            fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", inner)), default=0))
            return f"\n{fence}{first}\n{inner.strip(chr(10))}\n{fence}\n"
        if name == "param":
            value: Any = self._params
            for key in first.split("."):
                value = value.get(key) if isinstance(value, dict) else None
            return html.escape(str(value)) if value is not None else ""
        if name in ("figure", "youtube", "note"):
            return self._keep(tag, inner)
        if name in ("vimeo", "gist", "tweet", "x", "instagram"):
            return self._link(name, tag, place[0])
        if name == "details":
            opened = " open" if str(values.get("open", "")).lower() == "true" else ""
            return f"<details{opened}><summary>{html.escape(str(values.get('summary', 'Details')))}</summary>\n\n{inner.strip()}\n\n</details>\n"
        if name == "rawhtml":
            return inner
        fate = "left out; what stands between its tags stays" if inner.strip() else "left out"
        self._note("shortcodes", place[0], tag.source, fate)
        return inner

    def _keep(self, tag: Tag, inner: str) -> str:
        """A shortcode that is known here by the same name, with the values that it takes."""
        taken = ("src", "alt", "caption", "title", "id", "kind")
        values = {key: str(value).replace('"', "&quot;") for key, value in tag.values.items() if key in taken}
        if tag.name == "figure" and "title" in values:
            values["caption"] = " ".join(value for value in (values.pop("title"), values.get("caption", "")) if value)
        if tag.name == "youtube" and "id" in values:
            return f'{{{{< youtube "{values["id"]}" >}}}}'
        words = [f'"{arg}"' for arg in map(str, tag.args)] + [f'{key}="{value}"' for key, value in values.items()]
        opening = f"{{{{< {' '.join([tag.name, *words])} >}}}}"
        return f"{opening}{inner}{{{{< /{tag.name} >}}}}" if inner.strip() else opening

    def _link(self, name: str, tag: Tag, line: int) -> str:
        args, values = [str(arg) for arg in tag.args], {key: str(value) for key, value in tag.values.items()}
        number = values.get("id") or (args[0] if args else "")
        url = {
            "vimeo": f"https://vimeo.com/{number}",
            "gist": f"https://gist.github.com/{'/'.join(args[:2])}",
            "instagram": f"https://www.instagram.com/p/{number}/",
        }.get(name, f"https://x.com/{values.get('user', args[0] if args else 'i')}/status/{values.get('id', args[-1] if args else '')}")
        self._note("embeds", line, url, "kept as links")
        return f"[{url}](<{url}>)"

    def _run_template(self, name: str, tag: Tag, inner: str) -> str | None:
        """What a template of the site makes where it only puts parameters and inner text into HTML, None for others."""
        try:
            text = self._templates[name].read_text("utf-8")
        except (OSError, ValueError):
            return None
        text = re.sub(r"\{\{-?\s*/\*.*?\*/\s*-?\}\}", "", text, flags=re.DOTALL)
        made = _evaluate(_trim(text), tag, inner)
        if made is None:
            return None
        # Markdown within a block of HTML is read where empty lines are around it
        around = "\n\n" if re.match(r"\s*<(?:div|aside|section|article|blockquote|details|figure|table|p)\b", made) else ""
        return made.replace(_MARKDOWN, around).strip()


def _trim(text: str) -> str:
    return re.sub(r"\s*\{\{-", "{{", re.sub(r"-\}\}\s*", "}}", text))


def _evaluate(text: str, tag: Tag, inner: str, dot: str | None = None) -> str | None:
    """Run the few actions that simple templates consist of: parameters, inner text, with, if and else."""
    out: list[str] = []
    at = 0
    while (match := _ACTION.search(text, at)) is not None:
        out.append(text[at : match.start()])
        at = match.end()
        action = match[1].strip()
        opening = re.fullmatch(r"(with|if)\s+(.*)", action)
        if opening is not None:
            parts = _find_end(text, at)
            value = _find_value(opening[2], tag, inner, dot)
            if parts is None or value is None:
                return None
            yes, no, at = parts
            made = _evaluate(yes, tag, inner, value if opening[1] == "with" else dot) if value else _evaluate(no, tag, inner, dot)
            if made is None:
                return None
            out.append(made)
            continue
        value = _find_value(action, tag, inner, dot)
        if value is None:
            return None
        out.append(value)
    out.append(text[at:])
    return "".join(out)


def _find_end(text: str, at: int) -> tuple[str, str, int] | None:
    """What lies up to the end of a block, and behind its else."""
    depth, begin, middle = 1, at, -1
    for match in _ACTION.finditer(text, at):
        word = match[1].split(" ")[0]
        if word in ("with", "if", "range", "block", "define"):
            depth += 1
        elif word == "else" and depth == 1:
            if match[1].strip() != "else" or middle >= 0:
                return None
            middle, after = match.start(), match.end()
        elif word == "end":
            depth -= 1
            if depth == 0:
                yes = text[begin : middle if middle >= 0 else match.start()]
                return yes, text[after : match.start()] if middle >= 0 else "", match.end()
    return None


def _find_value(expression: str, tag: Tag, inner: str, dot: str | None) -> str | None:
    """The text of a simple expression, None for one that is not understood."""
    first, *filters = [part.strip() for part in expression.split("|")]
    escaped = True
    if re.fullmatch(r"\.Inner", first):
        value, escaped = inner, False
    elif first == "." and dot is not None:
        value = dot
    elif (found := _GET.fullmatch(first)) is not None:
        key = found[1] or found[2]
        value = str(tag.values.get(key, "")) if key is not None else str(tag.args[int(found[3])]) if int(found[3]) < len(tag.args) else ""
    elif (named := re.fullmatch(r"\.Params\.(\w+)", first)) is not None:
        value = str(tag.values.get(named[1], ""))
    else:
        return None
    for name in filters:
        if name in ("markdownify", ".Page.RenderString", "$.Page.RenderString"):
            value, escaped = f"{_MARKDOWN}{value.strip()}{_MARKDOWN}" if value.strip() else "", False
        elif name in ("safeHTML", "safeURL", "htmlUnescape", "plainify"):
            escaped = False
        elif (default := re.fullmatch(r'default\s+"([^"]*)"', name)) is not None:
            value = value or default[1]
        elif name in ("lower", "upper"):
            value = value.lower() if name == "lower" else value.upper()
        elif name not in ("urlize", "safeHTMLAttr", "safeCSS", "trim", "relURL", "absURL", "relLangURL", "absLangURL"):
            return None
    return html.escape(value, quote=True) if escaped else value
