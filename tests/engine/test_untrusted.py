"""Under `raw_html = "sanitized"` nothing that somebody writes into a content file runs in a reader's browser."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.engine.siteonpage import SiteOnPage
from tests.engine.untrusted import PAYLOADS, SITE, look_at, make_texts


def publish(site: SiteOnPage, texts: Sequence[str]) -> list[str]:
    """The pages that texts become."""
    for number, text in enumerate(texts):
        site.write_file(f"content/t{number}.md", f"---\ntitle: T\n---\n{text}\n")
    assert site.build().result.failed == 0
    return [(site.output / f"t{number}/index.html").read_text("utf-8") for number in range(len(texts))]


def test_what_looks_for_scripts_finds_them(chromium: str, tmp_path: Path) -> None:
    page = "<head></head><body>{}<p data-end></p>"
    harmful = ["<img src=x onerror=alert(1)>", "<a href='java\tscript:alert(1)'>x</a>", "<svg></svg>", "<textarea>", "<b onclick=x>y</b>"]
    found = look_at(chromium, [page.format(text) for text in ("<b>x</b>", *harmful)], tmp_path)
    assert {number for number, _ in found} == {1, 2, 3, 4, 5}
    assert (1, "a script was run") in found


@pytest.mark.browser
def test_known_and_random_payloads_do_nothing_in_a_browser(make_site: Callable[[str], SiteOnPage], chromium: str, tmp_path: Path) -> None:
    texts = [*PAYLOADS, *make_texts(20260301, 60)]
    found = look_at(chromium, publish(make_site(SITE), texts), tmp_path)
    assert [(texts[number], what) for number, what in found] == []


@pytest.mark.browser
@pytest.mark.long
def test_many_random_payloads_do_nothing_in_a_browser(make_site: Callable[[str], SiteOnPage], chromium: str, tmp_path: Path) -> None:
    seed = random.randrange(1 << 30)
    site = make_site(SITE)
    for batch in range(40):
        texts = make_texts(seed + batch, 250)
        found = look_at(chromium, publish(site, texts), tmp_path)
        assert [(texts[number], what) for number, what in found] == [], f"seed {seed + batch}"
