"""Keeps what the local server shows of drafts in step with the files: looked at after each build."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cms_ssg.preview.drafts import DraftPages, find_drafts
from cms_ssg.reporting.progress import Reporter
from cms_ssg.text.counting import count
from cms_ssg.types import Problem

if TYPE_CHECKING:
    from cms_ssg.serve.server import SiteServer

MOST_NAMED = 5


class DraftShow:
    """Hands a server the drafts of a site, and says where each can be seen."""

    def __init__(self, server: SiteServer, root: Path, env: str, reporter: Reporter) -> None:
        self.server, self.root, self.env, self.reporter = server, root, env, reporter
        self._told: set[Problem] = set()
        self._shown = DraftPages()

    def show(self) -> None:
        """Look at the drafts; open pages reload where something of them is different."""
        found, before = find_drafts(self.root, self.env), self._shown
        self._shown = found
        for problem in found.problems:
            if problem not in self._told:
                self.reporter.problem(problem)
        self._told = set(found.problems)
        if found.objects != before.objects:
            self.server.drafts = found.objects
            self.server.reload()
        new = [(file, path) for file, path in found.drafts.items() if before.drafts.get(file) != path]
        for file, path in new[:MOST_NAMED]:
            self.reporter.note(f"{file}, not published: {self.server.url.rstrip('/')}{path}")
        if len(new) > MOST_NAMED:
            self.reporter.note(f"… and {count(len(new) - MOST_NAMED, 'more draft')}; --no-drafts shows none")
