"""What went wrong, in the language of the buyer's page. Programs are told in English."""

from __future__ import annotations

import re
from typing import Final

from cms_ssg.api.problems import ApiError
from cms_ssg.render.strings import Translator
from cms_ssg.verticals.shop.carts import Problem

MESSAGES: Final = (
    (re.compile("it is missing"), "shop_is_missing"),
    (re.compile("it is not one of this country"), "shop_is_wrong"),
    (re.compile("it is no e-mail address"), "shop_is_no_email"),
    (re.compile(r"it has more than (?P<most>\d+) characters"), "shop_is_too_long"),
    (re.compile("this code is not valid yet"), "shop_coupon_early"),
    (re.compile("this code has expired"), "shop_coupon_expired"),
    (re.compile("this code was used up"), "shop_coupon_used"),
    (re.compile("this code asks for a larger order"), "shop_coupon_minimum"),
    (re.compile("there is no such code"), "shop_coupon_unknown"),
)
"""What programs are told -> the text of the site that says the same."""
NAMES: Final = {"code": "coupon", "method": "shipping"}
"""Field -> the text that names it, where that is another one."""


def say(t: Translator, key: str, otherwise: str, **values: str) -> str:
    """A text of the site, and another one where it has none in this language."""
    text = t(key, **values)
    return otherwise if text == key else text


def say_problem(t: Translator, problem: Problem) -> str:
    """Why a cart cannot be ordered as it is."""
    if problem.code == "stock":
        return f"{t('shop_problem_stock')} {problem.title} ({problem.most})"
    if problem.code == "sku":
        return f"{t('shop_problem_sku')} {problem.sku}"
    return say(t, f"shop_problem_{problem.code}", say_message(t, problem.message))


def say_error(t: Translator, error: ApiError) -> str:
    """Why a request of a page was refused."""
    if error.code == "api.invalid" and error.fields:
        return "; ".join(f"{_name_field(t, name)}: {say_message(t, message)}" for name, message in error.fields)
    return say(t, f"shop_error_{error.code.rpartition('.')[2].replace('-', '_')}", say_message(t, error.message))


def say_message(t: Translator, message: str) -> str:
    """What a program is told, as a person is."""
    for pattern, key in MESSAGES:
        if found := pattern.fullmatch(message):
            return say(t, key, message, **found.groupdict())
    return message


def _name_field(t: Translator, name: str) -> str:
    """A field as the form calls it: ``billing.postcode`` is the postcode."""
    last = name.rpartition(".")[2]
    return say(t, f"shop_{NAMES.get(last, last)}", name).partition(" (")[0]
