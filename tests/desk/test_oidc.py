"""Signing in at the desk by an issuer of OpenID Connect that checks what RFC 7636 asks of it, and signs with a real key."""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from cms_ssg.store.connect import connect
from cms_ssg.store.tokens import create_token
from tests.api.atlas import Api, serve_api
from tests.engine.siteonpage import SiteOnPage

KEY = ec.generate_private_key(ec.SECP256R1())


class Issuer(ThreadingHTTPServer):
    """asked: what it was asked for by code; changes: of the next ID token."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.asked: dict[str, dict[str, str]] = {}
        self.changes: dict[str, Any] = {}

    def let_in(self, location: str) -> str:
        """Sign in; the query that the browser comes back with."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        assert asked["response_type"] == "code" and asked["code_challenge_method"] == "S256" and "openid" in asked["scope"].split()
        code = f"code{len(self.asked)}"
        self.asked[code] = asked
        return f"code={code}&state={asked['state']}"


class Handler(BaseHTTPRequestHandler):
    server: Issuer

    def do_GET(self) -> None:
        url = self.server.url
        key = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(KEY.public_key())) | {"kid": "k1", "use": "sig", "alg": "ES256"}
        configuration = {"issuer": url, "authorization_endpoint": f"{url}/in", "token_endpoint": f"{url}/token", "jwks_uri": f"{url}/keys"}
        self.answer(200, {"keys": [key]} if self.path == "/keys" else configuration)

    def do_POST(self) -> None:
        sent = {name: values[0] for name, values in parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()).items()}
        asked = self.server.asked.pop(sent["code"], None)
        challenge = urlsafe_b64encode(sha256(sent["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if (
            asked is None
            or (challenge, sent["redirect_uri"]) != (asked["code_challenge"], asked["redirect_uri"])
            or sent["client_secret"] != "secret"
        ):
            self.answer(400, {"error": "invalid_grant"})
            return
        now = int(time.time())
        claims = {"iss": self.server.url, "aud": "desk", "sub": "7", "iat": now, "exp": now + 60, "nonce": asked["nonce"], "email": "Ada@example.org",
                  "email_verified": True, **self.server.changes}  # fmt: skip
        self.answer(200, {"id_token": jwt.encode(claims, KEY, "ES256", headers={"kid": "k1"})})

    def answer(self, status: int, value: Any) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    server = Issuer()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def api(site: SiteOnPage, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setenv("CMS_DESK_CLIENT_SECRET", "secret")
    site.edit("site.toml", "[reviews]", f'[desk]\nissuer = "{issuer.url}"\nclient_id = "desk"\n[reviews]')
    with serve_api([site.root], site.url) as running:
        yield running


def test_who_signs_in_at_the_issuer_has_the_rights_of_the_token_of_that_address_and_nobody_else_has_any(
    api: Api, site: SiteOnPage, issuer: Issuer
) -> None:
    client = api.client
    assert "/desk/sign-in/oidc?next=/desk/reviews" in client.get("/desk?next=/desk/reviews").text

    def sign_in(answer: str = "") -> Any:
        began = client.get("/desk/sign-in/oidc?next=/desk/reviews")
        assert began.status_code == 303 and "SameSite=lax" in began.headers["set-cookie"]
        return client.get(f"/desk/sign-in/back?{answer or issuer.let_in(began.headers['location'])}")

    refused = sign_in()
    assert refused.status_code == 403 and "Ada@example.org has no access to this desk" in refused.text
    with connect(site.url, autocommit=True) as connection:
        number, _ = create_token(connection, site.query("SELECT id FROM cms.sites")[0][0], "ada@example.org", ["moderate"], 1)
    for changes in ({"nonce": "other"}, {"email_verified": False}, {"aud": "shop"}, {"iss": "https://evil.example"}):
        issuer.changes = changes
        assert sign_in().status_code == 403, changes
    issuer.changes = {}
    assert sign_in("code=code0&state=forged").status_code == 403
    assert sign_in("error=access_denied").status_code == 403
    assert client.get("/desk/reviews").status_code == 303, "none of these signed anybody in"

    done = sign_in()
    assert done.status_code == 200 and done.headers["refresh"] == "0; url=/desk/reviews"
    assert "Nothing waits" in client.get("/desk/reviews").text
    used = client.get(f"/desk/sign-in/back?{issuer.let_in(client.get('/desk/sign-in/oidc').headers['location'])}")
    assert used.status_code == 200
    site.query("UPDATE cms.tokens SET revoked_at = now() WHERE id = %s", number)
    assert client.get("/desk/reviews").status_code == 303, "a revoked token ends its sessions"
    assert sign_in().status_code == 403
