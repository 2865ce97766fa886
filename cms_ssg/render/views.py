"""What templates see: cards, terms, entries and lists as plain attributes, each looked up only when it is used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from cms_ssg.images.facts import may_be_image
from cms_ssg.kinds.list_kind import list_of_member
from cms_ssg.kinds.reference import resolve
from cms_ssg.paths import is_upload
from cms_ssg.render.body import heading_names
from cms_ssg.render.list_titles import title_of_list
from cms_ssg.render.pictures import ImageFacts, Shape, card_image, describe_image, path_beside, show_image, social_image
from cms_ssg.render.reference_names import link_names
from cms_ssg.render.title import take_title
from cms_ssg.types import Heading

if TYPE_CHECKING:
    from cms_ssg.kinds.vertical import Vertical
    from cms_ssg.render.page import Page

RELATED = 3
"""Entries that are shown as related."""

WORDS_A_MINUTE = 213
"""Silent reading of non-fiction is about 238 words a minute in adults (Brysbaert 2019); 213 is what readers of news sites are used to see."""


@lru_cache(maxsize=32_768)
def parse_time(text: str | None, zone: ZoneInfo) -> datetime | None:
    """An ISO time from the store, in the site's zone."""
    return datetime.fromisoformat(text).astimezone(zone) if text else None


class Card:
    """An entry as other pages show it. A field that it lacks, or that only cards of other types have, is None: a list may hold several types."""

    __slots__ = ("_data", "_page")

    def __init__(self, page: Page, data: dict[str, Any]) -> None:
        self._page = page
        self._data = data

    def __getattr__(self, name: str) -> Any:
        if name in self._page.site.known_on_cards and name[0] != "_":
            return self._data.get(name)
        raise AttributeError(f'cards have no "{name}"; they have the fields with "x-card": true')

    def __repr__(self) -> str:
        """What a template prints of it, the same in every build."""
        return f"<{self.type} {self.path or self.title}>"

    @property
    def number(self) -> int:
        """The entry's number in the store."""
        number: int = self._data["number"]
        return number

    @property
    def title(self) -> str:
        title: str = self._data["title"]
        return title

    @property
    def summary(self) -> str:
        return self._data.get("summary") or ""

    @property
    def path(self) -> str:
        return self._data["path"] or ""

    @property
    def url(self) -> str:
        return self._page.url(self.path)

    @property
    def type(self) -> str:
        return str(self._data["type"])

    @property
    def locale(self) -> str:
        return str(self._data["locale"])

    @property
    def dir(self) -> str:
        """The direction of its own text, which on a page of another locale is not the page's."""
        locale = self._page.site.locales.get(self.locale)
        return (locale.dir if locale is not None else "") or "ltr"

    @property
    def date(self) -> datetime | None:
        return parse_time(self._data.get("date"), self._page.site.zone)

    @property
    def updated(self) -> datetime | None:
        return parse_time(self._data.get("updated"), self._page.site.zone)

    @property
    def image(self) -> str:
        """The URL of the featured image, "" where there is none, or its file is not there or no image."""
        path = self._image_path
        if path and not is_upload(path) and (self._page.reader.claim(path) is None or not may_be_image(path)):
            return ""
        return self._page.file_url(self._data.get("image") or "", self.path)

    def picture(
        self, width: int = 0, ratio: str = "", *, alt: str | None = None, sizes: str = "", lazy: bool = True, **attributes: Any
    ) -> Markup:
        """The featured image as <picture>, nothing where there is none. alt: by default what front matter says it shows."""
        src = self.image
        if not src:
            return Markup("")
        said = self._data.get("image_alt") or "" if alt is None else alt
        shape = Shape(width, ratio, self._data.get("focus"), sizes)
        return show_image(self._page, src, self._image_path, shape, alt=said, lazy=lazy, attributes=attributes)

    @property
    def image_facts(self) -> ImageFacts | None:
        """Size, mean colour and placeholder of the featured image, None where there is none."""
        return describe_image(self._page, self._image_path)

    @property
    def _image_path(self) -> str:
        return path_beside(self._data.get("image") or "", self.path)

    @property
    def terms(self) -> dict[str, list[Term]]:
        """Terms by taxonomy, for the taxonomies this entry is in."""
        return {taxonomy: self._terms(taxonomy) for taxonomy in self._data.get("terms", ())}

    @property
    def authors(self) -> list[Term]:
        return self._terms("author")

    @property
    def tags(self) -> list[Term]:
        return self._terms("tag")

    @property
    def section(self) -> Term | None:
        return next(iter(self._terms("section")), None)

    def _terms(self, taxonomy: str) -> list[Term]:
        names: dict[str, str] = {}
        for slug, label in self._data.get("terms", {}).get(taxonomy, ()):
            names.setdefault(slug, label)  # two names may be one term: "C++" and "C#"
        where = self._page.locale.code if self._page.lists_other_locales else self.locale
        asked = self._page.reader.asked
        before = len(asked)
        terms = [Term(self._page, where, taxonomy, slug, label, self.locale) for slug, label in names.items() if slug]
        if len(asked) > before:
            self._page.theme.shows_terms = True
        return terms


class RowView:
    """A row of a vertical's table as pages show it: its fields as attributes, None for those that are not there. Times are in the site's zone."""

    __slots__ = ("_data", "_page")

    def __init__(self, page: Page, data: dict[str, Any]) -> None:
        self._page, self._data = page, data

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        value = self._data.get(name)
        if name.endswith("_at") and isinstance(value, str):
            return parse_time(value, self._page.site.zone)
        kind = self._page.site.features.rows.get(self._data["row"])
        return Markup(value) if kind is not None and name in kind.html and isinstance(value, str) else value

    def __repr__(self) -> str:
        return f"<{self._data['row']} {self.number}>"

    @property
    def number(self) -> int:
        """The row's number in the store."""
        number: int = self._data["number"]
        return number


class FeatureView:
    """What a vertical lets templates call, under its own name. Whoever uses any of it reads the vertical's code."""

    __slots__ = ("_page", "_vertical", "_view")

    def __init__(self, page: Page, vertical: Vertical) -> None:
        self._page, self._vertical, self._view = page, vertical, None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if self._view is None:  # a page has one reader for all of its time
            self._page.reader.reads.name(f"vertical/{self._vertical.name}")
            self._view = resolve(self._vertical.view)(self._page)
        return getattr(self._view, name)


class Term:
    """A group of entries: a tag, a section, an author, a month."""

    __slots__ = ("_card", "_label", "_locale", "_page", "name", "slug", "taxonomy")

    def __init__(self, page: Page, locale: str, taxonomy: str, slug: str, label: str | None = None, other: str = "") -> None:
        """The term in a locale, or in the other one where the first has no list of it."""
        self._page, self._locale, self._label = page, locale, label
        self.taxonomy, self.slug, self.name = taxonomy, slug, f"{taxonomy}/{slug}"
        row = page.reader.list_named(locale, self.name)
        if other not in ("", locale) and (row is None or not row.card):
            row = page.reader.list_named(other, self.name)
        self._card: dict[str, Any] = (row.card if row is not None else None) or {}

    def __repr__(self) -> str:
        return f"<term {self.name}>"

    @property
    def data(self) -> dict[str, Any] | None:
        """What the taxonomy's data file knows of this term, by its name as written or by its slug."""
        taxonomy = self._page.site.settings.taxonomies.get(self.taxonomy)
        if taxonomy is None or not taxonomy.data:
            return None
        for key in (self._label, self._card.get("title"), self.slug):
            value = self._page.data(taxonomy.data, key) if key else None
            if isinstance(value, dict):
                return value
        return None

    @property
    def title(self) -> str:
        if (title := title_of_list(self._page, self.name)) is not None:
            return title
        data = None if "entry" in self._card else self.data
        return str((data or {}).get("name") or self._card.get("title") or self._label or self.slug)

    @property
    def description(self) -> str:
        return self._card.get("description") or ""

    @property
    def url(self) -> str:
        return self._page.url(self._card["path"]) if self._card.get("path") else ""

    @property
    def entry(self) -> Card | None:
        return self._page.card(self._card["entry"]) if "entry" in self._card else None

    @property
    def count(self) -> int:
        """How many entries are in it: whoever asks is rendered again whenever one comes or goes."""
        row = self._page.reader.list_named(self._locale, self.name)
        return self._page.reader.count(row) if row is not None else 0


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


def make_terms(page: Page, members: Iterable[int], locale: str) -> list[Term]:
    """The terms whose lists these members of a list of lists are (minus their ids)."""
    rows = (page.reader.list_numbered(list_of_member(member)) for member in members)
    return [Term(page, locale, *row.name.split("/", 1)) for row in rows if row is not None and row.card]
