"""What templates call to show reviews: ``reviews.of(entry)``, ``reviews.older_url(entry)``, ``reviews.rating(entry)`` and the like."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from cms_ssg.kinds.list_kind import page_path
from cms_ssg.render.list_rules import list_rule
from cms_ssg.render.views import Card, RowView
from cms_ssg.reviews.outputs import name_list
from cms_ssg.types import Json

if TYPE_CHECKING:
    from cms_ssg.render.page import Page


class View:
    """Made for one page."""

    def __init__(self, page: Page) -> None:
        self._page = page

    @property
    def action(self) -> str:
        """Where the form sends a review."""
        return self._page.url("/api/reviews")

    @property
    def comments_action(self) -> str:
        """Where the form sends a comment."""
        return self._page.url("/api/comments")

    @property
    def needs_email(self) -> bool:
        """Whether an author has to confirm an address."""
        return bool(self._page.site.settings.vertical["reviews"].confirm)

    @property
    def takes_pictures(self) -> bool:
        """Whether a picture may come with a review."""
        return bool(self._page.site.settings.vertical["reviews"].pictures)

    def takes(self, entry: Card) -> bool:
        """Whether this entry may be reviewed."""
        types = self._page.site.settings.vertical["reviews"].types
        return bool(entry.path) and (not types or entry.type in types)

    def day_text(self, entry: Card) -> str:
        """What the form calls the day that a review is about, the text reviews_visit_TYPE; '' where there is none, and the form asks for no day."""
        key = f"reviews_visit_{entry.type}"
        text = str(self._page.globals["t"](key))
        return text if text != key else ""

    def of(self, entry: Card) -> list[RowView]:
        """The newest approved reviews, as many as the entry's own page shows."""
        return self._newest(self._list(entry))

    def older_url(self, entry: Card) -> str:
        """The page with the reviews before those, '' where there is none."""
        return self._older(self._list(entry))

    def discussion(self, entry: Card) -> SimpleNamespace | None:
        """What readers said about an entry: ``is_open`` (they may go on), ``count``, ``comments`` (the newest), ``older_url``; None where nothing is to be shown."""
        value: Any = self._page.fact("discussion", entry)
        if not value:
            return None
        row = self._page.reader.list_named(entry.locale, name_list(entry.path, "comments")) if value["count"] else None
        return SimpleNamespace(is_open=value["open"], count=value["count"], comments=self._newest(row), older_url=self._older(row))

    def _newest(self, row: Any) -> list[RowView]:
        members = self._page.reader.window("front", row.id) if row is not None else ()
        return [found for member in members if (found := self._page.row(member)) is not None]

    def _older(self, row: Any) -> str:
        if row is None or not row.pages:
            return ""
        rule = list_rule(self._page.site, row.locale, row.name)
        return self._page.url(page_path(rule, row.pages))

    def rating(self, entry: Card) -> dict[str, Json] | None:
        """rating_avg, rating_count, review_count, stars; None while there is no approved review."""
        value = self._page.fact("rating", entry)
        return value if isinstance(value, dict) else None

    def aggregate(self, entry: Card) -> dict[str, Any] | None:
        """What ratings come to, as schema.org has it; None while there is none."""
        rating = self.rating(entry)
        if not rating:
            return None
        return {
            "@type": "AggregateRating", "ratingValue": rating["rating_avg"], "ratingCount": rating["rating_count"],
            "reviewCount": rating["review_count"] or None, "bestRating": 5, "worstRating": 1,
        }  # fmt: skip

    def item_json_ld(self, entry: Card, kind: str) -> dict[str, Any]:
        """An entry with its rating and reviews as a thing of schema.org, for the template of a type that has nothing more to say. kind: such as Recipe."""
        page = self._page
        found = {
            "@context": "https://schema.org",
            "@type": kind,
            "@id": page.absolute(entry.path),
            "name": entry.title,
            "url": page.absolute(entry.path),
        }
        rating = self.aggregate(entry)
        return {**found, "aggregateRating": rating, "review": self.json_ld(entry)} if rating else found

    def json_ld(self, entry: Card) -> list[dict[str, Any]]:
        """The reviews of ``of`` with text, as schema.org has them."""
        return [
            {
                "@type": "Review", "author": {"@type": "Person", "name": row.author_name}, "datePublished": row.created_at, "name": row.title,
                "reviewBody": row.content, "reviewRating": {"@type": "Rating", "ratingValue": row.rating, "bestRating": 5, "worstRating": 1},
            }
            for row in self.of(entry)
            if row.content
        ]  # fmt: skip

    def _list(self, entry: Card) -> Any:
        return self._page.reader.list_named(entry.locale, name_list(entry.path))
