"""What a template asked for and nobody gave, said in the template's own words."""

from __future__ import annotations

import difflib
from types import SimpleNamespace
from typing import Any, Final

from jinja2 import StrictUndefined
from jinja2.utils import missing

_CALLED: Final = {
    "Card": "a card", "Clock": "clock", "EntryView": "entry", "ListView": "list", "Menus": "menus", "NoneType": "none", "SiteView": "site",
    "Term": "a term", "dict": "a table", "list": "a list", "str": "a text", "tuple": "a list",
}  # fmt: skip


class Unknown(StrictUndefined):
    """An error wherever it is used but in tests and before ``|default``."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        owner, name = self._undefined_obj, self._undefined_name
        if self._undefined_hint or not isinstance(name, str):
            return super()._undefined_message
        if owner is missing:
            return f'unknown variable "{name}"'
        return f'{_CALLED.get(type(owner).__name__, "this")} has no "{name}"{_suggest(owner, name)}'


def _suggest(owner: Any, name: str) -> str:
    if owner is None:
        return "; ask {% if %} first"
    known = owner if isinstance(owner, dict) else vars(owner) if isinstance(owner, SimpleNamespace) else dir(type(owner))
    near = difflib.get_close_matches(name, [word for word in map(str, known) if not word.startswith("_")], 1)
    return f'; did you mean "{near[0]}"?' if near else ""
