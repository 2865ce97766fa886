"""Templates that a feature keeps beside its code, for HTML that an API process makes: no theme changes them, and no build reads them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup


def render_template(folder: Path, name: str, **values: Any) -> Markup:
    """A template of a folder as HTML; every value in it is escaped. What a value does not have is shown as nothing."""
    return Markup(_open_folder(folder).get_template(name).render(values))


@cache
def _open_folder(folder: Path) -> Environment:
    return Environment(loader=FileSystemLoader(folder), autoescape=True, trim_blocks=True, lstrip_blocks=True, auto_reload=False)
