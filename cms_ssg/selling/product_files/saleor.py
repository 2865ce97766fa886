"""Reads the products of a Saleor shop from the JSON that its ``manage.py dumpdata`` writes: variants, attributes, categories, images, prices, stock."""

from __future__ import annotations

from collections import defaultdict
from html import escape
from pathlib import Path
from typing import Any, Final

import msgspec

from cms_ssg.selling.product_files.products import FileProduct, Imported, refuse_file

HINT: Final = "In Saleor: python manage.py dumpdata product attribute warehouse channel > products.json"
KILOGRAMS: Final = {"g": 0.001, "kg": 1.0, "lb": 0.45359237, "oz": 0.028349523125, "tonne": 1000.0}

Rows = dict[Any, dict[str, Any]]


class Dump:
    """The rows of a file by model, and which of them belong to which. channels: those that sell in the currency."""

    def __init__(self, rows: list[dict[str, Any]], currency: str) -> None:
        self.tables: dict[str, Rows] = defaultdict(dict)
        for row in rows:
            self.tables[str(row["model"]).rpartition(".")[2]][row.get("pk")] = row["fields"]
        self.channels = {pk for pk, channel in self.tables["channel"].items() if channel["currency_code"] == currency}
        self.variants = self._group("productvariant", "product")
        self.images = self._group("productmedia", "product")
        self.listings = self._group("productchannellisting", "product")
        self.prices = self._group("productvariantchannellisting", "variant")
        self.stocks = self._group("stock", "product_variant")
        self.assigned = self._group("assignedvariantattribute", "variant")
        self.values = self._group("assignedvariantattributevalue", "assignment")
        self.collections = self._group("collectionproduct", "product")

    def _group(self, table: str, owner: str) -> dict[Any, list[tuple[Any, dict[str, Any]]]]:
        """(key, row) by whose they are, in their own order."""
        found: dict[Any, list[tuple[Any, dict[str, Any]]]] = defaultdict(list)
        for pk, row in sorted(self.tables[table].items(), key=lambda item: (item[1].get("sort_order") or 0, str(item[0]))):
            found[row[owner]].append((pk, row))
        return found

    def find_price(self, variant: Any) -> dict[str, Any]:
        """Price, sale price and cost of a variant in the currency."""
        for _, row in self.prices[variant]:
            if row["channel"] in self.channels and row["price_amount"] is not None:
                price, reduced = float(row["price_amount"]), float(row["discounted_price_amount"] or row["price_amount"])
                cost = float(row["cost_price_amount"]) if row["cost_price_amount"] is not None else None
                return {"price": price, "sale_price": reduced if reduced < price else None, "cost_price": cost}
        return {}

    def list_attributes(self, variant: Any) -> dict[str, str]:
        """What tells a variant from the others."""
        found = {}
        for pk, row in self.assigned[variant]:
            attribute = self.tables["attribute"].get((self.tables["attributevariant"].get(row["assignment"]) or {}).get("attribute"))
            names = [(self.tables["attributevalue"].get(value["value"]) or {}).get("name") for _, value in self.values[pk]]
            if attribute is not None and any(names):
                found[str(attribute["name"])] = ", ".join(str(name) for name in names if name)
        return found


def read_saleor(path: Path, currency: str, result: Imported) -> list[FileProduct]:
    """The products of a file. currency: whose prices are taken. Raises CmsError shop.import."""
    try:
        dump = Dump(msgspec.json.decode(path.read_bytes(), type=list[dict[str, Any]]), currency)
        if not dump.tables["product"]:
            raise refuse_file(path, "there are no products in it", HINT)
        products = [_make_product(dump, pk, row, result) for pk, row in dump.tables["product"].items()]
    except (OSError, msgspec.DecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise refuse_file(path, error, HINT) from None
    if not dump.channels:
        result.note(0, f"no channel of the file sells in {currency}: nothing has a price")
    images = sum(len(rows) for rows in dump.images.values())
    if images:
        result.note(0, f"put the {images} images of Saleor's media folder into static/, with their folders")
    return products


def _make_product(dump: Dump, pk: Any, row: dict[str, Any], result: Imported) -> FileProduct:
    kind = dump.tables["producttype"].get(row["product_type"]) or {}
    category = dump.tables["category"].get(row["category"]) or {}
    shown = [listing for _, listing in dump.listings[pk] if listing["channel"] in dump.channels]
    pictures = [f"/{image['image']}" for _, image in dump.images[pk] if image.get("image")]
    collections = [dump.tables["collection"].get(one["collection"]) or {} for _, one in dump.collections[pk]]
    variations = [_make_variation(dump, number, one, row["slug"], kind) for number, one in dump.variants[pk]]
    fields: dict[str, Any] = {
        "title": row["name"], "slug": row["slug"], "excerpt": row.get("seo_description") or None, "meta_title": row.get("seo_title") or None,
        "meta_description": row.get("seo_description") or None, "categories": [category["name"]] if category.get("name") else None,
        "tags": [one["name"] for one in collections if one.get("name")] or None, "image": pictures[0] if pictures else None, "gallery": pictures[1:] or None,
        "visibility": "search" if shown and not any(one["visible_in_listings"] for one in shown) else None,
        "weight": _read_weight(row.get("weight")) or _read_weight(kind.get("weight")),
    }  # fmt: skip
    if len(variations) == 1:
        one = variations[0]
        fields |= {name: one.get(name) for name in ("sku", "price", "sale_price", "cost_price", "stock")}
        fields["weight"] = one.get("weight") or fields["weight"]
        fields["product_type"] = "digital" if kind.get("is_shipping_required") is False else None
        fields["manage_stock"] = None if "stock" in one else False
    elif variations:
        fields["variations"] = variations
        result.variations += len(variations)
    if not any("price" in one for one in variations):
        result.note(0, f"{row['slug']} has no price and cannot be bought")
    blocks = (row.get("description") or {}).get("blocks") or ()
    body = "\n\n".join(f"<p>{block['data']['text']}</p>" for block in blocks if (block.get("data") or {}).get("text"))
    body = body or "".join(f"<p>{escape(part)}</p>" for part in (row.get("description_plaintext") or "").splitlines() if part)
    is_published = any(one["is_published"] for one in shown) or not dump.listings[pk]
    return FileProduct(0, str(row["slug"]), {name: value for name, value in fields.items() if value is not None}, body, is_published)


def _make_variation(dump: Dump, pk: Any, row: dict[str, Any], slug: str, kind: dict[str, Any]) -> dict[str, Any]:
    stock = [one["quantity"] for _, one in dump.stocks[pk]] if row.get("track_inventory", True) else []
    value = {
        "sku": row.get("sku") or f"{slug}-{pk}", "attributes": dump.list_attributes(pk) or {str(kind.get("name") or "Variant"): str(row.get("name") or pk)},
        **dump.find_price(pk), "weight": _read_weight(row.get("weight")), "stock": sum(stock) if stock else None,
    }  # fmt: skip
    return {name: one for name, one in value.items() if one is not None}


def _read_weight(text: str | None) -> float | None:
    """``1000.0:g`` in kilograms; None for nothing."""
    amount, _, unit = (text or "").partition(":")
    return round(float(amount) * KILOGRAMS.get(unit or "kg", 1.0), 4) or None if amount else None
