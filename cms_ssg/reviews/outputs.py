"""Approved reviews, and comments, as members of a list for each entry: its own page shows the newest, archive pages the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cms_ssg.kinds.list_kind import Item, ListKind, ListRule, page_path
from cms_ssg.kinds.output_kind import HTML, OutputKind
from cms_ssg.kinds.phases import ARCHIVES
from cms_ssg.kinds.row_kind import Fact, Row, RowKind
from cms_ssg.render.list_rules import list_rule
from cms_ssg.types import Json

if TYPE_CHECKING:
    from cms_ssg.render.page import Page
    from cms_ssg.render.requests import Job
    from cms_ssg.site import Site

PAGE_SIZE: Final = 20
"""Reviews on an archive page; the entry's own page shows between one and two pages' worth."""

PAGE: Final = OutputKind("reviews", ARCHIVES, HTML, "cms_ssg.reviews.outputs:render_reviews", page=True, linked=True, shown="leaf")
OUTPUTS: Final = (PAGE,)


def name_list(path: str, group: str = "reviews") -> str:
    """The name of the list of reviews, or of comments, of the entry at this path."""
    return f"{group}/{path.strip('/')}"


def _rule(site: Site, locale: str, slug: str) -> ListRule:
    return ListRule("reviews", slug, size=PAGE_SIZE, page_kind="reviews", page_url=f"/{slug.removesuffix('.html')}/reviews/{{number}}/")


def _comments_rule(site: Site, locale: str, slug: str) -> ListRule:
    return ListRule("comments", slug, size=PAGE_SIZE, page_kind="reviews", page_url=f"/{slug.removesuffix('.html')}/comments/{{number}}/")


LISTS: Final = (ListKind("reviews", _rule), ListKind("comments", _comments_rule))


def _derive(site: Site, number: int, fields: dict[str, Json]) -> Row | None:
    path, locale = fields.pop("path"), fields.pop("locale")
    place = b"\x01" + fields["created_at"].encode() + fields["id"].encode()
    return Row(fields, (Item(locale, name_list(path, "reviews" if "rating" in fields else "comments"), place),))


REVIEW: Final = RowKind(
    "review",
    "cms.reviews",
    """
SELECT r.number, jsonb_strip_nulls(jsonb_build_object('path', c.path, 'locale', c.locale, 'id', r.review_id, 'entry', r.entry, 'author_name', r.author_name, 'rating', r.rating,
  'title', r.title, 'content', r.content, 'pros', r.pros, 'cons', r.cons, 'images', r.images, 'verified', r.is_verified_purchase, 'visit_date', r.visit_date,
  'owner_response', r.owner_response, 'created_at', to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
  'owner_response_at', to_char(r.owner_response_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')))
FROM cms.reviews r JOIN cms.cards c ON c.entry = r.entry AND c.live AND c.path IS NOT NULL
WHERE r.number = ANY(%(numbers)s::bigint[]) AND r.status = 'approved'""",
    _derive,
    follows="SELECT number FROM cms.reviews WHERE entry = ANY(%(entries)s::bigint[]) AND status = 'approved'",
)

RATING: Final = Fact(
    "rating",
    r"""
SELECT s, jsonb_build_object('rating_avg', round(r.rating_sum::numeric / r.rating_count, 2), 'rating_count', r.rating_count, 'review_count', r.review_count,
  'stars', r.stars), NULL::timestamptz, NULL::timestamptz
FROM unnest(%(subjects)s::text[]) s JOIN cms.ratings r ON r.entry = CASE WHEN s ~ '^\d{1,18}$' THEN s::bigint END
WHERE r.site = %(site)s AND r.rating_count > 0""",
    search={"rating": "rating_avg"},
)

DISCUSSION: Final = Fact(
    "discussion",
    r"""
SELECT x.s, jsonb_build_object('open', x.is_open, 'count', x.shown), NULL::timestamptz, NULL::timestamptz
FROM (
  SELECT s, cms.takes_comments(e.id) AS is_open,
    (SELECT count(*) FROM cms.reviews r WHERE r.entry = e.id AND r.status = 'approved' AND r.rating IS NULL) AS shown
  FROM unnest(%(subjects)s::text[]) s JOIN cms.entries e ON e.site = %(site)s AND e.id = CASE WHEN s ~ '^\d{1,18}$' THEN s::bigint END) x
WHERE x.is_open OR x.shown > 0""",
)


def render_reviews(page: Page, job: Job) -> tuple[bytes, str]:
    """An archive page of reviews."""
    row = page.reader.list_numbered(job.spec["list"])
    number = job.spec["page"]
    rule = list_rule(page.site, row.locale, row.name)
    path = f"/{rule.slug}" if rule.slug.endswith(".html") else f"/{rule.slug}/"
    holder = page.reader.claim(path)
    card: Any = page.card(holder.owner) if holder is not None and holder.owner_kind == "e" else None
    title = card.title if card is not None else rule.slug
    t = page.globals["t"]
    page.describe(title=t(f"{rule.group}_of", name=title))
    newer = page.list_page_url(rule, number + 1, if_there=True) or (card.url if card is not None else "")
    rows = [found for member in page.reader.window("page", row.id, number) if (found := page.row(member)) is not None]
    html = page.render(
        ["reviews-page.html"],
        entry=card,
        title=title,
        args={
            "rows": rows,
            "group": rule.group,
            "number": number,
            "newer": newer,
            "older": page.url(page_path(rule, number - 1)) if number > 1 else "",
        },
    )
    return html.encode("utf-8", "replace"), HTML
