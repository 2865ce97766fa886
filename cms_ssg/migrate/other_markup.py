"""Pages in markup languages that are not read here: each is named with what makes Markdown of it."""

from __future__ import annotations

import posixpath
from typing import Final, NamedTuple

from cms_ssg.migrate.report import Report


class Markup(NamedTuple):
    """A markup language. command: makes Markdown of a file."""

    name: str
    command: str


_ASCIIDOC: Final = Markup("AsciiDoc", "npx downdoc FILE")
_PANDOC: Final = Markup("Pandoc's Markdown", "pandoc -s -f markdown -t gfm FILE")
_RST: Final = Markup("reStructuredText", "pandoc -s -f rst -t gfm FILE")
_TEXTILE: Final = Markup("Textile", "pandoc -s -f textile -t gfm FILE")
ORG: Final = {".org": Markup("Org mode", "pandoc -s -f org -t gfm FILE")}
OTHER: Final = {
    ".adoc": _ASCIIDOC, ".asciidoc": _ASCIIDOC, ".rst": _RST, ".textile": _TEXTILE, ".pandoc": _PANDOC, ".pdc": _PANDOC,
}  # fmt: skip


def note_markup(file: str, report: Report, markups: dict[str, Markup] = OTHER, fate: str = "left out") -> bool:
    """Note a file in one of these languages. Returns whether it is one; fate: what becomes of it."""
    found = markups.get(posixpath.splitext(file)[1].lower())
    if found is None:
        return False
    report.note(
        file, 0, f"pages in {found.name}", posixpath.basename(file), f"{fate}: convert them to .md ({found.command}), then run this again"
    )
    return True
