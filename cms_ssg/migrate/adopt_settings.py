"""What the settings of an adopted site are made of: its pages, its collections, and the tags that nothing runs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from cms_ssg.migrate.pages import SourcePage, find_date
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


def make_collections(
    pages: list[SourcePage], content: str, fields: dict[str, str], urls: Callable[[str], str], locale: str, taxonomies: tuple[str, ...] = ()
) -> list[dict[str, Json]]:
    """Collections for the folders of content: those in which most files have a date hold posts.

    fields: our field -> their key; urls: the pattern of addresses of a folder's posts; locale: where the language stands;
    taxonomies: folders with texts of terms.
    """
    total: Counter[str] = Counter()
    dated: Counter[str] = Counter()
    by_path = 0
    for page in pages:
        place = page.file[len(content) + 1 :]
        if re.search(r"(?:^|/)_index(?:\.\w+)?\.\w+$", place):
            continue
        if place.split("/")[0] in taxonomies:
            continue
        top = place.split("/")[0] if "/" in place and not re.search(r"^[^/]+/index(?:\.\w+)?\.\w+$", place) else ""
        total[top] += 1
        if is_dated(page):
            dated[top] += 1
            by_path += find_date(page) is None
    posts = sorted(top for top, number in total.items() if dated[top] * 2 >= number and number)
    shared: dict[str, Json] = {"fields": fields, **({"locale": locale} if locale else {})}
    date: dict[str, Json] = {"date": PATH_DATE} if by_path * 2 > sum(dated.values()) else {}
    folders = [top for top in posts if top]
    rows: list[dict[str, Json]] = []
    if folders:
        globs = [f"/{top}/_index*.md" for top in folders]
        rows.append(
            {
                "name": "sections",
                "path": content,
                "glob": globs,
                "type": "term",
                "defaults": {"taxonomy": "section"},
                **_without(shared, "path"),
            }
        )
    rows += [
        {
            "name": _name(top), "path": f"{content}/{top}", "exclude": ["_index*.md"], "type": "post", "url": urls(top), "defaults": {"section": top},
            **date, **shared,
        }
        for top in folders
    ]  # fmt: skip
    rest = {"path": content, "exclude": ["/_index*.md", *(f"/{top}/**" for top in (*folders, *taxonomies))]}
    if "" in posts:
        others = sorted(top for top in total if top and top not in folders)
        rows += [{"name": _name(top), "path": f"{content}/{top}", "type": "page", "url": f"/{top}/{{path}}/", **shared} for top in others]
        rest["exclude"] = [*rest["exclude"], *(f"/{top}/**" for top in others)]
        rows.append({"name": "main", **rest, "type": "post", "url": "/{path}/", **date, **shared})
    else:
        rows.append({"name": "pages", **rest, "type": "page", "url": "/{path}/", **shared})
    return rows


def name_last(pages: list[SourcePage], content: str, top: str) -> str:
    """What ends the addresses of a folder's posts: their slug where all of them lie right in it, else their path."""
    inside = [page.file[len(content) + len(top) + 2 :] for page in pages if page.file.startswith(f"{content}/{top}/")]
    return "slug" if all("/" not in re.sub(r"/index(?:\.\w+)?\.\w+$", "", place) for place in inside) else "path"


def _without(shared: dict[str, Json], name: str) -> dict[str, Json]:
    return {**shared, "fields": {key: value for key, value in shared["fields"].items() if key != name}}


def _name(top: str) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", top.lower()).strip("-") or "folder"


def find_tags(pages: list[SourcePage], pattern: re.Pattern[str], hint: str) -> Iterator[Problem]:
    """Tags in the pages' texts, outside code, that nothing runs here."""
    from cms_ssg.migrate.pages import list_outside_code

    for page in pages:
        for match in list_outside_code(page.body, pattern):
            line = page.line + page.body.count("\n", 0, match.start())
            said = f'"{" ".join(match[0].split())[:60]}" is not run, and would be shown as it is'
            yield Problem("init.raw-tag", page.file, line, said, hint, "warning")
