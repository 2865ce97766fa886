"""``cms coupons``."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final, LiteralString

from psycopg.errors import CheckViolation, UniqueViolation

from cms_ssg.errors import fail
from cms_ssg.kinds.vertical import Command, OpenSite
from cms_ssg.selling.pricing import find_pricing
from cms_ssg.text.money import parse_amount

ADD_COUPON: Final[LiteralString] = """
INSERT INTO cms.coupons (site, code, kind, value, minimum, most_uses, starts_at, ends_at)
VALUES (%(site)s, upper(%(code)s), %(kind)s, %(value)s, %(least)s, %(uses)s, %(since)s::timestamp AT TIME ZONE %(zone)s, %(until)s::timestamp AT TIME ZONE %(zone)s)"""


def make_span(opened: OpenSite, since: str, until: str) -> dict[str, Any]:
    """Days as queries take them: from the first one's beginning to the last one's end, in the site's time."""
    try:
        first, last = date.fromisoformat(since) if since else date(2000, 1, 1), date.fromisoformat(until) if until else date(9000, 1, 1)
    except ValueError as error:
        raise fail("shop.report", f"this is no day: {error}", hint="Write 2026-03-01.") from None
    return {"site": opened.number, "zone": opened.site.settings.timezone, "since": first, "until": last + timedelta(days=1)}


def add_coupon(
    opened: OpenSite,
    code: str,
    *,
    percent: str = "",
    amount: str = "",
    free_shipping: bool = False,
    minimum: str = "",
    uses: int = 0,
    since: str = "",
    until: str = "",
) -> str:
    """Add a coupon: a percentage, an amount, or free shipping."""
    currency = find_pricing(opened.site.settings.vertical).currency
    try:
        kind, value = (
            ("percent", parse_amount(percent, "EUR"))  # hundredths of a percent
            if percent
            else ("amount", parse_amount(amount, currency))
            if amount
            else ("free_shipping", 0)
        )
        least = parse_amount(minimum, currency) if minimum else 0
    except ValueError as error:
        raise fail("shop.coupon", str(error), hint="Write amounts as 19.99, percentages as 10.") from None
    if not code.strip() or len(code) > 50:
        raise fail("shop.coupon", "a coupon code must have 1 to 50 characters", hint="cms coupons add SPRING --percent 10")
    if kind == "free_shipping" and not free_shipping:
        raise fail("shop.coupon", "say what it gives", hint="--percent 10, --amount 5.00 or --free-shipping")
    span = make_span(opened, since, until)
    span |= {name: None for name, day in (("since", since), ("until", until)) if not day}
    try:
        opened.connection.execute(
            ADD_COUPON, {**span, "code": code.strip(), "kind": kind, "value": value, "least": least, "uses": uses or None}
        )
    except UniqueViolation:
        raise fail("shop.coupon", f"there is a coupon {code.upper()} already", hint="Choose another code.") from None
    except CheckViolation:
        raise fail(
            "shop.coupon", "a percentage must be from 0 to 100, an amount and the number of uses at least 0", hint="--percent 10 --uses 100"
        ) from None
    return f"{code.upper()} added"


def delete_coupon(opened: OpenSite, code: str) -> str:
    """Delete a coupon. Orders that used it are not changed."""
    if not opened.connection.execute("DELETE FROM cms.coupons WHERE site = %s AND code = upper(%s)", (opened.number, code)).rowcount:
        raise fail("shop.coupon", f"there is no coupon {code.upper()}", hint="cms coupons list shows what there is.")
    return f"{code.upper()} deleted"


def list_coupons(opened: OpenSite) -> list[dict[str, Any]]:
    """List coupons."""
    names = ("code", "kind", "value", "minimum", "most_uses", "used", "ends_at")
    rows = opened.connection.execute(
        "SELECT code, kind, value, minimum, most_uses, used, ends_at FROM cms.coupons WHERE site = %s ORDER BY code", (opened.number,)
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


COMMANDS: Final = (
    Command("coupons add", add_coupon, "cms coupons add SPRING --percent 10 --uses 100 --until 2026-05-31", {
        "percent": "Of the goods.", "amount": "Off the goods.", "free_shipping": "Shipping costs nothing.", "minimum": "What the goods must cost.",
        "uses": "How often in all; 0 for any.", "since": "From this day on.", "until": "Up to this day.",
    }),
    Command("coupons delete", delete_coupon, "cms coupons delete SPRING"),
    Command("coupons list", list_coupons, "cms coupons list"),
)  # fmt: skip
