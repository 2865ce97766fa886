"""``cms why``: for a file, a URL or an output path, which change reached it, by which read, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, LiteralString
from urllib.parse import unquote, urlsplit

from psycopg import Connection

from cms_ssg.content.collections.rules import find_collection
from cms_ssg.content.frontmatter.dates import say_moment
from cms_ssg.content.scan.file_names import has_ignored_name
from cms_ssg.errors import CmsError, UsageError, fail
from cms_ssg.paths import canonical_path, file_path
from cms_ssg.plan.explain import Explanation, explain_paths, list_claims, list_paths_of_file
from cms_ssg.plan.reasons import count_reads, say_reason
from cms_ssg.releases.gone import Removal, describe_reach, list_former_paths, load_former_owner, load_removal
from cms_ssg.site import Site
from cms_ssg.store.clock import read_clock
from cms_ssg.store.open_store import open_store
from cms_ssg.store.sources import list_problems

ENTRY: Final[LiteralString] = """
SELECT status, type, publish_at, expire_at FROM cms.entries WHERE site = %s AND source_key = %s AND removed_at IS NULL"""


@dataclass(frozen=True, slots=True)
class WhyResult:
    """What is known of the outputs a person asked about. text: the same, to read; removed: how the page went that was there."""

    asked: str
    outputs: list[Explanation]
    text: str
    removed: Removal | None = None


def why(root: Path, asked: str, env: str = "", verbose: bool = False) -> WhyResult:
    """Explain a page. asked: a file, URL or path, else a slug or a part of a title; verbose: the text lists all that is read.

    Raises CmsError why.unknown, why.no-page, why.not-built, or what is wrong with the file; UsageError authoring.ambiguous.
    """
    with open_store(root, env) as (site, connection, row):
        try:
            return _explain(connection, site, row.id, asked, verbose)
        except CmsError as error:
            file = _find_by_name(site, asked) if error.problems[0].code == "why.unknown" else ""
            if not file:
                raise
        return _explain(connection, site, row.id, file, verbose)


def _find_by_name(site: Site, asked: str) -> str:
    """The content file of that slug or title, "" where there is none. Raises UsageError authoring.ambiguous."""
    from cms_ssg.authoring.find import find_content

    if "/" in asked:
        return ""
    try:
        return find_content(site, asked).file
    except UsageError as error:
        if error.problems[0].code != "authoring.not-found":
            raise
        return ""


def _explain(connection: Connection, site: Site, site_id: int, asked: str, verbose: bool) -> WhyResult:
    file = _relative(site, asked)
    paths = list_paths_of_file(connection, site_id, file) or list_former_paths(connection, site_id, file) or _paths(site, asked)
    found = sorted(explain_paths(connection, site_id, paths), key=lambda e: site.features.role_of({"kind": e.kind}) == "redirect")
    claims = list_claims(connection, site_id, paths)
    if not found:
        return _explain_nothing(connection, site, site_id, asked, file, paths, bool(claims))
    lost = [f"  also wanted by {key}" for name, _, _, key, wins in claims if not wins]
    return WhyResult(asked, found, "\n\n".join([_describe(e, site, verbose) for e in found] + lost))


def _explain_nothing(
    connection: Connection, site: Site, site_id: int, asked: str, file: str, paths: list[str], is_claimed: bool
) -> WhyResult:
    """How the page went that was there. Raises CmsError where there was none, as far as the store knows."""
    owner = load_former_owner(connection, site_id, paths)
    absence = _explain_absence(connection, site, site_id, owner.file if owner is not None and owner.removed_at is None else file)
    known = ""
    if owner is not None and owner.removed_at is not None:
        known = f"{owner.file} was removed, which was seen at {say_moment(owner.removed_at, site.zone)}"
    elif owner is not None and absence is not None:
        known = f"{owner.file} {absence.problems[0].message}"
    removal = load_removal(connection, site.features, site_id, paths, known)
    if removal is not None and (not is_claimed or removal.back_to is not None):
        return WhyResult(asked, [], _describe_removal(removal, site), removal)
    if absence is not None:
        raise absence
    if is_claimed:
        raise fail("why.not-built", f"{paths[0]} has not been built yet", hint="Run `cms build`, or `cms plan` to see what it would do.")
    raise _make_unknown(site, asked, file, paths, describe_reach(connection, site_id))


def _make_unknown(site: Site, asked: str, file: str, paths: list[str], reach: str) -> CmsError:
    """What was looked for, and what to ask instead. reach: how far back removals are known."""
    place = site.root / file
    if site.root in place.parents and ".." not in place.parts and place.exists():
        what = "folder" if place.is_dir() else "file"
        return fail("why.unknown", f"{asked} is a {what} of the site, but neither content nor a page",
                    hint="Ask for a content file, a URL or a path such as /about/. What a change of it reaches: change it, then `cms plan`.")  # fmt: skip
    looked = f"no page at {' or '.join(paths) or 'such a path'}, no content file {file}"
    return fail("why.unknown", f"nothing is called {asked}: {looked}, and {reach}",
                hint="Give a content file (content/posts/flood.md), a URL or a path (/about/). "
                "For what went earlier ask git: git log --diff-filter=D --name-only")  # fmt: skip


def _explain_absence(connection: Connection, site: Site, site_id: int, file: str) -> CmsError | None:
    """Why a content file has no page; None where nothing is known of such a file, or it should have one."""
    if problems := [p for p in list_problems(connection, site_id) if p.place == file and p.severity == "error"]:
        return CmsError(*problems)
    row = connection.execute(ENTRY, (site_id, file)).fetchone()
    if row is None:
        is_there = (site.root / file).is_file()
        if is_there and has_ignored_name(file):
            return fail(
                "why.no-page", "is not read: hidden files and those that editors leave behind are not", place=file, hint="Rename it."
            )
        if is_there and find_collection(file, site.settings.collection) is not None:
            return fail("why.no-page", "no build has read this file yet", place=file, hint="Run `cms build`.")
        return None
    status, type_name, publish_at, expire_at = row
    if _is_shown_otherwise(site, file, (status, publish_at, expire_at)):
        hint = "Run `cms build`, or `cms plan` to see what it would do."
        return fail("why.no-page", "has no page yet: it was changed since the last build", place=file, hint=hint)
    now, _ = read_clock(connection)
    if status == "draft":
        return fail("why.no-page", "has no page: it is a draft", place=file, hint=f"cms publish {file}")
    if status == "trashed":
        return fail("why.no-page", "has no page: it is in the trash", place=file, hint=f"cms restore {file}")
    if publish_at is not None and expire_at is not None and expire_at <= publish_at:
        said = f"never has a page: it would go out at {say_moment(publish_at, site.zone)} and is over at {say_moment(expire_at, site.zone)}"
        return fail("why.no-page", said, place=file, hint="Mend its publish_at, or its date, or its expire_at.")
    if publish_at is not None and publish_at > now:
        hint = "That is its publish_at, or its date; cms calendar lists what will go out."
        return fail("why.no-page", f"has no page before {say_moment(publish_at, site.zone)}", place=file, hint=hint)
    if expire_at is not None and expire_at <= now:
        return fail("why.no-page", f"has no page since {say_moment(expire_at, site.zone)}", place=file, hint="That is its expire_at.")
    if type_name in site.schemas and not site.schemas[type_name].pages:
        return fail(
            "why.no-page", f"has no page: content of type {type_name} never has", place=file, hint="See x-pages in docs/content.md."
        )
    return None


def _is_shown_otherwise(site: Site, file: str, stored: tuple[str, datetime | None, datetime | None]) -> bool:
    """Whether the file as it is now says another status, or other times of being shown, than the store knows."""
    from cms_ssg.authoring.find import Content
    from cms_ssg.store.entries import make_row

    if not (site.root / file).is_file():
        return False
    try:
        draft = Content(site, file).draft
    except CmsError:  # no build takes it as it is
        return False
    row = make_row(draft, site.schemas[draft.type].dated)
    times = (datetime.fromisoformat(time) if time else None for time in (row.publish_at, row.expire_at))
    return (row.status, *times) != stored


def _relative(site: Site, asked: str) -> str:
    """A file as the store calls it, from the site folder or from where the person stands."""
    path = Path(asked)
    here = path if path.is_absolute() else Path.cwd() / path
    try:
        return here.resolve().relative_to(site.root).as_posix() if here.exists() and here.resolve() != site.root else asked
    except ValueError:
        return asked


def _paths(site: Site, asked: str) -> list[str]:
    path = unquote(urlsplit(asked).path)
    scheme, _, folder = site.settings.target.url.partition(":")
    if scheme == "folder":
        path = path.removeprefix(str(site.root / folder)).removeprefix(folder + "/")
    if site.base_path and path.startswith(site.base_path + "/"):
        path = path[len(site.base_path) :]
    try:
        asked = "/" + path.lstrip("/")
        return list(dict.fromkeys((canonical_path(asked), file_path(asked))))
    except ValueError:
        return []


def _describe(e: Explanation, site: Site, verbose: bool) -> str:
    at = f" at {say_moment(datetime.fromisoformat(e.built_at), site.zone)}" if e.built_at else ""
    lines = [
        f"{e.path}  ({e.kind})",
        f"  {'tried' if e.error else 'made'} by build {e.build}{at}, because: {_say(e.reason, e.kind, verbose)}",
    ]
    if e.error:
        lines.append(f"  failing, its last good version stays: {e.error['message']} [{e.error['code']}]")
    if e.waiting:
        lines.append(f"  will be made again: {_say(e.waiting, e.kind, verbose)}")
    elif not e.error:
        lines.append("  up to date")
    if verbose:
        lines += ["  it reads:", *(f"    {read}" for read in e.reads)]
    elif e.reads:
        lines.append(f"  it depends on {count_reads(e.reads)}; --verbose lists them")
    return "\n".join(lines)


def _say(reason: str, kind: str, verbose: bool) -> str:
    return reason if verbose else say_reason(reason, kind)


def _describe_removal(gone: Removal, site: Site) -> str:
    at = say_moment(datetime.fromisoformat(gone.at), site.zone)
    return (
        f"{gone.path}  ({gone.kind}) is not there any more\n  removed by build {gone.build} at {at}, because: {say_reason(gone.reason, gone.kind)}\n"
        f"  cms releases show {gone.build} lists what else changed"
    )
