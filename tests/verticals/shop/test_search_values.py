"""What shops, reviews and counted reads say of an entry is in its document, and what a search sorts and filters by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from cms_ssg.search.reindex import reindex
from cms_ssg.site import open_site
from cms_ssg.statistics.refresh import refresh
from cms_ssg.store.connect import connect
from cms_ssg.testing import SiteOnPage
from tests.api.atlas import serve_api

SITE = """-- site.toml --
title = "Stall"
verticals = ["shop"]
[search]
[shop]
currency = "EUR"
country = "IT"
countries = ["IT"]
payments = ["fake"]
seller = "Stall, Roma"
[[collection]]
name = "pages"
path = "content/pages"
type = "page"
-- content/products/mug.md --
---
title: Mug
sku: MUG
price: 20.00
stock: 9
sale_price: 15.00
sale_from: 2026-03-01T00:00:00Z
---
Blue.
-- content/products/shirt.md --
---
title: Shirt
price: 30.00
variations:
  - {sku: SHIRT-S, attributes: {size: S}, stock: 4}
  - {sku: SHIRT-L, attributes: {size: L}, stock: 0, price: 28.00}
---
Linen.
-- content/pages/clay.md --
---
title: Clay
---
Earth.
"""
VALUES = "SELECT title, price, rating, stock, popularity FROM cms.documents ORDER BY title"
REVIEW = """
INSERT INTO cms.reviews (site, entry, author_name, rating, content, status)
SELECT site, id, 'Ann', %s, 'Good.', 'approved' FROM cms.entries WHERE fields ->> 'sku' = 'MUG'"""


def test_documents_follow_prices_stock_ratings_and_reads(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SITE)
    assert site.build(now=datetime(2026, 2, 1, tzinfo=UTC)).result.status == "done"
    assert site.query(VALUES) == [
        ("Clay", None, None, None, 0.0),
        ("Mug", 2000, None, "in_stock", 0.0),
        ("Shirt", 2800, None, "in_stock", 0.0),
    ]
    site.query("INSERT INTO cms.stock_moves (site, sku, delta, reason, ref) SELECT id, 'SHIRT-S', -4, 'adjusted', 'count' FROM cms.sites")
    site.query(REVIEW, 4)
    site.query(REVIEW, 5)
    later = datetime(2026, 3, 2, tzinfo=UTC)
    assert site.build(now=later).result.status == "done"
    site.query("INSERT INTO cms.hits (site, path, day, hits) SELECT site, path, '2026-03-01', 20 FROM cms.documents WHERE title = 'Mug'")
    opened = open_site(site.root, {})
    with connect(site.url, autocommit=True) as connection:
        [(number,)] = site.query("SELECT id FROM cms.sites")  # other tests of this process may have made sites before
        refresh(connection, opened, number)
        known = site.query(VALUES)
        assert known == [("Clay", None, None, None, 0.0), ("Mug", 1500, 4.5, "in_stock", 3.0), ("Shirt", 2800, None, "out_of_stock", 0.0)]
        connection.execute("UPDATE cms.documents SET price = 1, rating = 1, stock = 'low'")
        reindex(connection, opened, number)
        assert site.query(VALUES) == known
    with serve_api([site.root], site.url) as api:
        found = api.json("/api/search?sort=rating&price_max=2000&stock=in_stock&rating_min=4.5")
        assert [(hit["title"], hit["price"], hit["rating"], hit["popularity"], hit["stock"]) for hit in found["hits"]] == [
            ("Mug", 1500, 4.5, 3.0, "in_stock")
        ]
        assert [hit["title"] for hit in api.json("/api/search?sort=price_desc")["hits"]] == ["Shirt", "Mug", "Clay"]
        for wrong in ("price_min=-1", "price_max=1e400", "rating_min=nan", "rating_min=6", "sort=cheap"):
            assert api.get(f"/api/search?{wrong}").status_code == 422, wrong
