"""Rows of cms.skus and of their parts, made from entries in the transaction that derives these."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from hashlib import blake2b
from typing import Any, Final, LiteralString

import msgspec
from psycopg import Connection

from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.selling.pricing import find_pricing
from cms_ssg.site import Site
from cms_ssg.text.money import parse_amount
from cms_ssg.types import Json

COLUMNS: Final = """sku, product, is_variation, place, locale_rank, is_sold, title, slug, path, description, short_description, attributes, price, sale_price,
  sale_from, sale_until, cost_price, currency, tax_class, tax_status, manage_stock, backorders, low_stock_threshold, weight, length, width, height, shipping_class, image,
  gallery_images, meta_title, meta_description, product_type, external_url, button_text, downloadable, download_limit, download_expiry, files, parts, visibility,
  featured, status, published_at, digest"""
ENTRIES: Final[LiteralString] = """
SELECT e.id, e.type, e.locale, e.status, e.removed_at IS NOT NULL, e.fields::text, coalesce(c.path, ''), coalesce(b.html, '')
FROM cms.entries e LEFT JOIN cms.cards c ON c.entry = e.id LEFT JOIN cms.bodies b ON b.entry = e.id
WHERE e.id = ANY (%s::bigint[]) AND e.type = ANY (%s) ORDER BY e.id"""
KNOWN: Final[LiteralString] = "SELECT sku, product, digest FROM cms.skus WHERE site = %s AND product = ANY (%s::bigint[])"
DELETE: Final[LiteralString] = """
DELETE FROM cms.skus s USING unnest(%s::text[], %s::bigint[]) g (sku, product) WHERE s.site = %s AND s.sku = g.sku AND s.product = g.product"""
_EXCLUDED: Final = "excluded." + COLUMNS.replace(",\n  ", ", ").replace(", ", ", excluded.")
SAVE: Final[LiteralString] = f"""
INSERT INTO cms.skus AS s (site, {COLUMNS}) SELECT %(site)s, {COLUMNS} FROM jsonb_populate_recordset(NULL::cms.skus, %(rows)s::text::jsonb)
ON CONFLICT (site, sku, product) DO UPDATE SET ({COLUMNS}, updated_at) = ({_EXCLUDED}, now())"""
PARTS: Final[LiteralString] = "DELETE FROM cms.sku_parts WHERE site = %s AND product = ANY (%s::bigint[])"
ADD_PARTS: Final[LiteralString] = """
INSERT INTO cms.sku_parts (site, part, product, quantity) SELECT %s, p, n, q FROM unnest(%s::text[], %s::bigint[], %s::int[]) u (p, n, q)"""
FIRST_STOCK: Final[LiteralString] = """
INSERT INTO cms.stock_moves (site, sku, delta, reason, ref)
SELECT %(site)s, u.sku, u.units, 'initial', 'entry' FROM unnest(%(skus)s::text[], %(units)s::int[]) u (sku, units)
WHERE u.units > 0 AND NOT EXISTS (SELECT FROM cms.stock_moves m WHERE m.site = %(site)s AND m.sku = u.sku) ORDER BY u.sku ON CONFLICT DO NOTHING"""

SALE_TIMES: Final[LiteralString] = """
WITH wanted AS (
  SELECT DISTINCT product, at FROM cms.skus, unnest(ARRAY[sale_from, sale_until]) at
  WHERE site = %(site)s AND product = ANY (%(numbers)s::bigint[]) AND sale_price IS NOT NULL AND at IS NOT NULL
), gone AS (
  DELETE FROM cms.entry_times t WHERE t.entry = ANY (%(numbers)s::bigint[]) AND t.site = %(site)s AND NOT EXISTS (SELECT FROM wanted w WHERE w.product = t.entry AND w.at = t.at)
    AND t.entry IN (SELECT s.product FROM cms.skus s WHERE s.site = %(site)s)
)
INSERT INTO cms.entry_times (entry, site, at) SELECT product, %(site)s, at FROM wanted ON CONFLICT DO NOTHING"""

BATCH: Final = 500
_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder().decode


def settle_products(opened: OpenSite, entries: Sequence[int], listed: AbstractSet[int]) -> None:
    """Write what these entries sell. listed: those that are to be seen."""
    types = [name for name, schema in opened.site.schemas.items() if {"sku", "price"} <= schema.properties.keys()]
    for start in range(0, len(entries), BATCH):
        _settle_batch(opened.connection, opened.site, opened.number, list(entries[start : start + BATCH]), listed, types)


def _settle_batch(connection: Connection, site: Site, site_id: int, numbers: list[int], listed: AbstractSet[int], types: list[str]) -> None:
    known = {(sku, product): bytes(mark) for sku, product, mark in connection.execute(KNOWN, (site_id, numbers))}
    rows = connection.execute(ENTRIES, (numbers, types)).fetchall()
    if not rows and not known:
        return
    currency = find_pricing(site.settings.vertical).currency
    ranks = {code: place for place, code in enumerate(site.locales)}
    wanted: dict[tuple[str, int], dict[str, Any]] = {}
    stock: dict[str, int] = {}
    parts: dict[tuple[str, int], int] = {}
    for number, _, locale, status, removed, text, path, html in rows:
        if removed:
            continue
        fields = _decode(text)
        if fields.get("archived"):
            status = "archived"
        about = {
            "product": number, "locale_rank": ranks.get(locale, len(ranks)), "path": path, "description": html, "status": status,
            "is_listed": number in listed,
        }  # fmt: skip
        for row, units in make_rows(fields, about, currency):
            key = (row["sku"], number)
            if key not in wanted:
                wanted[key] = row
                if units is not None:
                    stock[row["sku"]] = units
        for part, quantity in read_parts(fields).items():
            parts[(part, number)] = quantity
    gone = sorted(known.keys() - wanted.keys())
    if gone:
        connection.execute(DELETE, ([sku for sku, _ in gone], [product for _, product in gone], site_id))
    connection.execute(PARTS, (site_id, numbers))
    if parts:
        connection.execute(ADD_PARTS, (site_id, [p for p, _ in parts], [n for _, n in parts], list(parts.values())))
    changed = []
    for key, row in sorted(wanted.items()):
        mark = blake2b(_encode(row), digest_size=16).digest()
        if known.get(key) != mark:
            changed.append(row | {"digest": "\\x" + mark.hex()})
    if changed:
        connection.execute(SAVE, {"site": site_id, "rows": _encode(changed).decode()})
    connection.execute(SALE_TIMES, {"site": site_id, "numbers": numbers})
    if stock:
        connection.execute(FIRST_STOCK, {"site": site_id, "skus": list(stock), "units": list(stock.values())})


def find_type(fields: dict[str, Json]) -> str:
    """What kind of product this is."""
    given = fields.get("product_type")
    return str(given) if given else "variable" if fields.get("variations") else "bundle" if fields.get("parts") else "simple"


def read_parts(fields: dict[str, Json]) -> dict[str, int]:
    """The parts of a bundle, each SKU once."""
    parts: dict[str, int] = {}
    given = fields.get("parts")
    for part in given if isinstance(given, list) and find_type(fields) == "bundle" else ():
        if isinstance(part, dict):
            parts[str(part["sku"])] = parts.get(str(part["sku"]), 0) + int(part.get("quantity") or 1)
    return parts


def make_rows(fields: dict[str, Any], about: dict[str, Any], currency: str) -> Iterator[tuple[dict[str, Any], int | None]]:
    """(row, units it has at first) of a product and of each of its variations."""
    kind = find_type(fields)
    slug = str(fields.get("slug") or "")
    text = fields.get
    is_counted = text("manage_stock", kind not in ("external", "digital", "variable", "grouped", "bundle"))
    base: dict[str, Any] = {
        "sku": str(text("sku") or slug), "is_variation": False, "place": 0, "title": str(text("title") or slug), "slug": slug,
        "short_description": str(text("excerpt") or ""), "attributes": {}, **read_prices(fields, currency), "currency": currency,
        "tax_class": text("tax_class") or "standard", "tax_status": text("tax_status") or "taxable", "manage_stock": is_counted,
        "backorders": text("backorders") or "no", "low_stock_threshold": text("low_stock_threshold", 2), "weight": text("weight"),
        "length": text("length"), "width": text("width"), "height": text("height"), "shipping_class": text("shipping_class") or "",
        "image": text("image") or "", "gallery_images": text("gallery") or [], "meta_title": text("meta_title"),
        "meta_description": text("meta_description"), "product_type": kind, "external_url": text("external_url"), "button_text": text("button_text"),
        "downloadable": bool(text("files")), "download_limit": text("download_limit"), "download_expiry": text("download_expiry"),
        "files": text("files") or [], "parts": read_parts(fields), "visibility": text("visibility") or "visible",
        "featured": bool(text("is_featured")), "published_at": text("date"),
        **{name: value for name, value in about.items() if name not in ("is_listed", "status")},
        "status": about["status"] if about["status"] in ("draft", "published") else "archived",
    }  # fmt: skip
    base["is_sold"] = bool(about["is_listed"] and base["price"] is not None and kind in ("simple", "digital", "bundle"))
    yield base, text("stock")
    for place, one in enumerate(text("variations") or () if kind == "variable" else ()):
        if not isinstance(one, dict) or not one.get("sku"):
            continue
        row = base | {
            "sku": str(one["sku"]), "is_variation": True, "place": place, "attributes": one.get("attributes") or {}, "description": "", "manage_stock": text("manage_stock", True),
            "weight": one.get("weight", base["weight"]), "image": one.get("image") or base["image"],
        }  # fmt: skip
        if one.get("price") is not None or one.get("sale_price") is not None:
            row |= read_prices(
                {**fields, **{name: one[name] for name in ("price", "sale_price", "cost_price") if one.get(name) is not None}}, currency
            )
        row["is_sold"] = bool(about["is_listed"] and row["price"] is not None and one.get("is_active", True))
        yield row, one.get("stock")


def read_prices(fields: dict[str, Any], currency: str) -> dict[str, Any]:
    """Prices in minor units. An amount that the currency does not have counts as none; `cms check` reports it."""
    found: dict[str, Any] = {name: fields.get(name) for name in ("sale_from", "sale_until")}
    for name in ("price", "sale_price", "cost_price"):
        try:
            found[name] = parse_amount(fields[name], currency) if fields.get(name) is not None else None
        except ValueError:
            found[name] = None
    return found
