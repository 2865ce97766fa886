"""After a build, at the edge: ask for the pages that matter, note when they are fresh, purge once more; and purges by hand."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, LiteralString
from urllib.parse import unquote

from cms_ssg.engine.options import BuildOptions, BuildResult
from cms_ssg.engine.purging import Purger
from cms_ssg.errors import CmsError, UsageError, fail
from cms_ssg.paths import canonical_path
from cms_ssg.publish.cdn import Address, Cdn, CdnError, Clock
from cms_ssg.publish.compress import ENCODINGS, unpack
from cms_ssg.publish.open_cdn import open_cdn
from cms_ssg.publish.request import send_request
from cms_ssg.publish.tags import entry_tag
from cms_ssg.reads import digest as make_digest
from cms_ssg.reporting.progress import Reporter
from cms_ssg.site import Site, open_site
from cms_ssg.store.connect import connect, database_url
from cms_ssg.store.migrate import migrate
from cms_ssg.store.purges import load_purge_state
from cms_ssg.store.receipts import Page, add_receipts, list_not_fresh, list_pages_to_ask, save_fresh
from cms_ssg.store.sites import ensure_site
from cms_ssg.types import Problem

AT_ONCE, TIMEOUT_S, BUDGET_S = 4, 10.0, 15.0
"""Requests to the edge at a time, how long one may take, and after how long no more is sent."""

ASKED_AGAIN_S = (1.0, 2.0)
"""A page that is not fresh yet is asked for again after so long: a purge takes a moment to reach every place of an edge."""


HOPE_S = 600.0
"""A page that is not fresh so long after its purge is not asked for any more."""


@contextmanager
def _open_purger(site: Site, clock: Clock) -> Iterator[Purger]:
    with connect(database_url(site.root, site.settings.database_url, os.environ), autocommit=True) as connection:
        migrate(connection)
        yield Purger(connection, ensure_site(connection, site.settings.store_name).id, site.settings, clock=clock)


def finish_at_edge(site: Site, options: BuildOptions, result: BuildResult, reporter: Reporter, clock: Clock | None = None) -> None:
    """What a build that purged something does once others may build: preload, receipts and, if it is to wait, the second purge."""
    if result.purge_began_at is None and not (options.wait and result.purge_again_at):
        return
    clock = clock or Clock()
    with _open_purger(site, clock) as purger:
        if result.purge_began_at is not None and site.settings.cdn.preload:
            pages = list_pages_to_ask(purger.connection, purger.site, site.features, result.purge_began_at, site.settings.cdn.preload)
            if pages:
                add_receipts(purger.connection, purger.site, result.build_id, pages)
            reporter.phase("preload", len(pages))
            _note_fresh(purger, clock, ASKED_AGAIN_S if options.wait else ())
        if options.wait and result.purge_again_at is not None:
            reporter.phase("second purge")
            purger.sleep((result.purge_again_at - clock.now()).total_seconds())
            purger.send()
            result.purge_again_at = purger.find_second()
            result.problems += [*purger.problems, *_describe_stale(_note_fresh(purger, clock, ASKED_AGAIN_S))]
            if purger.problems:
                result.status = "partial"


def _note_fresh(purger: Purger, clock: Clock, again_s: Sequence[float]) -> list[Page]:
    """Ask for pages that were not fresh when they were last asked for, those of builds shortly before too. Returns those that still are not.

    again_s: how long to wait before each further try.
    """
    since, until = clock.now() - timedelta(seconds=HOPE_S), clock.now() + timedelta(seconds=BUDGET_S)
    address = Address.of(purger.settings.base_url)
    for wait_s in (0.0, *again_s):
        pages = list_not_fresh(purger.connection, purger.site, since)
        if not pages or clock.now() >= until:
            return pages
        clock.sleep(wait_s)
        save_fresh(purger.connection, purger.site, since, ask_edge(address, pages, until, clock, purger.settings.target.compress))
    return list_not_fresh(purger.connection, purger.site, since)


def ask_edge(address: Address, pages: Sequence[Page], until: datetime, clock: Clock, stored: str = "") -> dict[Page, datetime]:
    """Request pages as a visitor does, a few at a time. Returns when those that are the new ones came.

    stored: [target] compress, since an edge may send to everybody what it was given.
    """
    accepted = ", ".join(dict.fromkeys(("gzip", ENCODINGS.get(stored, "gzip"))))

    def ask(page: Page) -> datetime | None:
        if clock.now() >= until:
            return None
        headers = {"User-Agent": "cms_ssg preload", "Accept-Encoding": accepted, "Accept": "text/html,*/*"}
        try:
            answer = send_request("GET", address.url(page.path), headers, timeout_s=TIMEOUT_S)
            body = unpack(answer.headers.get("content-encoding", ""), answer.body)
        except (CdnError, CmsError):  # it is asked again, or has no receipt
            return None
        return clock.now() if answer.status in (200, 404) and page.digest in (make_digest(body), make_digest(answer.body)) else None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        came = pool.map(ask, pages)
        return {page: at for page, at in zip(pages, came, strict=True) if at is not None}


def _describe_stale(stale: Sequence[Page]) -> Iterator[Problem]:
    if stale:
        shown = ", ".join(page.path for page in stale[:5]) + (" …" if len(stale) > 5 else "")
        hint = "It may need longer, change pages on their way (minify), or not be reached at base_url. See docs/cdn.md."
        yield Problem(
            "cdn.stale", "", 0, f"{len(stale):,} of the pages that were purged are not answered as they are now: {shown}", hint, "warning"
        )


@dataclass(slots=True)
class PurgeResult:
    """What a purge by hand did. pages: paths; everything: the whole site; purged: how many were taken; waiting: pages still in the queue."""

    status: str = "done"
    pages: list[str] = field(default_factory=list)
    everything: bool = False
    purged: int = 0
    waiting: int = 0
    problems: list[Problem] = field(default_factory=list)


def purge(
    root: Path, addresses: Sequence[str], everything: bool = False, dry_run: bool = False, env: str = "", shows: str = ""
) -> PurgeResult:
    """Purge pages by hand, or the whole site, or, where neither is named, what waits.

    shows: a content file; every page that shows something of it is purged. Raises CmsError cdn.none, cdn.other-site, cdn.failed, why.unknown.
    """
    site = open_site(root, os.environ, env)
    if site.settings.cdn.kind == "null":
        raise fail("cdn.none", "this site has no CDN", place="site.toml", hint="[cdn] names one: docs/cdn.md.")
    if everything and addresses:
        raise UsageError(Problem("cli.usage", "", 0, "--all and addresses cannot both be given", "cms purge --help explains."))
    result = PurgeResult(pages=[_find_path(site, address) for address in addresses], everything=everything)
    with _open_purger(site, Clock()) as purger:
        entry = _list_readers(purger, shows, result) if shows else 0
        if result.pages or everything:
            if not dry_run:
                _purge_named(purger, site, result, entry)
        elif dry_run:
            rows = purger.connection.execute("SELECT path FROM cms.purges WHERE site = %s ORDER BY turn, phase, path", (purger.site,))
            result.pages = [row[0] for row in rows]
        else:
            result.status = "done" if purger.send() else "partial"
            result.purged, result.problems = purger.purged, purger.problems
        state = load_purge_state(purger.connection, purger.site)
        result.waiting = state.first + state.second
    if result.problems:
        result.status = "partial"
    return result


READERS: Final[LiteralString] = """
SELECT e.id, o.path FROM cms.entries e CROSS JOIN LATERAL unnest(ARRAY[e.id * 4, e.id * 4 + 1, e.id * 4 + 2]) AS k(key)
CROSS JOIN LATERAL (SELECT path FROM cms.outputs o WHERE o.reads @> ARRAY[k.key] AND o.site = %(site)s) o
WHERE e.site = %(site)s AND e.source = 'file' AND e.source_key = %(file)s ORDER BY o.path"""


def _list_readers(purger: Purger, file: str, result: PurgeResult) -> int:
    """Name the pages that show an entry. Returns its id. Raises CmsError why.unknown."""
    rows = purger.connection.execute(READERS, {"site": purger.site, "file": file}).fetchall()
    if not rows:
        raise fail("why.unknown", f"no page shows {file}", hint="Give a content file, relative to the site: content/posts/flood.md.")
    result.pages = list(dict.fromkeys([*result.pages, *(path for _, path in rows)]))
    return int(rows[0][0])


def _purge_named(purger: Purger, site: Site, result: PurgeResult, entry: int) -> None:
    cdn: Cdn | None = open_cdn(site.settings, os.environ)
    assert cdn is not None
    try:
        if result.everything:
            purger.call(lambda: cdn.purge_folders(["/"]))
        if entry and site.settings.cdn.tags:  # also what the store does not know of, such as pages of a build that was taken back
            purger.call(lambda: cdn.purge_tags([entry_tag(entry)]))
        for start in range(0, len(result.pages), cdn.pages_a_call):
            batch = result.pages[start : start + cdn.pages_a_call]
            purger.call(lambda batch=batch: cdn.purge_pages(batch))  # type: ignore[misc]
            result.purged += len(batch)
    except CdnError as error:
        raise fail("cdn.failed", f"the CDN did not take it: {error}", hint="Run it again when that is mended.") from None


def _find_path(site: Site, address: str) -> str:
    """A page's path from its URL or path. Raises CmsError cdn.other-site."""
    base = site.settings.base_url
    path = address.removeprefix(base) if address == base or address.startswith(base + "/") else address
    try:
        if not path.startswith("/") and path:
            raise ValueError(path)
        return canonical_path(unquote(path) or "/")
    except ValueError:
        raise fail(
            "cdn.other-site", f"{address} is no address of {base}", hint="Give a URL below base_url, or a path such as /about/."
        ) from None
