"""Changes content files for those who have no checkout, at the desk and by the API, where ``[desk] files`` lets the server write them."""

from __future__ import annotations

from typing import Final, LiteralString

from cms_ssg import authoring
from cms_ssg.content.approval import list_new_approvals
from cms_ssg.content.read_file import read_file
from cms_ssg.entries.edit import Editor
from cms_ssg.entries.values import EntryInput
from cms_ssg.errors import CmsError
from cms_ssg.reads import digest
from cms_ssg.site import Site
from cms_ssg.store.entries import FILE
from cms_ssg.store.texts import StoredEntry
from cms_ssg.types import Problem

LOCK: Final[LiteralString] = "SELECT pg_advisory_lock(hashtextextended('cms.file/' || %s || '/' || %s, 0))"


def can_write(site: Site, entry: StoredEntry) -> bool:
    """Whether the server may change this entry in its file."""
    return entry.source == FILE and site.settings.desk.files


def lock_file(editor: Editor, entry: StoredEntry) -> None:
    """Let nobody else change this file by the desk or the API until the connection is closed. Raises CmsError entry.of-file."""
    if not can_write(editor.site, entry):
        hint = "Edit the file; [desk] files = true in site.toml lets the desk and the API write it."
        raise CmsError(Problem("entry.of-file", entry.file, 0, "the entry is that of a file", hint))
    editor.connection.execute(LOCK, (editor.site_id, entry.file))


def mark_file(site: Site, entry: StoredEntry) -> str:
    """Stands for the bytes of an entry's file as they are now, ``""`` where it cannot be read."""
    data = read_file(str(site.root), entry.file)
    return "" if isinstance(data, Problem) else digest(data).hex()[:12]


def change_file(editor: Editor, entry: StoredEntry, change: EntryInput, do: str, at: str = "", *, keep_date: bool = False) -> None:
    """Write fields and body into the file, then publish, schedule, unpublish, trash or restore it. Raises CmsError, and what would be wrong is not written.

    change: whose fields are set, and removed where None; do: one of these words, or anything else for none; at: when it is published, in the
    site's zone where it names none; keep_date: what is published keeps its date, as it does where the change gives one. The file must be locked.
    """
    site = editor.site
    with editor.act(do or "change", entry.file):
        gone = [name for name, value in change.fields.items() if value is None]
        kept = {name: value for name, value in change.fields.items() if value is not None}
        if not editor.entries.takes_approvals and list_new_approvals(entry.fields, kept):
            said = "an approval is given by approving, not by writing `approved`"
            raise CmsError(Problem("workflow.field", entry.file, 0, said, "Leave `approved` as it is."))
        if change.fields or change.body is not None:
            authoring.set_values(site, entry.file, kept, gone, change.body)
        for word, function in (("unpublish", authoring.unpublish), ("trash", authoring.trash), ("restore", authoring.restore)):
            if do == word:
                function(site, entry.file)
        if do in ("publish", "schedule"):
            authoring.publish(site, entry.file, at if do == "schedule" else "", keep_date=keep_date or "date" in change.fields)
