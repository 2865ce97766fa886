"""The base theme's style sheet: size, direction, contrast, and the tokens a site may set."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygments.token import STANDARD_TYPES

from cms_ssg.errors import CmsError
from cms_ssg.render.theme import read_asset
from cms_ssg.render.tokens import KNOWN_TOKENS, MARK, MARKUP_TOKENS, check_tokens, render_tokens
from cms_ssg.types import Problem
from tests.render.theme_samples import CODE_CSS, CSS, THEME


def test_the_style_sheet_is_small_and_takes_tokens_first() -> None:
    assert len(read_asset(THEME / "assets/site.css", {"icon": "/favicon.svg"})) < 15_000  # as it is published
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
    styled = set(re.findall(r"\.([a-z][a-z0-9]?[a-z0-9]?)\b", "".join(re.findall(r"^pre .*$", CODE_CSS, re.MULTILINE))))
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
    colours |= {f"k-{name}": colour for name, colour in re.findall(r"--k-(\w+): (#\w+)", CODE_CSS.split("@media")[mode == "dark"])}
    assert len(colours) == 9
    for name, colour in colours.items():
        for ground in (paper, raised):
            assert contrast(colour, ground) >= 4.5, (mode, name, ground, contrast(colour, ground))
