"""Reviews of people who gave no e-mail address: found by their words, and erased from everything that showed them."""

from __future__ import annotations

import pytest

from cms_ssg.errors import CmsError
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.reviews.commands import erase_reviews, find_reviews
from cms_ssg.store.open_store import open_store
from tests.api.atlas import Api
from tests.engine.siteonpage import SiteOnPage, database

PAGE = "recipes/soup/index.html"


def test_a_review_without_an_address_is_found_by_its_words_and_erased(api: Api, site: SiteOnPage) -> None:
    for name, rating, content in (("Ada Lovelace", 1, "Too salty"), ("Bob", 5, "Fine, Ada")):
        api.client.post("/api/reviews", json={"path": "/recipes/soup/", "rating": rating, "name": name, "content": content})
    site.query("UPDATE cms.reviews SET status = 'approved'")
    site.build()
    assert "Ada Lovelace" in (site.output / PAGE).read_text()
    with database(site.url), open_store(site.root, "") as (opened, connection, row):
        open_site = OpenSite(opened, connection, row.id)
        assert [one["author"] for one in find_reviews(open_site, "ada")] == ["Bob", "Ada Lovelace"]
        assert find_reviews(open_site, "nobody") == find_reviews(open_site, "a%") == []
        [found] = find_reviews(open_site, "ADA LOVELACE")
        with pytest.raises(CmsError, match="there is no review 1"):
            erase_reviews(open_site, (found["number"], 1))
        assert len(find_reviews(open_site, "ada")) == 2, "all or none"
        assert erase_reviews(open_site, (found["number"],)).startswith("1 review deleted, 1 file")
    text = (site.output / PAGE).read_text()
    assert "Ada Lovelace" not in text and "Too salty" not in text and "Fine, Ada" in text
    assert site.query("SELECT rating_sum, rating_count FROM cms.ratings") == [(5, 1)]
    assert "Lovelace" not in api.get("/api/reviews?path=/recipes/soup/").text
    assert site.build().rendered == set()
