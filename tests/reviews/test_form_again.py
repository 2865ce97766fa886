"""Forms with mistakes come back as they were filled in, with what is wrong at each field."""

from __future__ import annotations

from collections.abc import Callable

from tests.api.atlas import Api, serve_api
from tests.engine.siteonpage import SiteOnPage
from tests.reviews.conftest import SITE


def test_a_review_form_with_a_mistake_comes_back_as_it_was_filled_in(api: Api, site: SiteOnPage) -> None:
    sent = {"path": "/recipes/soup/", "rating": "4", "name": "Ann", "email": "ann@here", "content": "Long <text>"}
    page = api.client.post("/api/reviews", data=sent, headers={"Accept": "text/html"})
    assert page.status_code == 422 and ">\nLong &lt;text&gt;</textarea>" in page.text
    assert '<option value="4" selected>' in page.text and 'value="ann@here"' in page.text and 'id="email-wrong" role="alert"' in page.text
    assert 'type="file"' not in page.text, "this site takes no pictures"
    assert site.query("SELECT count(*) FROM cms.reviews") == [(0,)]
    comment = api.client.post("/api/comments", data={"path": "/recipes/soup/", "name": "Ann"}, headers={"Accept": "text/html"})
    assert comment.status_code == 422 and "Please fill this in." in comment.text and 'value="Ann"' in comment.text


def test_what_is_wrong_is_said_in_the_language_of_the_page(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SITE.format(more="pictures = true").replace('locales = ["en"]', 'locales = ["en", "fa"]'))
    site.build()
    sent = {"path": "/recipes/soup/", "rating": "4", "email": "ann", "title": "x" * 201, "content": "Good"}
    with serve_api([site.root], site.url) as api:

        def send(address: str, referer: str) -> str:
            files = {"picture": ("a.png", b"not one", "image/png")}
            answer = api.client.post(address, data=sent, files=files, headers={"Accept": "text/html", "Referer": referer})
            assert answer.status_code == 422
            return answer.text

        page = send("/api/reviews", "http://here/fa/recipes/soup/")
        assert '<html lang="fa" dir="rtl"' in page and "حداکثر ۲۰۰ نویسه" in page and "لطفاً این را پر کنید" in page
        assert "نشانی ایمیلی مانند" in page and "تصویر را دوباره برگزینید" in page
        assert not [text for text in ("characters", "is required", "e-mail", "picture: ") if text in page.partition("<main")[2]]
        assert 'action="/api/reviews?locale=fa"' in page
        assert '<html lang="fa"' in send("/api/reviews?locale=fa", "http://here/api/reviews")
        assert "At most 200 characters." in send("/api/reviews?locale=xx", "http://here/recipes/soup/")
        sent |= {"name": "Ann", "email": "", "title": ""}
        assert "تصویر دیگری برگزینید" in send("/api/reviews?locale=fa", "")
        assert site.query("SELECT count(*) FROM cms.uploads") == [(0,)]
