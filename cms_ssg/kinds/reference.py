"""References to code as text, ``package.module:name``: resolved when first used, so that naming a feature imports none of its libraries."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any


@cache
def resolve(reference: str) -> Any:
    """What a reference names. Raises ImportError or AttributeError where there is no such thing."""
    module, _, name = reference.partition(":")
    return getattr(import_module(module), name)
