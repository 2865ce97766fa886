"""A form as its file describes it, and what it makes of what a visitor sent. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from cms_ssg.content.schema.checks import EMAIL
from cms_ssg.types import Json

TRAP: Final = "_website"
"""A field that people do not see; whoever fills it in is a program."""

LOCALE: Final = "_locale"
GOAL: Final = "_goal"
"""What another feature is told once the form is accepted, as text of its own; a script of the page adds it."""

CHECKED: Final = "yes"
MOST_EMAIL: Final = 254
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_PHONE: Final = re.compile(r"[0-9+()./ \u2011-]{3,40}")
_NUMBER: Final = re.compile(r"-?\d{1,15}([.,]\d{1,6})?")
_LINES: Final = frozenset({"textarea"})


@dataclass(frozen=True, slots=True)
class Field:
    """One question. type: as the file says, text by default; most: characters; hint, autocomplete: for who fills it in."""

    name: str
    label: str
    type: str = "text"
    required: bool = False
    most: int = 500
    options: tuple[str, ...] = ()
    hint: str = ""
    autocomplete: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """A form. name: in its address; needs_confirmation: of the address, by a link in an e-mail; keep_days: 0 for as long as one likes.

    button, note: "" for the usual button, and for nothing below it.
    """

    name: str
    title: str
    fields: tuple[Field, ...]
    thanks: str = ""
    confirmed: str = ""
    needs_confirmation: bool = False
    mail_to: tuple[str, ...] = ()
    keep_days: int = 0
    button: str = ""
    note: str = ""

    @property
    def email_field(self) -> Field | None:
        """Where it asks for an e-mail address."""
        return next((one for one in self.fields if one.type == "email"), None)


@dataclass(slots=True)
class Filled:
    """What was sent. values: by name, only what the form asks for; wrong: (field, key of a text) of what is not as it should be."""

    values: dict[str, str] = field(default_factory=dict)
    wrong: list[tuple[Field, str]] = field(default_factory=list)


def make_form(fields: Mapping[str, Json]) -> Form:
    """The form that an entry's stored fields describe."""
    questions = tuple(
        Field(
            str(one["name"]), str(one["label"]), kind := str(one.get("type") or "text"), bool(one.get("required")),
            int(one.get("max") or (5000 if kind in _LINES else 500)), tuple(map(str, one.get("options") or ())),
            str(one.get("hint") or ""), str(one.get("autocomplete") or ""),
        )
        for one in fields.get("fields") or ()
    )  # fmt: skip
    return Form(
        str(fields.get("slug") or ""), str(fields.get("title") or fields.get("slug") or ""), questions, str(fields.get("thanks") or ""),
        str(fields.get("confirmed") or ""), bool(fields.get("confirm")), tuple(map(str, fields.get("mail_to") or ())), int(fields.get("keep_days") or 0),
        str(fields.get("button") or ""), str(fields.get("note") or ""),
    )  # fmt: skip


def fill_form(form: Form, sent: Mapping[str, Sequence[str]]) -> Filled:
    """Check what was sent by the form's fields; what it does not ask for is left out."""
    filled = Filled()
    for one in form.fields:
        text = _clean(" ".join(sent.get(one.name, ())[:1]), one.type in _LINES)
        if not text:
            if one.required:
                filled.wrong.append((one, "form_required"))
            continue
        if len(text) > (MOST_EMAIL if one.type == "email" else one.most):
            filled.wrong.append((one, "form_too_long"))
        elif not _fits(one, text):
            filled.wrong.append((one, "form_invalid"))
        else:
            filled.values[one.name] = text
    return filled


def _clean(text: str, lines: bool) -> str:
    """A text without control characters and signs that turn the direction of what follows."""
    text = _CONTROL.sub("", unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")))
    return text.strip() if lines else " ".join(text.split())


def _fits(one: Field, text: str) -> bool:
    if one.type == "email":
        return EMAIL.fullmatch(text) is not None
    if one.type in ("select", "radio"):
        return text in one.options
    if one.type == "checkbox":
        return text == CHECKED
    if one.type == "tel":
        return _PHONE.fullmatch(text) is not None
    if one.type == "number":
        return _NUMBER.fullmatch(text) is not None
    if one.type == "url":
        return text.lower().startswith(("http://", "https://")) and " " not in text
    if one.type == "date":
        try:
            date.fromisoformat(text)
        except ValueError:
            return False
    return True
