"""Every SQL text of the package fits the schema: the server is asked to plan each."""

from __future__ import annotations

import ast
import importlib
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

import cms_ssg
from cms_ssg.store.connect import connect
from cms_ssg.store.jobs import connect_queue, ensure_tables
from tests.conftest import TEMPLATE
from tests.store.statements import number_placeholders

PACKAGE = Path(cms_ssg.__file__).parent
BEGINS = re.compile(r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|COPY|TABLE|VALUES)\s")
NAMES = re.compile(r"\{\w*\}")
"""Where names of tables are put into a text."""
MAY_HAVE = re.compile(rb"LiteralString|SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|COPY|TABLE|VALUES")
"""A file without any of these has no statement, and its tree need not be made: each process of a run looks for the texts."""
FEWEST = 120
"""Texts known when this was written: if much fewer are found, it is the search that is broken."""


def list_texts() -> Iterator[tuple[str, str]]:
    """(place, SQL) of each constant and of each text inside a function that begins as a statement does.

    Left out are parts of statements, which are private; what names of tables are put into: dumps, whose tests run it; and what is
    asked of the index that a migration from another system keeps in a file.
    """
    for path in sorted(PACKAGE.rglob("*.py")):
        file = path.relative_to(PACKAGE).with_suffix("")
        if file.parts[0] == "migrate":
            continue
        source = path.read_bytes()
        if not MAY_HAVE.search(source):
            continue
        tree = ast.parse(source)
        nodes = list(ast.walk(tree))
        constants = [
            node for node in tree.body if isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "Final[LiteralString]"
        ]
        inside = {id(part) for node in constants for part in ast.walk(node)}
        inside |= {id(part) for node in nodes if isinstance(node, ast.JoinedStr | ast.BinOp) for part in ast.walk(node)}
        if constants:
            module = importlib.import_module(".".join(("cms_ssg", *file.parts)))
            for node in constants:
                if ast.unparse(node.target).startswith("_"):
                    continue
                yield f"{file}:{ast.unparse(node.target)}", getattr(module, ast.unparse(node.target))
        for node in nodes:
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in inside
                and BEGINS.match(node.value)
                and not NAMES.search(node.value)
            ):
                yield f"{file}:{node.lineno}", node.value


@cache
def texts() -> dict[str, str]:
    return dict(list_texts())


@pytest.fixture(scope="module")
def statements_db(server_url: str) -> Iterator[psycopg.Connection[TupleRow]]:
    """A connection to a database for all these tests: none writes anything."""
    name = f"statements_{os.getpid()}"
    with connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
        with connect_queue(make_conninfo(server_url, dbname=name)) as queue:
            ensure_tables(queue)
        with connect(make_conninfo(server_url, dbname=name), autocommit=True) as ours:
            yield ours
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_the_search_finds_what_there_is() -> None:
    assert len(texts()) >= FEWEST


@pytest.mark.parametrize("place", texts())
def test_statement_fits_the_schema(place: str, statements_db: psycopg.Connection[TupleRow]) -> None:
    text = texts()[place]
    with statements_db.transaction(force_rollback=True):
        if text.lstrip().startswith("COPY"):
            with statements_db.cursor() as cursor, cursor.copy(text.encode()):
                pass
        else:
            statements_db.execute(b"PREPARE statement AS " + number_placeholders(text)[0].encode())
            statements_db.execute("DEALLOCATE statement")
