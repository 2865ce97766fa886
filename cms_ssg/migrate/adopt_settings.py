"""What the settings of an adopted site are made of: its pages, its collections, and the tags that nothing runs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, cast

from cms_ssg.migrate.pages import SourcePage, find_date
from cms_ssg.text.slugs import make_slug
from cms_ssg.types import Json, Problem

THEME: Final = "cms-adopted"


_DAY_IN_PATH: Final = re.compile(r"(?:^|/)\d{4}/\d\d/\d\d(?:/|$)")


PATH_DATE: Final = r"path:(?P<year>\d{4})/(?P<month>\d\d)/(?P<day>\d\d)"


@dataclass(slots=True)
class Source:
    """What is known of the old site. redirects: from addresses of lists; files: what else is written, by path; raw: tags that nothing runs here;
    lists: addresses of lists, whose texts are no pages.
    """

    pages: list[SourcePage]
    settings: dict[str, Json]
    redirects: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    raw: list[Problem] = field(default_factory=list)
    lists: set[str] = field(default_factory=lambda: {"/"})


def is_dated(page: SourcePage) -> bool:
    """Whether a page has a date, in its front matter or in the path that this gives it."""
    return find_date(page) is not None or bool(_DAY_IN_PATH.search(str(page.fields.get("path") or "")))


@dataclass(frozen=True, slots=True)
class Layout:
    """How the content lies. locale: where the language stands; taxonomies: folders with texts of terms; by_name: names of files give dates;
    html: HTML files with front matter are pages.
    """

    content: str
    locale: str = ""
    taxonomies: tuple[str, ...] = ()
    by_name: bool = False
    html: bool = False

    def find_place(self, file: str) -> str:
        """A file's path below the content, and below its language's folder."""
        place = file[len(self.content) + 1 :]
        return place.partition("/")[2] if self.locale == "folder" else place

    def find_top(self, file: str) -> str:
        """The first folder of a page, "" for one that lies in none; its own folder is none."""
        place = self.find_place(file)
        return place.split("/")[0] if "/" in place and not re.search(r"^[^/]+/index(?:\.\w+)?\.\w+$", place) else ""


def make_collections(pages: list[SourcePage], layout: Layout, fields: dict[str, str], urls: Callable[[str], str]) -> list[dict[str, Json]]:
    """Collections for the folders of content: those in which most files have a date hold posts.

    fields: our field -> their key; urls: the pattern of addresses of a folder's posts.
    """
    total: Counter[str] = Counter()
    dated: Counter[str] = Counter()
    by_path = 0
    for page in pages:
        top = layout.find_top(page.file)
        if re.search(r"(?:^|/)_index(?:\.[\w-]+)?\.\w+$", page.file) or layout.find_place(page.file).split("/")[0] in layout.taxonomies:
            continue
        total[top] += 1
        if is_dated(page):
            dated[top] += 1
            by_path += find_date(page) is None
    posts = sorted(top for top, number in total.items() if dated[top] * 2 >= number and number)
    shared: dict[str, Json] = {"fields": fields, **({"locale": layout.locale} if layout.locale else {})}
    date: dict[str, Json] = {"date": PATH_DATE} if by_path * 2 > sum(dated.values()) else {"date": "filename"} if layout.by_name else {}
    folders = [top for top in posts if top]
    above = "/*" if layout.locale == "folder" else ""
    rows: list[dict[str, Json]] = []
    if folders:
        rows.append(
            {
                "name": "sections",
                "path": layout.content,
                "glob": [f"{above}/{top}/_index*.md" for top in folders],
                "type": "term",
                "defaults": {"taxonomy": "section"},
                **_without(shared, "path"),
            }
        )
    rows += [
        {
            "name": _name(top), **_make_folder(pages, layout, top), "exclude": [f"{above}/{top}/_index*.md" if above else "/_index*.md"],
            "type": "post", "url": "/{path}/" if above and "{path}" in urls(top) else urls(top), "defaults": {"section": top}, **date, **shared,
        }
        for top in folders
    ]  # fmt: skip
    left = [f"{above}/_index*.md", *(f"{above}/{top}/**" for top in (*folders, *layout.taxonomies))]
    rest = {"path": layout.content, **_list_globs([page.file[len(layout.content) + 1 :] for page in pages], layout)}
    if "" in posts:
        others = sorted(top for top in total if top and top not in folders)
        rows += [
            {
                "name": _name(top), **_make_folder(pages, layout, top), "type": "page", "url": "/{path}/" if above else f"/{top}/{{path}}/",
                **shared,
            }
            for top in others
        ]  # fmt: skip
        left += [f"{above}/{top}/**" for top in others]
        rows.append({"name": "main", **rest, "exclude": left, "type": "post", "url": "/{path}/", **date, **shared})
    else:
        rows.append({"name": "pages", **rest, "exclude": left, "type": "page", "url": "/{path}/", **shared})
    return rows


def _make_folder(pages: list[SourcePage], layout: Layout, top: str) -> dict[str, Json]:
    """Where the files of one first folder lie: right there, or in the folders of languages around it."""
    if layout.locale == "folder":
        return {"path": layout.content, "glob": [f"/*/{top}/**/*.md", *([f"/*/{top}/**/*.html"] if layout.html else [])]}
    path = f"{layout.content}/{top}"
    return {"path": path, **_list_globs([page.file[len(path) + 1 :] for page in pages if page.file.startswith(f"{path}/")], layout)}


def _list_globs(files: list[str], layout: Layout) -> dict[str, Json]:
    """The globs of a collection, where it has pages of HTML."""
    found = [f"/{file}" for file in files if file.endswith((".html", ".htm"))] if layout.html else []
    return {"glob": ["**/*.md", "**/*.markdown", *found]} if found else {}


def name_last(pages: list[SourcePage], layout: Layout, top: str) -> str:
    """What ends the addresses of a folder's posts: their slug where all of them lie right in it, else their path."""
    inside = [layout.find_place(page.file) for page in pages if layout.find_place(page.file).startswith(f"{top}/")]
    return "slug" if all(re.sub(r"/index(?:\.\w+)?\.\w+$", "", place).count("/") == 1 for place in inside) else "path"


def _without(shared: dict[str, Json], name: str) -> dict[str, Json]:
    return {**shared, "fields": {key: value for key, value in shared["fields"].items() if key != name}}


def _name(top: str) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", top.lower()).strip("-") or "folder"


def leave_out(collections: list[dict[str, Json]], files: list[str]) -> None:
    """Keep files, such as texts that belong to other pages, from being pages."""
    for row in collections:
        inside = [file.removeprefix(str(row["path"])) for file in files if file.startswith(f"{row['path']}/")]
        if inside and row["type"] != "term":
            row["exclude"] = [*cast("list[Json]", row.get("exclude", [])), *inside]


def find_tags(pages: list[SourcePage], pattern: re.Pattern[str], hint: str) -> Iterator[Problem]:
    """Tags in the pages' texts, outside code, that nothing runs here."""
    from cms_ssg.migrate.pages import list_outside_code

    for page in pages:
        for match in list_outside_code(page.body, pattern):
            line = page.line + page.body.count("\n", 0, match.start())
            said = f'"{" ".join(match[0].split())[:60]}" is not run, and would be shown as it is'
            yield Problem("init.raw-tag", page.file, line, said, hint, "warning")


def start_settings(title: Any, base_url: Any, description: Any) -> dict[str, Json]:
    """The first settings of a site that stays where it is."""
    name = str(title or "Untitled site")
    url = str(base_url or "").rstrip("/")
    slug = make_slug(name)[:40]
    return {
        "name": slug if slug and slug.isascii() else "site",
        "title": name,
        "description": " ".join(str(description or "").split()),
        "base_url": url if re.match("https?://[^/]", url) else "http://localhost:8000",
        "target": {"url": "folder:build"},
    }
