"""Routes of entries at the desk: found, written in a form, kept while somebody types, looked at before they are saved."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.problems import ApiError, fail
from cms_ssg.api.rights import check_right, describe_subject
from cms_ssg.api.routing import Router, site_of
from cms_ssg.desk.entry_form import BODY, list_texts, make_texts
from cms_ssg.desk.entry_pages import EntryPage, render_entry, render_history, render_list
from cms_ssg.desk.frame import HEADERS, View, answer_page, enter
from cms_ssg.desk.requests import pack_texts, parse_base, read_form, read_number, read_pairs, work
from cms_ssg.desk.session import Session
from cms_ssg.desk.translations import begin_translation, place_translation, render_translations
from cms_ssg.desk.writing import Form, May, Outcome, create_entry, find_entry_at_desk, list_entry_texts, save_form
from cms_ssg.entries.edit import Editor, find_path
from cms_ssg.entries.find import EntryFilter, list_entries
from cms_ssg.entries.history import compare_versions, read_log, revert_entry, show_changes
from cms_ssg.entries.rights import find_refusal
from cms_ssg.store.comments import list_comments
from cms_ssg.store.entries import OF_FILES
from cms_ssg.store.open_editors import find_kept, forget_texts, keep_texts, see_editor
from cms_ssg.store.pending import list_pending
from cms_ssg.store.texts import StoredEntry

router = Router("Desk")

PAGE: Final = 50
EMPTY: Final = StoredEntry(
    0, "api", "", "", "", "", "", "draft", False, {}, "", 0, "", datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC), ""
)


@router.get("/desk/entries", scope=PUBLIC, include_in_schema=False)
async def show_entries(request: Request) -> Response:
    """The list of entries."""
    session = await enter(request, "write")
    asked = {name: request.query_params.get(name, "")[:200].replace("\0", "") for name in ("words", "type", "status", "locale", "before")}
    status = asked["status"] if asked["status"] in ("draft", "published", "trashed") else ""
    before = int(asked["before"]) if asked["before"].isdecimal() and len(asked["before"]) < 19 else 0

    def find(editor: Editor) -> str:
        wanted = EntryFilter(asked["type"], "", status, asked["locale"], asked["words"].strip(), before=before, limit=PAGE)
        found = list_entries(editor.connection, editor.site_id, wanted)
        return render_list(editor.site, found, asked, list_types(editor), found[-1].number if len(found) == PAGE else 0, base)

    base = site_of(request).base_path
    return answer_page(request, session, "Entries", await work(request, session, find), View("entries"))


@router.get("/desk/entries/new", scope=PUBLIC, include_in_schema=False)
async def show_new(request: Request) -> Response:
    """An empty form."""
    session = await enter(request, "write")
    kind = (request.query_params.get("type", ""), request.query_params.get("locale", ""))
    original = read_number(request.query_params.get("of", ""))
    return await work(request, session, lambda editor: _answer_new(request, session, editor, Outcome(0), kind, original))


@router.post("/desk/entries/new", scope=PUBLIC, include_in_schema=False)
async def create(request: Request) -> Response:
    """Make a draft."""
    pairs = await read_pairs(request)
    session = await enter(request, "write", pairs.get("csrf", ""))
    kind = (pairs.get("type", ""), pairs.get("locale", ""))

    def make(editor: Editor) -> Response:
        if kind[0] not in editor.site.schemas:
            raise _no_type(editor, kind[0])
        original = read_number(pairs.get("of", ""))
        file, more = place_translation(editor, original, kind[1]) if original and kind[1] in editor.site.locales else ("", {})
        outcome = create_entry(editor, session.writer, *kind, dict(list_texts(pairs)), file, more)
        if outcome.done:
            return _go(request, outcome.number, outcome.done)
        return _answer_new(request, session, editor, outcome, kind, original)

    return await work(request, session, make)


@router.get("/desk/entries/{number}", scope=PUBLIC, include_in_schema=False)
async def show_entry(request: Request, number: int) -> Response:
    """The form of an entry."""
    session = await enter(request, "write")
    return await work(request, session, lambda editor: _answer_entry(request, session, editor, number))


@router.post("/desk/entries/{number}", scope=PUBLIC, include_in_schema=False)
async def save(request: Request, number: int) -> Response:
    """Save an entry, or what else a button says."""
    pairs = await read_pairs(request)
    session = await enter(request, "write", pairs.get("csrf", ""))

    def run(editor: Editor) -> Response:
        if pairs.get("do") == "discard":
            forget_texts(editor.connection, editor.site_id, number, session.name)
            return _go(request, number, "discarded")
        form = read_form(editor, number, pairs)
        outcome = save_form(editor, session.writer, number, form)
        if outcome.done:
            return _go(request, number, outcome.done)
        if form.texts:  # it stays theirs wherever they go from here, as made from what they had before them
            see_editor(editor.connection, editor.site_id, number, session.name)
            keep_texts(editor.connection, editor.site_id, number, session.name, form.version, pack_texts(form.texts, form.base))
        return _answer_entry(request, session, editor, number, outcome, form)

    return await work(request, session, run)


@router.get("/desk/entries/{number}/history", scope=PUBLIC, include_in_schema=False)
async def show_history(request: Request, number: int) -> Response:
    """What became of an entry."""
    session = await enter(request, "write")

    def render(editor: Editor) -> Response:
        entry = find_entry_at_desk(editor, number)
        items = []
        for item in read_log(editor.connection, editor.site, editor.site_id, str(number), PAGE):
            is_known = item.version > 1 and entry.source not in OF_FILES
            changes = compare_versions(editor.connection, editor.site_id, entry, item.version - 1, item.version) if is_known else {}
            items.append((item, show_changes(changes) if changes else ""))
        subject = describe_subject(editor, entry)
        may_revert = entry.source not in OF_FILES and not find_refusal(session.writer, "publish" if subject.is_live else "edit", subject)
        main = render_history(entry, items, editor.site, session.csrf if may_revert else "", site_of(request).base_path)
        return answer_page(request, session, f"History of {entry.fields.get('title') or entry.file}", main, View("entries"))

    return await work(request, session, render)


@router.post("/desk/entries/{number}/revert", scope=PUBLIC, include_in_schema=False)
async def revert(request: Request, number: int) -> Response:
    """Make an entry what it was at a version."""
    pairs = await read_pairs(request)
    session = await enter(request, "write", pairs.get("csrf", ""))

    def run(editor: Editor) -> Response:
        entry = find_entry_at_desk(editor, number)
        subject = describe_subject(editor, entry)
        check_right(editor, session.writer, "publish" if subject.is_live else "edit", subject, entry.file)
        with editor.act("revert", f"{entry.file} to version {pairs.get('version', '')}"):
            revert_entry(editor.entries, entry, read_number(pairs.get("version", "")))
        return _go(request, number, "reverted")

    return await work(request, session, run)


@router.post("/desk/entries/{number}/comment", scope=PUBLIC, include_in_schema=False)
async def comment(request: Request, number: int) -> Response:
    """Say something about an entry."""
    pairs = await read_pairs(request)
    session = await enter(request, "write", pairs.get("csrf", ""))
    text = pairs.get("text", "").strip()[:5000]

    def run(editor: Editor) -> Response:
        if text:
            editor.comment(find_entry_at_desk(editor, number), text, asks=pairs.get("asks") == "yes")
        return _go(request, number, "commented")

    return await work(request, session, run)


def list_types(editor: Editor) -> list[str]:
    """Types that a collection of the site has, the entries of which can be written."""
    found = [name for rule in editor.site.settings.collection for name in (rule.type, *rule.types.values())]
    return [name for name in dict.fromkeys(found) if name in editor.site.schemas]


def _answer_new(request: Request, session: Session, editor: Editor, outcome: Outcome, kind: tuple[str, str], number: int = 0) -> Response:
    """An empty form. number: of the entry that it is to translate, with whose texts it begins."""
    schema = editor.site.schemas.get(kind[0])
    if schema is None:
        raise _no_type(editor, kind[0])
    entry = EMPTY._replace(type=kind[0], locale=kind[1] if kind[1] in editor.site.locales else editor.site.default_locale)
    texts = {**make_texts(schema, dict(schema.defaults), editor.site.zone), BODY: ""}
    title = f"New {kind[0]}"
    if number:
        original = find_entry_at_desk(editor, number)
        if original.type != kind[0]:
            raise _no_type(editor, kind[0])
        texts |= begin_translation(editor, schema, original)
        title = f"{original.fields.get('title') or original.file} in {editor.site.locales[entry.locale].name or entry.locale}"
    texts |= outcome.texts
    may = May(editor, session.writer, entry)
    page = EntryPage(entry, schema, may, "", texts, texts, problems=outcome.problems, original=number)
    main = render_entry(page, editor.site, session, site_of(request).base_path)
    return answer_page(request, session, title, main, View("entries", True, "editor.js"), 422 if outcome.problems else 200)


def _answer_entry(
    request: Request, session: Session, editor: Editor, number: int, outcome: Outcome | None = None, form: Form | None = None
) -> Response:
    """The form of an entry as it is now, or with what somebody typed and what came of it."""
    entry = find_entry_at_desk(editor, number)
    schema = editor.site.schemas.get(entry.type)
    if schema is None:
        raise _no_type(editor, entry.type)
    connection, site_id = editor.connection, editor.site_id
    may = May(editor, session.writer, entry)
    people = see_editor(connection, site_id, number, session.name, only_reads=not (may.edit or may.propose))
    kept = find_kept(connection, site_id, number, session.name) if outcome is None else None
    stored = list_entry_texts(editor, schema, entry)
    version, base, texts = entry.version, stored, stored
    if kept is not None and kept.texts.items() <= stored.items():  # it was saved in the meantime
        kept = None
    if kept is not None:
        version, base = kept.base_version or entry.version, parse_base(kept.texts.pop("base", "")) or stored
        texts = {**stored, **kept.texts}
    elif outcome is not None and form is not None:
        texts = {**stored, **outcome.texts}
        version, base = (outcome.version, dict(outcome.base)) if outcome.theirs else (form.version, form.base or stored)
    page = EntryPage(
        entry._replace(version=version), schema, may, find_path(editor.site, entry), texts, base,
        outcome.theirs if outcome else {}, outcome.problems if outcome else (), [one for one in people if one.person != session.name],
        [one for one in list_pending(connection, site_id) if one.entry == number], list_comments(connection, site_id, number, PAGE),
        request.query_params.get("done", ""), kept is not None,
        render_translations(connection, editor.site, site_id, entry, session.writer, site_of(request).base_path),
    )  # fmt: skip
    main = render_entry(page, editor.site, session, site_of(request).base_path)
    status = 200 if outcome is None else 409 if outcome.theirs else 422
    return answer_page(request, session, str(entry.fields.get("title") or entry.file), main, View("entries", True, "editor.js"), status)


def _no_type(editor: Editor, name: str) -> ApiError:
    return fail("entry.no-type", f'there is no content type "{name[:100]}"', status=404, hint=f"Types: {', '.join(list_types(editor))}.")


def _go(request: Request, number: int, done: str) -> Response:
    return RedirectResponse(f"{site_of(request).base_path}/desk/entries/{number}?done={done}", 303, HEADERS)
