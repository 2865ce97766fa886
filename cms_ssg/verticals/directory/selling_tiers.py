"""Gives a listing the tier that somebody bought in the shop, and takes it back if the shop gives the money back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, LiteralString
from urllib.parse import unquote, urlsplit

from cms_ssg.errors import CmsError, fail
from cms_ssg.hooks import OrderPaid
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.store.revisions import add_act
from cms_ssg.types import Json
from cms_ssg.verticals.directory.changes import Known, find_listing, set_fields
from cms_ssg.verticals.directory.settings import TIERS, Directory

OWNED: Final[LiteralString] = """
SELECT number::text FROM cms.listings WHERE site = %s AND lower(owner_email) = lower(%s) AND claim_status <> 'unclaimed' ORDER BY number LIMIT 2"""
TIER: Final[LiteralString] = """
SELECT listing_tier, featured_until FROM cms.listings WHERE number = %s AND (featured_until IS NULL OR featured_until > %s)"""

TIER_NOW: Final[LiteralString] = "SELECT listing_tier, featured_until, clock_timestamp() FROM cms.listings WHERE number = %s"
SAID: Final = re.compile(r"(?s:.*) \((?P<number>\d+)\) is (?P<tier>\w+) until \d{4}-\d\d-\d\d")


def sell_tiers(opened: OpenSite, order: OrderPaid) -> str:
    """Give the listing that a buyer means what they paid for, and say so. A tier that it has already is prolonged. Raises CmsError directory.*."""
    settings: Directory = opened.site.settings.vertical["directory"]
    bought = [(settings.sold[line.sku], line.quantity) for line in order.lines if line.sku in settings.sold]
    if not bought:
        return ""
    if len({sold.tier for sold, _ in bought}) > 1:
        raise fail("directory.sold", "two tiers were bought at once: set one with cms listings tier")
    tier, days = bought[0][0].tier, sum(sold.days * quantity for sold, quantity in bought)
    listing = _find_listing(opened, order)
    has, until = opened.connection.execute(TIER, (listing.number, order.paid_at)).fetchone() or ("basic", None)
    if has == tier and until is None and listing.fields.get("tier") == tier:
        raise fail("directory.sold", f"{listing.title} is {tier} without an end already")
    if TIERS.index(has) > TIERS.index(tier):
        raise fail("directory.sold", f"{listing.title} is {has} already, which is more than the {tier} that was bought")
    begins: datetime = until if has == tier and until is not None else order.paid_at
    ends = (begins + timedelta(days=days)).astimezone(UTC).replace(microsecond=0)
    return _set_tier(opened, listing, {"tier": tier, "featured_until": ends.isoformat()}, _say_sold(listing, tier, ends), order)


def end_tiers(opened: OpenSite, order: OrderPaid, notes: Sequence[str]) -> str:
    """Take back the time that an order whose lines were given back had bought, and say so. notes: of the order. Raises CmsError directory.*."""
    settings: Directory = opened.site.settings.vertical["directory"]
    days = sum(settings.sold[line.sku].days * line.quantity for line in order.lines if line.sku in settings.sold)
    found = [match for note in notes if (match := SAID.fullmatch(note))]
    if not days or not found:
        return ""
    listing, tier = find_listing(opened.connection, opened.number, found[-1]["number"]), found[-1]["tier"]
    has, until, now = opened.connection.execute(TIER_NOW, (listing.number,)).fetchone() or ("basic", None, None)
    if has != tier or until is None:
        raise fail("directory.sold", f"the order was given back, but {listing.title} is {has} for another reason: it stays so")
    ends: datetime = until - timedelta(days=days)
    if ends > now:
        return _set_tier(opened, listing, {"featured_until": ends.astimezone(UTC).isoformat()}, _say_sold(listing, tier, ends), order)
    said = f"{listing.title} ({listing.number}) is no longer {tier}"
    return _set_tier(opened, listing, {"tier": None, "featured_until": None}, said, order)


def _set_tier(opened: OpenSite, listing: Known, fields: dict[str, Json], said: str, order: OrderPaid) -> str:
    """Change what a listing is, as an act of the shop. said: what it is then, which is returned."""
    with opened.connection.transaction():
        act = add_act(opened.connection, opened.number, "", "shop", "tier", f"{said} (order {order.order})")
        set_fields(opened.connection, opened.site, opened.number, listing, fields, act)
    return said


def _say_sold(listing: Known, tier: str, ends: datetime) -> str:
    """The note of an order that SAID finds again."""
    return f"{listing.title} ({listing.number}) is {tier} until {ends:%Y-%m-%d}"


def _find_listing(opened: OpenSite, order: OrderPaid) -> Known:
    """The listing whose address is in the note of an order, else the only one that the buyer owns."""
    base = opened.site.base_path
    for word in re.findall(r"\S*/\S+", order.note):
        path = unquote(urlsplit(word.strip("<>()[].,;\"'")).path).removeprefix(base)
        for name in (path, f"{path}/"):
            try:
                return find_listing(opened.connection, opened.number, name)
            except CmsError:
                continue
    owned = opened.connection.execute(OWNED, (opened.number, order.email)).fetchall()
    if len(owned) != 1:
        said = "the buyer owns no listing" if not owned else "the buyer owns several listings"
        raise fail(
            "directory.sold", f"a tier was bought, but for which listing? The note names none, and {said}: set it with cms listings tier"
        )
    return find_listing(opened.connection, opened.number, owned[0][0])
