"""Reads the products of a Saleor shop from the JSON that its ``manage.py dumpdata`` writes: variants, attributes, categories, images, prices, stock."""

from __future__ import annotations

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections import defaultdict
from collections.abc import Iterator
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
            if isinstance(row.get("fields"), dict):
                self.tables[str(row.get("model")).rpartition(".")[2]][row.get("pk")] = row["fields"]
        self.channels = {pk for pk, channel in self.tables["channel"].items() if channel.get("currency_code") == currency}
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
            found[row.get(owner)].append((pk, row))
        return found

    def find_price(self, variant: Any) -> dict[str, Any]:
        """Price, sale price and cost of a variant in the currency."""
        for _, row in self.prices[variant]:
            if row.get("channel") in self.channels and row.get("price_amount") is not None:
                price, reduced = float(row["price_amount"]), float(row.get("discounted_price_amount") or row["price_amount"])
                cost = float(row["cost_price_amount"]) if row.get("cost_price_amount") is not None else None
                return {"price": price, "sale_price": reduced if reduced < price else None, "cost_price": cost}
        return {}

    def list_attributes(self, variant: Any) -> dict[str, str]:
        """What tells a variant from the others."""
        found = {}
        for pk, row in self.assigned[variant]:
            attribute = self.tables["attribute"].get((self.tables["attributevariant"].get(row.get("assignment")) or {}).get("attribute"))
            names = [(self.tables["attributevalue"].get(value.get("value")) or {}).get("name") for _, value in self.values[pk]]
            if attribute is not None and any(names):
                found[str(attribute["name"])] = ", ".join(str(name) for name in names if name)
        return found


def read_saleor(path: Path, currency: str, result: Imported) -> list[FileProduct]:
    """The products of a file. currency: whose prices are taken. Raises CmsError shop.import."""
    try:
        dump = Dump(msgspec.json.decode(_read_text(path), type=list[dict[str, Any]]), currency)
        if not dump.tables["product"]:
            raise refuse_file(path, "there are no products in it", HINT)
        products = list(_make_products(dump, result))
        if not products:
            raise refuse_file(path, result.problems[0], HINT)
    except (OSError, msgspec.DecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise refuse_file(path, error, HINT) from None
    if not dump.channels:
        result.note(0, f"no channel of the file sells in {currency}: nothing has a price")
    images = sum(len(rows) for rows in dump.images.values())
    if images:
        result.note(0, f"put the {images} images of Saleor's media folder into static/, with their folders")
    return products


def _read_text(path: Path) -> bytes:
    """The file as UTF-8 without a mark: some shells write the output of a command as UTF-16."""
    data = path.read_bytes()
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return data.decode("utf-16").encode()
    return data.removeprefix(BOM_UTF8)


def _make_products(dump: Dump, result: Imported) -> Iterator[FileProduct]:
    """The products that can be read; the others are told of."""
    for pk, row in dump.tables["product"].items():
        try:
            yield _make_product(dump, pk, row, result)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            said = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            result.note(0, f"product {row.get('slug') or pk} cannot be read: {said}", failed=True)


def _make_product(dump: Dump, pk: Any, row: dict[str, Any], result: Imported) -> FileProduct:
    kind = dump.tables["producttype"].get(row.get("product_type")) or {}
    category = dump.tables["category"].get(row.get("category")) or {}
    shown = [listing for _, listing in dump.listings[pk] if listing.get("channel") in dump.channels]
    pictures = [f"/{image['image']}" for _, image in dump.images[pk] if image.get("image")]
    collections = [dump.tables["collection"].get(one.get("collection")) or {} for _, one in dump.collections[pk]]
    variations = [_make_variation(dump, number, one, row["slug"], kind) for number, one in dump.variants[pk]]
    fields: dict[str, Any] = {
        "title": row["name"], "slug": row["slug"], "excerpt": row.get("seo_description") or None, "meta_title": row.get("seo_title") or None,
        "meta_description": row.get("seo_description") or None, "categories": [category["name"]] if category.get("name") else None,
        "tags": [one["name"] for one in collections if one.get("name")] or None, "image": pictures[0] if pictures else None, "gallery": pictures[1:] or None,
        "visibility": "search" if shown and not any(one.get("visible_in_listings") for one in shown) else None,
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
    body = _write_description(row.get("description"))
    body = body or "".join(f"<p>{escape(part)}</p>" for part in (row.get("description_plaintext") or "").splitlines() if part)
    is_published = any(one.get("is_published") for one in shown) or not dump.listings[pk]
    return FileProduct(0, str(row["slug"]), {name: value for name, value in fields.items() if value is not None}, body, is_published)


def _write_description(value: Any) -> str:
    """The HTML of a description: the blocks of Saleor's editor, as JSON or as text of it, or HTML of older versions."""
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError:
            return str(value)
    return "\n\n".join(filter(None, map(_write_block, (value.get("blocks") if isinstance(value, dict) else None) or ())))


def _write_block(block: Any) -> str:
    data = (block.get("data") if isinstance(block, dict) else None) or {}
    if isinstance(items := data.get("items"), list):
        name = "ol" if data.get("style") == "ordered" else "ul"
        texts = [str(item.get("content") or "") if isinstance(item, dict) else str(item) for item in items]
        return f"<{name}>{''.join(f'<li>{text}</li>' for text in texts)}</{name}>"
    if not data.get("text"):
        return ""
    name = f"h{max(2, min(int(data.get('level') or 2), 6))}" if block.get("type") == "header" else "p"
    return f"<{name}>{data['text']}</{name}>"


def _make_variation(dump: Dump, pk: Any, row: dict[str, Any], slug: str, kind: dict[str, Any]) -> dict[str, Any]:
    stock = [max(int(one.get("quantity") or 0), 0) for _, one in dump.stocks[pk]] if row.get("track_inventory", True) else []
    value = {
        "sku": row.get("sku") or f"{slug}-{pk}", "attributes": dump.list_attributes(pk) or {str(kind.get("name") or "Variant"): str(row.get("name") or pk)},
        **dump.find_price(pk), "weight": _read_weight(row.get("weight")), "stock": sum(stock) if stock else None,
    }  # fmt: skip
    return {name: one for name, one in value.items() if one is not None}


def _read_weight(text: str | None) -> float | None:
    """``1000.0:g`` in kilograms; None for nothing."""
    amount, _, unit = (text or "").partition(":")
    return round(float(amount) * KILOGRAMS.get(unit or "kg", 1.0), 4) or None if amount else None
