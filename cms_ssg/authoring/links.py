"""Links between content files that a move has broken: told, and left to their authors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import basename, dirname, join, normpath, relpath
from typing import Final
from urllib.parse import quote, unquote

from cms_ssg.authoring.find import list_content, read_bytes
from cms_ssg.errors import CmsError
from cms_ssg.site import Site
from cms_ssg.types import Problem

TARGET: Final = re.compile(r"""(?:\]\(\s*<?|^\[[^\]]+\]:\s*<?|(?:href|poster|src)=["'])([^\s)>"'#?]+)""", re.MULTILINE)
"""What a link in Markdown or HTML names, without anchor and query."""


def find_broken_links(site: Site, old: str, new: str) -> Iterator[Problem]:
    """Links of other files to a file's old name, and links of its own that its new folder breaks. old, new: relative to the site."""
    names = {basename(old).encode("utf-8", "replace"), quote(basename(old), errors="replace").encode()}
    for file in list_content(site):
        try:
            data = read_bytes(site.root / file, file)
        except CmsError:  # a build says it
            continue
        if file != new and not any(name in data for name in names):
            continue
        text = data.decode("utf-8", "replace")
        for found in TARGET.finditer(text):
            target = unquote(found[1])
            if target.startswith("/") or ":" in target:
                continue
            if file == new:
                meant = normpath(join(dirname(old), target))
                broken = (site.root / meant).exists() and not (site.root / normpath(join(dirname(new), target))).exists()
            else:
                meant, broken = new, normpath(join(dirname(file), target)) == old
            if broken:
                line = text.count("\n", 0, found.start(1)) + 1
                hint = f"It is now {relpath(meant, dirname(file) or '.')}."
                yield Problem("content.dangling-link", file, line, f'"{found[1]}" does not exist since the move', hint, "warning")
