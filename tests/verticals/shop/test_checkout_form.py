"""The checkout as a page without a script: what was typed is still there after a mistake, another country, or something that sold out meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from cms_ssg.verticals.shop.pages import list_choices
from cms_ssg.verticals.shop.settings import ShopSettings
from tests.verticals.shop.stand import ADDRESS, Stand, new_address

PERSON = ADDRESS | {"email": "ann@example.org", "name": "Ann & Co", "payment": "fake", "note": "Ring twice"}


class Buyer:
    """A browser without a script."""

    def __init__(self, client: httpx.Client, *skus: str) -> None:
        self.client = client
        for sku in skus:
            client.post("/api/carts/mine/lines", data={"sku": sku})
        self.page = client.get("/api/checkout")

    def hidden(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]+)"', self.page.text)
        assert found is not None, self.page.text
        return found[1]

    def send(self, **changed: str) -> httpx.Response:
        form = PERSON | {"key": self.hidden("key"), "version": self.hidden("version")} | changed
        self.page = self.client.post("/api/checkout", data=form, headers=new_address())
        return self.page

    def list_values(self) -> dict[str, str]:
        """What is in the fields of the form."""
        values = dict(re.findall(r'<input id="f-(\w+)"[^>]* value="([^"]*)"', self.page.text))
        note = re.search(r"<textarea[^>]*>([^<]*)", self.page.text)
        return values | {"note": note[1] if note is not None else ""}

    def check_kept(self, *names: str) -> None:
        values = self.list_values()
        for name in names or ("email", "name", "line1", "postcode", "city", "note"):
            assert values[name] == PERSON[name].replace("&", "&amp;"), name


@pytest.fixture
def client(shop: Stand) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=shop.api.client.base_url, headers={**new_address(), "accept": "text/html"}, timeout=30) as client:
        yield client


def test_another_country_is_chosen_in_the_form_and_nothing_that_was_typed_is_lost(shop: Stand, client: httpx.Client) -> None:
    buyer = Buyer(client, "MUG")
    assert "€25.00" in buyer.page.text
    assert "Tax of €4.51" in buyer.page.text
    changed = buyer.send(change="country", country="DE")
    assert changed.status_code == 200
    assert '<option value="DE" selected>' in changed.text
    assert "Tax of €3.99" in changed.text
    assert 'name="region"' not in changed.text
    buyer.check_kept()
    assert shop.query("SELECT count(*) FROM cms.orders") == [(0,)]
    assert buyer.send(change="country", country="US").status_code == 422
    assert "We do not sell to this country." in buyer.page.text
    buyer.check_kept()


def test_a_country_that_is_ordered_with_before_it_was_updated_shows_what_it_costs_first(shop: Stand, client: httpx.Client) -> None:
    buyer = Buyer(client, "MUG")
    berlin = {"country": "DE", "city": "Berlin", "postcode": "10115", "region": ""}
    refused = buyer.send(**berlin)
    assert refused.status_code == 409
    assert "Prices or costs have changed." in refused.text
    assert "Tax of €3.99" in refused.text
    assert buyer.send(**berlin).status_code == 303
    assert shop.query("SELECT tax_total FROM cms.orders") == [(399,)]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("email", "ann", "is not an e-mail address"),
        ("name", "", "is missing"),
        ("line1", "x" * 201, "is longer than 200 characters"),
        ("postcode", "1", "does not fit the rest of the address"),
        ("city", " ", "is missing"),
        ("region", "", "is missing"),
        ("note", "x" * 2001, "is longer than 2000 characters"),
    ],
)
def test_a_mistake_is_told_at_its_field_which_has_the_focus(client: httpx.Client, name: str, value: str, said: str) -> None:
    buyer = Buyer(client, "MUG")
    wrong = buyer.send(**{name: value})
    assert wrong.status_code == 422
    assert re.findall(r'name="(\w+)"[^>]*aria-invalid="true" aria-describedby="e-\1" autofocus', wrong.text) == [name]
    assert f'<small class="mistake" id="e-{name}">{said}</small>' in wrong.text
    buyer.check_kept(*{"email", "name", "line1", "postcode", "city", "note"} - {name})
    assert buyer.send().status_code == 303


def test_what_sells_out_meanwhile_is_taken_out_in_the_form(shop: Stand, client: httpx.Client) -> None:
    buyer = Buyer(client, "SHIRT-S", "SHIRT-S", "SHIRT-S", "BOWL")
    shop.query("INSERT INTO cms.stock_moves (site, sku, delta, reason, ref) SELECT id, 'SHIRT-S', -2, 'adjusted', 'lost' FROM cms.sites")
    short = buyer.send()
    assert short.status_code == 409
    assert "Not enough in stock: Shirt (2)" in short.text
    assert 'value="sku:SHIRT-S" formnovalidate>Take only 2<' in short.text
    buyer.check_kept()
    fewer = buyer.send(change="sku:SHIRT-S")
    assert "2 × Shirt" in fewer.text
    buyer.check_kept()
    shop.query("INSERT INTO cms.stock_moves (site, sku, delta, reason, ref) SELECT id, 'SHIRT-S', -2, 'adjusted', 'all' FROM cms.sites")
    assert "formnovalidate>Remove<" in buyer.send().text
    assert "Shirt" not in buyer.send(change="sku:SHIRT-S").text
    buyer.check_kept()
    assert buyer.send(change="sku:BOWL").status_code == 200  # of which there is enough: nothing is changed
    assert "1 × Bowl" in buyer.page.text
    assert buyer.send().status_code == 303


def test_a_coupon_that_ran_out_is_taken_off_in_the_form(shop: Stand, client: httpx.Client) -> None:
    shop.query("INSERT INTO cms.coupons (site, code, kind, value) SELECT id, 'SPRING', 'percent', 1000 FROM cms.sites")
    buyer = Buyer(client, "MUG")
    client.post("/api/carts/mine/coupon", data={"code": "spring"})
    buyer.page = client.get("/api/checkout")
    shop.query("UPDATE cms.coupons SET ends_at = clock_timestamp()")
    assert "This code has expired." in buyer.send().text
    assert "€25.00" in buyer.send(change="coupon").text
    buyer.check_kept()
    assert buyer.send().status_code == 303


def test_a_form_sent_many_times_at_once_leads_each_time_to_the_same_payment(shop: Stand, client: httpx.Client) -> None:
    buyer = Buyer(client, "MUG")
    form = PERSON | {"key": buyer.hidden("key"), "version": buyer.hidden("version")}
    cookies = {"cookie": f"cart={client.cookies['cart']}", "accept": "text/html"}

    def send(_: int) -> httpx.Response:
        return httpx.post(f"{client.base_url}/api/checkout", data=form, headers={**cookies, **new_address()}, timeout=30)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert shop.query("SELECT count(*) FROM cms.orders") == [(1,)]


def test_whoever_goes_back_or_orders_in_a_second_tab_is_led_to_the_order(shop: Stand, client: httpx.Client) -> None:
    buyer = Buyer(client, "MUG")
    other = Buyer(client)
    assert buyer.send().status_code == 303
    order = shop.value("SELECT order_id::text FROM cms.orders")
    back = client.get("/api/checkout")
    assert (back.status_code, back.headers["location"].partition("?")[0]) == (303, f"/api/orders/{order}")
    assert "Waiting for the payment." in client.get(back.headers["location"]).text
    assert f'href="/api/orders/{order}' in client.get("/api/cart").text
    assert other.send().headers["location"].startswith(f"/api/orders/{order}")
    shop.query("UPDATE cms.carts SET updated_at = updated_at - interval '2 hours'")
    assert client.get("/api/checkout").headers["location"] == "/api/cart"
    assert order not in client.get("/api/cart").text
    assert client.get("/api/checkout", headers={"cookie": "cart=nothing"}).headers["location"] == "/api/cart"


def test_a_script_is_told_where_to_go_and_gets_the_inside_of_the_page_else(shop: Stand, client: httpx.Client) -> None:
    buyer = Buyer(client, "MUG")
    form = PERSON | {"key": buyer.hidden("key"), "version": buyer.hidden("version")}
    wrong = client.post("/api/checkout?part=1", data=form | {"city": ""})
    assert (wrong.status_code, wrong.headers["x-shop"]) == (422, "checkout")
    assert "<html" not in wrong.text
    placed = client.post("/api/checkout?part=1", data=form)
    assert placed.status_code == 200
    assert placed.headers["x-next"].startswith("/api/payments/fake/")


@pytest.mark.parametrize("sku", ["MUG\0", "\0MUG", "M\0UG", "MUG\x01", "MUG\u2028BOWL"])
def test_a_sku_with_a_control_character_is_none(shop: Stand, sku: str) -> None:
    cart = shop.make_cart({})
    answer = shop.api.client.post(f"/api/carts/{cart['id']}/lines", json={"sku": sku}, headers=new_address())
    assert (answer.status_code, answer.json()["code"]) == (404, "shop.no-sku")
    form = shop.api.client.post("/api/carts/mine/lines", data={"sku": sku}, headers={**new_address(), "accept": "text/html"})
    assert "This cannot be bought any more." in form.text
    assert shop.query("SELECT count(*) FROM cms.cart_lines") == [(0,)]


def test_the_price_of_a_sku_with_a_nul_is_not_that_of_another_one(shop: Stand) -> None:
    assert shop.api.client.get("/api/products/MUG").status_code == 200
    assert shop.api.client.get("/api/products/MUG%00").status_code == 404


def test_buyers_choose_among_all_countries_where_the_shop_names_none() -> None:
    def choose(**settings: object) -> list[str]:
        import msgspec

        return [code for code, _ in list_choices(msgspec.convert(settings, ShopSettings), "en")]

    assert choose(country="IT", countries=["IT", "DE"]) == ["IT", "DE"]
    assert len(choose(country="IT")) > 200
    post = {"id": "post", "name": "Post"}
    assert choose(country="IT", shipping=[post | {"countries": ["CH", "IT"]}]) == ["IT", "CH"]
    assert len(choose(country="IT", shipping=[post | {"countries": ["EU"]}])) == 27
    assert len(choose(country="IT", shipping=[post | {"countries": ["EU"]}, post])) > 200


def test_the_cart_keeps_what_was_typed_wrong_and_takes_as_many_as_there_are(shop: Stand, client: httpx.Client) -> None:
    client.post("/api/carts/mine/lines", data={"sku": "SHIRT-S", "quantity": "9"})
    page = client.get("/api/cart").text
    assert '<button class="small" name="quantity" value="4">Take only 4</button>' in page
    taken = client.post("/api/carts/mine/lines", data={"sku": "SHIRT-S", "set": "1", "quantity": "4"}, follow_redirects=True)
    assert "Not enough in stock" not in taken.text
    wrong = client.post("/api/carts/mine/shipping", data={"country": "IT", "vat_number": "DE12 <x>"})
    assert wrong.status_code == 422
    assert 'value="DE12 &lt;x&gt;"' in wrong.text
    for code, said in (("nonsense", "There is no such code."), ("x" * 51, "Coupon: is longer than 50 characters")):
        refused = client.post("/api/carts/mine/coupon", data={"code": code})
        assert said in refused.text
        assert f'value="{code}"' in refused.text
