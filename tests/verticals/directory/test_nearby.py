"""Listings near a listing: on its page as in the API, and pages that show them follow exactly when one comes, goes or moves."""

from __future__ import annotations

import random
import re

import pytest

from tests.api.atlas import serve_api
from tests.engine.siteonpage import SiteOnPage
from tests.verticals.directory.conftest import write_listing


def list_shown(site: SiteOnPage, path: str) -> list[str]:
    """The listings near one, as its page names them."""
    html = (site.output / path[1:] / "index.html").read_text()
    return re.findall(r'<h3><a href="([^"]+)"', html) if ">Nearby<" in html else []


def test_a_page_names_those_near_in_the_order_of_the_api(site: SiteOnPage) -> None:
    chance = random.Random(3)
    for number in range(12):  # some at one address, some beyond the line where a day begins
        place = (45.07, 7.68) if number % 4 == 0 else (-16.5, 179.97 + number / 100 - 0.06 * (number > 5))
        lng = round((place[1] + chance.uniform(-0.02, 0.02) * (number % 4 > 0) + 180) % 360 - 180, 6)
        site.write(write_listing(f"extra-{chance.randrange(1000)}-{number}", latitude=place[0], longitude=lng))
    site.build()
    compared = 0
    with serve_api([site.root], site.url) as api:
        for path, lat, lng in site.query(
            "SELECT c.path, latitude, longitude FROM cms.listings l JOIN cms.cards c ON c.entry = l.number WHERE location IS NOT NULL"
        ):
            answer = api.json(f"/api/listings?lat={lat}&lng={lng}&radius=10&sort=distance&limit=100")
            near = [one["url"] for one in answer["listings"] if one["url"] != path]
            assert list_shown(site, path) == near[:6], path
            compared += bool(near)
    assert compared > 10
    site.assert_clean()


def test_a_listing_that_comes_moves_or_goes_renders_the_pages_of_those_it_is_near_to(site: SiteOnPage) -> None:
    assert list_shown(site, "/listings/ale-house/") == ["/listings/beer-garden/"]
    site.write(write_listing("new-place", latitude=45.09, longitude=7.7))
    assert {path for path in site.build().pages if path.startswith("/listings/")} == {
        "/listings/new-place/", "/listings/ale-house/", "/listings/beer-garden/",
    }  # fmt: skip
    assert list_shown(site, "/listings/ale-house/") == ["/listings/beer-garden/", "/listings/new-place/"]
    site.edit("content/listings/new-place.md", "latitude: 45.09", "latitude: 45.47")
    site.edit("content/listings/new-place.md", "longitude: 7.7", "longitude: 9.2")
    assert {path for path in site.build().pages if path.startswith("/listings/")} == {
        "/listings/new-place/", "/listings/ale-house/", "/listings/beer-garden/", "/listings/cider-mill/",
    }  # fmt: skip
    site.assert_clean()
    site.delete("content/listings/new-place.md")
    assert {path for path in site.build().pages if path.startswith("/listings/")} == {"/listings/cider-mill/"}
    assert list_shown(site, "/listings/cider-mill/") == []
    site.assert_clean()


@pytest.mark.long
def test_any_sequence_of_moves_ends_in_what_a_clean_build_makes_and_renders_no_page_that_stays_as_it_was(site: SiteOnPage) -> None:
    chance = random.Random(7)
    places: dict[str, tuple[float, float]] = {}
    for number in range(110):  # a town, in which each has many within reach: more at once than are looked at one by one
        places[f"p{number}"] = (45.5 + chance.gauss(0, 0.02), 8.5 + chance.gauss(0, 0.03))
        site.write(write_listing(f"p{number}", latitude=round(places[f"p{number}"][0], 5), longitude=round(places[f"p{number}"][1], 5)))
    site.build()
    rendered = changed = 0
    for name in chance.sample(sorted(places), 6):
        before = {path: data for path, data in site.tree().items() if path.startswith("listings/")}
        if chance.random() < 0.4:
            site.delete(f"content/listings/{name}.md")
        else:
            lat, lng = 45.5 + chance.gauss(0, 0.02), 8.5 + chance.gauss(0, 0.03)
            site.write(write_listing(name, latitude=round(lat, 5), longitude=round(lng, 5)))
        rendered += len({path for path in site.build().rendered if path.startswith("/listings/")})
        after = {path: data for path, data in site.tree().items() if path.startswith("listings/")}
        changed += sum(after.get(path) != before.get(path) for path in after)
    assert changed > 30
    assert rendered <= changed * 1.2
    site.assert_clean()
