"""Comments: sent where they are taken, in the queue of reviews, shown on the page and below it, without a part in ratings."""

from __future__ import annotations

from collections.abc import Callable

from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.reviews.commands import close_discussion, open_discussion
from cms_ssg.store.open_store import open_store
from tests.api.atlas import serve_api
from tests.api.desk import press, sign_in
from tests.engine.siteonpage import SiteOnPage, database
from tests.reviews.conftest import SITE

PATH = "/recipes/soup/"
TALK = '{{% include "partials/reviews.html" %}}{{% include "partials/comments.html" %}}'


def read(site: SiteOnPage, path: str) -> str:
    """The page at a path."""
    return (site.output / path.strip("/") / "index.html").read_text("utf-8")


def test_comments_are_taken_where_a_page_says_so_and_shown_once_approved(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SITE.replace('{{% include "partials/reviews.html" %}}', TALK).format(more="per_hour = 100"))
    site.edit("content/recipes/soup.md", "title: Soup", "title: Soup\nallow_comments: true")
    site.build()
    assert "comments-title" in read(site, PATH) and "comments-title" not in read(site, "/recipes/bread/")
    with serve_api([site.root], site.url) as api:
        send = api.client.post
        comment = {"path": PATH, "name": "Ann", "email": "ann@person.example", "content": "<b>Hot</b>"}
        assert send("/api/comments", json=comment).json() == {"status": "pending"}
        assert send("/api/comments", json=comment).json()["code"] == "reviews.twice"
        assert send("/api/comments", json={**comment, "content": "And salty"}).status_code == 202  # who comments once may do so again
        form = send("/api/comments", data={"path": PATH, "name": "Bob", "content": "Good", "website": ""})
        assert (form.status_code, form.headers["location"]) == (303, f"{PATH}#comment-sent")
        assert send("/api/comments", json={**comment, "path": "/recipes/bread/"}).json()["code"] == "comments.closed"
        for wrong in ({"content": " "}, {"name": " "}, {"content": "x" * 5001}, {"rating": 5}, {"email": "x"}):
            assert send("/api/comments", json={**comment, **wrong}).status_code == 422, wrong
        assert api.json(f"/api/comments?path={PATH}") == {"open": True, "comments": [], "next_cursor": ""}
        sign_in(api, site, "moderate")
        assert "&lt;b&gt;Hot" in api.get("/desk/reviews").text
        press(api, "reviews", "approve")
        assert site.build().rendered == {PATH}
        assert "&lt;b&gt;Hot&lt;/b&gt;" in read(site, PATH) and "ann@person.example" not in read(site, PATH)
        assert api.json(f"/api/reviews?path={PATH}")["rating_count"] == 0
        (shown,) = api.json(f"/api/comments?path={PATH}")["comments"]
        assert (shown["author_name"], shown["content"]) == ("Ann", "<b>Hot</b>")
        with database(site.url), open_store(site.root, "") as (found, connection, row):
            opened = OpenSite(found, connection, row.id)
            assert "closed" in close_discussion(opened, PATH)
            assert "are open" in open_discussion(opened, "/recipes/bread")
        assert site.build().rendered == {PATH, "/recipes/bread/"}
        assert "Comments are closed" in read(site, PATH) and "Hot" in read(site, PATH)
        assert send("/api/comments", json={**comment, "content": "Late"}).json()["code"] == "comments.closed"
    site.query("UPDATE cms.reviews SET status = 'approved'")
    site.query(
        "INSERT INTO cms.reviews (site, entry, author_name, content, status, created_at) SELECT site, entry, 'Crowd', 'No ' || n, 'approved',"
        " '2026-01-01'::timestamptz + n * interval '1 minute' FROM cms.reviews r, generate_series(1, 45) n WHERE author_name = 'Bob'"
    )
    site.build()
    assert "48 comments" in read(site, PATH)
    assert "No 1<" in read(site, "/recipes/soup/comments/1/")
    assert site.build().rendered == set()
