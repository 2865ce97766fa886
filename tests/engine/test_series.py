"""A series is read from its first part on, whichever page of its list a reader is on."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.engine.siteonpage import SiteOnPage

PART = re.compile(r'<ol class="cards steps" start="(\d+)">|<a href="/2025/\d\d/(\w+)/">\w+</a></h2>')


def make_posts(*parts: tuple[str, int, str]) -> str:
    """name, month, further front matter."""
    return "".join(
        f"-- content/posts/{name}.md --\n---\ntitle: {name}\ndate: 2025-{month:02}-01\nseries: Tides\n{more}---\nText.\n"
        for name, month, more in parts
    )


def list_parts(site: SiteOnPage, page: str = "") -> list[str]:
    return [start or name for start, name in PART.findall((site.output / "series/tides" / page / "index.html").read_text("utf-8"))]


def test_the_pages_of_a_series_number_its_parts_from_the_first(make_site: Callable[[str], SiteOnPage]) -> None:
    names = "abcde"
    site = make_site("-- site.toml --\npage_size = 2\n" + make_posts(*((name, month, "") for month, name in enumerate(names, 1))))
    site.build()
    assert list_parts(site) == ["3", "c", "d", "e"]
    assert list_parts(site, "page/1") == ["1", "a", "b"]
    site.delete("content/posts/b.md")
    site.build()
    assert list_parts(site) == ["3", "d", "e"]
    site.write(make_posts(("b", 2, ""), ("f", 6, "")))
    site.build()
    assert list_parts(site) == ["5", "e", "f"]
    assert list_parts(site, "page/2") == ["3", "c", "d"]
    site.assert_clean()


def test_weight_comes_before_the_date_in_a_series_and_nowhere_else(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site("-- site.toml --\n" + make_posts(("late", 9, "weight: 1\n"), ("early", 1, "weight: 2\n")))
    site.build()
    assert list_parts(site) == ["1", "late", "early"]
    assert "Part 1 of a series" in (site.output / "2025/09/late/index.html").read_text("utf-8")
    assert re.findall(r'/2025/\d\d/(\w+)/">\w+</a></h2>', (site.output / "index.html").read_text("utf-8")) == ["late", "early"]
    site.edit("content/posts/early.md", "weight: 2\n", "")
    site.edit("content/posts/late.md", "weight: 1\n", "")
    built = site.build()
    assert list_parts(site) == ["1", "early", "late"]
    assert "/series/tides/" in built.rendered
    site.assert_clean()
