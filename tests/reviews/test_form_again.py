"""Forms with mistakes come back as they were filled in, with what is wrong at each field."""

from __future__ import annotations

from tests.api.atlas import Api
from tests.engine.siteonpage import SiteOnPage


def test_a_review_form_with_a_mistake_comes_back_as_it_was_filled_in(api: Api, site: SiteOnPage) -> None:
    sent = {"path": "/recipes/soup/", "rating": "4", "name": "Ann", "email": "ann@here", "content": "Long <text>"}
    page = api.client.post("/api/reviews", data=sent, headers={"Accept": "text/html"})
    assert page.status_code == 422 and ">\nLong &lt;text&gt;</textarea>" in page.text
    assert '<option value="4" selected>' in page.text and 'value="ann@here"' in page.text and 'id="said-email" role="alert"' in page.text
    assert 'type="file"' not in page.text, "this site takes no pictures"
    assert site.query("SELECT count(*) FROM cms.reviews") == [(0,)]
    comment = api.client.post("/api/comments", data={"path": "/recipes/soup/", "name": "Ann"}, headers={"Accept": "text/html"})
    assert comment.status_code == 422 and "Please fill this in." in comment.text and 'value="Ann"' in comment.text
