"""What a role may do with an entry. Pure: the same answer for the API, the command line and whatever else writes for a person."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, Literal, NamedTuple

from cms_ssg.text.slugs import make_slug

Deed = Literal["create", "edit", "publish", "approve"]
ALLOWED: Final[dict[str, frozenset[str]]] = {
    "admin": frozenset(("create", "edit", "publish", "approve")),
    "editor": frozenset(("create", "edit", "publish", "approve")),
    "author": frozenset(("create", "edit")),
    "reviewer": frozenset(("approve",)),
}


class Writer(NamedTuple):
    """Who writes. sections, locales: only in these; empty for all."""

    name: str
    role: str = "editor"
    sections: Collection[str] = ()
    locales: Collection[str] = ()


class Subject(NamedTuple):
    """What is written: an entry as it is, or as it is to be. author: who made it; is_live: what is done is public at once."""

    section: str = ""
    locale: str = ""
    author: str = ""
    is_live: bool = False


def find_refusal(writer: Writer, deed: Deed, subject: Subject) -> str:
    """Why a writer may not do this, "" where it may.

    An author writes drafts of its own; what is live is changed by an editor. Nobody approves what is its own work.
    """
    if deed == "approve" and subject.author and subject.author == writer.name:
        return f"{writer.name} wrote it, and somebody else has to approve it"
    if writer.role == "admin":
        return ""
    if deed not in ALLOWED.get(writer.role, ()):
        return f"the role {writer.role} may not {deed} entries"
    if said := find_place_refusal(writer, subject.section, subject.locale):
        return said
    if writer.role == "author":
        if subject.is_live:
            return "it is live, and the role author writes drafts"
        if deed == "edit" and subject.author != writer.name:
            return f"it is the work of {subject.author or 'somebody else'}, and the role author writes its own"
    return ""


def find_place_refusal(writer: Writer, section: str, locale: str) -> str:
    """Why a writer may not write in this section and locale, "" where it may."""
    if writer.role == "admin":
        return ""
    if writer.sections and make_slug(section) not in {make_slug(one) for one in writer.sections}:
        return f"it is in the section {section or 'none'}, and this token is for {', '.join(sorted(writer.sections))}"
    if writer.locales and locale not in writer.locales:
        return f"its locale is {locale}, and this token is for {', '.join(sorted(writer.locales))}"
    return ""
