"""A tier that was bought in the shop reaches the listing that the buyer means, once, and what cannot be decided is said."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cms_ssg.entries.history import find_last_act, undo_act
from cms_ssg.entries.save import Entries
from cms_ssg.entries.values import EntryInput
from cms_ssg.errors import CmsError
from cms_ssg.hooks import OrderLine, OrderPaid
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.store.open_store import open_store
from cms_ssg.verticals.directory.changes import add_listing, find_listing
from cms_ssg.verticals.directory.commands import set_tier
from cms_ssg.verticals.directory.selling_tiers import end_tiers, sell_tiers
from tests.engine.siteonpage import SiteOnPage, database

SOLD = 'combinations = 2\nsold = {PREMIUM-YEAR = {tier = "premium"}, FEATURED-MONTH = {tier = "featured", days = 30}}'
PAID_AT = datetime(2030, 1, 1, 12, tzinfo=UTC)


def make_order(*lines: tuple[str, int], note: str = "", email: str = "owner@example.org") -> OrderPaid:
    return OrderPaid(
        event_id="x", site="x", order="1001", email=email, name="Owner", note=note, currency="EUR", total=100, paid_at=PAID_AT,
        lines=tuple(OrderLine(sku=sku, title=sku, quantity=quantity, total=1, attributes={}) for sku, quantity in lines),
    )  # fmt: skip


@pytest.fixture
def shop(site: SiteOnPage) -> SiteOnPage:
    """A directory that sells tiers, with two listings of the store."""
    site.edit("site.toml", "combinations = 2", SOLD)
    with database(site.url), open_store(site.root, "") as (opened, connection, row):
        for title in ("Mill of Asti", "Città Nuova"):
            add_listing(connection, opened, row.id, {"title": title}, None)
    site.query("UPDATE cms.entries SET status = 'published', fields = fields - 'draft' WHERE source <> 'file'")
    site.build()
    return site


def sell(site: SiteOnPage, order: OrderPaid) -> str:
    with database(site.url), open_store(site.root, "") as (opened, connection, row):
        return sell_tiers(OpenSite(opened, connection, row.id), order)


def refuse(site: SiteOnPage, order: OrderPaid) -> str:
    with pytest.raises(CmsError) as error:
        sell(site, order)
    return error.value.problems[0].message


def read_tier(site: SiteOnPage, slug: str) -> list[tuple[object, ...]]:
    return site.query("SELECT listing_tier, featured_until::date::text FROM cms.listings WHERE slug LIKE %s", f"{slug}%")


@pytest.mark.parametrize(
    "note",
    [
        "/listings/mill-of-asti/",
        "/listings/mill-of-asti",
        "Please: http://example.com/listings/mill-of-asti/.",
        "It is <https://example.com/listings/mill-of-asti/?from=mail#top>, and/or nothing else",
    ],
)
def test_the_listing_that_the_note_names_gets_what_was_bought(shop: SiteOnPage, note: str) -> None:
    assert "is premium until 2031-01-01" in sell(shop, make_order(("PREMIUM-YEAR", 1), ("MUG", 3), note=note))
    assert read_tier(shop, "mill-of-asti") == [("premium", "2031-01-01")]
    [(number, origin, kind, what)] = shop.query("SELECT id, origin, kind, what FROM cms.acts")
    assert (origin, kind, what.partition(" (")[0]) == ("shop", "tier", "Mill of Asti") and what.endswith(
        "is premium until 2031-01-01 (order 1001)"
    )
    built = shop.build()
    assert "/listings/mill-of-asti/" in built.pages
    with database(shop.url), open_store(shop.root, "") as (opened, connection, row):
        undo_act(Entries(connection, opened, row.id), find_last_act(connection, row.id, number))
    assert read_tier(shop, "mill-of-asti") == [("basic", None)]


def test_the_only_listing_of_a_buyer_needs_no_note_and_several_need_one(shop: SiteOnPage) -> None:
    order = make_order(("FEATURED-MONTH", 2), email="Owner@example.org")
    assert "the buyer owns no listing" in refuse(shop, order)
    shop.query("UPDATE cms.listings SET owner_email = 'owner@example.org', claim_status = 'verified' WHERE slug LIKE 'citt%%'")
    assert "is featured until 2030-03-02" in sell(shop, order)
    shop.query("UPDATE cms.listings SET owner_email = 'owner@example.org', claim_status = 'verified' WHERE slug LIKE 'mill%%'")
    assert "owns several" in refuse(shop, order)
    assert "is featured until 2030-03-02" in sell(shop, make_order(("FEATURED-MONTH", 2), note="/listings/mill-of-asti/"))


def test_a_tier_is_prolonged_raised_and_never_lowered(shop: SiteOnPage) -> None:
    note = "/listings/mill-of-asti/"
    assert "2030-01-31" in sell(shop, make_order(("FEATURED-MONTH", 1), note=note))
    assert "2030-03-02" in sell(shop, make_order(("FEATURED-MONTH", 1), note=note))
    assert "is premium until 2031-01-01" in sell(shop, make_order(("PREMIUM-YEAR", 1), note=note))
    assert "is premium already" in refuse(shop, make_order(("FEATURED-MONTH", 1), note=note))
    assert "two tiers" in refuse(shop, make_order(("FEATURED-MONTH", 1), ("PREMIUM-YEAR", 1), note=note))
    assert read_tier(shop, "mill-of-asti") == [("premium", "2031-01-01")]


def test_a_listing_of_a_file_and_an_order_of_something_else_change_nothing(shop: SiteOnPage) -> None:
    assert "is a content file" in refuse(shop, make_order(("PREMIUM-YEAR", 1), note="/listings/ale-house/"))
    assert sell(shop, make_order(("MUG", 1), note="/listings/mill-of-asti/")) == ""
    assert read_tier(shop, "mill-of-asti") == [("basic", None)]


def test_an_end_that_is_no_day_is_told_as_the_option_that_it_is(shop: SiteOnPage) -> None:
    with database(shop.url), open_store(shop.root, "") as (opened, connection, row):
        site = OpenSite(opened, connection, row.id)
        with pytest.raises(CmsError) as error:
            set_tier(site, "mill-of-asti", "premium", until="nonsense")
        [problem] = error.value.problems
        assert (problem.code, problem.place, problem.message) == ("directory.until", "", "--until: 'nonsense' is not a date")
        assert "2025-03-01" in problem.hint
        with pytest.raises(CmsError) as error:
            Entries(connection, opened, row.id).save_entry(
                EntryInput("listing", {"tier": "golden"}, number=find_listing(connection, row.id, "mill-of-asti").number)
            )
        assert error.value.problems[0].place == "content/listings/mill-of-asti.md (api)", "there is no such file to be changed"
    assert read_tier(shop, "mill-of-asti") == [("basic", None)]


def end(site: SiteOnPage, order: OrderPaid, *notes: str) -> str:
    with database(site.url), open_store(site.root, "") as (opened, connection, row):
        return end_tiers(OpenSite(opened, connection, row.id), order, notes)


def test_a_refund_takes_back_the_time_that_was_bought_and_no_other(shop: SiteOnPage) -> None:
    month, year = (make_order((sku, 1), note="/listings/mill-of-asti/") for sku in ("FEATURED-MONTH", "PREMIUM-YEAR"))
    first, second = sell(shop, month), sell(shop, month)
    assert end(shop, make_order(("MUG", 1)), first) == ""
    assert end(shop, month, "Mill of Asti is featured", "rang the buyer") == "", "an order that gave nothing takes nothing"
    assert "is featured until 2030-01-31" in end(shop, month, first)
    assert read_tier(shop, "mill-of-asti") == [("featured", "2030-01-31")]
    assert shop.query("SELECT count(*) FROM cms.acts") == [(3,)], "two were sold, one was taken back"
    assert "is no longer featured" in end(shop, make_order(("FEATURED-MONTH", 60)), "rang the buyer", second)
    assert read_tier(shop, "mill-of-asti") == [("basic", None)]
    sold = sell(shop, year)
    shop.query("UPDATE cms.entries SET fields = fields - 'featured_until' WHERE fields ->> 'tier' = 'premium'")
    with pytest.raises(CmsError, match="for another reason"):
        end(shop, year, sold)
    assert read_tier(shop, "mill-of-asti") == [("premium", None)]
