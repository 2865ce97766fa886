"""What becomes of a review: sent, confirmed by a mailed link, approved, shown, voted on, reported, answered, erased."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

from PIL import Image

from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.privacy.people import erase_person, find_person
from cms_ssg.reviews.moderation import decide
from cms_ssg.store.open_store import open_store
from tests.api.atlas import Api, serve_api
from tests.api.desk import press, sign_in
from tests.api.inbox import serve_inbox
from tests.edge.nginx_server import find_port
from tests.engine.siteonpage import SiteOnPage, database
from tests.reviews.conftest import SITE

CANARY = "canary.bird@person.example"
OTHER = "otto@person.example"
PATH = "/recipes/soup/"


def test_a_review_waits_until_it_is_approved_at_the_desk(api: Api, site: SiteOnPage) -> None:
    post = api.client.post
    answer = post("/api/reviews", json={"path": PATH, "rating": 4, "name": "Ann", "email": CANARY, "content": "<b>Fine</b>"})
    assert (answer.status_code, answer.json()) == (202, {"status": "pending"})
    form = post("/api/reviews", data={"path": PATH, "rating": "2", "name": "Bob", "content": "buy viagra http://a http://b", "website": ""})
    assert form.status_code == 303 and form.headers["location"] == f"{PATH}#review-sent"
    assert post("/api/reviews", json={"path": PATH, "rating": 5, "name": "Robot", "website": "x"}).status_code == 202
    again = post("/api/reviews", json={"path": PATH, "rating": 1, "name": "Ann", "email": CANARY.upper(), "content": "Other"})
    assert again.json()["code"] == "reviews.twice"
    page = post("/api/reviews", data={"path": PATH, "rating": "2", "name": "Ann", "email": CANARY}, headers={"Accept": "text/html"})
    assert (
        page.status_code == 409 and "<h1>You have reviewed this already</h1>" in page.text
    )  # a browser without a script shows what it is sent
    for wrong in (
        {"rating": 0}, {"rating": 6}, {"name": ""}, {"content": "x" * 5001}, {"email": "nobody"}, {"visit_date": "soon"}, {"more": 1},
    ):  # fmt: skip
        assert post("/api/reviews", json={"path": PATH, "rating": 3, "name": "C", **wrong}).status_code == 422, wrong
    for missing in ("/recipes/gone/", "/about/"):  # what is not there, and a type that takes none
        assert post("/api/reviews", json={"path": missing, "rating": 3, "name": "C"}).json()["code"] == "reviews.no-entry"
    assert post("/api/reviews", content=b"x" * 1_100_000).status_code == 413
    assert post("/api/reviews", content=b"\xff{").status_code == 422
    assert site.query("SELECT author_name, status FROM cms.reviews ORDER BY number") == [("Ann", "pending"), ("Bob", "spam")]
    assert api.json(f"/api/reviews?path={PATH}")["reviews"] == []
    assert api.get("/api/reviews/queue").status_code == 401

    sign_in(api, site, "moderate")
    page = api.get("/desk/reviews")
    assert "&lt;b&gt;Fine" in page.text and "<b>Fine" not in page.text and CANARY not in page.text
    assert press(api, "reviews", "approve") == "/desk/reviews?done"
    assert site.build().rendered == {PATH}
    shown = api.json(f"/api/reviews?path={PATH}")
    assert (shown["rating_avg"], shown["rating_count"], shown["reviews"][0]["author_name"]) == (4.0, 1, "Ann")
    assert CANARY not in str(shown)
    html = (site.output / "recipes/soup/index.html").read_text()
    number = shown["reviews"][0]["id"]
    assert f"/api/reviews/{number}/report" in html
    for _ in range(3):
        assert post(f"/api/reviews/{number}/helpful").json() == {"status": "counted"}
    assert api.json(f"/api/reviews?path={PATH}&limit=1")["reviews"][0]["helpful"] == 1
    form = post(f"/api/reviews/{number}/report", headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert form.headers["location"] == f"{PATH}#review-reported"
    assert post("/api/reviews/none/helpful").status_code == 404
    assert site.build().rendered == set()


def test_a_review_that_is_to_be_confirmed_waits_for_the_link_and_is_erased_with_its_author(
    make_site: Callable[[str], SiteOnPage],
) -> None:
    port = find_port()
    site = make_site(SITE.format(more=f'confirm = true\n[mail]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n[visitors]'))
    site.build()
    with serve_inbox(port) as inbox, serve_api([site.root], site.url) as api:
        review = {"path": PATH, "rating": 5, "name": "Canary Bird", "content": "Fine"}
        assert api.client.post("/api/reviews", json=review).json()["errors"][0]["field"] == "email"
        assert api.client.post("/api/reviews", json={**review, "email": CANARY}).json() == {"status": "confirm"}
        sign_in(api, site, "moderate")
        assert "Canary" not in api.get("/desk/reviews").text
        recipient, text = inbox.receive(site)
        assert recipient == CANARY
        word = re.findall(r"word=([\w-]+)", text)[0]
        page = api.get(f"/api/reviews/confirm?word={word}")
        assert page.status_code == 200 and 'rel="stylesheet"' in page.text
        assert "Canary" not in api.get("/desk/reviews").text  # to open a link proves nothing
        assert api.client.post("/api/reviews/confirm", data={"word": word}).status_code == 200
        assert api.client.post("/api/reviews/confirm", data={"word": word}).status_code == 410
        assert "Address confirmed" in api.get("/desk/reviews").text
        assert press(api, "reviews", "approve") == "/desk/reviews?done"
        site.build()
        assert "Canary Bird" in (site.output / "recipes/soup/index.html").read_text()

        assert api.client.post("/api/visitors/links", json={"email": OTHER, "back": PATH}).status_code in (200, 202)
        word = re.findall(r"word=([\w-]+)", inbox.receive(site)[1])[0]
        api.client.post("/api/visitors/confirm", data={"word": word})
        picture = io.BytesIO()
        Image.new("RGB", (40, 30), "red").save(picture, "PNG")
        sent = api.client.post("/api/uploads", content=picture.getvalue(), headers={"Content-Type": "image/png"})
        assert sent.status_code == 201, sent.text
        image = sent.json()
        proved = {"path": PATH, "rating": 4, "name": "Otto", "content": "Red."}
        assert api.client.post("/api/reviews", json={**proved, "images": ["none"]}).json()["code"] == "reviews.no-image"
        assert api.client.post("/api/reviews", json={**proved, "images": [image["token"]]}).json() == {"status": "pending"}
        assert press(api, "reviews", "approve") == "/desk/reviews?done"
        site.build()
        assert f'src="{image["path"]}"' in (site.output / "recipes/soup/index.html").read_text()
        assert (site.output / image["path"][1:]).exists()
        assert api.json(f"/api/reviews?path={PATH}")["reviews"][0]["images"] == [image["path"]]

        with database(site.url), open_store(site.root, "") as (opened, connection, row):
            assert [one.table for one in find_person(OpenSite(opened, connection, row.id), CANARY)] == ["reviews"]
            erase_person(OpenSite(opened, connection, row.id), CANARY)
        site.build()
        assert not any(b"Canary" in data for data in site.tree().values())
        assert "Canary" not in api.get(f"/api/reviews?path={PATH}").text


def test_a_picture_comes_with_a_review_where_the_site_takes_them(make_site: Callable[[str], SiteOnPage]) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(picture, "PNG")
    files = {"picture": ("red.png", picture.getvalue(), "image/png")}
    review = {"path": PATH, "rating": "5", "name": "Ada", "content": "Red."}
    site = make_site(SITE.format(more="pictures = true"))
    site.build()
    page = site.output / "recipes/soup/index.html"
    assert 'enctype="multipart/form-data"' in page.read_text()
    with serve_api([site.root], site.url) as api:
        post = api.client.post
        assert post("/api/reviews", data=review, files={"picture": ("x.png", b"GIF", "image/png")}).status_code == 422
        assert post("/api/reviews", data=review | {"path": "/nothing/"}, files=files).status_code == 404
        assert site.query("SELECT count(*) FROM cms.uploads") == [(0,)] and not list(site.output.glob("uploads/*"))
        assert post("/api/reviews", data=review, files=files).headers["location"] == f"{PATH}#review-sent"
        assert post("/api/reviews", data=review, files=files).json()["code"] == "reviews.twice"
        assert site.query("SELECT count(*) FROM cms.uploads") == [(1,)], "a review that is not taken leaves no picture"
        assert post("/api/reviews", data=review | {"name": "Bea", "content": "Blue."}, files={"picture": ("", b"")}).status_code == 303
        [(path,)] = site.query("SELECT images[1] FROM cms.reviews WHERE author_name = 'Ada'")
        assert site.query("SELECT images FROM cms.reviews WHERE author_name = 'Bea'") == [(None,)]
        sign_in(api, site, "moderate")
        assert f'<img src="{path}"' in api.get("/desk/reviews").text
        assert press(api, "reviews", "approve") == "/desk/reviews?done"
        site.build()
        assert f'src="{path}"' in page.read_text()
        assert (site.output / path[1:]).exists()
        later = "SELECT expires_at > clock_timestamp() + interval '29 days' FROM cms.uploads WHERE '/' || key = %s"
        for status, goes in (("rejected", True), ("approved", None), ("spam", True), ("pending", None)):
            with database(site.url), open_store(site.root, "") as (_, connection, row):
                number = connection.execute("SELECT number FROM cms.reviews WHERE author_name = 'Ada'").fetchone()[0]  # type: ignore[index]
                assert decide(connection, row.id, number, status)
            assert site.query(later, path) == [(goes,)]
        assert press(api, "reviews", "spam") == "/desk/reviews?done"
        assert site.query("SELECT count(*) FROM cms.reviews WHERE author_name = 'Ada' AND status = 'spam'") == [(1,)]
        assert site.query(later, path) == [(True,)]
        spam = review | {"name": "Zoe", "content": "buy viagra http://a http://b"}
        assert post("/api/reviews", data=spam, files=files).status_code == 303
        assert site.query("SELECT count(*) FROM cms.uploads WHERE expires_at > clock_timestamp() + interval '29 days'") == [(2,)]
    site.edit("site.toml", "pictures = true", "pictures = false")
    with serve_api([site.root], site.url) as api:
        refused = api.client.post("/api/reviews", data=review | {"name": "Cleo"}, files=files)
        assert (refused.status_code, refused.json()["code"]) == (422, "reviews.no-image")
