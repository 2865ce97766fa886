"""Content and files that several sites share: those below ``content/`` and ``static/`` of a shared folder are each site's that has none of the same name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final, LiteralString

from psycopg import Connection

from cms_ssg.config.defaults import LANGUAGE_NAMES
from cms_ssg.content.collections.rules import Rules, below, find_collection, fold_locale
from cms_ssg.content.read import read_draft
from cms_ssg.content.read_file import MAX_CONTENT_BYTES, read_file
from cms_ssg.content.scan.file_names import find_path_problem, has_ignored_name
from cms_ssg.engine.plain_files import look_at_file
from cms_ssg.engine.shared_stats import SharedStats
from cms_ssg.reads import digest
from cms_ssg.site import Site
from cms_ssg.store import entries as store
from cms_ssg.store.revisions import say_who
from cms_ssg.types import Problem

if TYPE_CHECKING:
    from cms_ssg.engine.options import SyncResult

CONTENT: Final = "content"
STATIC: Final = "static"
KNOWN: Final[LiteralString] = """
SELECT f.path, f.digest, f.size_bytes FROM cms.files f WHERE f.site = %s AND f.path LIKE 'static/%%'
  AND NOT EXISTS (SELECT FROM cms.sources s WHERE s.site = f.site AND s.path = f.path)"""
"""Files that the site's own folder has not: shared ones."""


def sync_shared(
    connection: Connection, site: Site, site_id: int, known: dict[str, tuple[bytes, bool]], result: SyncResult, before: bytes
) -> None:  # fmt: skip
    """Read the shared files that changed, in the caller's transaction; result is added to.

    known: what is stored of them, by file; before: digest of the rules that they were read under. Under other rules all are read again.
    Of several folders the first that has a file is taken. The site's own file of the same name takes its place, also while that is a draft.
    A file that cannot be read leaves what was read of it last.
    """
    seen: set[str] = set()
    stats = SharedStats(site.root)
    drafts: list[store.DraftRow] = []
    reread: set[str] = set()
    for folder in site.settings.shared:
        root = site.root / folder
        if not (root / CONTENT).is_dir():
            said = f"the shared folder {folder} has no folder {CONTENT}"
            result.shared.append(Problem("content.no-shared", "site.toml", 0, said, "Mend the path in shared = [...]."))
            seen |= known.keys()  # a folder that is away for a moment takes no pages down
        for file in _list_files(root, site.rules):
            if file in seen or (site.root / file).exists():
                continue
            seen.add(file)
            row, problems, is_same = _read(site.rules, root, file, known.get(file, (b"", True)), stats, before)
            result.shared += [replace(problem, place=f"{folder}/{file}") for problem in problems]
            if row is not None:
                drafts.append(row)
            if is_same:
                reread.add(file)
    say_who(connection, "", store.SHARED)
    added, changed = store.save_drafts(connection, site_id, drafts, {}, store.SHARED, reread)
    gone = [file for file, (_, is_gone) in known.items() if file not in seen and not is_gone]
    result.added, result.changed = result.added + added, result.changed + changed
    result.removed += store.remove_entries(connection, site_id, gone, store.SHARED)
    say_who(connection, "", "")
    _sync_static(connection, site, site_id, stats, result)
    stats.save()


def _sync_static(connection: Connection, site: Site, site_id: int, stats: SharedStats, result: SyncResult) -> None:
    """Files of the shared folders' static/ that the site has not itself are published as its own are."""
    known = {file: (bytes(digest_), size) for file, digest_, size in connection.execute(KNOWN, (site_id,)).fetchall()}
    rows: list[store.FileRow] = []
    seen: set[str] = set()
    for folder in site.settings.shared:
        root = site.root / folder
        for file in _list_below(root, STATIC):
            if file in seen or (site.root / file).exists():
                continue
            seen.add(file)
            if file in known and stats.find(root / file) == known[file][0]:
                continue
            data = read_file(str(root), file)
            if isinstance(data, Problem):
                result.shared.append(replace(data, place=f"{folder}/{file}"))
                continue
            look = look_at_file(site.rules, file, data)
            result.shared += [replace(problem, place=f"{folder}/{file}") for problem in look.problems]
            if look.verdict != "refused":
                rows.append(store.FileRow(file, "", digest(data), len(data)))
                if not look.problems:
                    stats.note(root / file, digest(data))
            else:
                seen.discard(file)
    result.changed += store.save_files(connection, site_id, rows)
    gone = [file for file in sorted(known.keys() - seen) if not (site.root / file).exists()]
    result.removed += store.delete_files(connection, site_id, gone)


def _list_below(root: Path, top: str) -> Iterator[str]:
    """Files below a folder of a shared one, but hidden ones, in the order of their names."""
    for folder, folders, files in os.walk(root / top):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            file = Path(folder, name).relative_to(root).as_posix()
            if not has_ignored_name(file) and find_path_problem(file) is None:
                yield file


def _list_files(root: Path, rules: Rules) -> Iterator[str]:
    """Files that a collection takes, in the order of their names."""
    for file in _list_below(root, CONTENT):
        if not _is_of_other_language(rules, file) and find_collection(file, rules.collections) is not None:
            yield file


def _is_of_other_language(rules: Rules, file: str) -> bool:
    """Whether a file's name says a language that this site has not: the sites of a group have not all the same ones."""
    rule = find_collection(file, rules.collections)
    if rule is None or rule.locale not in ("suffix", "folder"):
        return False
    inner = below(file, rule.path)
    code = inner.partition("/")[0] if rule.locale == "folder" else inner.rpartition("/")[2].rpartition(".")[0].rpartition(".")[2]
    return fold_locale(code) in LANGUAGE_NAMES and fold_locale(code) not in rules.locale_codes and (rule.locale == "suffix" or "/" in inner)


def _read(
    rules: Rules, root: Path, file: str, known: tuple[bytes, bool], stats: SharedStats, before: bytes
) -> tuple[store.DraftRow | None, tuple[Problem, ...], bool]:
    """A shared file's row, None where it is stored already or cannot be; its problems; whether its text is what was read before."""
    if before == rules.digest and not known[1] and (noted := stats.find(root / file)) is not None and noted == known[0]:
        return None, (), True
    data = read_file(str(root), file, MAX_CONTENT_BYTES)
    if isinstance(data, Problem):
        return None, (data,), False
    made = blake2b(rules.digest + data, digest_size=16).digest()
    if known == (made, False):
        stats.note(root / file, made)
        return None, (), True
    is_same = known == (blake2b(before + data, digest_size=16).digest(), False)
    draft, problems = read_draft(rules, file, data)
    if draft is not None and not problems:
        stats.note(root / file, made)
    return (store.make_row(draft, rules.types[draft.type].dated) if draft is not None else None), problems, is_same
