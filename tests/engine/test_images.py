"""Images of a site: what pages show, what is made for it and when, and what no machine makes twice."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cms_ssg.reporting.progress import Reporter
from tests.engine.siteonpage import SiteOnPage, read_tree

IMAGES = Path(__file__).parents[1] / "data/images"
SITE = """
-- site.toml --
name = "pictures"
base_url = "https://alpha.example/base"
[images]
widths = [48, 96]
-- content/posts/a/index.md --
---
title: A
date: 2026-01-01
---
![A man](hopper.jpg "Grace")
-- content/posts/b.md --
---
title: B
date: 2026-01-02
---
Nothing to see.
"""


@pytest.fixture
def site(built_site: Callable[..., SiteOnPage]) -> SiteOnPage:
    """A site with one image on one page, built."""
    return built_site(SITE, {"content/posts/a/hopper.jpg": (IMAGES / "hopper.jpg").read_bytes()})


def put(site: SiteOnPage, path: str, image: str) -> None:
    site.write_file(path, (IMAGES / image).read_bytes())


def variants(site: SiteOnPage) -> list[str]:
    """Variants in the output folder, by ending."""
    return sorted(key for key in site.tree() if key.startswith("images/"))


def page(site: SiteOnPage, key: str = "2026/01/a/index.html") -> str:
    return site.tree()[key].decode()


def links(html: str) -> set[str]:
    """Keys of the variants that a page shows."""
    return set(re.findall(r"/base/(images/[^\s\",]+)", html))


def made(site: SiteOnPage) -> int:
    """How many variants the last build made or looked at."""
    return int(site.query("SELECT count(*) FROM cms.outputs WHERE kind = 'image' AND build = (SELECT max(id) FROM cms.builds)")[0][0])


def test_image_in_a_body_becomes_a_picture_whose_variants_are_published(site: SiteOnPage) -> None:
    html = page(site)
    assert links(html) == set(variants(site))
    assert len(variants(site)) == 5, "two widths of AVIF and of WebP, and a JPEG"
    picture = re.search(r"<picture>.*</picture>", html)
    assert picture is not None
    assert re.search(
        r'<source type="image/avif" srcset="\S+-48\.avif 48w, \S+-96\.avif 96w" sizes="\(min-width: 44rem\) 40rem, 100vw">', picture[0]
    )
    assert re.search(
        r'<img src="/base/images/\S+-96\.jpg" alt="A man" title="Grace" width="128" height="128" decoding="async">', picture[0]
    )
    site.assert_clean()


def test_build_that_changes_nothing_makes_no_image_and_no_page(site: SiteOnPage) -> None:
    built = site.build()
    assert (built.rendered, built.written) == (frozenset(), frozenset())


def test_another_machine_makes_no_image_again(site: SiteOnPage) -> None:
    other = replace(site, root=site.root.with_name("other"))
    shutil.copytree(site.root, other.root, ignore=lambda at, names: [n for n in names if at == str(site.root) and n in ("build", ".cms")])
    other.edit("content/posts/a/index.md", "A man", "A woman")
    built = other.build()
    assert "2026/01/a/index.html" in built.written
    assert not any(key.startswith("images/") for key in built.written)
    assert made(other) == 0
    assert 'alt="A woman"' in page(other)


def test_swapped_image_replaces_its_variants_and_the_page(site: SiteOnPage) -> None:
    before = set(variants(site))
    put(site, "content/posts/a/hopper.jpg", "rgb.jpg")
    built = site.build()
    assert before.isdisjoint(variants(site))
    assert links(page(site)) == set(variants(site))
    assert built.pages == {"/2026/01/a/"}
    site.assert_clean()


def test_variants_go_with_the_last_page_that_shows_them(site: SiteOnPage) -> None:
    site.edit("content/posts/b.md", "Nothing to see.", "![again](a/hopper.jpg)")
    site.build()
    assert made(site) == 0
    site.edit("content/posts/a/index.md", '![A man](hopper.jpg "Grace")', "Gone.")
    site.build()
    assert len(variants(site)) == 5
    site.assert_clean()
    site.edit("content/posts/b.md", "![again](a/hopper.jpg)", "Gone.")
    site.build()
    assert variants(site) == []
    site.assert_clean()


def test_variants_go_with_their_page(site: SiteOnPage) -> None:
    shutil.rmtree(site.root / "content/posts/a")
    site.build()
    assert variants(site) == []
    site.assert_clean()


def test_two_files_with_the_same_bytes_share_their_variants(site: SiteOnPage) -> None:
    put(site, "static/same.jpg", "hopper.jpg")
    site.edit("content/posts/b.md", "Nothing to see.", "![again](/same.jpg)")
    site.build()
    assert made(site) == 0
    site.delete("content/posts/a/hopper.jpg")
    site.build()
    assert links(page(site, "2026/01/b/index.html")) == set(variants(site)) != set()
    site.build(full=True)
    site.assert_clean()


def test_other_widths_are_made_and_the_old_ones_go(site: SiteOnPage) -> None:
    site.edit("site.toml", "[48, 96]", "[64]")
    site.build(confirm_removals=False)
    assert {name.rpartition("-")[2] for name in variants(site)} == {"64.avif", "64.webp", "64.jpg"}
    site.assert_clean()


def test_theme_says_how_wide_images_are_and_the_site_has_the_last_word(site: SiteOnPage) -> None:
    site.edit("site.toml", "[images]\nwidths = [48, 96]\n", 'theme = "mine"\n')
    site.write_file("themes/mine/theme.toml", '[images]\nwidths = [32]\nformats = ["webp"]\nsizes = "50vw"\n')
    site.build()
    assert {name.rpartition("-")[2] for name in variants(site)} == {"32.webp", "32.jpg"}
    assert 'sizes="50vw"' in page(site)
    site.write_file("themes/mine/theme.toml", "[images]\nwidths = [40]\nformats = []\n")
    site.build()
    assert {name.rpartition("-")[2] for name in variants(site)} == {"40.jpg"}
    site.assert_clean()


def test_full_build_leaves_the_variants_that_are_there_and_makes_those_that_are_not(site: SiteOnPage) -> None:
    before = read_tree(site.output)
    kept, lost = variants(site)[:2]
    (site.output / kept).write_bytes(before[kept])
    (site.output / lost).unlink()
    built = site.build(full=True)
    assert built.written == {lost}
    assert site.tree() == before


def test_image_that_cannot_be_shown_is_an_error_that_names_it_and_the_page_is_built_without_it(site: SiteOnPage) -> None:
    site.edit("content/posts/b.md", "Nothing to see.", "![B man](/b.jpg)")
    put(site, "content/posts/a/hopper.jpg", "truncated_jpeg.jpg")
    put(site, "static/b.jpg", "hopper.webp")
    for _ in range(2):
        result = site.build().result
        first, second = sorted(result.problems, key=lambda problem: problem.place)
        assert (first.code, first.place) == ("image.unreadable", "content/posts/a/hopper.jpg")
        assert (second.code, second.place) == ("image.wrong-ending", "static/b.jpg")
        assert "/2026/01/a/ is built without it" in first.message
        assert "/2026/01/b/ is built without it" in second.message
        assert (result.status, result.failed) == ("partial", 2)
    assert "<p>A man</p>" in page(site)
    assert "<p>B man</p>" in page(site, "2026/01/b/index.html")
    assert variants(site) == []
    site.assert_clean()
    for path in ("content/posts/a/hopper.jpg", "static/b.jpg"):
        put(site, path, "hopper.jpg")
    assert site.build().result.status == "done"
    assert "<picture>" in page(site)
    assert "<picture>" in page(site, "2026/01/b/index.html")
    assert site.query("SELECT has_bad_images FROM cms.sites") == [(False,)]
    site.assert_clean()
    assert site.query("SELECT has_bad_images FROM cms.sites") == [(False,)]


def test_same_bytes_under_a_wrong_name_are_no_reason_not_to_show_them_under_a_right_one(site: SiteOnPage) -> None:
    for name in ("a.gif", "b.jpg", "c.svg"):
        put(site, f"content/posts/a/{name}", "hopper.jpg")
        site.edit("content/posts/a/index.md", 'Grace")', f'Grace")\n\n![Name {name[0]}]({name})')
        result = site.build().result
    assert {(p.code, p.place.rpartition("/")[2]) for p in result.problems} == {
        ("image.wrong-ending", "a.gif"),
        ("image.wrong-ending", "c.svg"),
        ("image.unreadable", "c.svg"),  # as a file of its own it is not published
    }
    assert page(site).count("<picture>") == 2
    assert all(f"<p>Name {name}</p>" in page(site) for name in "ac")
    assert {p.place for p in site.build().result.problems} == {p.place for p in result.problems}
    site.assert_clean()
    for name in ("a.gif", "c.svg"):
        (site.root / f"content/posts/a/{name}").rename(site.root / f"content/posts/a/{name[0]}.jpeg")
        site.edit("content/posts/a/index.md", name, f"{name[0]}.jpeg")
    assert site.build().result.problems == []
    assert page(site).count("<picture>") == 4
    site.assert_clean()


def test_what_moves_is_kept_as_it_is(site: SiteOnPage) -> None:
    put(site, "content/posts/a/moving.gif", "dispose_bgnd.gif")
    site.edit("content/posts/a/index.md", 'hopper.jpg "Grace"', "moving.gif")
    site.build()
    assert '<img src="/base/2026/01/a/moving.gif" alt="A man" width="100" height="100" decoding="async">' in page(site)
    assert variants(site) == []
    site.assert_clean()


def test_featured_image_and_card_are_pictures_and_the_first_image_of_the_text_waits(site: SiteOnPage) -> None:
    site.edit("content/posts/a/index.md", "date:", "image: hopper.jpg\nimage_alt: Grace\ndate:")
    site.build()
    html = page(site)
    assert re.search(
        r'<figure class="hero"><picture>.*<img src="\S+-96.jpg" alt="Grace" fetchpriority="high" width="128" height="128" decoding', html
    )
    assert re.search(r'alt="A man"[^>]* loading="lazy"', html)
    social = re.search(r'<meta property="og:image" content="https://alpha\.example/base/(\S+\.jpg)">', html)
    assert social is not None
    assert social[1] in variants(site)
    assert "<picture>" in page(site, "index.html")
    assert links(html) | links(page(site, "index.html")) == set(variants(site))
    site.assert_clean()


def test_many_new_images_are_made_the_same_in_workers(make_site: Callable[[str], SiteOnPage]) -> None:
    made_site = make_site(SITE)
    for number, image in enumerate(sorted(IMAGES.glob("*.[jpw]*g*"))):
        name = f"p{number}{image.suffix}"
        put(made_site, f"static/{name}", image.name)
        made_site.write_file(f"content/posts/p{number}.md", f"---\ntitle: P{number}\ndate: 2026-01-01\n---\n![x](/{name})\n")
    put(made_site, "content/posts/a/hopper.jpg", "hopper.jpg")
    for number in range(160):
        made_site.write_file(f"content/posts/q{number}.md", f"---\ntitle: Q{number}\ndate: 2026-01-01\n---\n![x](/p{number % 8}.jpg)\n")
    made_site.build(jobs=2)
    made_site.assert_clean(jobs=1)


def test_svg_with_a_script_is_neither_shown_nor_published_where_writers_are_not_trusted(site: SiteOnPage) -> None:
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30"><script>alert(1)</script></svg>'
    site.write_file("content/posts/a/plot.svg", drawing)
    site.edit("content/posts/a/index.md", 'hopper.jpg "Grace"', "plot.svg")
    site.edit("site.toml", "[images]", '[markdown]\nraw_html = "sanitized"\n[images]')
    shutil.rmtree(site.root / "content/posts/a")
    site.build()
    site.write("-- content/posts/a/index.md --\n---\ntitle: A\ndate: 2026-01-01\n---\n![A man](plot.svg)\n")
    site.write_file("content/posts/a/plot.svg", drawing)
    result = site.build().result
    assert {(p.code, p.place) for p in result.problems} == {("image.unsafe-svg", "content/posts/a/plot.svg")}
    assert "<p>A man</p>" in page(site)
    assert "2026/01/a/plot.svg" not in site.tree()
    site.write_file("content/posts/a/plot.svg", drawing.replace("<script>alert(1)</script>", ""))
    assert site.build().result.status == "done"
    assert '<img src="/base/2026/01/a/plot.svg" alt="A man" width="40" height="30"' in page(site)
    site.assert_clean()


def test_templates_ask_for_widths_and_parts_of_their_own(site: SiteOnPage) -> None:
    site.edit("site.toml", "[images]", 'theme = "mine"\n[images]')
    site.write_file(
        "themes/mine/templates/post.html",
        """{{ image("/base/2026/01/a/hopper.jpg", width=30, ratio="2:1", class="wide") }}
        {{ image("/2026/01/a/hopper.jpg", width=20 + entry.words) }} {{ image("none.jpg", alt="Nothing") }} {{ image("https://other.example/a.jpg") }}
        {{ entry.content }}""",
    )
    site.build()
    html = page(site)
    assert re.search(
        r'<img src="/base/images/\S+-60.jpg" alt="" class="wide" width="30" height="15" loading="lazy" decoding="async">', html
    )
    assert re.search(r'<source type="image/webp" srcset="\S+-(\d+).webp \1w, \S+-\d+.webp \d+w" sizes="\1px">', html)
    assert '<img src="/base/2026/01/a/none.jpg" alt="Nothing" loading="lazy" decoding="async">' in html
    assert '<img src="https://other.example/a.jpg" alt=""' in html
    assert links(html) | links(page(site, "2026/01/b/index.html")) == set(variants(site))
    site.assert_clean()


def test_focus_moves_the_part_that_a_card_shows(site: SiteOnPage) -> None:
    site.edit("content/posts/a/index.md", "date:", "image: hopper.jpg\ndate:")
    site.build()
    before = links(page(site, "index.html"))
    site.edit("content/posts/a/index.md", "date:", "focus: 0% 0%\ndate:")
    site.build()
    assert before.isdisjoint(links(page(site, "index.html")))
    site.assert_clean()


def test_cards_are_drawn_for_entries_without_an_image_where_the_site_wants_them(site: SiteOnPage) -> None:
    site.edit("site.toml", "[images]", "[images]\ncards = true")
    site.edit("content/posts/a/index.md", "date:", "image: hopper.jpg\ndate:")
    site.build()
    cards = {key for key in variants(site) if key.startswith("images/card-")}
    assert len(cards) == 1
    assert f'<meta property="og:image" content="https://alpha.example/base/{next(iter(cards))}">' in page(site, "2026/01/b/index.html")
    site.edit("content/posts/b.md", "title: B", "title: 水")
    site.build()
    assert not any("card-" in key for key in variants(site)), "the font lacks its letters"
    site.edit("content/posts/b.md", "title: 水", "title: Вода & Ærøskøbing")
    site.build()
    assert cards.isdisjoint(variants(site))
    site.assert_clean()


def test_a_drawing_is_no_picture_for_social_networks_so_a_photograph_of_the_text_is_or_a_card(site: SiteOnPage) -> None:
    site.write_file("content/posts/a/plot.SVG", '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30"/>')
    site.edit("content/posts/a/index.md", "date:", "image: plot.SVG\ndate:")
    site.build()
    assert re.search(r'<meta property="og:image" content="https://alpha\.example/base/images/[0-9a-f]+-\S+\.jpg">', page(site))
    site.edit("content/posts/a/index.md", '![A man](hopper.jpg "Grace")', "Text")
    site.build()
    assert "og:image" not in page(site)
    site.edit("site.toml", "[images]", "[images]\ncards = true")
    site.build()
    assert re.search(r'<meta property="og:image" content="https://alpha\.example/base/images/card-\S+">', page(site))
    site.assert_clean()


def test_verify_finds_a_variant_that_is_not_what_was_published(site: SiteOnPage) -> None:
    from cms_ssg.diagnostics.verify import verify
    from tests.engine.siteonpage import database

    with database(site.url):
        assert verify(site.root).different == []
        name = variants(site)[0]
        (site.output / name).write_bytes(b"other")
        assert verify(site.root).different == [f"/{name}"]


def test_set_that_one_page_gives_up_while_another_takes_it_stays(site: SiteOnPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cms_ssg.engine.rounds.ROUND", 1)  # each page is recorded by itself, all are rendered from one snapshot
    monkeypatch.setattr("cms_ssg.engine.rounds.BATCH", 1)
    site.edit("content/posts/a/index.md", '![A man](hopper.jpg "Grace")', "Gone.")
    site.edit("content/posts/b.md", "Nothing to see.", "![again](a/hopper.jpg)")
    for number in range(6):
        site.write_file(f"content/posts/c{number}.md", f"---\ntitle: C\ndate: 2026-01-03\n---\n{number}\n")
    site.build()
    assert links(page(site, "2026/01/b/index.html")) == set(variants(site)) != set()
    site.assert_clean()


def test_page_whose_variants_cannot_be_written_waits_for_the_next_build(site: SiteOnPage) -> None:
    before = page(site)
    put(site, "content/posts/a/hopper.jpg", "rgb.jpg")
    shutil.move(site.output / "images", site.root / "kept")
    (site.output / "images").write_text("in the way")
    result = site.build().result
    assert result.status == "partial"
    assert {p.code for p in result.problems} == {"publish.failed"}
    assert page(site) == before
    (site.output / "images").unlink()
    shutil.move(site.root / "kept", site.output / "images")
    assert site.build().result.status == "done"
    site.assert_clean()


class Changing(Reporter):
    """Calls a function when rendering begins."""

    def __init__(self, change: Callable[[], None]) -> None:
        self.change = change

    def phase(self, name: str, total: int = 0) -> None:
        if name == "render":
            self.change()

    def advance(self, count: int = 1) -> None:
        pass


def test_image_that_changes_while_a_build_goes_on_is_taken_by_the_next(site: SiteOnPage) -> None:
    put(site, "content/posts/a/hopper.jpg", "rgb.jpg")
    result = site.build(Changing(lambda: put(site, "content/posts/a/hopper.jpg", "hopper_gray.jpg"))).result
    assert result.status == "partial"
    assert ("publish.no-file", "content/posts/a/hopper.jpg") in {(p.code, p.place) for p in result.problems}
    assert site.build().result.status == "done"
    site.assert_clean()
