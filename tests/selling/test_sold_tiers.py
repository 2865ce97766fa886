"""What a shop sells for a feature of the same site: a tier of a listing, from the order to its page, and back by a refund."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from cms_ssg.cli.main import run as run_cms
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.selling.order_notices import notify_paid_orders
from cms_ssg.selling.refund_notices import notify_refunds
from cms_ssg.store.open_store import open_store
from cms_ssg.testing import SiteOnPage
from tests.api.atlas import Api, serve_api
from tests.engine.siteonpage import database
from tests.whole import needs_features

SITE = """-- site.toml --
title = "Mills"
base_url = "http://localhost:8000"
verticals = ["directory", "shop"]
[home]
list = "type/listing"
[shop]
country = "IT"
currency = "EUR"
payments = ["fake"]
[directory]
fields = {website = "premium"}
sold = {PREMIUM-YEAR = {tier = "premium", days = 365}}
-- content/products/premium.md --
---
title: A year of premium
sku: PREMIUM-YEAR
price: 120.00
product_type: digital
manage_stock: false
---
"""
BILLING = {"name": "Ann", "line1": "Via 1", "city": "Turin", "country": "IT", "postcode": "10100", "region": "TO"}
PAGE = "listings/mill/index.html"


def order(api: Api, quantity: int) -> str:
    """Buy and pay for years of premium for the mill; the order's number."""

    def send(path: str, body: dict[str, Any], **headers: str) -> Any:
        answer = api.client.post(path, json=body, headers=headers)
        assert answer.status_code < 300, answer.text
        return answer.json()

    cart = send("/api/carts", {})
    cart = send(f"/api/carts/{cart['id']}/lines", {"sku": "PREMIUM-YEAR", "quantity": quantity})
    wanted = {
        "cart": cart["id"], "version": cart["version"], "email": "ann@example.org", "billing": BILLING, "payment": "fake",
        "note": "for http://localhost:8000/listings/mill/, please",
    }  # fmt: skip
    placed = send("/api/checkout", wanted, **{"Idempotency-Key": f"order-of-{quantity}"})
    assert api.client.post(placed["payment_page"], data={"do": "pay"}).status_code < 400
    return str(placed["order"])


@needs_features
def test_a_tier_is_bought_shown_and_taken_back_with_the_money(
    make_site: Callable[[str], SiteOnPage], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    site = make_site(SITE)
    monkeypatch.setenv("CMS_DATABASE_URL", site.url)

    def cms(*words: str) -> Any:
        capsys.readouterr()
        assert run_cms(["-C", str(site.root), *words, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    def notify() -> set[str]:
        with database(site.url), open_store(site.root, "") as (opened, connection, row):
            for task in (notify_paid_orders, notify_refunds):
                task(OpenSite(opened, connection, row.id))
        return site.build().pages

    def read_page() -> str:
        return (site.output / PAGE).read_text()

    site.build()
    cms("entry", "create", "listing", "--set", "title=Mill", "--set", "website=https://mill.example")
    assert "/listings/mill/" in site.build().pages and "mill.example" not in read_page()
    with serve_api([site.root], site.url) as api:
        first, second = order(api, 1), order(api, 2)
    assert "/listings/mill/" in notify() and "mill.example" in read_page()
    days = "SELECT listing_tier, featured_until::date - current_date FROM cms.listings"
    assert site.query(days) == [("premium", 3 * 365)]
    cms("orders", "refund", second, "--line", "PREMIUM-YEAR=1")
    assert notify() == set() and site.query(days) == [("premium", 3 * 365)], "not the whole line"
    cms("orders", "refund", second, "--line", "PREMIUM-YEAR=1")
    notify()
    assert site.query(days) == [("premium", 365)] and "mill.example" in read_page()
    assert "is premium until" in str(cms("orders", "show", second))
    cms("orders", "refund", first, "--yes")
    assert "/listings/mill/" in notify() and "mill.example" not in read_page()
    assert site.query(days) == [("basic", None)]
    assert "is no longer premium" in str(cms("orders", "show", first))
    assert notify() == set()
