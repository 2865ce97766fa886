"""What templates know as ``news``: breaking news, live blogs, and the sections of the front page."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from cms_ssg.render.entry_view import EntryView
from cms_ssg.render.list_view import ListView
from cms_ssg.render.term_view import Term
from cms_ssg.render.views import Card, RowView, parse_time
from cms_ssg.text.slugs import make_slug
from cms_ssg.verticals.news.live import now_path
from cms_ssg.verticals.news.ordered import list_ordered
from cms_ssg.verticals.news.outputs import STORY, breaking_path, fragment_path, list_types

if TYPE_CHECKING:
    from cms_ssg.render.page import Page


FEW, MOST = 6, 10
"""Related stories that a page shows: with no more than few of them it is made again only where those change. See sql/news/0003_keep_related_boxes.sql."""


class NewsView:
    """One page's way to the news. What it is asked for is recorded as a read of the page."""

    __slots__ = ("_page",)

    def __init__(self, page: Page) -> None:
        self._page = page

    def _note(self) -> Page:
        """The page, which from now on is made again where this code changes."""
        self._page.reader.reads.name("vertical/news")
        return self._page

    @property
    def settings(self) -> Any:
        page = self._note()
        page.reader.reads.name("setting/vertical.news")
        return page.site.settings.vertical["news"]

    def breaking_urls(self, entry: Any = None, shown: Any = None) -> list[str]:
        """The fragments for a page: those of its section and of all, else that of the home page. entry, shown: what the page is about."""
        page, section = self._note(), ""
        if isinstance(entry, Card) and (term := entry.section) is not None and term.url:
            section = term.slug
        elif isinstance(shown, ListView) and shown.kind == "section":
            section = shown.name.partition("/")[2]
        places = ("sections", f"section/{section}") if section else ("home",)
        return [page.url(breaking_path(page.site, page.locale.code, place)) for place in places]

    def fragment(self, name: str) -> Markup:
        """A part of the page that is made once for all pages: put in by the page's script, by the server or CDN that gives the page, or by the build."""
        page, settings = self._note(), self.settings
        if name not in settings.fragments:
            raise ValueError(f"fragment {name!r} is not in [news] fragments: {', '.join(settings.fragments) or 'none'}")
        if settings.include == "build":
            return Markup(page.render([f"fragments/{name}.html"]))
        return self.include(page.url(fragment_path(page.site, page.locale.code, name)))

    def include(self, address: str, **data: object) -> Markup:
        """Where the fragment at an address is put in. data: what the page's script is told besides."""
        match self.settings.include:
            case "ssi":
                return Markup('<!--# include virtual="{}" -->').format(address)
            case "esi":
                return Markup('<esi:include src="{}"/>').format(address)
        told = Markup("").join(Markup(' data-{}="{}"').format(key, value) for key, value in data.items())
        return Markup('<div data-fragment="{}"{}></div>').format(address, told)

    def most_read(self, count: int = 5) -> list[Card]:
        """The stories that were read most in the last days that access logs were read of."""
        page = self._note()
        value: Any = page.fact("most-read", "all")
        cards = (card for card in map(page.card, value or ()) if card is not None and card.locale == page.locale.code)
        return [card for card in cards if STORY in list_types(page.site, page.site.schemas[card.type])][:count]

    @property
    def sections(self) -> list[Term]:
        """The sections of the front page that have stories."""
        page = self._note()
        terms = [Term(page, page.locale.code, "section", slug) for slug in self.settings.sections]
        return [term for term in terms if term.url]

    @property
    def locale(self) -> str:
        """The page's language."""
        return self._page.locale.code

    def time(self, text: str | None) -> Any:
        """A time that is kept as text, in the site's zone."""
        return parse_time(text, self._note().site.zone)

    def front(self, shown: ListView) -> list[Card]:
        """The stories at the top of the front page: those that are pinned, else a featured one first; then the newest."""
        self._note()
        items = shown.items
        pinned = self.pinned("front")
        if not pinned:
            pinned = [item for item in items if item.is_featured][:1]
        return (pinned + self.without(items, [item.path for item in pinned]))[:7]

    def pinned(self, name: str) -> list[Card]:
        """Stories that editors put first in a list: by command, the newest pin first, then those that its file names."""
        page = self._note()
        value: Any = page.fact("pins", f"{page.locale.code}/{name}")
        types = sorted(kind for kind, schema in page.site.schemas.items() if STORY in list_types(page.site, schema))
        cards = [*map(page.card, value or ()), *list_ordered(page, name, types)]
        found: dict[str, Card] = {}
        for card in cards:
            if card is not None and card.url and card.locale == page.locale.code:
                found.setdefault(card.path, card)
        return list(found.values())

    def section(self, shown: ListView) -> list[Card]:
        """The stories of a section's page, those that are pinned first."""
        self._note()
        pinned = self.pinned(shown.name) if shown.is_front else []
        return pinned + self.without(shown.items, [item.path for item in pinned])

    def without(self, items: list[Card], paths: list[str]) -> list[Card]:
        """These stories without those that the page shows already."""
        self._note()
        return [item for item in items if item.path not in paths]

    def live_now(self, count: int) -> list[Card]:
        """Live blogs that go on, of the newest twelve."""
        return [card for card in self._note().latest("news/live-blog", 12) if self.is_live(card)][:count]

    def topic(self, entry: EntryView) -> list[Card]:
        """The newest stories of a topic's tag."""
        slug = make_slug(str(entry.fields.get("tag") or entry.fields.get("slug") or entry.title))
        return [card for card in self._note().latest(f"tag/{slug}", 24) if card.path != entry.path]

    def live(self, entry: Card) -> SimpleNamespace:
        """The live blog of an entry: status, refresh_s, started_at, ended_at, updates, pinned, older_url, now_url, and the last event it shows."""
        page = self._note()
        slug = str(entry._data.get("slug") or "")
        state: Any = page.fact("live", entry) or {}
        updates = page.list_view(f"live/{slug}")
        pinned = page.list_view(f"live-pinned/{slug}")
        return SimpleNamespace(
            status=state.get("status", "upcoming"), refresh_s=state.get("refresh_s", 60), started_at=state.get("started_at"),
            ended_at=state.get("ended_at"), updates=updates.rows if updates else [], pinned=pinned.rows if pinned else [],
            older_url=updates.older_url if updates else "", now_url=page.url(now_path(page.site, page.locale.code, slug)), event=self._last_event(slug),
        )  # fmt: skip

    def _last_event(self, slug: str) -> int:
        page = self._page
        log = page.reader.list_named(page.locale.code, f"live-log/{slug}")
        members: Sequence[int] = page.reader.window("top", log.id, 1) if log is not None else ()
        event: RowView | None = page.row(members[0]) if members else None
        return int(event.event) if event is not None else 0

    def is_live(self, entry: Card) -> bool:
        """Whether an entry is a live blog that goes on."""
        state: Any = self._note().fact("live", entry)
        return bool(state) and state["status"] == "live"

    def related(self, entry: Card, count: int = 10) -> list[Card]:
        """Stories that go with an entry: those that people named, then those that were found."""
        page = self._note()
        value: Any = page.fact("related", f"{entry.number}/{FEW if count <= FEW else MOST}")
        cards: list[Card] = []
        for item in value or ():
            if len(cards) < count and (card := page.card(item["entry"])) is not None and card.url:
                cards.append(card)
        return cards

    def author(self, name: str) -> str:
        """The name of who wrote an update, as the author's entry has it."""
        card = self._note().ref(f"author:{name}") if name else None
        return card.title if card is not None else name
