"""Orders are worked on asynchronously, by the API; commands and tasks do it from outside."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from cms_ssg.errors import CmsError
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.payment.provider import Shop
from cms_ssg.store.connect import SESSION, database_url
from cms_ssg.store.secrets import PAYMENTS, load_secret_now
from cms_ssg.types import Problem

Value = TypeVar("Value")


def run_in_shop(opened: OpenSite, work: Callable[[Shop], Awaitable[Value]]) -> Value:
    """Do this with connections of its own, as the API does it. Raises CmsError with what the API would answer."""
    from cms_ssg.api.problems import ApiError

    async def run() -> Value:
        return await work(shop)

    shop = open_shop(opened)
    try:
        return asyncio.run(run())
    except ApiError as error:
        raise CmsError(Problem(error.code, "", 0, error.message, error.hint)) from None


def open_shop(opened: OpenSite) -> Shop:
    """The site as payments know it, for whoever has no pool."""
    site, connection, number = opened
    secret = load_secret_now(connection, number, PAYMENTS)
    url = database_url(site.root, site.settings.database_url, os.environ)

    @asynccontextmanager
    async def connect() -> AsyncIterator[AsyncConnection[TupleRow]]:
        one = await AsyncConnection.connect(url, autocommit=True, client_encoding="utf8")
        async with one:
            await one.execute(SESSION)
            yield one

    return Shop(site, number, connect, secret)
