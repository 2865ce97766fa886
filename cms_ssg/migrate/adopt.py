"""``cms init --from``: a site.toml for a Hugo, Jekyll or Zola site that stays where it is. Nothing of the source is changed."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cms_ssg.content.read import read_draft
from cms_ssg.errors import fail
from cms_ssg.files.ownership import write_owned
from cms_ssg.migrate.pages import SourcePage, find_date
from cms_ssg.migrate.report import Report
from cms_ssg.site import Site, open_site
from cms_ssg.types import Json, Problem

REDIRECTS: Final = "cms-redirects.csv"
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


@dataclass(slots=True)
class Adopted:
    """What was written. pages: of the old site; moved: how many of them have another address here, with a redirect from the old one."""

    files: list[str]
    pages: int
    moved: int
    problems: list[Problem]


def adopt(kind: str, root: Path) -> Adopted:
    """Write a site.toml into the folder of an old site, and redirects for the addresses that its rules do not give.

    kind: hugo, jekyll or zola. Raises CmsError init.has-site where there is one, migrate.no-source, data.unreadable, init.unwritable.
    """
    from cms_ssg.migrate.adopt_sources import SOURCES

    if (root / "site.toml").exists():
        raise fail(
            "init.has-site", "is there already", place=str(root / "site.toml"), hint="Remove it, and it is made anew; or mend it by hand."
        )
    report = Report(sqlite3.connect(":memory:"))
    source = SOURCES[kind](root, report)
    for name, text in source.files.items():
        _write(root / name, text)
    _write(root / "site.toml", _dump(source.settings))
    try:
        site = open_site(root, {})
        moved, problems = _compare(site, root, source)
        redirects = {**source.redirects, **moved}
        if redirects:
            _write(root / REDIRECTS, "from,to\n" + "".join(f"{_cell(old)},{_cell(new)}\n" for old, new in sorted(redirects.items())))
            source.settings["redirect_files"] = [REDIRECTS]
            _write(root / "site.toml", _dump(source.settings))
    except BaseException:
        (root / "site.toml").unlink(missing_ok=True)
        raise
    notes = [
        Problem("init.left-out", place, line, f"{what} {fate}: {detail}", severity="warning")
        for place, line, what, detail, fate in report.list_notes()
    ]
    files = ["site.toml", *source.files, *([REDIRECTS] if redirects else [])]
    return Adopted(files, len(source.pages), len(moved), [*problems, *notes, *source.raw])


def _compare(site: Site, root: Path, source: Source) -> tuple[dict[str, str], list[Problem]]:
    """Redirects from old addresses to those that the rules give, and pages that have no address by them."""
    problems: list[Problem] = []
    new: set[str] = set()
    by_old: dict[str, str] = {}
    for page in source.pages:
        if page.address in source.lists:
            continue
        draft, found = read_draft(site.rules, page.file, (root / page.file).read_bytes())
        if draft is None:
            by_old.setdefault(page.address, "/")
            errors = [problem for problem in found if problem.severity == "error"]
            said = f"is no page here: {errors[0].message}" if errors else "is no page here: no collection takes it"
            problems.append(Problem("init.left-out", page.file, errors[0].line if errors else 0, said, severity="warning"))
            continue
        if draft.status != "published" or draft.type == "term":
            continue
        path = site.entry_path(draft.collection, draft.type, draft.locale, draft.file, draft.fields)
        new.add(path)
        if page.address and page.address.rstrip("/") != path.rstrip("/"):
            by_old.setdefault(page.address, path)
    moved = {old: path for old, path in by_old.items() if old not in ("", "/") and not new.intersection((old, f"{old.rstrip('/')}/"))}
    return moved, problems


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


def _dump(settings: dict[str, Json]) -> str:
    import tomlkit

    order = sorted(
        settings,
        key=lambda name: (
            isinstance(settings[name], dict)
            or (isinstance(settings[name], list) and bool(settings[name]) and isinstance(settings[name][0], dict))
        ),
    )
    return "# Made by cms init from the site's own settings. Every key is described in docs/configuration.md.\n" + tomlkit.dumps(
        {name: settings[name] for name in order}
    )


def _write(path: Path, text: str) -> None:
    try:
        write_owned(path, text.encode())
    except OSError as error:
        raise fail("init.unwritable", f"cannot be written: {error.strerror}", place=str(path)) from None


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if set(text) & set('",\n') else text
