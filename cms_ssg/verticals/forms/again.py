"""The form with what a visitor wrote, on the page that says what is wrong with it: the page it came from would be empty."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from markupsafe import Markup

from cms_ssg.content.schema.checks import EMAIL
from cms_ssg.verticals.forms.definition import CHECKED, GOAL, LOCALE, TRAP, Field, Form

Translate = Callable[..., str]
PATTERNS: Final = {"email": EMAIL.pattern, "tel": r"[0-9+\(\)\.\/ \u2011\-]{3,40}"}
"""As the theme's forms have them: a browser then says at once what would be refused."""


def render_again(form: Form, sent: Mapping[str, Sequence[str]], wrong: Mapping[str, str], action: str, locale: str, t: Translate) -> Markup:
    """The form filled in. wrong: what to say of each field that is not as it should be; action: where it is sent; t: the site's texts."""
    first = next((one.name for one in form.fields if one.name in wrong), "")
    parts = [
        Markup('<form class="form" method="post" action="{}"><input type="hidden" name="{}" value="{}">').format(action, LOCALE, locale),
        Markup('<p class="hide" aria-hidden="true"><label>{} <input name="{}" tabindex="-1" autocomplete="off"></label></p>').format(
            t("form_trap"), TRAP
        ),
        *(Markup('<input type="hidden" name="{}" value="{}">').format(GOAL, text) for text in sent.get(GOAL, ())),
        *(
            _render_field(form, one, " ".join(sent.get(one.name, ())[:1]), wrong.get(one.name, ""), one.name == first, t)
            for one in form.fields
        ),
        Markup('<p class="buttons"><button class="button">{}</button></p>').format(form.button or t("form_send")),
        Markup('<p class="small">{}</p>').format(form.note) if form.note else "",
        Markup("</form>"),
    ]
    return Markup("").join(parts)


def _render_field(form: Form, one: Field, text: str, wrong: str, is_first: bool, t: Translate) -> Markup:
    id_ = f"form-{form.name}-{one.name}"
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
    optional = "" if one.required else Markup(' <span class="optional">{}</span>').format(t("form_optional"))
    label = Markup('<label for="{}">{}{}</label>').format(id_, one.label, optional)
    return Markup("<p>{}{}{}</p>").format(label, _render_input(one, id_, text, rest, t), said)


def _render_radios(one: Field, text: str, rest: Markup) -> Markup:
    line = Markup('<label class="choice"><input type="radio" name="{}" value="{}"{}{}> {}</label>')
    return Markup("").join(
        line.format(one.name, option, Markup(" checked") if option == text else "", rest if number == 0 else "", option)
        for number, option in enumerate(one.options)
    )


def _render_input(one: Field, id_: str, text: str, rest: Markup, t: Translate) -> Markup:
    if one.autocomplete:
        rest += Markup(' autocomplete="{}"').format(one.autocomplete)
    if one.type == "textarea":
        return Markup('<textarea id="{}" name="{}" rows="5" maxlength="{}"{}>\n{}</textarea>').format(id_, one.name, one.most, rest, text)
    if one.type == "select":
        lines = Markup("").join(
            Markup("<option{}>{}</option>").format(Markup(" selected") if option == text else "", option) for option in one.options
        )
        return Markup('<select id="{}" name="{}"{}><option value="">{}</option>{}</select>').format(
            id_, one.name, rest, t("form_choose"), lines
        )
    if one.type not in ("date", "number"):
        rest += Markup(' maxlength="{}"').format(one.most)
    if one.type in PATTERNS:
        rest += Markup(' pattern="{}"').format(PATTERNS[one.type])
    return Markup('<input id="{}" type="{}" name="{}" value="{}"{}>').format(id_, one.type, one.name, text, rest)
