"""Sample content for each template, in a language's words. Values only: what renders them, the gallery and the theme's tests, is passed nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from markupsafe import Markup

from cms_ssg.render.gallery_stand_in import StandIn
from cms_ssg.render.strings import Strings, forget, make_t
from cms_ssg.types import Heading

BASE_URL: Final = "https://example.org"


TITLES: Final = (
    "The coast that grows when you measure it",
    "Tide tables",
    "What the railway did to noon",
    "A map is an argument: twelve small lies that every good cartographer tells on purpose, and why",
    "Rain gauges of the Po valley",
    "Bridge, ferry, ford",
    "Letters from the lighthouse",
)


SAMPLE_IMAGE: Final = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1600 900' width='1600' height='900'%3E"
    "%3Cpath fill='%23c9d9dd' d='M0 0h1600v900H0z'/%3E"
    "%3Cpath fill='%235d8793' d='m0 640 330-30 150-140 130 70 150-160 140 70 140-120 160 90 170-120 230 90v510H0z'/%3E"
    "%3Cpath fill='%232f5a68' d='m0 760 260-70 210 50 230-120 220 80 250-120 430 80v240H0z'/%3E%3C/svg%3E"
)


SAMPLE_FACTS: Final = SimpleNamespace(width=1600, height=900, color="#c9d9dd", placeholder=SAMPLE_IMAGE)


FEW_WORDS: Final = "Portugal measured the border a fifth longer than Spain did, and neither had made a mistake. "


@dataclass(frozen=True, slots=True)
class Sample:
    """One template and the values it is rendered with. name: what the gallery calls it."""

    name: str
    template: str
    values: dict[str, Any]


def make_samples(
    strings: Strings,
    asset: Callable[[str], str] = lambda name: f"/assets/{name}",
    *,
    text_direction: str = "ltr",
    tokens: dict[str, str] | None = None,
    on_read: Callable[[str], None] = forget,
) -> tuple[Sample, ...]:
    """Sample values for each page template and shortcode, in the language of strings."""
    common = _make_common(strings, asset, text_direction, tokens or {}, on_read)
    return tuple(_list_samples(common))


def _list_samples(common: dict[str, Any]) -> Iterator[Sample]:
    cards = [_make_card(index) for index in range(7)]
    section, tag = cards[0].section, cards[0].tags[0]
    entry = _make_entry(cards)
    words = SimpleNamespace(**vars(cards[0]), content=Markup(f"<p>{FEW_WORDS}</p>"))

    def sample(name: str, template: str, page: SimpleNamespace, **values: Any) -> Sample:
        return Sample(name, template, {**common, "page": page, **values})

    post_page = _make_page("entry", entry.title, entry.path, image=f"{BASE_URL}/wide.png")
    plain = _make_entry(
        cards,
        title="About",
        image=None,
        picture=lambda *_, **__: "",
        newer=None,
        older=None,
        series=None,
        tags=[],
        toc=[],
        is_fallback=True,
    )
    yield sample("Home", "home.html", _make_page("home", "The Slow Atlas", "/"), list=_make_list("home", "", cards))
    yield sample("Post", "post.html", post_page, entry=entry)
    yield sample("Page, untranslated", "page.html", _make_page("entry", "About", "/about/", noindex=True), entry=plain)
    yield sample("Entry of any type", "entry.html", _make_page("entry", "About", "/about/"), entry=plain)
    section_list = _make_list("section", section.title, cards, description=FEW_WORDS, children=[tag, tag], older_url="/field/page/2/")
    yield sample("Section", "list.html", _make_page("list", section.title, section.url), list=section_list)
    author = _make_list("author", "Noor Haddad", cards[:3], entry=words)
    yield sample("Author", "list.html", _make_page("list", "Noor Haddad", "/authors/noor/"), list=author)
    archive = _make_list("tag", tag.title, cards[:4], number=3, is_front=False, parent=section, newer_url="/n/", older_url="/o/")
    yield sample("Archive page", "list.html", _make_page("list", tag.title, "/tags/maps/page/3/"), list=archive)
    yield sample("Month", "list.html", _make_page("list", "2025/03", "/2025/03/"), list=_make_list("month", "2025/03", cards[:2]))
    yield sample("Series", "list.html", _make_page("list", "Coastlines", "/series/c/"), list=_make_list("series", "Coastlines", cards[:3]))
    yield sample("Empty list", "list.html", _make_page("list", "Nothing", "/tags/none/"), list=_make_list("tag", "Nothing", []))
    terms = [_make_term("tag", slug, slug.capitalize()) for slug in ("bridges", "maps", "tides", "trains", "weather")]
    yield sample("Terms", "terms.html", _make_page("terms", "Tags", "/tags/"), terms=terms, taxonomy="tag", title="Tags", description="")
    months = [_make_term("month", slug, slug) for slug in ("2025/03", "2025/01", "2024/12", "2024/11")]
    yield sample(
        "Months", "terms.html", _make_page("terms", "Archive", "/archive/"), terms=months, taxonomy="month", title="Archive", description=""
    )
    yield sample("Search", "search.html", _make_page("search", "Search", "/search/", noindex=True), search=_make_search(common))
    yield sample("Not found", "404.html", _make_page("404", "404", "/404.html", noindex=True))
    yield sample("Redirect", "redirect.html", _make_page("redirect", "", "/old/", noindex=True), target="/new/?a=1&b=2")
    shortcode = {"args": [], "values": {"src": SAMPLE_IMAGE, "caption": "A coast, redrawn.", "alt": "A map"}, "inner": Markup("")}
    yield sample("Shortcode figure", "shortcodes/figure.html", post_page, **shortcode)
    yield sample("Shortcode youtube", "shortcodes/youtube.html", post_page, args=["dQw4w9WgXcQ"], values={}, inner=Markup(""))
    yield sample("Shortcode note", "shortcodes/note.html", post_page, args=["tip"], values={}, inner=Markup(f"<p>{FEW_WORDS}</p>"))


def _make_common(
    strings: Strings, asset: Callable[[str], str], text_direction: str, tokens: dict[str, str], on_read: Callable[[str], None]
) -> dict[str, Any]:
    places = (("Essays", "/"), ("Archive", "/archive/"), ("About", "/about/"))
    menu = [{"title": title, "url": url, "current": url == "/", "below": []} for title, url in places]
    menu[1]["below"] = menu[2:]
    name = str(strings.texts.get("language_name", strings.locale))
    return {
        "site": SimpleNamespace(
            title="The Slow Atlas", description="Notes on maps, tides and the people who measure them.", base_url=BASE_URL,
            author="The Slow Atlas", name="atlas", params={}, tokens=tokens, noindex=False, search=SimpleNamespace(is_static=False), statistics=SimpleNamespace(beacon=False),
        ),
        "locale": SimpleNamespace(code=strings.locale, name=name, dir=text_direction, hreflang=strings.locale, prefix=""),
        "menus": SimpleNamespace(main=menu, footer=menu[2:]),
        "t": make_t(strings, on_read),
        "asset": asset,
        "image": _show_image,
        "fact": lambda _name, _key: None,
        "image_facts": lambda _src: SAMPLE_FACTS,
        "url": lambda path: path,
        "link": lambda target: target,
        "slots": lambda _place: (),
        "latest": lambda _list, count: [_make_card(index) for index in range(count)],
        "data": lambda *keys: [{"name": "Mastodon", "url": "https://example.social/@atlas"}] if keys == ("social",) else None,
        "ref": lambda _target: None,
        "clock": SimpleNamespace(year=2025),
    }  # fmt: skip


def _make_search(common: dict[str, Any]) -> Markup:
    """A search with everything that an answer may have."""
    from cms_ssg.search.asked import Asked, Choices
    from cms_ssg.search.narrowing import Place
    from cms_ssg.search.questions import Answer, FacetValue, Highlights, Hit
    from cms_ssg.search.results_page import render_search

    marked = Highlights("The <mark>coast</mark> that grows", (f"<mark>Coast</mark> … {FEW_WORDS}",))
    at = datetime(2025, 3, 1, 9, tzinfo=UTC)
    hits = tuple(
        Hit(n, "post", "en", title, f"/{n}/", FEW_WORDS, at, None, ("section/field",), 1.0, marked, 5.4, 1900, 4.5)
        for n, title in enumerate(TITLES[:4])
    )
    values = (FacetValue("field", "Field notes", 3), FacetValue("essays", "Essays", 1))
    answer = Answer(
        44, hits, {"section": values, "tag": (FacetValue("maps", "Maps", 4), FacetValue("tides", "Tides", 2))}, {"2025-03": 4}, "coasts"
    )
    asked = Asked("coast", {"tag": ("maps",)}, page=2, values={"price_to": "20.00", "lat": "41.2", "lng": "-8.7"})
    choices = Choices({"section": "Sections", "tag": "Tags"}, {}, ("section", "tag"), "EUR", True, True, True, True)
    return Markup(render_search(asked, answer, common["t"], Place("/search", UTC, choices=choices)))


def _make_page(kind: str, title: str, path: str, image: str = "", noindex: bool = False) -> SimpleNamespace:
    languages = [("en", "English", "ltr", "/", True), ("it", "Italiano", "ltr", "/it/", False), ("ar", "العربية", "rtl", "/ar/", False)]
    feeds = [{"title": f"{title} (Atom)", "type": "application/atom+xml", "url": f"{path}feed.atom"}]
    return SimpleNamespace(
        kind=kind,
        title=title,
        path=path,
        url=BASE_URL + path,
        canonical=BASE_URL + path,
        description=FEW_WORDS,
        image=image,
        noindex=noindex,
        published=datetime(2025, 3, 1, 9, tzinfo=UTC) if kind == "entry" else None,
        updated=datetime(2025, 3, 9, 9, tzinfo=UTC) if kind == "entry" else None,
        alternates=[{"hreflang": code, "url": BASE_URL + url, "locale": code, "name": name} for code, name, _, url, _ in languages[:2]],
        feeds=feeds if kind in ("home", "list") else [],
        languages=[{"locale": code, "name": name, "dir": way, "url": url, "current": now} for code, name, way, url, now in languages],
    )


def _make_term(taxonomy: str, slug: str, title: str, description: str = "") -> SimpleNamespace:
    return SimpleNamespace(
        name=f"{taxonomy}/{slug}",
        slug=slug,
        title=title,
        url=f"/{taxonomy}/{slug}/",
        description=description,
        entry=None,
        data=None,
        count=7,
    )


def _make_card(index: int) -> SimpleNamespace:
    date = datetime(2025, 3, 1, 9, tzinfo=UTC) - timedelta(days=17 * index)
    return SimpleNamespace(
        title=TITLES[index % len(TITLES)],
        url=f"/2025/03/sample-{index}/",
        path=f"/2025/03/sample-{index}/",
        summary=FEW_WORDS if index % 3 else FEW_WORDS * 2,
        date=date,
        updated=date + timedelta(days=8),
        image=SAMPLE_IMAGE if index in (0, 2) else None,
        picture=_show_image if index in (0, 2) else lambda *_, **__: "",
        image_facts=SAMPLE_FACTS if index in (0, 2) else None,
        type="post",
        locale="en",
        dir="ltr",
        authors=[_make_term("author", "noor", "Noor Haddad")],
        section=_make_term("section", "field", "Field notes"),
        tags=[_make_term("tag", "maps", "Maps"), _make_term("tag", "tides", "Tides & currents")],
        series=None,
        is_featured=index == 0,
    )


def _show_image(*_: object, alt: str = "", **attributes: object) -> Markup:
    """What ``picture()`` and ``image()`` give, whatever is asked for."""
    loading = Markup(' loading="lazy"') if attributes.get("lazy", True) else ""
    kind = Markup(' class="{}"').format(attributes["class"]) if "class" in attributes else ""
    return Markup('<img src="{}" alt="{}"{}{}>').format(SAMPLE_IMAGE, alt, kind, loading)


def _make_entry(cards: list[SimpleNamespace], **changes: Any) -> SimpleNamespace:
    card = cards[0]
    series = SimpleNamespace(title="Coastlines", url="/series/coastlines/", items=cards[:3], position=1)
    headings = ((2, "How long is a coast", "how-long"), (3, "Rulers", "rulers"), (2, "In code", "code"), (2, "A table", "table"))
    toc = [Heading(*heading) for heading in headings]
    article = Path(__file__).with_name("gallery_article.html").read_text("utf-8").replace("/wide.svg", SAMPLE_IMAGE)
    values: dict[str, Any] = {
        **vars(card), "content": Markup(article), "toc": toc, "words": 840, "reading_time": 4,
        "fields": {"image_alt": "A coast", "image_caption": "Drawn twice.", "image_credit": "The Atlas", "excerpt": FEW_WORDS},
        "newer": cards[1], "older": cards[2], "series": series, "terms": {"tag": card.tags}, "is_fallback": False,
        "meta_title": "", "meta_description": "", "anchor": "", "related": cards[3:6],
    }  # fmt: skip
    return SimpleNamespace(**{**values, **changes})


def _make_list(kind: str, title: str, cards: list[SimpleNamespace], **changes: Any) -> SimpleNamespace:
    values: dict[str, Any] = {
        "name": f"{kind}/sample", "kind": kind, "title": title, "url": "/sample/", "description": "", "entry": None, "items": cards, "rows": [StandIn(), StandIn()],
        "number": 0, "is_front": True, "start": 1, "newer_url": "", "older_url": "", "parent": None, "children": [],
    }  # fmt: skip
    return SimpleNamespace(**{**values, **changes})
