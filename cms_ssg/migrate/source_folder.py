"""A folder of another generator whose pages are Markdown: read by the rules of its generator, moved by the rules here."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cms_ssg.errors import fail
from cms_ssg.migrate.folder import NewSite, clean_address
from cms_ssg.migrate.pages import MARKDOWN, SourcePage, as_table, list_words, make_fields, replace_outside_code
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Json

TEXTS: Final = (*MARKDOWN, ".mdx")
CODE: Final = (
    ".js",
    ".jsx",
    ".ts",
    ".tsx",
    ".mjs",
    ".cjs",
    ".astro",
    ".vue",
    ".svelte",
    ".css",
    ".scss",
    ".sass",
    ".less",
    ".njk",
    ".liquid",
    ".hbs",
    ".webc",
    ".ejs",
    ".pug",
)
_TARGET: Final = re.compile(r"(\]\(\s*<?|^[ ]{0,3}\[[^\]\n]+\]:[ \t]*<?|\b(?:href|src)=[\"'])([^)\s<>\"']+)", re.MULTILINE)
_COMMENT: Final = re.compile(r"(\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)|//[^\n]*|/\*.*?\*/", re.DOTALL)
_SCHEME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//|#|\?")

Note = Callable[[str, int, str, str], None]
"""Called with the kind of what is left out, a line, a detail and its fate."""


@dataclass(slots=True)
class FolderPage:
    """A page of the old site. locale: "" for the only one; key: what all its translations share; section: that of a post.

    is_list: it is the text of a section's list, whose name is section.
    """

    page: SourcePage
    is_post: bool = False
    locale: str = ""
    key: str = ""
    section: str = ""
    is_list: bool = False


@dataclass(slots=True)
class FolderSource:
    """What a generator's rules made of a folder.

    settings: of the new site; files: file below the root -> its path in the new site; redirects: from other addresses; home: where the
    list of posts is; convert: a page's text without the generator's own markup; roots: what the beginning of a link to a file stands for;
    terms: fields that are taxonomies; inside: folder of the old site whose files lie right in content/;
    twins: folder of a translation -> the folder that it translates and what the addresses of pages without a translation begin with.
    """

    root: Path
    settings: dict[str, Json]
    pages: list[FolderPage] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    home: str = "/"
    convert: Callable[[FolderPage, Note], str] = lambda page, note: page.page.body
    roots: dict[str, str] = field(default_factory=dict)
    terms: list[str] = field(default_factory=list)
    inside: str = ""
    twins: dict[str, tuple[str, str]] = field(default_factory=dict)


class Links:
    """Addresses of pages by the names that texts have for them."""

    def __init__(self, source: FolderSource) -> None:
        self._files = {one.page.file: one.page.address for one in source.pages}
        self._addresses = {one.page.address.rstrip("/"): one.page.address for one in source.pages if one.page.address}
        self._roots, self._twins = source.roots, source.twins
        self._base = re.sub(r"https?://[^/]*", "", str(source.settings.get("base_url") or "")).rstrip("/")

    def rewrite(self, body: str, page: SourcePage, note: Note) -> str:
        """The text with its links to files and pages as addresses."""

        def change(found: re.Match[str]) -> str:
            target = self.find(found[2], page)
            if target is None:
                line = page.line + body.count("\n", 0, max(0, body.find(found[0])))
                note("references", line, found[2], "kept as written")
            return found[1] + (target if target is not None else found[2])

        return replace_outside_code(body, _TARGET, change)

    def find(self, target: str, page: SourcePage) -> str | None:
        """The new target of a link, None for one to a file of Markdown that is no page."""
        target = target.removeprefix("pathname://")
        for begin, folder in self._roots.items():
            if target.startswith(begin):
                target = f"/{folder}{target[len(begin) :]}"
                break
        else:
            if _SCHEME.match(target):
                return target
        path, sign, fragment = target.partition("#")
        tail = f"{sign}{fragment}"
        if path.startswith(("/static/", "/public/")):
            return f"/{path.split('/', 2)[2]}{tail}"
        if path.startswith(f"{self._base}/") and self._base:
            path = path[len(self._base) :]
        file = posixpath.normpath(posixpath.join(posixpath.dirname(page.file), path)) if not path.startswith("/") else path[1:]
        if file in self._files:
            return f"{self._files[file]}{tail}"
        for folder, (original, prefix) in self._twins.items():
            if file.startswith(f"{folder}/") and (other := self._files.get(original + file[len(folder) :])):
                return f"{prefix}{other}{tail}"
        if path.lower().endswith(TEXTS):
            return None
        near = (
            [path]
            if path.startswith("/")
            else [posixpath.join(posixpath.dirname(page.address.rstrip("/")), path), posixpath.join(page.address, path)]
        )
        for one in near:
            if (found := self._addresses.get(posixpath.normpath(one).rstrip("/"))) is not None:
                return f"{found}{tail}"
        return f"{path}{tail}"


def move_folder(source: FolderSource, site: NewSite, progress: Callable[[int], None]) -> None:
    """Write a site. Raises CmsError migrate.unwritable."""
    for file, target in source.files.items():
        site.copy(source.root / file, target)
        site.made["files"] += 1
    links = Links(source)
    written: dict[str, bool] = {}
    for one in source.pages:
        _write_page(source, one, links, site, written)
        progress(1)
    for old, new in source.redirects.items():
        site.redirect(old, new)
    types = make_types(written)
    collection: dict[str, Json] = {"name": "content", "path": "content", "type": "page", "url": "/{path}/"}
    if types:
        collection["types"] = types
    lists = [{"name": "terms", "path": "content-terms", "type": "term"}] if any(one.is_list for one in source.pages) else []
    source.settings["collection"] = [*source.settings.get("collection", []), *lists, collection]
    if len(source.settings.get("locales") or []) > 1:
        source.settings["content_locale"] = "field:locale"
    if source.home != "/":
        source.settings["home"] = {"url": source.home}
    site.finish(source.settings)


def _write_page(source: FolderSource, one: FolderPage, links: Links, site: NewSite, written: dict[str, bool]) -> None:
    page = one.page

    def note(kind: str, line: int, detail: str, fate: str) -> None:
        site.report.note(page.file, line, kind, detail, fate)

    if page.address == "/404.html":
        note("pages for what is not there", page.line, "a template of the theme makes it here: 404.html", "left out")
        return
    body = links.rewrite(source.convert(one, note), page, note)
    fields = make_fields(page, site)
    for name in source.terms:
        if name not in fields and page.fields.get(name):
            fields[name] = list_words(page.fields[name])
            fields.get("metadata", {}).pop(name, None)
    image = fields.get("image")
    if isinstance(image, str) and not _SCHEME.match(image):
        file = posixpath.normpath(posixpath.join(posixpath.dirname(page.file), image))
        beside = re.search(r"(?:^|/)index\.\w+$", page.file) and posixpath.dirname(file) == posixpath.dirname(page.file)
        if file in source.files and not beside:
            fields["image"] = f"/{source.files[file].partition('/')[2]}"
        elif not beside:
            fields["image"] = links.find(image, page)
    hidden = next((key for key in ("unlisted", "hidden") if page.fields.get(key) is True), "")
    if hidden:
        note(
            "pages that are in no list",
            0,
            str(page.fields.get("title") or page.address),
            "kept as drafts" if one.is_post else "kept out of search engines",
        )
        fields["draft" if one.is_post else "noindex"] = True
    stem = posixpath.splitext(page.file)[0]
    name = posixpath.basename(stem)
    title = fields.pop("title", None)
    if not title and not re.match(r"\s*# ", body):
        title = (posixpath.basename(posixpath.dirname(stem)) if name.lower() in ("index", "_index", "readme") else name).replace(
            "-", " "
        ) or "Home"
    language: dict[str, Json] = {"locale": one.locale or None, "translation_key": one.key or None}
    if one.is_list:
        target = site.choose_name(f"content-terms/section/{one.section}.md", page.file)
        term = {
            "title": title,
            "slug": one.section,
            "taxonomy": "section",
            **language,
            "excerpt": fields.get("excerpt"),
            "aliases": fields.get("aliases"),
        }
        site.write_entry(target, term, body)
        site.made["texts of lists"] += 1
        return
    target = site.choose_name(f"content/{stem.removeprefix(source.inside)}.md", page.file)
    if one.is_post and one.section:
        fields["section"] = one.section
    site.write_entry(target, {"title": title, "path": page.address or None, **language, **fields}, body)
    written[target.removeprefix("content/")] = one.is_post
    site.made["posts" if one.is_post else "pages"] += 1


def make_types(written: dict[str, bool]) -> dict[str, str]:
    """Globs of the files that are posts; a folder in which every file is one is named once. written: path below content -> whether it is one."""
    found: dict[str, str] = {}
    for folder in sorted({posixpath.dirname(path) for path, is_post in written.items() if is_post}):
        inside = {path: is_post for path, is_post in written.items() if posixpath.dirname(path) == folder}
        if all(inside.values()):
            found[f"/{folder}/*.md" if folder else "/*.md"] = "post"
        else:
            found |= {f"/{path}": "post" for path, is_post in inside.items() if is_post}
    return found


def start_settings(title: Any, base_url: Any, description: Any = "") -> dict[str, Json]:
    """The first settings of a site: its name, title, description and address."""
    name, url = " ".join(str(title or "Untitled site").split()), str(base_url or "").rstrip("/")
    slug = make_slug(name)[:40]
    return {
        "name": slug if slug and slug.isascii() else "site", "title": name, "description": " ".join(str(description or "").split()),
        "base_url": url if re.match("https?://[^/]", url) else "http://localhost:8000",
    }  # fmt: skip


def strip_comments(text: str) -> str:
    """JavaScript without its comments; what stands in texts, such as patterns of files, is none."""
    return _COMMENT.sub(lambda found: found[1] or "", text)


def find_config(root: Path, names: Sequence[str], system: str, named: str) -> str:
    """The first of these configuration files that is there. named: what the hint says such a site has. Raises CmsError migrate.no-source."""
    found = next((name for name in names if (root / name).is_file()), "")
    if not found:
        raise fail("migrate.no-source", f"is no {system} site", place=str(root), hint=f"It has {named}.")
    return found


def find_value(text: str, *names: str) -> str:
    """The first text that a configuration in JavaScript gives one of these names, "" where it gives none."""
    for name in names:
        if found := re.search(rf"(?<![\w.]){name}[\"']?\s*:\s*(?:\"([^\"\n]*)\"|'([^'\n]*)'|`([^`$]*)`)", text):
            return next(value for value in found.groups() if value is not None)
    return ""


def find_names(text: str, name: str) -> list[str]:
    """The texts of a list that a configuration in JavaScript gives a name."""
    found = re.search(rf"(?<![\w.]){name}\s*:\s*\[([^\]]*)\]", text)
    return re.findall(r"[\"']([\w-]+)[\"']", found[1]) if found else []


def read_text(path: Path) -> str:
    """A file's text, "" where there is none or it cannot be read."""
    try:
        return path.read_text("utf-8", "replace") if path.stat().st_size < 5_000_000 else ""
    except OSError:
        return ""


def write_authors(rows: dict[str, Any], site: NewSite) -> None:
    """Author files from a table of people: key -> name, url, image."""
    for key, row in rows.items():
        person = as_table(row)
        slug = make_slug(str(key))
        if slug and person:
            image = person.get("image_url") or person.get("imageURL") or person.get("picture") or person.get("avatar")
            fields: dict[str, Json] = {
                "title": str(person.get("name") or key), "slug": slug, "bio": str(person.get("description") or person.get("title") or person.get("bio") or ""),
                "url": person.get("url") if isinstance(person.get("url"), str) else None, "avatar": image if isinstance(image, str) else None,
            }  # fmt: skip
            site.write_entry(f"content-people/{slug}.md", fields, "")
            site.made["people"] += 1


def list_terms(pages: list[FolderPage], name: str) -> list[str]:
    """The terms that pages name in a field."""
    return sorted({word for one in pages for word in list_words(one.page.fields.get(name) or []) if word})


def join_address(*parts: str) -> str:
    """An address from its parts, "" where they make none."""
    return clean_address("/" + "/".join(part.strip("/") for part in parts if part.strip("/")) + "/")
