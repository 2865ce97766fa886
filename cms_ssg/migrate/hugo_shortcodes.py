"""Hugo's shortcodes, its own and simple ones of the site, as Markdown, HTML or the shortcodes that are known here."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from cms_ssg.content.markdown.shortcode_tags import MARK, Shortcodes, Tag
from cms_ssg.migrate.go_parse import NotUnderstoodError
from cms_ssg.migrate.hugo_config import HugoConfig
from cms_ssg.migrate.hugo_templates import HugoTemplates
from cms_ssg.migrate.pages import SourcePage, as_table, replace_outside_code
from cms_ssg.types import Json

MAX_DEPTH: Final = 20

INLINE: Final = re.compile(r"\{\{([<%])\s*([\w-]+\.inline)\b[^{}]*?(?:/\s*[>%]\}\}|[>%]\}\}.*?\{\{[<%]\s*/\s*\2\s*[>%]\}\})", re.DOTALL)
"""A shortcode that is written where it is used."""
_SHOWN: Final = re.compile(r"(\{\{[<%])/\*(.*?)\*/([>%]\}\})", re.DOTALL)
_QUOTED: Final = "\ue022"
"""Stands for an escaped quote within an argument."""
_TAG_WITH_QUOTES: Final = re.compile(r'\{\{[<%](?:[^"`{}]|"(?:[^"\\]|\\.)*"|`[^`]*`)*[>%]\}\}')

Note = Callable[[str, int, str, str], None]


class HugoShortcodes:
    """Runs the shortcodes of bodies. find_page: the address of a page by the way ref names it, in a file, and of a language, "" for the file's; "" where there is none."""

    def __init__(self, root: Path, config: HugoConfig, find_page: Callable[[str, str, str], str], note: Note) -> None:
        self._params = as_table(config.values.get("params"))
        self._find_page, self._note = find_page, note
        self._templates = HugoTemplates(root, config, find_page)
        self._page, self._language, self._ordinal = SourcePage("", {}, "", 0), "", 0

    def run(self, page: SourcePage, language: str) -> str:
        """The body of a page with its shortcodes run."""
        body = page.body
        if "{{<" not in body and "{{%" not in body:
            return body
        self._page, self._language, self._ordinal = page, language, 0
        found = Shortcodes()
        body = _TAG_WITH_QUOTES.sub(lambda tag: tag[0].replace('\\"', _QUOTED), body)
        marked = found.mark(INLINE.sub(lambda tag: self._drop_inline(tag, page.line), body))
        text = self._fill(marked, found, (page.line, page.file), 0).replace(_QUOTED, '"')
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
            made = self._run(_with_quotes(tag), filled, (place[0] + tag.line, place[1]))
            before = "".join(out[-1:]).rpartition("\n")[2]
            # What stands in an item of a list stays in it
            out.append(made.replace("\n", f"\n{before}") if before and not before.strip() else made)
        out.append(text[at:])
        return "".join(out)

    def _run(self, tag: Tag, inner: str, place: tuple[int, str]) -> str:
        self._ordinal += 1
        name, values = tag.name.removesuffix(".html"), dict(tag.values)
        first = str(tag.args[0]) if tag.args else ""
        why = ""
        if self._templates.has(name):
            try:
                return self._templates.run(name, tag, inner, (self._page, self._language, self._ordinal))
            except NotUnderstoodError as error:
                why = f" (its template needs Hugo: {' '.join(str(error).split())[:60]})"
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
        if inner.strip() and self._templates.shows_code(name) and "```" not in inner:
            inner, fate = f"\n```\n{inner.strip(chr(10))}\n```\n", f"{fate} as code"
        self._note("shortcodes", place[0], f"{tag.source.replace(_QUOTED, chr(34))}{why}", fate)
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


def _with_quotes(tag: Tag) -> Tag:
    """The tag with the quotes in its arguments that were escaped."""

    def put(value: Json) -> Json:
        return value.replace(_QUOTED, '"') if isinstance(value, str) else value

    return tag._replace(args=tuple(map(put, tag.args)), values={name: put(value) for name, value in tag.values.items()})
