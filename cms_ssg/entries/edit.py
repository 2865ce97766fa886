"""What ``cms entry`` does: to an entry of the store in the store, to a file's entry in its file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection

from cms_ssg import authoring
from cms_ssg.authoring.change import parse_moment, parse_pair
from cms_ssg.content.frontmatter.dates import format_moment
from cms_ssg.entries.find import find_entry
from cms_ssg.entries.notices import COMMENTED, PROPOSED, add_notices
from cms_ssg.entries.pending import schedule_change
from cms_ssg.entries.save import Entries
from cms_ssg.entries.values import Changes, EntryInput
from cms_ssg.errors import CmsError, UsageError
from cms_ssg.paths import canonical_path
from cms_ssg.site import Site
from cms_ssg.store.comments import add_comment
from cms_ssg.store.entries import SHARED
from cms_ssg.store.revisions import add_act, note_refused
from cms_ssg.store.texts import StoredEntry
from cms_ssg.types import Json, Problem


@dataclass(frozen=True, slots=True)
class EntryEdit:
    """What was done. number, version: 0 for a file's entry, which the next sync numbers; path: of its page, "" if it has none; what: for a person."""

    number: int
    source: str
    file: str
    version: int
    path: str
    what: str
    changes: Changes = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


class Editor:
    """Makes the edits of ``cms entry``. author: who is named as the one who made them."""

    def __init__(self, connection: Connection, site: Site, site_id: int, author: str = "") -> None:
        self.connection, self.site, self.site_id = connection, site, site_id
        self.entries = Entries(connection, site, site_id, author=author)
        self.entries.origin = "cli"

    @contextmanager
    def act(self, kind: str, what: str) -> Iterator[None]:
        """What is written in this block is one act, which the audit log names, also where it is refused."""
        number = add_act(self.connection, self.site_id, self.entries.author, self.entries.origin, kind, what)
        self.entries.act = number
        try:
            yield
        except CmsError as error:
            note_refused(self.connection, number, str(error.problems[0]))
            raise
        finally:
            self.entries.act = 0

    def note_refused(self, kind: str, what: str, why: str) -> None:
        """Note in the audit log what somebody was not allowed to do."""
        add_act(self.connection, self.site_id, self.entries.author, self.entries.origin, kind, what, why)

    def create(self, entry: EntryInput) -> EntryEdit:
        """Save a new entry. A type that is sorted by date gets today's where it has none. Raises CmsError with what is wrong with it."""
        schema = self.site.schemas.get(entry.type)
        if schema is not None and not entry.fields.get("date") and any(name.lstrip("-") == "date" for name in schema.sort):
            now = format_moment(datetime.now(UTC).replace(microsecond=0))
            entry = EntryInput(entry.type, {**entry.fields, "date": now}, entry.body, entry.status, entry.locale, entry.slug)
        with self.act("create", f"{entry.type} {entry.slug or entry.fields.get('title', '')}"):
            saved = self.entries.save_entry(entry)
        what = "a new draft" if entry.status == "draft" else "new, public from the next build on"
        return self._describe(saved.number, what, problems=saved.problems)

    def set_fields(
        self, what: str, pairs: Sequence[str], gone: Sequence[str], body: str | None = None, expected_version: int | None = None
    ) -> EntryEdit:
        """Set fields, and the body. pairs: ``key=value``, the value as YAML writes it; gone: fields to remove. Raises CmsError."""
        entry = self._find(what)
        if entry.source == "file":
            if body is not None or expected_version is not None:
                raise UsageError(
                    Problem(
                        "entry.of-file",
                        entry.file,
                        0,
                        "its body is in a file, whose versions are git's",
                        f"cms edit {entry.file} opens it.",
                    )
                )
            return _of_file(authoring.set_fields(self.site, entry.file, pairs, gone))
        fields: dict[str, Json] = {**dict(map(parse_pair, pairs)), **dict.fromkeys(gone)}
        return self._change(entry, "nothing changed", fields=fields, body=body, expected_version=expected_version)

    def change_later(self, what: str, change: EntryInput, at: str = "", *, needs_approval: bool = False) -> tuple[int, str]:
        """Keep a change until a time, or until it is approved. Returns its number, and the file of the entry. Raises CmsError."""
        entry = self._find(what)
        due_at = parse_moment(self.site, at) if at else None
        with self.act("propose" if needs_approval else "schedule", f"{entry.file} {at}".strip()):
            number = schedule_change(self.entries, entry, replace(change, number=entry.id), due_at, needs_approval=needs_approval)
        if needs_approval:
            add_notices(self.connection, self.site, self.site_id, PROPOSED, entry, who=self.entries.author, change=number)
        return number, entry.file

    def comment(self, entry: StoredEntry, text: str, *, asks: bool = False, change: int | None = None) -> int:
        """Say something about an entry, or a change of it that waits. Returns the comment's number, 0 where there is no such change."""
        who = self.entries.author
        with self.connection.transaction():
            number = add_comment(self.connection, self.site_id, entry.id, who, text, asks=asks, change=change)
            if number:
                add_notices(self.connection, self.site, self.site_id, COMMENTED, entry, who=who, text=text, asks=asks, change=change)
        return number

    def publish(self, what: str, at: str = "", *, keep_date: bool = False) -> EntryEdit:
        """Make an entry public, at once or not before a time. keep_date: it keeps the date it has. Raises CmsError."""
        entry = self._find(what)
        if entry.source == "file":
            return _of_file(authoring.publish(self.site, entry.file, at, keep_date=keep_date))
        moment = parse_moment(self.site, at) if at else None
        fields: dict[str, Json] = {"publish_at": format_moment(moment) if moment else None}
        goes_out = None if keep_date else moment or datetime.now(UTC)
        return self._change(entry, "public already", fields=fields, status="published", goes_out=goes_out)

    def unpublish(self, what: str) -> EntryEdit:
        """Make an entry a draft. Raises CmsError."""
        entry = self._find(what)
        if entry.source == "file":
            return _of_file(authoring.unpublish(self.site, entry.file))
        return self._change(entry, "a draft already", status="draft")

    def trash(self, what: str) -> EntryEdit:
        """Take an entry off the site; restore brings it back. Raises CmsError."""
        entry = self._find(what)
        if entry.source == "file":
            return _of_file(authoring.trash(self.site, entry.file))
        return self._change(entry, "in the trash already", status="trashed")

    def restore(self, what: str) -> EntryEdit:
        """Bring an entry back from the trash as it was. Raises CmsError."""
        entry = self._find(what)
        if entry.source == "file":
            return _of_file(authoring.restore(self.site, entry.file))
        if not is_trashed(entry):
            return self._describe(entry.id, "not in the trash")
        return self._change(entry, "", status="draft" if entry.status != "published" else "published")

    def _find(self, what: str) -> StoredEntry:
        entry = find_any(self.connection, self.site, self.site_id, what)
        refuse_shared(entry)
        return entry

    def _change(self, entry: StoredEntry, idle: str, **values: Any) -> EntryEdit:
        with self.act(str(values.get("status") or "change"), entry.file):
            saved = self.entries.save_entry(EntryInput(number=entry.id, **values))
        done = f"changed {', '.join(saved.changes)}" if saved.changes else idle
        if saved.merged:
            done += f"; merged with others' changes of {', '.join(saved.merged)}"
        return self._describe(entry.id, done, saved.changes, saved.problems)

    def _describe(self, number: int, what: str, changes: Changes | None = None, problems: tuple[Problem, ...] = ()) -> EntryEdit:
        entry = self._find(str(number))
        return EntryEdit(number, entry.source, entry.file, entry.version, find_path(self.site, entry), what, changes or {}, problems)


def find_any(connection: Connection, site: Site, site_id: int, what: str) -> StoredEntry:
    """The entry meant by what, a file's with what the file says now. Raises CmsError."""
    entry = find_entry(connection, site, site_id, what)
    if entry is not None and entry.source != "file":
        return entry
    content = authoring.find_content(site, entry.file if entry is not None else what)
    draft = content.draft
    now = datetime.now(UTC)
    return StoredEntry(
        entry.id if entry is not None else 0, "file", draft.file, draft.collection, draft.type, draft.locale, draft.translation_key, draft.status,
        False, draft.fields, "", entry.version if entry is not None else 0, entry.author if entry is not None else "", now, now, "",
    )  # fmt: skip


def refuse_shared(entry: StoredEntry) -> None:
    """Raise UsageError entry.of-shared where an entry is of a shared file, which no site changes."""
    if entry.source == SHARED:
        hint = f"Edit it there; a file {entry.file} in this site takes its place here."
        raise UsageError(Problem("entry.of-shared", entry.file, 0, "the entry is of a file that several sites share", hint))


def is_trashed(entry: StoredEntry) -> bool:
    """Whether an entry is in the trash."""
    return entry.removed or entry.status == "trashed"


def find_path(site: Site, entry: StoredEntry) -> str:
    """The path of an entry's page, "" for a type without pages and where none can be made."""
    schema = site.schemas.get(entry.type)
    if schema is None or not schema.pages:
        return ""
    try:
        return canonical_path(site.entry_path(entry.collection, entry.type, entry.locale, entry.file, entry.fields))
    except ValueError:
        return ""


def _of_file(edit: authoring.Edit) -> EntryEdit:
    return EntryEdit(0, "file", edit.file, 0, edit.path, edit.what, {}, edit.problems)
