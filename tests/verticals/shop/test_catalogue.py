"""Products become rows that can be sold and pages that are never staler than what they show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from cms_ssg.edge.state import load_edge
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.store.open_store import open_store
from cms_ssg.verticals.shop import VERTICAL
from cms_ssg.verticals.shop.checks import check_shop
from cms_ssg.verticals.shop.tasks import rank_best_sellers
from tests.engine.siteonpage import SiteOnPage, assert_same, database
from tests.verticals.shop.stand import SITE

MUG, SHOP = "/products/mug/", "/shop/ceramics/"


def assert_clean(site: SiteOnPage) -> None:
    """The output is what a clean build of the same files and the same stock makes."""

    def copy_rows(clean: SiteOnPage) -> None:
        for sku, location, delta, reason, ref in site.query(
            "SELECT sku, location, delta, reason, ref FROM cms.stock_moves ORDER BY number"
        ):
            clean.query(
                "INSERT INTO cms.stock_moves (site, sku, location, delta, reason, ref) SELECT id, %s, %s, %s, %s, %s FROM cms.sites",
                sku,
                location,
                delta,
                reason,
                ref,
            )

    assert_same(site.tree(), site.build_clean(prepare=copy_rows, now=site.options.now).tree())


def move(site: SiteOnPage, sku: str, delta: int) -> None:
    site.query(
        "INSERT INTO cms.stock_moves (site, sku, delta, reason, ref) SELECT id, %s, %s, 'adjusted', gen_random_uuid()::text FROM cms.sites",
        sku,
        delta,
    )


@pytest.fixture
def site(make_site: Callable[[str], SiteOnPage]) -> SiteOnPage:
    """The stand, built."""
    site = make_site(SITE)
    assert site.build().result.status == "done"
    return site


def page(site: SiteOnPage, path: str) -> str:
    return (site.output / path.strip("/") / "index.html").read_text()


def test_products_and_variations_are_rows_with_the_columns_that_people_know(site: SiteOnPage) -> None:
    assert site.query("SELECT sku, price, stock_quantity, stock_status, product_type, status, currency FROM cms.products ORDER BY sku") == [
        ("BOWL", 3050, 1000, "in_stock", "simple", "published", "EUR"), ("DRAFT", 100, 0, "out_of_stock", "simple", "draft", "EUR"),
        ("GUIDE", 900, 0, "in_stock", "digital", "published", "EUR"), ("LATER", 8000, 1, "in_stock", "simple", "published", "EUR"),
        ("MUG", 2000, 50, "in_stock", "simple", "published", "EUR"), ("SET", 4500, 0, "in_stock", "bundle", "published", "EUR"),
        ("shirt", 1500, 0, "in_stock", "variable", "published", "EUR"),
    ]  # fmt: skip
    assert site.query("SELECT sku, attributes, price, stock_quantity, stock_status, is_active FROM cms.product_variations ORDER BY sku") == [
        ("SHIRT-L", {"size": "L"}, 1700, 0, "out_of_stock", True), ("SHIRT-S", {"size": "S"}, 1500, 4, "in_stock", True),
    ]  # fmt: skip
    assert site.query("SELECT sku FROM cms.skus WHERE NOT is_sold ORDER BY sku") == [("DRAFT",), ("shirt",)]


def test_a_page_shows_price_and_state_and_never_what_the_product_cost(site: SiteOnPage) -> None:
    assert "€20.00" in page(site, MUG)
    assert "In stock" in page(site, MUG)
    assert '"price":"20.00"' in page(site, MUG)
    assert '"lowPrice":"15.00"' in page(site, "/products/shirt/")
    assert not any(b"4.25" in data or b"425" in data for path, data in site.tree().items() if "shirt" in path or "shop" in path)
    assert_clean(site)


def test_only_a_change_of_the_displayed_state_renders_pages(site: SiteOnPage) -> None:
    move(site, "MUG", -40)
    assert site.build().pages == set()
    move(site, "MUG", -8)
    assert site.build().pages == {MUG, "/products/set/", SHOP, "/"}
    assert "Only a few left" in page(site, SHOP)
    move(site, "MUG", -1)
    assert site.build().pages == set()
    move(site, "MUG", -1)
    assert site.build().pages == {MUG, "/products/set/", SHOP, "/"}
    assert 'class="add"' not in page(site, "/products/set/")
    assert_clean(site)
    move(site, "SHIRT-L", 5)
    assert site.build().pages == {"/products/shirt/", "/"}
    assert_clean(site)


def test_a_price_that_is_edited_renders_what_shows_it(site: SiteOnPage) -> None:
    site.edit("content/products/mug.md", "price: 20.00", "price: 21.00")
    assert site.build().pages == {MUG, SHOP, "/"}
    assert site.query("SELECT price FROM cms.products WHERE sku = 'MUG'") == [(2100,)]
    assert_clean(site)


def test_a_sale_begins_and_ends_by_the_clock_without_a_row_written(site: SiteOnPage) -> None:
    sale = "price: 20.00\nsale_price: 16.00\nsale_from: 2026-03-29T00:00:00+01:00\nsale_until: 2026-03-30T00:00:00+02:00"
    site.edit("content/products/mug.md", "price: 20.00", sale)
    site.build()
    assert "€16.00" not in page(site, MUG)
    before = site.query("SELECT xmin::text, * FROM cms.skus WHERE sku = 'MUG'")
    for at, shown in (
        (datetime(2026, 3, 28, 22, 59, tzinfo=UTC), False), (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), True), (datetime(2026, 3, 29, 21, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 29, 22, 0, tzinfo=UTC), False),
    ):  # fmt: skip
        site.options = replace(site.options, now=at)
        rendered = site.build().pages
        assert ("€16.00" in page(site, MUG)) == shown
        assert rendered <= {MUG, SHOP, "/", "/sale/"}
        assert ("sale/index.html" in site.tree()) == shown
        if at.minute == 0:  # the first minute of the sale, and the first one after it
            assert_clean(site)
    assert site.query("SELECT xmin::text, * FROM cms.skus WHERE sku = 'MUG'") == before


def test_a_product_that_goes_is_no_longer_sold_and_its_history_stays(site: SiteOnPage) -> None:
    site.delete("content/products/mug.md")
    site.build()
    assert site.query("SELECT sku FROM cms.skus WHERE sku = 'MUG'") == []
    assert site.query("SELECT on_hand FROM cms.stock_levels WHERE sku = 'MUG'") == [(50,)]
    assert 'class="add"' not in page(site, "/products/set/")
    assert_clean(site)


def test_what_cannot_be_sold_as_it_is_written_is_reported_by_check(site: SiteOnPage) -> None:
    site.write_file("content/products/other.md", "---\ntitle: Other\nsku: MUG\nprice: 1.00\n---\nSame.\n")
    site.write_file("content/products/odd.md", "---\ntitle: Odd\nsku: ODD\nprice: 1.005\n---\nHalf a cent.\n")
    site.write_file("content/products/tea.md", "---\ntitle: Tea\nsku: TEA\nprice: 4.00\ntax_class: redused\n---\nA slip.\n")
    site.write_file("content/products/both.md", "---\ntitle: Both\nproduct_type: grouped\ngrouped: [MUG, SHIRT-S, AWAY]\n---\nA slip.\n")
    site.edit("content/products/set.md", "sku: BOWL", "sku: NOTHING")
    site.build()
    with database(site.url), open_store(site.root, "") as (opened, connection, row):
        problems = list(check_shop(OpenSite(opened, connection, row.id)))
    assert [(problem.code, problem.place) for problem in problems] == [
        ("shop.same-sku", "content/products/other.md"), ("shop.no-price", "content/products/odd.md"), ("shop.no-part", "content/products/set.md"),
        ("shop.no-part", "content/products/both.md"), ("shop.no-rate", "content/products/tea.md"),
    ]  # fmt: skip
    assert site.query("SELECT price FROM cms.sellables WHERE sku = 'MUG'") == [(2000,)]


def test_a_product_with_a_thousand_variations_is_one_page_and_a_thousand_rows(site: SiteOnPage) -> None:
    lines = "\n".join(f"  - {{sku: V-{n}, attributes: {{size: {n}}}, price: {10 + n}, stock: 3}}" for n in range(1000))
    site.write_file("content/products/many.md", f"---\ntitle: Many\nsku: MANY\nvariations:\n{lines}\n---\nAll sizes.\n")
    site.build()
    assert site.query("SELECT count(*) FROM cms.product_variations WHERE sku LIKE 'V-%%'") == [(1000,)]
    assert page(site, "/products/many/").count("<option") == 1000
    assert ">size: 7 · €17.00</option>" in page(site, "/products/many/")


def test_what_another_shop_sells_has_a_price_and_is_not_said_to_be_out_of_stock(site: SiteOnPage) -> None:
    fields = "title: Poster\nsku: POSTER\nprice: 25.00\nproduct_type: external\nexternal_url: https://example.org/a?b=1&c=2\nbutton_text: Buy there"
    site.write_file("content/products/poster.md", f"---\n{fields}\n---\nOn paper.\n")
    site.build()
    shown = page(site, "/products/poster/")
    assert 'href="https://example.org/a?b=1&amp;c=2" rel="noopener">Buy there</a>' in shown
    assert '"price":"25.00"' in shown
    assert "availability" not in shown


FOUND = """
title: {title}
sku: {sku}
price: 12.00
stock: 9
brand: Thread
categories: [Ceramics]
visibility: {visibility}
"""


def test_a_product_is_found_where_its_visibility_says_and_an_archived_one_leads_to_what_took_its_place(site: SiteOnPage) -> None:
    site.edit("site.toml", "[shop]\n", '[search]\n[shop]\nfacets = ["brand", "size"]\nfacets_least = 2\n')
    for name in ("visible", "catalog", "search", "hidden"):
        text = FOUND.format(title=f"Jar {name}", sku=f"JAR-{name}", visibility=name)
        site.write_file(f"content/products/jar-{name}.md", f"---{text}---\nA jar.\n")
    site.write_file(
        "content/products/old.md", "---\ntitle: Old\nsku: OLD\nprice: 5.00\narchived: true\nreplaced_by: product:mug\n---\nOld.\n"
    )
    site.write_file("content/products/past.md", "---\ntitle: Past\nsku: PAST\nprice: 5.00\narchived: true\n---\nPast.\n")
    assert site.build().result.status == "done"
    tree = {path: data.decode("utf-8", "replace") for path, data in site.tree().items() if path.endswith((".html", ".xml"))}
    found = {
        name: tuple(f"jar-{name}" in text for text in (tree["shop/ceramics/index.html"], tree["index.html"], tree["sitemap-pages-1.xml"], tree["merchant-1.xml"]))
        for name in ("visible", "catalog", "search", "hidden")
    }  # fmt: skip
    assert found == {"visible": (True,) * 4, "catalog": (True,) * 4, "search": (False, False, True, True), "hidden": (False,) * 4}
    assert site.query("SELECT path FROM cms.documents WHERE path LIKE '/products/jar%%' ORDER BY path") == [
        ("/products/jar-search/",),
        ("/products/jar-visible/",),
    ]
    assert "noindex" in tree["products/jar-hidden/index.html"]
    assert "jar-visible" in tree["shop/ceramics/brand/thread/index.html"]
    assert "noindex" in tree["shop/ceramics/brand/thread/index.html"]
    assert 'href="/shop/ceramics/brand/thread/"' not in tree["shop/ceramics/index.html"]  # the only one
    for name in ("mug", "bowl"):
        site.edit(f"content/products/{name}.md", "stock:", "brand: Kiln\nstock:")
    site.build()
    assert all(f'href="/shop/ceramics/brand/{brand}/"' in page(site, SHOP) for brand in ("thread", "kiln"))
    assert "/products/mug/" in tree["products/old/index.html"]
    assert "products/past/index.html" not in tree
    assert site.query("SELECT sku, status FROM cms.products WHERE status = 'archived' ORDER BY 1") == [
        ("OLD", "archived"),
        ("PAST", "archived"),
    ]
    with database(site.url), open_store(site.root, "") as (opened, connection, row):
        edge = load_edge(connection, opened, row.id, datetime.now(UTC), ())
    assert "/products/past/" in edge.gone
    assert edge.redirects["/products/old/"] == "/products/mug/"
    assert_clean(site)


def test_googles_feed_has_each_variation_with_its_price_and_state(site: SiteOnPage) -> None:
    root = ET.fromstring(site.tree()["merchant-1.xml"])
    google = "{http://base.google.com/ns/1.0}"
    items = {item.findtext(f"{google}id"): item for item in root.iter("item")}
    told = {
        sku: tuple(item.findtext(google + name) for name in ("price", "availability", "item_group_id", "size"))
        for sku, item in items.items()
    }
    assert told["MUG"] == ("20.00 EUR", "in_stock", None, None)
    assert told["SHIRT-L"] == ("17.00 EUR", "out_of_stock", "shirt", "L")
    assert told["LATER"][1] == "in_stock"
    assert "DRAFT" not in told
    move(site, "MUG", -50)
    assert "/merchant-1.xml" in site.build().rendered
    site.edit("content/products/shirt.md", "{size: S}", "{size: S, Colour: red}")
    site.build()
    assert [color.text for color in ET.fromstring(site.tree()["merchant-1.xml"]).iter(f"{google}color")] == ["red"]
    assert_clean(site)


def test_reviews_of_buyers_are_verified_and_what_sells_best_is_on_the_front_page(site: SiteOnPage) -> None:
    mug, bowl = (site.query("SELECT product FROM cms.skus WHERE sku = %s", sku)[0][0] for sku in ("MUG", "BOWL"))
    for number, email, status in ((1, "ann@example.org", "processing"), (2, "bob@example.org", "pending")):
        site.query(
            "INSERT INTO cms.orders (number, site, order_number, checkout_key, customer_email, customer_name, billing_address, subtotal, total, currency, taxes_included,"
            " payment_method, status, paid_at) SELECT %s, id, %s, %s, %s, 'x', '{}', 1, 1, 'EUR', true, 'fake', %s, CASE WHEN %s = 'processing' THEN now() END FROM cms.sites",
            number, str(number), str(number), email, status, status,
        )  # fmt: skip
        site.query(
            'INSERT INTO cms.order_items ("order", order_id, product, product_id, product_name, sku, quantity, unit_price, subtotal, total)'
            " SELECT number, order_id, %s, order_id, 'Mug', 'MUG', 1, 1, 1, 1 FROM cms.orders WHERE number = %s", mug, number,
        )  # fmt: skip
    for entry, email in ((mug, "ANN@example.org"), (mug, "bob@example.org"), (mug, None), (bowl, "ann@example.org")):
        site.query(
            "INSERT INTO cms.reviews (site, entry, author_name, author_email, rating, content, status) SELECT id, %s, 'A', %s, 4, 'Good.', 'approved' FROM cms.sites",
            entry, email,
        )  # fmt: skip
    assert site.query("SELECT entry, lower(author_email) FROM cms.reviews WHERE is_verified_purchase") == [(mug, "ann@example.org")]
    with database(site.url), open_store(site.root, "") as (opened, connection, row):
        rank_best_sellers(OpenSite(opened, connection, row.id))
    site.build()
    assert '"ratingValue":4' in page(site, MUG)
    assert site.query("SELECT rating_avg, review_count FROM cms.products WHERE sku = 'MUG'") == [(4, 3)]
    assert "Best sellers" in page(site, "/")
    with database(site.url), open_store(site.root, "") as (opened, connection, row):
        rank_best_sellers(OpenSite(opened, connection, row.id))
    assert site.build().pages == set()


def test_modules_of_the_core_that_make_its_rows_count_as_its_code(tmp_path: Path) -> None:
    assert {path.stem for path in VERTICAL.sources if path.is_file()} == {"catalogue", "facts", "merchant_feed"}
    source = tmp_path / "rows.py"
    digests = set()
    for text in ("a = 1", "a = 2", "a = 1"):
        source.write_text(text)
        digests.add(replace(VERTICAL, sources=(*VERTICAL.sources, source)).digest)
    assert len(digests) == 2


@pytest.mark.parametrize(("locale", "weight"), [("en", "0.4 kg"), ("de", "0,4 kg")])
def test_a_product_page_says_what_it_weighs_and_measures_for_people_and_for_programs(
    make_site: Callable[[str], SiteOnPage], locale: str, weight: str
) -> None:
    measured = SITE.replace("weight: 0.4\n", "weight: 0.4\nlength: 12.5\nwidth: 9\nheight: 10\n").replace(
        "attributes: {size: S}, stock: 4", "attributes: {size: S}, stock: 4, weight: 0.2"
    ).replace("stock: 0, price: 17.00", "stock: 0, price: 17.00, weight: 0.35")  # fmt: skip
    site = make_site(measured.replace("[home]", f'[[locales]]\ncode = "{locale}"\n[home]'))
    assert site.build().result.status == "done"
    mug, comma = page(site, MUG), "," if locale == "de" else "."
    assert f"<td>{weight}</td>" in mug.replace("\N{NO-BREAK SPACE}", " ")
    assert f"<td>12{comma}5 × 9 × 10 cm</td>" in mug.replace("\N{NO-BREAK SPACE}", " ")
    data = mug[mug.index("application/ld+json") :]
    for name, value, unit in (("weight", "0.4", "KGM"), ("depth", "12.5", "CMT"), ("width", "9", "CMT"), ("height", "10", "CMT")):
        assert f'"{name}":{{"@type":"QuantitativeValue","value":{value},"unitCode":"{unit}"}}' in data
    shirt = page(site, "/products/shirt/").replace("\N{NO-BREAK SPACE}", " ")
    assert f"<td>0{comma}2 kg – 0{comma}35 kg</td>" in shirt
    assert "QuantitativeValue" not in shirt
    assert 'class="facts"' not in page(site, "/products/guide/")
