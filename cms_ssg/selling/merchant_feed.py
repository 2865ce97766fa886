"""Google's feed of products as RSS 2.0: https://support.google.com/merchants/answer/7052112."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin
from xml.etree.ElementTree import Element, SubElement, tostring

from cms_ssg.kinds.output_kind import XML
from cms_ssg.text.money import show_amount

if TYPE_CHECKING:
    from cms_ssg.render.page import Page
    from cms_ssg.render.requests import Job

NAMESPACE: Final = "http://base.google.com/ns/1.0"
STATES: Final = {"in_stock": "in_stock", "low": "in_stock", "on_backorder": "backorder"}


def render_merchant(page: Page, job: Job) -> tuple[bytes, str]:
    """One file of the feed: an item for each product, and for each variation of one."""
    feed = Element("rss", {"version": "2.0", "xmlns:g": NAMESPACE})
    channel = SubElement(feed, "channel")
    for name, text in (
        ("title", page.site_view.title),
        ("link", page.absolute("/")),
        ("description", page.site_view.description or page.site_view.title),
    ):
        SubElement(channel, name).text = _clean(text)
    for number in reversed(page.reader.window("page", job.spec["list"], job.spec["page"])):
        card = page.card(number)
        if card is not None:
            for item in _list_items(page, card):
                one = SubElement(channel, "item")
                for name, value in item.items():
                    if value not in (None, ""):
                        SubElement(one, f"g:{name}").text = _clean(value)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + tostring(feed, encoding="utf-8") + b"\n", XML


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
        return [base | _tell_offer(price, price["currency"], str(page.fact("stock", card)))]
    found = []
    for one in offers:
        attributes = {str(name).lower(): str(value) for name, value in one["attributes"].items()}
        known = {name: attributes.get(name) for name in ("size", "color", "material", "pattern", "gender")}
        title = f"{card.title} – {', '.join(attributes.values())}"[:150]
        picture = urljoin(url, one["image"]) if one.get("image") else base["image_link"]
        found.append(
            base
            | known
            | {"id": one["sku"], "item_group_id": sku, "title": title, "image_link": picture}
            | _tell_offer(one, price["currency"], one["state"])
        )
    return found


def _tell_offer(offer: Any, currency: str, state: str) -> dict[str, str]:
    told = {"price": show_amount(offer["was"] or offer["amount"], currency), "availability": STATES.get(state, "out_of_stock")}
    return told | ({"sale_price": show_amount(offer["amount"], currency)} if offer["was"] else {})


def _clean(text: object) -> str:
    """A text without the characters that XML does not have."""
    return "".join(char for char in str(text) if char >= " " or char in "\n\t").replace("\ufffe", "").replace("\uffff", "")
