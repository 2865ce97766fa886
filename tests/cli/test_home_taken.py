"""A page at the address of the home page: a warning, unless the settings say where the list is then."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.small_site import SITE, Cms


def told(cms: Cms, command: str) -> list[tuple[str, str, int]]:
    code, result, _ = cms(command)
    assert code == 0
    return [(p["code"], p["place"], p["line"]) for p in result["problems"]]


@pytest.mark.parametrize(
    ("file", "text", "line"),
    [
        ("content/pages/index.md", "# Welcome", 0),
        ("content/pages/start.md", "---\ntitle: Start\npath: /\n---\nWelcome", 3),
        ("static/index.html", "<p>Welcome", 0),
    ],
)
def test_what_takes_the_home_page_is_named_by_check_and_build(site: Path, cms: Cms, file: str, text: str, line: int) -> None:
    (site / file).parent.mkdir(exist_ok=True)
    (site / file).write_text(text)
    assert told(cms, "check") == [("content.home-taken", file, line)]
    assert told(cms, "build") == [("content.home-taken", file, line)]
    assert "Flood" not in (site / "build/index.html").read_text()
    assert told(cms, "build") == [], "nothing was planned"
    (site / "site.toml").write_text(SITE + '[home]\nurl = "/blog/"\n')
    assert told(cms, "check") == []
    assert told(cms, "build") == []
    assert "Flood" in (site / "build/blog/index.html").read_text()


def test_site_without_posts_has_a_page_as_its_home_without_a_word(site: Path, cms: Cms) -> None:
    (site / "content/posts/flood.md").unlink()
    (site / "content/pages/index.md").write_text("# Welcome")
    assert told(cms, "check") == []
    assert told(cms, "build") == []
