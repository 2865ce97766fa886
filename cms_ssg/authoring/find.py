"""Finds the content file that a person means by a path, a URL, a slug or a part of a title."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from cms_ssg.config.settings import Collection
from cms_ssg.content.collections.rules import find_collection
from cms_ssg.content.frontmatter.parse import parse_front_matter
from cms_ssg.errors import CmsError, UsageError
from cms_ssg.paths import canonical_path
from cms_ssg.site import Site
from cms_ssg.types import Draft, Json, Problem

MAX_CANDIDATES = 10
HEAD_BYTES = 4096
"""Titles and slugs stand near the top; reading no further keeps a search of 100,000 files to seconds."""

_NAMES = ("title", "slug", "name")
_HEADING = re.compile(rb"^#[ \t]+(.+?)[ \t]*#*\r?$", re.MULTILINE)


@dataclass(frozen=True)
class Content:
    """One content file. file: relative to the site's folder, posix."""

    site: Site
    file: str

    @property
    def place(self) -> Path:
        """Where the file lies."""
        return self.site.root / self.file

    @cached_property
    def rule(self) -> Collection:
        """The collection it belongs to."""
        rule = find_collection(self.file, self.site.settings.collection)
        if rule is None:
            folders = ", ".join(rule.path for rule in self.site.settings.collection)
            raise UsageError(Problem("authoring.no-content", self.file, 0, "belongs to no collection", f"Content lies in {folders}."))
        return rule

    @cached_property
    def draft(self) -> Draft:
        """The file as it is read for a build. Raises CmsError with the file's problems."""
        from cms_ssg.content.read import read_draft

        draft, problems = read_draft(self.site.rules, self.file, read_bytes(self.place, self.file))
        if draft is None:
            raise CmsError(*(problem for problem in problems if problem.severity == "error"))
        return draft

    @cached_property
    def path(self) -> str:
        """The path of its page, "" for a type without pages."""
        draft = self.draft
        if draft.type not in self.site.schemas or not self.site.schemas[draft.type].pages:
            return ""
        try:
            return canonical_path(self.site.entry_path(draft.collection, draft.type, draft.locale, draft.file, draft.fields))
        except ValueError:
            return ""


def read_fields(content: Content) -> dict[str, Json]:
    """The front matter as the file gives it. Raises CmsError authoring.unreadable."""
    return parse_front_matter(read_bytes(content.place, content.file), content.file, content.site.rules.front_matter_bytes).fields


def read_bytes(path: Path, file: str) -> bytes:
    """The bytes of a content file. Raises CmsError authoring.unreadable."""
    try:
        if path.is_symlink():
            raise OSError(0, "it is a symbolic link")
        return path.read_bytes()
    except OSError as error:
        raise CmsError(Problem("authoring.unreadable", file, 0, f"cannot be read: {error.strerror}")) from None


def find_content(site: Site, what: str) -> Content:
    """The one file meant by what: a path, a URL or its path, a slug, a part of a title.

    Raises UsageError authoring.not-found or authoring.ambiguous, which lists the candidates.
    """
    if not what.strip() or "\0" in what:
        raise UsageError(Problem("authoring.not-found", "", 0, "nothing was named", "Name a file, a URL, a slug or a part of the title."))
    if file := _find_file(site, what):
        return Content(site, file)
    files = list_content(site)
    if _is_url(site, what):
        found = _find_by_url(site, what, files)
    else:
        names = {file: list(_list_names(site, file)) for file in files}
        found = _find_by_slug(site, what, names) or _find_by_title(what, names)
    if len(found) == 1:
        return Content(site, found[0])
    if not found:
        hint = "Name a file, a URL, a slug or a part of the title."
        raise UsageError(Problem("authoring.not-found", "", 0, f'no content is called "{what}"', hint))
    listed = "\n  ".join(found[:MAX_CANDIDATES]) + (f"\n  … and {len(found) - MAX_CANDIDATES} more" if len(found) > MAX_CANDIDATES else "")
    raise UsageError(Problem("authoring.ambiguous", "", 0, f'{len(found)} files could be "{what}"', f"Name one of them:\n  {listed}"))


def list_content(site: Site) -> list[str]:
    """All content files of the site, sorted."""
    roots = {rule.path.strip("/") for rule in site.settings.collection}
    tops = [root for root in sorted(roots) if not any(root != other and f"{root}/".startswith(f"{other}/") for other in roots)]
    found: set[str] = set()
    for top in tops:
        for folder, folders, files in os.walk(site.root / top):
            folders[:] = [name for name in folders if not name.startswith(".") and name not in ("node_modules", "build")]
            base = os.path.relpath(folder, site.root).replace(os.sep, "/")
            prefix = "" if base == "." else f"{base}/"
            found.update(f"{prefix}{name}" for name in files if find_collection(f"{prefix}{name}", site.settings.collection))
    return sorted(found)


def _find_file(site: Site, what: str) -> str:
    """The file of that path, seen from here or from the site's folder; "" if there is none that is content."""
    for base in (Path.cwd(), site.root):
        path = Path(os.path.normpath(base / what))
        if path.is_file() and path.is_relative_to(site.root):
            file = path.relative_to(site.root).as_posix()
            if find_collection(file, site.settings.collection):
                return file
    return ""


def _is_url(site: Site, what: str) -> bool:
    return what.startswith(("/", "http://", "https://", site.settings.base_url))


def _find_by_url(site: Site, what: str, files: Iterable[str]) -> list[str]:
    """Files whose page has this path; those that do not say the last name of it anywhere are not read."""
    path = re.sub(r"[?#].*", "", what.removeprefix(site.settings.base_url))
    path = re.sub(r"^https?://[^/]*", "", path) or "/"
    last = path.strip("/").rpartition("/")[2].removesuffix(".html").casefold()
    found = []
    for file in files:
        names = {part.casefold() for part in Path(file).with_suffix("").parts}
        if last and not any(last in name or name.endswith(last) for name in names) and last.encode() not in _read_head(site, file).lower():
            continue
        try:
            if Content(site, file).path.rstrip("/") == path.rstrip("/"):
                found.append(file)
        except CmsError:
            continue
    return found


Names = Mapping[str, Sequence[tuple[str, str]]]
"""File -> (title, slug or name; its value) as _list_names reads them."""


def _find_by_slug(site: Site, what: str, names: Names) -> list[str]:
    """Files of this name, with or without folders and suffix, or with this slug."""
    rules, wanted = site.rules, what.strip().casefold()
    found = []
    for file, given in names.items():
        rule = find_collection(file, site.settings.collection)
        if (
            ("slug", wanted) in given
            or file.casefold().endswith(f"/{wanted}")
            or (rule is not None and rules.read_place(rule, file).stem.casefold() == wanted)
        ):
            found.append(file)
    return found


def _find_by_title(what: str, names: Names) -> list[str]:
    """Files whose title is this, else those whose title holds it."""
    wanted = " ".join(what.casefold().split())
    titles = [(file, " ".join(value.split())) for file, given in names.items() for key, value in given if key != "slug"]
    exact = list(dict.fromkeys(file for file, title in titles if title == wanted))
    return exact or list(dict.fromkeys(file for file, title in titles if wanted in title))


def _list_names(site: Site, file: str) -> Iterator[tuple[str, str]]:
    """(title, slug or name; its value folded) as the top of the file says, without parsing it."""
    head = _read_head(site, file)
    rule = find_collection(file, site.settings.collection)
    own = {rule.fields.get(name, "").rpartition(".")[2]: name for name in _NAMES} if rule is not None else {}
    words = {**{name: name for name in _NAMES}, **{key: name for key, name in own.items() if key}}
    titled = False
    for word, value in _find_named(tuple(words)).findall(head):
        key = words[word.decode()]
        text = value.decode("utf-8", "replace").strip()
        if len(text) > 1 and text[0] in "\"'" and text[-1] == text[0]:
            text = text[1:-1]
        titled = titled or key == "title"
        yield key, text.casefold()
    if not titled and (heading := _HEADING.search(head)):
        yield "title", heading[1].decode("utf-8", "replace").casefold()


@cache
def _find_named(keys: tuple[str, ...]) -> re.Pattern[bytes]:
    """Lines that give one of the keys, in any dialect."""
    return re.compile(
        rb"""^[ \t]*["']?(%s)["']?[ \t]*[:=][ \t]*(.+?)[ \t]*,?\r?$""" % b"|".join(re.escape(key.encode()) for key in keys), re.MULTILINE
    )


def _read_head(site: Site, file: str) -> bytes:
    try:
        with (site.root / file).open("rb") as opened:
            return opened.read(HEAD_BYTES)
    except OSError:
        return b""
