"""What templates see: cards, rows and what verticals let them call, as plain attributes that are each looked up only when they are used."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from cms_ssg.images.facts import may_be_image
from cms_ssg.kinds.reference import resolve
from cms_ssg.paths import is_upload
from cms_ssg.render.pictures import ImageFacts, Shape, describe_image, path_beside, show_image
from cms_ssg.render.term_view import Term

if TYPE_CHECKING:
    from cms_ssg.kinds.vertical import Vertical
    from cms_ssg.render.page import Page


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
        if name.startswith("_") or name not in self._page.site.known_on_cards:
            raise AttributeError(f'cards have no "{name}"; they have the fields with "x-card": true')
        return self._data.get(name)

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
        self._page.reader.reads.name(f"vertical/{self._vertical.name}")
        if self._view is None:
            self._view = resolve(self._vertical.view)(self._page)
        return getattr(self._view, name)
