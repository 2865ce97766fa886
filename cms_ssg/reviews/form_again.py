"""A form that cannot be taken, once more as its visitor filled it in, with what is wrong at each field: the page it came from would be empty."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.confirm_links import answer_page
from cms_ssg.api.fields import wants_page
from cms_ssg.api.form_bodies import MULTIPART, form_type, read_form
from cms_ssg.api.forms import is_form
from cms_ssg.api.problems import ApiError
from cms_ssg.api.routing import site_of

PICTURES: Final = "image/jpeg,image/png,image/webp"
ROWS: Final = 5


class Asked(NamedTuple):
    """A field of a form. label: key of its text; kind: type of its input, or `textarea`, `stars`, or `hidden` for what a visitor does not type."""

    name: str
    label: str = ""
    kind: str = "text"
    required: bool = False
    most: int = 200


async def ask_again(request: Request, error: ApiError, asked: Sequence[Asked], title: str, send: str = "reviews_send") -> Response:
    """The page for a browser whose form has wrong fields. title, send: keys of texts.

    Raises the error again where a program sent it, or where no field that can be seen is wrong.
    """
    shown = {one.name for one in asked if one.kind != "hidden"}
    wrong = {name: message for name, message in error.fields if name in shown}
    if not wrong or not is_form(request) or not wants_page(request):
        raise error
    context, locale = site_of(request), find_locale(request)
    t = context.translate(locale)
    body = await read_form(request)
    sent = dict(body.fields) | dict.fromkeys(body.files, "sent")
    fields = render_fields(asked, sent, wrong, t)
    kind = Markup(' enctype="{}"').format(MULTIPART) if form_type(request) == MULTIPART else ""
    form = Markup('<form class="form" method="post" action="{}"{}>{}<p><button class="button">{}</button></p></form>')
    inner = form.format(request.url.path, kind, fields, t(send))
    return await answer_page(context, t(title), t("reviews_again"), inner, 422, locale)


def find_locale(request: Request) -> str:
    """The language of the page that a form came from, the site's first one where the browser does not say which page that was."""
    context = site_of(request)
    path = urlsplit(request.headers.get("referer", "")).path.removeprefix(context.base_path)
    found = (code for code in context.site.locales if (prefix := context.site.prefix(code)) and f"{path}/".startswith(f"{prefix}/"))
    return next(found, context.site.default_locale)


def render_fields(asked: Sequence[Asked], sent: Mapping[str, str], wrong: Mapping[str, str], t: Callable[..., str]) -> Markup:
    """The fields of a form. sent: their texts, some text for a file; wrong: what to say at those that are not as they should be."""
    first = next((one.name for one in asked if one.name in wrong), "")
    return Markup("").join(_render_field(one, sent.get(one.name, ""), wrong.get(one.name, ""), one.name == first, t) for one in asked)


def _render_field(one: Asked, text: str, wrong: str, is_first: bool, t: Callable[..., str]) -> Markup:
    if one.kind == "hidden":
        return Markup('<input type="hidden" name="{}" value="{}">').format(one.name, text) if text else Markup("")
    said = (t("reviews_missing") if not text and one.required else wrong) if wrong else ""
    if one.kind == "file" and text and not said:
        said = t("reviews_again_picture")
    rest = Markup(" required") if one.required else Markup("")
    if said:
        rest += Markup(' aria-describedby="said-{}"').format(one.name)
    if wrong:
        rest += Markup(' aria-invalid="true"')
    if is_first:
        rest += Markup(" autofocus")
    note = Markup('<small id="said-{}"{}>{}</small>').format(one.name, Markup(' role="alert"') if wrong else "", said) if said else ""
    label = Markup('<label for="{}">{}</label>').format(one.name, t(one.label))
    return Markup("<p>{}{}{}</p>").format(label, _render_input(one, text, rest), note)


def _render_input(one: Asked, text: str, rest: Markup) -> Markup:
    if one.kind == "textarea":
        filled = Markup('<textarea id="{0}" name="{0}" rows="{1}" maxlength="{2}"{3}>\n{4}</textarea>')
        return filled.format(one.name, ROWS, one.most, rest, text)
    if one.kind == "stars":
        lines = Markup("").join(
            Markup('<option value="{}"{}>{} ★</option>').format(star, Markup(" selected") if text == str(star) else "", star)
            for star in (5, 4, 3, 2, 1)
        )
        return Markup('<select id="{0}" name="{0}"{1}><option value=""></option>{2}</select>').format(one.name, rest, lines)
    if one.kind == "file":
        return Markup('<input id="{0}" type="file" name="{0}" accept="{1}"{2}>').format(one.name, PICTURES, rest)
    most = Markup(' maxlength="{}"').format(one.most) if one.kind != "date" else ""
    return Markup('<input id="{0}" type="{1}" name="{0}" value="{2}"{3}{4}>').format(one.name, one.kind, text, most, rest)


def as_field(error: ApiError, name: str) -> ApiError:
    """The same error, as one of a field."""
    return ApiError(error.status, error.code, error.message, error.hint, fields=((name, error.message),), headers=error.headers)
