"""Saves the products that a file holds, each with its variations as one entry, and says what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import msgspec

from cms_ssg.entries.save import Entries
from cms_ssg.entries.values import EntryInput
from cms_ssg.errors import fail
from cms_ssg.kinds.vertical import OpenSite

BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class FileProduct:
    """A product of a file. line: where it begins, 0 where the file has no lines; key: what the file calls it; body: Markdown or HTML."""

    line: int
    key: str
    fields: dict[str, Any]
    body: str
    is_published: bool


@dataclass
class Imported:
    """What an import did. problems: what was left out, and why."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    failed: int = 0
    variations: int = 0
    problems: list[str] = field(default_factory=list)

    def note(self, line: int, message: str, *, failed: bool = False) -> None:
        """Something that the user should know of a product."""
        self.failed += failed
        self.problems.append(f"line {line}: {message}" if line else message)

    def __str__(self) -> str:
        told = f"{self.added} added, {self.changed} changed, {self.unchanged} unchanged, {self.failed} failed; {self.variations} variations"
        more = [f"and {len(self.problems) - 50} more"] if len(self.problems) > 50 else []
        return "\n".join([told, *self.problems[:50], *more])


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
    """Save these products under the name of their source, 500 to a transaction."""
    entries = Entries(opened.connection, opened.site, opened.number, source)
    inputs = [
        EntryInput("product", one.fields, one.body, "published" if one.is_published else "draft", external_key=one.key,
                   digest=blake2b(msgspec.json.encode([one.fields, one.body, one.is_published], order="sorted"), digest_size=16).digest())
        for one in products
    ]  # fmt: skip
    for start in range(0, len(inputs), BATCH):
        with opened.connection.transaction():
            for product, saved in zip(products[start:], entries.save_entries(inputs[start : start + BATCH], dry_run=dry_run), strict=False):
                setattr(result, saved.action, getattr(result, saved.action) + 1)
                if saved.action == "failed":
                    result.note(product.line, f"{product.key}: {'; '.join(problem.message for problem in saved.problems)}")


def refuse_file(path: Path, error: Exception | str, hint: str) -> Exception:
    """The error for a file that is not what it should be."""
    said = error if isinstance(error, str) else getattr(error, "strerror", None) or error
    return fail("shop.import", f"it cannot be read: {said}", place=str(path), hint=hint)
