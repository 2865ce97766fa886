"""A kind of list: which entries are in it, in which order, and what pages it has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from cms_ssg.paths import canonical_path
from cms_ssg.types import Json

if TYPE_CHECKING:
    from cms_ssg.content.schema.content_types import Schema
    from cms_ssg.site import Site


def member_of_list(list_id: int) -> int:
    """The member that stands for a list in a list of lists: members that are entries or rows are their own numbers, above 0."""
    return -list_id


def is_list_member(member: int) -> bool:
    """Whether a member stands for a list."""
    return member < 0


def list_of_member(member: int) -> int:
    """The list that a member stands for."""
    return -member


@dataclass(frozen=True, slots=True)
class ListRule:
    """The pages of a list. group: the first word of its name; url: of its first page, '' for none; size: items a page, 0 for no pages.

    kind: output kind of its first page; page_kind: of the numbered ones; page_url: where these are, with ``{number}``, by default below the
    first page; index: the list that contains this one, whose name begins with ``lists/``; least: with fewer items it has no page; noindex:
    search engines are asked to leave it out, and it is in no sitemap; chunks: numbered pages begin with the oldest item and contain all items, the first page contains none;
    always: it has a page even when empty; title, description: in the list's locale.
    """

    group: str
    slug: str
    url: str = ""
    kind: str = "list"
    size: int = 0
    feeds: tuple[str, ...] = ()
    index: str = ""
    chunks: bool = False
    always: bool = False
    title: str = ""
    description: str = ""
    page_kind: str = "archive"
    page_url: str = ""
    least: int = 1
    noindex: bool = False


class EntryRow(NamedTuple):
    """What a round reads of an entry; fields and excerpt are parsed from the store. read_place: among the most read of its type and locale."""

    id: int
    source_key: str
    collection: str
    type: str
    locale: str
    translation_key: str
    status: str
    publish_at: datetime | None
    expire_at: datetime | None
    removed: bool
    fields: str
    body_key: bytes | None
    excerpt: str
    source: str = "file"
    read_place: int | None = None

    @property
    def claim_key(self) -> str:
        """What ties between entries are decided by: a file and an entry of the store may have one name."""
        return self.source_key if self.source == "file" else f"{self.source_key} ({self.source})"


class Item(NamedTuple):
    """A place in a list. label: how the entry writes the list's name, None where it is the slug."""

    locale: str
    list: str
    sort_key: bytes
    label: str | None = None


class Placing(NamedTuple):
    """A live entry on its way into lists.

    indexed: search engines may have it, at this address; sort_key: (fields to sort by, locale) -> its sort key; locales: in whose lists it
    is, its own first.
    """

    site: Site
    row: EntryRow
    schema: Schema
    fields: dict[str, Json]
    path: str | None
    indexed: bool
    sort_key: Callable[[tuple[str, ...], str], bytes]
    locales: tuple[str, ...]

    def place(self, locale: str) -> bytes:
        """Its sort key by its type's order, in the language of a locale."""
        return self.sort_key(self.schema.sort, locale)


def plain_rule(site: Site, locale: str, slug: str) -> ListRule:
    """A list without pages, which templates may show a part of. It has no group yet."""
    return ListRule("", slug)


@dataclass(frozen=True, slots=True)
class ListKind:
    """The lists whose names begin with `group` and a slash.

    rule: (site, locale, the rest of the name) -> ListRule; items: the places of one live entry in lists of this kind. index_url: of the page
    that lists them, without the locale's prefix, ``""`` for none; index_title: key of the text that is that page's title; order: of the lists
    there, by fields of their cards, () for by slug, the highest first. head: a content type: such a list is described by the entry of that
    type with the list's slug, and has no pages without it. title: reference to (page, slug) -> title in words, where the card's title is not
    it; template: tried before list.html; vertical: who brings it, ``""`` for the core.
    """

    group: str
    rule: Callable[[Site, str, str], ListRule] = plain_rule
    items: Callable[[Placing], Iterator[Item]] | None = None
    order: tuple[str, ...] = ("title",)
    index_url: str = ""
    index_title: str = ""
    title: str = ""
    template: str = ""
    head: str = ""
    vertical: str = ""


def page_path(rule: ListRule, number: int) -> str:
    """Path of a numbered page of a list."""
    return canonical_path(rule.page_url.replace("{number}", str(number)) if rule.page_url else f"{rule.url.rstrip('/')}/page/{number}/")


FEED_FILES: Final = {"rss": "feed.xml", "atom": "atom.xml", "json": "feed.json"}


def feed_path(rule: ListRule, feed: str) -> str:
    """Path of a list's feed: feed.xml (RSS), atom.xml or feed.json below its first page."""
    return canonical_path(f"{rule.url.rstrip('/')}/{FEED_FILES[feed]}")


def claimable(url: str) -> str:
    """A path of the settings as it is claimed, so that links and the sitemap name what is there; one that is not safe stays, and claims nothing."""
    try:
        return canonical_path(url)
    except ValueError:
        return url
