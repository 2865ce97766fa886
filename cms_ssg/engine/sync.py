"""Bring the store up to date with the files: scan, read, save. An unchanged file costs a stat or less."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from psycopg import Connection

from cms_ssg.content.read_file import MAX_CONTENT_BYTES, read_file
from cms_ssg.content.scan import FileState, Scan, make_blob_id, scan_files, with_read
from cms_ssg.content.scan_named import scan_named
from cms_ssg.content.scan_names import show_path
from cms_ssg.entries.reread import read_again
from cms_ssg.paths import file_path
from cms_ssg.reads import digest
from cms_ssg.site import Site
from cms_ssg.store import entries as store
from cms_ssg.store.sources import (
    SourceRecords,
    delete_sources,
    load_sync_state,
    parse_git_state,
    save_sources,
    save_sync_state,
    touch_sources,
)
from cms_ssg.types import Problem

if TYPE_CHECKING:
    from cms_ssg.content.collections import Rules
    from cms_ssg.content.git_run import GitRun
    from cms_ssg.content.scan_walk import WalkRun

CHUNK = 100
"""Files a worker reads at a time."""

BATCH = 10
"""Chunks saved in one transaction."""

AHEAD = 4 * BATCH
"""Chunks that workers may have read before they are saved: memory follows this, not the site."""

INDEX_NAMES = ("index.md", "index.mdx", "index.markdown")


@dataclass(slots=True)
class SyncResult:
    """What a sync did. problems: of the files read now, and of the scan."""

    read: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    problems: list[Problem] = field(default_factory=list)


class ReadFile(NamedTuple):
    """One file after reading: a draft's row, or the digest of a file that is copied as it is, or neither."""

    file: str
    blob: bytes
    row: store.DraftRow | None
    problems: tuple[Problem, ...]
    plain: tuple[bytes, int] | None = None


def content_folders(site: Site) -> list[str]:
    """The folders a sync looks into."""
    return sorted({c.path for c in site.settings.collection} | {"static"})


def read_chunk(rules: Rules, root: str, files: Sequence[str]) -> list[ReadFile]:
    """Read some files, in this process or a worker's."""
    from cms_ssg.content.collections import find_collection
    from cms_ssg.content.read import read_draft

    results = []
    was_on = gc.isenabled()
    gc.disable()  # the Markdown parser makes thousands of tokens and no cycles worth looking for
    try:
        for file in files:
            plain = find_collection(file, rules.collections) is None
            data = read_file(root, file, None if plain else MAX_CONTENT_BYTES)
            if isinstance(data, Problem):
                results.append(ReadFile(file, b"", None, (data,)))
            elif plain:
                results.append(ReadFile(file, make_blob_id(data), None, _doubt_name(file), (digest(data), len(data))))
            else:
                draft, problems = read_draft(rules, file, data)
                row = store.make_row(draft, rules.types[draft.type].months) if draft is not None else None
                results.append(ReadFile(file, make_blob_id(data), row, problems))
    finally:
        if was_on:
            gc.enable()
    return results


def _doubt_name(file: str) -> tuple[Problem, ...]:
    """A warning where only the case of its ending keeps a file from being content, or its name from being published as it is."""
    ending = file.rpartition(".")[2]
    try:
        file_path("/" + (file.removeprefix("static/") if file.startswith("static/") else file.rpartition("/")[2]))
    except ValueError as error:
        return (Problem("scan.name", show_path(file), 0, f"it is not published: {error}", "Rename it.", "warning"),)
    if file.startswith("static/") or ending == ending.lower() or ending.lower() not in ("md", "mdx", "markdown"):
        return ()
    return (
        Problem(
            "content.ending", file, 0, "it is not read as content", f'Rename it: endings are small letters, ".{ending.lower()}".', "warning"
        ),
    )


def sync(
    connection: Connection, site: Site, site_id: int, *, commit: Callable[[], None], force: bool = False, skip: Sequence[str] = (),
    started: GitRun | WalkRun | None = None, pool: Callable[[], Executor] | None = None, progress: Callable[[int, int], None] | None = None,
    between: Callable[[], object] | None = None,
    names: Collection[str] | None = None,
) -> SyncResult:  # fmt: skip
    """Read what changed and save it.

    commit: called where what was saved so far may be kept; between: work to do between two batches;
    pool: gives workers when there is enough to do; names: files to look
    at, a folder's with a final ``/``, None for all.
    Raises CmsError sync.not-descendant.
    """
    records = SourceRecords(connection, site_id)
    state = load_sync_state(connection, site_id)
    scan = (
        scan_named(site.root, content_folders(site), records, parse_git_state(state), names, skip=skip)
        if names is not None and state
        else None
    )
    if scan is None:
        scan = scan_files(site.root, content_folders(site), records, parse_git_state(state), force=force, skip=skip, started=started)
    rules = site.rules if scan.changed or not state or _reads_anew(site, state) else None
    result = SyncResult(problems=list(scan.problems))
    read_digest = bytes.fromhex(state["read_digest"]) if rules is None else rules.digest
    changed = scan.changed
    if rules is not None:
        gone = set(scan.removed)
        changed = sorted({*changed, *(f for f in records.list_old_readings(rules.digest) if f not in gone)})
        known = dict(records.load_files([f for f in changed if f not in scan.states]))
        other = _save_all(connection, site, site_id, rules, scan, changed, known, result, commit, pool, progress, between)
        scan = with_read(scan, {file: blob for file, blob in other.items() if blob}, [file for file, blob in other.items() if not blob])
    if scan.removed:
        result.removed = store.remove_entries(connection, site_id, scan.removed) + store.delete_files(connection, site_id, scan.removed)
        delete_sources(connection, site_id, scan.removed)
        rebundle(connection, site_id, scan.removed)
    read_states = set(changed)
    touch_sources(connection, site_id, [s for path, s in scan.states.items() if path not in read_states])
    again, found = read_again(connection, site, site_id, read_digest, commit)
    result.changed += again
    result.problems += found
    if changed or scan.removed or scan.folders or scan.gone_folders or scan.git != parse_git_state(state) or not state:
        save_sync_state(connection, site_id, scan, read_digest)
    commit()
    return result


def _reads_anew(site: Site, state: dict[str, str]) -> bool:
    return state.get("read_digest") != site.rules.digest.hex()


def _save_all(
    connection: Connection, site: Site, site_id: int, rules: Rules, scan: Scan, changed: Sequence[str], known: dict[str, FileState],
    result: SyncResult, commit: Callable[[], None], pool: Callable[[], Executor] | None,
    progress: Callable[[int, int], None] | None, between: Callable[[], object] | None,
) -> dict[str, bytes]:  # fmt: skip
    """Read and save files, a batch a transaction.

    Returns the blob ids of those that were no longer what the scan saw, b"" for those that could not be read.
    """
    other: dict[str, bytes] = {}
    moved = moved_rows(connection, site_id, scan.removed)
    chunks = [changed[i : i + CHUNK] for i in range(0, len(changed), CHUNK)]
    done: list[ReadFile] = []
    for number, files in enumerate(_read_chunks(rules, str(site.root), chunks, pool)):
        done.extend(files)
        if (number + 1) % BATCH == 0 or number + 1 == len(chunks):
            save_batch(connection, site_id, done, scan, known, rules.digest, moved, result)
            commit()
            if between is not None:
                between()
            other.update({f.file: f.blob for f in done if not f.blob or _seen_blob(scan, f.file) not in (None, f.blob)})
            done.clear()
            if progress is not None:
                progress(result.read, len(changed))
    return other


def _seen_blob(scan: Scan, file: str) -> bytes | None:
    state = scan.states.get(file)
    return state.blob if state is not None else None


def _read_chunks(rules: Rules, root: str, chunks: Sequence[Sequence[str]], pool: Callable[[], Executor] | None) -> Iterator[list[ReadFile]]:
    if pool is None or len(chunks) < 3:
        for files in chunks:
            yield read_chunk(rules, root, files)
        return
    from cms_ssg.engine.pool import take_result

    workers, ahead = pool(), deque[Future[list[ReadFile]]]()
    waiting = iter(chunks)
    ahead.extend(workers.submit(_read_in_worker, files) for files in islice(waiting, AHEAD))
    while ahead:
        found = take_result(ahead.popleft())
        ahead.extend(workers.submit(_read_in_worker, files) for files in islice(waiting, 1))
        yield found


def _read_in_worker(files: Sequence[str]) -> list[ReadFile]:
    from cms_ssg.engine.pool import worker_site

    site = worker_site()
    return read_chunk(site.rules, str(site.root), files)


def save_batch(
    connection: Connection, site_id: int, files: Iterable[ReadFile], scan: Scan, known: dict[str, FileState], read_digest: bytes,
    moved: dict[bytes, str], result: SyncResult,
) -> None:  # fmt: skip
    """Save what was read of some files, in the caller's transaction; result is added to. scan, known: what is recorded of each file."""
    files = list(files)
    drafts = [f.row for f in files if f.row is not None]
    added, changed = store.save_drafts(connection, site_id, drafts, moved)
    candidates = {c for f in files if f.plain is not None for c in _bundle_candidates(f.file)}
    indexes = [f.file for f in files if f.row is not None and f.file.rpartition("/")[2] in INDEX_NAMES]
    bundles = store.list_bundles(connection, site_id, sorted(candidates))
    plain = [store.FileRow(f.file, _bundle_of(f.file, bundles), *f.plain) for f in files if f.plain is not None]
    result.changed += changed + store.save_files(connection, site_id, plain)
    rebundle(connection, site_id, indexes)
    seen = ((f, scan.states.get(f.file) or known.get(f.file)) for f in files if f.blob)
    rows = [replace(state, blob=f.blob) for f, state in seen if state is not None]
    rows += [FileState(f.file, 0, 0, 0, 0) for f in files if not f.blob]  # nothing is like it, so it is read again; the problem is kept
    problems = {f.file: f.problems for f in files if f.problems}
    save_sources(connection, site_id, rows, read_digest, problems)
    result.read += len(files)
    result.added += added
    result.problems.extend(p for found in problems.values() for p in found)


def moved_rows(connection: Connection, site_id: int, removed: Sequence[str]) -> dict[bytes, str]:
    """Digests of what was in files that are gone: a new file with one of them was moved."""
    rows = connection.execute(store.EXISTING, (list(removed), site_id)) if removed else ()
    return {bytes(row[2]): row[1] for row in rows if not row[3]}


def _bundle_candidates(file: str) -> Iterator[str]:
    folder = file.rpartition("/")[0]
    while "/" in folder:
        for name in INDEX_NAMES:
            yield f"{folder}/{name}"
        folder = folder.rpartition("/")[0]


def _bundle_of(file: str, bundles: set[str]) -> str:
    return next((candidate for candidate in _bundle_candidates(file) if candidate in bundles), "")


def rebundle(connection: Connection, site_id: int, indexes: Sequence[str]) -> None:
    """Index files came or went: say anew what the files below them belong to."""
    folders = sorted({f.rpartition("/")[0] for f in indexes if f.rpartition("/")[2] in INDEX_NAMES})
    files = store.list_files_below(connection, site_id, folders)
    bundles = store.list_bundles(connection, site_id, sorted({c for f in files for c in _bundle_candidates(f)}))
    store.set_bundles(connection, site_id, {f: _bundle_of(f, bundles) for f in files})
