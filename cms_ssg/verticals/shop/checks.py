"""What `cms check` says of a shop: amounts that the currency does not have, tax classes without a rate, parts and stock that do not add up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, LiteralString

from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.selling.tax import has_rate
from cms_ssg.types import Problem
from cms_ssg.verticals.shop.carts import list_countries, settings_of

NO_PRICE: Final[LiteralString] = """
SELECT e.source_key, s.sku FROM cms.skus s JOIN cms.entries e ON e.id = s.product
WHERE s.site = %s AND s.price IS NULL AND s.status = 'published' AND (s.is_variation OR s.product_type IN ('simple', 'digital', 'bundle')) ORDER BY 1, 2"""
NO_PART: Final[LiteralString] = """
SELECT e.source_key, p.part FROM cms.sku_parts p JOIN cms.entries e ON e.id = p.product
WHERE p.site = %s AND NOT EXISTS (SELECT FROM cms.skus s WHERE s.site = p.site AND s.sku = p.part AND s.is_sold) ORDER BY 1, 2"""
NO_MEMBER: Final[LiteralString] = """
SELECT e.source_key, g.sku FROM cms.skus s JOIN cms.entries e ON e.id = s.product CROSS JOIN jsonb_array_elements_text(e.fields -> 'grouped') g(sku)
WHERE s.site = %s AND s.status = 'published' AND s.product_type = 'grouped'
  AND NOT EXISTS (SELECT FROM cms.skus o WHERE o.site = s.site AND o.sku = g.sku AND o.status = 'published') ORDER BY 1, 2"""
TAX_CLASSES: Final[LiteralString] = """
SELECT s.tax_class, min(e.source_key), min(s.sku) FROM cms.skus s JOIN cms.entries e ON e.id = s.product
WHERE s.site = %s AND s.status = 'published' AND s.tax_status = 'taxable' GROUP BY s.tax_class ORDER BY 1"""
SAME_SKU: Final[LiteralString] = """
SELECT s.sku, min(e.source_key), max(e.source_key) FROM cms.skus s JOIN cms.entries e ON e.id = s.product
WHERE s.site = %s GROUP BY s.sku, e.locale HAVING count(*) > 1 ORDER BY 1"""
WRONG_STOCK: Final[LiteralString] = """
SELECT l.sku, l.location, l.on_hand, coalesce(m.total, 0) FROM cms.stock_levels l
LEFT JOIN (SELECT site, sku, location, sum(delta) AS total FROM cms.stock_moves GROUP BY site, sku, location) m USING (site, sku, location)
WHERE l.site = %s AND l.on_hand <> coalesce(m.total, 0) ORDER BY 1, 2"""


def check_shop(opened: OpenSite) -> Iterator[Problem]:
    """Products that cannot be bought though they look as if they could, and stock that is not the sum of its moves."""
    connection, site = opened.connection, opened.number
    settings, base = settings_of(opened.site), opened.site.settings.base_url
    if "fake" in settings.payments and base.startswith("https://"):
        hint = 'Write payments = ["stripe"] or ["manual"] below [shop]; an [env.…] may have other settings.'
        yield Problem("shop.fake", "site.toml", 0, "the test provider is offered: whoever presses its button has paid", hint, "warning")
    for sku, first, second in connection.execute(SAME_SKU, (site,)):
        yield Problem(
            "shop.same-sku",
            second,
            0,
            f"{sku} is the SKU of {first} too, and only one of them is sold",
            "Give each product and each variation a SKU of its own.",
        )
    for file, sku in connection.execute(NO_PRICE, (site,)):
        hint = "Give it a price that its currency has: 19.99 in EUR, 1999 in JPY."
        yield Problem("shop.no-price", file, 0, f"{sku} has no price that can be charged", hint, "warning")
    for file, part in connection.execute(NO_PART, (site,)):
        yield Problem(
            "shop.no-part",
            file,
            0,
            f"the bundle has the part {part}, which cannot be bought",
            "Name the SKU of a product or a variation.",
            "warning",
        )
    for file, sku in connection.execute(NO_MEMBER, (site,)):
        yield Problem(
            "shop.no-part",
            file,
            0,
            f"the group names {sku}, which is no published product: its page leaves it out",
            "Name the SKU of a product or a variation.",
            "warning",
        )
    if settings.taxes or settings.eu_vat:
        countries = list_countries(settings) or [""]
        for tax_class, file, sku in connection.execute(TAX_CLASSES, (site,)):
            if not has_rate(settings.taxes, countries, tax_class, use_eu=settings.eu_vat):
                hint = (
                    f'Add [[shop.taxes]] with tax_class = "{tax_class}", or correct tax_class. tax_status: none is for goods without tax.'
                )
                text = f'{sku} is sold without tax: its tax class "{tax_class}" has no rate in any country'
                yield Problem("shop.no-rate", file, 0, text, hint, "warning")
    for sku, location, on_hand, total in connection.execute(WRONG_STOCK, (site,)):
        yield Problem(
            "shop.stock-sum",
            "",
            0,
            f"of {sku} in {location} there are {on_hand}, its moves add up to {total}",
            "Somebody changed cms.stock_levels by hand.",
        )


CHECKS = (check_shop,)
