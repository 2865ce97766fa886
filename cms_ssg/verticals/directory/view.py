"""What templates of a directory call: ``directory.map(…)``, ``directory.trail(entry)`` and the like."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from markupsafe import Markup

from cms_ssg.render.entry_view import EntryView
from cms_ssg.render.term_view import Term, make_terms
from cms_ssg.render.views import Card
from cms_ssg.reviews.view import View as ReviewsView
from cms_ssg.types import Json
from cms_ssg.verticals.directory.hours import DAYS, parse_hours
from cms_ssg.verticals.directory.map import Spot, draw_map
from cms_ssg.verticals.directory.outputs import FIND_URL
from cms_ssg.verticals.directory.phones import write_phone
from cms_ssg.verticals.directory.places import list_categories, list_levels
from cms_ssg.verticals.directory.requests import MORE

if TYPE_CHECKING:
    from cms_ssg.render.list_view import ListView
    from cms_ssg.render.page import Page

ON_A_MAP: Final = 60


class Shown(NamedTuple):
    """A listing on a list, as its card shows it: what the tier hides and what it lacks is ''. tier: '' for basic; stars: None while there is no rating."""

    url: str
    title: str
    tier: str
    picture: str
    place: str
    stars: dict[str, Json] | None


class View:
    """Made for one page."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._reviews = ReviewsView(page)

    def card(self, listing: Card) -> Shown:
        """What the card of a listing shows, all at once: lists have dozens of them."""
        hidden, tier, state = self.hidden(listing), listing.tier or "", listing.state
        address = listing.address if "address" not in hidden else None
        city = listing.city
        stars = self._reviews.rating(listing)
        return Shown(
            listing.url, listing.title, tier if tier != "basic" else "",
            listing.picture(480, "16:9", alt="") if "image" not in hidden and listing._data.get("image") else "",
            ", ".join(part for part in (address, city, None if city else state) if part), stars if stars and stars["rating_count"] else None,
        )  # fmt: skip

    @property
    def find_url(self) -> str:
        """The address of the search page."""
        return self._page.url(f"{self._page.locale.prefix}{FIND_URL}")

    @property
    def api_url(self) -> str:
        """Where the API's routes begin."""
        return self._page.url("/api/")

    @property
    def takes_pictures(self) -> bool:
        """Whether visitors may send a picture with a listing that they propose."""
        return bool(self._page.site.settings.vertical["directory"].pictures)

    def hidden(self, entry: Card) -> frozenset[str]:
        """The fields that a listing does not show because of its tier."""
        settings = self._page.site.settings.vertical["directory"]
        if not settings.fields:
            return frozenset()
        tier = str(self._page.fact("tier", entry) or "basic") if isinstance(entry, EntryView) else entry.tier or "basic"
        found: frozenset[str] = settings.hides(tier)
        return found

    def fields(self, entry: EntryView) -> dict[str, Any]:
        """The fields of a listing that its tier may show."""
        hidden = self.hidden(entry)
        return {name: value for name, value in entry.fields.items() if name not in hidden}

    def claim(self, entry: Card) -> str:
        """Whether somebody looks after a listing: unclaimed, claimed or verified."""
        return str(self._page.fact("claim", entry) or "unclaimed")

    def terms_in(self, name: str) -> list[Term]:
        """The lists that an index holds: ``lists/category``, ``lists/place/italy``."""
        page = self._page
        index = page.reader.list_named(page.locale.code, name)
        return make_terms(page, page.reader.window("all", index.id), page.locale.code) if index is not None else []

    def places(self, entry: Card | EntryView) -> list[Term]:
        """Country, state and city of a listing that have pages, the widest first."""
        levels = list_levels({name: getattr(entry, name) for name in ("country", "state", "city")})
        terms = [Term(self._page, self._page.locale.code, "place", level.slug, level.label) for level in levels]
        return [term for term in terms if term.url]

    def above(self, listed: ListView) -> list[Term]:
        """The places that a list's place is in, the widest first; for a category in a place the category, then the places."""
        words = listed.name.split("/")
        code = self._page.locale.code
        found = []
        if words[0] == "combination":
            found.append(Term(self._page, code, "category", words[1]))
            words = ["place", *words[2:], ""]
        found += [Term(self._page, code, "place", "/".join(words[1:end])) for end in range(2, len(words))]
        return [term for term in found if term.url]

    def combinations(self, listed: ListView) -> list[Named]:
        """Of a place: the categories of the listings shown that have a page for it."""
        slug = listed.name.partition("/")[2]
        names: dict[str, str] = {}
        for card in listed.items:
            for category, name in (card._data.get("terms") or {}).get("category", ()):
                names.setdefault(category, name)
        terms = []
        for category, name in sorted(names.items()):
            term = Term(self._page, self._page.locale.code, "combination", f"{category}/{slug}")
            if term.url:
                terms.append(Named(term, Term(self._page, self._page.locale.code, "category", category, name).title))
        return terms

    def nearby(self, entry: EntryView) -> list[Card]:
        """The listings within ten kilometres, at most six, the nearest first, as the API finds them."""
        found = self._page.fact("nearby", entry)
        numbers = [int(one[0]) for one in found if isinstance(one, list)] if isinstance(found, list) else []
        return [card for number in numbers if (card := self._page.card(number)) is not None]

    def distance(self, entry: EntryView, card: Card) -> str:
        """How far a listing is from another that nearby gave: ``0.4 km``."""
        found = self._page.fact("nearby", entry)
        km = dict(found).get(card.number) if isinstance(found, list) else None
        return "" if km is None else f"{km:.1f} km" if km < 10 else f"{km:.0f} km"

    def more(self, entry: EntryView) -> list[Card]:
        """Some other listings of the narrowest place that this one is in."""
        levels = list_levels(entry.fields)
        cards = self._page.latest(f"place/{levels[-1].slug}", MORE + 1) if levels else []
        return [card for card in cards if card.number != entry.number][:MORE]

    def map(self, around: Iterable[Card], entry: EntryView | None = None, label: str = "") -> Markup:
        """A map of these listings, with the page's own in front."""
        spots = [spot for card in list(around)[:ON_A_MAP] if (spot := _find_spot(card, card.url)) is not None]
        if entry is not None:
            own = _find_spot(entry, "")
            if own is None:
                return Markup("")
            spots = [own, *(spot for spot in spots if abs(spot.latitude - own.latitude) < 1 and abs(spot.longitude - own.longitude) < 2)]
        return draw_map(spots, label)

    def hours(self, entry: EntryView) -> list[dict[str, Any]]:
        """Days with their times: ``{"day": 0, "times": ["9:00–17:00"]}``, Monday first, holidays last; nothing where it says nothing."""
        found = parse_hours(self.fields(entry).get("hours"))
        days: list[dict[str, Any]] = (
            [{"day": day, "name": DAYS[day], "times": times} for day, times in enumerate(found.days)] if found.is_known else []
        )
        if found.holidays is not None:
            days.append({"day": 7, "name": "holidays", "times": found.holidays})
        return days

    def phone(self, entry: EntryView) -> dict[str, str] | None:
        """Its telephone number as it is written and as it is dialled."""
        number = str(self.fields(entry).get("phone") or "")
        return write_phone(number, self._page.site.settings.vertical["directory"].region) if number else None

    def site_name(self, url: str) -> str:
        """The host of an address, as it is shown."""
        return urlsplit(url).netloc.removeprefix("www.") or url

    def rating(self, entry: Card) -> dict[str, Json] | None:
        """Stars of a listing: rating_avg, rating_count, review_count; None where it has none."""
        return self._reviews.rating(entry)

    def json_ld(self, entry: EntryView) -> dict[str, Any]:
        """The listing as a LocalBusiness of schema.org."""
        fields, page, reviews, phone = self.fields(entry), self._page, self._reviews, self.phone(entry)
        found: dict[str, Any] = {
            "@type": "LocalBusiness", "@id": page.absolute(entry.path), "name": entry.title, "url": page.absolute(entry.path),
            "description": fields.get("description") or entry.summary, "telephone": phone["url"].removeprefix("tel:") if phone else None,
            "image": page.with_origin(entry.image) if fields.get("image") else None,
            "sameAs": [url for url in (fields.get("website"), *(fields.get("social_links") or {}).values()) if url],
            "address": {
                "@type": "PostalAddress", "streetAddress": fields.get("address"), "addressLocality": fields.get("city"),
                "addressRegion": fields.get("state"), "postalCode": fields.get("postal_code"), "addressCountry": fields.get("country"),
            },
        }  # fmt: skip
        if fields.get("latitude") is not None and fields.get("longitude") is not None:
            found["geo"] = {"@type": "GeoCoordinates", "latitude": fields["latitude"], "longitude": fields["longitude"]}
        hours = parse_hours(fields.get("hours"))
        found["openingHoursSpecification"] = [
            {"@type": "OpeningHoursSpecification", "dayOfWeek": f"https://schema.org/{DAYS[day].title()}", "opens": opens, "closes": closes}
            for day, opens, closes in hours.spans
        ]
        if (rating := reviews.aggregate(entry)) is not None:
            found |= {"aggregateRating": rating, "review": reviews.json_ld(entry)}
        return found

    def categories(self, entry: EntryView) -> list[Term]:
        """The categories of a listing that have pages."""
        names = list_categories(entry.fields)
        terms = [Term(self._page, self._page.locale.code, "category", slug, name) for slug, name in names.items()]
        return [term for term in terms if term.url]


class Named:
    """A term under another title."""

    def __init__(self, term: Term, title: str) -> None:
        self.url, self.title, self.slug = term.url, title, term.slug


def _find_spot(card: Card | EntryView, url: str) -> Spot | None:
    lat, lng = card.latitude, card.longitude
    return Spot(float(lat), float(lng), card.title, url) if lat is not None and lng is not None else None
