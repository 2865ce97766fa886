"""What is sent to the shop, by a program as JSON or by a page as a form; and who it is that asks."""

from __future__ import annotations

from hashlib import sha256
from hmac import compare_digest, new
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.addresses import check_address
from cms_ssg.api.problems import ApiError, fail
from cms_ssg.api.routing import site_of
from cms_ssg.payment.provider import Shop
from cms_ssg.verticals.shop.checkout import Buyer

COOKIE: Final = "cart"
ADDRESS: Final = ("name", "company", "line1", "line2", "city", "region", "postcode", "country", "phone")
NEEDED: Final = ("name", "line1", "city", "country")
MOST_TEXT: Final = 200


def is_form(request: Request) -> bool:
    """A page sent it, and wants a page back."""
    return request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


def wants_page(request: Request) -> bool:
    """Whether a person looks at the answer."""
    return "text/html" in request.headers.get("accept", "")


async def read_fields(request: Request) -> dict[str, Any]:
    """The fields of a form or of a JSON object. Raises ApiError api.invalid."""
    body = await request.body()
    if is_form(request):
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=200))
    try:
        value = msgspec.json.decode(body or b"{}")
    except (msgspec.DecodeError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise invalid("body", "it is no JSON object")
    return value


def invalid(field: str, message: str) -> ApiError:
    """The error for a field that is not as it should be."""
    return ApiError(
        422, "api.invalid", f"the request is not as it should be: {field}", "/docs says what is taken.", fields=((field, message),)
    )


def read_text(fields: dict[str, Any], name: str, most: int = MOST_TEXT, *, needed: bool = False) -> str:
    """A text without control characters. Raises ApiError api.invalid."""
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid(name, "it is a text")
    text = " ".join("".join(char if char.isprintable() else " " for char in value or "").split())
    if len(text) > most:
        raise invalid(name, f"it has more than {most} characters")
    if needed and not text:
        raise invalid(name, "it is missing")
    return text


def read_quantity(fields: dict[str, Any], name: str = "quantity", default: int = 1) -> int:
    """A whole number that may be far off; the cart refuses it then. Raises ApiError shop.quantity."""
    value = fields.get(name, default)
    if isinstance(value, str) and value.strip().lstrip("-").isdigit() and len(value) < 12:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise fail("shop.quantity", "a quantity is a whole number", status=422)
    return value


def read_buyer(fields: dict[str, Any], cart: str, locale: str) -> Buyer:
    """Who orders. A form has flat fields (``line1``), JSON has objects (``billing``). Raises ApiError api.invalid."""
    email = read_text(fields, "email", needed=True)
    name, at, host = email.rpartition("@")
    if not name or not at or "." not in host or " " in email:
        raise invalid("email", "it is no e-mail address")
    given = fields.get("billing")
    billing = _read_address(given if isinstance(given, dict) else fields, "billing")
    shipping = _read_address(fields["shipping"], "shipping") if isinstance(fields.get("shipping"), dict) else None
    return Buyer(
        cart=cart, version=read_text(fields, "version", needed=True), email=email, name=billing["name"], billing=billing, shipping=shipping,
        payment=read_text(fields, "payment", needed=True), note=read_text(fields, "note", 2000), locale=locale,
    )  # fmt: skip


def _read_address(fields: dict[str, Any], name: str) -> dict[str, str]:
    address = {}
    for part in ADDRESS:
        try:
            if text := read_text(fields, part, needed=part in NEEDED):
                address[part] = text
        except ApiError as error:
            raise invalid(f"{name}.{part}", error.fields[0][1]) from None
    address["country"] = address["country"].upper()
    problems = check_address(address)
    if problems:
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
    context = site_of(request)
    is_secure = context.site.settings.base_url.startswith("https://")
    response.set_cookie(
        COOKIE, cart, max_age=60 * 60 * 24 * 30, path=f"{context.base_path}/", httponly=True, samesite="lax", secure=is_secure
    )
    return response
