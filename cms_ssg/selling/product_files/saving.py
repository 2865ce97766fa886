"""Saves the products that a file holds, each with its variations as one entry, and says what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final

import msgspec
from nh3 import clean

from cms_ssg.content.markdown.sanitize import ALLOWED_TAGS
from cms_ssg.entries.save import Entries
from cms_ssg.entries.values import EntryInput
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.selling.product_files.products import FileProduct, Imported

BATCH: Final = 500


def import_products(opened: OpenSite, path: Path, currency: str, *, dry_run: bool = False) -> Imported:
    """Import the CSV of WooCommerce or the JSON of Saleor; products that were imported before are changed. Raises CmsError shop.import.

    currency: whose prices are taken where the file has several.
    """
    result = Imported()
    if path.suffix.lower() == ".json":
        from cms_ssg.selling.product_files.saleor import read_saleor

        save_products(opened, "import:saleor", read_saleor(path, currency, result), result, dry_run=dry_run)
    else:
        from cms_ssg.selling.product_files.woocommerce import read_woocommerce

        save_products(opened, "import:woocommerce", read_woocommerce(path, result), result, dry_run=dry_run)
    return result


def save_products(opened: OpenSite, source: str, products: Sequence[FileProduct], result: Imported, *, dry_run: bool = False) -> None:
    """Save these products under the name of their source, 500 to a transaction. Of their texts only harmless HTML stays: another shop's staff wrote them."""
    entries = Entries(opened.connection, opened.site, opened.number, source)
    inputs = [
        EntryInput(
            "product", one.fields, clean(one.body, tags=set(ALLOWED_TAGS)) if "<" in one.body else one.body,
            "published" if one.is_published else "draft", external_key=one.key,
            digest=blake2b(msgspec.json.encode([one.fields, one.body, one.is_published], order="sorted"), digest_size=16).digest(),
        )
        for one in products
    ]  # fmt: skip
    for start in range(0, len(inputs), BATCH):
        with opened.connection.transaction():
            for product, saved in zip(products[start:], entries.save_entries(inputs[start : start + BATCH], dry_run=dry_run), strict=False):
                setattr(result, saved.action, getattr(result, saved.action) + 1)
                if saved.action == "failed":
                    result.note(product.line, f"{product.key}: {'; '.join(problem.message for problem in saved.problems)}")
