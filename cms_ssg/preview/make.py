"""``cms preview``: render a change as a build would, publish it below a prefix that nobody can guess, and note when it goes."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
from psycopg import Connection, OperationalError
from psycopg.types.json import set_json_dumps

from cms_ssg.engine.expired_previews import find_place, forget_expired, forget_previews, open_place
from cms_ssg.engine.place import SPLIT
from cms_ssg.errors import CmsError, fail
from cms_ssg.paths import object_key
from cms_ssg.preview.subject import Subject, open_subject, refuse_nothing
from cms_ssg.publish.headers import PREVIEW
from cms_ssg.publish.target import Object, Writer
from cms_ssg.reads import digest
from cms_ssg.reporting.progress import Reporter
from cms_ssg.site import Site
from cms_ssg.store.clock import read_clock
from cms_ssg.store.open_store import open_store
from cms_ssg.store.previews import ADD, PreviewRow, list_previews
from cms_ssg.store.sites import SiteRow
from cms_ssg.types import Problem

if TYPE_CHECKING:
    from cms_ssg.images.children import Task
    from cms_ssg.preview.render import Previewer, Shown
    from cms_ssg.types import Artifact

TOKEN_BYTES: Final = 20
"""Of chance in a preview's address: 40 characters, without a "-" in front that would look like an option."""

FOLDER: Final = "/_preview"
LOOKS: Final = 3
"""How often images may be looked at before the pages are taken as they are."""


@dataclass(frozen=True, slots=True)
class PreviewOptions:
    """What to show: files, or a branch, or the working tree. expire_after_s, pages: None for what the settings say."""

    files: tuple[str, ...] = ()
    branch: str = ""
    worktree: bool = False
    expire_after_s: int | None = None
    pages: int | None = None
    env: str = ""


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """A page of a preview. path: where the live site would have it."""

    path: str
    url: str


@dataclass(slots=True)
class PreviewResult:
    """What was published. url: of the page to look at first; left_out: pages that the change touches and that were not made."""

    status: str
    token: str
    url: str
    expires_at: datetime
    pages: list[PreviewPage]
    left_out: int = 0
    objects: int = 0
    tries: int = 0
    seconds: float = 0.0
    problems: list[Problem] = field(default_factory=list)


def make_preview(root: Path, options: PreviewOptions, reporter: Reporter | None = None) -> PreviewResult:
    """Publish a preview. The content store, the manifest and the queue stay as they are; one row in cms.previews names the objects.

    Raises CmsError preview.*, and what a target or the database raises.
    """
    started = time.perf_counter()
    with open_for_preview(root, options.env) as (site, connection, row):
        if site.type_problems:
            raise CmsError(*site.type_problems)
        late = forget_expired(connection, row.id, site)
        (reporter or Reporter()).phase("preview")
        with open_subject(site, options, connection, row.id) as subject:
            result = _make(site, connection, row, subject, options)
        result.problems = list(dict.fromkeys([*late, *result.problems]))
        result.status = "partial" if any(problem.severity == "error" for problem in result.problems) else "done"
    result.seconds = round(time.perf_counter() - started, 3)
    return result


def list_all(root: Path, env: str = "") -> tuple[Site, list[PreviewRow]]:
    """The site and its previews, also those that have expired and wait to be removed."""
    with open_for_preview(root, env) as (site, connection, row):
        return site, list_previews(connection, row.id)


def remove(root: Path, tokens: tuple[str, ...], *, expired: bool, env: str = "") -> tuple[list[str], list[Problem]]:
    """Remove previews by their tokens, or those that have expired. Returns their tokens and what could not be removed.

    Raises CmsError preview.unknown for a token that is none.
    """
    with open_for_preview(root, env) as (site, connection, row):
        rows = list_previews(connection, row.id, expired=expired)
        if not expired:
            unknown = [token for token in tokens if token not in {one.token for one in rows}]
            if unknown:
                raise fail("preview.unknown", f"there is no preview {unknown[0]}", hint="`cms previews list` shows those that there are.")
            rows = [one for one in rows if one.token in tokens]
        problems = forget_previews(connection, row.id, site, rows)
        left = {one.token for one in list_previews(connection, row.id)}
    return [one.token for one in rows if one.token not in left], problems


@contextmanager
def open_for_preview(root: Path, env: str) -> Iterator[tuple[Site, Connection, SiteRow]]:
    """The site, a connection and the site's row. Raises CmsError db.lost where the database goes away meanwhile, and as open_store does."""
    set_json_dumps(msgspec.json.Encoder().encode)
    try:
        with open_store(root, env) as opened:
            yield opened
    except OperationalError as error:
        raise fail("db.lost", f"the database stopped answering: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
                   hint="What was recorded stays; run the same command again.") from error  # fmt: skip


def _make(site: Site, connection: Connection, row: SiteRow, subject: Subject, options: PreviewOptions) -> PreviewResult:
    from cms_ssg.engine.surroundings import make_surroundings
    from cms_ssg.preview.render import Previewer

    now, settings = read_clock(connection)[0], site.settings.preview
    previewer = Previewer(
        connection, row, subject, make_surroundings(subject.site, now), now, options.pages if options.pages is not None else settings.pages
    )
    shown = show_with_images(previewer)
    problems = [*previewer.problems, *(one.problem for one in shown.rendered if one.problem is not None)]
    pages = {one.job.path: one.artifact for one in shown.rendered if one.artifact is not None}
    if not pages and not shown.files:
        raise CmsError(*problems, *refuse_nothing(subject).problems) if problems else refuse_nothing(subject)
    token = secrets.token_hex(TOKEN_BYTES)
    objects = _make_objects(previewer, shown, pages, f"{FOLDER}/{token}", problems)
    first = next(iter(pages), None) or shown.files[0].path
    place = find_place(site.root, site.settings.target.url)
    if row.place not in (None, place) or row.place == SPLIT:
        problems.append(Problem("publish.other-place", "site.toml", 0, "pages that the preview links to may be in another checkout's folder",
                                "`cms build --full` puts every page here.", "warning"))  # fmt: skip
    expires_at = connection.execute(ADD, (
        row.id, token, site.settings.target.url, place, subject.name, first, len(pages), [one.key for one in objects],
        options.expire_after_s if options.expire_after_s is not None else settings.expire_after_s,
    )).fetchone()[0]  # type: ignore[index]  # fmt: skip
    writer = Writer(site.settings.store_name, row.writer, 0, conditions=bool(row.conditions))
    outcomes = open_place(site, site.settings.target.url, writer).write_many(objects)
    refused = next((outcome.refused for outcome in outcomes if outcome.refused is not None), None)
    if refused is not None:
        forget_previews(connection, row.id, site, [one for one in list_previews(connection, row.id) if one.token == token])
        raise fail(
            "preview.refused", f"the target does not take the preview: {refused}", hint="Nothing of it is left. Mend that and run it again."
        )
    return PreviewResult(
        "done", token, make_url(site, token, first), expires_at, [PreviewPage(path, make_url(site, token, path)) for path in pages],
        shown.left_out, len(objects), previewer.tries, problems=problems,
    )  # fmt: skip


def make_url(site: Site, token: str, path: str) -> str:
    """Where a path of the live site is in a preview."""
    from cms_ssg.paths import encode_path

    return f"{site.origin}{site.base_path}{FOLDER}/{token}{encode_path(path)}"


def _make_objects(previewer: Previewer, shown: Shown, pages: Mapping[str, Artifact], base: str, problems: list[Problem]) -> list[Object]:
    """All that the preview holds, with links that stay in it."""
    from cms_ssg.preview.rewrite import Rewriter

    found = gather_objects(previewer, shown, pages, problems)
    rewriter = Rewriter(previewer.subject.site, base, {*pages, *found})
    styled = {path: (rewriter.style(path, data) if kind.startswith("text/css") else data, kind) for path, (data, kind) in found.items()}
    styled |= {path: (rewriter.page(path, one.data), one.content_type) for path, one in pages.items()}
    return [
        Object(object_key(f"{base}{path}"), data, kind, PREVIEW, digest(data), None, f"{base}{path}")
        for path, (data, kind) in styled.items()
    ]


def gather_objects(previewer: Previewer, shown: Shown, pages: Collection[str], problems: list[Problem]) -> dict[str, tuple[bytes, str]]:
    """What pages need beside them: files that are new or other, variants of images and assets that are not live."""
    from cms_ssg.engine.files import read_file
    from cms_ssg.render.requests import Job

    site, assets = previewer.subject.site, previewer.around.assets
    jobs = [job for job in shown.files if job.path not in pages]
    jobs += [Job(path, "", {"kind": "asset", "name": name}, 0) for name, path in assets.items() if path not in shown.published]
    found: dict[str, tuple[bytes, str]] = dict(_make_variants(previewer, shown, problems))
    for one in (read_file(site, job) for job in jobs):
        if one.artifact is not None:
            found[one.job.path] = (one.artifact.data, one.artifact.content_type)
        elif one.problem is not None:
            problems.append(one.problem)
    return found


# Images


def show_with_images(previewer: Previewer) -> Shown:
    """The pages, with facts of images that nobody has looked at yet. Looking takes its time, so it is done between two transactions."""
    shown = previewer.show()
    for _ in range(LOOKS):
        if not shown.unlooked:
            break
        from cms_ssg.images.facts import svg_check
        from cms_ssg.images.tasks import make_looks

        site = previewer.subject.site
        tasks = make_looks(str(site.root), {key: site.locate(file) for key, file in shown.unlooked.items()}, svg_check(site.settings))
        for name, _, facts in _work(tasks):
            if facts is not None:
                previewer.facts[name] = msgspec.to_builtins(facts)
        shown = previewer.show()
    return shown


def _make_variants(previewer: Previewer, shown: Shown, problems: list[Problem]) -> Iterator[tuple[str, tuple[bytes, str]]]:
    """Variants of images that the target does not hold."""
    from cms_ssg.preview.render import list_variants

    specs = list_variants(shown)
    if not specs:
        return
    from cms_ssg.engine.image_work import TYPES
    from cms_ssg.images.tasks import make_variants

    site = previewer.subject.site
    tasks = make_variants(str(site.root), specs, {key: site.locate(file) for key, file in shown.sources.items()})
    for path, data, _ in _work(tasks):
        if data is not None:
            yield path, (data, TYPES[specs[path]["format"]])
        else:
            said = f"{path} could not be made; the preview shows a gap there"
            problems.append(
                Problem("preview.image", shown.sources.get(str(specs[path].get("digest")), ""), 0, said, "A build makes it.", "warning")
            )


def _work(tasks: list[list[Task]]) -> Iterator[tuple[str, bytes | None, Any]]:
    from cms_ssg.images.children import Children

    children = Children(os.cpu_count() or 1)
    try:
        for answer in children.work(tasks, lambda: None):
            yield answer.key, answer.data, answer.facts
    finally:
        children.close()
