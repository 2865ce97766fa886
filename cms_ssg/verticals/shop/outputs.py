"""The frames of the cart, the checkout and an order, which the API fills; and names by which products are found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cms_ssg.kinds.claim import DEFAULT, ENTRY, ClaimRow
from cms_ssg.kinds.list_kind import EntryRow
from cms_ssg.kinds.output_kind import HTML, XML, OutputKind
from cms_ssg.kinds.phases import FEEDS, LEAVES
from cms_ssg.paths import canonical_path
from cms_ssg.types import Json

if TYPE_CHECKING:
    from cms_ssg.render.page import Page
    from cms_ssg.render.requests import Job
    from cms_ssg.site import Site

_RENDER = "cms_ssg.verticals.shop.outputs:render_frame"
CART = OutputKind("cart", LEAVES, HTML, _RENDER, page=True, linked=True, shown="leaf", framed=True)
CHECKOUT = OutputKind("checkout", LEAVES, HTML, _RENDER, page=True, shown="leaf", framed=True)
ORDER = OutputKind("order", LEAVES, HTML, _RENDER, page=True, shown="leaf", framed=True)
MERCHANT = OutputKind(
    "merchant", FEEDS, XML, "cms_ssg.selling.merchant_feed:render_merchant", "cms_ssg.verticals.shop.requests:MERCHANT_STAGES", weight=20
)


def claim_pages(site: Site) -> Iterator[ClaimRow]:
    """The cart, the checkout and the page of an order in each locale."""
    for locale in site.locales:
        for kind in ("cart", "checkout", "order"):
            path = canonical_path(f"{site.prefix(locale)}/{kind}/")
            yield ClaimRow(path, DEFAULT, locale, f"shop {kind}", "s", 0, {"kind": kind})


def claim_skus(site: Site, row: EntryRow, fields: dict[str, Json], path: str | None) -> Iterator[ClaimRow]:
    """A product is found by any of its SKUs: ``ref('sku:MUG-1')``."""
    schema = site.schemas.get(row.type)
    if schema is not None and "sku" in schema.properties:
        variations = fields.get("variations")
        for sku in dict.fromkeys(
            [fields.get("sku") or fields.get("slug"), *(one.get("sku") for one in variations or () if isinstance(one, dict))]
        ):
            if sku:
                yield ClaimRow(f"{row.locale}/sku:{sku}", ENTRY, row.locale, row.claim_key, "e", row.id, None)


def render_frame(page: Page, job: Job) -> tuple[bytes, str]:
    """A page of the shop as it is before the API has filled it."""
    t = page.globals["t"]
    page.describe(title=t(f"shop_{job.kind}"), canonical="", noindex=True)
    action = page.url("/api/orders/link" if job.kind == "order" else f"/api/{job.kind}")
    html = page.render(["shop_frame.html"], args={"kind": job.kind, "action": action})
    return html.encode("utf-8", "replace"), HTML
