"""Saves entries that no file holds, one or thousands, in the caller's transaction: validated, rendered and derived as the file of that name would be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec
from psycopg import Connection
from psycopg.errors import UniqueViolation

from cms_ssg.content.approval import add_approval, digest_content, list_new_approvals, put_approvals
from cms_ssg.content.frontmatter.values import Refused, clean_text, clean_value
from cms_ssg.content.read_file import MAX_CONTENT_BYTES
from cms_ssg.entries.differences import compare, say_changed
from cms_ssg.entries.front_matter import is_too_large, make_fields, read_body
from cms_ssg.entries.merge import Conflict
from cms_ssg.entries.place import choose_files
from cms_ssg.entries.publication import date_publication, keep_given_date
from cms_ssg.entries.read import read_entry
from cms_ssg.entries.rights import Writer, find_place_refusal
from cms_ssg.entries.three_way import merge_changes
from cms_ssg.entries.values import EntryInput, Saved
from cms_ssg.errors import CmsError, fail
from cms_ssg.site import Site
from cms_ssg.store.entries import OF_FILES, DraftRow, encode_json
from cms_ssg.store.revisions import say_who
from cms_ssg.store.texts import (
    StoredEntry,
    TextRow,
    add_entries,
    change_entries,
    find_by_files,
    find_external,
    load_entries,
)
from cms_ssg.text.slugs import safe_path
from cms_ssg.types import Json, Problem

API: Final = "api"
Read = tuple[DraftRow | None, str, bool, tuple[Problem, ...]]
decode_json = msgspec.json.Decoder().decode


class EntryChangedError(CmsError):
    """The entry was changed since it was read, and both changes cannot stand. current: as it is now; conflicts: by field, with all three values."""

    def __init__(self, current: StoredEntry, conflicts: Mapping[str, Conflict], *problems: Problem) -> None:
        super().__init__(*problems)
        self.current, self.conflicts = current, dict(conflicts)


class Plan(NamedTuple):
    """What is to become of entries. results: of each, numbers of new ones still 0; writes: what is to be written, with its place among the results."""

    results: list[Saved]
    writes: list[tuple[int, TextRow]]


class Entries:
    """The entries of a site, to be written by one source. source: ``api`` or ``import:<name>``; author: who writes, "" for nobody in particular.

    act: number of the act that the writes belong to, 0 for none; origin: where they come from, by default the source.
    """

    def __init__(self, connection: Connection, site: Site, site_id: int, source: str = API, author: str = "", act: int = 0) -> None:
        self.connection, self.site, self.site_id = connection, site, site_id
        self.source, self.author = source, clean_text(author)
        self.act, self.origin = act, source
        self.approvers: list[str] = []  # who approves what is saved, as it is saved
        self.approvals: list[tuple[str, str]] = []  # (name, digest): who approved it before, if it is still that text
        self.takes_approvals = True  # False where fields come from people with roles, who approve by approving and not by writing a field
        self.takes_files = False  # True in a transaction that is rolled back: a file's entry as it will be once its file was changed
        self.writer: Writer | None = None  # whose role says in which sections and locales entries may be, however their fields are named
        self.reader = connection  # another one where entries are planned while others are written
        self.reserved: set[str] = set()  # files of entries that are being written

    def save_entry(self, entry: EntryInput) -> Saved:
        """Save one entry in a transaction of its own. Raises EntryChangedError entry.changed, and CmsError with what is wrong with it."""
        try:
            with self.connection.transaction():
                saved = self.save_entries([entry])[0]
                if saved.action == "failed":
                    if saved.problems[0].code == "entry.changed":
                        current = load_entries(self.connection, self.site_id, [saved.number])[0]
                        raise EntryChangedError(current, saved.conflicts, *saved.problems)
                    raise CmsError(*saved.problems)
        except UniqueViolation:  # somebody else saved it at the same time
            raise CmsError(_exists(entry.file or entry.slug)) from None
        return saved

    def save_entries(self, entries: Sequence[EntryInput], *, dry_run: bool = False) -> list[Saved]:
        """Save entries, a handful of statements for all of them, in the caller's transaction; what became of each.

        An entry that is wrong, or was changed since it was read, fails alone. dry_run: nothing is written.
        """
        plan = self.plan_entries(entries, lock=not dry_run)
        return plan.results if dry_run else self.write_plan(plan)

    def plan_entries(self, entries: Sequence[EntryInput], *, lock: bool) -> Plan:
        """Decide what is to be written of entries. lock: nobody else may change those that are stored until the transaction ends."""
        entries = [_clean_key(entry) for entry in entries]
        keys = [e.external_key for e in entries if not e.number and e.external_key is not None]
        external = find_external(self.reader, self.site_id, self.source, keys)
        numbers = [e.number or external.get(e.external_key or "", (0, b""))[0] for e in entries]
        known = sorted({number for number in numbers if number})
        stored = {e.id: e for e in load_entries(self.connection, self.site_id, known, lock=lock)}
        files = self._choose_files(entries, numbers)
        plan = Plan([], [])
        seen: set[int | str] = set()
        for place, (entry, number, file) in enumerate(zip(entries, numbers, files, strict=True)):
            identity = number or (f"={entry.external_key}" if entry.external_key is not None else f"/{place}")
            if identity in seen:
                plan.results.append(_fail(number, Problem("entry.twice", "", 0, "the entry is there twice", "Keep one of them.")))
                continue
            seen.add(identity)
            saved, row = self._plan(entry, number, stored.get(number), file)
            plan.results.append(saved)
            if row is not None:
                plan.writes.append((place, row))
        return plan

    def write_plan(self, plan: Plan) -> list[Saved]:
        """Write what was planned, in the caller's transaction; what became of each entry."""
        say_who(self.connection, self.author, self.origin, self.act)
        digest, results = self.site.rules.digest, plan.results
        new = [(place, row) for place, row in plan.writes if not row.id]
        ids = add_entries(self.connection, self.site_id, self.source, [row for _, row in new], digest)
        for (place, _), number in zip(new, ids, strict=True):
            found = results[place]
            results[place] = replace(found, number=number, version=1)
        old = [(place, row) for place, row in plan.writes if row.id]
        versions = change_entries(self.connection, [row for _, row in old], digest)
        for place, row in old:
            found = results[place]
            results[place] = replace(found, version=versions[row.id])
        return results

    def _choose_files(self, entries: Sequence[EntryInput], numbers: Sequence[int]) -> list[str | CmsError]:
        """The file that would hold each new entry, "" for those that are stored, or why there is none."""
        now, taken = datetime.now(UTC), set(self.reserved)
        chosen: list[str | CmsError] = [""] * len(entries)
        waiting: dict[int, Iterator[str]] = {
            place: _check_file(entry.file) if entry.file else choose_files(self.site, entry, now, self.source)
            for place, (entry, number) in enumerate(zip(entries, numbers, strict=True))
            if not number
        }
        firsts: dict[int, str] = {}
        while waiting:
            wishes: dict[int, str] = {}
            for place, files in list(waiting.items()):
                try:
                    wishes[place] = next(files)
                except (StopIteration, CmsError) as error:
                    chosen[place] = error if isinstance(error, CmsError) else CmsError(_exists(firsts[place]))
                    del waiting[place]
            taken.update(row[0] for row in find_by_files(self.reader, self.site_id, list(wishes.values())))
            for place, file in wishes.items():
                firsts.setdefault(place, file)
                if file not in taken:
                    taken.add(file)
                    chosen[place] = file
                    del waiting[place]
        return chosen

    def _plan(self, entry: EntryInput, number: int, old: StoredEntry | None, file: str | CmsError) -> tuple[Saved, TextRow | None]:
        """What is to be written of an entry, None for nothing."""
        if isinstance(file, CmsError):
            return _fail(0, *file.problems), None
        if number and old is None:
            return _fail(
                number, Problem("entry.not-found", "", 0, f"there is no entry {number}", "cms entry list shows what there is.")
            ), None
        if old is not None:
            entry = keep_given_date(self.site, entry, old.file)
        of_file = old is not None and old.source in OF_FILES
        if of_file and old is not None:
            old = old._replace(markdown=read_body(self.site, old))
        merged: tuple[str, ...] = ()
        try:
            draft, markdown, removed, problems = self._read(entry, old, old.file if old is not None else file)
            if old is not None and entry.expected_version not in (None, old.version):
                found = merge_changes(self.connection, self.site_id, entry, old, self._read)
                if found is None or found.conflicts:
                    differing = compare(old, draft, markdown, removed) if draft is not None else {}
                    conflicts = found.conflicts if found is not None else {}
                    return replace(_fail(number, *say_changed(old, entry.expected_version or 0, differing)), conflicts=conflicts), None
                draft, markdown, removed, problems = found.read
                merged = found.theirs
        except Refused as refused:
            return _fail(number, Problem(refused.code, old.file if old is not None else file, 0, refused.message, refused.hint)), None
        if draft is None:
            failed = _fail(number, *problems)
            if of_file:
                return failed, None
            source = old.source if old is not None else self.source  # as builds name it: there is no such file to be changed
            return replace(failed, problems=tuple(replace(p, place=f"{p.place} ({source})") for p in problems)), None
        section = str(decode_json(draft.fields).get("section") or "") if self.writer else ""
        if self.writer and (said := find_place_refusal(self.writer, section, draft.locale)):
            return _fail(number, Problem("api.role", draft.file, 0, said, "cms token create --role says what a token may do.")), None
        if old is None:
            row = TextRow(0, draft, markdown, self.author, removed, entry.external_key, entry.digest)
            return Saved("added", 0, draft.file, 1, {}, problems), row
        changes = compare(old, draft, markdown, removed)
        if changes and of_file and not self.takes_files:
            said = f"the entry is that of a file, which would bring back its {', '.join(changes)}"
            return _fail(number, Problem("entry.of-file", old.file, 0, said, "Edit the file, as cms entry set does.")), None
        if not changes:
            return Saved("unchanged", old.id, old.file, old.version, {}, problems, merged), None
        row = TextRow(old.id, draft, markdown, self.author, removed, None, entry.digest)
        return Saved("changed", old.id, old.file, old.version, changes, problems, merged), row

    def _read(self, entry: EntryInput, old: StoredEntry | None, file: str) -> Read:
        """An entry as it would be stored, its Markdown, whether it is in the trash, and what is wrong."""
        site = self.site
        fields, status = self._merge(entry, old, file), _status_of(old)
        removed = old is not None and (old.removed or old.status == "trashed")
        wanted = entry.status
        if wanted == "trashed":
            removed = True
        elif wanted is not None:
            status, removed = wanted, False
        if status == "draft":
            fields["draft"] = True
        elif old is not None and entry.goes_out is not None and status == "published" and not removed:
            fields |= date_publication(site, old, fields, entry.goes_out)
        body = old.markdown if entry.body is None and old is not None else entry.body or ""
        body = clean_text(body.replace("\r\n", "\n").replace("\r", "\n"))
        if len(body) > MAX_CONTENT_BYTES // 4 and len(body.encode()) > MAX_CONTENT_BYTES:
            raise Refused("entry.too-large", f"the body has more than {MAX_CONTENT_BYTES >> 20} MB", 0, "Split it.")
        most = site.rules.front_matter_bytes
        if len(encode_json(fields)) > most // 8 and is_too_large(fields, most):
            hint = "Move long text into the body, or raise [limits] front_matter_kb."
            raise Refused("content.front-matter-size", f"the fields are more than {most // 1024} kB", 0, hint)
        if not self.takes_approvals and list_new_approvals(old.fields if old is not None else {}, fields):
            raise Refused("workflow.field", "an approval is given by approving, not by writing `approved`", 0, "Leave `approved` as it is.")
        if self.approvers or self.approvals:
            checked, _ = read_entry(site, file, {**fields, "draft": True}, body)
            if checked is not None:
                clean = decode_json(checked.fields)
                digest = digest_content(clean, body)
                names = [*self.approvers, *(name for name, said in self.approvals if said == digest)]
                fields = put_approvals(fields, add_approval(clean, body, names))
        draft, problems = read_entry(site, file, fields, body)
        if draft is None:
            problems = tuple(p for p in problems if p.severity == "error")
        return draft, body, removed, problems

    def _merge(self, entry: EntryInput, old: StoredEntry | None, file: str) -> dict[str, Any]:
        """The entry's fields with those that are given in their places: as a file's front matter would have them."""
        site = self.site
        fields = make_fields(site, old) if old is not None else {}
        rule = site.rules.find_collection(file)
        schema = site.schemas.get(old.type if old is not None else entry.type)
        own = {key: name for name, key in rule.fields.items()} if rule is not None else {}
        locale_key = rule.locale[6:] if rule is not None and rule.locale.startswith("field:") else ""
        given: dict[str, Json] = clean_value(dict(entry.fields), 0)
        if entry.slug:
            given["slug"] = entry.slug
        if locale_key and entry.locale:
            given[locale_key] = entry.locale
        more = dict(fields.get("metadata") or {})
        for key, value in given.items():
            name = own.get(key, key)
            if name in ("draft", "status"):
                continue  # what is public is said by EntryInput.status
            place = more if name in more and schema is not None and name not in schema.properties else fields
            if value is None:
                if place.get(name) != "" or not self.source.startswith("import:"):  # in a table an empty text and none look alike
                    place.pop(name, None)
            else:
                place[name] = value
        if "metadata" not in given:
            fields.pop("metadata", None)
            if more:
                fields["metadata"] = more
        return fields


def _clean_key(entry: EntryInput) -> EntryInput:
    """The entry with a key that can be stored."""
    key = entry.external_key
    return entry if key is None or clean_text(key) == key else replace(entry, external_key=clean_text(key))


def _check_file(file: str) -> Iterator[str]:
    """The file that an entry is to have, if its name is safe. Raises CmsError entry.no-place."""
    try:
        safe_path("/" + file)
    except ValueError as error:
        raise fail("entry.no-place", f"no entry can have this file: {error}", hint="Give a path such as content/pages/name.md.") from None
    yield file


def _status_of(old: StoredEntry | None) -> str:
    """What an entry is when it is not in the trash."""
    return "published" if old is None else "draft" if old.status == "trashed" else old.status


def _exists(file: str) -> Problem:
    return Problem("entry.exists", file, 0, "there is an entry of this name already", "Choose another slug, or change that entry.")


def _fail(number: int, *problems: Problem) -> Saved:
    return Saved("failed", number, problems[0].place if problems else "", 0, {}, problems)
