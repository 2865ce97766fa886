"""Files of a commit in a folder of their own, without a touch to the checkout, its index or its branches."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from cms_ssg.content.git.run import REPOSITORY_VARIABLES, SAFE, read_changes, read_tree
from cms_ssg.errors import CmsError, fail


@dataclass(slots=True)
class Commit:
    """A commit of a site's repository. root: the site's folder; top, inner: the repository's, and the way from there to the site; id: hex."""

    root: Path
    top: Path
    inner: str
    id: str

    def read_files(self) -> dict[str, bytes]:
        """Every file of the site with its blob id, b"" for what is no regular file. Raises CmsError preview.git."""
        found = read_tree(self.root, ["."], self.id)
        if found is None:
            raise _refuse("its files cannot be listed: it has a submodule, or git fails")
        return found

    def read_moved(self, folders: Collection[str], stored: str) -> dict[str, bytes] | None:
        """What this commit changed in these folders since it and a stored commit went different ways; None where that is not known."""
        if not stored or not set(stored) <= set("0123456789abcdef"):
            return None
        code, base, _ = _run(self.root, "merge-base", stored, self.id)
        found = read_changes(self.root, list(folders), base.decode().strip(), self.id) if code == 0 else None
        return found[1] if found is not None else None

    def write_files(self, files: Collection[str], folder: Path) -> Path:
        """Write these files of the commit below folder, beside those that are there. Returns where the site is then.

        They are as a checkout has them: ends of lines and filters as the repository's attributes say. Raises CmsError preview.git.
        """
        index = folder / "index"
        if not index.exists():
            code, _, said = _run(self.top, "read-tree", self.id, index=index)
            if code:
                raise _refuse(_line(said))
        tree = folder / "tree"
        names = b"".join(os.fsencode(f"{self.inner}{file}") + b"\0" for file in files)
        code, _, said = _run(
            self.top, "checkout-index", "--force", "--quiet", f"--prefix={tree}/", "-z", "--stdin", index=index, given=names
        )
        if code:
            raise _refuse(_line(said))
        site = tree / self.inner
        site.mkdir(parents=True, exist_ok=True)
        return site


def find_commit(root: Path, name: str) -> Commit:
    """The commit that a branch, tag or id names; a branch may be known as one of origin. Raises CmsError preview.git, preview.no-branch."""
    try:
        code, where, said = _run(root, "rev-parse", "--show-toplevel", "--show-prefix")
    except OSError as error:
        raise _refuse(f"git cannot be run: {error.strerror}") from None
    if code:
        raise _refuse(_line(said))
    top, inner = os.fsdecode(where).split("\n")[:2]
    for candidate in (name, f"origin/{name}"):
        code, found, _ = _run(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{candidate}^{{commit}}")
        if code == 0:
            return Commit(root, Path(top), inner, found.decode().strip())
    raise fail("preview.no-branch", f'this clone has no branch, tag or commit "{name}"',
               hint=f"Fetch it: git fetch origin {name}. Where the branch is checked out: cms preview --worktree.")  # fmt: skip


def _refuse(said: str) -> CmsError:
    return fail(
        "preview.git", said, hint="--branch needs a clone of the content repository; cms preview --worktree shows the files as they lie."
    )


def find_author(root: Path, files: Sequence[str]) -> str:
    """Who made the last commit of these files; "" where they are not as committed, or in no repository."""
    if not any((folder / ".git").exists() for folder in (root, *root.parents)):
        return ""
    paths = [f":(literal){file}" for file in files]
    code, changed, _ = _run(root, "status", "--porcelain", "--untracked-files=all", "--", *paths)
    if code or changed:
        return ""
    code, author, _ = _run(root, "log", "-1", "--format=%an", "--", *paths)
    return "" if code else os.fsdecode(author).strip()


def find_user_name(root: Path) -> str:
    """The user.name of git in this folder, "" for none."""
    try:
        code, name, _ = _run(root, "config", "user.name")
    except OSError:  # no git, or no folder
        return ""
    return "" if code else os.fsdecode(name).strip()


def _line(said: bytes) -> str:
    return (os.fsdecode(said).strip().splitlines() or ["git fails"])[0]


def _run(folder: Path, *arguments: str, index: Path | None = None, given: bytes | None = None) -> tuple[int, bytes, bytes]:
    environment = {name: value for name, value in os.environ.items() if name not in REPOSITORY_VARIABLES}
    environment |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    if index is not None:
        environment["GIT_INDEX_FILE"] = str(index)
    done = subprocess.run(
        [*SAFE, *arguments], cwd=folder, env=environment, input=given if given is not None else b"", capture_output=True, check=False
    )
    return done.returncode, done.stdout, done.stderr
