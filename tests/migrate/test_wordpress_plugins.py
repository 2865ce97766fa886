"""An export of WordPress with what plugins put into it moves in: two languages, a shop, custom fields, comments, builders of pages."""

from __future__ import annotations

import csv
import json
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from PIL import Image

from cms_ssg.migrate.comments import plain_comment
from cms_ssg.migrate.php_values import parse_php
from tests.cli.small_site import Cms
from tests.growth import MOST, find_growth

EXPORT = Path(__file__).parent.parent / "data/moving/wordpress-plugins.xml"
OLD_ADDRESSES = """/ /de/ /2024/05/ash-glazes/ /2024/05/ash-glaze/ /2024/05/glazes-from-ash/ /2024/05/ash-glazes/kiln/ /bowl/ /de/2024/05/ascheglasuren/ /produkt/celadon-bowl/
/2023/12/by-nobody/ /about-us/ /kurse/raku-evening/ /author/mara-v/ /author/jonas/ /author/ghostwriter/ /category/glazes/ /de/category/glasuren/
/category/loop-a/loop-b/ /category/loop-b/loop-a/ /product-category/bowls/ /de/feed/ /feed/ /2024/ /2024/05/02/ /de/2024/05/06/ /comments/feed/
/wp-content/uploads/2024/05/kiln.jpg /wp-content/uploads/2024/05/recipe.pdf""".split()


@pytest.fixture
def moved(cms: Cms, tmp_path: Path) -> Path:
    uploads = tmp_path / "up/2024/05"
    uploads.mkdir(parents=True)
    for name in ("kiln.jpg", "bowl.jpg"):
        Image.new("RGB", (90, 60), (90, 60, 30)).save(uploads / name)
    for name in ("recipe.pdf", "wheel.mp3"):
        (uploads / name).write_bytes(b"%PDF-1.4 ")
    code, result, said = cms("migrate", "wordpress", str(EXPORT), str(tmp_path / "site"), "--media", str(tmp_path / "up"))
    assert (code, said) == (0, "")
    assert result["made"] == {"post": 6, "media": 2, "course": 1, "page": 1, "product": 1, "people": 3, "terms": 7}
    return tmp_path / "site"


def test_each_page_keeps_its_address_text_pictures_language_and_comments(
    cms: Cms, moved: Path, build: Callable[[Path], Path], find_missing: Callable[[Path, Iterable[str]], list[str]]
) -> None:
    built = build(moved)
    assert find_missing(built, OLD_ADDRESSES) == []
    _, checked, _ = cms("-C", str(moved), "check")
    assert [problem["message"] for problem in checked["problems"]] == ['"/wp-login.php" does not exist']
    code, said, _ = cms("-C", str(moved), "comments", "import", str(moved / "migration-comments.jsonl"))
    assert (code, said) == (0, "2 comments imported, 0 there already")
    assert cms("-C", str(moved), "comments", "import", str(moved / "migration-comments.jsonl"))[1].startswith("0 comments imported, 2")
    build(moved)
    page = (built / "2024/05/ash-glazes/index.html").read_text("utf-8")
    for shown in (
        "<h1>Ash glazes, &#34;by hand&#34;</h1>", "Mara Vogt</a>, <a", "Jonas Ek", "Cover words", "Left column", 'href="/produkt/celadon-bowl/">Buy the bowl', "First fire",
        "Beside the bowl", "The recipe", "Clay remembers", "Round&#10;   and round", "The wheel", '<ol start="3">', "1,280 °C", '<li id="8c1">Sieved twice', "100% by hand",
        'hreflang="de" href="https://kiln.example/de/2024/05/ascheglasuren/"', "Which ash?", "@Rui Oak, mostly.", "2 comments",
    ):  # fmt: skip
        assert shown in page, shown
    assert "cheap pills" not in page and "rui@mail.example" not in page
    product = (built / "produkt/celadon-bowl/index.html").read_text("utf-8")
    assert product.count("<picture>") == 2 and "A bowl." in product
    for hidden in ("Only for pupils", "Not yet.", "Come.", "buyer@mail.example", "Please ring", "acf-field", "your-name"):
        assert not [path for path in built.rglob("*.html") if hidden in path.read_text("utf-8")], hidden
        if "@" in hidden or "ring" in hidden:
            assert not [path for path in (moved / "content").rglob("*.md") if hidden in path.read_text("utf-8")], hidden


def test_all_that_plugins_had_and_has_no_place_here_is_named_by_line(moved: Path) -> None:
    rows = list(csv.reader((moved / "migration-report.csv").read_text("utf-8").splitlines()))[1:]
    lines = EXPORT.read_text("utf-8").splitlines()
    named = {(what, detail) for _, _, what, detail, _ in rows}
    for what, begin in (
        ("blocks", "wp:acf/testimonial"), ("blocks", "wp:latest-posts"), ("blocks of plugins", "wp:yoast/faq-block"), ("shortcodes", "[su_button"), ("playlists", "[playlist"),
        ("orders and coupons", "shop_order"), ("variations of products", "product_variation"), ("products", "Celadon"), ("forms and what was sent by them", "wpcf7"),
        ("items of plugins", "acf-field-group"), ("pages of a page builder", "Elementor"), ("hidden custom fields of plugins", "_yoast_wpseo_opengraph-image"),
        ("comments that were spam or in the trash", "cheap pills"), ("notices of other sites and programs among the comments", "pingback"), ("private pages", "Secret glaze"),
        ("formats of posts", "Gallery"), ("page templates", "templates/full-width.php"), ("authors that the export does not describe", "ghostwriter"),
        ("terms that stand above each other in a circle", "category: loop-a"), ("descriptions of pictures and files", "kiln: The big kiln"),
    ):  # fmt: skip
        assert any(kind == what and detail.startswith(begin) for kind, detail in named), (what, begin)
    block = next(row for row in rows if row[3].startswith("wp:acf/testimonial"))
    assert "wp:acf/testimonial" in lines[int(block[1]) - 1] and "Best bowls in town" in block[3]


def test_settings_and_front_matter_of_a_site_in_two_languages(moved: Path) -> None:
    settings = tomllib.loads((moved / "site.toml").read_text("utf-8"))
    assert [locale["code"] for locale in settings["locales"]] == ["en", "de"]
    assert settings["content_locale"] == "field:locale"
    assert settings["title"] == "Kiln & Clay"
    assert settings["collection"][0] == {"name": "posts", "path": "content/posts", "type": "post", "url": "/{year}/{month}/{slug}/"}
    assert {"language", "post-translations", "product-type"}.isdisjoint(settings["taxonomies"])
    text = (moved / "content/posts/2024/ash-glazes.md").read_text("utf-8")
    assert "metadata: {firing_range: {low: 1240, high: 1280.5}, ingredient: [ash, feldspar]}" in text
    assert "meta_title" not in text, "a title made of the page's own is the theme's"
    assert "translation_key: pll_66a1" in text and "authors: [mara-v, jonas]" in text
    comments = [json.loads(line) for line in (moved / "migration-comments.jsonl").read_text("utf-8").splitlines()]
    assert [(row["name"], row.get("parent"), row["date"]) for row in comments] == [
        ("Rui", None, "2024-05-04 08:00:00Z"),
        ("Mara Vogt", "1", "2024-05-04 10:00:00Z"),
    ]
    assert "/migration-comments.jsonl" in (moved / ".gitignore").read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('a:2:{i:0;s:5:"heiß";i:1;b:1;}', ["heiß", True]),
        ('a:1:{s:1:"a";a:1:{s:1:"b";d:1.5;}}', {"a": {"b": 1.5}}),
        ("N;", None),
        ("i:12;", 12),
        ("plain: text", "plain: text"),
        ('s:99:"short";', 's:99:"short";'),
        ('O:8:"stdClass":0:{}', 'O:8:"stdClass":0:{}'),
        ("a:999999999:{", "a:999999999:{"),
        ("a:1:{i:0;" * 200 + "}" * 200, "a:1:{i:0;" * 200 + "}" * 200),
    ],
)
def test_values_that_php_serialised(text: str, value: object) -> None:
    assert parse_php(text) == value


def test_comments_are_plain_text_with_their_links() -> None:
    assert (
        plain_comment('A <a href="https://x.example/1">page</a><br>next &amp; <b>last</b><!-- x -->')
        == "A page (https://x.example/1)\nnext & last"
    )
    for piece in ('<a href="x', "<!-- ", "<a href href='"):
        assert find_growth(plain_comment, lambda size, piece=piece: piece * size, 300) < MOST


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"path": "/nowhere/", "name": "a", "content": "b"}', "comments.no-entry"),
        ("no json", "comments.import"),
        ('{"path": "/about/", "name": "a"}', "comments.import"),
        ('{"path": "/about/", "name": "a", "content": "b", "date": "soon"}', "comments.import"),
        ('{"path": "/about/", "name": "\\ud800", "content": "b"}', "comments.import"),
        ("[" * 100_000, "comments.import"),
    ],
)
def test_lines_that_are_no_comments_are_named_and_the_others_imported(cms: Cms, site: Path, line: str, code: str) -> None:
    (site / "site.toml").write_text('title = "T"\nbase_url = "https://a.org"\nverticals = ["blog", "reviews"]\n')
    assert cms("build")[0] == 0
    (site / "c.jsonl").write_text(f'{line}\n\n{{"path": "/about/", "name": "Ann", "content": "Fine\\u0000"}}\n')
    number, result, _ = cms("comments", "import", "c.jsonl")
    assert number == 1
    assert (result["problems"][0]["code"], result["problems"][0]["line"]) == (code, 1)
    assert "1 comment imported" in result["problems"][-1]["message"]
    code_, result, _ = cms("comments", "import", "missing.jsonl")
    assert (code_, result["problems"][0]["code"]) == (1, "comments.import")
