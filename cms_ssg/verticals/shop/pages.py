"""The cart, the checkout and an order as HTML, between the head and the foot of the page that the build rendered. All of it works without a script."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.answers import HTML
from cms_ssg.api.routing import site_of
from cms_ssg.render.feature_templates import render_template
from cms_ssg.selling.addresses import find_form, format_lines, list_all_countries, name_country
from cms_ssg.store.frames import FIND, split_frame
from cms_ssg.text.money import format_amount
from cms_ssg.verticals.shop.carts import settings_of
from cms_ssg.verticals.shop.settings import ShopSettings
from cms_ssg.verticals.shop.telling import say_message

FOLDER: Final = Path(__file__).parent / "api_templates"


def render_part(request: Request, locale: str, template: str, **values: Any) -> Markup:
    """The inside of a page from a template, which has these values beside what every page of the shop knows of its site."""
    context = site_of(request)
    return render_template(
        FOLDER,
        template,
        t=context.translate(locale),
        locale=locale,
        base=context.base_path,
        settings=settings_of(context.site),
        money=lambda amount, currency: format_amount(amount, currency, locale),
        country_name=lambda code: name_country(code, locale),
        find_form=find_form,
        format_lines=format_lines,
        list_all_countries=list_all_countries,
        say=lambda message: say_message(context.translate(locale), message),
        **values,
    )


def list_choices(settings: ShopSettings, locale: str) -> list[tuple[str, str]]:
    """(code, name) of the countries that a buyer chooses among: all where neither the shop nor each way of shipping names some."""
    named: Sequence[str] = settings.countries
    if not named and settings.shipping and all(method.countries for method in settings.shipping):
        named = [code for code, _ in list_all_countries(locale) if any(method.goes_to(code) for method in settings.shipping)]
    if not named:
        return list(list_all_countries(locale))
    return [(code, name_country(code, locale)) for code in dict.fromkeys([*([settings.country] if settings.country else []), *named])]


async def answer_page(request: Request, kind: str, locale: str, inside: Markup, status: int = 200) -> Response:
    """A page in the frame that the build rendered, or its inside alone for a script."""
    context = site_of(request)
    if request.query_params.get("part"):
        return Response(inside.encode("utf-8", "replace"), status, media_type=HTML, headers={"X-Shop": kind})
    async with context.connection() as connection:
        row = await (await connection.execute(FIND, (context.number, kind, locale))).fetchone()
    head, tail = split_frame(row[0] if row is not None else None, locale)
    return Response("".join((head, inside, tail)).encode("utf-8", "replace"), status, media_type=HTML)
