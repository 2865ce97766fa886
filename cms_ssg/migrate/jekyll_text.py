"""The bodies of a Jekyll site as plain Markdown: Liquid run, kramdown's own marks taken away, and named."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from cms_ssg.migrate.jekyll_config import POST_NAME, JekyllConfig, list_categories
from cms_ssg.migrate.pages import SourcePage, find_date, list_words, replace_outside_code

QUIET: Final = frozenset("seo feed_meta csrf_meta_tags".split())
_TAG: Final = re.compile(r"\{%-?\s*([\w-]+)([^%]*(?:%(?!\})[^%]*)*)%\}")
_RAW: Final = re.compile(r"\{%-?\s*raw\s*-?%\}.*?\{%-?\s*endraw\s*-?%\}", re.DOTALL)
_ATTRIBUTES: Final = re.compile(r"[ \t]*\{:(?!:)([^{}\n]*)\}")
_EXTENSION: Final = re.compile(r"\{::(/?)(\w*)[^{}\n]*/?\}")
_LEFT: Final = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_LOOKS_RUN: Final = ("{{", "{%")
_BLOCK_ENDS: Final = frozenset(
    "else elsif when endif endfor endunless endcase endcapture endcomment endraw endhighlight endtablerow break continue".split()
)
_OWN: Final = frozenset(
    "assign capture case comment cycle decrement echo for if ifchanged include include_cached include_relative increment liquid raw render tablerow unless highlight post_url link"
    " break continue doc".split()
)

Note = Callable[[str, int, str, str, str], None]


class JekyllText:
    """Runs the Liquid of bodies. note: told file, line, kind, detail and fate of what is left out."""

    def __init__(self, base: Path, config: JekyllConfig, pages: list[tuple[str, SourcePage]], data: dict[str, Any], note: Note) -> None:
        from cms_ssg.migrate.liquid import make_environment

        self._note = note
        self._addresses: dict[str, str] = {}
        shown: dict[str, list[dict[str, Any]]] = {"posts": [], "pages": []}
        folder = str(config.values.get("collections_dir") or "").strip("/")
        self._values: dict[str, dict[str, Any]] = {}
        for kind, page in pages:
            value = _make_value(page)
            self._values[page.file] = value
            self._addresses[page.file] = page.address
            if page.file.startswith(f"{folder}/"):
                self._addresses.setdefault(page.file[len(folder) + 1 :], page.address)
            if kind == "posts":
                name = posixpath.splitext(page.file.replace("_posts/", ""))[0]
                self._addresses.setdefault(f"post:{name}", page.address)
                self._addresses.setdefault(f"post:{posixpath.basename(name)}", page.address)
            if kind != "drafts" and page.fields.get("published") is not False:
                shown.setdefault(kind, []).append(value)
        shown["posts"].sort(key=lambda value: str(value.get("date") or ""), reverse=True)
        site: dict[str, Any] = {**config.values, **shown, "data": data, "baseurl": "", "url": "", "html_pages": shown["pages"]}
        for name, words in (("tags", "tags"), ("categories", "categories")):
            site[name] = _group(shown["posts"], words)
        site["related_posts"] = shown["posts"][:10]
        self._file = ""
        includes = str(config.values.get("includes_dir") or "_includes")
        self._env = make_environment(
            base / includes, {"site": site, "jekyll": {"version": "4", "environment": "production"}}, self._find_link
        )

    def run(self, page: SourcePage) -> str:
        """The body of a page with its Liquid run."""
        self._file = page.file
        body = page.body
        if page.fields.get("render_with_liquid") is not False and any(mark in body for mark in _LOOKS_RUN):
            body = self._run_liquid(page, self._drop_unknown(page))
        return self._drop_kramdown(body, page) if not page.file.endswith((".html", ".htm")) else body

    def _find_link(self, tag: str, name: str) -> str:
        name = name.strip("/")
        found = self._addresses.get(f"post:{name}" if tag == "post_url" else name)
        if found is None and tag == "link":
            return f"/{name}"  # a static file
        if found is None:
            self._note(self._file, 0, "references", f"{tag} {name} names nothing", "left empty")
        return found or ""

    def _drop_unknown(self, page: SourcePage) -> str:
        """The body without the tags of plugins, each of which is noted."""
        raw = [match.span() for match in _RAW.finditer(page.body)]

        def drop(match: re.Match[str]) -> str:
            name = match[1]
            if name in _OWN or name in _BLOCK_ENDS or any(begin <= match.start() < end for begin, end in raw):
                return match[0]
            if name not in QUIET and not name.startswith("end"):
                line = page.line + page.body.count("\n", 0, match.start())
                if name in ("gist", "youtube", "vimeo", "twitter", "tweet"):
                    url = _find_url(name, match[2].strip().strip("\"'"))
                    self._note(page.file, line, "embeds", url, "kept as links")
                    return f"[{url}](<{url}>)"
                self._note(page.file, line, "tags of plugins", match[0], "left out")
            return ""

        return _TAG.sub(drop, page.body)

    def _run_liquid(self, page: SourcePage, body: str) -> str:
        from liquid.exceptions import LiquidError

        try:
            text = self._env.from_string(body).render(page=self._values[page.file])
        except (LiquidError, ValueError, TypeError, AttributeError, KeyError, IndexError, OverflowError, RecursionError) as error:
            self._note(
                page.file, page.line, "Liquid that does not run", f"{type(error).__name__}: {error}", "left out; the text around it stays"
            )
            self._env.take_errors()
            text = _LEFT.sub("", _TAG.sub("", body))
        errors = self._env.take_errors()
        if errors and not text.strip():
            text = _LEFT.sub("", _TAG.sub("", body))  # a tag that never ends takes all with it
        for token, message in errors:
            line = page.line + body.count("\n", 0, token.start_index) if token is not None and token.source == body else page.line
            self._note(page.file, line, "Liquid that does not run", message, "left out")
        return text

    def _drop_kramdown(self, body: str, page: SourcePage) -> str:
        """Kramdown's attribute lists and extensions; ids of headings stay."""

        def drop(match: re.Match[str]) -> str:
            words = match[1].strip()
            heading = re.search(r"^#{1,6} [^\n]*$", match.string[: match.start()].rpartition("\n\n")[2]) is not None
            number = re.fullmatch(r"#([\w-]+)", words)
            if number and match.string[max(0, match.string.rfind("\n", 0, match.start())) : match.start()].strip().startswith("#"):
                return f" {{#{number[1]}}}"
            if words and words != "toc" and not heading:
                line = page.line + body.count("\n", 0, max(0, body.find(match[0])))
                self._note(page.file, line, "attributes of kramdown", match[0].strip(), "left out")
            return ""

        body = replace_outside_code(
            body, re.compile(r"^[*+-] (?:TOC|toc|Table of [Cc]ontents)[^\n]*\n\{:toc\}[ \t]*\n?", re.MULTILINE), lambda match: ""
        )
        body = replace_outside_code(body, _ATTRIBUTES, drop)
        body = replace_outside_code(body, _EXTENSION, lambda match: "")
        return re.sub(r"^[ \t]*<!--\s*more\s*-->[ \t]*\n?", "", body, flags=re.MULTILINE)


def _make_value(page: SourcePage) -> dict[str, Any]:
    """What templates see of a page."""
    date = find_date(page)
    named = POST_NAME.fullmatch(posixpath.splitext(posixpath.basename(page.file))[0])
    return {
        **page.fields,
        "url": page.address,
        "path": page.file,
        "name": posixpath.basename(page.file),
        "id": page.address.rstrip("/"),
        "slug": page.fields.get("slug") or (named[2] if named else None),
        "date": date,
        "categories": list_categories(page),
        "tags": list_words(page.fields.get("tags") or []),
        "excerpt": page.fields.get("excerpt") or page.body.split("\n\n", 1)[0],
        "content": page.body,
    }


def _group(posts: list[dict[str, Any]], words: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for post in posts:
        for word in post[words]:
            found.setdefault(word, []).append(post)
    return found


def _find_url(name: str, number: str) -> str:
    if number.startswith("http"):
        return number
    return {"gist": "https://gist.github.com/", "youtube": "https://www.youtube.com/watch?v=", "vimeo": "https://vimeo.com/"}.get(
        name, "https://x.com/i/status/"
    ) + number
