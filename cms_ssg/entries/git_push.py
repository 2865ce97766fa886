"""Entries of the store as commits on a branch, each author's by its name."""

from __future__ import annotations

from dataclasses import dataclass, field

from psycopg import Connection

from cms_ssg.content.git.branch import Branch
from cms_ssg.entries.front_matter import make_file
from cms_ssg.errors import UsageError
from cms_ssg.site import Site
from cms_ssg.store.revisions import list_revisions
from cms_ssg.store.texts import list_born, load_entries
from cms_ssg.types import Problem

BATCH = 200


@dataclass(slots=True)
class Pushed:
    """commits: (commit, author, files) of each; branch: that they are on; is_sent: whether the remote was given something."""

    branch: str
    is_sent: bool = False
    commits: list[tuple[str, str, list[str]]] = field(default_factory=list)


def commit_entries(connection: Connection, site: Site, site_id: int, name: str, remote: str = "") -> Pushed:
    """Commit the files that would hold the entries of the store, where they differ from those of the branch, and send the branch.

    remote: "" to send nothing; commits that were not sent before are sent too. Raises UsageError git.branch, CmsError.
    """
    branch = Branch(site.root, name, remote)
    if branch.is_out():
        said = f"the checkout is on the branch {name}, whose files would change below it"
        raise UsageError(Problem("git.branch", "", 0, said, "--branch names another one; merge it when it is reviewed."))
    by_author: dict[str, dict[str, bytes]] = {}
    after = 0
    while numbers := list_born(connection, site_id, after, BATCH):
        after = numbers[-1]
        for entry in load_entries(connection, site_id, numbers):
            data = make_file(site, entry)
            known = branch.read(entry.file)
            if data == known or (known is None and entry.removed):
                continue
            revision = next(iter(list_revisions(connection, site_id, entry.id, 1)), None)
            author = revision.author if revision is not None and revision.author else entry.author
            by_author.setdefault(author, {})[entry.file] = data
    result = Pushed(name)
    for author, files in sorted(by_author.items()):
        title = next(iter(files)) if len(files) == 1 else f"{len(files)} entries"
        commit = branch.add_commit(files, author, f"content: Change {title}\n\n" + "\n".join(sorted(files)))
        result.commits.append((commit, author, sorted(files)))
    if remote and branch.has_unsent:
        branch.push(remote)
        result.is_sent = True
    return result
