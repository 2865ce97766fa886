"""What a caller's role allows with entries, for every route that writes them."""

from __future__ import annotations

from cms_ssg.api.callers import Caller
from cms_ssg.api.problems import fail
from cms_ssg.entries.edit import Editor, is_trashed
from cms_ssg.entries.rights import Deed, Subject, Writer, find_refusal
from cms_ssg.store.revisions import find_creator
from cms_ssg.store.texts import StoredEntry


def make_writer(caller: Caller) -> Writer:
    """The caller as somebody who writes; the scope admin is every role at once."""
    return Writer(caller.name, "admin" if "admin" in caller.scopes else caller.role, caller.sections, caller.locales)


def describe_subject(editor: Editor, entry: StoredEntry) -> Subject:
    """A stored entry as rights see it."""
    made_by = find_creator(editor.connection, editor.site_id, entry.id) or entry.author
    return Subject(str(entry.fields.get("section") or ""), entry.locale, made_by, entry.status == "published" and not is_trashed(entry))


def check_right(editor: Editor, writer: Writer, deed: Deed, subject: Subject, what: str) -> None:
    """Refuse what the role does not allow, and note that in the audit log. Raises ApiError api.role."""
    said = find_refusal(writer, deed, subject)
    if said:
        editor.note_refused(deed, what, said)
        raise fail("api.role", said, status=403, hint="cms token create --role says what a token may do.")
