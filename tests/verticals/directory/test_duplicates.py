"""Listings that may be the same place, at the desk: merged into either, or told apart."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from cms_ssg.entries.history import find_last_act, undo_act
from cms_ssg.entries.save import Entries
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.store.open_store import open_store
from cms_ssg.verticals.directory.changes import add_listing
from cms_ssg.verticals.directory.commands import list_duplicates
from tests.api.atlas import Api, serve_api
from tests.api.desk import press, sign_in
from tests.engine.siteonpage import SiteOnPage, database

PAIR = (
    {"title": "Mill of Asti", "city": "Asti", "phone": "+39 0141 123456", "description": "The <b>old</b> one", "address": "Via 1"},
    {"title": "Mill of Asti", "city": "Asti", "phone": "+39 0141 123-456", "tier": "premium", "website": "https://mill.example"},
)


@pytest.fixture
def desk(site: SiteOnPage) -> Iterator[Api]:
    """A directory with a pair of listings of the store, and somebody at the desk."""
    with database(site.url), open_store(site.root, "") as (opened, connection, row):
        for fields in PAIR:
            add_listing(connection, opened, row.id, fields, None)
    site.query("UPDATE cms.entries SET status = 'published', fields = fields - 'draft' WHERE source <> 'file'")
    site.query(
        "INSERT INTO cms.reviews (site, entry, author_name, rating, content, status) SELECT site, number, 'A', 3, 'So so', 'approved' FROM cms.listings"
        " WHERE phone LIKE '%%123-456'"
    )
    site.query(
        "INSERT INTO cms.listing_claims (site, entry, name, email) SELECT site, number, 'O', 'o@mill.example' FROM cms.listings WHERE title = 'Mill of Asti'"
    )
    site.query("UPDATE cms.listing_claims SET status = 'approved' WHERE entry = (SELECT max(entry) FROM cms.listing_claims)")
    site.build()
    with serve_api([site.root], site.url) as api:
        sign_in(api, site, "moderate")
        yield api


def pairs(site: SiteOnPage) -> list[dict[str, object]]:
    with database(site.url), open_store(site.root, "") as (opened, connection, row):
        return list_duplicates(OpenSite(opened, connection, row.id))


def test_two_listings_become_one_at_the_desk_with_all_that_belongs_to_either(desk: Api, site: SiteOnPage) -> None:
    html = desk.get("/desk/duplicates").text
    assert html.count("<article>") == 1 and "same name and place" in html and "<b>old" not in html
    assert "+39 0141 123456 ↔ +39 0141 123-456" in html and "– ↔ https://mill.example" in html and "<dd>Asti</dd>" in html
    kept, gone = re.findall(r'<a href="(/listings/[^"]+)">/listings', html)
    assert re.findall(r'formaction="/desk/duplicates/(\w+)"', html) == ["first", "second", "apart"]
    page = desk.get("/desk/duplicates").text
    fields = {name: re.findall(rf'name="{name}" value="([^"]+)"', page)[-1] for name in ("csrf", "key")}
    assert press(desk, "duplicates", "first") == "/desk/duplicates?done"
    assert desk.client.post("/desk/duplicates/second", data=fields).headers["location"] == "/desk/duplicates?gone"
    assert "Nothing waits" in desk.get("/desk/duplicates").text and pairs(site) == []
    site.build()
    text = (site.output / kept[1:] / "index.html").read_text()
    assert "https://mill.example" in text and "Via 1" in text and "So so" in text
    assert kept in (site.output / gone[1:] / "index.html").read_text(), "the old address leads to the one that stays"
    columns = "listing_tier, owner_email, rating_count, claim_status FROM cms.listings WHERE title = 'Mill of Asti' AND status"
    assert site.query(f"SELECT {columns} = 'approved'") == [("premium", "o@mill.example", 1, "claimed")]
    assert site.query(f"SELECT {columns} = 'rejected'") == [("premium", None, 0, "unclaimed")]
    with database(site.url), open_store(site.root, "") as (opened, connection, row):
        act = find_last_act(connection, row.id)
        assert (act.kind, act.origin, act.author) == ("merge", "desk", "Mara")
        assert len(undo_act(Entries(connection, opened, row.id), act).restored) == 2
    site.build()
    text = (site.output / gone[1:] / "index.html").read_text()
    assert '"streetAddress":"Via 1"' not in text and "https://mill.example" in text, "it is a page of its own again"


def test_a_pair_that_is_none_does_not_come_back(desk: Api, site: SiteOnPage) -> None:
    assert len(pairs(site)) == 1
    html = desk.get("/desk/duplicates").text
    csrf = re.findall(r'name="csrf" value="(\w+)"', html)[-1]
    for key in ("", "1", "1-2", "-", "9" * 30 + "-1", "2-1'"):
        for action in ("first", "second", "apart"):
            answer = desk.client.post(f"/desk/duplicates/{action}", data={"csrf": csrf, "key": key})
            assert answer.headers["location"] == "/desk/duplicates?gone", (key, action)
    assert press(desk, "duplicates", "apart") == "/desk/duplicates?done"
    assert pairs(site) == [] and "Nothing waits" in desk.get("/desk/duplicates").text
    assert site.query("SELECT decided_by FROM cms.listings_apart") == [("Mara",)]


def test_a_pair_with_a_content_file_can_only_be_told_apart(desk: Api, site: SiteOnPage) -> None:
    site.query("UPDATE cms.listings SET title = 'Ale House', city = 'Turin' WHERE phone LIKE '%%123-456'")
    article = next(text for text in re.findall("<article>.*?</article>", desk.get("/desk/duplicates").text) if "Ale House" in text)
    assert "content file" in article and re.findall(r'formaction="/desk/duplicates/(\w+)"', article) == ["apart"]
