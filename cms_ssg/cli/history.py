"""``cms log``, ``cms undo``, ``cms audit``, and the versions of an entry: who changed what, and back again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cms_ssg.cli.call import DONE, PARTIAL, Call, author_option, site_command
from cms_ssg.cli.entry import entry, open_editor
from cms_ssg.cli.output import make_table
from cms_ssg.text.counting import count

if TYPE_CHECKING:
    from cms_ssg.entries.edit import Editor
    from cms_ssg.store.revisions import ActRow


@site_command("log", "cms log flood-in-the-valley\ncms log --author ada --limit 10")
@click.argument("what", default="")
@click.option("--author", default="", metavar="NAME", help="Without WHAT: only what this one changed.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most this many.")
def log(call: Call, what: str, author: str, limit: int) -> None:
    """Show who changed an entry, when and where from.

    Without WHAT, the newest changes of the site.
    """
    from cms_ssg.content.frontmatter.dates import say_moment
    from cms_ssg.entries.history import read_log, read_site_log

    with open_editor(call) as editor:
        if what:
            items = read_log(editor.connection, editor.site, editor.site_id, what, limit)
        else:
            items = read_site_log(editor.connection, editor.site_id, author, limit)
    rows = [
        [
            f"v{item.version}" if item.version else "-",
            say_moment(item.at, call.site.zone),
            item.author or "-",
            item.origin[:16],
            item.what[:70],
        ]
        + ([] if what else [item.file])
        for item in items
    ]
    call.output.result({"changes": items}, make_table(rows) if rows else "no changes are known")


@site_command("diff", "cms entry diff 812\ncms entry diff flood --from 3 --to 5")
@click.argument("what")
@click.option("--from", "old", type=click.IntRange(0), default=0, metavar="VERSION", help="The older one; by default the one before.")
@click.option("--to", "new", type=click.IntRange(0), default=0, metavar="VERSION", help="The newer one (default: the current one).")
def diff(call: Call, what: str, old: int, new: int) -> None:
    """Show what differs between two versions of an entry. The body of a file is compared by git."""
    from cms_ssg.entries.history import compare_versions, find_stored, show_changes
    from cms_ssg.store.entries import OF_FILES

    with open_editor(call) as editor:
        found = find_stored(editor.connection, editor.site, editor.site_id, what)
        changes = compare_versions(editor.connection, editor.site_id, found, old, new)
    call.output.result(
        {"number": found.id, "file": found.file, "changes": changes}, show_changes(changes, found.file if found.source in OF_FILES else "")
    )


@site_command("revert", "cms entry revert 812 --to 3")
@click.argument("what")
@click.option("--to", "version", type=click.IntRange(1), required=True, metavar="VERSION", help="The version that it is to be again.")
@author_option
def revert(call: Call, what: str, version: int, author: str) -> None:
    """Make an entry what it was at a version. That is a new version, so it can be taken back too."""
    from cms_ssg.entries.history import find_stored, revert_entry

    with open_editor(call, author) as editor:
        found = find_stored(editor.connection, editor.site, editor.site_id, what)
        with editor.act("revert", f"{found.file} to version {version}"):
            saved = revert_entry(editor.entries, found, version)
    said = f"is version {version} again (version {saved.version})" if saved.changes else f"was like version {version}"
    call.output.result(
        {"number": saved.number, "version": saved.version, "changes": saved.changes}, f"entry {found.id} {found.file} {said}"
    )


@site_command("undo", "cms undo\ncms undo 41\ncms undo --release")
@click.argument("number", type=click.IntRange(0), default=0, metavar="[ACT]")
@click.option("--dry-run", is_flag=True, help="Print what would be undone; change nothing.")
@click.option("--release", "is_release", is_flag=True, help="Undo what the last release published; entries are not changed.")
@author_option
def undo(call: Call, number: int, dry_run: bool, is_release: bool, author: str) -> int:
    """Undo the last act that changed entries, or another one.

    An act is a change, an approval, an import or a bulk change.

    Later changes of the same entries stay. If they changed the same field, the entry is left as it is and reported.
    """
    if is_release:
        return _undo_release(call, number, dry_run)
    from cms_ssg.entries.history import find_last_act, undo_act

    with open_editor(call, author) as editor:
        act = find_last_act(editor.connection, editor.site_id, number)
        done = act.what if act.kind == "import" else f"{act.kind} {act.what}"
        said = f"act {act.id} ({done}, {act.author or 'nobody named'})"
        if dry_run:
            call.output.result({"act": act.id, "entries": act.entries}, f"would take back {said}: {count(act.entries, 'entry', 'entries')}")
            return DONE
        if act.kind == "import":
            return _undo_import(call, editor, act, said)
        result = undo_act(editor.entries, act)
    call.output.problems([problem for found in result.conflicts.values() for problem in found])
    call.output.result(
        {"act": act.id, "undone_by": result.act, "restored": result.restored, "conflicts": sorted(result.conflicts)},
        f"took back {said}: {count(len(result.restored), 'entry', 'entries')}, {len(result.conflicts):,} left as they are"
        if result.restored
        else f"{said} is not taken back: what it changed was changed again",
    )
    return PARTIAL if result.conflicts else DONE


def _undo_import(call: Call, editor: Editor, act: ActRow, said: str) -> int:
    """What an import added goes, what it changed is restored; what somebody changed since stays."""
    from cms_ssg.bulk.undo import undo_import

    number = int(act.what.removeprefix("import ").partition(":")[0])
    result = undo_import(editor.connection, editor.site, editor.site_id, number, editor.entries.author)
    text = f"took back {said}: {count(result.removed, 'entry', 'entries')} removed, {result.restored:,} restored, {result.kept:,} left as they are"
    call.output.result(
        {"act": act.id, "undone_by": result.act, "removed": result.removed, "restored": result.restored, "kept": result.kept}, text
    )
    return PARTIAL if result.kept else DONE


def _undo_release(call: Call, number: int, dry_run: bool) -> int:
    from cms_ssg.cli.releases import show_rollback
    from cms_ssg.errors import fail
    from cms_ssg.history.releases import list_releases

    if number:
        raise click.UsageError("--release takes back the last one; cms releases rollback NUMBER goes back to any")
    found = [one.number for one in list_releases(call.root, call.env).releases]
    if len(found) < 2:
        raise fail("undo.nothing", "there is no release before the last one", hint="cms releases list shows what is kept.")
    if dry_run:
        call.output.result({"back_to": found[1]}, f"would go back to the state after release {found[1]}")
        return DONE
    return show_rollback(call, found[1])


@site_command("audit", "cms audit\ncms audit --author ada --json")
@click.option("--author", default="", metavar="NAME", help="Only what this one did.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most this many.")
def audit(call: Call, author: str, limit: int) -> None:
    """List what people and programs did, the newest first.

    Refused changes are listed with the reason.
    """
    from cms_ssg.content.frontmatter.dates import say_moment
    from cms_ssg.store.revisions import list_acts

    with open_editor(call) as editor:
        acts = list_acts(editor.connection, editor.site_id, author=author, most=limit)
    rows = [
        [act.id, say_moment(act.made_at, call.site.zone), act.author or "-", act.origin, act.kind, act.what[:60],
         _say_end(act)]
        for act in acts
    ]  # fmt: skip
    call.output.result({"acts": [act._asdict() for act in acts]}, make_table(rows) if rows else "nothing was done yet")


def _say_end(act: ActRow) -> str:
    if act.refused:
        return f"refused: {act.refused[:60]}"
    if act.undone_by:
        return f"taken back by {act.undone_by}"
    return count(act.entries, "entry", "entries") if act.entries else ""


for command in (diff, revert):
    entry.add_command(command)
