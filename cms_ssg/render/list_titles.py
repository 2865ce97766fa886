"""What the kind of a list says of it on a page. The kind is code of a vertical, which the page then reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cms_ssg.kinds.reference import resolve
from cms_ssg.render.list_rules import list_kind

if TYPE_CHECKING:
    from cms_ssg.kinds.list_kind import ListKind
    from cms_ssg.render.page import Page


def title_of_list(page: Page, name: str) -> str | None:
    """The title that a list's kind gives it in the page's language, None where it gives none."""
    kind = read_list_kind(page, name)
    return str(resolve(kind.title)(page, name.partition("/")[2])) if kind is not None and kind.title else None


def read_list_kind(page: Page, name: str) -> ListKind | None:
    """The kind of the lists of this name. Its code says what a list's pages are and what it is called, so the page reads that code."""
    kind = list_kind(page.site, name)
    if kind is not None and kind.vertical:
        page.reader.reads.name(f"vertical/{kind.vertical}")
    return kind
