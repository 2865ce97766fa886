"""The search page: facets, orders and the form without a script; on a phone, by keyboard alone and without a script in a browser."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cms_ssg.store.connect import connect
from tests.api.atlas import Api, build_site, serve_api
from tests.browser import Browser, open_browser
from tests.conftest import TEMPLATE, fresh_database
from tests.search.corpus import write_corpus
from tests.whole import GONE

if "shop" in GONE:
    pytest.skip("prices on the search page are in the currency of a shop, which is not here", allow_module_level=True)

MORE = """
[shop]
currency = "EUR"

[lists.place]
url = "/all-places/"
title = "Places"
"""
VALUES = "UPDATE cms.documents SET price = %s, rating = %s, popularity = %s, stock = %s WHERE path = %s"
SOLD = [
    (1900, 4.5, 2.0, "in_stock", "/places/porto/"),
    (90, 3.25, 0.7, "low", "/places/aveiro/"),
    (250_000, None, 3.1, "out_of_stock", "/places/suva/"),
]


@pytest.fixture(scope="module")
def shelf(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A site with articles, and places that have a price, stars and a stock."""
    for url in fresh_database(server_url, TEMPLATE):
        folder = write_corpus(tmp_path_factory.mktemp("shelf"))
        settings = folder / "site.toml"
        settings.write_text(settings.read_text().replace("\n[search]\n", 'verticals = ["blog", "shop"]\n\n[search]\n', 1) + MORE)
        (folder / "i18n").mkdir()
        (folder / "i18n/en.toml").write_text('type_post = "Articles"\n')
        build_site(folder, url)
        with connect(url, autocommit=True) as connection:
            connection.cursor().executemany(VALUES, SOLD)
        yield folder, url


@pytest.fixture(scope="module")
def page(shelf: tuple[Path, str]) -> Iterator[Api]:
    with serve_api([shelf[0]], shelf[1]) as api:
        yield api


def read(page: Api, query: str) -> str:
    answer = page.get(f"/search?{query}")
    assert answer.status_code == 200, answer.text
    return answer.text.partition("<!--search-->")[2].partition("<!--/search-->")[0]


def hits(page: Api, query: str) -> list[str]:
    return re.findall(r'<h2><a href="([^"]+)"', read(page, query))


PORTO, AVEIRO, SUVA = (path for *_, path in SOLD)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=lighthouse&price_from=0.9&price_to=19", {PORTO, AVEIRO}),
        ("q=lighthouse&price_from=0,91", {PORTO, SUVA}),
        ("price_to=1", {AVEIRO}),
        ("rating_min=4", {PORTO}),
        ("stock=1", {PORTO, AVEIRO}),
        ("lat=41.15&lng=-8.61&radius_km=60", {PORTO, AVEIRO}),
        ("after=2025-07-01", {"/coast/", "/tide-table/"}),
        ("after=2024-12-31&before=2025-01-02", {"/tokyo/"}),
        ("facet=city/Porto&facet=city/Suva", {PORTO, SUVA}),
        ("type=post&tag=maps", {"/coast/", "/tokyo/"}),
        ("facet=tag/maps", {"/coast/", "/tokyo/"}),
    ],
)  # fmt: skip
def test_the_page_narrows_by_what_the_api_narrows_by(page: Api, query: str, expected: set[str]) -> None:
    assert set(hits(page, query)) == expected


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("sort=price", [AVEIRO, PORTO, SUVA]),
        ("sort=price_desc", [SUVA, PORTO, AVEIRO]),
        ("sort=rating", [PORTO, AVEIRO]),
        ("sort=popularity", [SUVA, PORTO, AVEIRO]),
        ("sort=oldest&type=place", [PORTO, AVEIRO, "/places/lisbon/"]),
        ("q=lighthouse&sort=title", [SUVA, AVEIRO, "/places/lisbon/", PORTO]),
        ("lat=40.6&lng=-8.7&sort=distance", [AVEIRO, PORTO]),
    ],
)
def test_the_page_has_the_orders_of_the_api(page: Api, query: str, first: list[str]) -> None:
    assert hits(page, query)[: len(first)] == first


def test_what_was_chosen_is_shown_can_be_taken_back_and_is_kept_by_the_forms(page: Api) -> None:
    html = read(
        page,
        "q=lighthouse&price_to=20&rating_min=3&stock=1&after=2023-01-05&lat=41.15&lng=-8.61&radius_km=100&sort=distance&facet=city/Porto",
    )
    chips = re.findall(r'aria-label="Remove ([^"]+)"', html)
    assert chips == ["Porto", "≥ 5 January 2023", "≤ €20.00", "★ ≥ 3", "In stock", "Near me ≤ 100 km"]
    assert "★ 4.5" in html
    assert "€19.00" in html
    assert "<span>5.5 km</span>" in html
    form = html.partition('<form class="narrow"')[2].partition("</form>")[0]
    assert '<input type="hidden" name="facet" value="city/Porto">' in form
    assert '<input name="after" type="date" value="2023-01-05">' in form
    assert '<input name="price_to" type="number" min="0" step="any" inputmode="decimal" value="20.00">' in form
    assert '<option value="3" selected>' in form
    assert '<input type="checkbox" name="stock" value="1" checked>' in form
    assert '<option value="100" selected>100 km</option>' in form
    search = html.partition('<form class="search"')[2].partition("</form>")[0]
    for name in ("price_to", "rating_min", "stock", "after", "lat", "lng", "radius_km", "sort", "facet"):
        assert f'<input type="hidden" name="{name}"' in search
    [near] = re.findall(r'<a class="again" href="([^"]+)" aria-label="Remove Near me', html)
    assert not re.search("lat|lng|radius|sort", near)


def test_headings_of_facets_are_those_of_the_site(page: Api) -> None:
    html = read(page, "sort=newest")
    assert re.findall(r"<section><h2>([^<]+)</h2>", html) == ["Kind", "Sections", "Tags", "City"]
    assert ">Articles</a> <span>6</span>" in html
    assert "type=page" not in html  # without a title it is none of the visitors' business
    italian = read(page, "sort=newest").partition("<h2>City")[2]
    assert 'href="/search?sort=newest&amp;facet=city%2FPorto"' in italian


def test_what_makes_no_sense_is_left_out(page: Api) -> None:
    every = hits(page, "sort=newest")
    assert len(every) == 12
    for wrong in ("after=x", "after=0001-01-01", "before=9999-12-31", "price_from=-1", "price_to=x", "price_from=0.001", "price_to=1e400", "rating_min=6",
                  "lat=1", "lat=91&lng=1", "lat=nan&lng=1", "radius_km=5", "sort=distance", "facet=colour/red", "facet=city", "stock="):  # fmt: skip
        assert hits(page, f"sort=newest&{wrong}") == (every if wrong != "sort=distance" else []), wrong


@contextmanager
def serve_all(folder: Path, url: str) -> Iterator[str]:
    """Pages and API as `cms serve` has them on a developer's machine."""
    command = [sys.executable, "-m", "cms_ssg", "-C", str(folder), "serve", "--no-watch", "--port", "0"]
    environ = {**os.environ, "CMS_DATABASE_URL": url, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environ) as process:
        try:
            assert process.stdout is not None
            address = next(found[0] for line in process.stdout if (found := re.search(r"http://[^/\s]+", line)))
            yield address
        finally:
            process.terminate()


def press(browser: Browser, key: str, code: int, text: str = "") -> None:
    for kind in ("keyDown", "keyUp"):
        values = {"text": text} if text and kind == "keyDown" else {}
        browser.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **values)


def tab_to(browser: Browser, script: str) -> None:
    """Press the tabulator until the element that has the focus is the one."""
    for _ in range(60):
        press(browser, "Tab", 9)
        if browser.run(f"(e => !!({script}))(document.activeElement)"):
            return
    raise AssertionError(f"the tabulator does not come to {script}")


def enter(browser: Browser) -> None:
    press(browser, "Enter", 13, "\r")


FOUND = "[...document.querySelectorAll('.hits h2 a')].map(a => a.getAttribute('href'))"


@pytest.mark.browser
def test_on_a_phone_without_a_script_everything_is_there(chromium: str, shelf: tuple[Path, str]) -> None:
    with serve_all(*shelf) as base, open_browser(chromium, script=False) as browser:
        browser.resize(390, 800)
        browser.open(f"{base}/search/")
        browser.click("a.again")
        assert "Results: 12" in browser.text()
        assert browser.run("document.documentElement.scrollWidth") == 390
        assert browser.run("document.querySelector('.hits').getBoundingClientRect().top") < 800  # facets are folded
        browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=1, y=1)
        point = browser.run("(r => [r.x + 20, r.y + 10])(document.querySelector('.facets summary').getBoundingClientRect())")
        for kind in ("mousePressed", "mouseReleased"):
            browser.call("Input.dispatchMouseEvent", type=kind, x=point[0], y=point[1], button="left", clickCount=1)
        assert browser.run("document.querySelector('.facets').open")
        assert browser.run("document.documentElement.scrollWidth") == 390
        browser.fill(".narrow [name=price_to]", "20")
        browser.click(".narrow button:not([type])")
        assert set(browser.run(FOUND)) == {PORTO, AVEIRO}
        browser.click(".orders a[href*='sort=price']")
        assert browser.run(FOUND) == [AVEIRO, PORTO]
        browser.click(".chosen a")
        assert len(browser.run(FOUND)) == 12
        assert browser.run(FOUND)[:3] == [AVEIRO, PORTO, SUVA]
        assert browser.run("document.querySelector('.near').hidden")


@pytest.mark.browser
def test_by_keyboard_alone_results_are_narrowed_ordered_and_opened(chromium: str, shelf: tuple[Path, str]) -> None:
    with serve_all(*shelf) as base, open_browser(chromium) as browser:
        browser.resize(1200, 900)
        browser.open(f"{base}/search/")
        browser.wait("document.activeElement.id === 'q'")
        browser.type("lighthouse")
        browser.wait(f"{FOUND}.length === 5")
        assert browser.run("document.querySelector('.facets').open")
        tab_to(browser, "e.textContent === 'Lowest price'")
        enter(browser)
        browser.wait(f"{FOUND}[0] === '{AVEIRO}'")
        assert browser.run("document.activeElement.textContent") == "Results: 5"  # and not the top of the page
        tab_to(browser, "e.textContent === 'Porto'")
        enter(browser)
        browser.wait(f"{FOUND}.length === 1")
        tab_to(browser, "e.getAttribute('aria-label') === 'Remove Porto'")
        enter(browser)
        browser.wait(f"{FOUND}.length === 5")
        tab_to(browser, "e.name === 'stock'")
        press(browser, " ", 32, " ")
        enter(browser)
        browser.wait(f"{FOUND}.length === 2")
        assert browser.run("location.search").endswith("stock=1")
        press(browser, "/", 191, "/")
        browser.wait("document.activeElement.id === 'q'")
        press(browser, "ArrowDown", 40)
        press(browser, "ArrowDown", 40)
        enter(browser)
        browser.wait(f"location.pathname === '{PORTO}'")
        browser.run("history.back()")
        browser.wait(f"{FOUND}.length === 2")
        assert browser.run("document.getElementById('q').value") == "lighthouse"
        assert [one for one in browser.complaints if "favicon.ico" not in one] == []


@pytest.mark.browser
def test_near_me_asks_the_browser_and_sorts_by_distance(chromium: str, shelf: tuple[Path, str]) -> None:
    with serve_all(*shelf) as base, open_browser(chromium) as browser:
        browser.call("Browser.grantPermissions", permissions=["geolocation"])
        browser.call("Emulation.setGeolocationOverride", latitude=40.6401, longitude=-8.6537, accuracy=10)
        browser.open(f"{base}/search/?q=lighthouse")
        browser.wait("document.querySelector('.near') && !document.querySelector('.near').hidden")
        browser.run("document.querySelector('.near').click()")
        browser.wait(f"{FOUND}[0] === '{AVEIRO}'")
        assert "sort=distance" in browser.run("location.search")
        assert "7.9 km" in browser.text()


def test_the_script_is_small() -> None:
    assert (Path(__file__).parents[2] / "themes/base/assets/search.js").stat().st_size <= 4096
