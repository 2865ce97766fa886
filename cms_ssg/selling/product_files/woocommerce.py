"""Reads the CSV that WooCommerce exports, its columns as they are: each product with its variations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from html import unescape
from pathlib import Path
from typing import Any, Final

from cms_ssg.bulk.guard import unguard_cell
from cms_ssg.bulk.lines import examine_file, find_delimiter
from cms_ssg.bulk.records import open_records
from cms_ssg.errors import CmsError, fail
from cms_ssg.selling.product_files.products import FileProduct, Imported, refuse_file
from cms_ssg.text.slugs import make_slug

NEEDED: Final = frozenset({"type", "sku", "name", "regular price"})
TYPES: Final = {"simple": "simple", "variable": "variable", "grouped": "grouped", "external": "external"}
HINT: Final = "Export it in WooCommerce by Products > Export, with all columns."
NUMBERS: Final = ("regular price", "sale price", "stock", "low stock amount", "weight (kg)", "length (cm)", "width (cm)", "height (cm)")
_TAG: Final = re.compile(r"</?[a-zA-Z][^<>]*>|<!--.*?-->", re.DOTALL)
_ATTRIBUTE: Final = re.compile(r"attribute (\d+) name")


@dataclass
class Product:
    """A product of the file. line: where it begins; key: what the file calls it; id: its number there."""

    line: int
    key: str
    id: str
    row: Mapping[str, str]
    variations: list[tuple[int, Mapping[str, str]]] = field(default_factory=list)


def read_woocommerce(path: Path, result: Imported) -> list[FileProduct]:
    """The products of a file in its order. Raises CmsError shop.import."""
    products = read_products(path, result)
    ids = {product.id: product.key for product in products if product.id}
    return [
        FileProduct(
            one.line,
            one.key,
            make_fields(one, ids, result),
            one.row.get("description", "").replace("\\n", "\n"),
            one.row.get("published", "1") in ("1", "yes"),
        )
        for one in products
    ]


def read_products(path: Path, result: Imported) -> list[Product]:
    """The products of a file in its order, each with its variations, wherever in the file these are. Raises CmsError shop.import."""
    products: dict[str, Product] = {}
    loose: list[tuple[int, dict[str, str]]] = []
    ids: dict[str, str] = {}
    for line, row in _read_rows(path, result):
        kind = row.get("type", "").split(",")[0].strip().lower()
        if kind == "variation":
            loose.append((line, row))
            continue
        key = row.get("sku") or (f"id:{row['id']}" if row.get("id") else make_slug(row.get("name", "")))
        if not key:
            result.note(line, "it has neither SKU nor name", failed=True)
        elif key in products:
            result.note(line, f"the SKU {key} is in line {products[key].line} already", failed=True)
        else:
            products[key] = Product(line, key, row.get("id", ""), row)
            if row.get("id"):
                ids[f"id:{row['id']}"] = key
    for line, row in loose:
        parent = row.get("parent", "")
        found = products.get(ids.get(parent, parent))
        if found is None:
            result.note(line, f"there is no product {parent!r} of which this is a variation", failed=True)
            continue
        found.variations.append((line, row))
        result.variations += 1
    return list(products.values())


def _read_rows(path: Path, result: Imported) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, cells that are not empty by column in lower case). The encoding and the sign between cells are found out, as spreadsheets change both."""
    try:
        file = examine_file(path)
        with open_records(file, "csv", find_delimiter(file.sample)) as records:
            if missing := NEEDED - {column.lower() for column in records.columns}:
                said = f"it is no export of WooCommerce: it lacks {', '.join(sorted(missing))}"
                raise fail("shop.import", said, place=str(path), line=1, hint=HINT)
            for record in records.rows:
                if record.problem:
                    result.note(record.line, record.problem, failed=True)
                else:
                    yield (
                        record.line,
                        {name.lower(): unguard_cell(str(cell).strip()) for name, cell in record.cells.items() if str(cell).strip()},
                    )
    except CmsError as error:
        if error.problems[0].code == "shop.import":
            raise
        raise refuse_file(path, error.problems[0].message, HINT) from None


def make_fields(product: Product, ids: Mapping[str, str], result: Imported) -> dict[str, Any]:
    """The fields of a product's entry. ids: number in the file -> key."""
    row = product.row
    kinds = {kind.strip().lower() for kind in row.get("type", "").split(",")}
    kind = next((TYPES[one] for one in kinds if one in TYPES), "simple")
    files = [value.rpartition("/")[2] for name, value in row.items() if re.fullmatch(r"download \d+ url", name)]
    if files and kind == "simple":
        kind = "digital"
    images = [part.strip() for part in row.get("images", "").split(",") if part.strip()]
    fields: dict[str, Any] = {
        "title": row.get("name") or product.key, "product_type": kind, "excerpt": _read_plain(row.get("short description", "")) or None, **_read_common(row),
        "sku": product.key if row.get("sku") else None, "tax_status": row.get("tax status") if row.get("tax status") in ("taxable", "shipping", "none") else None,
        "backorders": {"1": "yes", "yes": "yes", "notify": "notify"}.get(row.get("backorders allowed?", "").lower()),
        "low_stock_threshold": _read_whole(row.get("low stock amount")), "length": _read_number(row.get("length (cm)")), "width": _read_number(row.get("width (cm)")),
        "height": _read_number(row.get("height (cm)")), "shipping_class": row.get("shipping class"), "image": images[0] if images else None, "gallery": images[1:] or None,
        "categories": _read_categories(row.get("categories", "")) or None, "tags": [tag.strip() for tag in row.get("tags", "").split(",") if tag.strip()] or None,
        "is_featured": row.get("is featured?") == "1" or None, "external_url": row.get("external url"), "button_text": row.get("button text"),
        "visibility": row.get("visibility in catalog") if row.get("visibility in catalog") in ("visible", "catalog", "search", "hidden") else None,
        "brand": row.get("brands", "").split(",")[0].strip() or None, "weight_order": _read_number(row.get("position")),
        "download_limit": _read_whole(row.get("download limit")), "download_expiry": _read_whole(row.get("download expiry days")), "files": files or None,
    }  # fmt: skip
    if kind in ("simple", "variable") and "stock" not in row and not any("stock" in one for _, one in product.variations):
        fields["manage_stock"] = False
    if kind == "grouped":
        fields["grouped"] = [
            ids.get(part.strip().removeprefix("id:"), part.strip()) for part in row.get("grouped products", "").split(",") if part.strip()
        ]
    if kind == "variable":
        fields["variations"] = [
            {name: value for name, value in {
                **_read_common(one), "sku": one.get("sku") or f"{product.key}-{number}", "attributes": _read_attributes(one),
                "image": one.get("images", "").split(",")[0].strip() or None, "is_active": False if one.get("published") in ("0", "-1") else None,
            }.items() if value is not None and name not in ("sale_from", "sale_until", "tax_class")}
            for number, (_, one) in enumerate(product.variations, 1)
        ]  # fmt: skip
    for line, one in ((product.line, row), *product.variations):
        _note_numbers(line, one, result)
    if kind in ("simple", "digital") and fields["price"] is None:
        result.note(product.line, f"{product.key} has no price and cannot be bought")
    if files:
        result.note(product.line, f"put {', '.join(files)} into downloads/")
    return {name: value for name, value in fields.items() if value is not None}


def _read_common(row: Mapping[str, str]) -> dict[str, Any]:
    return {
        "price": _read_number(row.get("regular price")), "sale_price": _read_number(row.get("sale price")), "sale_from": row.get("date sale price starts"),
        "sale_until": row.get("date sale price ends"), "stock": max(_read_whole(row.get("stock")) or 0, 0) if row.get("stock") else None,
        "weight": _read_number(row.get("weight (kg)")) if "weight (kg)" in row else None,
        "tax_class": row.get("tax class") if row.get("tax class") not in ("parent", None) else None,
    }  # fmt: skip


def _read_attributes(row: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for name in row:
        if match := _ATTRIBUTE.fullmatch(name):
            value = row.get(f"attribute {match[1]} value(s)")
            if value:
                found[row[name]] = value
    return found


def _read_categories(text: str) -> list[str]:
    """``Clothing > Tshirts, Clothing`` names the deepest of each path."""
    return list(dict.fromkeys(part.rpartition(">")[2].strip() for part in text.split(",") if part.strip()))


def _read_plain(text: str) -> str:
    """A text without its HTML: an excerpt has none."""
    text = text.replace("\\n", "\n")
    return " ".join(unescape(_TAG.sub(" ", text)).split()) if "<" in text or "&" in text else text


def _note_numbers(line: int, row: Mapping[str, str], result: Imported) -> None:
    """Say which numbers cannot be read, since they are left out."""
    for name in NUMBERS:
        text = row.get(name)
        if text and name == "stock" and text.startswith("-"):
            result.note(line, f"the stock is {text}; 0 is taken")
        elif text and _read_number(text) is None:
            result.note(line, f"{name}: {text[:40]!r} is not a number from 0 up, and was left out")


def _read_number(text: str | None) -> float | None:
    """A number with a point or a comma; where it has both, the last of them is the decimal sign."""
    text = text or ""
    if "," in text and "." in text:
        text = text.replace("," if text.rfind(".") > text.rfind(",") else ".", "")
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None
    return float(number) if number.is_finite() and number >= 0 else None


def _read_whole(text: str | None) -> int | None:
    try:
        return int(float(text)) if text else None
    except (ValueError, OverflowError):
        return None
