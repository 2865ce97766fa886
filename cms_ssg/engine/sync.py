"""Bring the store up to date with the files: scan, read, save. An unchanged file costs a stat or less."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from psycopg import Connection

from cms_ssg.content.read_file import MAX_CONTENT_BYTES, read_file
from cms_ssg.content.scan.changed_files import FileState, Scan, is_lfs_pointer, make_blob_id, with_read
from cms_ssg.content.scan.named_files import scan_named
from cms_ssg.content.scan.scan_files import scan_files
from cms_ssg.engine.bundles import find_bundles, rebundle
from cms_ssg.engine.options import SyncResult
from cms_ssg.entries.reread import read_again
from cms_ssg.reads import digest
from cms_ssg.site import Site
from cms_ssg.store import entries as store
from cms_ssg.store.revisions import name_authors
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
    from cms_ssg.content.collections.rules import Rules
    from cms_ssg.content.git.run import GitRun
    from cms_ssg.content.scan.by_walk import WalkRun
    from cms_ssg.engine.plain_files import Verdict

CHUNK = 100
"""Files a worker reads at a time."""

BATCH = 10
"""Chunks saved in one transaction."""

AHEAD = 4 * BATCH
"""Chunks that workers may have read before they are saved: memory follows this, not the site."""


class ReadFile(NamedTuple):
    """One file after reading: a draft's row, or the digest of a file that is copied as it is, or neither.

    is_content: whether a collection takes it, and so which of the two it can be; verdict: on what is copied;
    is_same: its bytes are what was recorded, so that only settings or our code made it be read again.
    """

    file: str
    blob: bytes
    row: store.DraftRow | None
    problems: tuple[Problem, ...]
    is_content: bool
    plain: tuple[bytes, int] | None = None
    verdict: Verdict = "whole"
    is_same: bool = False


def content_folders(site: Site) -> list[str]:
    """The folders a sync looks into."""
    return sorted({c.path for c in site.settings.collection} | {"static"})


def read_chunk(rules: Rules, root: str, files: Sequence[str]) -> list[ReadFile]:
    """Read some files, in this process or a worker's."""
    from cms_ssg.content.collections.rules import find_collection
    from cms_ssg.content.read import read_draft
    from cms_ssg.engine.plain_files import describe_pointer, look_at_file

    results = []
    was_on = gc.isenabled()
    gc.disable()  # the Markdown parser makes thousands of tokens and no cycles worth looking for
    try:
        for file in files:
            is_content = find_collection(file, rules.collections) is not None
            data = read_file(root, file, MAX_CONTENT_BYTES if is_content else None)
            if isinstance(data, Problem):
                results.append(ReadFile(file, b"", None, (data,), is_content))
            elif not is_content:
                look = look_at_file(rules, file, data)
                results.append(ReadFile(file, make_blob_id(data), None, look.problems, is_content, (digest(data), len(data)), look.verdict))
            elif is_lfs_pointer(data):
                results.append(ReadFile(file, make_blob_id(data), None, (describe_pointer(file),), is_content))
            else:
                draft, problems = read_draft(rules, file, data)
                row = store.make_row(draft, rules.types[draft.type].dated) if draft is not None else None
                results.append(ReadFile(file, make_blob_id(data), row, problems, is_content))
    finally:
        if was_on:
            gc.enable()
    return results


@dataclass(frozen=True, slots=True)
class SyncContext:
    """What a sync works with.

    site_id: its number in the store; commit: called where what was saved so far may be kept; between: work to do between two batches;
    pool: gives workers when there is enough to do; progress: called with how many files were read of how many.
    """

    connection: Connection
    site: Site
    site_id: int
    commit: Callable[[], None]
    between: Callable[[], object] | None = None
    pool: Callable[[], Executor] | None = None
    progress: Callable[[int, int], None] | None = None


def sync(
    context: SyncContext, names: Collection[str] | None = None, *,
    started: GitRun | WalkRun | None = None, force: bool = False, skip: Sequence[str] = (),
) -> SyncResult:  # fmt: skip
    """Read what changed and save it.

    names: files to look at, a folder's with a final ``/``, None for all; started, force, skip: as in ``scan_files``.
    Raises CmsError sync.not-descendant.
    """
    connection, site, site_id = context.connection, context.site, context.site_id
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
        other = _save_all(context, rules, scan, changed, known, result)
        scan = with_read(scan, {file: blob for file, blob in other.items() if blob}, [file for file, blob in other.items() if not blob])
    if scan.removed:
        result.removed = store.remove_entries(connection, site_id, scan.removed) + store.delete_files(connection, site_id, scan.removed)
        delete_sources(connection, site_id, scan.removed)
        rebundle(connection, site_id, site.rules, scan.removed)
    if scan.git is not None and (known_git := parse_git_state(state)) is not None and known_git.commit != scan.git.commit:
        name_authors(connection, site_id, _list_authors(site, known_git.commit))
    read_states = set(changed)
    touched = [s for path, s in scan.states.items() if path not in read_states]
    touch_sources(connection, site_id, touched)
    shared = store.list_shared(connection, site_id)
    shares = bool(site.settings.shared) or any(not gone for _, gone in shared.values())
    if shares:
        from cms_ssg.engine.shared import sync_shared

        sync_shared(connection, site, site_id, shared, result, bytes.fromhex(state.get("read_digest", "")))
        result.problems += result.shared
    again, found = read_again(connection, site, site_id, read_digest, context.commit)
    result.changed += again
    result.problems += found
    moved_on = bool(changed or scan.removed or scan.folders or scan.gone_folders or scan.git != parse_git_state(state) or not state)
    if moved_on:
        save_sync_state(connection, site_id, scan, read_digest)
    if moved_on or touched or shares:
        context.commit()
    return result


def _list_authors(site: Site, old: str) -> list[tuple[str, str, str]]:
    """(file, author, commit) of what was committed since the last sync, by the newest commit of each file."""
    from cms_ssg.content.git.log import read_commits

    newest: dict[str, tuple[str, str, str]] = {}
    for one in read_commits(site.root, content_folders(site), old):
        newest.setdefault(one.file, (one.file, one.author, one.commit))
    return list(newest.values())


def _reads_anew(site: Site, state: dict[str, str]) -> bool:
    return state.get("read_digest") != site.rules.digest.hex()


def _save_all(
    context: SyncContext, rules: Rules, scan: Scan, changed: Sequence[str], known: Mapping[str, FileState], result: SyncResult
) -> dict[str, bytes]:
    """Read and save files, a batch a transaction. known: what is recorded of those that the scan says nothing of.

    Returns the blob ids of those that were no longer what the scan saw, b"" for those that could not be read.
    """
    other: dict[str, bytes] = {}
    recorded = {**known, **scan.states}
    differing = set(scan.changed)
    unchanged = {file: state.blob for file, state in recorded.items() if file not in differing}
    moved = moved_rows(context.connection, context.site_id, scan.removed)
    chunks = [changed[i : i + CHUNK] for i in range(0, len(changed), CHUNK)]
    done: list[ReadFile] = []
    for number, files in enumerate(_read_chunks(rules, str(context.site.root), chunks, context.pool)):
        done.extend(f._replace(is_same=f.blob != b"" and unchanged.get(f.file) == f.blob) for f in files)
        if (number + 1) % BATCH == 0 or number + 1 == len(chunks):
            save_batch(context.connection, context.site_id, rules, done, recorded, moved, result)
            context.commit()
            if context.between is not None:
                context.between()
            other.update({f.file: f.blob for f in done if not f.blob or _seen_blob(scan, f.file) not in (None, f.blob)})
            done.clear()
            if context.progress is not None:
                context.progress(result.read, len(changed))
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
    connection: Connection, site_id: int, rules: Rules, files: Iterable[ReadFile], recorded: Mapping[str, FileState],
    moved: dict[bytes, str], result: SyncResult,
) -> None:  # fmt: skip
    """Save what was read of some files, in the caller's transaction; result is added to. recorded: the state of each file.

    A file that settings made content, or content no more, is given up as what it was before, whether it can be read or not.
    """
    files = list(files)
    result.removed += store.remove_entries(connection, site_id, [f.file for f in files if not f.is_content])
    result.removed += store.delete_files(connection, site_id, [f.file for f in files if f.is_content or f.verdict == "refused"])
    drafts = [f.row for f in files if f.row is not None]
    added, changed = store.save_drafts(connection, site_id, drafts, moved, reread={f.file for f in files if f.is_same})
    if added:
        store.hand_over(connection, site_id, [row.file for row in drafts])
    seen = ((f, recorded.get(f.file)) for f in files if f.blob)
    rows = [replace(state, blob=f.blob) for f, state in seen if state is not None]
    rows += [FileState(f.file, 0, 0, 0, 0) for f in files if not f.blob]  # nothing is like it, so it is read again; the problem is kept
    problems = {f.file: f.problems for f in files if f.problems}
    save_sources(connection, site_id, rows, rules.digest, problems)
    plain = [f for f in files if f.plain is not None and f.verdict != "refused"]
    bundles = find_bundles(connection, site_id, rules, [f.file for f in plain])
    copied = {f.file: store.FileRow(f.file, bundles[f.file], *f.plain) for f in plain if f.plain is not None}
    absent = {f.file for f in plain if f.verdict == "absent"}
    result.changed += changed + store.save_files(connection, site_id, list(copied.values()), absent)
    store.set_bundles(connection, site_id, {file: bundles[file] for file in absent})
    rebundle(connection, site_id, rules, [f.file for f in files])
    result.read += len(files)
    result.added += added
    result.problems.extend(p for found in problems.values() for p in found)


def moved_rows(connection: Connection, site_id: int, removed: Sequence[str]) -> dict[bytes, str]:
    """Digests of what was in files that are gone: a new file with one of them was moved."""
    rows = connection.execute(store.EXISTING, (list(removed), site_id, store.FILE)) if removed else ()
    return {bytes(row[2]): row[1] for row in rows if not row[3]}
