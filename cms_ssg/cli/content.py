"""``cms new``, ``edit``, ``publish``, ``unpublish``, ``move``, ``trash``, ``restore``: write content files by title, not by path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cms_ssg.cli.call import Call, site_command

if TYPE_CHECKING:
    from cms_ssg.authoring import Edit


def show_edit(call: Call, edit: Edit) -> None:
    """What was done to a file."""
    call.output.problems(edit.problems)
    call.output.result(edit, f"{edit.file}: {edit.what}")


@site_command("new", 'cms new post "Flood in the valley"\ncms new post "Alluvione" --locale it --section news\ncms new vertical recipes')
@click.argument("type_name", metavar="TYPE")
@click.argument("title")
@click.option("--slug", default="", help="Its name in the URL (default: made from the title).")
@click.option("--section", default="", help="The section it belongs to.")
@click.option("--locale", default="", metavar="CODE", help="Its language; the site's first by default.")
@click.option("--publish", is_flag=True, help="Not as a draft.")
@click.option("--edit", "then_edit", is_flag=True, help="Open it in $EDITOR.")
def new(call: Call, type_name: str, title: str, slug: str, section: str, locale: str, publish: bool, then_edit: bool) -> int | None:
    """Write a new content file of TYPE, a draft dated now.

    `cms new vertical NAME` writes a feature of your own to begin with, as docs/extending.md describes it.
    """
    if type_name == "vertical":
        write_vertical(call, title)
        return None
    from cms_ssg.authoring import NewEntry, new_entry

    edit = new_entry(call.site, NewEntry(type_name, title, slug, section, locale, draft=not publish))
    show_edit(call, edit)
    return open_editor(call, edit.file) if then_edit else None


def write_vertical(call: Call, name: str) -> None:
    """Write the package of a new vertical, and say what to do with it."""
    from pathlib import Path

    from cms_ssg.authoring.new_vertical import new_vertical

    folder = Path(call.folder or ".")
    files = new_vertical(name, folder)
    steps = (
        f'Made cms-{name}/ with {len(files)} files. Now:\n\n  pip install -e cms-{name}\n  verticals = ["blog", "{name}"]    # in site.toml'
    )
    call.output.result({"folder": str(folder / f"cms-{name}"), "files": files}, steps)


@site_command("edit", 'cms edit "flood in the"\ncms edit flood --set section=news')
@click.argument("what")
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="Set a field instead of opening an editor; may be repeated.")
@click.option(
    "--unset",
    "gone",
    multiple=True,
    metavar="KEY",
    help="Remove a field; may be repeated. If the field is missing, only a notice is printed.",
)
def edit(call: Call, what: str, pairs: tuple[str, ...], gone: tuple[str, ...]) -> int | None:
    """Open content in $EDITOR, or set fields of it.

    WHAT is a file, a URL, a slug or a part of the title.
    """
    from cms_ssg.authoring import find_content, set_fields

    if pairs or gone:
        show_edit(call, set_fields(call.site, what, pairs, gone))
        return None
    return open_editor(call, find_content(call.site, what).file)


def open_editor(call: Call, file: str) -> int:
    """Open a file in $VISUAL or $EDITOR and wait."""
    import os
    import shlex
    import subprocess

    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        call.output.result({"file": file}, str(call.root / file))
        call.output.note("Set EDITOR to have it opened.")
        return 0
    try:
        return 1 if subprocess.run([*shlex.split(editor), str(call.root / file)], check=False).returncode else 0
    except (OSError, ValueError) as error:
        raise click.UsageError(f"the editor {editor!r} does not start: {error}") from None


@site_command("publish", 'cms publish flood\ncms publish flood --at "2026-12-01 09:00"')
@click.argument("what")
@click.option("--at", metavar="TIME", help="Publish at this time, in the site's time zone.")
@click.option("--keep-date", is_flag=True, help="Do not change its date.")
def publish(call: Call, what: str, at: str | None, keep_date: bool) -> None:
    """Make a draft public, now or at a time.

    WHAT is a file, a URL, a slug or a part of the title. The date of a post is set to the time of publication, so that it comes first in
    lists and its address has the right month.
    """
    from cms_ssg.authoring import publish as run

    show_edit(call, run(call.site, what, at or "", keep_date=keep_date))


@site_command("unpublish", "cms unpublish flood")
@click.argument("what")
def unpublish(call: Call, what: str) -> None:
    """Make content a draft again. The next build removes its page."""
    from cms_ssg.authoring import unpublish as run

    show_edit(call, run(call.site, what))


@site_command("move", "cms move flood --slug great-flood\ncms move flood --section news\ncms move flood content/pages/flood.md")
@click.argument("what")
@click.argument("to", required=False, default="")
@click.option("--slug", default="", help="A new name in the URL.")
@click.option("--section", default="", help="Another section.")
@click.option("--no-alias", is_flag=True, help="Do not redirect the old URL.")
def move(call: Call, what: str, to: str, slug: str, section: str, no_alias: bool) -> None:
    """Give content another file, slug or section.

    Its old address leads to the new one. TO is a file or folder, relative to the site.
    """
    from cms_ssg.authoring import move as run

    show_edit(call, run(call.site, what, to=to, slug=slug, section=section, alias=not no_alias))


@site_command("trash", "cms trash flood")
@click.argument("what")
def trash(call: Call, what: str) -> None:
    """Remove content from the site; its file stays. The file stays, and cms restore brings it back."""
    from cms_ssg.authoring import trash as run

    show_edit(call, run(call.site, what))


@site_command("restore", "cms restore flood")
@click.argument("what")
def restore(call: Call, what: str) -> None:
    """Restore trashed content."""
    from cms_ssg.authoring import restore as run

    show_edit(call, run(call.site, what))
