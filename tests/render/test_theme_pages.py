"""Every template of the base theme: well-formed, accessible, deaf to hostile text, and no wider than the screen."""

from __future__ import annotations

import base64
import html as markup
import json
import os
import re
import subprocess
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cms_ssg.render.gallery import make_gallery
from cms_ssg.render.gallery_samples import Sample
from cms_ssg.render.theme_chain import make_folders
from cms_ssg.render.theme_check import list_templates
from tests.render.theme_samples import CSS, ENVIRONMENT, THEME, Outline, render_template, samples

PAGES = [pytest.param(locale, sample, id=f"{locale}-{sample.name}") for locale in ("en", "ar", "ja") for sample in samples(locale)]


@pytest.mark.parametrize(("locale", "sample"), PAGES)
def test_each_page_is_well_formed_named_and_needs_no_script(locale: str, sample: Sample) -> None:
    outline = Outline(ENVIRONMENT.get_template(sample.template).render(sample.values))
    assert all("alt" in image for image in outline.all("img"))
    assert not any(name.startswith("on") or name == "style" for _, attrs in outline.elements for name in attrs)
    ids = [attrs["id"] for _, attrs in outline.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert all(script.get("type") == "application/ld+json" or {"src", "defer"} <= set(script) for script in outline.all("script"))
    if sample.template.startswith("shortcodes/"):
        return
    assert outline.all("html")[0] == {"lang": locale, "dir": "rtl" if locale == "ar" else "ltr"}
    assert len(outline.all("main")) == len(outline.all("h1")) == len(outline.all("title")) == 1
    assert all(json.loads(script)["@context"] == "https://schema.org" for script in outline.scripts)
    if sample.template != "redirect.html":
        assert "main" in ids
        assert outline.all("a")[0] == {"class": "skip", "href": "#main"}
        assert {"header", "main", "footer"} <= {tag for tag, _ in outline.elements}
        assert all(nav.get("aria-label") for nav in outline.all("nav"))
    levels = [int(tag[1]) for tag, _ in outline.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels)), levels


def test_every_template_has_a_sample() -> None:
    names = set(list_templates(make_folders([THEME], ("blog",)).templates))
    assert {name for name in names if not name.startswith("partials/") and name != "base.html"} == {sample.template for sample in samples()}


def test_the_gallery_shows_every_sample_at_two_widths() -> None:
    shown = samples()
    outline = Outline(make_gallery(render_template, shown))
    frames = outline.all("iframe")
    assert len(frames) == 2 * len(shown)
    assert all(frame["srcdoc"] for frame in frames)


@pytest.mark.parametrize("name", ["Home", "Post", "Section", "Author", "Terms", "Redirect", "Page, untranslated"])
def test_hostile_text_stays_text_everywhere(name: str) -> None:
    hostile = "</script></title><img src=x onerror=alert(1)>\"'"

    def spoil(value: Any) -> Any:
        if isinstance(value, str):
            return hostile if value not in KEEP and not hasattr(value, "__html__") else value
        if isinstance(value, list):
            return [spoil(item) for item in value]
        if callable(value):
            return value
        if isinstance(value, dict):
            return {key: spoil(item) for key, item in value.items()}
        return type(value)(**{key: spoil(item) for key, item in vars(value).items()}) if hasattr(value, "__dict__") else value

    sample = next(sample for sample in samples() if sample.name == name)
    skip = ("t", "asset", "url", "latest", "data", "ref", "clock", "taxonomy")
    values = {key: value if key in skip or callable(value) else spoil(value) for key, value in sample.values.items()}
    outline = Outline(ENVIRONMENT.get_template(sample.template).render(values))
    assert not any("onerror" in attrs for _, attrs in outline.elements)
    assert len(outline.all("title")) == 1
    assert all(json.loads(script) for script in outline.scripts)


KEEP = {"ltr", "rtl", "section", "author", "tag", "month", "series", "home"}


@pytest.fixture(scope="module")
def measured(chromium: str) -> dict[str, Any]:
    """What chromium says of every sample in a frame 320 and 1100 pixels wide."""
    href = "data:text/css;base64," + base64.b64encode(CSS.encode()).decode()
    parts = []
    for locale in ("en", "ar"):
        gallery = make_gallery(render_template, samples(locale, asset=lambda _name: href))
        parts.append(
            gallery.replace(' loading="lazy"', f' data-locale="{locale}"').replace("iframe.phone{width:390px}", "iframe.phone{width:320px}")
        )
    script = """<script>onload = () => document.title = JSON.stringify([...document.querySelectorAll('iframe')].map(f => {
      const root = f.contentDocument.documentElement, brand = f.contentDocument.querySelector('.brand');
      return {title: f.dataset.locale + ' ' + f.title, width: root.clientWidth, scroll: root.scrollWidth,
              brand: brand ? brand.getBoundingClientRect().left : null}}))</script>"""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "gallery.html"
        page.write_text("".join(parts) + script, "utf-8")
        off = ("gpu", "quic", "background-networking", "component-update", "sync")
        flags = ["--headless", "--no-first-run", *(f"--disable-{name}" for name in off), *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        command = [chromium, *flags, f"--user-data-dir={folder}/profile", "--dump-dom", page.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    found = re.search(r"<title>(\[.*?\])</title>", done.stdout)
    assert found, done.stderr[-2000:]
    return {"frames": json.loads(markup.unescape(found[1]))}


@pytest.mark.browser
def test_no_page_scrolls_sideways_on_a_phone_or_a_desktop(measured: dict[str, Any]) -> None:
    pages = [frame for frame in measured["frames"] if "Shortcode" not in frame["title"] and "Redirect" not in frame["title"]]
    assert len(pages) > 40
    assert [frame for frame in pages if frame["scroll"] > frame["width"]] == []


@pytest.mark.browser
def test_the_page_is_mirrored_in_arabic(measured: dict[str, Any]) -> None:
    brands = {frame["title"]: frame["brand"] for frame in measured["frames"] if frame["brand"] is not None}
    assert brands["en Home, desktop"] < 100
    assert brands["ar Home, desktop"] > 700
