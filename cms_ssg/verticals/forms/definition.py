"""A form as its file describes it, and what it makes of what a visitor sent. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from cms_ssg.api.form_again import CHECKED, PHONE, Question, name_wrong
from cms_ssg.content.schema.checks import EMAIL
from cms_ssg.types import Json

TRAP: Final = "_website"
"""A field that people do not see; whoever fills it in is a program."""

LOCALE: Final = "_locale"
GOAL: Final = "_goal"
"""What another feature is told once the form is accepted, as text of its own; a script of the page adds it."""

MOST_EMAIL: Final = 254
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_PHONE: Final = re.compile(PHONE)
_NUMBER: Final = re.compile(r"-?\d{1,15}([.,]\d{1,6})?")
_LINES: Final = frozenset({"textarea"})


@dataclass(frozen=True, slots=True)
class Form:
    """A form. name: in its address; needs_confirmation: of the address, by a link in an e-mail; keep_days: 0 for as long as one likes.

    button, note: "" for the usual button, and for nothing below it.
    """

    name: str
    title: str
    fields: tuple[Question, ...]
    thanks: str = ""
    confirmed: str = ""
    needs_confirmation: bool = False
    mail_to: tuple[str, ...] = ()
    keep_days: int = 0
    button: str = ""
    note: str = ""

    @property
    def email_field(self) -> Question | None:
        """Where it asks for an e-mail address."""
        return next((one for one in self.fields if one.type == "email"), None)


@dataclass(slots=True)
class Filled:
    """What was sent. values: by name, only what the form asks for; wrong: (field, key of a text) of what is not as it should be."""

    values: dict[str, str] = field(default_factory=dict)
    wrong: list[tuple[Question, str]] = field(default_factory=list)


def make_form(fields: Mapping[str, Json]) -> Form:
    """The form that an entry's stored fields describe."""
    questions = tuple(
        Question(
            str(one["name"]), str(one["label"]), kind := str(one.get("type") or "text"), bool(one.get("required")),
            _find_most(kind, int(one.get("max") or 0)), tuple(map(str, one.get("options") or ())),
            str(one.get("hint") or ""), str(one.get("autocomplete") or ""), PHONE if kind == "tel" else "",
        )
        for one in fields.get("fields") or ()
    )  # fmt: skip
    return Form(
        str(fields.get("slug") or ""), str(fields.get("title") or fields.get("slug") or ""), questions, str(fields.get("thanks") or ""),
        str(fields.get("confirmed") or ""), bool(fields.get("confirm")), tuple(map(str, fields.get("mail_to") or ())), int(fields.get("keep_days") or 0),
        str(fields.get("button") or ""), str(fields.get("note") or ""),
    )  # fmt: skip


def _find_most(kind: str, most: int) -> int:
    most = most or (5000 if kind in _LINES else 500)
    return min(most, MOST_EMAIL) if kind == "email" else most


def fill_form(form: Form, sent: Mapping[str, Sequence[str]]) -> Filled:
    """Check what was sent by the form's fields; what it does not ask for is left out."""
    filled = Filled()
    for one in form.fields:
        text = _clean(" ".join(sent.get(one.name, ())[:1]), one.type in _LINES)
        if (one.required and not text) or len(text) > one.most or (text and not _fits(one, text)):
            filled.wrong.append((one, name_wrong(one, text)))
        elif text:
            filled.values[one.name] = text
    return filled


def _clean(text: str, lines: bool) -> str:
    """A text without control characters and signs that turn the direction of what follows."""
    text = _CONTROL.sub("", unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")))
    return text.strip() if lines else " ".join(text.split())


def _fits(one: Question, text: str) -> bool:
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
