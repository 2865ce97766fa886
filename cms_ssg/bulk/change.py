"""Changes or trashes all entries of a type for which conditions hold: those of the store in the store, those of files in their files."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from psycopg import Connection, errors

from cms_ssg import authoring
from cms_ssg.bulk.affected_pages import list_touched
from cms_ssg.bulk.exporting import Selection
from cms_ssg.entries.save import Entries
from cms_ssg.entries.values import EntryInput, Saved
from cms_ssg.errors import CmsError, UsageError, fail
from cms_ssg.events.plugins import find_plugins
from cms_ssg.site import Site
from cms_ssg.store.events import add_to_bulk
from cms_ssg.store.revisions import add_act
from cms_ssg.store.texts import StoredEntry, load_entries
from cms_ssg.types import Json, Problem, Status

BATCH: Final = 1000
ONE_EACH: Final = frozenset(("slug", "path", "aliases", "id", "translation_key", "draft", "metadata", "locale"))
"""Fields that no two entries may share, or that are changed by other words."""
STATES: Final = ("draft", "published")
LIMITS: Final = "SET LOCAL lock_timeout = '3s'"
MOST_TOLD: Final = 50


@dataclass(frozen=True, slots=True)
class BulkChange:
    """What is to be done. pairs: field -> value; gone: fields to remove; trash: take the entries off the site instead; origin: cli or api."""

    type_name: str
    conditions: tuple[str, ...]
    pairs: Mapping[str, Json] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    trash: bool = False
    author: str = ""
    origin: str = "cli"


@dataclass(slots=True)
class BulkResult:
    """What was done, or would be. matched: entries for which the conditions hold; files: content files among the changed; pages: that are made again,
    with why: of a dry run only; act: number by which ``cms undo`` takes back what was done in the store, 0 for nothing.
    """

    act: int = 0
    matched: int = 0
    changed: int = 0
    unchanged: int = 0
    failed: int = 0
    files: int = 0
    seconds: float = 0.0
    pages: list[tuple[str, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def change_many(connection: Connection, site: Site, site_id: int, change: BulkChange, *, dry_run: bool = False) -> BulkResult:
    """Change entries, a batch a transaction, over a connection that keeps each statement.

    dry_run: all of it in one transaction that is rolled back, to name the pages that would be made again. Raises UsageError bulk.field, bulk.where,
    import.no-type; CmsError bulk.busy.
    """
    started, result = time.monotonic(), BulkResult()
    selection = Selection(connection, site, site_id, change.type_name, change.conditions)
    _check_fields(selection, change)
    entries = Entries(connection, site, site_id, author=change.author)
    entries.origin = change.origin
    if dry_run:
        entries.takes_files = True
        try:
            with connection.transaction(force_rollback=True):
                connection.execute(LIMITS)
                for numbers in selection.list_batches(BATCH):
                    _change_batch(entries, load_entries(connection, site_id, numbers), change, result)
                result.pages = list_touched(connection, site, site_id, datetime.now(UTC))
        except (errors.LockNotAvailable, errors.DeadlockDetected, errors.UniqueViolation):
            raise fail("bulk.busy", "a build is changing the same rows", hint="Try again when cms status shows no builder.") from None
    else:
        entries.act = add_act(connection, site_id, change.author, entries.origin, "bulk", _describe(change))
        told = _Told(connection, site, site_id)
        for numbers in selection.list_batches(BATCH):
            found = load_entries(connection, site_id, numbers)
            with connection.transaction():
                told.add(_change_batch(entries, [e for e in found if e.source != "file"], change, result))
            told.add([entry.id for entry in found if entry.source == "file" and _change_file(site, entry, change, result)])
        result.act = entries.act if result.changed > result.files else 0
    result.seconds = round(time.monotonic() - started, 3)
    return result


def _describe(change: BulkChange) -> str:
    what = (
        "trash"
        if change.trash
        else ", ".join([f"{name}={value}" for name, value in change.pairs.items()] + [f"no {name}" for name in change.gone])
    )
    return f"{change.type_name} {' '.join(change.conditions)}: {what}"


class _Told:
    """The event by which hooks are told of all that one change changed, kept where the site has such hooks."""

    def __init__(self, connection: Connection, site: Site, site_id: int) -> None:
        plugins = find_plugins(site.root, site.settings)
        self.is_heard = plugins is not None and plugins.has("post_bulk_updated")
        self.connection, self.site_id, self.event = connection, site_id, 0

    def add(self, entries: Sequence[int]) -> None:
        if self.is_heard and entries:
            self.event = add_to_bulk(self.connection, self.site_id, self.event, entries)


def _check_fields(selection: Selection, change: BulkChange) -> None:
    schema = selection.schema
    for name in (*change.pairs, *change.gone):
        if name == "status" and name in change.pairs:
            if change.pairs[name] not in STATES:
                said, hint = f"status: {change.pairs[name]!r} is not one of {', '.join(STATES)}", "cms bulk delete trashes entries."
                raise UsageError(Problem("bulk.field", "", 0, said, hint))
        elif name not in schema.properties or name in ONE_EACH or name == "status":
            allowed = ", ".join(["status", *(n for n in schema.properties if n not in ONE_EACH and n != "status")])
            said = f'"{name}" of a {schema.name} is not changed in bulk'
            raise UsageError(Problem("bulk.field", "", 0, said, f"Fields that are: {allowed}."))


def _change_batch(entries: Entries, found: Sequence[StoredEntry], change: BulkChange, result: BulkResult) -> list[int]:
    """Change entries of the store. Returns the numbers of those that changed."""
    fields: dict[str, Json] = {**{n: v for n, v in change.pairs.items() if n != "status"}, **dict.fromkeys(change.gone)}
    status: Status | None = "trashed" if change.trash else change.pairs.get("status")
    saved = entries.save_entries([EntryInput(number=e.id, fields=fields, status=status) for e in found])
    for entry, one in zip(found, saved, strict=True):
        _count(entry, one, result)
    return [entry.id for entry, one in zip(found, saved, strict=True) if one.action not in ("failed", "unchanged")]


def _count(entry: StoredEntry, saved: Saved, result: BulkResult) -> None:
    result.matched += 1
    if saved.action == "failed":
        result.failed += 1
        result.problems += saved.problems if len(result.problems) < MOST_TOLD else ()
    elif saved.action == "unchanged":
        result.unchanged += 1
    else:
        result.changed += 1
        result.files += entry.source == "file"


def _change_file(site: Site, entry: StoredEntry, change: BulkChange, result: BulkResult) -> bool:
    """Change a file as ``cms edit`` and the others do. Returns whether it changed."""
    result.matched += 1
    path = site.root / entry.file
    try:
        before = path.read_bytes() if path.is_file() else b""
        if change.trash:
            authoring.trash(site, entry.file)
        else:
            if status := change.pairs.get("status"):
                (authoring.publish if status == "published" else authoring.unpublish)(site, entry.file)
            fields = {name: value for name, value in change.pairs.items() if name != "status"}
            if fields or change.gone:
                authoring.set_values(site, entry.file, fields, change.gone)
    except CmsError as error:
        result.failed += 1
        result.problems += error.problems if len(result.problems) < MOST_TOLD else ()
        return False
    is_changed = path.read_bytes() != before
    result.changed += is_changed
    result.files += is_changed
    result.unchanged += not is_changed
    return is_changed
