"""Commits made on a branch without a touch to the checkout, its index or the branch that is out."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cms_ssg.content.git.run import REPOSITORY_VARIABLES
from cms_ssg.errors import CmsError, fail

NETWORK_S: Final = 120
COMMITTER: Final = ("cms", "cms@localhost")


class Branch:
    """A branch of a site's repository that commits are added to; it begins at HEAD where it is new."""

    def __init__(self, root: Path, name: str) -> None:
        self.root, self.name = root, name
        if _run(root, "check-ref-format", "--branch", name)[0]:
            raise fail("git.branch", f'"{name}" is no name of a branch', hint="Such as cms-edits.")
        code, said = _run(root, "rev-parse", "--show-prefix")
        if code:
            raise fail("git.no-repository", "the site is in no git repository", hint="git init makes one; commit its files first.")
        self.prefix = said.decode().strip()
        found = next(
            (
                text
                for ref in (f"refs/heads/{name}", "HEAD")
                for code, text in [_run(root, "rev-parse", "--verify", "-q", f"{ref}^{{commit}}")]
                if not code
            ),
            b"",
        )
        if not found:
            raise fail("git.no-repository", "the repository has no commit yet", hint="Commit the site's files first.")
        self.commit = found.decode().strip()

    def is_out(self) -> bool:
        """Whether the checkout is on this branch, whose files would then differ from it."""
        code, said = _run(self.root, "symbolic-ref", "-q", "HEAD")
        return not code and said.decode().strip() == f"refs/heads/{self.name}"

    def read(self, file: str) -> bytes | None:
        """A file of the site as the branch has it, None for none."""
        code, data = _run(self.root, "cat-file", "blob", f"{self.commit}:{self.prefix}{file}")
        return None if code else data

    def add_commit(self, files: Mapping[str, bytes], author: str, message: str) -> str:
        """Commit these files of the site. author: a name, or ``Name <address>``. Returns the commit. Raises CmsError git.failed."""
        name, _, address = author.partition(" <")
        who = {"GIT_AUTHOR_NAME": name.strip() or COMMITTER[0], "GIT_AUTHOR_EMAIL": address.rstrip(">") or f"{name.strip() or 'cms'}@localhost".replace(" ", "."),
               "GIT_COMMITTER_NAME": COMMITTER[0], "GIT_COMMITTER_EMAIL": COMMITTER[1]}  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
            self._must("read-tree", self.commit, more=index)
            for file, data in files.items():
                blob = self._must("hash-object", "-w", "--stdin", given=data).decode().strip()
                self._must("update-index", "--add", "--cacheinfo", f"100644,{blob},{self.prefix}{file}", more=index)
            tree = self._must("write-tree", more=index).decode().strip()
        commit = self._must("commit-tree", tree, "-p", self.commit, "-m", message, more=who).decode().strip()
        self._must("update-ref", f"refs/heads/{self.name}", commit)
        self.commit = commit
        return commit

    def push(self, remote: str) -> None:
        """Send the branch to a remote. Never forced. Raises CmsError git.failed."""
        self._must("push", "--quiet", remote, f"refs/heads/{self.name}:refs/heads/{self.name}", timeout_s=NETWORK_S)

    def _must(self, *arguments: str, given: bytes | None = None, more: Mapping[str, str] | None = None, timeout_s: float = 30) -> bytes:
        code, said = _run(self.root, *arguments, given=given, more=more, timeout_s=timeout_s)
        if code:
            raise _refuse(arguments[0], said)
        return said


def _refuse(what: str, said: bytes) -> CmsError:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return fail(
        "git.failed", f"git {what} failed: {lines[-1] if lines else 'it said nothing'}", hint="Mend what git says, then run it again."
    )


def _run(
    root: Path, *arguments: str, given: bytes | None = None, more: Mapping[str, str] | None = None, timeout_s: float = 30
) -> tuple[int, bytes]:
    """Exit code, and what was printed: on stderr where it failed."""
    environment = {name: value for name, value in os.environ.items() if name not in REPOSITORY_VARIABLES}
    environment |= {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", **(more or {})}
    try:
        ended = subprocess.run(
            ["git", "--no-pager", *arguments], cwd=root, env=environment, input=given if given is not None else b"", capture_output=True,
            timeout=timeout_s, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return 1, b"it took too long"
    except OSError as error:
        raise fail("git.no-repository", f"git cannot be run: {error.strerror}", hint="Install git.") from None
    return ended.returncode, ended.stdout if not ended.returncode else ended.stderr
