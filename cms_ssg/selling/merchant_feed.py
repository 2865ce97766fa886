"""Google's feed of products as RSS 2.0: https://support.google.com/merchants/answer/7052112."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin

from cms_ssg.kinds.output_kind import XML
from cms_ssg.text.money import show_amount

if TYPE_CHECKING:
    from cms_ssg.render.page import Page
    from cms_ssg.render.requests import Job

NAMESPACE: Final = "http://base.google.com/ns/1.0"
_NO_XML: Final = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
STATES: Final = {"in_stock": "in_stock", "low": "in_stock", "on_backorder": "backorder"}


def render_merchant(page: Page, job: Job) -> tuple[bytes, str]:
    """One file of the feed: an item for each product, and for each variation of one."""
    site = page.site_view
    parts = [f'<?xml version="1.0" encoding="utf-8"?>\n<rss xmlns:g="{NAMESPACE}" version="2.0"><channel>']
    parts += [f"<title>{_escape(site.title)}</title><link>{_escape(page.absolute('/'))}</link>"]
    parts += [f"<description>{_escape(site.description or site.title)}</description>"]
    for number in reversed(page.reader.window("page", job.spec["list"], job.spec["page"])):
        card = page.card(number)
        for item in _list_items(page, card) if card is not None else ():
            parts.append("<item>")
            parts += [f"<g:{name}>{_escape(value)}</g:{name}>" for name, value in item.items() if value not in (None, "")]
            parts.append("</item>")
    parts.append("</channel></rss>\n")
    return "".join(parts).encode("utf-8", "replace"), XML


def _list_items(page: Page, card: Any) -> list[dict[str, Any]]:
    price: Any = page.fact("price", card)
    if not isinstance(price, dict):
        return []
    data: dict[str, Any] = card._data
    terms, image = data.get("terms") or {}, data.get("image")
    url, sku = page.absolute(card.path), str(data.get("sku") or data.get("slug") or "")
    base = {
        "id": sku, "title": card.title[:150], "description": (card.summary or card.title)[:5000], "link": url, "image_link": urljoin(url, image) if image else "",
        "condition": "new", "brand": next((name for _, name in terms.get("brand", ())), ""), "gtin": data.get("gtin"),
        "product_type": next((name for _, name in terms.get("product_category", ())), ""),
        "identifier_exists": None if data.get("gtin") else "no",
    }  # fmt: skip
    offers: Any = page.fact("offers", card) if data.get("product_type") in (None, "variable") else None
    if not offers:
        return [base | _describe_offer(price, price["currency"], str(page.fact("stock", card)))]
    found = []
    for one in offers:
        attributes = {str(name).lower(): str(value) for name, value in one["attributes"].items()}
        known = {name: attributes.get(name) for name in ("size", "material", "pattern", "gender")}
        known["color"] = attributes.get("color") or attributes.get("colour")
        title = f"{card.title} – {', '.join(attributes.values())}"[:150]
        picture = urljoin(url, one["image"]) if one.get("image") else base["image_link"]
        found.append(
            base
            | known
            | {"id": one["sku"], "item_group_id": sku, "title": title, "image_link": picture}
            | _describe_offer(one, price["currency"], one["state"])
        )
    return found


def _describe_offer(offer: Any, currency: str, state: str) -> dict[str, str]:
    told = {"price": show_amount(offer["was"] or offer["amount"], currency), "availability": STATES.get(state, "out_of_stock")}
    return told | ({"sale_price": show_amount(offer["amount"], currency)} if offer["was"] else {})


def _escape(text: object) -> str:
    """A text for XML, without the characters that XML does not have."""
    return escape(_NO_XML.sub("", str(text)), quote=False)
