"""Pages of a directory: which there are, what a change renders, and that they are what a clean build makes."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

from cms_ssg.cli.main import run as run_cms
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.store.open_store import open_store
from cms_ssg.verticals.directory.upkeep import count_views
from tests.engine.siteonpage import SiteOnPage, database
from tests.verticals.directory.conftest import HERE, write_listing


def json_ld(html: str) -> dict[str, object]:
    found = json.loads(re.findall(r'<script type="application/ld\+json">(.*?)</script>', html)[0])
    graph: dict[str, object] = found["@graph"][0]
    return graph


def test_listings_have_pages_by_place_category_combination_and_letter(site: SiteOnPage) -> None:
    pages = {path.removesuffix("index.html") for path in site.tree()}
    assert {
        "listings/ale-house/",
        "places/italy/",
        "places/italy/piedmont/turin/",
        "categories/brewpub/",
        "a-z/a/",
        "find/",
        "add/",
        "",
    } <= pages
    assert "categories/brewpub/italy/piedmont/turin/" in pages
    assert "categories/mill/italy/lombardy/milan/" not in pages  # one listing is fewer than two
    assert "<h1>Categories</h1>" in (site.output / "categories/index.html").read_text()
    assert "Fiji" in (site.output / "places/index.html").read_text()
    with database(site.url):
        assert run_cms(["-C", str(site.root), "check"]) == 0  # of its templates too
    site.assert_clean()


def test_a_listing_says_what_it_is_to_machines_and_draws_a_map_itself(site: SiteOnPage) -> None:
    html = (site.output / "listings/ale-house/index.html").read_text()
    found = json_ld(html)
    assert found["@type"] == "LocalBusiness"
    assert found["geo"] == {"@type": "GeoCoordinates", "latitude": 45.07, "longitude": 7.68}
    assert '<svg class="map"' in html
    assert re.findall(r'src="(?!/assets/)', html) == []  # nothing is fetched from elsewhere
    assert '<svg class="map"' not in (site.output / "listings/no-place/index.html").read_text()
    site.write(write_listing("no-place", phone="503 555-0100"))
    site.build()
    assert json_ld((site.output / "listings/no-place/index.html").read_text())["telephone"] == "+15035550100"


def test_a_change_renders_the_pages_that_show_the_listing_and_no_other(site: SiteOnPage) -> None:
    site.edit("content/listings/cider-mill.md", "city: Milan", "city: Milan\naddress: Via Roma 1")
    assert site.build().pages == {
        "/", "/404.html", "/listings/cider-mill/", "/categories/mill/", "/places/italy/", "/places/italy/lombardy/", "/places/italy/lombardy/milan/", "/a-z/c/",
    }  # fmt: skip
    site.assert_clean()


def test_a_combination_appears_with_its_second_listing_and_goes_with_it(site: SiteOnPage) -> None:
    site.write(write_listing("cider-press", categories="[Mill]", city="Milan", state="Lombardy", country="Italy"))
    assert "/categories/mill/italy/lombardy/milan/" in site.build().pages
    assert "Milan" in (site.output / "categories/mill/index.html").read_text()
    site.delete("content/listings/cider-press.md")
    site.build()
    assert not (site.output / "categories/mill/italy").exists()
    site.assert_clean()


def test_combinations_that_are_not_to_be_indexed_say_so_and_are_in_no_sitemap(site: SiteOnPage) -> None:
    address = "categories/brewpub/italy/piedmont/turin/"
    assert address in (site.output / "sitemap-lists-1.xml").read_text()
    site.edit("site.toml", "combinations = 2", "combinations = 2\ncombinations_indexed = false")
    site.build()
    assert 'content="noindex"' in (site.output / address / "index.html").read_text()
    assert address not in (site.output / "sitemap-lists-1.xml").read_text()
    site.edit("site.toml", "combinations = 2", "combinations = 0")
    site.build()
    assert not (site.output / address).exists()
    site.assert_clean()


def test_a_tier_moves_a_listing_to_the_front_and_shows_more_until_its_time_is_over(site: SiteOnPage) -> None:
    until, own = datetime(2026, 3, 10, tzinfo=UTC), "listings/other-side/index.html"
    site.edit("site.toml", "combinations = 2", 'combinations = 2\nfields = {website = "featured"}')
    site.edit(
        "content/listings/other-side.md", "country: Fiji",
        f"country: Fiji\ntier: premium\nwebsite: https://other.example/\nexpire_at: 2026-04-01\nfeatured_until: {until.isoformat()}",
    )  # fmt: skip
    site.edit("content/listings/cider-mill.md", "city: Milan", "city: Milan\nwebsite: https://mill.example/")
    site.build()
    front = (site.output / "categories/mill/index.html").read_text()
    assert front.index("Other Side") < front.index("Cider Mill")
    assert "other.example" in (site.output / own).read_text()
    assert "mill.example" not in (site.output / "listings/cider-mill/index.html").read_text()
    later = datetime(2026, 3, 11, tzinfo=UTC)
    built = site.build(now=later)
    assert {"/categories/mill/", "/listings/other-side/"} <= built.pages
    after = (site.output / "categories/mill/index.html").read_text()
    assert after.index("Cider Mill") < after.index("Other Side")
    assert "other.example" not in (site.output / own).read_text()
    site.build(now=datetime(2026, 4, 2, tzinfo=UTC))
    assert not (site.output / own).exists()
    assert site.query("SELECT status FROM cms.listings WHERE slug = 'other-side'") == [("expired",)]
    site.build(now=datetime(2026, 3, 5, tzinfo=UTC))  # the clock goes back
    assert (site.output / "categories/mill/index.html").read_text() == front
    assert site.query("SELECT status FROM cms.listings WHERE slug = 'other-side'") == [("approved",)]
    site.assert_clean(now=datetime(2026, 3, 5, tzinfo=UTC))


def test_renamed_deleted_and_moved_listings_leave_nothing_behind(site: SiteOnPage) -> None:
    site.move("content/listings/ale-house.md", "content/listings/ale-palace.md")
    site.edit("content/listings/beer-garden.md", "city: Turin", "city: Asti")
    site.delete("content/listings/date-line.md")
    site.build()
    site.assert_clean()
    assert site.query("SELECT count(*) FROM cms.listings WHERE status = 'approved'") == [(5,)]


def test_odd_values_in_fields_are_refused_or_shown_as_text(site: SiteOnPage) -> None:
    for latitude in (".nan", "91", "north"):
        site.write(write_listing("bad", latitude=latitude, **HERE))
        assert [problem.code for problem in site.build().result.problems] == ["content.field"], latitude
    site.write(
        write_listing(
            "bad", description="'<script>alert(1)</script>'", hours="'<script>alert(2)</script>'", city="'<img src=x onerror=alert(3)>'"
        )
    )
    site.build()
    for path, data in site.tree().items():
        assert b"<script>alert" not in data, path
        assert b"<img src=x" not in data, path
    site.assert_clean()


def test_an_approved_review_renders_every_page_that_shows_its_stars(site: SiteOnPage) -> None:
    site.query(
        "INSERT INTO cms.reviews (site, entry, author_name, rating, content, status) SELECT site, number, 'Ann', 4, 'Good', 'approved' FROM cms.listings WHERE slug = 'cider-mill'"
    )
    assert site.build().rendered == {
        "/", "/listings/cider-mill/", "/categories/mill/", "/places/italy/", "/places/italy/lombardy/", "/places/italy/lombardy/milan/",
    }  # fmt: skip
    assert '"ratingValue":4.0' in (site.output / "listings/cider-mill/index.html").read_text()
    site.query("INSERT INTO cms.hits (site, path, day, hits) SELECT id, '/listings/cider-mill/', CURRENT_DATE, 7 FROM cms.sites")
    with database(site.url), open_store(site.root, "") as (opened, connection, row):
        count_views(OpenSite(opened, connection, row.id))
    assert site.query("SELECT view_count FROM cms.listings WHERE slug = 'cider-mill'") == [(7,)]
    assert site.query("SELECT rating_avg, rating_count, review_count, stars FROM cms.listings WHERE rating_count > 0") == [
        (4, 1, 1, [0, 0, 0, 1, 0])
    ]
