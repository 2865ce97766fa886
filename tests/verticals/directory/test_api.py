"""The API of a directory and its rooms: finding, sending, deciding at the desk, and forgetting a person."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cms_ssg.entries.history import undo_act
from cms_ssg.entries.save import Entries
from cms_ssg.errors import CmsError
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.privacy.people import erase_person, find_person
from cms_ssg.store.open_store import open_store
from cms_ssg.store.revisions import list_acts
from cms_ssg.verticals.directory.changes import add_listing
from cms_ssg.verticals.directory.commands import approve, list_duplicates, merge_listings, set_tier
from tests.api.atlas import Api, serve_api
from tests.api.desk import press, sign_in
from tests.api.inbox import serve_inbox
from tests.edge.nginx_server import find_port
from tests.engine.siteonpage import SiteOnPage, database
from tests.verticals.directory.conftest import SETTINGS

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


@pytest.mark.parametrize("sort", ["relevance", "rating", "newest", "listed"])
def test_pages_by_cursor_have_every_listing_once(api: Api, sort: str) -> None:
    whole = api.json(f"/api/listings?sort={sort}&limit=100")
    found, cursor = [], ""
    for _ in range(whole["total"]):
        page = api.json(f"/api/listings?sort={sort}&limit=2&cursor={cursor}")
        assert page["total"] == whole["total"] and page["facets"] == whole["facets"]
        found += [one["id"] for one in page["listings"]]
        if not (cursor := page["next_cursor"]):
            break
    assert found == [one["id"] for one in whole["listings"]] and len(found) > 4
    other = api.json("/api/listings?sort=rating&limit=1")["next_cursor"]
    for wrong in ("x", "WyJuZXdlc3QiLCJ4IiwxXQ", other if sort != "rating" else "WyJyYXRpbmciLCI0XzUiLC0xXQ"):
        assert api.get(f"/api/listings?sort={sort}&cursor={wrong}").status_code == 422, wrong


@pytest.mark.parametrize("words", ["-" * 200, "- " * 100, '-"" ' * 50, "-(" * 100, "-a" * 100, "beer " + "-" * 190])
def test_no_words_are_an_error(api: Api, words: str) -> None:
    assert api.get("/api/listings", params={"q": words}).status_code == 200
    assert api.json("/api/listings", params={"q": "beer -- -"})["total"] == api.json("/api/listings?q=beer")["total"] > 0


def test_wrong_questions_are_refused_by_name(api: Api) -> None:
    for query in (
        "lat=NaN&lng=0", "lat=91&lng=0", "lat=1", "radius=0&lat=1&lng=1", "radius=inf&lat=1&lng=1", "sort=best", "limit=0", "offset=-1", "min_rating=6",
        "tier=gold", "facet=x/1", "locale=xx", "color=red",
    ):  # fmt: skip
        answer = api.get(f"/api/listings?{query}")
        assert (answer.status_code, answer.json()["code"]) == (422, "api.invalid"), query


def test_an_answer_that_was_kept_before_the_page_was_there_is_not_given_afterwards(site: SiteOnPage, api: Api) -> None:
    api.client.post("/api/listings", json={"title": "Late Opening"})
    question = "/api/listings?q=late"
    assert api.json(question)["total"] == 0
    site.query("UPDATE cms.entries SET status = 'published', fields = fields - 'draft' WHERE fields ->> 'title' = 'Late Opening'")
    time.sleep(1)  # so that the answer is made, and kept, after it was approved
    assert api.json(question)["total"] == 0, "it has no page yet"
    site.build()
    end = time.monotonic() + 20
    while not (found := api.json(question)["listings"]) and time.monotonic() < end:
        time.sleep(0.2)
    assert [one["title"] for one in found] == ["Late Opening"]


def test_a_listing_is_proposed_approved_claimed_by_mail_changed_by_its_owner_and_merged(site: SiteOnPage) -> None:
    port = find_port()
    site.edit("site.toml", "[search]", f'[search]\n[mail]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"')
    new = {
        "title": "Cider Mill",
        "city": "Milan",
        "country": "Italy",
        "website": "mill.example",
        "your_email": CANARY,
        "phone": "+39 02 1234567",
    }
    with serve_inbox(port) as inbox, serve_api([site.root], site.url) as api:
        post = api.client.post
        assert post("/api/listings", data=new).headers["location"] == "/add/#sent"
        assert post("/api/listings", json={"title": "X", "website": "javascript://y"}).json()["errors"][0]["field"] == "website"
        assert site.build().pages == set()
        sign_in(api, site, "moderate")
        assert "May be the same as" in api.get("/desk/listings").text
        assert press(api, "listings", "approve") == "/desk/listings?done"
        assert site.query("SELECT author <> '', origin, kind, what ~ '^listing Cider Mill' FROM cms.acts") == [
            (True, "desk", "approve", True)
        ]
        path = next(page for page in site.build().pages if re.fullmatch(r"/listings/cider-mill-\w{8}/", page))

        claim = {"path": path, "name": "Owner", "email": "me@mill.example"}
        assert post("/api/listings/claims", json=claim).status_code == 202
        assert post("/api/listings/claims", json={**claim, "email": CANARY}).status_code == 202
        recipient, text = inbox.receive(site)
        assert recipient == "me@mill.example"
        word = re.findall(r"word=([\w-]+)", text)[0]
        assert api.get(f"/api/listings/claims/confirm?word={word}").status_code == 200
        status = "SELECT claim_status FROM cms.listings WHERE phone IS NOT NULL"
        assert site.query(status) == [("unclaimed",)]  # to open a link proves nothing
        assert post("/api/listings/claims/confirm", data={"word": word}).status_code == 200
        assert post("/api/listings/claims/confirm", data={"word": word}).status_code == 410
        assert site.query(status) == [("verified",)]
        assert site.build().rendered == {path}
        assert press(api, "claims", "approve") == "/desk/claims?gone"  # one owner at a time
        waiting, approved = re.findall("<article>.*?</article>", api.get("/desk/claims").text)
        assert "<dd>me@mill.example</dd>" in waiting and re.findall(r"/desk/claims/(\w+)", waiting) == ["reject"]
        assert re.findall(r"/desk/claims/(\w+)", approved) == ["undo"]

        message = {"path": path, "name": "Visitor\r\nBcc: all", "email": CANARY, "message": "Hello"}
        assert post("/api/listings/contact", json=message).status_code == 202
        assert inbox.receive(site)[0] == "me@mill.example"
        assert inbox.messages[-1]["Reply-To"] == CANARY
        assert "@mill.example" not in (site.output / path[1:] / "index.html").read_text()

        assert post("/api/listings/edits/link", json={"path": path, "email": CANARY}).status_code == 202
        assert post("/api/listings/edits/link", data={"path": path, "email": "ME@mill.example"}).headers["location"] == f"{path}#edit-sent"
        recipient, text = inbox.receive(site)
        assert recipient == "me@mill.example"
        word = re.findall(r"word=([\w-]+)", text)[0]
        assert "Cider Mill" in api.get(f"/api/listings/edits?word={word}").text
        assert api.get("/api/listings/edits?word=other").status_code == 410
        edit = {
            "word": word,
            "title": "Cider Mill",
            "city": "Asti",
            "website": "https://mill.example",
            "phone": "+39 02 1234567",
            "country": "Italy",
        }
        assert post("/api/listings/edits", json={**edit, "website": "javascript:x"}).status_code == 422
        page = post("/api/listings/edits", data={**edit, "website": "javascript:x"}, headers={"Accept": "text/html"})
        assert page.status_code == 422 and 'name="city" value="Asti"' in page.text and f'name="word" value="{word}"' in page.text
        assert post("/api/listings/edits", json=edit).json() == {"status": "pending", "changed": ["city"]}
        assert post("/api/listings/edits", json={**edit, "hours": "<b>Mo-Fr 9:00-17:00"}).json()["changed"] == ["city", "hours"]
        assert site.build().rendered == set()
        page = api.get("/desk/edits").text
        assert "Milan → Asti" in page and "<b>Mo-Fr" not in page and page.count("<article>") == 1
        assert re.findall("<dt>(.*?)</dt>", page) == ["Status", "City", "Hours", "By", "Sent"], "in the order of the form"
        assert press(api, "edits", "approve") == "/desk/edits?done"
        assert {path, "/places/italy/asti/"} <= site.build().pages

        site.query(
            "INSERT INTO cms.reviews (site, entry, author_name, rating, content, status) SELECT site, number, 'A', 3, '<i>So so', 'approved' FROM cms.listings"
            " WHERE city = 'Asti'"
        )
        review = int(re.findall(r'name="review" value="(\d+)"', api.get(f"/api/listings/edits?word={word}").text)[0])
        assert "<i>So" not in api.get(f"/api/listings/edits?word={word}").text
        answer = {"word": word, "review": review, "text": "We <b>have changed that"}
        other = site.query("SELECT number FROM cms.entries WHERE number <> %s LIMIT 1".replace("number", "id"), review)[0][0]
        assert post("/api/listings/edits/answers", json={**answer, "review": other}).status_code == 404
        assert post("/api/listings/edits/answers", json={**answer, "word": "other"}).status_code == 410
        assert post("/api/listings/edits/answers", data=answer).status_code == 200
        page = site.output / path[1:] / "index.html"
        site.build()
        assert "have changed" not in page.read_text(), "nobody has read it"
        assert "We &lt;b&gt;have changed that" in api.get("/desk/answers").text
        assert press(api, "answers", "approve") == "/desk/answers?done"
        assert site.build().rendered == {path}
        assert "We &lt;b&gt;have changed that" in page.read_text()
        with database(site.url), open_store(site.root, "") as (opened, connection, row):
            open_site = OpenSite(opened, connection, row.id)
            fields = {"title": "Mill of Asti", "phone": "+39 02 123-45-67", "city": "Asti"}
            add_listing(connection, opened, row.id, fields, None)
            assert "telephone" in str(list_duplicates(open_site))
            number = site.query("SELECT number FROM cms.listings WHERE title = 'Mill of Asti'")[0][0]
            with pytest.raises(CmsError, match=r"no listing \d+ waits"):
                approve(open_site, (number, 1))
            assert site.query("SELECT status FROM cms.listings WHERE number = %s", number) == [("pending",)], "all or none"
            approve(open_site, (number,))
            set_tier(open_site, str(number), "featured", until="2099-01-01")
            acts = list_acts(connection, row.id, most=2)
            assert [(act.kind, act.what, act.entries) for act in acts] == [
                ("tier", f"Mill of Asti ({number}) is featured until 2099-01-01", 1),
                ("approve", f"listing Mill of Asti ({number})", 1),
            ]
            undo_act(Entries(connection, opened, row.id), acts[0])
            assert site.query("SELECT listing_tier, status FROM cms.listings WHERE number = %s", number) == [("basic", "approved")]
            site.build()
            with pytest.raises(CmsError) as error:
                merge_listings(open_site, str(number), "/listings/cider-mill/")
            assert error.value.problems[0].code == "directory.of-file"
            assert merge_listings(open_site, str(number), path).endswith("1 review moved")
        built = site.build()
        assert "/listings/mill-of-asti/" in built.pages
        assert "/listings/mill-of-asti/" in (site.output / path[1:] / "index.html").read_text()  # leads there
        assert site.query("SELECT rating_count FROM cms.listings WHERE title = 'Mill of Asti'") == [(1,)]


@pytest.mark.parametrize(
    ("path", "sent", "wrong", "kept"),
    [
        ("", {"title": "Old <Mill>", "website": "javascript:x", "category": "mill"}, "website", 'name="title" value="Old &lt;Mill&gt;"'),
        ("", {"city": "Asti"}, "title", 'name="city" value="Asti"'),
        ("/claims", {"path": PATH, "name": "Ann", "email": "ann@here"}, "email", f'type="hidden" name="path" value="{PATH}"'),
        ("/contact", {"path": PATH, "name": "Ann", "email": "ann@here.example"}, "message", 'value="ann@here.example"'),
    ],
)
def test_a_form_with_a_mistake_comes_back_as_it_was_filled_in(api: Api, path: str, sent: dict[str, str], wrong: str, kept: str) -> None:
    answer = api.client.post(f"/api/listings{path}", data=sent, headers={"Accept": "text/html"})
    assert answer.status_code == 422 and kept in answer.text
    assert f'action="/api/listings{path}"' in answer.text
    assert re.findall(r'name="(\w+)"[^>]* aria-invalid="true"', answer.text) == [wrong]
    assert re.findall(r'<small id="(\w+)-wrong" role="alert">[^<]|<small', answer.text) == [wrong]
    assert api.client.post(f"/api/listings{path}", data=sent).headers["content-type"] == "application/problem+json"


def test_a_form_is_answered_in_the_language_of_its_page(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SETTINGS.replace("page_size", 'locales = ["en", "it"]\npage_size'))
    assert "/it/add/" in site.build().pages
    with serve_api([site.root], site.url) as api:
        headers = {"Accept": "text/html", "Referer": f"{api.client.base_url}/it/add/"}
        assert api.client.post("/api/listings", data={"title": "Mulino"}, headers=headers).headers["location"] == "/it/add/#sent"
        answer = api.client.post("/api/listings", data={"city": "Asti"}, headers=headers)
        assert '<html lang="it"' in answer.text and "Compila questo campo." in answer.text
        headers["Referer"] = "https://elsewhere.example/"
        assert api.client.post("/api/listings", data={"title": "Mill"}, headers=headers).headers["location"] == "/add/#sent"


def test_a_form_whose_picture_is_none_comes_back_as_well(api: Api) -> None:
    files = {"picture": ("a.jpg", b"no picture", "image/jpeg")}
    answer = api.client.post("/api/listings", data={"title": "Old Mill"}, files=files, headers={"Accept": "text/html"})
    assert answer.status_code == 422 and 'enctype="multipart/form-data"' in answer.text and 'value="Old Mill"' in answer.text
    assert re.findall(r'name="(\w+)"[^>]* aria-invalid="true"', answer.text) == ["picture"]


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
