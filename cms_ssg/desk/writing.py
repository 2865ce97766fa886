"""What the desk does with an entry's form: its texts, what a save makes of them, and what is shown where two changed the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from cms_ssg.api.problems import fail
from cms_ssg.api.rights import check_right, describe_subject
from cms_ssg.authoring.change import parse_moment
from cms_ssg.content.frontmatter.dates import format_moment
from cms_ssg.content.schema.content_types import Schema
from cms_ssg.desk.entry_form import BODY, PREFIX, make_texts, read_changes
from cms_ssg.entries.edit import Editor, find_any
from cms_ssg.entries.files import can_write, change_file, lock_file
from cms_ssg.entries.front_matter import read_body
from cms_ssg.entries.merge import merge_bodies
from cms_ssg.entries.rebuild import load_version
from cms_ssg.entries.rights import Deed, Subject, Writer, find_refusal
from cms_ssg.entries.save import EntryChangedError
from cms_ssg.entries.values import EntryInput
from cms_ssg.errors import CmsError
from cms_ssg.store.entries import OF_FILES
from cms_ssg.store.open_editors import forget_texts
from cms_ssg.store.texts import StoredEntry, load_entries
from cms_ssg.types import Json, Problem

LATER: Final = ("schedule", "propose")


class Form(msgspec.Struct, frozen=True):
    """What a form sent. texts: by input; version: of the entry that the form was made from; base: texts of a file as they were then."""

    do: str
    texts: dict[str, str]
    version: int = 0
    base: dict[str, str] = {}
    at: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a save came to. done: its word in the address of the next page, "" where nothing was saved; texts: to go on from, with theirs beside
    those that two changed; problems: what is wrong; version, base: of the entry, and its texts, that are merged into texts already.
    """

    number: int
    done: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    theirs: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[tuple[str, str], ...] = ()
    version: int = 0
    base: Mapping[str, str] = field(default_factory=dict)


class May:
    """What somebody may do with an entry."""

    def __init__(self, editor: Editor, writer: Writer, entry: StoredEntry) -> None:
        self.subject = describe_subject(editor, entry)
        settings, is_file = editor.site.settings, entry.source in OF_FILES
        self.is_live = self.subject.is_live
        self.needs_approval = entry.type in settings.workflow and not is_file
        is_writable = not is_file or can_write(editor.site, entry)
        self.edit = is_writable and not find_refusal(writer, "edit", self.subject)
        self.publish = is_writable and not self.needs_approval and not find_refusal(writer, "publish", self.subject._replace(is_live=True))
        self.publish_again = not find_refusal(writer, "publish", self.subject._replace(is_live=True))
        self.propose = is_writable and not is_file and not find_refusal(writer, "edit", self.subject._replace(is_live=False))
        self.approve = not find_refusal(writer, "approve", self.subject)


def find_entry_at_desk(editor: Editor, number: int) -> StoredEntry:
    """An entry with its body, a file's as the file is now. Raises ApiError entry.not-found, CmsError."""
    found = load_entries(editor.connection, editor.site_id, [number]) if 0 < number < 2**62 else []
    if not found:
        raise fail("entry.not-found", f"there is no entry {number}", status=404, hint="The list of entries is at /desk/entries.")
    entry = found[0]
    if entry.source not in OF_FILES:
        return entry
    if entry.source == "file":
        entry = find_any(editor.connection, editor.site, editor.site_id, str(number))
    return entry._replace(markdown=read_body(editor.site, entry))


def list_entry_texts(editor: Editor, schema: Schema, entry: StoredEntry) -> dict[str, str]:
    """The texts of all inputs of an entry's form."""
    return {**make_texts(schema, entry.fields, editor.site.zone), BODY: entry.markdown}


def merge_texts(base: Mapping[str, str], stored: Mapping[str, str], given: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The texts of a form with what others changed since it was made: (texts, with the given side where both did; the other side of these)."""
    merged, theirs = dict(stored), dict[str, str]()
    for name, text in given.items():
        before, now = base.get(name, ""), stored.get(name, "")
        if name == BODY:
            merged[name], conflicts = merge_bodies(_lines(before), _lines(text), _lines(now))
            if conflicts:
                theirs[name] = "\n\n".join(one.given.strip("\n") if isinstance(one.given, str) else "" for one in conflicts) or "(deleted)"
        elif _lines(text) == _lines(before):
            merged[name] = now
        else:
            merged[name] = text
            if _lines(now) not in (_lines(before), _lines(text)):
                theirs[name] = now
    return merged, theirs


def make_change(editor: Editor, schema: Schema, entry: StoredEntry, form: Form) -> tuple[EntryInput, dict[str, str]]:
    """What the form changes of an entry: only what its writer touched; and what is wrong, by input."""
    before = _find_base(editor, schema, entry, form)
    values, wrong = read_changes(schema, before, form.texts)
    body = form.texts.get(BODY)
    if body is not None and _lines(body) == _lines(before[BODY]):
        body = None
    elif body is not None:
        body = f"{_lines(body)}\n"
    return EntryInput(number=entry.id, fields=values, body=body, expected_version=form.version), wrong


def save_form(editor: Editor, writer: Writer, number: int, form: Form) -> Outcome:
    """Do what a button of the form asks: save, publish, schedule, propose, unpublish, trash, restore. Raises ApiError api.role, CmsError."""
    entry = find_entry_at_desk(editor, number)
    schema, may = editor.site.schemas[entry.type], May(editor, writer, entry)
    change, wrong = make_change(editor, schema, entry, form)
    if wrong:
        return Outcome(number, texts=form.texts, problems=tuple(wrong.items()))
    is_back = form.do == "restore" and entry.source in OF_FILES  # a file comes back as what it was
    deed: Deed = "publish" if form.do in ("publish", "schedule") or is_back else "edit"
    subject = may.subject if form.do != "propose" else may.subject._replace(is_live=False)
    check_right(editor, writer, deed, subject, entry.file)
    section = change.fields.get("section", subject.section)
    check_right(editor, writer, deed, subject._replace(section=str(section or ""), is_live=form.do == "publish"), entry.file)
    try:
        done = _save_file(editor, schema, entry, form) if entry.source in OF_FILES else _save(editor, entry, change, form, may)
    except EntryChangedError as error:
        stored = list_entry_texts(editor, schema, error.current)
        texts, theirs = merge_texts(_find_base(editor, schema, entry, form), stored, form.texts)
        return Outcome(number, texts=texts, theirs=theirs, version=error.current.version, base=stored)
    except CmsError as error:
        return Outcome(number, texts=form.texts, problems=tuple(_place(problem) for problem in error.problems))
    if isinstance(done, Outcome):
        return done
    forget_texts(editor.connection, editor.site_id, number, writer.name)
    return Outcome(number, done)


def create_entry(
    editor: Editor, writer: Writer, type_name: str, locale: str, texts: Mapping[str, str], file: str = "", more: Mapping[str, Json] | None = None
) -> Outcome:  # fmt: skip
    """Make a draft of what a form sent. file: that it is to have, "" to have one chosen; more: fields beside those of the form. Raises ApiError api.role."""
    site, schema = editor.site, editor.site.schemas[type_name]
    values, wrong = read_changes(schema, make_texts(schema, {}, site.zone), texts)
    if wrong:
        return Outcome(0, texts=texts, problems=tuple(wrong.items()))
    locale = locale or site.default_locale
    check_right(editor, writer, "create", Subject(str(values.get("section") or ""), locale, writer.name), type_name)
    fields = {**{name: value for name, value in values.items() if value is not None}, **(more or {})}
    body = _lines(texts.get(BODY, ""))
    try:
        made = editor.create(EntryInput(type_name, fields, f"{body}\n" if body else "", "draft", locale, file=file))
    except CmsError as error:
        return Outcome(0, texts=texts, problems=tuple(_place(problem) for problem in error.problems))
    return Outcome(made.number, "created")


def _save(editor: Editor, entry: StoredEntry, change: EntryInput, form: Form, may: May) -> str | Outcome:
    """Save in the store. Returns what was done."""
    at = parse_moment(editor.site, form.at) if form.at else None
    if form.do == "schedule" and at is None:
        return Outcome(entry.id, texts=form.texts, problems=(("at", "Say when: a day and a time."),))
    if form.do == "propose" and not may.is_live:  # the draft is saved first, then its publication is asked for
        with editor.act("change", entry.file):
            editor.entries.save_entry(change)
        editor.change_later(str(entry.id), EntryInput(status="published"), form.at, needs_approval=True)
        return "proposed"
    if form.do in LATER and may.is_live:
        if not change.fields and change.body is None:
            return Outcome(entry.id, texts=form.texts, problems=(("", "Nothing was changed yet."),))
        editor.change_later(str(entry.id), replace(change, expected_version=None), form.at, needs_approval=form.do == "propose")
        return "proposed" if form.do == "propose" else "scheduled"
    words: dict[str, Any] = {"publish": "published", "schedule": "published", "unpublish": "draft", "trash": "trashed"}
    status = words.get(form.do)
    fields: dict[str, Json] = dict(change.fields)
    if form.do == "restore":  # for who may not publish it is a draft again
        status = "published" if entry.status == "published" and may.publish_again else "draft"
    if form.do == "schedule" and at is not None:
        fields["publish_at"] = format_moment(at)
    elif form.do == "publish" and entry.fields.get("publish_at") and "publish_at" not in fields:
        fields["publish_at"] = None
    goes_out = (at or datetime.now(UTC)) if form.do == "schedule" else datetime.now(UTC) if form.do == "publish" else None
    with editor.act(status or "change", entry.file):
        saved = editor.entries.save_entry(replace(change, fields=fields, status=status, goes_out=goes_out))
    if form.do == "schedule" and goes_out is not None and goes_out <= datetime.now(UTC):
        return "past"
    return "merged" if saved.merged else form.do or "save"


def _save_file(editor: Editor, schema: Schema, entry: StoredEntry, form: Form) -> str | Outcome:
    """Save in the content file, whose text may have been changed since the form was made."""
    lock_file(editor, entry)
    stored = list_entry_texts(editor, schema, entry)
    texts, theirs = merge_texts(form.base or stored, stored, form.texts)
    if theirs:
        return Outcome(entry.id, texts=texts, theirs=theirs, version=entry.version, base=stored)
    values, _ = read_changes(schema, stored, texts)
    body = None if _lines(texts[BODY]) == _lines(stored[BODY]) else f"{_lines(texts[BODY])}\n"
    if form.do == "schedule" and entry.status == "published" and form.at:
        editor.change_later(str(entry.id), EntryInput(fields=values, body=body), form.at)
        return "scheduled"
    change_file(editor, entry, EntryInput(fields=values, body=body), form.do, form.at)
    return form.do or "save"


def _find_base(editor: Editor, schema: Schema, entry: StoredEntry, form: Form) -> dict[str, str]:
    """The texts that the form was made with."""
    if entry.source in OF_FILES:
        return {**list_entry_texts(editor, schema, entry), **form.base}
    known = load_version(editor.connection, editor.site_id, entry, form.version) if form.version else None
    return list_entry_texts(editor, schema, known or entry)


def _place(problem: Problem) -> tuple[str, str]:
    """An input that a problem is about, where its message names one, and what to say."""
    name, colon, said = problem.message.partition(": ")
    is_placed = bool(colon) and name.isidentifier()
    said = said if is_placed else problem.message
    text = f"{said}. {problem.hint}" if problem.hint else said
    return (PREFIX + name if is_placed else "", f"{text} [{problem.code}]")


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").rstrip("\n")
