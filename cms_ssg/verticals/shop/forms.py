"""Who buys, as a form or a program says it; and links and cookies by which a buyer is known again."""

from __future__ import annotations

from hashlib import sha256
from hmac import compare_digest, new
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.fields import invalid, read_text, read_whole
from cms_ssg.api.problems import ApiError, fail
from cms_ssg.api.routing import is_on_https, site_of
from cms_ssg.payment.provider import Shop
from cms_ssg.selling.addresses import check_address
from cms_ssg.verticals.shop.checkout import Buyer
from cms_ssg.visitors.identity import Visitor

COOKIE: Final = "cart"
ADDRESS: Final = ("name", "company", "line1", "line2", "city", "region", "postcode", "country", "phone")
NEEDED: Final = ("name", "line1", "city", "country")


def read_sku(fields: dict[str, Any]) -> str:
    """The SKU that is named. One with a control character is none, and not what is left without it. Raises ApiError api.invalid, shop.no-sku."""
    value = fields.get("sku")
    if isinstance(value, str) and not value.strip().isprintable():
        raise fail("shop.no-sku", f"{value[:80]!r} cannot be bought", status=404)
    return read_text(fields, "sku", 64, needed=True)


def read_quantity(fields: dict[str, Any]) -> int:
    """How many units are meant, 1 where nothing is said. Raises ApiError shop.quantity."""
    try:
        return read_whole(fields, "quantity", 1)
    except ApiError:
        raise fail("shop.quantity", "a quantity is a whole number", status=422) from None


def read_buyer(fields: dict[str, Any], cart: str, locale: str, visitor: Visitor | None = None) -> Buyer:
    """Who orders. JSON has objects (``billing``); a form has flat fields (``line1``), and ``bill_line1`` where the bill goes elsewhere. Raises ApiError api.invalid."""
    email = read_text(fields, "email", needed=visitor is None) or (visitor.email if visitor is not None else "")
    name, at, host = email.rpartition("@")
    if not name or not at or "." not in host or " " in email:
        raise invalid("email", "it is no e-mail address")
    given = fields.get("billing")
    billed = {name[5:]: value for name, value in fields.items() if name.startswith("bill_") and name != "bill_country"}
    if not isinstance(given, dict) and any(billed.values()):
        given, fields = (
            billed | {"country": fields.get("bill_country")},
            fields | {"shipping": {name: fields.get(name) for name in ADDRESS}},
        )
    billing = _read_address(given if isinstance(given, dict) else fields, "billing")
    shipping = _read_address(fields["shipping"], "shipping") if isinstance(fields.get("shipping"), dict) else None
    return Buyer(
        cart=cart, version=read_text(fields, "version", needed=True), email=email, name=billing["name"], billing=billing, shipping=shipping,
        payment=read_text(fields, "payment", needed=True), note=read_text(fields, "note", 2000), locale=locale,
        customer=name_customer(email) if visitor is not None and visitor.email.casefold() == email.casefold() else None,
    )  # fmt: skip


def name_customer(email: str) -> str:
    """The id of a customer whose address is proved: the same one for each of their orders."""
    return str(uuid5(NAMESPACE_URL, f"mailto:{email.casefold()}"))


def _read_address(fields: dict[str, Any], name: str) -> dict[str, str]:
    address, problems = {}, {}
    for part in ADDRESS:
        try:
            if text := read_text(fields, part, needed=part in NEEDED):
                address[part] = text
        except ApiError as error:
            problems[part] = error.fields[0][1]
    address["country"] = address.get("country", "").upper()
    if problems := problems or check_address(address):
        raise ApiError(
            422, "api.invalid", f"the request is not as it should be: {', '.join(problems)}", "/docs says what is taken.",
            fields=tuple((f"{name}.{part}", why) for part, why in problems.items()),
        )  # fmt: skip
    return address


def sign(shop: Shop, text: str) -> str:
    """What proves that we gave out a link."""
    return new(shop.secret, text.encode(), sha256).hexdigest()[:32]


def is_signed(shop: Shop, text: str, given: str) -> bool:
    """Whether a link is ours."""
    return compare_digest(sign(shop, text).encode(), given.encode())


def order_path(shop: Shop, order_id: str) -> str:
    """The link by which a guest sees an order: whoever has it may."""
    return f"{shop.site.base_path}/api/orders/{order_id}?key={sign(shop, 'order ' + order_id)}"


def locale_of(request: Request, given: str = "") -> str:
    """The language of an answer: what is asked for, else the site's first."""
    context = site_of(request)
    code = (given or request.query_params.get("locale", "")).lower()
    return code if code in context.site.locales else context.site.default_locale


def set_cookie(response: Response, request: Request, cart: str) -> Response:
    """Remember the cart in the browser. It is not sent along by other sites' forms."""
    path = f"{site_of(request).base_path}/"
    response.set_cookie(COOKIE, cart, max_age=60 * 60 * 24 * 30, path=path, httponly=True, samesite="lax", secure=is_on_https(request))
    return response
