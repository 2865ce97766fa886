"""The feeds that the head of a page names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, overload

from cms_ssg.kinds.list_kind import ListRule, feed_path
from cms_ssg.render.list_rules import list_rule

if TYPE_CHECKING:
    from cms_ssg.render.page import Page

FEED_TYPES: Final = {"rss": "application/rss+xml", "atom": "application/atom+xml", "json": "application/feed+json"}


def list_feeds(page: Page, rule: ListRule, title: str) -> list[dict[str, str]]:
    """Feeds of a list."""
    return [{"title": title, "type": FEED_TYPES[feed], "url": page.url(feed_path(rule, feed))} for feed in rule.feeds]


def list_home_feeds(page: Page) -> list[dict[str, str]]:
    """Feeds of the home list, in the default locale where this one has none."""
    name = page.site.settings.home.list
    for code in dict.fromkeys((page.locale.code, page.site.default_locale)):
        rule = list_rule(page.site, code, name)
        row = None if rule.always else page.reader.list_named(code, name)
        if rule.always or (row is not None and row.card):
            return list_feeds(page, rule, rule.title if rule.kind == "list" else page.site_view.title)
    return []


class HomeFeeds(Sequence[dict[str, str]]):
    """The feeds of the home list, on pages that have none of their own; what they are called is read only where it is shown."""

    __slots__ = ("_page",)

    def __init__(self, page: Page) -> None:
        self._page = page

    def __len__(self) -> int:
        return len(list_home_feeds(self._page))

    @overload
    def __getitem__(self, at: int) -> dict[str, str]: ...
    @overload
    def __getitem__(self, at: slice) -> list[dict[str, str]]: ...
    def __getitem__(self, at: int | slice) -> dict[str, str] | list[dict[str, str]]:
        return list_home_feeds(self._page)[at]
