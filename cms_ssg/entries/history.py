"""What became of entries: their log, the difference of two versions, going back to one, and taking back an act."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from psycopg import Connection

from cms_ssg.content.git.log import read_commits
from cms_ssg.entries.edit import find_any, refuse_shared
from cms_ssg.entries.front_matter import list_folders
from cms_ssg.entries.rebuild import load_version, take_back
from cms_ssg.entries.save import Entries
from cms_ssg.entries.values import Changes, EntryInput, Saved
from cms_ssg.errors import UsageError
from cms_ssg.site import Site
from cms_ssg.store.entries import OF_FILES
from cms_ssg.store.revisions import (
    ActRow,
    RevisionRow,
    add_act,
    find_standing,
    list_acts,
    list_of_act,
    list_of_site,
    list_revisions,
    list_since,
    mark_undone,
)
from cms_ssg.store.texts import StoredEntry, find_by_files, load_entries
from cms_ssg.types import Json, Problem

BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class LogItem:
    """A change of an entry. version: 0 for a commit that is older than the store; fields: names of what changed; commit: "" for none."""

    number: int
    file: str
    version: int
    at: datetime
    author: str
    origin: str
    what: str
    fields: tuple[str, ...] = ()
    act: int = 0


@dataclass(slots=True)
class Undone:
    """What taking back an act came to. conflicts: entries whose later changes touch the same, and so stay as they are, with what differs."""

    act: int
    restored: list[int] = field(default_factory=list)
    conflicts: dict[int, list[Problem]] = field(default_factory=dict)


def read_log(connection: Connection, site: Site, site_id: int, what: str, most: int = 50) -> list[LogItem]:
    """The changes of one entry, the newest first: its revisions, and for a file's entry the commits that came before them. Raises CmsError."""
    entry = find_stored(connection, site, site_id, what)
    items = [_describe(row) for row in list_revisions(connection, site_id, entry.id, most)] if entry.id else []
    root = next((folder for folder in list_folders(site, entry) if (folder / entry.file).is_file()), None)
    if root is not None:
        known = {item.origin for item in items}
        commits = read_commits(root, [entry.file], most=most)
        items += [
            LogItem(entry.id, one.file, 0, one.at, one.author, f"git:{one.commit}", one.title)
            for one in commits
            if f"git:{one.commit}" not in known
        ]
    return items[:most]


def read_site_log(connection: Connection, site_id: int, author: str = "", most: int = 50) -> list[LogItem]:
    """The newest changes of all entries. author: only those of this one."""
    return [_describe(row) for row in list_of_site(connection, site_id, author, most)]


def find_stored(connection: Connection, site: Site, site_id: int, what: str) -> StoredEntry:
    """The entry meant by what with its number in the store, also where it is a file's. Raises CmsError."""
    entry = find_any(connection, site, site_id, what)
    if not entry.id and (rows := find_by_files(connection, site_id, [entry.file])):
        return load_entries(connection, site_id, [rows[0][1]])[0]
    return entry


def compare_versions(connection: Connection, site_id: int, entry: StoredEntry, old: int, new: int = 0) -> Changes:
    """What differs between two versions of an entry. new: 0 for the present one; old: 0 for the one before it. Raises UsageError entry.no-version.

    The body of a file's entry is given as two digests.
    """
    new = new or entry.version
    one, two = _load(connection, site_id, entry, old or max(1, new - 1)), _load(connection, site_id, entry, new)
    changes: Changes = {
        name: [one.fields.get(name), two.fields.get(name)]
        for name in {**one.fields, **two.fields}
        if one.fields.get(name) != two.fields.get(name)
    }
    for name, before, after in (
        ("body", one.markdown, two.markdown), ("status", _say_status(one), _say_status(two)), ("locale", one.locale, two.locale),
        ("translation_key", one.translation_key, two.translation_key), ("file", one.file, two.file),
    ):  # fmt: skip
        if before != after:
            changes[name] = [before, after]
    if entry.source in OF_FILES:  # whose text is git's: the store knows that it changed, and not how
        since = list_since(connection, site_id, entry.id, one.version)
        bodies = [row.changes["body"] for row in since if row.version <= new and "body" in row.changes]
        if bodies and bodies[-1][0] != bodies[0][1]:
            changes["body"] = [bodies[-1][0], bodies[0][1]]
    return changes


def show_changes(changes: Changes, file: str = "") -> str:
    """Changes as a person reads them: a line for each side of a field, a unified difference of the body. file: of an entry whose text is git's."""
    lines: list[str] = []
    for name, (before, after) in changes.items():
        if name == "body" and file:
            lines.append(f"~ body: git log -p -- {file} shows its changes")
        elif name == "body" and isinstance(before, str) and isinstance(after, str):
            lines += difflib.unified_diff(before.splitlines(), after.splitlines(), "body", "body", n=1, lineterm="")
        else:
            lines += [f"- {name}: {_show(before)}"] * (before is not None) + [f"+ {name}: {_show(after)}"] * (after is not None)
    return "\n".join(lines) or "no difference"


def revert_entry(entries: Entries, entry: StoredEntry, version: int) -> Saved:
    """Make an entry what it was at a version; that is a new version. Raises CmsError entry.of-file, entry.of-shared, UsageError entry.no-version."""
    refuse_shared(entry)
    if entry.source in OF_FILES:
        hint = f"git log -- {entry.file} shows its versions; git checkout COMMIT -- {entry.file} brings one back."
        raise UsageError(Problem("entry.of-file", entry.file, 0, "the versions of a file are in git", hint))
    wanted = _load(entries.connection, entries.site_id, entry, version)
    entries.takes_approvals = True  # those that this version had
    return entries.save_entry(make_input(wanted, entry, entry.version))


def make_input(wanted: StoredEntry, now: StoredEntry, base: int) -> EntryInput:
    """The change that makes of an entry as it is now what is wanted. base: the version that it is made from."""
    fields: dict[str, Json] = {name: None for name in now.fields if name not in wanted.fields} | wanted.fields
    if wanted.translation_key != now.translation_key:
        fields["translation_key"] = wanted.translation_key
    return EntryInput(number=now.id, fields=fields, body=wanted.markdown, status=_say_status(wanted), expected_version=base)  # type: ignore[arg-type]


def find_last_act(connection: Connection, site_id: int, number: int = 0) -> ActRow:
    """The act with this number, else the last one that changed entries and still stands. Raises UsageError undo.nothing, undo.done."""
    acts = list_acts(connection, site_id, number=number, most=1) if number else find_standing(connection, site_id)
    if not acts:
        said = f"there is no act {number}" if number else "there is nothing to take back"
        hint = "cms audit lists what was done; files are git's, whoever wrote them: git log and git restore bring their versions back."
        raise UsageError(Problem("undo.nothing", "", 0, said, hint))
    if acts[0].undone_by is not None:
        raise UsageError(Problem("undo.done", "", 0, f"act {acts[0].id} was taken back before", "cms audit lists what was done."))
    return acts[0]


def undo_act(entries: Entries, act: ActRow) -> Undone:
    """Take back what an act changed. What others changed since then stays; where both touch the same, the entry stays as it is and is named.

    Raises UsageError undo.nothing for an act that changed no entries.
    """
    connection, site_id = entries.connection, entries.site_id
    by_entry: dict[int, list[RevisionRow]] = {}
    for row in list_of_act(connection, site_id, act.id):
        by_entry.setdefault(row.entry, []).append(row)
    if not by_entry:
        hint = "An import that was taken back is imported again. cms audit lists what was done, and how many entries each act changed."
        raise UsageError(Problem("undo.nothing", "", 0, f"act {act.id} ({act.kind} {act.what}) changed no entries", hint))
    result = Undone(add_act(connection, site_id, entries.author, entries.origin, "undo", f"act {act.id}: {act.kind} {act.what}"))
    entries.act, entries.takes_approvals = result.act, True  # those that there were before
    numbers = sorted(by_entry)
    for start in range(0, len(numbers), BATCH):
        found = load_entries(connection, site_id, numbers[start : start + BATCH])
        with connection.transaction():
            saved = entries.save_entries([_make_undo(connection, site_id, entry, by_entry[entry.id]) for entry in found])
        for one in saved:
            if one.action == "failed":
                result.conflicts[one.number] = list(one.problems)
            else:
                result.restored.append(one.number)
    if result.restored or not result.conflicts:
        mark_undone(connection, site_id, act.id, result.act)
    return result


def _make_undo(connection: Connection, site_id: int, entry: StoredEntry, rows: list[RevisionRow]) -> EntryInput:
    if rows[-1].kind == "a":
        return EntryInput(number=entry.id, status="trashed", expected_version=rows[0].version)
    after = _load(connection, site_id, entry, rows[0].version)
    return make_input(take_back(after, rows, rows[-1].version - 1), after, rows[0].version)


def _load(connection: Connection, site_id: int, entry: StoredEntry, version: int) -> StoredEntry:
    found = load_version(connection, site_id, entry, version)
    if found is None:
        said = f"there is no version {version}; the entry has version {entry.version}"
        raise UsageError(Problem("entry.no-version", entry.file, 0, said, "cms log shows its versions."))
    return found


def _describe(row: RevisionRow) -> LogItem:
    names = (*row.changes, *(["body"] if row.body is not None and row.kind == "c" else []))
    what = {"a": "added", "d": "deleted"}.get(row.kind) or f"changed {', '.join(names)}"
    return LogItem(row.entry, row.file, row.version, row.made_at, row.author, row.origin, what, names, row.act or 0)


def _say_status(entry: StoredEntry) -> str:
    return "trashed" if entry.removed or entry.status == "trashed" else entry.status


def _show(value: Json) -> str:
    text = str(value)
    return text if len(text) <= 300 else text[:299] + "…"
