"""A form that cannot be taken, once more as its visitor filled it in, with what is wrong at each field: the page it came from would be empty."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.confirm_links import answer_page
from cms_ssg.api.fields import wants_page
from cms_ssg.api.form_bodies import MULTIPART, read_form
from cms_ssg.api.forms import is_form
from cms_ssg.api.problems import ApiError
from cms_ssg.api.routing import site_of
from cms_ssg.content.schema.checks import EMAIL

Sent = Mapping[str, Sequence[str]]
"""What a form was filled in with: the texts of each name."""

LOCALE: Final = "locale"
"""The parameter that names the language of a page that shows a form again: the browser does not say it, as that page is the API's."""

PICTURES: Final = "image/jpeg,image/png,image/webp"
ROWS: Final = 5
CHECKED: Final = "yes"
PHONE: Final = r"[0-9+\(\)\.\/ \u2011\-]{3,40}"
"""As the theme's forms have it: a browser then says at once what would be refused."""

WRONG: Final = {
    "email": "field_email", "tel": "field_phone", "url": "field_url", "date": "field_date", "number": "field_number", "file": "field_picture",
}  # fmt: skip
"""Type of a field -> key of the text that says what is to be written there."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a form. type: of its input, or ``textarea``, ``select``, ``radio``, ``stars``, or ``hidden`` for what nobody types.

    most: characters; options: to choose from; hint, autocomplete: for who fills it in; pattern: what a browser compares; wrong: key of what to say
    where the type alone does not tell.
    """

    name: str
    label: str = ""
    type: str = "text"
    required: bool = False
    most: int = 200
    options: tuple[str, ...] = ()
    hint: str = ""
    autocomplete: str = ""
    pattern: str = ""
    wrong: str = ""


class Blank(NamedTuple):
    """A form to be filled in. action: where it is sent; button: its text; note: below it; ids: how the ids of its inputs begin.

    choose: the line of a select of which nothing is chosen; optional: what is said of fields that may stay empty.
    """

    action: str
    fields: Sequence[Question]
    button: str
    note: str = ""
    ids: str = ""
    choose: str = ""
    optional: str = ""


async def ask_again(request: Request, error: ApiError, fields: Sequence[Question], title: str, button: str) -> Response:
    """The page for a browser whose form has wrong fields. title, button, and the labels of fields: keys of texts.

    Raises the error again where a program sent it, or where no field that can be seen is wrong.
    """
    shown = {one.name: one for one in fields if one.type != "hidden"}
    names = [name for name, _ in error.fields if name in shown]
    if not names or not is_form(request) or not wants_page(request):
        raise error
    body, locale = await read_form(request), find_locale(request)
    sent: dict[str, list[str]] = {name: [text] for name, text in body.fields}
    t = site_of(request).translate(locale)
    wrong = {name: t(_name_wrong(shown[name], sent.get(name, [""])[0], error, body.files), max=shown[name].most) for name in names}
    again = [
        replace(one, label=t(one.label), hint=t("field_picture_again") if one.name in body.files and one.name not in wrong else one.hint)
        for one in fields
    ]
    default = site_of(request).site.default_locale
    action = request.url.path + (f"?{LOCALE}={locale}" if locale != default else "")
    return await answer_again(request, t(title), render_form(Blank(action, again, t(button)), sent, wrong), locale)


async def answer_again(request: Request, title: str, form: Markup, locale: str) -> Response:
    """A page with a form of which something is wrong."""
    context = site_of(request)
    return await answer_page(context, title, context.translate(locale)("field_again"), form, 422, locale)


def find_locale(request: Request) -> str:
    """The language of the page that a form came from, the site's first one where the browser does not say which page that was."""
    context = site_of(request)
    asked = request.query_params.get(LOCALE, "").lower()
    if asked in context.site.locales:
        return asked
    path = urlsplit(request.headers.get("referer", "")).path.removeprefix(context.base_path)
    found = (code for code in context.site.locales if (prefix := context.site.prefix(code)) and f"{path}/".startswith(f"{prefix}/"))
    return next(found, context.site.default_locale)


def name_wrong(field: Question, text: str) -> str:
    """The key of the text (with ``max``) that says what is wrong with what was written in a field that is not as it should be."""
    if not text.strip():
        return "field_missing"
    return "field_too_long" if len(text) > field.most else field.wrong or WRONG.get(field.type, "field_wrong")


def _name_wrong(field: Question, text: str, error: ApiError, files: Mapping[str, bytes]) -> str:
    if field.type != "file":
        return name_wrong(field, text)
    return WRONG["file"] if error.status == 422 or field.name not in files else "field_picture_later"


def translate_labels(fields: Sequence[Question], t: Callable[..., str]) -> list[Question]:
    """The fields with the texts of their labels instead of the keys."""
    return [replace(one, label=t(one.label)) for one in fields]


def render_form(blank: Blank, sent: Sent, wrong: Mapping[str, str]) -> Markup:
    """A form filled in with what was sent. wrong: what to say at each field that is not as it should be; the first of them has the cursor."""
    first = next((one.name for one in blank.fields if one.name in wrong), "")
    fields = Markup("").join(
        _render_field(blank, one, sent.get(one.name, ()), wrong.get(one.name, ""), one.name == first) for one in blank.fields
    )
    kind = Markup(' enctype="{}"').format(MULTIPART) if any(one.type == "file" for one in blank.fields) else ""
    form = Markup('<form class="form" method="post" action="{}"{}>{}<p class="buttons"><button class="button">{}</button></p>{}</form>')
    return form.format(blank.action, kind, fields, blank.button, Markup('<p class="small">{}</p>').format(blank.note) if blank.note else "")


def _render_field(blank: Blank, one: Question, texts: Sequence[str], wrong: str, is_first: bool) -> Markup:
    if one.type == "hidden":
        return Markup("").join(Markup('<input type="hidden" name="{}" value="{}">').format(one.name, text) for text in texts if text)
    id_, text = blank.ids + one.name, texts[0] if texts else ""
    notes = [(f"{id_}-wrong", wrong)] * bool(wrong) + [(f"{id_}-hint", one.hint)] * bool(one.hint)
    rest = Markup(" required") if one.required else Markup("")
    if notes:
        rest += Markup(' aria-describedby="{}"').format(" ".join(name for name, _ in notes))
    if wrong:
        rest += Markup(' aria-invalid="true"')
    if is_first:
        rest += Markup(" autofocus")
    said = Markup("").join(
        Markup('<small id="{}"{}>{}</small>').format(name, Markup(' role="alert"') if note is wrong else "", note) for name, note in notes
    )
    if one.type == "radio":
        return Markup("<fieldset><legend>{}</legend>{}{}</fieldset>").format(one.label, _render_radios(one, text, rest), said)
    if one.type == "checkbox":
        checked = Markup(" checked") if text == CHECKED else ""
        box = Markup('<input type="checkbox" id="{}" name="{}" value="{}"{}{}>').format(id_, one.name, CHECKED, checked, rest)
        return Markup('<p><label class="choice">{} {}</label>{}</p>').format(box, one.label, said)
    optional = Markup(' <span class="optional">{}</span>').format(blank.optional) if blank.optional and not one.required else ""
    label = Markup('<label for="{}">{}{}</label>').format(id_, one.label, optional)
    return Markup("<p>{}{}{}</p>").format(label, _render_input(blank, one, text, rest), said)


def _render_radios(one: Question, text: str, rest: Markup) -> Markup:
    line = Markup('<label class="choice"><input type="radio" name="{}" value="{}"{}{}> {}</label>')
    return Markup("").join(
        line.format(one.name, option, Markup(" checked") if option == text else "", rest if number == 0 else "", option)
        for number, option in enumerate(one.options)
    )


def _render_input(blank: Blank, one: Question, text: str, rest: Markup) -> Markup:
    id_ = blank.ids + one.name
    if one.autocomplete:
        rest += Markup(' autocomplete="{}"').format(one.autocomplete)
    if one.type == "textarea":
        area = Markup('<textarea id="{}" name="{}" rows="{}" maxlength="{}"{}>\n{}</textarea>')
        return area.format(id_, one.name, ROWS, one.most, rest, text)
    if one.type in ("select", "stars"):
        choices = [(star, f"{star} ★") for star in "54321"] if one.type == "stars" else [(option, option) for option in one.options]
        lines = Markup("").join(
            Markup('<option value="{}"{}>{}</option>').format(value, Markup(" selected") if value == text else "", shown)
            for value, shown in choices
        )
        select = Markup('<select id="{}" name="{}"{}><option value="">{}</option>{}</select>')
        return select.format(id_, one.name, rest, blank.choose, lines)
    if one.type == "file":
        return Markup('<input id="{}" type="file" name="{}" accept="{}"{}>').format(id_, one.name, PICTURES, rest)
    if one.type not in ("date", "number"):
        rest += Markup(' maxlength="{}"').format(one.most)
    if pattern := one.pattern or (EMAIL.pattern if one.type == "email" else ""):
        rest += Markup(' pattern="{}"').format(pattern)
    return Markup('<input id="{}" type="{}" name="{}" value="{}"{}>').format(id_, one.type, one.name, text, rest)


def as_field(error: ApiError, name: str) -> ApiError:
    """The same error, as one of a field."""
    return ApiError(error.status, error.code, error.message, error.hint, fields=((name, error.message),), headers=error.headers)
