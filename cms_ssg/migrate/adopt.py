"""``cms init --from``: a site.toml for a Hugo, Jekyll or Zola site that stays where it is. Nothing of the source is changed."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cms_ssg.content.collections.rules import MARKDOWN_SUFFIXES
from cms_ssg.content.read import read_draft
from cms_ssg.content.url_patterns import find_other_extension
from cms_ssg.errors import fail
from cms_ssg.files.ownership import write_owned
from cms_ssg.migrate.adopt_settings import Source
from cms_ssg.migrate.adopt_sources import SOURCES
from cms_ssg.migrate.pages import list_source_files
from cms_ssg.migrate.report import Report
from cms_ssg.site import Site, open_site
from cms_ssg.types import Json, Problem

REDIRECTS: Final = "cms-redirects.csv"


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
        own = {f"/{rule.index.strip('/')}/" for rule in site.settings.taxonomies.values()}
        redirects = {old: new for old, new in {**source.redirects, **moved}.items() if old not in own}
        files = {old: new for old, new in redirects.items() if find_other_extension(old)}
        rows = "".join(f"{_cell(old)},{_cell(new)}\n" for old, new in sorted(redirects.items()) if old not in files)
        if rows:
            _write(root / REDIRECTS, f"from,to\n{rows}")
            source.settings["redirect_files"] = [REDIRECTS]
        if files:
            source.settings["redirects"] = files
        if redirects:
            _write(root / "site.toml", _dump(source.settings))
    except BaseException:
        (root / "site.toml").unlink(missing_ok=True)
        raise
    notes = [
        Problem("init.left-out", place, line, f"{what} {fate}: {detail}", severity="warning")
        for place, line, what, detail, fate in report.list_notes()
    ]
    written = ["site.toml", *source.files, *([REDIRECTS] if rows else [])]
    return Adopted(written, len(source.pages), len(moved), [*problems, *notes, *source.raw])


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
        known = {*(f"/{alias.strip('/')}" for alias in draft.fields.get("aliases") or ()), path.rstrip("/")}
        for address in (page.address, *page.aliases):
            if address and address.rstrip("/") not in known:
                by_old.setdefault(address, path)
        if page.address and page.address.rstrip("/") != path.rstrip("/") and re.search(r"/index(?:\.[\w-]+)?\.\w+$", page.file):
            for file in list_source_files((root / page.file).parent):
                if not file.endswith(MARKDOWN_SUFFIXES):
                    by_old.setdefault(f"{page.address.rstrip('/')}/{file}", f"{path.rstrip('/')}/{file}")
    homes = {"", *(f"{site.prefix(code)}/" for code in site.locales)}
    moved = {old: path for old, path in by_old.items() if old not in homes and not new.intersection((old, f"{old.rstrip('/')}/"))}
    return moved, problems


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
