"""The templates of a Hugo site's own shortcodes, run with what they see: their arguments, the page, the site and its data."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from cms_ssg.content.markdown.shortcode_tags import Tag
from cms_ssg.migrate.go_functions import FUNCTIONS, MARKDOWN, as_text, keep_markdown
from cms_ssg.migrate.go_parse import NotUnderstoodError
from cms_ssg.migrate.go_template import Functions, Html, Named, Template
from cms_ssg.migrate.hugo_config import HugoConfig
from cms_ssg.migrate.pages import SourcePage, as_table, list_source_files, read_data_folder

MAX_FILE: Final = 1_000_000
MAX_PARTIALS: Final = 500
_BLOCK: Final = re.compile(
    r"<(?:div|aside|section|article|blockquote|details|figure|table|p|video|audio|iframe|ul|ol|dl|li|pre|h[1-6]|script|style|nav)\b"
)
_SPRITE: Final = re.compile(r"<svg\b[^>]*>\s*<use\b[^>]*href=\"#[^>]*>\s*(?:</use>)?\s*</svg>")
"""A picture that stands in the layout, which stays behind."""
_LINK: Final = re.compile(r"(<a\b[^>]*>)([^<]*)(</a>)")
_PRE: Final = re.compile(r"(<pre\b.*?</pre>)", re.DOTALL)


class HugoTemplates:
    """Templates of shortcodes and partials: the site's own before those of its themes and of vendored modules."""

    def __init__(self, root: Path, config: HugoConfig, find_page: Callable[[str, str, str], str]) -> None:
        self._root, self._config, self._find_page = root, config, find_page
        self._shortcodes = dict(_list_templates(root, config, "shortcodes"))
        self._partials = dict(_list_templates(root, config, "partials"))
        self._parsed: dict[Path, Template | str] = {}
        self._site: Named | None = None

    def has(self, name: str) -> bool:
        """Whether the site has a template for the shortcode."""
        return name in self._shortcodes

    def shows_code(self, name: str) -> bool:
        """Whether the shortcode's template, which could not be run, shows code."""
        try:
            return re.search(r"<pre\b|<code\b|\bhighlight\b", self._shortcodes[name].read_text("utf-8")) is not None
        except (KeyError, OSError, ValueError):
            return False

    def run(self, name: str, tag: Tag, inner: str, place: tuple[SourcePage, str, int]) -> str:
        """What the shortcode makes. place: the page, its language, and how many shortcodes stood before. Raises NotUnderstoodError."""
        page, language, ordinal = place
        # Between {{% and %}} stands Markdown that is rendered with the page
        body = keep_markdown(inner) if tag.source.startswith("{{%") else Html(inner)
        shown = self._show_page(page, language)
        scratch: dict[str, Any] = {}
        kept = Named(
            Set=lambda key, value: scratch.update({key: value}),
            Get=scratch.get,
            Add=lambda key, value: _add(scratch, key, value),
        )
        given: Any = dict(tag.values) if tag.values else list(tag.args)
        dot = Named(
            Get=lambda key: _take(tag, key), Params=given, IsNamedParams=bool(tag.values), Inner=body, InnerDeindent=body, Name=name, Ordinal=ordinal,
            Position=page.file, Page=shown, Site=shown["Site"], Scratch=kept, Store=kept,
        )  # fmt: skip
        made = self._load(self._shortcodes[name]).run(dot, self._functions(shown, page))
        return _as_markdown(str(made), is_markdown=tag.source.startswith("{{%"))

    def _load(self, path: Path) -> Template:
        if path not in self._parsed:
            try:
                self._parsed[path] = Template(path.read_text("utf-8") if path.stat().st_size < MAX_FILE else "{{ ? }}")
            except (OSError, ValueError, NotUnderstoodError) as error:
                self._parsed[path] = str(error)
        found = self._parsed[path]
        if isinstance(found, str):
            raise NotUnderstoodError(found)
        return found

    def _functions(self, page: Named, source: SourcePage) -> Functions:
        done = [0]
        functions: Functions = dict(FUNCTIONS)

        def partial(name: str, dot: Any = None, *_: Any) -> Any:
            done[0] += 1
            path = self._partials.get(name) or self._partials.get(f"{name}.html")
            if path is None or done[0] > MAX_PARTIALS:
                raise NotUnderstoodError(f"partial {name}")
            return self._load(path).run(dot, functions)

        def find(name: Any, *_: Any) -> str:
            values = name if isinstance(name, dict) else {"path": name}
            path, _sign, fragment = as_text(values.get("path", "")).partition("#")
            found = self._find_page(path, source.file, as_text(values.get("lang", ""))) if path else ""
            if path and not found:
                raise NotUnderstoodError(f"ref {path}")
            return f"{found}{f'#{fragment}' if fragment else ''}"

        site = page["Site"]
        functions |= {
            "partial": partial,
            "partialCached": partial,
            "site": lambda: site,
            "page": lambda: page,
            "readFile": self._read_file,
            "os.ReadFile": self._read_file,
        }
        functions |= {name: lambda _page, name: find(name) for name in ("ref", "relref", "urls.Ref", "urls.RelRef")}
        functions["hugo"] = lambda: Named(Data=site["Data"], Sites=[site], Environment="production", IsProduction=True)
        return functions

    def _show_page(self, page: SourcePage, language: str) -> Named:
        """What templates see of a page."""
        site = self._load_site()
        file = page.file.removeprefix(f"{self._config.content}/")
        base = posixpath.basename(file)
        return Named(
            Title=str(page.fields.get("title") or ""), Params=page.fields, RelPermalink=page.address, Permalink=page.address, Site=site,
            Lang=language, Language=Named(Lang=language), Section=file.partition("/")[0] if "/" in file else "",
            File=Named(Path=file, Dir=f"{posixpath.dirname(file)}/", LogicalName=base, BaseFileName=posixpath.splitext(base)[0]),
            RenderString=lambda *values: keep_markdown(values[-1]),
        )  # fmt: skip

    def _load_site(self) -> Named:
        if self._site is None:
            values = self._config.values
            data: dict[str, Any] = {}
            mounts = [mount.source for mount in self._config.mounts if mount.component == "data"]
            vendored = (path.relative_to(self._root).as_posix() for path in sorted(self._root.glob("_vendor/*/*/*/data")))
            for folder in (*vendored, *(mounts or ["data"])):
                data |= read_data_folder(self._root, folder)
            self._site = Named(
                Title=str(values.get("title") or ""), BaseURL="/", Params=as_table(values.get("params")), Data=data,
                LanguageCode=str(values.get("languagecode") or ""),
            )  # fmt: skip
        return self._site

    def _read_file(self, name: Any) -> str:
        """``readFile``: of the site's folder, or of its content."""
        text = as_text(name).strip("/")
        for path in ((self._root / text).resolve(), (self._root / self._config.content / text).resolve()):
            if path.is_relative_to(self._root.resolve()) and path.is_file() and path.stat().st_size < MAX_FILE:
                return path.read_text("utf-8", "replace")
        raise NotUnderstoodError(f"readFile {text}")


def _list_templates(root: Path, config: HugoConfig, kind: str) -> Iterator[tuple[str, Path]]:
    """(name, file), those that count most last."""
    mounts = [root / mount.source for mount in config.mounts if mount.component == "layouts" and mount.target == "layouts"]
    for folder in (*sorted(root.glob("_vendor/*/*/*/layouts")), *sorted(root.glob("themes/*/layouts")), *mounts, root / "layouts"):
        for below in (kind, f"_{kind}"):
            for file in list_source_files(folder / below) if (folder / below).is_dir() else ():
                name = re.sub(r"\.(?:html|md)$", "", file) if kind == "shortcodes" else file
                yield name, folder / below / file


def _take(tag: Tag, key: Any) -> Any:
    if isinstance(key, int):
        return tag.args[key] if key < len(tag.args) else ""
    return tag.values.get(str(key), "")


def _add(kept: dict[str, Any], key: str, value: Any) -> None:
    kept[key] = kept[key] + value if key in kept else value


def _as_markdown(made: str, is_markdown: bool) -> str:
    """What a template made, so that Markdown reads it as HTML with Markdown between: without empty lines in HTML, with some around Markdown."""
    made = re.sub(r"<!--.*?-->", "", made, flags=re.DOTALL) if "<pre" not in made else made
    made = _LINK.sub(lambda link: f"{link[1]}{_name_link(link[1])}{link[3]}" if not link[2].strip() else link[0], _SPRITE.sub("", made))
    begins = made.lstrip().removeprefix(MARKDOWN).lstrip()
    if is_markdown and not begins.startswith("<"):
        return made.replace(MARKDOWN, "").strip()
    parts = made.split(MARKDOWN)  # every second one is Markdown
    if not _BLOCK.search("".join(parts[::2])):
        return "\n\n".join(map(str.strip, parts)) if "\n\n" in "".join(parts[1::2]) else re.sub(r"\s*\n\s*", "\n", "".join(parts)).strip()
    parts[::2] = [_tighten(part) for part in parts[::2]]
    return "\n\n".join(part.strip("\n") for part in parts if part.strip())


def _name_link(tag: str) -> str:
    """What a link shows that showed a picture of the layout: its title, else where it leads."""
    found = re.search(r"\b(?:title|aria-label)=\"([^\"]+)\"", tag) or re.search(r"\bhref=\"([^\"]+)\"", tag)
    return found[1] if found else ""


def _tighten(text: str) -> str:
    """HTML without empty and indented lines, which end a block of it; those within pre are kept as signs."""
    pieces = _PRE.split(text)
    pieces[::2] = [re.sub(r"\s*\n\s*", "\n", piece) for piece in pieces[::2]]
    pieces[1::2] = [re.sub(r"\n(?=[ \t]*\n)", "&#10;", piece) for piece in pieces[1::2]]
    return "".join(pieces)
