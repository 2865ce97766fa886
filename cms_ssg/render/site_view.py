"""What is the same on every page, as templates see it: the site, its menus, the clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from cms_ssg.images.variants import DEFAULT_RULES, ImageRules
from cms_ssg.render.reference_names import menu_names
from cms_ssg.render.strings import Strings
from cms_ssg.render.theme import Theme
from cms_ssg.types import Json

if TYPE_CHECKING:
    from cms_ssg.render.page import Page
    from cms_ssg.site import Site


class DataFiles(Protocol):
    """What is known of data/: the value of a file, or of one key in it; None where there is none."""

    def value(self, name: str, key: str | None = None) -> Json: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every page of a build shares. now: the build's clock; assets: name -> path; menu_refs, menu_urls: what menus lead to."""

    site: Site
    theme: Theme
    strings: Mapping[str, Strings]
    data: DataFiles
    assets: Mapping[str, str]
    now: datetime
    menu_refs: tuple[str, ...] = ()
    menu_urls: tuple[str, ...] = ()
    images: ImageRules = DEFAULT_RULES


class SiteView:
    """site.title and the like; each attribute read is a recorded setting."""

    __slots__ = ("_page",)
    NAMES = frozenset(
        ("title", "description", "base_url", "author", "name", "params", "tokens", "noindex", "timezone", "search", "statistics")
    )

    def __init__(self, page: Page) -> None:
        self._page = page

    def __getattr__(self, name: str) -> Any:
        if name not in self.NAMES:
            raise AttributeError(name)
        is_word = name in ("title", "description")
        self._page.reader.reads.name(f"setting/{name}{locale_mark(self._page) if is_word else ''}")
        value: Any = (getattr(self._page.locale, name) if is_word else "") or getattr(self._page.site.settings, name)
        return value.as_shown if name == "search" and value is not None else value


class Menus:
    """menus.main: lines with title, url and whether they lead here."""

    __slots__ = ("_page",)

    def __init__(self, page: Page) -> None:
        self._page = page

    def __getattr__(self, name: str) -> Any:
        page = self._page
        page.reader.reads.name(f"menu/{name}{locale_mark(page)}")
        items = page.locale.menus.get(name, page.site.settings.menus.get(name))
        if items is None:
            raise AttributeError(name)
        return [line for item in items if (line := self._line(item)) is not None]

    def _line(self, item: Any) -> dict[str, Any] | None:
        page, url, title = self._page, item.url, item.title
        if item.ref:
            card = page.ref(item.ref)
            if card is None:
                return None
            url, title = card.url, title or card.title
        elif url.startswith("/") and not url.startswith("//"):
            url = page.url(
                next((name for name in menu_names(page.site, page.locale.code, url) if page.reader.claim(name) is not None), url)
            )
        below = [line for inner in getattr(item, "below", ()) if (line := self._line(inner)) is not None]
        return {"title": title or url, "url": url, "current": url == page.url(page.path), "below": below}


def locale_mark(page: Page) -> str:
    """What the names of inputs end in that each locale has in its own language."""
    code = page.locale.code
    return "" if code == page.site.default_locale else f"@{code}"


class Clock:
    """The build's time, as far as a page may know it: what it reads says how long the page holds."""

    __slots__ = ("_page",)

    def __init__(self, page: Page) -> None:
        self._page = page

    @property
    def year(self) -> int:
        zone = self._page.site.zone
        year = self._page.now.astimezone(zone).year
        self._page.reader.reads.span(
            datetime(year, 1, 1, tzinfo=zone).astimezone(UTC), datetime(year + 1, 1, 1, tzinfo=zone).astimezone(UTC)
        )
        return year
