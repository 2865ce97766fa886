"""Lists of posts by the month of their date."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cms_ssg.kinds.list_kind import Item, ListKind, ListRule, Placing

if TYPE_CHECKING:
    from cms_ssg.render.page import Page
    from cms_ssg.site import Site


def _month_rule(site: Site, locale: str, slug: str) -> ListRule:
    return ListRule("month", slug, f"{site.prefix(locale)}/{slug}/", "list", site.settings.page_size, index="lists/month")


def _list_by_month(placing: Placing) -> Iterator[Item]:
    date = placing.fields.get("date")
    if placing.path and date and placing.schema.months:
        for where in placing.locales:
            yield Item(where, f"month/{placing.site.local_month(date)}", placing.place(where))


def name_month(page: Page, slug: str) -> str:
    """A month in the page's language: ``2025/03`` -> March 2025."""
    return str(page.globals["t"].month(slug))


MONTHS = ListKind(
    "month", _month_rule, _list_by_month, order=(), index_url="/archive/", index_title="archive",
    title="cms_ssg.verticals.blog.outputs:name_month",
)  # fmt: skip
