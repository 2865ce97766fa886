"""Every template with sample content on one page, so that a designer sees the whole theme; it needs no database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2.exceptions import TemplateNotFound, TemplateSyntaxError
from markupsafe import escape

from cms_ssg.files.ownership import write_owned
from cms_ssg.render.fragment_tag import CALLED
from cms_ssg.render.gallery_own import add_own_samples
from cms_ssg.render.gallery_samples import Sample, make_samples
from cms_ssg.render.gallery_stand_in import ShownUndefined, StandIn
from cms_ssg.render.limits import Budget
from cms_ssg.render.strings import load_strings
from cms_ssg.render.theme import Theme, list_assets, read_asset
from cms_ssg.render.theme_chain import ThemeFolders
from cms_ssg.render.theme_check import list_templates
from cms_ssg.render.tokens import locate_tokens
from cms_ssg.types import Problem

if TYPE_CHECKING:
    from cms_ssg.site import Site


def make_gallery(render: Callable[[str, dict[str, Any]], str], samples: tuple[Sample, ...]) -> str:
    """One HTML page that holds each sample in a frame of its own, phone and desktop side by side.

    render: template name and values -> HTML, as the theme's environment does it; its errors pass through.
    """
    parts = ['<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Theme gallery</title>']
    parts.append(
        "<style>:root{color-scheme:light dark}body{font:1rem/1.5 system-ui;margin:2rem}.pair{display:flex;gap:1rem;overflow:auto}"
        "iframe{border:1px solid #8888;height:900px;flex:none;width:1100px}iframe.phone{width:390px}</style></head>\n"
        "<body><h1>Theme gallery</h1><ul>"
    )
    parts += [f'<li><a href="#{index}">{escape(sample.name)}</a></li>' for index, sample in enumerate(samples)]
    parts.append("</ul>")
    for index, sample in enumerate(samples):
        # Sandboxed without scripts, a frame also ignores the refresh of redirect.html.
        title, html = escape(sample.name), escape(render(sample.template, sample.values))
        frame = f'sandbox="allow-same-origin" loading="lazy" srcdoc="{html}"></iframe>'
        parts.append(f'<h2 id="{index}">{title} <small>{escape(sample.template)}</small></h2><div class="pair">')
        parts.append(f'<iframe class="phone" title="{title}, phone" {frame}<iframe title="{title}, desktop" {frame}</div>')
    parts.append("</body></html>\n")
    return "\n".join(parts)


def write_gallery(site: Site, folders: ThemeFolders, folder: Path) -> tuple[Path, list[Problem]]:
    """Write the gallery of a site's theme with its tokens and strings; returns the page and what failed, once a template.

    It shows the default locale and, if the site has one, the first that is written the other way.
    A template that fails is shown as its error, so that the others can be looked at.
    """
    settings, theme, lenient = site.settings, Theme(folders.templates), Theme(folders.templates)
    lenient.undefined = ShownUndefined
    templates, types = list_templates(folders.templates), {name: schema.properties for name, schema in site.schemas.items()}
    for name, path in list_assets(folders.assets).items():
        target = folder / "assets" / name
        with locate_tokens(site):
            write_owned(target, read_asset(path, settings.tokens, fingerprints=False))
    first = settings.locales[0]
    samples: list[Sample] = []
    for locale in [first, *[other for other in settings.locales if other.dir != first.dir][:1]]:
        texts = load_strings(folders.strings, locale.code, site.root)
        made = make_samples(texts, lambda name: f"assets/{name}", text_direction=locale.dir or "ltr", tokens=settings.tokens)
        own = add_own_samples(made, templates, types)
        features: dict[str, Any] = {name: StandIn(made[0].values["list"].items) for name in (*folders.views, *folders.values)}
        if any(vertical.fragments for vertical in site.features.verticals):
            features[CALLED] = lambda name: ""  # as pages are before their script has put fragments in
        samples += [Sample(f"{sample.name} ({locale.code})", sample.template, features | sample.values) for sample in own]

    problems: dict[str, Problem] = {}

    def render(template: str, values: dict[str, Any]) -> str:
        theme.budget = lenient.budget = Budget()
        try:
            found = theme.get_template(template)
            brought = any(Path(str(found.filename)).is_relative_to(place) for place in folders.brought)
            return (lenient.get_template(template) if brought else found).render(values)
        except Exception as error:  # noqa: BLE001 - a template may raise anything
            problems.setdefault(template, describe_sample_failure(template, error))
            return f"<!doctype html><title>{escape(template)}</title><pre>{escape(type(error).__name__)}: {escape(error)}</pre>"

    page = folder / "index.html"
    write_owned(page, make_gallery(render, tuple(samples)).encode())
    return page, list(problems.values())


def describe_sample_failure(template: str, error: Exception) -> Problem:
    """What a template says with sample content. Where it lacks something, the sample may be to blame and not the template: a warning."""
    from cms_ssg.render.output import find_template

    place, line = find_template(error)
    is_error = isinstance(error, TemplateNotFound | TemplateSyntaxError | RecursionError)
    reason = "it extends or includes itself without end" if isinstance(error, RecursionError) else str(error) or type(error).__name__
    hint = (
        "Every page that this template makes would fail." if is_error else "Pages whose content lacks this, as the sample does, would fail."
    )
    return Problem(
        "theme.template", place or template, line, f"{template}, with sample content: {reason}", hint, "error" if is_error else "warning"
    )
