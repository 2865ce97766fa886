"""Tables of content types: the columns that a type's schema declares, kept by trigger from ``cms.entries``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, LiteralString

from psycopg import Connection, errors
from psycopg.types.json import Jsonb

from cms_ssg.content.schema.content_types import Schema
from cms_ssg.errors import fail

KNOWN: Final[LiteralString] = "SELECT type, name, columns FROM cms.type_tables WHERE type = ANY(%s)"
DECLARE: Final[LiteralString] = "SELECT cms.declare_type_table(%s, %s, %s, %s)"


def declare_type_tables(connection: Connection, schemas: Iterable[Schema]) -> list[str]:
    """Make the tables that types declare with x-table, and their columns, where the store does not have them yet, and fill these.

    Returns the names of the types. Sites share tables: what only another site's schema declares stays. Raises CmsError schema.table where the name
    is taken, or where another site's column of that name is of another kind.
    """
    with_table = [schema for schema in schemas if schema.table]
    known = {row[0]: row[1:] for row in connection.execute(KNOWN, ([schema.name for schema in with_table],))}
    made = []
    for schema in with_table:
        name, columns = known.get(schema.name, ("", {}))
        if name == schema.table and schema.columns.items() <= columns.items():
            continue
        try:
            with connection.transaction():
                connection.execute(DECLARE, (schema.name, schema.table, schema.partition, Jsonb(schema.columns)))
        except (errors.DuplicateTable, errors.DatatypeMismatch) as error:
            message = f"the type {schema.name} cannot have the table {schema.table}: {error.diag.message_primary}"
            hint = "Give the table another name in x-table, or the field another name or type."
            raise fail("schema.table", message, place=f"content_schema/{schema.name}.json", hint=hint) from None
        made.append(schema.name)
    return made
