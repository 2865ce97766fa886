"""``cms target config``: the configuration of a web server or CDN for a site as it was last built."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final, LiteralString

from cms_ssg.edge.inline import Inline
from cms_ssg.edge.policy import describe_files, make_policy
from cms_ssg.edge.state import Edge, load_edge
from cms_ssg.errors import fail
from cms_ssg.paths import object_key
from cms_ssg.publish.open_target import open_target
from cms_ssg.publish.target import Target
from cms_ssg.reporting.progress import Reporter
from cms_ssg.store.open_store import open_store
from cms_ssg.text.counting import count
from cms_ssg.types import Problem

PATHS: Final[LiteralString] = "SELECT path, kind FROM cms.outputs WHERE site = %s AND digest IS NOT NULL ORDER BY path"

READERS: Final = 16
"""Pages read from the target at once: from a bucket each takes its time."""

BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Configuration:
    """text: what to give to the server; problems: what it cannot do, or will keep from working."""

    text: str
    problems: list[Problem]


Writer = Callable[[Edge], tuple[str, list[Problem]]]
"""Makes the text from the site's state, and says what it had to leave out."""


def configure(root: Path, env: str, write: Writer, reporter: Reporter | None = None) -> Configuration:
    """The configuration for the site in root.

    Pages are read from the target, so that the policy is true to what visitors get. Raises CmsError target.not-built.
    """
    with open_store(root, env) as (site, connection, row):
        kinds: dict[str, str] = dict(connection.execute(PATHS, (row.id,)).fetchall())
        paths = list(kinds)
        if not paths:
            raise fail("target.not-built", "nothing is published yet, so there is nothing to configure", hint="Run cms build first.")
        edge = load_edge(connection, site, row.id, row.built_at_clock or datetime.now(UTC), paths)
    target = open_target(site.root, site.settings)
    pages = [path for path in paths if path.endswith(("/", ".html", ".htm")) and path not in edge.redirects]
    files = [path for path in pages if kinds[path] == "file"]
    inline, missing = read_inline(target, [path for path in pages if kinds[path] != "file"], site.origin, reporter or Reporter())
    search = site.settings.search
    policy, problems = make_policy(inline, site.settings.target.headers, runs_wasm=search is not None and search.is_static)
    if files and policy:
        problems += describe_files(read_inline(target, files, site.origin, Reporter())[0], policy)
    if missing:
        said = f"the target lacks {count(len(missing), 'page')}, such as {missing[0]}; what stands there is not in the policy"
        problems.append(Problem("target.unread", "", 0, said, "Run cms build --full where they should be.", "warning"))
    text, left_out = write(replace(edge, policy=policy))
    return Configuration(text, [*problems, *left_out])


def read_inline(target: Target, pages: list[str], origin: str, reporter: Reporter) -> tuple[Inline, list[str]]:
    """What stands in the published pages, and the pages that are not at the target."""
    inline, missing = Inline(), []
    reporter.phase("read", len(pages))
    with ThreadPoolExecutor(READERS) as readers:
        for batch in _batches(pages):
            for path, data in zip(batch, readers.map(lambda path: target.read(object_key(path)), batch), strict=True):
                if data is None:
                    missing.append(path)
                else:
                    inline.add_page(path, data, origin)
            reporter.advance(len(batch))
    return inline, missing


def _batches(paths: list[str]) -> Iterator[list[str]]:
    remaining = iter(paths)
    while batch := list(islice(remaining, BATCH)):
        yield batch
