"""The API of a directory and its rooms: finding, sending, deciding at the desk, and forgetting a person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.open_store import open_store
from cms_ssg.privacy.people import erase_person, find_person
from tests.api.atlas import Api, serve_api
from tests.api.desk import press, sign_in
from tests.engine.siteonpage import SiteOnPage, database

CANARY = "canary.bird@person.example"
PATH = "/listings/cider-mill/"


@pytest.fixture
def api(site: SiteOnPage) -> Iterator[Api]:
    with serve_api([site.root], site.url) as running:
        yield running


def test_the_api_names_the_listings_of_a_page_in_the_order_of_the_page(api: Api, site: SiteOnPage) -> None:
    for place, query in (
        ("categories/mill", "category=mill"), ("categories/brewpub", "category=brewpub"), ("places/italy", "country=Italy"),
        ("places/italy/piedmont/turin", "country=Italy&state=Piedmont&city=Turin"), ("categories/brewpub/italy/piedmont/turin", "category=brewpub&city=Turin"),
    ):  # fmt: skip
        html = (site.output / place / "index.html").read_text()
        shown = re.findall(r'<h2><a href="([^"]+)"', html)
        answer = api.json(f"/api/listings?sort=listed&limit=100&{query}")
        assert [one["url"] for one in answer["listings"]] == shown, place
        assert answer["total"] == len(shown)


def test_listings_are_found_with_counts_for_further_filters(api: Api) -> None:
    answer = api.json("/api/listings?q=beer")
    assert [one["title"] for one in answer["listings"]] == ["Beer Garden"]
    assert {one["value"]: one["count"] for one in answer["facets"]["category"]} == {"brewpub": 1, "garden": 1}
    near = api.json("/api/listings?lat=-16.5&lng=180&radius=30&sort=distance")
    assert sorted(one["title"] for one in near["listings"]) == ["Date Line", "Other Side"]
    assert all(5 < one["distance_km"] < 6 for one in near["listings"])


@pytest.mark.parametrize(
    "query",
    ["lat=NaN&lng=0", "lat=91&lng=0", "lat=1", "radius=0&lat=1&lng=1", "radius=inf&lat=1&lng=1", "sort=best", "limit=0", "offset=-1", "min_rating=6", "tier=gold",
     "facet=x/1", "locale=xx", "color=red"],
)  # fmt: skip
def test_wrong_questions_are_refused_by_name(api: Api, query: str) -> None:
    answer = api.get(f"/api/listings?{query}")
    assert answer.status_code == 422 and answer.json()["code"] == "api.invalid"


def test_a_proposed_listing_is_published_when_it_is_approved(api: Api, site: SiteOnPage) -> None:
    sent = api.client.post(
        "/api/listings", data={"title": "Cider Mill", "city": "Milan", "country": "Italy", "website": "mill.example", "your_email": CANARY}
    )
    assert sent.status_code == 303, sent.text
    assert sent.headers["location"] == "/add/#sent"
    assert api.client.post("/api/listings", json={"title": "X", "website": "javascript://y"}).json()["errors"][0]["field"] == "website"
    assert api.client.post("/api/listings", json={"title": ""}).status_code == 422
    assert site.build().pages == set()
    sign_in(api, site, "moderate")
    assert "May be the same as" in api.get("/desk/listings").text
    assert press(api, "listings", "approve") == "/desk/listings?done"
    assert any(re.fullmatch(r"/listings/cider-mill-\w{8}/", page) for page in site.build().pages)


def test_of_two_claims_one_is_approved_and_an_address_at_the_domain_is_proved_by_mail(api: Api, site: SiteOnPage) -> None:
    site.edit("content/listings/cider-mill.md", "city: Milan", "city: Milan\nwebsite: https://www.mill.example/\nemail: info@mill.example")
    site.build()
    claim = {"path": PATH, "name": "Owner", "email": "me@mill.example"}
    assert api.client.post("/api/listings/claims", json=claim).status_code == 202
    assert api.client.post("/api/listings/claims", json={**claim, "email": CANARY}).status_code == 202
    ((recipient, body),) = site.query("SELECT recipient, body FROM cms.mails")
    assert recipient == "me@mill.example"
    word = body.split("word=")[1].split()[0]
    assert api.get(f"/api/listings/claims/confirm?word={word}").status_code == 200
    assert site.query("SELECT claim_status FROM cms.listings WHERE slug = 'cider-mill'") == [
        ("unclaimed",)
    ]  # to open a link proves nothing
    assert api.client.post("/api/listings/claims/confirm", data={"word": word}).status_code == 303
    assert api.client.post("/api/listings/claims/confirm", data={"word": word}).status_code == 410
    assert site.query("SELECT claim_status, owner_email FROM cms.listings WHERE slug = 'cider-mill'") == [("verified", "me@mill.example")]
    assert site.build().rendered == {PATH}
    sign_in(api, site, "moderate")
    assert press(api, "claims", "approve", 0) == "/desk/claims?gone"
    message = {"path": PATH, "name": "Visitor\r\nBcc: all", "email": CANARY, "message": "Hello"}
    assert api.client.post("/api/listings/contact", json=message).status_code == 202
    assert site.query("SELECT recipient, reply_to FROM cms.mails ORDER BY number DESC LIMIT 1") == [("me@mill.example", CANARY)]
    assert "me@mill.example" not in (site.output / "listings/cider-mill/index.html").read_text()
    assert "info@mill.example" not in (site.output / "listings/cider-mill/index.html").read_text()


def test_a_person_who_is_erased_is_found_nowhere(api: Api, site: SiteOnPage) -> None:
    api.client.post("/api/reviews", json={"path": PATH, "rating": 4, "name": "Canary Bird", "email": CANARY, "content": "Fine"})
    api.client.post("/api/listings", json={"title": "Nest", "your_email": CANARY})
    api.client.post("/api/listings/claims", json={"path": PATH, "name": "Canary Bird", "email": CANARY})
    site.query("UPDATE cms.listings SET owner_email = %s WHERE slug = 'date-line'", CANARY)
    api.client.post("/api/listings/contact", json={"path": "/listings/date-line/", "name": "Canary Bird", "email": CANARY, "message": "Hi"})
    site.query("UPDATE cms.reviews SET status = 'approved'")
    site.build()
    assert "Canary Bird" in (site.output / "listings/cider-mill/index.html").read_text()
    with database(site.url), open_store(site.root, "") as (opened, connection, row):
        open_site = OpenSite(opened, connection, row.id)
        assert {one.table for one in find_person(open_site, CANARY)} == {"reviews", "listing_claims", "listings", "mails"}
        assert erase_person(open_site, CANARY).content == []
        assert find_person(open_site, CANARY) == []
    site.build()
    for path, data in site.tree().items():
        assert b"Canary Bird" not in data and CANARY.encode() not in data, path
    tables = site.query(
        "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace = 'cms'::regnamespace AND c.relkind IN ('r', 'p')"
    )
    for (table,) in tables:
        found = site.query(
            f"SELECT count(*) FROM {table} t WHERE t::text ILIKE '%%' || %s || '%%' OR t::text LIKE '%%Canary Bird%%'", CANARY
        )
        assert found == [(0,)], table
    assert "Canary" not in api.get(f"/api/reviews?path={PATH}").text
    logs = list(Path(site.root, ".cms").rglob("*.log")) if Path(site.root, ".cms").is_dir() else []
    assert not any(CANARY in path.read_text("utf-8", "replace") for path in logs)
