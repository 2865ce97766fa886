"""Opens connections to the content store, and says in the user's words what is wrong when that fails."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow
from psycopg.types.json import set_json_loads

from cms_ssg.errors import CmsError, fail
from cms_ssg.reporting.redact import split_address

OLDEST_VERSION: Final = 150000
CONNECT_TIMEOUT_S: Final = 10
PATIENCE_S: Final = 15.0
"""How long a server that is starting is waited for."""

_PARAMETERS: Final[Mapping[str, Any]] = {"application_name": "cms_ssg", "connect_timeout": CONNECT_TIMEOUT_S, "client_encoding": "utf8"}
SESSION: Final = "SET timezone = 'UTC'; SET datestyle = 'ISO'; SET standard_conforming_strings = on; SET jit = off; SET search_path = ''"
_STARTING: Final = re.compile(r"starting up|shutting down|recovery mode|not yet accepting|terminating connection")
_BUSY: Final = re.compile(r"too many clients|connection slots|too many connections")
_MISSING: Final = re.compile(r'database ".*" does not exist')
_REFUSED: Final = re.compile(r"password|[Aa]uthentication failed|no pg_hba\.conf entry|role .* (does not exist|is not permitted)")


def database_url(site_root: Path, settings_url: str, environ: Mapping[str, str]) -> str:
    """Return where the site's store is: ``CMS_DATABASE_URL``, else the setting, else the embedded server, which is started.

    Raises CmsError db.* where the embedded server cannot start.
    """
    given = environ.get("CMS_DATABASE_URL", "") or settings_url
    if given:
        return given
    from cms_ssg.store import embedded

    return embedded.start(site_root)


def makes_database(site_root: Path, settings_url: str, environ: Mapping[str, str]) -> bool:
    """Whether database_url is about to make an embedded database that was not there before."""
    if environ.get("CMS_DATABASE_URL", "") or settings_url:
        return False
    from cms_ssg.store import embedded

    return not embedded.data_folder(site_root).exists()


def connect(url: str, *, autocommit: bool = False) -> psycopg.Connection[TupleRow]:
    """Open a connection whose session has UTC, ISO dates and no JIT.

    Raises CmsError db.url, db.unreachable, db.busy, db.password, db.missing, db.version or db.encoding;
    the password is in none of their messages.
    """
    until = time.monotonic() + PATIENCE_S
    if _parse(url) is None:
        raise fail("db.url", "the database's address cannot be read", place="CMS_DATABASE_URL", hint=_EXAMPLE)
    while True:
        try:
            conn = psycopg.connect(url, autocommit=True, **_PARAMETERS)
            break
        except psycopg.OperationalError as error:
            if not _STARTING.search(str(error)) or time.monotonic() > until:
                raise _explain(error, url) from None
            time.sleep(0.05)
    try:
        _check_server(conn, url)
        conn.execute(SESSION)
        set_json_loads(_read_json, conn)
        conn.autocommit = autocommit
    except BaseException:
        conn.close()
        raise
    return conn


@contextmanager
def begin_snapshot(conn: psycopg.Connection[TupleRow]) -> Iterator[None]:
    """Read in this block what was committed when it began. conn: outside a transaction, as it is again after the block."""
    conn.isolation_level, conn.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
    try:
        yield
    finally:
        if not conn.closed:
            conn.rollback()
            conn.isolation_level = conn.read_only = None


def import_snapshot(conn: psycopg.Connection[TupleRow], name: str) -> None:
    """Begin a transaction that sees what another one sees. name: as pg_export_snapshot gave it."""
    if not all(char in "0123456789ABCDEF-" for char in name):  # it cannot be a parameter
        raise ValueError(f"not a snapshot: {name!r}")
    conn.execute(f"SET TRANSACTION SNAPSHOT '{name}'")


def _read_json(data: bytes | str) -> Any:
    """JSON from the store. msgspec reads it four times as fast as json, but no number beyond a float's range."""
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError:
        return json.loads(data)


def describe_url(url: str) -> str:
    """Say where a database is without its password: ``cms at localhost:5432``."""
    parts = _parse(url)
    if parts is None:
        return "the database"
    host = str(parts.get("host") or parts.get("hostaddr") or "the local socket")
    port = f":{parts['port']}" if parts.get("port") and not host.startswith("/") else ""
    return f"{parts.get('dbname') or parts.get('user') or 'the database'} at {host}{port}"


def _parse(url: str) -> dict[str, Any] | None:
    """The parts of an address as libpq takes them; None if it cannot, or if a part of the password may have become one of host, port or name.

    libpq ends a password at the first @ and finds none after a /, and what it says of such an address repeats the rest of it.
    """
    try:
        parts = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        return None
    credentials, _ = split_address(url)
    host, port, name = (str(parts.get(key) or "") for key in ("host", "port", "dbname"))
    astray = "@" in credentials or "/" in credentials or "://" in host + name or not set(port) <= set("0123456789,")
    return None if astray or any("@" in one[1:] and one[0] != "/" for one in host.split(",")) else parts


def show_url(conninfo: str) -> str:
    """A database's address for psql and other programs, without its password; "" where it cannot be read."""
    try:
        parts = {name: str(value) for name, value in psycopg.conninfo.conninfo_to_dict(conninfo).items() if value is not None}
    except psycopg.ProgrammingError:
        return ""
    user, database = quote(parts.get("user", ""), safe=""), quote(parts.get("dbname", ""), safe="")
    names = ["hostaddr", "sslmode", "options", "target_session_attrs"]
    host, port = parts.get("host", ""), parts.get("port", "")
    if not host or re.search("[/,:]", host):  # a folder with a socket, several hosts, or IPv6
        place, names = "", ["host", "port", *names]
    else:
        place = f"{quote(host, safe='')}{':' * bool(port)}{port}"
    more = urlencode({name: parts[name] for name in names if parts.get(name, "").strip(",")})
    return f"postgresql://{user}{'@' * bool(user)}{place}/{database}" + (f"?{more}" if more else "")


_EXAMPLE: Final = "It looks like postgresql://user:password@host:5432/name; write special characters of the password as %XX."


def connect_beside(connection: psycopg.Connection[TupleRow]) -> psycopg.Connection[TupleRow]:
    """Another connection to the same database that keeps each statement. Raises CmsError as connect does."""
    return connect(make_conninfo(connection.info.dsn, password=connection.info.password or None), autocommit=True)


def _check_server(conn: psycopg.Connection[TupleRow], url: str) -> None:
    version = conn.info.server_version
    if version < OLDEST_VERSION:
        message = f"the server is Postgres {version // 10000}, cms_ssg needs 15 or newer"
        raise fail("db.version", message, place=describe_url(url), hint=_EMBEDDED)
    encoding = conn.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise fail(
            "db.encoding",
            f"the database stores text as {encoding}, cms_ssg needs UTF8",
            place=describe_url(url),
            hint="Make a new one: CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0.",
        )


_EMBEDDED: Final = "Upgrade the server, or unset CMS_DATABASE_URL and database_url to use the embedded one."


def _explain(error: psycopg.OperationalError, url: str) -> CmsError:
    """Make the CmsError for a connection that failed. At this stage the server's SQLSTATE is lost, so its text must do."""
    text = " ".join(str(error).split())
    place = describe_url(url)
    asked = error.pgconn is not None and error.pgconn.needs_password
    if _MISSING.search(text):
        name = re.sub(r" at .*", "", place)
        return fail("db.missing", text, place=place, hint=f"Make it: CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0.")
    if _BUSY.search(text):
        return fail("db.busy", text, place=place, hint="Wait for other programs to end, or raise max_connections of the server.")
    if asked or _REFUSED.search(text):
        return fail("db.password", text, place=place, hint="Check the user name and the password in CMS_DATABASE_URL or database_url.")
    return fail("db.unreachable", text, place=place, hint=f"Is the server running and reachable from here? {_EXAMPLE}")
