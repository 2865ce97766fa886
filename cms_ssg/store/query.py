"""A query is declared once, as SQL and the type of its rows; builds run it synchronously, the API asynchronously."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, LiteralString, TypeVar

if TYPE_CHECKING:
    from psycopg import AsyncConnection, Connection
    from psycopg.rows import TupleRow

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Query(Generic[Row]):
    """sql: with named placeholders, ``%(site)s``; row_type: called with a row's columns in their order, as a NamedTuple or a struct is."""

    sql: LiteralString
    row_type: type[Row]


def fetch(connection: Connection[TupleRow], query: Query[Row], **parameters: Any) -> list[Row]:
    """Run a query and return its rows."""
    return [query.row_type(*row) for row in connection.execute(query.sql, parameters)]


async def fetch_async(connection: AsyncConnection[TupleRow], query: Query[Row], **parameters: Any) -> list[Row]:
    """Run a query on a connection of the API's pool and return its rows."""
    cursor = await connection.execute(query.sql, parameters)
    return [query.row_type(*row) for row in await cursor.fetchall()]
