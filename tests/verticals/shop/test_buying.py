"""People buy in a browser, with a script and without, also when they click twice, go back, or have two tabs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from cms_ssg.authoring.starters import copy_starter
from tests.api.atlas import build_site, list_environ
from tests.browser import Browser, open_browser
from tests.conftest import TEMPLATE, fresh_database
from tests.verticals.shop.serving import serve
from tests.verticals.shop.stand import Stand

pytestmark = pytest.mark.browser
PERSON = {"email": "ann@example.org", "name": "Ann <b>Bold</b>", "line1": "Via 1", "postcode": "00100", "city": "Roma", "region": "RM"}


@pytest.fixture(scope="module")
def starter(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The starter's address and database, served as `cms serve` does."""
    folder = tmp_path_factory.mktemp("starter") / "shop"
    copy_starter("shop", folder)
    (folder / "content/products/work-shirt.md").write_text(make_shirt())
    for url in fresh_database(server_url, TEMPLATE):
        build_site(folder, url)
        with serve(folder, list_environ(url)) as address:
            yield address, url


def make_shirt() -> str:
    """A product with many variations, of which those that are both large and blue do not exist, and small red ones are sold out."""
    lines = []
    for size in ("small", "medium", "large", "6 XL"):
        for colour in ("red", "blue", "sand", 'it\'s <b>grey</b> & "soft"'):
            if (size, colour) != ("large", "blue"):
                name = colour.replace('"', '\\"')
                stock = 0 if (size, colour) == ("small", "red") else 40
                lines.append(
                    f'  - {{sku: WS-{len(lines)}, attributes: {{size: "{size}", colour: "{name}"}}, price: {40 + len(lines)}.50, stock: {stock}}}'
                )
    return "---\ntitle: Work shirt\nvariations:\n" + "\n".join(lines) + "\n---\nA shirt.\n"


def fill(browser: Browser) -> None:
    for name, value in PERSON.items():
        browser.fill(f"[name={name}]", value)


def put_into_cart(browser: Browser, address: str, path: str) -> None:
    browser.open(address + path)
    browser.click("form.add button")


def count(url: str, sql: str) -> int:
    return int(Stand(Path(), url, None).value(sql))  # type: ignore[arg-type]


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_person_buys_a_mug_and_the_stock_is_one_less(chromium: str, starter: tuple[str, str], script: bool) -> None:
    address, url = starter
    before = count(url, "SELECT on_hand FROM cms.stock_levels WHERE sku = 'MUG-1'")
    with open_browser(chromium, script=script) as browser:
        put_into_cart(browser, address, "/products/breakfast-mug/")
        assert "Breakfast mug" in browser.text()
        assert "€29.90" in browser.text()
        browser.click("a.button")
        fill(browser)
        browser.click("form.checkout .summary .button")
        assert "€29.90" in browser.text()
        browser.click("button[value=pay]")
        assert "Paid. We are preparing your order." in browser.text()
        assert PERSON["name"] in browser.text()
        assert [said for said in browser.complaints if "favicon" not in said] == []
    assert count(url, "SELECT on_hand FROM cms.stock_levels WHERE sku = 'MUG-1'") == before - 1


def test_clicking_twice_going_back_and_a_second_tab_make_one_order(chromium: str, starter: tuple[str, str]) -> None:
    address, url = starter
    orders = count(url, "SELECT count(*) FROM cms.orders")
    with open_browser(chromium) as browser:
        put_into_cart(browser, address, "/products/tea-towel/")
        browser.click("a.button")
        other = browser.run("document.documentElement.outerHTML")  # the second tab has the form as it is now
        fill(browser)
        browser.run("(() => { const form = document.querySelector('form.checkout'); form.requestSubmit(); form.requestSubmit() })()")
        browser.wait("!!document.querySelector('button[value=pay]')")
        browser.run("history.back()")
        browser.wait("!!document.querySelector('h1')")
        if browser.run("!!document.querySelector('form.checkout')"):
            fill(browser)
            browser.click("form.checkout .summary .button")
        assert "form" in other
    assert count(url, "SELECT count(*) FROM cms.orders") == orders + 1


def test_pages_and_the_carts_link_read_without_the_api(starter: tuple[str, str], chromium: str) -> None:
    address, _ = starter
    for path in ("/", "/products/table-linen/", "/shop/ceramics/", "/cart/", "/brands/", "/shop/"):
        assert httpx.get(address + path).status_code == 200
    with open_browser(chromium) as browser:
        browser.open(f"{address}/cart/")
        browser.wait("document.querySelector('main h1').textContent === 'Cart'")


def test_the_price_and_stock_of_the_chosen_variation_are_those_of_now_and_nothing_else_moves(
    chromium: str, starter: tuple[str, str]
) -> None:
    address, url = starter
    stand, asked = (
        Stand(Path(), url, None),
        "performance.getEntriesByType('resource').filter(one => one.name.includes('/api/products/')).length",
    )  # type: ignore[arg-type]
    with open_browser(chromium) as browser:
        browser.open(f"{address}/products/table-linen/")
        assert "from €79.00" in browser.text()
        browser.wait(f"{asked} === 1")
        browser.run(
            "window.moves = 0; new MutationObserver(all => moves += all.length)"
            ".observe(document.querySelector('.buy'), {subtree: true, childList: true, attributes: true, characterData: true})"
        )
        browser.run("dispatchEvent(new Event('pageshow'))")
        browser.wait(f"{asked} === 2")
        browser.run("new Promise(done => setTimeout(done, 200))")
        assert browser.run("moves") == 0
        stand.query("UPDATE cms.skus SET price = 8650 WHERE sku = 'LIN-S-IND'")
        stand.query("UPDATE cms.skus SET manage_stock = true, low_stock_threshold = 9 WHERE sku = 'LIN-L-NAT'")
        try:
            choose(browser, "LIN-S-IND")
            browser.wait("document.querySelector('.price strong').textContent === '€86.50'")
            assert browser.run("document.querySelector('.buy .state').textContent") == "Only a few left"
            assert "€86.50 · Only a few left" in browser.run("document.querySelector('#variation').selectedOptions[0].text")
            choose(browser, "LIN-L-NAT")
            browser.wait("document.querySelector('.buy .state').textContent === 'Only a few left'")
            assert browser.run("document.querySelector('.price strong').textContent") == "€119.00"
            stand.query("UPDATE cms.stock_levels SET on_hand = 0, reserved = 0 WHERE sku = 'LIN-S-IND'")
            choose(browser, "LIN-S-IND")
            browser.wait("document.querySelector('form.add button').disabled")
            assert browser.run("document.querySelector('.buy .state').textContent") == "Out of stock"
            choose(browser, "LIN-S-NAT")
            assert not browser.run("document.querySelector('form.add button').disabled")
            assert browser.run("document.querySelector('.price strong').textContent") == "€79.00"
        finally:
            stand.query("UPDATE cms.skus SET price = 8500 WHERE sku = 'LIN-S-IND'")
            stand.query("UPDATE cms.stock_levels SET on_hand = 2 WHERE sku = 'LIN-S-IND'")
            stand.query("UPDATE cms.skus SET low_stock_threshold = 2 WHERE sku = 'LIN-L-NAT'")


def test_among_many_variations_each_attribute_has_a_menu_of_what_can_be_had(chromium: str, starter: tuple[str, str]) -> None:
    address, _ = starter
    able = "[...document.querySelector('#variation-{}').options].filter(one => !one.disabled).map(one => one.value)"
    soft = 'it\'s <b>grey</b> & "soft"'
    with open_browser(chromium) as browser:
        browser.resize(360, 740)
        browser.open(f"{address}/products/work-shirt/")
        assert browser.run("document.querySelector('#variation').offsetParent === null")
        assert browser.run(able.format(0)) == ["small", "medium", "large", "6 XL"]
        assert browser.run(able.format(1)) == ["blue", "sand", soft]
        pick(browser, 0, "large")
        assert browser.run(able.format(1)) == ["red", "sand", soft]
        pick(browser, 1, soft)
        assert browser.run("document.querySelector('.price strong').textContent") == "€50.50"
        pick(browser, 0, "medium")  # the colour stays
        assert browser.run("document.querySelector('#variation-1').value") == soft
        assert browser.run("document.documentElement.scrollWidth") <= 360
        browser.click("form.add button")
        assert f"size: medium, colour: {soft}" in browser.text()
    with open_browser(chromium, script=False) as browser:
        browser.open(f"{address}/products/work-shirt/")
        assert "size: large" in browser.text()


def pick(browser: Browser, place: int, value: str) -> None:
    browser.run(
        f"(() => {{ const menu = document.querySelector('#variation-{place}'); menu.value = {json.dumps(value)};"
        " menu.dispatchEvent(new Event('change', {bubbles: true})) })()"
    )


def choose(browser: Browser, sku: str) -> None:
    browser.run(
        f"(() => {{ const menu = document.querySelector('#variation'); menu.value = '{sku}'; menu.dispatchEvent(new Event('change', {{bubbles: true}})) }})()"
    )


@pytest.mark.parametrize("width", [360, 1280])
def test_no_page_of_the_shop_is_wider_than_the_window(chromium: str, starter: tuple[str, str], width: int) -> None:
    address, _ = starter
    with open_browser(chromium) as browser:
        browser.resize(width, 900)
        put_into_cart(browser, address, "/products/table-linen/")
        for path in ("/", "/products/table-linen/", "/products/breakfast-set/", "/api/cart", "/api/checkout"):
            browser.open(address + path)
            assert browser.run("document.documentElement.scrollWidth") <= width, path
            if folder := os.environ.get("SHOP_SCREENSHOTS"):
                browser.screenshot(Path(folder, f"{width}{path.replace('/', '-')}.png"))
            unlabelled = "[...document.querySelectorAll('main input:not([type=hidden]), main select')].filter(f => !f.labels.length).length"
            assert browser.run(unlabelled) == 0, path


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_mistake_and_another_country_leave_what_was_typed_on_a_phone(chromium: str, starter: tuple[str, str], script: bool) -> None:
    address, _ = starter
    with open_browser(chromium, script=script) as browser:
        browser.resize(360, 740)
        put_into_cart(browser, address, "/products/tea-towel/")
        browser.click("a.button")
        fill(browser)
        browser.run("document.querySelector('form.checkout').noValidate = true")
        browser.fill("[name=city]", "")
        press(browser, ".summary .button")
        assert browser.run("document.activeElement.name") == "city"
        assert browser.run("document.documentElement.scrollWidth") <= 360
        browser.fill("[name=city]", "Graz")
        browser.fill("[name=postcode]", "8010")
        if script:
            browser.run("document.querySelector('form.checkout').dataset.old = '1'")
            browser.run(
                "(() => { const f = document.querySelector('#f-country'); f.value = 'AT'; f.dispatchEvent(new Event('change', {bubbles: true})) })()"
            )
            browser.wait("!document.querySelector('form.checkout').dataset.old")
        else:
            browser.fill("[name=country]", "AT")
            press(browser, "button[value=country]")
        values = browser.run("Object.fromEntries(new FormData(document.querySelector('form.checkout')))")
        assert {name: values.get(name) for name in ("email", "name", "line1", "postcode", "city", "country", "region")} == {
            **{name: PERSON[name] for name in ("email", "name", "line1")}, "postcode": "8010", "city": "Graz", "country": "AT", "region": None,
        }  # fmt: skip
        press(browser, ".summary .button")
        browser.wait("!!document.querySelector('button[value=pay]')")
        if script:  # without one, the page before is the answer to a form, which a browser asks about before it sends it again
            browser.run("history.back()")
            browser.wait("document.querySelector('.status')?.textContent === 'Waiting for the payment.'")
        assert [
            said
            for said in browser.complaints
            if "favicon" not in said and "(Unprocessable Entity)" not in said and '"level": "info"' not in said
        ] == []


def press(browser: Browser, selector: str) -> None:
    """Press a button of the checkout, after which there is another page or another form."""
    browser.run("document.querySelector('form.checkout').dataset.old = '1'")
    browser.tap(selector)
    browser.wait("document.readyState === 'complete' && !document.querySelector('form.checkout[data-old]')")
