"""Visitors prove an address by a link that a real mail server delivers, and by tokens that a real issuer's keys signed."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from aiosmtpd.controller import Controller
from cryptography.hazmat.primitives.asymmetric import ec

from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.privacy.people import find_person
from cms_ssg.store.open_store import open_store
from cms_ssg.workers.tasks import run_due_tasks
from tests.api.atlas import Api, serve_api, write_site
from tests.conftest import TEMPLATE, fresh_database
from tests.edge.nginx_server import find_port
from tests.engine.siteonpage import database

KEY, OTHER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())


class Issuer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        key = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(KEY.public_key())) | {"kid": "k1", "use": "sig", "alg": "ES256"}
        data = json.dumps({"keys": [key]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Inbox:
    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(message_from_bytes(envelope.content, policy=default))
        return "250 OK"


class Served:
    def __init__(self, api: Api, root: Path, url: str, inbox: Inbox) -> None:
        self.api, self.root, self.url, self.inbox = api, root, url, inbox

    def receive(self) -> list[str]:
        """Run the periodic tasks; the words of the links that arrived."""
        with database(self.url), open_store(self.root, "") as (site, connection, row):
            connection.execute("DELETE FROM cms.task_runs")
            assert run_due_tasks(connection, site, row.id) == []
        mails, self.inbox.mails = self.inbox.mails, []
        return [re.search(r"/api/visitors/confirm\?word=(\S+)", mail.get_content())[1] for mail in mails]  # type: ignore[index]


@pytest.fixture(scope="module")
def served(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    inbox = Inbox()
    controller = Controller(inbox, hostname="127.0.0.1", port=find_port())
    controller.start()
    issuer = ThreadingHTTPServer(("127.0.0.1", 0), Issuer)
    threading.Thread(target=issuer.serve_forever, daemon=True).start()
    more = (
        f'[mail]\nhost = "127.0.0.1"\nport = {controller.port}\nsecurity = "none"\n[visitors]\nissuer = "https://login.example"\naudience = "atlas"\n'
        f'keys_url = "http://127.0.0.1:{issuer.server_address[1]}/jwks"\n'
    )
    folder = write_site(tmp_path_factory.mktemp("visitors"), more=more)
    for url in fresh_database(server_url, TEMPLATE):
        with serve_api([folder], url) as api:
            yield Served(api, folder, url, inbox)
    controller.stop()
    issuer.shutdown()
    issuer.server_close()


def test_a_link_proves_an_address_once_and_only_to_who_presses_the_button(served: Served) -> None:
    client = served.api.client
    assert client.get("/api/visitors/me").json()["code"] == "visitors.unknown"
    asked = {"email": "ada@example.org", "back": "/tide/"}
    assert [
        client.post("/api/visitors/links", json=asked, headers={"X-Forwarded-For": f"203.0.113.{n}"}).status_code for n in range(5)
    ] == [202] * 5
    words = served.receive()
    assert len(words) == 3, "a mailbox is not filled from here"
    page = client.get("/api/visitors/confirm", params={"word": words[0]})
    assert f'value="{words[0]}"' in page.text and "form-action 'self'" in page.headers["content-security-policy"]
    assert client.get("/api/visitors/me").status_code == 401, "opening the link alone proves nothing"
    done = client.post("/api/visitors/confirm", data={"word": words[0]})
    assert (done.status_code, done.headers["location"]) == (303, "/tide/")
    assert "HttpOnly" in done.headers["set-cookie"] and "SameSite=lax" in done.headers["set-cookie"]
    assert client.get("/api/visitors/me").json() == {"email": "ada@example.org", "name": "", "issuer": ""}
    again = client.post("/api/visitors/confirm", data={"word": words[0]})
    assert (again.status_code, again.json()["code"]) == (410, "visitors.link")
    cookie = client.cookies["cms_visitor"]
    client.cookies.clear()
    forged = b"eve@example.org".hex() + cookie[cookie.index(".") :]
    assert client.get("/api/visitors/me", headers={"Cookie": f"cms_visitor={forged}"}).status_code == 401
    assert client.get("/api/visitors/me", headers={"Cookie": f"cms_visitor={cookie}"}).status_code == 200
    for wrong in (
        {"email": "no address"},
        {"email": "ada@example.org\nBcc: eve@example.org"},
        {"email": "a@b.example", "back": "https://evil.example/"},
        {"email": "a@b.example", "back": "//evil.example"},
    ):
        answer = client.post("/api/visitors/links", json=wrong, headers={"X-Forwarded-For": "203.0.113.77"})
        assert answer.status_code == 422, (wrong, answer.text)
        assert ("back" in wrong) or answer.json()["errors"] == [{"field": "email", "message": "This is no e-mail address"}]
    for sent, message in (({}, "This field is required"), ({"email": "a@b.example", "next": "/"}, "Unknown field")):
        answer = client.post("/api/visitors/links", json=sent, headers={"X-Forwarded-For": "203.0.113.78"})
        assert [error["message"] for error in answer.json()["errors"]] == [message]
    with database(served.url), open_store(served.root, "") as (site, connection, row):
        assert {table for table, _ in find_person(OpenSite(site, connection, row.id), "ADA@example.org")} == {"visitor_links"}


def test_a_token_counts_if_the_issuer_signed_it_for_this_site_and_verified_the_address(served: Served) -> None:
    now = int(time.time())
    good = {
        "iss": "https://login.example", "aud": "atlas", "sub": "7", "iat": now, "exp": now + 60, "email": "ada@example.org", "email_verified": True,
        "name": "Ada",
    }  # fmt: skip

    def ask(claims: dict[str, Any], key: Any = KEY, algorithm: str = "ES256") -> Any:
        token = jwt.encode(claims, key, algorithm, headers={"kid": "k1"})
        return served.api.client.get("/api/visitors/me", headers={"Authorization": f"Bearer {token}"})

    assert ask(good).json() == {"email": "ada@example.org", "name": "Ada", "issuer": "https://login.example"}
    wrong: tuple[tuple[dict[str, Any], Any, str], ...] = (
        (good, OTHER, "ES256"), (good, "secret-that-is-long-enough-for-hs256", "HS256"), (good, None, "none"), ({**good, "aud": "other"}, KEY, "ES256"),
        ({**good, "iss": "https://evil.example"}, KEY, "ES256"), ({**good, "exp": now - 60}, KEY, "ES256"), ({**good, "email_verified": False}, KEY, "ES256"),
        ({**good, "email": "ada@example.org\nBcc: eve@example.org"}, KEY, "ES256"), ({**good, "email": f"{'a' * 320}@example.org"}, KEY, "ES256"),
        ({name: value for name, value in good.items() if name != "exp"}, KEY, "ES256"),
    )  # fmt: skip
    for claims, key, algorithm in wrong:
        answer = ask(claims, key, algorithm)
        assert (answer.status_code, answer.json()["code"]) == (401, "visitors.token"), (claims, algorithm)
    closed = served.api.client.get(
        "/api/entries", headers={"Authorization": f"Bearer {jwt.encode(good, KEY, 'ES256', headers={'kid': 'k1'})}"}
    )
    assert (closed.status_code, closed.json()["code"]) == (401, "api.no-token"), "a visitor is no token of ours"
