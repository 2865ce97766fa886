"""What a shopkeeper has: the commands, and a token for the desk and the API."""

from __future__ import annotations

import secrets
from typing import Any

from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.store.open_store import open_store
from cms_ssg.store.tokens import digest_token
from tests.engine.siteonpage import database
from tests.verticals.shop.stand import Stand


def run(shop: Stand, command: Any, *values: object, **options: object) -> Any:
    with database(shop.url), open_store(shop.root, "") as (site, connection, row):
        return command(OpenSite(site, connection, row.id), *values, **options)


def make_token(shop: Stand, *scopes: str) -> str:
    token = "cms_" + secrets.token_hex(20)
    shop.query(
        "INSERT INTO cms.tokens (site, name, digest, scopes) SELECT id, %s, %s, %s FROM cms.sites", token, digest_token(token), list(scopes)
    )
    return token
