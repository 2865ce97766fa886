"""One page while it is made: the values its template may use, and the reads they leave behind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property, partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from markupsafe import Markup

from cms_ssg.config.settings import Locale
from cms_ssg.kinds.claim import Owner
from cms_ssg.kinds.list_kind import ListRule, page_path
from cms_ssg.kinds.row_kind import name_fact
from cms_ssg.paths import encode_path
from cms_ssg.reads import ADDRESS, CARD, FULL
from cms_ssg.render.body import fill_body, resolve_link
from cms_ssg.render.entry_view import EntryView
from cms_ssg.render.feed_links import HomeFeeds
from cms_ssg.render.fragment_tag import CALLED, put_fragment
from cms_ssg.render.list_rules import described_paths
from cms_ssg.render.pictures import ImageFacts, Shape, describe_image, path_beside, show_image
from cms_ssg.render.reading import Reader
from cms_ssg.render.reference_names import reference_names
from cms_ssg.render.strings import make_t
from cms_ssg.render.views import Card, FeatureView, RowView
from cms_ssg.text.slugs import normal_form
from cms_ssg.types import Json

if TYPE_CHECKING:
    from cms_ssg.render.list_view import ListView
from cms_ssg.render.site_view import Clock, Menus, SiteView, Surroundings

MOST_LATEST = 10_000
EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class Page:
    """The page at `path` in `locale`. kind: as in templates (entry, home, list, terms, 404, redirect)."""

    def __init__(self, around: Surroundings, reader: Reader, kind: str, path: str, locale: Locale) -> None:
        self.site, self.theme, self.now = around.site, around.theme, around.now
        self.around, self.reader, self.kind, self.path, self.locale = around, reader, kind, path, locale
        self.lists_other_locales = bool(around.site.fallback_locales)
        self.around_of: tuple[int, int] | None = None
        self.translation_key: str | None = None
        self.site_view = SiteView(self)
        self.page_view = SimpleNamespace(
            path=path, url=self.absolute(path)
        )  # what a shortcode may know: bodies are filled before describe()

    def close(self) -> None:
        """Let go of everything; what templates see of a page leads back to it, and only the collector of cycles would find it."""
        self.__dict__.clear()

    # URLs

    def url(self, path: str) -> str:
        """A path as a link: with the base path, percent-encoded. Other URLs stay as they are."""
        if not path.startswith("/") or path.startswith("//"):
            return path
        return self.site.base_path + encode_path(path)

    def absolute(self, path: str) -> str:
        """A path as an absolute URL. Other URLs stay as they are."""
        return self.with_origin(self.url(path))

    def with_origin(self, url: str) -> str:
        """What url() or file_url() made, the base path in it already, as an absolute URL."""
        return self.site.origin + url if url.startswith("/") and not url.startswith("//") else url

    def file_url(self, target: str, page_path_: str) -> str:
        """The URL of an image named in front matter: absolute, at the root, or beside its page."""
        if not target or "://" in target or target.startswith("//"):
            return target
        if target.startswith("/"):
            return self.url(target)
        return self.url((page_path_ if page_path_.endswith("/") else page_path_.rpartition("/")[0] + "/") + target.removeprefix("./"))

    def list_page_url(self, rule: ListRule, number: int, if_there: bool = False) -> str:
        """The URL of a list's archive page; '' where if_there and it does not exist."""
        path = page_path(rule, number)
        if if_there and self.reader.claim(path) is None:
            return ""
        return self.url(path)

    # Values

    def card(self, entry: int) -> Card | None:
        """An entry as other pages may show it, None where it is not to be seen."""
        data = self.reader.card(entry)
        return Card(self, data) if data is not None and "unlisted" not in data and "row" not in data else None

    def row(self, number: int) -> RowView | None:
        """A row of a vertical's table, None where it is not to be seen."""
        data = self.reader.card(number)
        return RowView(self, data) if data is not None and "row" in data else None

    def fact(self, name: str, subject: Any) -> Json:
        """The value of a fact for an entry, or for a text such as a section's name; None where it has none. Raises ValueError for an unknown fact."""
        fact = self.site.features.facts.get(name)
        if fact is None:
            raise ValueError(f"fact({name!r}): there is no such fact; known: {', '.join(self.site.features.facts) or 'none'}")
        key = str(subject.number) if isinstance(subject, Card | RowView) else str(subject)
        self.reader.reads.name(name_fact(name, key))
        self.reader.reads.name(f"vertical/{fact.vertical}")
        found = self.reader.need("fact", name, key)
        if found is None:
            return None
        if found.valid_from is not None or found.valid_until is not None:
            self.reader.reads.span(found.valid_from or EARLIEST, found.valid_until or LATEST)
        return found.value

    def address(self, entry: int) -> str:
        """The path of an entry, '' where it has none or somebody else has it."""
        self.reader.reads.entry(ADDRESS, entry)
        card = self.reader.need("card", entry) or {}
        return "" if "unlisted" in card else card.get("path") or ""

    def lead_to(self, entry: int) -> str:
        """The path that redirects to an entry lead to: its page, else that of the list it describes, or the list's index; '' where there is none."""
        if path := self.address(entry):
            return path
        self.reader.reads.entry(CARD, entry)
        paths = described_paths(self.site, self.reader.need("card", entry) or {})
        self.reader.ask(("claim", path) for path in paths)
        return next((path for path in paths if self.reader.claim(path) is not None), "")

    def card_of(self, data: dict[str, Any]) -> Card:
        return Card(self, data)

    def entry(self, number: int, is_fallback: bool = False) -> EntryView | None:
        """An entry with its body; a read of all of it."""
        self.reader.reads.entry(FULL, number)
        full, data = self.reader.need("full", number), self.reader.need("card", number)
        if full is None or data is None:
            return None
        return EntryView(self, data, full, fill_body(self, full, data["path"] or ""), is_fallback)

    def neighbours(self) -> Any:
        """Neighbours of the page's entry in its type's list, None where the type has none."""
        if self.around_of is None:
            return None
        found = self.reader.need("around", *self.around_of)
        if found is not None:
            self.reader.reads.windows.add((found.list, found.low, found.high))
        else:  # it is in no list while it is held: as long as nobody may link to it, its address is nobody's
            self.reader.reads.entry(ADDRESS, self.around_of[1])
        return found

    def variants(self) -> list[dict[str, Any]]:
        """Cards of the entry's variants in every locale that has one, this one included."""
        if self.translation_key is None or len(self.site.settings.locales) < 2:
            return []
        row = self.reader.list_named("", f"variants/{self.translation_key}")
        members = self.reader.window("all", row.id) if row is not None else ()
        cards = [card for card in map(self.reader.card, members) if card is not None]
        order = {locale.code: n for n, locale in enumerate(self.site.settings.locales)}
        return sorted(cards, key=lambda card: (order.get(card["locale"], len(order)), card["file"]))

    def ref(self, name: str) -> Card | None:
        """An entry by reference: ``post:flood``, ``term:tag/flood``, a content file. None where there is none."""
        names = reference_names(self.site, self.locale.code, name)
        self.reader.ask(("claim", n) for n in names)
        for candidate in names:
            holder = self.reader.claim(candidate)
            if holder is not None and holder.owner_kind == Owner.ENTRY:
                return self.card(holder.owner)
        return None

    def latest(self, name: str, count: int = 5) -> list[Card]:
        """The first entries of a list in this page's locale; ``home`` is the one that the home page shows. Raises ValueError for what is no name or no count."""
        if type(name) is not str or type(count) is not int or not 0 <= count <= MOST_LATEST:
            raise ValueError(f"latest({name!r}, {count!r}): it takes a list's name and a number up to {MOST_LATEST:,}")
        row = self.reader.list_named(self.locale.code, self.site.settings.home.list if name == "home" else name)
        members = self.reader.window("top", row.id, count) if row is not None else ()
        return [card for card in map(self.card, members) if card is not None]

    def data(self, name: str, key: str | None = None) -> Json:
        """A data file, or one key of it; a read of just that."""
        self.reader.reads.name(f"data/{name}#{key}" if key is not None else f"data/{name}")
        return self.around.data.value(name, key)

    def asset(self, name: str) -> str:
        """The URL of a theme's asset."""
        self.reader.reads.name(f"asset/{name}")
        if name not in self.around.assets:
            raise LookupError(f'no asset "{name}" in the theme')
        return self.url(self.around.assets[name])

    def image(
        self,
        src: str,
        *,
        alt: str = "",
        width: int = 0,
        ratio: str = "",
        focus: str = "",
        sizes: str = "",
        lazy: bool = True,
        **attributes: Any,
    ) -> Markup:
        """An image of the site as <picture>: its path, or the address that a card or a file has."""
        path = self._image_path(src)
        url = self.url(path) if path and src.startswith("/") else src
        return show_image(self, url, path, Shape(width, ratio, focus, sizes), alt=alt, lazy=lazy, attributes=attributes)

    def image_facts(self, src: str) -> ImageFacts | None:
        """Size, mean colour and placeholder of an image of the site, None where there is none: its path, or the address that a card has."""
        return describe_image(self, self._image_path(src))

    def _image_path(self, src: str) -> str:
        """The path of an image's file, '' for one from elsewhere."""
        base = self.site.base_path
        path = normal_form(unquote(src.removeprefix(base) if src.startswith(f"{base}/") else src))
        return path if path.startswith("/") and not path.startswith("//") else path_beside(src, self.path)

    def link(self, target: str) -> str:
        """The URL a link target means; as written where nobody has that name."""
        return resolve_link(self, "", self.path, target) or self.url(target)

    @cached_property
    def globals(self) -> dict[str, Any]:
        """What every template sees."""
        reads = self.reader.reads
        return {
            "site": self.site_view, "locale": self.locale, "page": self.page_view, "menus": Menus(self),
            "t": make_t(self.around.strings[self.locale.code], lambda key: reads.name(f"string/{self.locale.code}/{key}")),
            "asset": self.asset, "url": self.url, "link": self.link, "latest": self.latest, "data": self.data, "ref": self.ref, "clock": Clock(self),
            "image": self.image, "image_facts": self.image_facts, "fact": self.fact, "slots": self.slots, CALLED: partial(put_fragment, self), **self.views,
        }  # fmt: skip

    @cached_property
    def views(self) -> dict[str, Any]:
        """What verticals offer to templates, by their names."""
        return {vertical.name: FeatureView(self, vertical) for vertical in self.site.features.verticals if vertical.view}

    def slots(self, place: str) -> list[str]:
        """Templates that verticals have at a place of every page. Raises KeyError for an unknown place."""
        self.reader.reads.name("setting/verticals")
        return self.site.features.slots[place]

    def list_view(self, name: str) -> ListView | None:
        """A list of this page's locale as its first page has it, None where there is none."""
        from cms_ssg.render.list_view import ListView

        row = self.reader.list_named(self.locale.code, name)
        return ListView(self, row, 0) if row is not None and row.card else None

    def describe(self, **values: Any) -> SimpleNamespace:
        """Fill `page` for the template: what was given, over defaults."""
        defaults: dict[str, Any] = {
            "kind": self.kind, "title": "", "path": self.path, "url": self.absolute(self.path), "canonical": self.absolute(self.path),
            "description": "", "image": "", "noindex": False, "published": None, "updated": None, "alternates": [],
            "feeds": HomeFeeds(self),
            "languages": self.languages({}) if len(self.site.settings.locales) > 1 else [],
        }  # fmt: skip
        self.page_view.__dict__.update(defaults | values)
        return self.page_view

    def languages(self, paths: Mapping[str, str]) -> list[dict[str, Any]]:
        """Lines of the language menu: this page in each locale, or that locale's home page; none for a locale without either."""
        others = {locale.code: paths.get(locale.code) for locale in self.site.settings.locales if locale.code != self.locale.code}
        homes = self.homes() if not all(others.values()) else {}
        there = {code: path or homes[code][0] for code, path in others.items() if path or code in homes}
        return [
            {
                "locale": locale.code, "name": locale.name or locale.code, "dir": locale.dir or "ltr", "current": locale.code == self.locale.code,
                "url": self.url(there.get(locale.code, self.path)),
            }
            for locale in self.site.settings.locales
            if locale.code == self.locale.code or locale.code in there
        ]  # fmt: skip

    def homes(self) -> dict[str, tuple[str, bool]]:
        """Paths of the locales' home pages, with whether search engines may have them; a locale without one, whose path leads to another's, is left out."""
        paths = {code: self.site.prefix(code) + "/" for code in self.site.locales}
        self.reader.ask(("claim", path) for path in paths.values())
        found = {}
        for code, path in paths.items():
            holder = self.reader.claim(path)
            if holder is None or holder.owner_kind == Owner.SITE:
                continue
            is_page = self.site.features.role_of(holder.spec) != "redirect"
            card = self.reader.card(holder.owner) if is_page and holder.owner_kind == Owner.ENTRY else None
            found[code] = (path, is_page and "unindexed" not in (card or {}))
        return found

    def alternates(self, paths: Mapping[str, str]) -> list[dict[str, Any]]:
        """Hreflang lines of the variants that exist, when there are two or more."""
        if len(paths) < 2:
            return []
        found = [self.site.locales[code] for code in paths if code in self.site.locales]
        return [{"hreflang": x.hreflang or x.code, "url": self.absolute(paths[x.code]), "locale": x.code, "name": x.name} for x in found]

    def render(self, names: list[str], **variables: Any) -> str:
        """The first template of these that exists, with the page's values."""
        return self.theme.pick(names).render({**self.globals, **variables})
