"""The API of a directory and its rooms: finding, sending, deciding at the desk, and forgetting a person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.privacy.people import erase_person, find_person
from cms_ssg.store.connect import connect
from cms_ssg.store.open_store import open_store
from cms_ssg.store.tokens import create_token
from tests.api.atlas import Api, serve_api
from tests.engine.siteonpage import SiteOnPage, database

CANARY = "canary.bird@person.example"
PATH = "/listings/cider-mill/"


@pytest.fixture
def api(site: SiteOnPage) -> Iterator[Api]:
    with serve_api([site.root], site.url) as running:
        yield running


def sign_in(api: Api, site: SiteOnPage, *scopes: str) -> None:
    with connect(site.url, autocommit=True) as connection:
        _, token = create_token(connection, site.query("SELECT id FROM cms.sites")[0][0], "Mara", scopes, 1)
    answer = api.client.post("/desk/sign-in", data={"token": token})
    assert answer.status_code == 303 and answer.headers["location"] == "/desk"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "path=/desk" in cookie


def press(api: Api, queue: str, action: str, number: int = 0) -> str:
    """Press a button of the n-th thing in a queue; what the desk says then."""
    html = api.get(f"/desk/{queue}").text
    csrf = re.findall(r'name="csrf" value="(\w+)"', html)[-1]
    key = re.findall(r'name="key" value="(\w+)"', html)[number]
    answer = api.client.post(f"/desk/{queue}/{action}", data={"csrf": csrf, "key": key})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


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


def test_a_review_waits_until_it_is_approved_at_the_desk(api: Api, site: SiteOnPage) -> None:
    post = api.client.post
    answer = post("/api/reviews", json={"path": PATH, "rating": 4, "name": "Ann", "email": CANARY, "content": "<b>Fine</b>"})
    assert (answer.status_code, answer.json()) == (202, {"status": "pending"})
    form = post("/api/reviews", data={"path": PATH, "rating": "2", "name": "Bob", "content": "buy viagra http://a http://b", "website": ""})
    assert form.status_code == 303 and form.headers["location"] == f"{PATH}#review-sent"
    assert post("/api/reviews", json={"path": PATH, "rating": 5, "name": "Robot", "website": "x"}).status_code == 202
    again = post("/api/reviews", json={"path": PATH, "rating": 1, "name": "Ann", "email": CANARY.upper(), "content": "Other"})
    assert again.json()["code"] == "reviews.twice"
    for wrong in (
        {"rating": 0},
        {"rating": 6},
        {"name": ""},
        {"content": "x" * 5001},
        {"email": "nobody"},
        {"visit_date": "soon"},
        {"more": 1},
    ):
        assert post("/api/reviews", json={"path": PATH, "rating": 3, "name": "C", **wrong}).status_code == 422, wrong
    assert post("/api/reviews", json={"path": "/listings/gone/", "rating": 3, "name": "C"}).json()["code"] == "reviews.no-entry"
    assert post("/api/reviews", content=b"x" * 1_100_000).status_code == 413
    assert post("/api/reviews", content=b"\xff{").status_code == 422
    assert site.query("SELECT author_name, status FROM cms.reviews ORDER BY number") == [("Ann", "pending"), ("Bob", "spam")]
    assert api.json(f"/api/reviews?path={PATH}")["reviews"] == []
    assert api.get("/api/reviews/queue").status_code == 401

    sign_in(api, site, "moderate")
    page = api.get("/desk/reviews")
    assert "&lt;b&gt;Fine" in page.text and "<b>Fine" not in page.text and CANARY not in page.text
    assert "script-src" not in page.headers["content-security-policy"] and page.headers["cache-control"] == "no-store"
    assert press(api, "reviews", "approve") == "/desk/reviews?done"
    assert site.build().rendered >= {PATH, "/categories/mill/"}
    shown = api.json(f"/api/reviews?path={PATH}")
    assert (shown["rating_avg"], shown["rating_count"], shown["reviews"][0]["author_name"]) == (4.0, 1, "Ann")
    assert "author_email" not in str(shown) and CANARY not in str(shown)
    number = shown["reviews"][0]["id"]
    for _ in range(3):
        assert post(f"/api/reviews/{number}/helpful").json() == {"status": "counted"}
    assert api.json(f"/api/reviews?path={PATH}&limit=1")["reviews"][0]["helpful"] == 1
    assert post("/api/reviews/none/helpful").status_code == 404


def test_the_desk_takes_forms_of_its_own_sessions_only(api: Api, site: SiteOnPage) -> None:
    assert api.get("/desk/reviews").status_code == 303
    assert api.client.post("/desk/sign-in", data={"token": "cms_wrong"}).status_code == 403
    assert api.client.post("/desk/reviews/approve", data={"key": "1"}).status_code == 401
    sign_in(api, site, "read")
    assert "no queues" in api.get("/desk").text
    assert api.get("/desk/reviews").status_code == 404
    sign_in(api, site, "moderate")
    assert api.client.post("/desk/reviews/approve", data={"csrf": "x", "key": "1"}).json()["code"] == "desk.form"
    csrf = re.findall(r'name="csrf" value="(\w+)"', api.get("/desk/listings").text)[0]
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert api.client.post("/desk/reviews/approve", data={"csrf": csrf, "key": "1"}, headers=foreign).status_code == 403
    for key in ("1", "0", "x", "9" * 30, "1; DROP TABLE cms.reviews"):
        assert api.client.post("/desk/reviews/approve", data={"csrf": csrf, "key": key}).headers["location"] == "/desk/reviews?gone"
    site.query("UPDATE cms.tokens SET revoked_at = now()")
    assert api.get("/desk/reviews").status_code == 303


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
