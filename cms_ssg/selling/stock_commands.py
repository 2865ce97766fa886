"""``cms stock``: what there is, and moves."""

from __future__ import annotations

import secrets
from typing import Any, Final, LiteralString

from psycopg.errors import CheckViolation, NumericValueOutOfRange, UniqueViolation

from cms_ssg.content.git.person import find_person
from cms_ssg.errors import fail
from cms_ssg.kinds.vertical import Command, OpenSite
from cms_ssg.selling.stock_moves import BY_HAND, KNOWN, MOST_UNITS, MOVE
from cms_ssg.text.counting import count

LEVELS: Final[LiteralString] = """
SELECT l.sku, l.location, l.on_hand, l.reserved, l.on_hand - l.reserved, l.priority FROM cms.stock_levels l
WHERE l.site = %s AND (%s = '' OR l.sku = %s) AND (NOT %s OR EXISTS (SELECT FROM cms.sellables s WHERE s.site = l.site AND s.sku = l.sku
  AND cms.stock_state(l.on_hand - l.reserved, s.manage_stock, s.backorders, s.low_stock_threshold) <> 'in_stock')) ORDER BY l.sku, l.location"""
PREFER: Final[LiteralString] = """
INSERT INTO cms.stock_locations (site, location, priority) VALUES (%s, %s, %s) ON CONFLICT (site, location) DO UPDATE SET priority = excluded.priority"""
PREFER_ROWS: Final[LiteralString] = "UPDATE cms.stock_levels SET priority = %s WHERE site = %s AND location = %s"
HISTORY: Final[LiteralString] = """
SELECT moved_at, location, delta, reason, ref, author FROM cms.stock_moves WHERE site = %s AND sku = %s ORDER BY number DESC LIMIT %s"""


def show_stock(opened: OpenSite, sku: str = "", *, low: bool = False) -> list[dict[str, Any]]:
    """Show the stock of each SKU, or of one."""
    names = ("sku", "location", "on_hand", "reserved", "free", "priority")
    return [dict(zip(names, row, strict=True)) for row in opened.connection.execute(LEVELS, (opened.number, sku, sku, low))]


def adjust(
    opened: OpenSite, sku: str, units: int, *, location: str = "main", ref: str = "", reason: str = "adjusted", author: str = ""
) -> str:
    """Add units to the stock of a SKU, or take them away. The same --ref is taken in once."""
    _check_sku(opened, sku)
    if reason not in BY_HAND:
        raise fail("shop.stock", f"{reason!r} is no reason for a change by hand", hint="Write received or adjusted.")
    return _move(opened, [(sku, location, units, reason, ref or secrets.token_hex(6), author or find_person(opened.site.root))])


def set_stock(opened: OpenSite, sku: str, units: int, *, location: str = "main", author: str = "") -> str:
    """Note how many units were counted."""
    _check_sku(opened, sku)
    if units < 0:
        raise fail("shop.stock", "a counted quantity cannot be negative", hint="cms stock adjust takes units away.")
    row = opened.connection.execute(
        "SELECT on_hand FROM cms.stock_levels WHERE site = %s AND sku = %s AND location = %s", (opened.number, sku, location)
    ).fetchone()
    who = author or find_person(opened.site.root)
    delta = units - (row[0] if row is not None else 0)
    return _move(opened, [(sku, location, delta, "adjusted", secrets.token_hex(6), who)]) if delta else f"{sku} in {location}: {units}"


def move_stock(opened: OpenSite, sku: str, units: int, source: str, target: str, *, author: str = "") -> str:
    """Move units from one location to another."""
    _check_sku(opened, sku)
    if units < 1 or source == target:
        raise fail("shop.stock", "move at least one unit, to a different location", hint="cms stock move MUG-1 3 main market")
    ref, who = secrets.token_hex(6), author or find_person(opened.site.root)
    return _move(opened, [(sku, source, -units, "transfer", ref, who), (sku, target, units, "transfer", ref, who)])


def prefer_location(opened: OpenSite, location: str, priority: int) -> str:
    """Say which location goods are sold from first.

    The one with the highest priority that has all of an order's units.
    """
    with opened.connection.transaction():
        opened.connection.execute(PREFER, (opened.number, location, priority))
        changed = opened.connection.execute(PREFER_ROWS, (priority, opened.number, location)).rowcount
    return f"{location} has the priority {priority}, with {count(changed, 'SKU')}"


def show_history(opened: OpenSite, sku: str, *, limit: int = 50) -> list[dict[str, Any]]:
    """Show what moved the stock of a SKU, the last first."""
    names = ("at", "location", "units", "reason", "ref", "author")
    return [dict(zip(names, row, strict=True)) for row in opened.connection.execute(HISTORY, (opened.number, sku, max(limit, 0)))]


def _check_sku(opened: OpenSite, sku: str) -> None:
    if opened.connection.execute(KNOWN, (opened.number, sku)).fetchone() is None:
        raise fail("shop.no-sku", f"there is no SKU {sku!r}", hint="A build or `cms sync` takes in new products.")


def _move(opened: OpenSite, moves: list[tuple[str, str, int, str, str, str]]) -> str:
    try:
        with opened.connection.transaction():
            for move in moves:
                opened.connection.execute(MOVE, (opened.number, *move))
    except CheckViolation:
        raise fail("shop.stock", "there are not that many free units", hint="cms stock show lists the free units.") from None
    except NumericValueOutOfRange:
        raise fail("shop.stock", "that is more than can be counted", hint=f"A SKU has at most {MOST_UNITS:,} units.") from None
    except UniqueViolation:
        return "taken in before"
    row = opened.connection.execute(
        "SELECT sum(on_hand)::text FROM cms.stock_levels WHERE site = %s AND sku = %s", (opened.number, moves[0][0])
    ).fetchone()
    return f"{moves[0][0]}: {row[0] if row is not None else 0}"


WHO: Final = "Who does this (default: CMS_PERSON, else git's user.name)."

COMMANDS: Final = (
    Command("stock show", show_stock, "cms stock show --low", {"low": "Only what is low or out."}),
    Command("stock adjust", adjust, "cms stock adjust MUG-1 10 --reason received", {
        "location": "Where.", "ref": "Reference, such as a delivery note; each reference is counted once.", "reason": "received or adjusted.", "author": WHO}),
    Command("stock set", set_stock, "cms stock set MUG-1 12", {"location": "Where.", "author": WHO}),
    Command("stock move", move_stock, "cms stock move MUG-1 3 main shop", {"author": WHO}),
    Command("stock prefer", prefer_location, "cms stock prefer main 10"),
    Command("stock history", show_history, "cms stock history MUG-1", {"limit": "How many."}),
)  # fmt: skip
