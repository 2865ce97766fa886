"""``cms git``: what was written into the store goes to the repository too."""

from __future__ import annotations

import click

from cms_ssg.cli.call import Call, site_command
from cms_ssg.cli.entry import open_editor
from cms_ssg.cli.output import make_table
from cms_ssg.text.counting import count


@click.group("git")
def git() -> None:
    """Commit entries of the database to the repository."""


@site_command("push", "cms git push\ncms git push --branch edits --no-push")
@click.option(
    "--branch", default="cms-edits", show_default=True, metavar="NAME", help="Branch for the commits; created if it does not exist."
)
@click.option("--remote", default="origin", show_default=True, metavar="NAME", help="Where the branch is sent.")
@click.option("--no-push", is_flag=True, help="Make the commits, and send nothing.")
def push(call: Call, branch: str, remote: str, no_push: bool) -> None:
    """Commit entries of the store to a branch, and push it.

    Each commit has the author of the entries' last change. The checkout is not touched. Commits that could not be sent are sent the next
    time. Once the branch is merged and pulled, the next sync hands identical entries over to their files.
    """
    from cms_ssg.entries.git_push import commit_entries

    with open_editor(call) as editor:
        result = commit_entries(editor.connection, editor.site, editor.site_id, branch, "" if no_push else remote)
    rows = [[commit[:12], author or "-", count(len(files), "file")] for commit, author, files in result.commits]
    value = {"branch": branch, "commits": [{"commit": one, "author": by, "files": files} for one, by, files in result.commits]}
    idle = f"the branch {branch} is sent to {remote}" if result.is_sent else f"the branch {branch} has all entries of the store"
    call.output.result(value, make_table(rows) if rows else idle)


git.add_command(push)
