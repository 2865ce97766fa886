"""Commits made on a branch without a touch to the checkout, its index or the branch that is out."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cms_ssg.content.git.run import REPOSITORY_VARIABLES
from cms_ssg.errors import CmsError, fail

NETWORK_S: Final = 120
COMMITTER: Final = ("cms", "cms@localhost")


CRUD: Final = " .,:;<>\"\\'"
"""What git takes off the ends of a name."""

MOST_SAID: Final = 5


class Branch:
    """A branch of a site's repository that commits are added to. It begins at HEAD where it is new, or was merged into what is out.

    remote: where it is sent, "" for nowhere; what others have added to it there comes first. Raises CmsError git.branch, git.no-repository.
    """

    def __init__(self, root: Path, name: str, remote: str = "") -> None:
        self.root, self.name = root, name
        if _run(root, "check-ref-format", "--branch", name)[0]:
            raise fail("git.branch", f'"{name}" is no name of a branch', hint="Such as cms-edits.")
        code, said = _run(root, "rev-parse", "--show-prefix")
        if code:
            raise fail("git.no-repository", "the site is in no git repository", hint="git init makes one; commit its files first.")
        self.prefix = said.decode().strip()
        head = self._find("HEAD")
        if not head:
            raise fail("git.no-repository", "the repository has no commit yet", hint="Commit the site's files first.")
        self.known = self._find(f"refs/heads/{name}")
        self.sent = self._fetch(remote) if remote else ""
        self.commit = self._choose(self.known, self.sent, head)

    def _find(self, ref: str) -> str:
        code, said = _run(self.root, "rev-parse", "--verify", "-q", f"{ref}^{{commit}}")
        return "" if code else said.decode().strip()

    def _fetch(self, remote: str) -> str:
        """The branch as the remote has it, "" where there is none, or the remote does not answer: the push says that."""
        here = f"refs/remotes/{remote}/{self.name}"
        code, _ = _run(self.root, "fetch", "--quiet", "--no-tags", remote, f"+refs/heads/{self.name}:{here}", timeout_s=NETWORK_S)
        return "" if code else self._find(here)

    def _choose(self, known: str, sent: str, head: str) -> str:
        """Where the next commit is added: to what is on the branch here and there, or to HEAD once that has all of it."""
        if known and sent and not self._holds(sent, known) and not self._holds(known, sent):
            if self._holds(head, known):
                known = ""
            elif not self._holds(head, sent):
                said = f"the branch {self.name} here and at the remote have different commits"
                raise fail("git.branch", said, hint=f"Merge one of them into your branch, then delete it here: git branch -D {self.name}.")
        newest = sent if sent and (not known or self._holds(sent, known)) else known
        return head if not newest or self._holds(head, newest) else newest

    def _holds(self, one: str, other: str) -> bool:
        """Whether a commit has another one in its history, or is it."""
        return not _run(self.root, "merge-base", "--is-ancestor", other, one)[0]

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
        name = re.sub(r"[<>\x00-\x1f]", "", name).strip(CRUD) or COMMITTER[0]
        address = re.sub(r"[<>\x00-\x20]", "", address).strip(CRUD) or f"{name}@localhost".replace(" ", ".")
        who = {
            "GIT_AUTHOR_NAME": name,
            "GIT_AUTHOR_EMAIL": address,
            "GIT_COMMITTER_NAME": COMMITTER[0],
            "GIT_COMMITTER_EMAIL": COMMITTER[1],
        }
        with tempfile.TemporaryDirectory() as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
            self._must("read-tree", self.commit, more=index)
            for file, data in files.items():
                blob = self._must("hash-object", "-w", "--stdin", given=data).decode().strip()
                self._must("update-index", "--add", "--cacheinfo", f"100644,{blob},{self.prefix}{file}", more=index)
            tree = self._must("write-tree", more=index).decode().strip()
        commit = self._must("commit-tree", tree, "-p", self.commit, "-m", message, more=who).decode().strip()
        self._must("update-ref", f"refs/heads/{self.name}", commit, self.known or "0" * len(commit))
        self.known = self.commit = commit
        return commit

    @property
    def has_unsent(self) -> bool:
        """Whether it has commits that the remote lacks, such as those of a push that was refused."""
        return bool(self.known) and self.known != self.sent and not self._holds(self._find("HEAD"), self.known)

    def push(self, remote: str) -> None:
        """Send the branch to a remote. Never forced; hooks on both sides may refuse it. Raises CmsError git.failed."""
        self._must("push", "--quiet", remote, f"refs/heads/{self.name}:refs/heads/{self.name}", timeout_s=NETWORK_S)

    def _must(self, *arguments: str, given: bytes | None = None, more: Mapping[str, str] | None = None, timeout_s: float = 30) -> bytes:
        code, said = _run(self.root, *arguments, given=given, more=more, timeout_s=timeout_s)
        if code:
            raise _refuse(arguments[0], said)
        return said


def _refuse(what: str, said: bytes) -> CmsError:
    """What git said; of a push what hooks said, too, which stands before git's own last line."""
    lines = [line.removeprefix("remote:").strip() for line in said.decode("utf-8", "replace").splitlines()]
    lines = [line for line in lines if line and not line.startswith(("hint:", "To "))]
    told = "; ".join(lines[-MOST_SAID:]) or "it said nothing"
    return fail("git.failed", f"git {what} failed: {told}", hint="Mend what git says, then run it again.")


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
