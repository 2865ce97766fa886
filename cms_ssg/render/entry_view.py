"""What templates see of the entry that a page is about."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from cms_ssg.render.body import heading_names
from cms_ssg.render.pictures import card_image, social_image
from cms_ssg.render.reference_names import link_names
from cms_ssg.render.title import take_title
from cms_ssg.render.views import Card
from cms_ssg.types import Heading

if TYPE_CHECKING:
    from cms_ssg.render.page import Page

RELATED = 3
"""Entries that are shown as related."""

WORDS_A_MINUTE = 213
"""Silent reading of non-fiction is about 238 words a minute in adults (Brysbaert 2019); 213 is what readers of news sites are used to see."""


class EntryView(Card):
    """The entry a page is about: its card and everything else."""

    __slots__ = ("_full", "anchor", "content", "is_fallback")

    def __init__(self, page: Page, data: dict[str, Any], full: Any, content: Markup, is_fallback: bool) -> None:
        super().__init__(page, data)
        self._full = full
        self.content, self.anchor = take_title(content, self.title)
        self.is_fallback = is_fallback

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        fields = self._full.fields
        if name in fields:
            return fields[name]
        if name in self._page.site.shared_fields.get(self._full.type, ()):
            return self._data.get(name)
        if name in self._page.site.schemas[self._full.type].properties:
            return None
        raise AttributeError(name)

    @property
    def fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = self._full.fields
        shared = self._page.site.shared_fields.get(self._full.type, ())
        return {**{name: self._data[name] for name in sorted(shared) if name in self._data}, **fields} if shared else fields

    @property
    def file(self) -> str:
        return str(self._full.file)

    @property
    def id(self) -> str:
        return str(self._full.fields.get("id") or self._full.file)

    @property
    def toc(self) -> list[Heading]:
        """The headings of the body, without one that repeats the title."""
        names = heading_names(self._page, self._full)
        headings = [Heading(level, text, names.get(anchor, anchor)) for level, text, anchor in self._full.toc or ()]
        return headings[1:] if self.anchor and headings and headings[0].anchor == self.anchor else headings

    @property
    def words(self) -> int:
        return self._full.words or 0

    @property
    def reading_time(self) -> int:
        """Minutes, at least one."""
        return max(1, -(-self.words // WORDS_A_MINUTE))

    @property
    def meta_title(self) -> str:
        return self._full.fields.get("meta_title") or self.title

    @property
    def meta_description(self) -> str:
        return self._full.fields.get("meta_description") or self.summary

    @property
    def social_image(self) -> str:
        """Absolute URL of the picture that social networks show: the featured image, else a card; '' for none."""
        featured = social_image(self._page, self.image, self._image_path, self._data.get("focus"))
        return featured or (self._body_image() if self.image else "") or card_image(self._page, self.title)

    def _body_image(self) -> str:
        """Where the featured image is a drawing: the first picture of the body that networks can show."""
        targets = [str(target) for kind, target, _, values in self._full.links or () if kind == "image" and "pieces" not in values]
        for target in targets[:3]:
            names = link_names(self._page.site, self.locale, self._full.file, self.path, target)
            path = next((name for name in names if name.startswith("/") and self._page.reader.claim(name) is not None), "")
            if path and (url := social_image(self._page, self._page.url(path), path, None)):
                return url
        return ""

    @property
    def newer(self) -> Card | None:
        return self._neighbour("newer")

    @property
    def older(self) -> Card | None:
        return self._neighbour("older")

    def _neighbour(self, side: str) -> Card | None:
        around = self._page.neighbours()
        member = getattr(around, side) if around is not None else None
        return self._page.card(member) if member is not None else None

    @property
    def series(self) -> SimpleNamespace | None:
        """The first series this entry is in: title, url, items in reading order, position from 1."""
        term = next(iter(self._terms("series")), None)
        row = self._page.reader.list_named(self.locale, term.name) if term else None
        if term is None or row is None:
            return None
        members = self._page.reader.window("all", row.id)[::-1]
        position = members.index(self._full.id) + 1 if self._full.id in members else 0
        return SimpleNamespace(title=term.title, url=term.url, items=[c for c in map(self._page.card, members) if c], position=position)

    @property
    def related(self) -> list[Card]:
        """Up to three entries on the same things: the next older ones in the lists of its first tags, then of its section; where those end, newer ones.

        A new entry so changes what is shown with the newest few of a list only, not with all of it.
        """
        found: dict[int, Card] = {}
        for name in related_lists(self._data.get("terms") or {}):
            row = self._page.reader.list_named(self.locale, name)
            members = self._page.reader.window("near", row.id, self._full.id, RELATED) if row is not None else ()
            found |= {member: card for member in members if member not in found and (card := self._page.card(member)) is not None}
            if len(found) >= RELATED:
                break
        return list(found.values())[:RELATED]

    @property
    def variants(self) -> list[Card]:
        return [self._page.card_of(card) for card in self._page.variants()]


def related_lists(terms: Mapping[str, Any]) -> list[str]:
    """The lists in which related entries are looked for, given a card's terms: of its first three tags, then of its section."""
    return [
        f"{taxonomy}/{slug}" for taxonomy, most in (("tag", 3), ("section", 1)) for slug, _ in (terms.get(taxonomy) or ())[:most] if slug
    ]
