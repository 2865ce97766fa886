"""``cms entry``: entries of the store, written without a file; a file's entry is changed in its file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import click

from cms_ssg.cli.call import DONE, FAILED, Call, author_option, site_command
from cms_ssg.cli.output import make_table

if TYPE_CHECKING:
    from cms_ssg.entries.edit import Editor, EntryEdit


@click.group("entry")
def entry() -> None:
    """List, show, create and change entries.

    An entry of a content file is changed in its file, any other in the database.
    WHAT is an entry's number, a file, a URL, a slug or part of the title.
    """


@contextmanager
def open_editor(call: Call, author: str = "") -> Iterator[Editor]:
    """An editor of the site's entries."""
    from cms_ssg.entries.edit import Editor
    from cms_ssg.store.open_store import open_store

    with open_store(call.root, call.env) as (site, connection, row):
        yield Editor(connection, site, row.id, author)


def show_edit(call: Call, edit: EntryEdit) -> None:
    """What was done to an entry."""
    call.output.problems(edit.problems)
    number = f"entry {edit.number} " if edit.number else ""
    version = f" (version {edit.version})" if edit.version else ""
    call.output.result(edit, f"{number}{edit.file}: {edit.what}{version}")


@site_command(
    "list", "cms entry list --source api\ncms entry list --type post --status draft --json\ncms entry list --type post --where section=news"
)
@click.option("--type", "type_name", default="", metavar="TYPE", help="Only entries of this type.")
@click.option("--source", default="", help="file, api, import, or import:NAME.")
@click.option("--status", type=click.Choice(["draft", "published", "trashed"]), default=None, help="Only entries in this state.")
@click.option(
    "--where",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Only entries with this value; FIELD is a column of the type's table. Can be repeated.",
)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most this many.")
def list_(call: Call, type_name: str, source: str, status: str | None, where: tuple[str, ...], limit: int) -> None:
    """List entries, the newest first."""
    from cms_ssg.entries.find import EntryFilter, list_entries

    with open_editor(call) as editor:
        found = list_entries(editor.connection, editor.site_id, EntryFilter(type_name, source, status or "", where=where, limit=limit))
    rows = [[one.number, one.source, one.type, one.status, one.path or "-", one.title[:60]] for one in found]
    call.output.result({"entries": [one._asdict() for one in found]}, make_table(rows) if rows else "there are no such entries")


@site_command("show", "cms entry show 812\ncms entry show /2025/03/flood/ --json")
@click.argument("what")
def show(call: Call, what: str) -> None:
    """Show an entry: its fields, body and version."""
    from cms_ssg.entries.edit import find_any, find_path, is_trashed
    from cms_ssg.entries.front_matter import make_file, read_body
    from cms_ssg.store.entries import SHARED

    with open_editor(call) as editor:
        found = find_any(editor.connection, editor.site, editor.site_id, what)
        if found.source == SHARED:
            found = found._replace(markdown=read_body(editor.site, found))
        status = "trashed" if is_trashed(found) else found.status
        if found.source == "file":
            text = (editor.site.root / found.file).read_text("utf-8", "replace")
        else:
            text = make_file(editor.site, found).decode()
        value = {
            "number": found.id, "source": found.source, "file": found.file, "type": found.type, "locale": found.locale, "status": status,
            "version": found.version, "author": found.author, "changed_at": found.changed_at, "path": find_path(editor.site, found),
            "fields": found.fields, "body": found.markdown if found.source != "file" else None, "external_key": found.external_key or None,
        }  # fmt: skip
    who = f", last changed by {found.author}" if found.author else ""
    call.output.result(value, f"entry {found.id} {found.file}, from {found.source}, {status}, version {found.version}{who}\n\n{text}")


@site_command(
    "create",
    'cms entry create post --set "title=Flood" --set section=news --body-file flood.md\ncms entry create page --set title=About --draft',
)
@click.argument("type_name", metavar="TYPE")
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="A field, the value as YAML writes it; may be repeated.")
@click.option("--slug", default="", help="Its name in the URL (default: made from the title).")
@click.option("--locale", default="", metavar="CODE", help="Its language; the site's first by default.")
@click.option(
    "--body-file", type=click.File("rb", lazy=True), default=None, metavar="FILE", help="Markdown of its body; - reads standard input."
)
@click.option("--draft", is_flag=True, help="As a draft.")
@author_option
def create(
    call: Call,
    type_name: str,
    pairs: tuple[str, ...],
    slug: str,
    locale: str,
    body_file: BinaryIO | None,
    draft: bool,
    author: str,
) -> None:
    """Save a new entry of TYPE in the store. The next build publishes it."""
    from cms_ssg.authoring.change import parse_pair
    from cms_ssg.entries.values import EntryInput

    fields = dict(map(parse_pair, pairs))
    body = read_body(body_file) or ""
    with open_editor(call, author) as editor:
        new = EntryInput(type_name, fields, body, "draft" if draft else "published", locale, slug)
        show_edit(call, editor.create(new))


@site_command("set", 'cms entry set 812 section=news "tags=[water, rain]"\ncms entry set flood --unset series --expected-version 3')
@click.argument("what")
@click.argument("pairs", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--unset", "gone", multiple=True, metavar="KEY", help="Remove a field; may be repeated.")
@click.option(
    "--body-file", type=click.File("rb", lazy=True), default=None, metavar="FILE", help="Markdown of a new body; - reads standard input."
)
@click.option("--expected-version", type=click.IntRange(1), default=None, help="Refuse if the entry has another version by now.")
@click.option("--at", default="", metavar="TIME", help="Make the change at that time, in the site's zone.")
@click.option("--propose", is_flag=True, help="Make the change once it is approved; with --at, at that time.")
@author_option
def set_(
    call: Call, what: str, pairs: tuple[str, ...], gone: tuple[str, ...], body_file: BinaryIO | None, expected_version: int | None,
    at: str, propose: bool, author: str,
) -> None:  # fmt: skip
    """Set fields of an entry, or its body.

    With --at, the live entry stays unchanged until then; the first build after that time, or a scheduler, makes the change. cms calendar
    lists it, cms entry cancel cancels it.
    """
    with open_editor(call, author) as editor:
        if at or propose:
            from cms_ssg.authoring.change import parse_pair
            from cms_ssg.entries.values import EntryInput

            fields = {**dict(map(parse_pair, pairs)), **dict.fromkeys(gone)}
            change = EntryInput(fields=fields, body=read_body(body_file))
            show_later(call, *editor.change_later(what, change, at, needs_approval=propose), at or "somebody approves it")
            return
        show_edit(call, editor.set_fields(what, pairs, gone, read_body(body_file), expected_version))


def show_later(call: Call, number: int, file: str, at: str) -> None:
    """What was kept for later."""
    call.output.result({"pending": number, "file": file, "at": at}, f"change {number} of {file} waits until {at}")


def read_body(file: BinaryIO | None) -> str | None:
    """The text of a file of Markdown, None for no file. Raises UsageError entry.encoding."""
    from cms_ssg.errors import UsageError
    from cms_ssg.types import Problem

    if file is None:
        return None
    try:
        return bytes(file.read()).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        said = f"byte 0x{error.object[error.start]:02x} is not UTF-8"
        raise UsageError(Problem("entry.encoding", str(file.name), 0, said, "Save the file as UTF-8.")) from None


@site_command("publish", 'cms entry publish 812\ncms entry publish flood --at "2026-12-01 09:00"')
@click.argument("what")
@click.option("--at", default="", metavar="TIME", help="Publish at this time, in the site's time zone.")
@click.option("--keep-date", is_flag=True, help="Do not change its date.")
@author_option
def publish(call: Call, what: str, at: str, keep_date: bool, author: str) -> None:
    """Make an entry public, now or at a time.

    The date of a post is set to the time of publication.
    """
    with open_editor(call, author) as editor:
        show_edit(call, editor.publish(what, at, keep_date=keep_date))


@site_command("unpublish", "cms entry unpublish 812")
@click.argument("what")
@click.option("--at", default="", metavar="TIME", help="At that time, in the site's zone.")
@author_option
def unpublish(call: Call, what: str, at: str, author: str) -> None:
    """Make an entry a draft again. The next build removes its page."""
    with open_editor(call, author) as editor:
        if at:
            from cms_ssg.entries.values import EntryInput

            show_later(call, *editor.change_later(what, EntryInput(status="draft"), at), at)
            return
        show_edit(call, editor.unpublish(what))


@site_command("trash", "cms entry trash 812")
@click.argument("what")
@author_option
def trash(call: Call, what: str, author: str) -> None:
    """Take an entry off the site.

    cms entry restore brings it back.
    """
    with open_editor(call, author) as editor:
        show_edit(call, editor.trash(what))


@site_command("restore", "cms entry restore 812")
@click.argument("what")
@author_option
def restore(call: Call, what: str, author: str) -> None:
    """Restore an entry from the trash."""
    with open_editor(call, author) as editor:
        show_edit(call, editor.restore(what))


@site_command("pending", "cms entry pending\ncms entry pending --all --json")
@click.option("--all", "ended", is_flag=True, help="Those that were made or cancelled too.")
def pending(call: Call, ended: bool) -> None:
    """List changes that wait for their time or an approval.

    Those that could not be made are listed with the reason.
    """
    from cms_ssg.content.frontmatter.dates import say_moment
    from cms_ssg.entries.approving import describe_pending
    from cms_ssg.store.pending import list_pending

    with open_editor(call) as editor:
        found = list_pending(editor.connection, editor.site_id, ended=ended)
    rows = [
        [row.id, say_moment(row.due_at, call.site.zone) if row.due_at else "-", row.state, row.author or "-", row.file or f"entry {row.entry}",
         row.problem[:60] or ("needs an approval" if row.needs_approval else "")]
        for row in found
    ]  # fmt: skip
    call.output.result({"pending": [describe_pending(row) for row in found]}, make_table(rows) if rows else "nothing waits")


@site_command("submit", 'cms entry submit 812 --author ada\ncms entry submit flood --at "2026-12-01 09:00"')
@click.argument("what")
@click.option("--at", default="", metavar="TIME", help="To be public from that time on, in the site's zone.")
@author_option
def submit(call: Call, what: str, at: str, author: str) -> None:
    """Ask for a draft to be approved. With enough approvals it is published."""
    from cms_ssg.entries.values import EntryInput

    with open_editor(call, author) as editor:
        later = editor.change_later(what, EntryInput(status="published"), at, needs_approval=True)
        show_later(call, *later, at or "somebody approves it")


@site_command("approve", "cms entry approve --change 7 --author bob\ncms entry approve content/posts/flood.md --author bob")
@click.argument("what", default="")
@click.option("--change", type=click.IntRange(0), default=0, metavar="CHANGE", help="A change that waits: cms entry pending.")
@author_option
def approve(call: Call, what: str, change: int, author: str) -> int:
    """Approve a waiting change, or an entry in its current form.

    For a content file's entry, this is stored as `approved` in its front matter.

    The approval applies to exactly this text. Nobody can approve their own.
    """
    from cms_ssg.entries.approving import approve_change, approve_entry

    if bool(what) == bool(change):
        raise click.UsageError("give WHAT, or --change NUMBER")
    with open_editor(call, author) as editor, editor.act("approve", what or f"change {change}"):
        if change:
            row, problem, is_made = approve_change(editor.connection, editor.site, editor.site_id, change, author, editor.entries.act)
            call.output.problems([problem] if problem else [])
            said = (
                "was made"
                if is_made
                else "cannot be made"
                if problem
                else "is approved and waits"
                if not row.needs_approval
                else "needs another approval"
            )
            call.output.result({"change": row.id, "file": row.file, "made": is_made}, f"change {row.id} of {row.file} {said}")
            return FAILED if problem else DONE
        file, approved = approve_entry(editor.entries, what, author)
    call.output.result({"file": file, "approved": approved}, f"{file}: approved by {author}")
    return DONE


@site_command("cancel", "cms entry cancel 7")
@click.argument("number", type=click.IntRange(1), metavar="CHANGE")
@author_option
def cancel(call: Call, number: int, author: str) -> None:
    """Cancel a waiting change.

    cms entry pending shows the numbers.
    """
    cancel_change_of(call, number, author)


def cancel_change_of(call: Call, number: int, author: str) -> None:
    """Take back a change and say so."""
    from cms_ssg.entries.pending import cancel_change

    with open_editor(call, author) as editor, editor.act("cancel", f"change {number}"):
        row = cancel_change(editor.connection, editor.site_id, number)
    call.output.result({"cancelled": row.id, "file": row.file}, f"change {row.id} of {row.file or row.entry} is cancelled")


for command in (pending, submit, approve, cancel, list_, show, create, set_, publish, unpublish, trash, restore):
    entry.add_command(command)
