"""Routes of entries: listed, read, made and changed, by the rules of the site's types and of the caller's role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import Query as QueryParameter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.answers import JSON, has_etag
from cms_ssg.api.cursors import read_count, read_cursor, write_cursor
from cms_ssg.api.problems import ApiError, fail
from cms_ssg.api.rights import check_right, describe_subject, make_writer
from cms_ssg.api.routing import Router, caller_of, site_of
from cms_ssg.entries import find
from cms_ssg.entries.edit import Editor, find_any, find_path, is_trashed
from cms_ssg.entries.files import can_write, change_file, lock_file, mark_file
from cms_ssg.entries.find import EntryFilter, list_published
from cms_ssg.entries.front_matter import read_body
from cms_ssg.entries.rights import Subject
from cms_ssg.entries.save import EntryChangedError
from cms_ssg.entries.values import EntryInput, Saved
from cms_ssg.errors import CmsError
from cms_ssg.site import Site
from cms_ssg.store.connect import connect
from cms_ssg.store.entries import OF_FILES
from cms_ssg.store.texts import StoredEntry, load_entries
from cms_ssg.types import Problem, Status

router = Router("Entries")

_VERSION: Final = re.compile(r'(?:W/)?"v?(\d{1,9})(?:-([0-9a-f]{12}))?"')
_FIELD: Final = re.compile(r"[\w.\[\]-]+")
_DEEDS: Final = {"published": "publish", "draft": "unpublish", "trashed": "trash"}
LAST: Final = (1 << 63) - 1
STATUS: Final = {
    "entry.not-found": 404,
    "pending.not-found": 404,
    "undo.nothing": 404,
    "undo.done": 409,
    "workflow.own": 403,
    "api.role": 403,
    "entry.changed": 409,
    "entry.exists": 409,
    "entry.of-file": 409,
    "entry.of-shared": 409,
}


class ListQuery(BaseModel):
    """Which entries are listed, the newest first."""

    model_config = ConfigDict(extra="forbid")

    type: Annotated[str, Field(max_length=100)] = ""
    status: Status | None = None
    locale: Annotated[str, Field(max_length=35)] = ""
    source: Annotated[str, Field(max_length=100, description="file, shared, api, import:NAME")] = ""
    where: Annotated[
        list[Annotated[str, Field(max_length=1000)]],
        Field(
            max_length=10,
            description="Such as `section=news`: entries whose field, a column of the type's table, is this. All must be true.",
        ),
    ] = []
    before: Annotated[int, Field(ge=0, le=2**62, description="The `next` of the page before.")] = 0
    sort: Annotated[
        Literal["number", "published"], Field(description="published: posts that are public, by their time; with locale and limit alone.")
    ] = "number"
    cursor: Annotated[str, Field(max_length=200, description="The `next_cursor` of the page before, where sort is published.")] = ""
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class NewEntry(BaseModel):
    """An entry to be made."""

    model_config = ConfigDict(extra="forbid")

    type: Annotated[str, Field(max_length=100)]
    fields: dict[str, Any] = {}
    body: str = ""
    status: Status = "draft"
    locale: Annotated[str, Field(max_length=35)] = ""
    slug: Annotated[str, Field(max_length=200)] = ""


class EntryChange(BaseModel):
    """What is to be changed of an entry. Fields that are not given stay; null removes one."""

    model_config = ConfigDict(extra="forbid")

    fields: dict[str, Any] = {}
    body: str | None = None
    status: Status | None = None
    keep_date: Annotated[bool, Field(description="An entry that becomes public keeps its date and is not dated to that moment.")] = False


@router.get("/api/entries", scope="read", response_class=Response, summary="List entries")
def list_entries(request: Request, asked: Annotated[ListQuery, QueryParameter()]) -> Response:
    """A page of entries without their bodies. `next` goes on where this page ends."""
    if asked.sort == "published":
        return _list_published(request, asked)
    if asked.cursor:
        raise _refuse("cursor", "it goes with sort=published; pages of all entries go on by before")
    with open_editor(request) as editor:
        wanted = EntryFilter(
            asked.type, asked.source, asked.status or "", asked.locale, where=asked.where, before=asked.before, limit=asked.limit
        )
        found = find.list_entries(editor.connection, editor.site_id, wanted)
    value = {"entries": [one._asdict() for one in found], "next": found[-1].number if len(found) == asked.limit else None}
    return answer_json(value)


def _list_published(request: Request, asked: ListQuery) -> Response:
    if other := next((name for name in ("type", "status", "source", "where", "before") if getattr(asked, name)), ""):
        raise _refuse(other, "sort=published takes locale and limit alone")
    at, last = read_cursor(asked.cursor, datetime.fromisoformat, read_count) if asked.cursor else (datetime.now(UTC), LAST)
    with open_editor(request) as editor:
        found = list_published(editor.connection, editor.site_id, locale=asked.locale, at=at, last=last, limit=asked.limit + 1)
    page = found[: asked.limit]
    following = write_cursor(page[-1][1], page[-1][0].number) if len(found) > asked.limit else ""
    return answer_json({"entries": [one._asdict() | {"published_at": at} for one, at in page], "next_cursor": following})


def _refuse(field: str, message: str) -> ApiError:
    return ApiError(
        422, "api.invalid", f"the request is not as it should be: {field}", "/docs says what is taken.", fields=((field, message),)
    )


@router.get("/api/entries/{number}", scope="read", response_class=Response, summary="Show an entry")
def show_entry(request: Request, number: int) -> Response:
    """An entry with its fields, its Markdown and its version, which is also the ETag."""
    with open_editor(request) as editor:
        entry = load_one(editor, number)
        value = describe(editor.site, entry)
        headers = {"ETag": _make_etag(editor.site, entry)}
    if has_etag(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(None, 304, {**headers, "Cache-Control": "no-store", "Vary": "Accept-Encoding"})
    return answer_json(value, headers=headers)


@router.post("/api/entries", scope="write", response_class=Response, status_code=201, summary="Make an entry")
def create_entry(request: Request, new: NewEntry) -> Response:
    """Save a new entry in the store, a draft unless it says otherwise."""
    with open_editor(request) as editor:
        locale = new.locale or editor.site.default_locale
        is_live = new.status == "published"
        subject = Subject(str(new.fields.get("section") or ""), locale, editor.entries.author, is_live)
        check_right(editor, make_writer(caller_of(request)), "create", subject, new.type)
        made = editor.create(EntryInput(new.type, new.fields, new.body, new.status, new.locale, new.slug))
        entry = load_one(editor, made.number)
        value = describe(editor.site, entry) | {"warnings": [problem.message for problem in made.problems]}
    return answer_json(value, 201, {"ETag": f'"v{entry.version}"', "Location": f"/api/entries/{entry.id}"})


@router.patch("/api/entries/{number}", scope="write", response_class=Response, summary="Change an entry")
def change_entry(request: Request, number: int, change: EntryChange) -> Response:
    """Change an entry from the version that If-Match names.

    What others changed since then is merged by field, and in the body by paragraph. Where both changed the same, the answer is 409 with all
    three values of each such field. A file's entry is changed in its file where `[desk] files` lets the server write it, and only as long as the
    file is what If-Match names; elsewhere it is refused with the file's name.
    """
    version, mark = read_version(request)
    with open_editor(request) as editor:
        entry = load_one(editor, number)
        writer, now = make_writer(caller_of(request)), describe_subject(editor, entry)
        check_right(editor, writer, "edit", now, entry.file)
        moved = now._replace(section=str(change.fields.get("section", now.section) or ""), is_live=change.status == "published")
        check_right(editor, writer, "publish" if change.status == "published" else "edit", moved, entry.file)
        goes_out = datetime.now(UTC) if change.status == "published" and not change.keep_date else None
        given = EntryInput(
            number=number, fields=change.fields, body=change.body, status=change.status, expected_version=version, goes_out=goes_out
        )
        saved = None
        if can_write(editor.site, entry):
            _change_file(editor, entry, given, mark)
        else:
            with editor.act(change.status or "change", entry.file):
                saved = editor.entries.save_entry(given)
        entry = load_one(editor, number)
        value = describe(editor.site, entry, saved)
        etag = _make_etag(editor.site, entry)
    return answer_json(value, headers={"ETag": etag})


def _change_file(editor: Editor, entry: StoredEntry, change: EntryInput, mark: str) -> None:
    """Change a content file, if it still is the one that the caller has read."""
    lock_file(editor, entry)
    if mark != mark_file(editor.site, entry):
        hint = "Read the entry again, and make the change of what it is now."
        headers = {"ETag": _make_etag(editor.site, entry)}
        raise ApiError(409, "entry.changed", f"{entry.file} is not the file that was read", hint, headers=headers)
    moves = change.status is not None and change.status != ("trashed" if is_trashed(entry) else entry.status)
    if is_trashed(entry) and moves:
        change_file(editor, entry, EntryInput(), "restore")
    change_file(editor, entry, change, _DEEDS[change.status] if moves and change.status else "", keep_date=change.goes_out is None)


def _make_etag(site: Site, entry: StoredEntry) -> str:
    """The version; with what the file is now, where it may be changed."""
    return f'"v{entry.version}-{mark_file(site, entry)}"' if can_write(site, entry) else f'"v{entry.version}"'


@contextmanager
def open_editor(request: Request) -> Iterator[Editor]:
    """An editor for the caller, with a connection of its own. What is wrong with an entry becomes an answer."""
    context = site_of(request)
    caller = caller_of(request)
    with connect(str(context.pool.conninfo), autocommit=True) as connection:
        connection.execute("SELECT set_config('statement_timeout', %s, false)", (str(int(context.site.settings.api.timeout_s * 1000)),))
        editor = Editor(connection, context.site, context.number, caller.name)
        editor.entries.origin, editor.entries.takes_approvals, editor.entries.writer = "api", False, make_writer(caller)
        try:
            yield editor
        except EntryChangedError as error:
            raise _explain_conflict(error) from None
        except CmsError as error:
            raise explain_problem(error) from None


def load_one(editor: Editor, number: int) -> StoredEntry:
    """An entry of the site. Raises ApiError entry.not-found."""
    found = load_entries(editor.connection, editor.site_id, [number]) if number < 2**62 else []
    if not found:
        raise fail("entry.not-found", f"there is no entry {number}", status=404, hint="GET /api/entries lists what there is.")
    entry = found[0]
    if can_write(editor.site, entry) and (editor.site.root / entry.file).is_file():
        entry = find_any(editor.connection, editor.site, editor.site_id, str(number))  # as its file is now
    return entry._replace(markdown=read_body(editor.site, entry)) if entry.source in OF_FILES else entry


def describe(site: Site, entry: StoredEntry, saved: Saved | None = None) -> dict[str, Any]:
    """An entry as the API shows it."""
    value: dict[str, Any] = {
        "number": entry.id, "source": entry.source, "file": entry.file, "type": entry.type, "locale": entry.locale,
        "translation_key": entry.translation_key, "status": "trashed" if is_trashed(entry) else entry.status, "version": entry.version,
        "author": entry.author, "changed_at": entry.changed_at, "path": find_path(site, entry), "fields": entry.fields, "body": entry.markdown,
        "etag": _make_etag(site, entry),
    }  # fmt: skip
    if saved is not None:
        value |= {"changed": sorted(saved.changes), "merged": saved.merged, "warnings": [problem.message for problem in saved.problems]}
    return value


def read_version(request: Request) -> tuple[int, str]:
    """The version that If-Match names, and what a file was then, if it says."""
    header = request.headers.get("if-match", "").strip()
    if not header:
        hint = "Send the ETag of the entry as it was read."
        raise fail("api.no-version", "a change says from which version it was made, in If-Match", status=428, hint=hint)
    found = _VERSION.fullmatch(header)
    if found is None:
        raise fail("api.invalid", "If-Match is no version of an entry", status=422, hint='Send the ETag as it came: "v3".')
    return int(found[1]), found[2] or ""


def explain_problem(error: CmsError) -> ApiError:
    """What is wrong with an entry, as an answer."""
    first = error.problems[0]
    fields = tuple(_name_field(problem) for problem in error.problems)
    return ApiError(STATUS.get(first.code, 422), first.code, first.message, first.hint, fields=fields)


def _name_field(problem: Problem) -> tuple[str, str]:
    """The field that is wrong, else the file, and what is wrong with it."""
    name, colon, rest = problem.message.partition(": ")
    if problem.code == "content.field" and colon and _FIELD.fullmatch(name):
        return name, rest
    return problem.place or "entry", problem.message


def _explain_conflict(error: EntryChangedError) -> ApiError:
    """Both versions of each field that two changed. The present version is in the ETag."""
    first = error.problems[0]
    fields = tuple(
        (name, msgspec.json.encode({"base": base, "stored": stored, "given": given}).decode())
        for name, (base, stored, given) in error.conflicts.items()
    )
    return ApiError(409, first.code, first.message, first.hint, fields=fields, headers={"ETag": f'"v{error.current.version}"'})


def answer_json(value: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A private answer, kept by nobody."""
    return Response(msgspec.json.encode(value), status, {"Cache-Control": "no-store", **(headers or {})}, JSON)
