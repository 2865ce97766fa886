"""How long each output may be kept: by class, from settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from cms_ssg.config.load import load_settings
from cms_ssg.errors import CmsError
from cms_ssg.publish.headers import cache_class, cache_control
from cms_ssg.render.theme import asset_path


@pytest.mark.parametrize(
    ("kind", "path", "name"),
    [
        ("asset", asset_path("site.css", b"x"), "assets"),
        ("asset", asset_path("fonts/a.woff2", b"y"), "assets"),
        ("asset", asset_path("LICENSE", b"z"), "assets"),
        ("file", "/assets/app.0a1b2c3d4e.js", "assets"),
        ("file", "/assets/report.2024010112.pdf", "files"),
        ("file", "/docs/assets/app.0a1b2c3d4e.js", "files"),
        ("file", "/images/0123456789abcdef0123-89abcdef-960.webp", "assets"),
        ("file", "/images/card-0123456789abcdef0123.png", "assets"),
        ("file", "/images/2024-holiday.jpg", "files"),
        ("home", "/", "pages"),
        ("entry", "/it/città/", "pages"),
        ("entry", "/old.html", "pages"),
        ("entry", "about/index.html", "pages"),
        ("file", "assets/app.0a1b2c3d4e.js", "assets"),
        ("404", "/404.html", "pages"),
        ("feed", "/feed.xml", "feeds"),
        ("feed", "/tags/flood/feed.json", "feeds"),
        ("robots", "/robots.txt", "feeds"),
        ("file", "/logo.svg", "files"),
        ("file", "/CNAME", "files"),
    ],
)
def test_class_of_an_output_follows_from_its_path(kind: str, path: str, name: str) -> None:
    assert cache_class(kind, path) == name


def test_hashed_assets_never_change_and_pages_are_asked_for_again(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text('[target.cache]\nfeeds = "no-store"\nfiles = ""\n')
    cache = load_settings(tmp_path, {}).target.cache
    assert cache_control(cache, "asset", asset_path("site.css", b"x")) == "public, max-age=31536000, immutable"
    assert cache_control(cache, "entry", "/a/") == "public, max-age=0, s-maxage=86400, must-revalidate"
    assert cache_control(cache, "feed", "/feed.xml") == "no-store"
    assert cache_control(cache, "file", "/a.jpg") == ""


@pytest.mark.parametrize("value", ["a\\nSet-Cookie: x", "max-age=1\\r", 'no-cache=\\"x\\"', "$host", "é"])
def test_what_is_no_header_is_refused_with_its_line(tmp_path: Path, value: str) -> None:
    (tmp_path / "site.toml").write_text(f'title = "x"\n[target.cache]\npages = "{value}"\n')
    with pytest.raises(CmsError) as caught:
        load_settings(tmp_path, {})
    (problem,) = caught.value.problems
    assert (problem.code, problem.line) == ("settings.wrong-value", 3)
