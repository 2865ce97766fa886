"""The base theme's templates with the gallery's sample values, as several test files use them."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cms_ssg.render.filters import FILTERS
from cms_ssg.render.gallery_samples import Sample, make_samples
from cms_ssg.render.strings import load_strings

THEME = Path(__file__).parents[2] / "themes/base"
CSS = (THEME / "assets/site.css").read_text("utf-8")
CODE_CSS = (THEME / "assets/code.css").read_text("utf-8")
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


def make_environment(*folders: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([*folders, THEME / "templates", THEME / "templates/blog"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    return environment


ENVIRONMENT = make_environment()


def render_template(name: str, values: dict[str, Any]) -> str:
    return ENVIRONMENT.get_template(name).render(values)


def samples(locale: str = "en", **options: Any) -> tuple[Sample, ...]:
    return make_samples(load_strings([THEME / "i18n"], locale), text_direction="rtl" if locale == "ar" else "ltr", **options)


def render(name: str, locale: str = "en", **changes: Any) -> str:
    sample = next(sample for sample in samples(locale) if sample.name == name)
    return ENVIRONMENT.get_template(sample.template).render({**sample.values, **changes})


def change(name: str, part: str, **changes: Any) -> str:
    """The sample with attributes of one of its values replaced."""
    value = next(sample for sample in samples() if sample.name == name).values[part]
    return render(name, **{part: type(value)(**{**vars(value), **changes})})


class Outline(HTMLParser):
    """Checks that tags are closed in order, and keeps what the tests ask about."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]
