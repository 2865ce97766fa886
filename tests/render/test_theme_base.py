"""The base theme: each template with sample content in three languages, its style sheet, its tokens."""

from __future__ import annotations

import base64
import html as markup
import json
import os
import re
import shutil
import subprocess
import tempfile
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pygments.token import STANDARD_TYPES

from cms_ssg.errors import CmsError
from cms_ssg.render.filters import FILTERS
from cms_ssg.render.gallery import Sample, make_gallery, make_samples
from cms_ssg.render.strings import load_strings
from cms_ssg.render.tokens import KNOWN_TOKENS, MARK, MARKUP_TOKENS, check_tokens, render_tokens
from cms_ssg.types import Problem

ROOT = Path(__file__).parents[2]
THEME = ROOT / "themes/base"
CSS = (THEME / "assets/site.css").read_text("utf-8")
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


def make_environment(*folders: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([*folders, THEME / "templates"]),
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


PAGES = [pytest.param(locale, sample, id=f"{locale}-{sample.name}") for locale in ("en", "ar", "ja") for sample in samples(locale)]


@pytest.mark.parametrize(("locale", "sample"), PAGES)
def test_each_page_is_well_formed_named_and_needs_no_script(locale: str, sample: Sample) -> None:
    outline = Outline(ENVIRONMENT.get_template(sample.template).render(sample.values))
    assert all("alt" in image for image in outline.all("img"))
    assert not any(name.startswith("on") or name == "style" for _, attrs in outline.elements for name in attrs)
    ids = [attrs["id"] for _, attrs in outline.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert all(script.get("type") == "application/ld+json" for script in outline.all("script"))
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
    names = {path.relative_to(THEME / "templates").as_posix() for path in (THEME / "templates").rglob("*.html")}
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


def test_a_post_says_who_when_and_how_long() -> None:
    html = render("Post")
    assert '<a href="/author/noor/" rel="author">Noor Haddad</a>' in html
    assert '<time datetime="2025-03-01T09:00:00Z">1 March 2025</time>' in html
    assert '<span>Updated <time datetime="2025-03-09T09:00:00Z">9 March 2025</time></span>' in html
    assert "<span>4 minute read</span>" in html
    assert '<meta property="article:published_time" content="2025-03-01T09:00:00Z">' in html


def test_a_post_updated_on_its_own_day_does_not_say_so() -> None:
    entry = next(sample for sample in samples() if sample.name == "Post").values["entry"]
    assert "Updated" not in change("Post", "entry", updated=entry.date)


def test_a_table_of_contents_wants_three_headings() -> None:
    toc = next(sample for sample in samples() if sample.name == "Post").values["entry"].toc
    assert '<details class="toc" open>' in render("Post")
    assert 'class="toc"' not in change("Post", "entry", toc=toc[:2])
    assert '<details class="toc">' in change("Post", "entry", toc=toc * 4)


def test_a_series_marks_where_the_reader_is() -> None:
    html = render("Post")
    assert '<li><span aria-current="page">The coast that grows when you measure it</span></li>' in html
    assert '<li><a href="/2025/03/sample-1/">Tide tables</a></li>' in html


def test_structured_data_names_the_post_and_its_trail() -> None:
    (script,) = Outline(render("Post")).scripts
    post, trail = json.loads(script)["@graph"]
    assert (post["@type"], post["headline"], post["datePublished"]) == (
        "BlogPosting",
        "The coast that grows when you measure it",
        "2025-03-01T09:00:00Z",
    )
    assert post["author"] == [{"@type": "Person", "name": "Noor Haddad", "url": "https://example.org/author/noor/"}]
    assert [(item["position"], item["name"]) for item in trail["itemListElement"]] == [
        (1, "The Slow Atlas"),
        (2, "Field notes"),
        (3, "The coast that grows when you measure it"),
    ]


def test_alternates_name_every_variant_and_a_default() -> None:
    links = [link for link in Outline(render("Home")).all("link") if "hreflang" in link]
    assert [(link["hreflang"], link["href"]) for link in links] == [
        ("en", "https://example.org/"),
        ("x-default", "https://example.org/"),
        ("it", "https://example.org/it/"),
    ]


def test_the_language_menu_marks_the_current_one_and_goes_when_there_is_one() -> None:
    links = [link for link in Outline(render("Home")).all("a") if "hreflang" in link]
    assert [(link["lang"], link["dir"], link.get("aria-current")) for link in links] == [
        ("en", "ltr", "true"),
        ("it", "ltr", None),
        ("ar", "rtl", None),
    ]
    assert 'class="languages"' not in change("Home", "page", languages=[], alternates=[])


def test_noindex_of_the_page_or_the_site_reaches_the_head() -> None:
    mark = '<meta name="robots" content="noindex">'
    assert mark not in render("Home")
    assert mark in change("Home", "page", noindex=True)
    assert mark in change("Home", "site", noindex=True)


def test_a_site_without_menus_has_no_empty_navigation() -> None:
    html = render("Home", menus=object())
    assert 'class="menu"' not in html


def test_an_untranslated_page_says_so_and_keeps_its_own_language() -> None:
    html = render("Page, untranslated", "ar")
    assert '<article class="entry" lang="en" dir="auto">' in html
    assert "لم تُترجم هذه الصفحة بعد" in html


def test_a_card_in_another_language_is_marked() -> None:
    assert '<h2 lang="en" dir="auto">' in render("Home", "ja")
    assert "dir=" not in render("Home").split('<main id="main"')[1]


def test_months_stand_under_their_year_newest_first() -> None:
    html = render("Months")
    assert re.findall(r"<h2>(\d+)|/\">(\w+)</a></li>", html.split("<main")[1].split("</main>")[0]) == [
        ("2025", ""), ("", "March"), ("", "January"), ("2024", ""), ("", "December"), ("", "November"),
    ]  # fmt: skip


def test_terms_without_a_title_take_the_themes_word() -> None:
    assert "<h1>タグ</h1>" in render("Terms", "ja", title="tag")
    assert "<h1>Topics</h1>" in render("Terms", title="Topics")
    assert "<h1>shelf</h1>" in render("Terms", title="shelf", taxonomy="shelf")


def test_a_pager_shows_the_page_but_no_total() -> None:
    html = render("Archive page")
    assert '<a class="newer" href="/n/" rel="prev">' in html
    assert "<span>Page 3</span>" in html
    assert "<title>Maps · Page 3 · The Slow Atlas</title>" in html
    assert 'class="pager"' not in render("Home")


def test_a_redirect_leads_on_without_script_and_stays_out_of_indexes() -> None:
    html = render("Redirect")
    assert '<meta http-equiv="refresh" content="0; url=/new/?a=1&amp;b=2">' in html
    assert '<link rel="canonical" href="https://example.org/new/?a=1&amp;b=2">' in html
    assert '<a href="/new/?a=1&amp;b=2">' in html


def test_a_video_is_a_link_and_fetches_nothing() -> None:
    html = render("Shortcode youtube", args=['x"><script>'])
    assert Outline(html).all("a")[0]["href"] == "https://www.youtube.com/watch?v=x%22%3E%3Cscript%3E"
    assert "iframe" not in html


def test_a_logo_takes_the_place_of_the_title() -> None:
    html = change("Home", "site", tokens={"logo": "/logo.svg", "logo-dark": "/dark.svg", "icon": "/icon.svg"})
    assert '<source srcset="/dark.svg" media="(prefers-color-scheme: dark)"><img src="/logo.svg" alt="The Slow Atlas">' in html
    assert '<link rel="icon" href="/icon.svg">' in html


def test_a_child_theme_overrides_one_template(tmp_path: Path) -> None:
    (tmp_path / "partials").mkdir()
    (tmp_path / "partials/card.html").write_text(
        "{% macro card(item, t, lang, show_section=true, lead=false) %}<p class='mine'>{{ item.title }}</p>{% endmacro %}"
    )
    sample = samples()[0]
    html = make_environment(tmp_path).get_template("home.html").render(sample.values)
    assert html.count("class='mine'") == len(sample.values["list"].items)
    assert "<header" in html


# The style sheet


def test_the_style_sheet_is_small_and_takes_tokens_first() -> None:
    assert len(CSS.encode()) < 15_000
    assert CSS.startswith(MARK + "\n")
    assert CSS.count("{") == CSS.count("}")


def test_the_style_sheet_mirrors_for_right_to_left() -> None:
    physical = re.findall(
        r"(?:margin|padding|border)-(?:left|right)|(?<![-\w])(?:left|right)\s*:|float\s*:|text-align:\s*(?:left|right)", CSS
    )
    assert physical == ["text-align: left"]  # of pre alone: code is never mirrored


def test_every_token_is_used_and_unknown_ones_are_named() -> None:
    templates = "".join(path.read_text("utf-8") for path in (THEME / "templates").rglob("*.html"))
    for name in KNOWN_TOKENS:
        assert f"tokens.get('{name}')" in templates if name in MARKUP_TOKENS else f"var(--{name}" in CSS, name
    assert set(re.findall(r"var\(--([a-z-]{3,})[,)]", CSS)) - {"c-accent"} <= set(KNOWN_TOKENS) | set(
        re.findall(r"--([ckfm]-?[a-z]*):", CSS)
    ) | {"gap"}
    (problem,) = check_tokens({"acent": "red", "ink": "#000"})
    assert (problem.code, problem.severity, problem.hint) == ("tokens.unknown", "warning", 'Did you mean "accent"?')


@pytest.mark.parametrize(
    "name", ["accent", "ink", "paper", "accent-dark", "ink-dark", "paper-dark", "text-size", "width", "wide", "radius"]
)
def test_documented_defaults_are_those_of_the_style_sheet(name: str) -> None:
    if name == "accent-dark":  # mixed from accent, so that a site's own accent works in the dark without more
        assert "--c-accent: var(--accent-dark, color-mix(" in CSS
    else:
        assert f"var(--{name}, {KNOWN_TOKENS[name]})" in CSS


def test_tokens_become_custom_properties_in_order() -> None:
    assert render_tokens({}) == ""
    assert (
        render_tokens({"width": "44rem", "accent": " #b33 ", "logo": "/a;b{.svg", "icon": "", "radius": ""})
        == ":root{--accent:#b33;--width:44rem;}"
    )
    assert render_tokens({"font-body": 'Georgia, "Times New Roman", serif'}) == ':root{--font-body:Georgia, "Times New Roman", serif;}'
    assert render_tokens({"width": "min(40rem, calc(100vw - 2rem))"}) == ":root{--width:min(40rem, calc(100vw - 2rem));}"


@pytest.mark.parametrize(
    "value",
    [
        "red;}body{display:none", "url(https://evil.example/)", "URL( x )", "red/*", "*/red", '"open', "(open", "close)", "a\\62 c", "red}",
        "</style>", "image-set('x')", "@import 'x'", "a\nb", "red !important", "x" * 301,
    ],
)  # fmt: skip
def test_a_token_cannot_leave_its_declaration(value: str) -> None:
    with pytest.raises(CmsError, match=r"tokens\.value"):
        render_tokens({"accent": value})


@pytest.mark.parametrize("name", ["", "Accent", "a b", "a:b", "1a", "-a", "a}", "a" * 41])
def test_a_token_has_a_css_name(name: str) -> None:
    with pytest.raises(CmsError, match=r"tokens\.name"):
        render_tokens({name: "red"})


@given(st.dictionaries(st.sampled_from(sorted(KNOWN_TOKENS)), st.text(max_size=40)))
def test_any_tokens_give_one_rule_or_a_clear_error(tokens: dict[str, str]) -> None:
    problems: tuple[Problem, ...] = ()
    css = ""
    try:
        css = render_tokens(tokens)
    except CmsError as error:
        problems = error.problems
    if problems:
        assert all(problem.code == "tokens.value" and problem.hint for problem in problems)
    else:
        assert css == "" or (
            css.startswith(":root{--") and css.endswith(";}") and css.count("{") == css.count("}") == 1 and "\n" not in css
        )


def test_the_kinds_of_tokens_pygments_marks_have_a_colour() -> None:
    styled = set(re.findall(r"\.([a-z][a-z0-9]?[a-z0-9]?)\b", "".join(re.findall(r"^pre .*$", CSS, re.MULTILINE))))
    plain = {"", "n", "o", "p", "w", "x", "nx", "l", "g", "go", "py", "pm", "vm", "esc", "ges", "err"}  # shown in the colour of text
    assert set(STANDARD_TYPES.values()) - plain <= styled | {"no", "vm"}


def parse_colour(text: str) -> tuple[float, float, float]:
    digits = text.lstrip("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    red, green, blue = (int(digits[index : index + 2], 16) / 255 for index in (0, 2, 4))
    return red, green, blue


def mix(one: str, other: str, share: float) -> str:
    return "#" + "".join(
        f"{round((a * share + b * (1 - share)) * 255):02x}" for a, b in zip(parse_colour(one), parse_colour(other), strict=True)
    )


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, 'contrast ratio' (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""

    def luminance(colour: str) -> float:
        parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parse_colour(colour)]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_has_aa_contrast(mode: str) -> None:
    suffix = "-dark" if mode == "dark" else ""
    rules = CSS.split("@media (prefers-color-scheme: dark)")[mode == "dark"]
    ink, paper = KNOWN_TOKENS[f"ink{suffix}"], KNOWN_TOKENS[f"paper{suffix}"]
    shares = {
        name: int(share) / 100
        for name, share in re.findall(r"--c-(\w+): color-mix\(in srgb, var\(--c-ink\) (\d+)%", CSS.split("@media")[0])
    }
    shares |= {name: int(share) / 100 for name, share in re.findall(r"--c-(\w+): color-mix\(in srgb, var\(--c-ink\) (\d+)%", rules)}
    raised, soft = mix(ink, paper, shares["raise"]), mix(ink, paper, shares["soft"])
    colours = {"ink": ink, "soft": soft, "accent": KNOWN_TOKENS[f"accent{suffix}"]}
    colours |= {f"k-{name}": colour for name, colour in re.findall(r"--k-(\w+): (#\w+)", rules)}
    assert len(colours) == 9
    for name, colour in colours.items():
        for ground in (paper, raised):
            assert contrast(colour, ground) >= 4.5, (mode, name, ground, contrast(colour, ground))


# In a browser


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    """What chromium says of every sample in a frame 320 and 1100 pixels wide."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("there is no chromium")
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
