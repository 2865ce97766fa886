"""Files that are no content, by what is in them: which are refused, which are broken, and which are not the file at all."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from cms_ssg.diagnostics.check import check
from cms_ssg.types import Problem
from tests.engine.siteonpage import SiteOnPage, database

IMAGES = Path(__file__).parents[1] / "data/images"
POINTER = (
    b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)
SITE = """
-- site.toml --
title = "Files"
base_url = "https://files.example"
[markdown]
raw_html = "sanitized"
[images]
widths = [48]
-- content/posts/trip/index.md --
---
title: Trip
date: 2026-01-01
---
![A photograph](photo.jpg)
"""
BESIDE = "2026/01/trip/"


def named(problems: list[Problem]) -> set[tuple[str, str]]:
    return {(problem.code, problem.place) for problem in problems if problem.place.startswith(("content/", "static/", "data/"))}


def check_site(site: SiteOnPage) -> set[tuple[str, str]]:
    with database(site.url):
        return named(check(site.root))


@pytest.fixture
def site(make_site: Callable[[str], SiteOnPage]) -> SiteOnPage:
    site = make_site(SITE)
    site.write_file("content/posts/trip/photo.jpg", (IMAGES / "hopper.jpg").read_bytes())
    return site


def test_file_beside_content_that_runs_something_is_refused_where_writers_are_not_trusted(site: SiteOnPage) -> None:
    active = {
        "page.html": b"<script>alert(1)</script>", "page.htm": b"<p>", "app.js": b"alert(1)", "a.php": b"<?php", "readme": b"<!doctype html><p>",
        "feed.xml": b'<a xmlns="http://www.w3.org/1999/xhtml"/>',
    }  # fmt: skip
    svgz = gzip.compress(b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
    for folder in ("content/posts/trip/", "static/"):
        for name, data in active.items():
            site.write_file(folder + name, data)
        site.write_file(f"{folder}drawing.svgz", svgz)
        site.write_file(f"{folder}plan.pdf", b"%PDF")
    expected = {("content.active-file", f"content/posts/trip/{name}") for name in active}
    unsafe = {("image.unsafe-svg", f"{folder}drawing.svgz") for folder in ("content/posts/trip/", "static/")}
    for _ in range(2):
        result = site.build().result
        assert (result.status, named(result.problems)) == ("partial", expected | unsafe)
    assert {path for path in site.tree() if path.startswith(BESIDE)} == {f"{BESIDE}index.html", f"{BESIDE}photo.jpg", f"{BESIDE}plan.pdf"}
    assert active.keys() <= site.tree().keys(), "static/ is the site's own"
    assert expected <= check_site(site)
    site.assert_clean()
    site.edit("site.toml", "sanitized", "trusted")
    site.build()
    assert {f"{BESIDE}{name}" for name in active} <= site.tree().keys()
    assert "drawing.svgz" not in site.tree(), "an SVG that runs something is refused however it is packed"
    site.edit("site.toml", "trusted", "sanitized")
    site.build()
    assert not {f"{BESIDE}{name}" for name in active} & site.tree().keys()
    site.assert_clean()


def test_what_editors_and_merges_leave_beside_content_is_not_published_and_told(site: SiteOnPage) -> None:
    names = [
        "index.md.orig",
        "index.bak",
        "index.md.rej",
        "index.md.save",
        "plan.old",
        "plan.temp",
        "a.kate-swp",
        "index.md.BASE.1234",
        "b.md.2",
    ]
    for name in names:
        site.write_file(f"content/posts/trip/{name}", "confidential")
    site.write_file("content/posts/plan_LOCAL_1234.md", "---\ntitle: Confidential\ndate: 2026-01-01\n---\nconfidential")
    expected = {("content.leftover", f"content/posts/trip/{name}") for name in names}
    expected.add(("content.leftover", "content/posts/plan_LOCAL_1234.md"))
    assert check_site(site) == expected
    result = site.build().result
    assert (result.status, named(result.problems)) == ("done", expected)
    assert not any(b"confidential" in data.lower() for data in site.tree().values())


@pytest.mark.parametrize("data", [POINTER, b"", b"<html>not found</html>", (IMAGES / "truncated_jpeg.jpg").read_bytes()])
def test_sites_only_image_is_named_where_it_is_broken(site: SiteOnPage, data: bytes) -> None:
    site.write_file("content/posts/trip/photo.jpg", data)
    expected = {("image.unreadable", "content/posts/trip/photo.jpg")}
    assert check_site(site) == expected
    for _ in range(2):
        result = site.build().result
        assert (result.status, named(result.problems)) == ("partial", expected)
        assert (len(result.problems), result.failed) == (1, 1)
    assert "<p>A photograph</p>" in site.tree()[f"{BESIDE}index.html"].decode()
    assert check_site(site) == expected
    assert ("Git LFS" in result.problems[0].message) == (data == POINTER)


def test_image_whose_fault_shows_only_when_it_is_decoded_is_named_though_it_is_the_only_one(site: SiteOnPage) -> None:
    site.write_file("content/posts/trip/photo.png", (IMAGES / "broken_data_stream.png").read_bytes())
    (site.root / "content/posts/trip/photo.jpg").unlink()
    site.edit("content/posts/trip/index.md", "photo.jpg", "photo.png")
    for _ in range(2):
        assert named(site.build().result.problems) == {("image.unreadable", "content/posts/trip/photo.png")}


def test_broken_image_that_no_page_shows_is_named_too(site: SiteOnPage) -> None:
    whole = {name: (IMAGES / name).read_bytes() for name in ("hopper.webp", "hopper.avif", "transparent.gif", "transparent.png")}
    for name, data in whole.items():
        site.write_file(f"static/whole-{name}", data)
        site.write_file(f"static/cut-{name}", data[: len(data) // 3])
    icon = io.BytesIO()
    Image.new("RGB", (16, 16)).save(icon, "ICO")
    site.write_file("static/favicon.png", icon.getvalue())
    expected = {("image.unreadable", f"static/cut-{name}") for name in whole}
    for _ in range(2):
        result = site.build().result
        assert (result.status, named(result.problems)) == ("partial", expected)
    for name, data in whole.items():
        site.write_file(f"static/cut-{name}", data)
    assert site.build().result.status == "done"


def test_pointer_of_git_lfs_leaves_what_was_published(site: SiteOnPage) -> None:
    files = ("content/posts/trip/photo.jpg", "content/posts/trip/talk.mp3", "content/posts/trip/index.md", "static/plan.pdf")
    site.write_file("content/posts/trip/talk.mp3", b"ID3")
    site.write_file("static/plan.pdf", b"%PDF")
    assert site.build().result.status == "done"
    before, texts = site.tree(), {file: (site.root / file).read_bytes() for file in files}
    for file in files:
        site.write_file(file, POINTER)
    result = site.build().result
    assert {place for _, place in named(result.problems)} == set(files)
    assert all("git lfs pull" in problem.hint for problem in result.problems)
    assert site.tree() == before
    for file, data in texts.items():
        site.write_file(file, data)
    assert site.build().result.status == "done"
    assert site.tree() == before


def test_pointer_of_git_lfs_is_not_published_as_the_file(site: SiteOnPage) -> None:
    site.write_file("static/talk.mp3", POINTER)
    site.write_file("content/posts/words.md", POINTER)
    result = site.build().result
    assert named(result.problems) == {("scan.lfs-pointer", "static/talk.mp3"), ("scan.lfs-pointer", "content/posts/words.md")}
    assert not any(b"git-lfs" in data for data in site.tree().values())


def test_data_file_with_half_of_a_character_is_named_and_pages_keep_what_they_show(site: SiteOnPage) -> None:
    site.edit("site.toml", "[markdown]", 'theme = "mine"\n[markdown]')
    site.write_file("themes/mine/templates/post.html", '{{ data("team").motto }} {{ entry.title }}')
    site.write_file("data/team.json", '{"motto": "caf\\u00e9"}')
    assert site.build().result.status == "done"
    for text in ('{"motto": "caf\\ud83d"}', '{"motto": 1e999}'):
        site.write_file("data/team.json", text)
        assert check_site(site) == {("data.unreadable", "data/team.json")}
        for _ in range(2):
            result = site.build().result
            assert (result.status, named(result.problems)) == ("partial", {("data.unreadable", "data/team.json")})
        assert site.tree()[f"{BESIDE}index.html"].decode() == "café Trip"
    site.write_file("data/team.json", '{"motto": "\\ud83d\\ude00"}')
    assert site.build().result.status == "done"
    assert site.tree()[f"{BESIDE}index.html"].decode() == "😀 Trip"
