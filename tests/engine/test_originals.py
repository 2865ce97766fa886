"""Originals of images as they are published: without what they say besides their pixels."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from cms_ssg.build import build
from cms_ssg.diagnostics.verify import verify
from tests.engine.killing import kill_at
from tests.engine.siteonpage import SiteOnPage, database
from tests.images.test_card import make_font

IMAGES = Path(__file__).parents[1] / "data/images"
GPS = 0x8825
SITE = """
-- site.toml --
name = "originals"
base_url = "https://alpha.example"
[images]
widths = [48]
-- content/posts/a/index.md --
---
title: A
date: 2026-01-01
---
![A place](place.jpg) and [all of it](place.jpg)
-- static/words.txt --
Exif
"""
BESIDE, STATIC = "2026/01/a/place.jpg", "there.jpg"


@pytest.fixture
def site(built_site: Callable[..., SiteOnPage]) -> SiteOnPage:
    """A site with a photograph that says where it was taken, beside a page and in static/, built."""
    return built_site(SITE, dict.fromkeys(("content/posts/a/place.jpg", "static/there.jpg"), (IMAGES / "exif_gps.jpg").read_bytes()))


def places(site: SiteOnPage) -> list[bool]:
    """Whether each of the two published originals says where it was taken."""
    tree = site.tree()
    return [bool(dict(Image.open(io.BytesIO(tree[key])).getexif().get_ifd(GPS))) for key in (BESIDE, STATIC)]


def test_published_originals_do_not_say_where_they_were_taken(site: SiteOnPage) -> None:
    source = (site.root / "static/there.jpg").read_bytes()
    assert places(site) == [False, False]
    assert dict(Image.open(io.BytesIO(source)).getexif().get_ifd(GPS)), "the checkout keeps its own"
    assert Image.open(io.BytesIO(site.tree()[STATIC])).tobytes() == Image.open(io.BytesIO(source)).tobytes()
    built = site.build()
    assert (built.rendered, built.written) == (frozenset(), frozenset())
    assert site.build(full=True).written == frozenset()
    with database(site.url):
        assert verify(site.root).different == []
        (site.output / STATIC).write_bytes(source)
        assert verify(site.root).different == [f"/{STATIC}"]


def test_setting_that_keeps_metadata_makes_originals_again_and_no_page(site: SiteOnPage) -> None:
    for wanted in (False, True):
        site.edit("site.toml", "[images]\n" if not wanted else "strip = false\n", "[images]\nstrip = false\n" if not wanted else "")
        assert site.build().written == {BESIDE, STATIC}
        assert places(site) == [not wanted, not wanted]
        site.assert_clean()


def test_originals_that_an_older_version_published_are_made_again(site: SiteOnPage) -> None:
    site.query("UPDATE cms.claims SET spec = spec - 'form' WHERE spec ? 'form'")
    site.query("UPDATE cms.outputs SET reads = '{}', digest = '\\x00' WHERE kind = 'file'")
    site.query("UPDATE cms.sites SET derive_digest = '\\x00'")
    for key in (BESIDE, STATIC):
        (site.output / key).write_bytes((IMAGES / "exif_gps.jpg").read_bytes())
    site.build()
    assert places(site) == [False, False]
    site.assert_clean()


def test_bytes_of_an_image_say_that_it_is_one_and_not_its_name(site: SiteOnPage) -> None:
    photograph = (IMAGES / "exif_gps.jpg").read_bytes()
    drawing = io.BytesIO()
    Image.new("RGB", (9, 9)).save(drawing, "PNG", exif=Image.open(io.BytesIO(photograph)).getexif())
    assert (b"Exif" in photograph, b"eXIf" in drawing.getvalue()) == (True, True)
    names = [f"static/b.{ending}" for ending in ("jfif", "jpe", "JFIF", "pjpeg", "bin", "txt", "png")] + [
        "content/posts/a/c.jfi",
        "static/none",
    ]
    for name in names:
        site.write_file(name, photograph)
    for name in ("static/e.apng", "static/f.gif"):
        site.write_file(name, drawing.getvalue())
    site.build()
    published = {path: data for path, data in site.tree().items() if data.startswith((b"\xff\xd8\xff", b"\x89PNG"))}
    assert len(published) >= len(names) + 2
    assert [path for path, data in published.items() if b"Exif" in data or b"eXIf" in data] == []
    site.edit("site.toml", "[images]", "[images]\nstrip = false")
    site.build()
    assert site.tree()["b.jfif"] == photograph
    site.assert_clean()


def test_swapped_original_is_published_without_metadata_too(site: SiteOnPage) -> None:
    site.write_file("static/there.jpg", (IMAGES / "hopper_orientation_6.jpg").read_bytes())
    built = site.build()
    assert built.written == {STATIC}
    assert dict(Image.open(io.BytesIO(site.tree()[STATIC])).getexif()) == {0x0112: 6}
    site.assert_clean()


def test_dry_run_counts_an_image_that_nobody_has_looked_at_apart_from_sizes_to_be_made(site: SiteOnPage) -> None:
    site.write_file("static/new.jpg", (IMAGES / "hopper.jpg").read_bytes())
    site.write_file("content/posts/b.md", "---\ntitle: B\ndate: 2026-01-02\n---\n![A man](/new.jpg) ![Again](/new.jpg)\n")
    would = site.build(dry_run=True).result.would
    assert would is not None
    assert (would.images, would.unlooked) == (0, 1)
    before = site.tree().keys()
    site.build()
    made = [path for path in site.tree().keys() - before if path.startswith("images/")]
    for path in made:
        (site.output / path).unlink()
    site.query("UPDATE cms.outputs SET digest = NULL WHERE kind = 'image' AND path = ANY(%s)", [f"/{path}" for path in made])
    site.edit("content/posts/b.md", "title: B", "title: Bb")
    would = site.build(dry_run=True).result.would
    assert would is not None
    assert (would.images, would.unlooked) == (len(made), 0)


RUNS = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30"><script>alert(1)</script></svg>'


def test_own_svg_with_a_script_is_an_error_unless_the_site_allows_it(site: SiteOnPage) -> None:
    site.write_file("static/plot.svg", RUNS)
    site.write_file("content/posts/b.md", "---\ntitle: B\ndate: 2026-01-02\n---\n![A plot](/plot.svg)\n")
    for _ in range(2):
        result = site.build().result
        assert result.status == "partial"
        assert {(p.code, p.place) for p in result.problems} == {("image.unsafe-svg", "static/plot.svg")}
        assert any("/2026/01/b/ is built without it" in p.message and "active_svg" in p.hint for p in result.problems)
    tree = site.tree()
    assert "plot.svg" not in tree
    assert "<p>A plot</p>" in tree["2026/01/b/index.html"].decode()
    site.assert_clean()
    site.edit("site.toml", "[images]", "[images]\nactive_svg = true")
    assert site.build().result.status == "done"
    assert site.tree()["plot.svg"].decode() == RUNS
    assert 'src="/plot.svg"' in site.tree()["2026/01/b/index.html"].decode()
    site.assert_clean()


def test_svg_that_becomes_refused_stays_as_it_was_until_it_is_mended_or_its_file_goes(site: SiteOnPage) -> None:
    draws, draws_more = (RUNS.replace("<script>alert(1)</script>", inside) for inside in ("", "<path d='M0 0h4'/>"))
    site.write_file("static/plot.svg", draws)
    site.write_file("content/posts/b.md", "---\ntitle: B\ndate: 2026-01-02\n---\n![A plot](/plot.svg)\n")
    assert site.build().result.status == "done"
    site.write_file("static/plot.svg", RUNS)
    result = site.build().result
    assert {(p.code, p.place) for p in result.problems} == {("image.unsafe-svg", "static/plot.svg")}
    assert site.tree()["plot.svg"].decode() == draws
    assert "<p>A plot</p>" in site.tree()["2026/01/b/index.html"].decode()
    site.write_file("static/plot.svg", draws_more)
    assert site.build().result.status == "done"
    assert site.tree()["plot.svg"].decode() == draws_more
    site.edit("site.toml", "[images]", "[images]\nactive_svg = true")
    site.write_file("static/plot.svg", RUNS)
    assert site.build().result.status == "done"
    site.edit("site.toml", "active_svg = true", "active_svg = false")
    assert site.build().result.status == "partial"
    assert site.tree()["plot.svg"].decode() == RUNS
    (site.root / "static/plot.svg").unlink()
    site.build()
    assert "plot.svg" not in site.tree()
    site.assert_clean()


def test_svg_is_looked_at_again_where_writers_are_no_longer_trusted(site: SiteOnPage) -> None:
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30"><image href="https://other.example/a.png"/></svg>'
    site.write_file("content/posts/a/plot.svg", drawing)
    site.edit("content/posts/a/index.md", "![A place](place.jpg)", "![A plot](plot.svg)")
    assert site.build().result.status == "done"
    assert '<img src="/2026/01/a/plot.svg" alt="A plot" width="40" height="30"' in site.tree()["2026/01/a/index.html"].decode()
    site.edit("site.toml", "[images]", '[markdown]\nraw_html = "sanitized"\n[images]')
    assert site.build().result.status == "partial"
    assert "A plot and" in site.tree()["2026/01/a/index.html"].decode()
    site.edit("site.toml", "sanitized", "trusted")
    assert site.build().result.status == "done"
    assert "plot.svg" in site.tree()["2026/01/a/index.html"].decode()
    site.assert_clean()


def test_templates_show_a_placeholder_while_an_image_loads(site: SiteOnPage) -> None:
    text = (Path(__file__).parents[2] / "docs/images.md").read_text("utf-8")
    shown = text.partition("### While an image loads")[2].partition("```html\n")[2].partition("```")[0]
    site.write_file("themes/mine/templates/list.html", "{% for item in list['items'] %}" + shown + "{% endfor %}")
    site.write_file("themes/mine/templates/home.html", '{{ image_facts("/there.jpg").height }} {{ image_facts("/none.jpg") }}')
    site.edit("site.toml", "[images]", 'theme = "mine"\n[images]')
    site.edit("content/posts/a/index.md", "date:", "image: place.jpg\nsection: news\ndate:")
    assert site.build().result.status == "done"
    size = Image.open(io.BytesIO((IMAGES / "exif_gps.jpg").read_bytes())).size
    assert site.tree()["index.html"].decode() == f"{size[1]} None"
    assert 'style="background: #' in site.tree()["news/index.html"].decode()
    assert "center/cover url(data:image/webp;base64,UklG" in site.tree()["news/index.html"].decode()
    site.assert_clean()
    site.write_file("content/posts/a/place.jpg", (IMAGES / "truncated_jpeg.jpg").read_bytes())
    assert site.build().result.status == "partial"
    assert "style=" not in site.tree()["news/index.html"].decode()
    site.assert_clean()


def test_cards_are_drawn_in_the_sites_own_font_and_again_when_it_changes(site: SiteOnPage) -> None:
    site.write_file("content/posts/b.md", "---\ntitle: 水\ndate: 2026-01-02\n---\nText.\n")
    site.write_file("content/posts/c.md", "---\ntitle: C\ndate: 2026-01-02\n---\nText.\n")
    site.edit("site.toml", "[images]", 'title = "A"\n[images]\ncards = true\ncard_font = "fonts/mine.ttf"')

    def cards() -> set[str]:
        return {key for key in site.tree() if key.startswith("images/card-")}

    result = site.build().result
    assert [(p.code, p.place) for p in result.problems] == [("image.no-font", "fonts/mine.ttf")]
    assert len(cards()) == 2, "of A and C"
    site.write_file("fonts/mine.ttf", make_font("水A"))
    assert site.build().result.status == "done"
    drawn = cards()
    assert len(drawn) == 3
    site.assert_clean()
    site.write_file("fonts/mine.ttf", make_font("水AC"))
    assert site.build().pages == {"/2026/01/a/", "/2026/01/b/", "/2026/01/c/"}
    assert drawn.isdisjoint(cards())
    site.assert_clean()
    site.write_file("fonts/mine.ttf", b"none")
    assert "image.no-font" in {p.code for p in site.build().result.problems}
    site.write_file("fonts/mine.ttf", make_font("水AC"))
    site.build()
    site.assert_clean()


@pytest.mark.parametrize("stride", [17, pytest.param(1, marks=pytest.mark.long)])
def test_variants_that_a_killed_build_wrote_go_when_their_image_became_another(site: SiteOnPage, stride: int) -> None:
    step, killed = 1, True
    while killed:
        for colour in ("first", "second"):
            image = io.BytesIO()
            Image.new("RGB", (96, 64), (step, 200 if colour == "first" else 90, 20)).save(image, "JPEG")
            site.write_file("content/posts/a/place.jpg", image.getvalue())
            if colour == "first":
                with database(site.url):
                    killed = kill_at(step, lambda: build(site.root, site.options))
        site.build()
        site.assert_clean()
        step += stride
