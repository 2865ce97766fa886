"""Connections: what their session is like, and what a user reads when they fail."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cms_ssg.errors import CmsError
from cms_ssg.store import embedded
from cms_ssg.store.connect import connect, database_url, describe_url, show_url

SECRET = "s3cr3t-pass"


def failure(url: str) -> CmsError:
    """The error of a connection that must fail, checked to keep its secret."""
    with pytest.raises(CmsError) as caught:
        connect(url)
    assert SECRET not in str(caught.value)
    assert caught.value.problems[0].hint
    assert caught.value.__cause__ is None
    return caught.value


def code(error: CmsError) -> str:
    return error.problems[0].code


def test_session_speaks_utc_and_iso(db_url: str) -> None:
    with connect(db_url) as conn:
        row = conn.execute("SELECT current_setting('timezone'), current_setting('application_name'), current_setting('jit')").fetchone()
        assert row == ("UTC", "cms_ssg", "off")
        assert not conn.autocommit
    with connect(db_url, autocommit=True) as conn:
        assert conn.autocommit


def test_wrong_password_is_told_without_the_password(db_url: str) -> None:
    error = failure(make_conninfo(db_url, password=SECRET))
    assert code(error) == "db.password"


def test_absent_password_is_told(db_url: str) -> None:
    parts = {key: value for key, value in psycopg.conninfo.conninfo_to_dict(db_url).items() if key != "password"}
    assert code(failure(make_conninfo(**parts))) == "db.password"


def test_unknown_user_is_told_like_a_wrong_password(db_url: str) -> None:
    assert code(failure(make_conninfo(db_url, user="nobody_here", password=SECRET))) == "db.password"


def test_missing_database_is_named_with_the_way_to_make_it(db_url: str) -> None:
    error = failure(make_conninfo(db_url, dbname="flood"))
    assert code(error) == "db.missing"
    assert "CREATE DATABASE flood" in str(error)


def test_nothing_listening_is_unreachable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        error = failure(f"postgresql://cms:{SECRET}@127.0.0.1:{port}/cms")
    assert code(error) == "db.unreachable"
    assert error.problems[0].place == f"cms at 127.0.0.1:{port}"


def test_unknown_host_is_unreachable() -> None:
    assert code(failure(f"postgresql://cms:{SECRET}@db.invalid/cms")) == "db.unreachable"


@pytest.mark.parametrize(
    "url", [f"postgres:/cms:{SECRET}@host", f"password={SECRET} host", f"postgresql://u:{SECRET}%zz@host/db", f"mysql://{SECRET}"]
)
def test_unreadable_address_is_refused_without_repeating_it(url: str) -> None:
    assert code(failure(url)) == "db.url"


def test_password_with_special_characters_never_shows() -> None:
    url = "postgresql://cms:p%40ss%2Fword@127.0.0.1:1/cms"
    with pytest.raises(CmsError) as caught:
        connect(url)
    assert "p@ss/word" not in str(caught.value)
    assert "p%40ss" not in str(caught.value)


ASTRAY = ["ca/nary", "ca@nary", "ca/na?ry", "@canary/", "c:a/n@ary", "canary'/\"@"]


@pytest.mark.parametrize("password", ASTRAY)
@pytest.mark.parametrize("rest", ["@127.0.0.1:1/cms", "@127.0.0.1:1/cms?sslmode=disable", "@/cms"])
def test_password_of_which_libpq_would_take_a_part_for_the_host_is_refused_and_never_said(password: str, rest: str) -> None:
    url = f"postgresql://cms:{password}{rest}"
    with pytest.raises(CmsError) as caught:
        connect(url)
    assert code(caught.value) == "db.url"
    said = str(caught.value) + describe_url(url)
    assert not any(part in said for part in ("canary", "nary", "na?ry", "n@ary"))
    assert "%XX" in said


@pytest.mark.parametrize("password", ["p?a#ss", "a:b[c]", "p%40ss%2Fword", "ünïcode", "p&a=s+s"])
def test_password_that_libpq_takes_as_it_is_meant_is_used(password: str) -> None:
    assert describe_url(f"postgresql://cms:{password}@127.0.0.1:1/news") == "news at 127.0.0.1:1"
    assert code(failure(f"postgresql://cms:{password}@127.0.0.1:1/news")) == "db.unreachable"


@pytest.mark.parametrize(
    "url", ["postgresql://cms:canary", "postgresql://cms:canary/news", "host=cms:canary@db", "dbname=postgres://u:canary@h"]
)
def test_password_at_the_wrong_place_is_not_said(url: str) -> None:
    with pytest.raises(CmsError) as caught:
        connect(url)
    assert "canary" not in str(caught.value) + describe_url(url)


def test_description_of_an_address_has_no_password() -> None:
    assert describe_url(f"postgresql://cms:{SECRET}@host:6543/news") == "news at host:6543"
    assert describe_url(f"host=/run/pg dbname=news password={SECRET}") == "news at /run/pg"


def test_server_that_is_no_postgres_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            peer, _ = server.accept()
            with peer:
                peer.recv(1000)
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        error = failure(f"postgresql://cms:{SECRET}@127.0.0.1:{server.getsockname()[1]}/cms?sslmode=disable")
        thread.join()
    assert code(error) == "db.unreachable"


def test_database_that_is_not_utf8_is_refused(server_url: str) -> None:
    with connect(server_url, autocommit=True) as conn:
        conn.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0")
        try:
            assert code(failure(make_conninfo(server_url, dbname="latin"))) == "db.encoding"
        finally:
            conn.execute("DROP DATABASE latin")


def test_environment_beats_settings_beats_embedded(tmp_path: Path) -> None:
    assert database_url(tmp_path, "host=setting", {"CMS_DATABASE_URL": "host=environment"}) == "host=environment"
    assert database_url(tmp_path, "host=setting", {"CMS_DATABASE_URL": ""}) == "host=setting"
    assert not (tmp_path / ".cms").exists()
    try:
        with connect(database_url(tmp_path, "", {})) as conn:
            assert conn.info.dbname == "cms"
    finally:
        assert embedded.stop(tmp_path)


@pytest.mark.parametrize(
    ("conninfo", "url"),
    [
        (f"postgresql://u:{SECRET}%40@h:5432/d", "postgresql://u@h:5432/d"),
        (f"host=/run/pg user=cms password='{SECRET} x' dbname=cms", "postgresql://cms@/cms?host=%2Frun%2Fpg"),
        (f"postgresql://u:{SECRET}@h1:1,h2:2/d?sslmode=require", "postgresql://u@/d?host=h1%2Ch2&port=1%2C2&sslmode=require"),
        ("postgresql://u@[::1]:5/d", "postgresql://u@/d?host=%3A%3A1&port=5"),
        (f"postgres:/cms:{SECRET}@host", ""),
    ],
)
def test_an_address_is_shown_without_its_password_and_leads_to_the_same_database(conninfo: str, url: str) -> None:
    assert show_url(conninfo) == url
    if url:
        parts = conninfo_to_dict(conninfo)
        parts.pop("password", None)
        assert conninfo_to_dict(url) == parts
