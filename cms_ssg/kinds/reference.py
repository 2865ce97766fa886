"""References to code as text, ``package.module:name``: resolved when first used, so that naming a feature imports none of its libraries."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any, Final

from cms_ssg.errors import fail

HINT: Final = "References are written package.module:NAME."


@cache
def resolve(reference: str) -> Any:
    """What a reference names. Raises CmsError vertical.reference where there is no such thing, and what the module raises when it is imported."""
    module, _, name = reference.partition(":")
    try:
        found = import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise fail("vertical.reference", f'there is no module "{error.name}", which "{reference}" of a vertical names', hint=HINT) from None
    if not hasattr(found, name):
        from difflib import get_close_matches

        near = get_close_matches(name, dir(found), 1)
        hint = f'Did you mean "{near[0]}"?' if near else HINT
        raise fail(
            "vertical.reference",
            f'there is no "{name}", which "{reference}" of a vertical names',
            place=found.__file__ or module,
            hint=hint,
        )
    return getattr(found, name)
