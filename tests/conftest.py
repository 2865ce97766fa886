"""What many tests share: one real Postgres for the run, a fresh database a test, a browser where there is one."""

from __future__ import annotations

import fcntl
import gc
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Generator, Iterator
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from hypothesis import settings
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

from cms_ssg.cli.libraries import Bridge
from cms_ssg.store import embedded
from cms_ssg.store.connect import connect
from cms_ssg.store.migrate import migrate
from cms_ssg.testing.fixtures import cms_databases, cms_site

if TYPE_CHECKING:
    from tests.api.atlas import Api

__all__ = ["cms_databases", "cms_site"]

SERVER_FOLDER = "CMS_TEST_SERVER_FOLDER"
TEMPLATE = "template_cms"
UNSAFE_BUT_FAST = {"fsync": "off", "full_page_writes": "off", "max_connections": "100", "autovacuum": "off", "max_wal_size": "256MB"}
MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 4_000_000_000
"""What must be free in memory for a run's files to lie there: several times what they have come to."""
_numbers = count(1)
settings.register_profile("shared", deadline=None)  # a machine may be busy with something else
settings.load_profile("shared")


def pytest_configure(config: pytest.Config) -> None:
    """Choose the folder of the run's server; xdist's workers inherit it and share the server."""
    for name in [n for n in os.environ if n.startswith("CMS_") and n != SERVER_FOLDER and not n.startswith("CMS_TEST_")]:
        del os.environ[name]  # a developer's own settings must not reach a test
    os.environ["CMS_PERSON"] = ""  # nor their name in git
    if not hasattr(config, "workerinput"):
        if "TMPDIR" not in os.environ and _has_room(MEMORY):
            os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)
        os.environ[SERVER_FOLDER] = tempfile.mkdtemp(prefix="cms-tests-")


def _has_room(memory: Path) -> bool:
    """Whether a run's files may lie in memory. A run makes and deletes a million of them, which some file systems take longer for than the tests."""
    if not memory.is_dir() or not os.access(memory, os.W_OK) or shutil.disk_usage(memory).free < ENOUGH_BYTES:
        return False
    free_kb = re.search(r"^MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text("ascii"), re.MULTILINE)
    return free_kb is not None and int(free_kb[1]) * 1024 > 2 * ENOUGH_BYTES


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the run's server, if a test had it started."""
    if not hasattr(config, "workerinput"):
        folder = Path(os.environ.pop(SERVER_FOLDER))
        embedded.stop(folder)
        shutil.rmtree(folder)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Let the garbage collector leave out what collecting the tests makes: it would go through all of it again and again, then and later."""
    gc.disable()
    result = yield
    gc.collect()
    gc.freeze()
    gc.enable()
    return result


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests of a file that share a fixture go to one worker, where it is made once, the largest files first; the others go where there is time."""
    from xdist.scheduler import LoadScopeScheduling

    class Sharing(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return file if _shares_a_fixture(config.rootpath / file) else nodeid

    return Sharing(config, log)


@cache
def _shares_a_fixture(file: Path) -> bool:
    return any('scope="module"' in place.read_text("utf-8") for place in (file, file.with_name("conftest.py")) if place.exists())


@pytest.fixture(autouse=True)
def logs_of_libraries_are_let_go() -> Iterator[None]:
    """A command that is run within a test and still hears what libraries log makes every later test of the process slower."""
    yield
    left = [handler for handler in logging.getLogger().handlers if isinstance(handler, Bridge)]
    for handler in left:
        handler.close()
    assert not left, "an Output that captures the logs of libraries was not closed"


@pytest.fixture(scope="session")
def server_url() -> str:
    """Conninfo of the run's server, whose template database has every migration."""
    folder = Path(os.environ[SERVER_FOLDER])
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        url = embedded.start(folder, UNSAFE_BUT_FAST)
        with connect(url, autocommit=True) as conn:
            if not conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone():
                conn.execute("CREATE DATABASE making_template")
                with connect(make_conninfo(url, dbname="making_template")) as making:
                    migrate(making)
                conn.execute(f"ALTER DATABASE making_template RENAME TO {TEMPLATE}")
    return url


def fresh_database(server_url: str, template: str) -> Iterator[str]:
    """Conninfo of a new database, for a fixture to give; it goes with the fixture."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with connect(server_url, autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    yield make_conninfo(server_url, dbname=name)
    with connect(server_url, autocommit=True) as conn:
        conn.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def db_url(server_url: str) -> Iterator[str]:
    """Conninfo of a database of the test's own with all migrations applied."""
    yield from fresh_database(server_url, TEMPLATE)


@pytest.fixture
def empty_db_url(server_url: str) -> Iterator[str]:
    """Conninfo of a database of the test's own with nothing in it."""
    yield from fresh_database(server_url, "template1")


@pytest.fixture
def db(db_url: str) -> Iterator[psycopg.Connection[TupleRow]]:
    """A connection, outside a transaction, to a database of the test's own with all migrations applied."""
    with connect(db_url) as conn:
        yield conn
        conn.rollback()  # leaving the block would commit what the test left open


def _make_two(server_url: str, name: str) -> Iterator[tuple[str, str]]:
    names = [f"{name}_{os.getpid()}_{part}" for part in ("built", "clean")]
    with connect(server_url, autocommit=True) as connection:
        for one in names:
            connection.execute(f"CREATE DATABASE {one} TEMPLATE {TEMPLATE} STRATEGY file_copy")
    yield make_conninfo(server_url, dbname=names[0]), make_conninfo(server_url, dbname=names[1])
    with connect(server_url, autocommit=True) as connection:
        for one in names:
            connection.execute(f"DROP DATABASE IF EXISTS {one} WITH (FORCE)")


@pytest.fixture(scope="session")
def engine_urls(server_url: str) -> Iterator[tuple[str, str]]:
    """Conninfo of two databases with the schema, of this process."""
    yield from _make_two(server_url, "engine")


@pytest.fixture(scope="session")
def cms_server(server_url: str) -> str:
    """The server of the run, for the fixtures that the package brings."""
    return server_url


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a chromium; tests that need one are skipped where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if path := shutil.which(name):
            return path
    pytest.skip("no chromium is installed (on Debian: apt-get install chromium)")


@pytest.fixture(scope="module")
def atlas(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """The folder and the database of a built site, for all tests of a file that only ask."""
    from tests.api.atlas import build_site, write_site  # brings the web framework, which most tests do without

    folder = write_site(tmp_path_factory.mktemp("atlas"))
    for url in fresh_database(server_url, TEMPLATE):
        build_site(folder, url)
        yield folder, url


@pytest.fixture(scope="module")
def api(atlas: tuple[Path, str]) -> Iterator[Api]:
    """The API of that site, without Redis."""
    from tests.api.atlas import serve_api

    with serve_api([atlas[0]], atlas[1]) as running:
        yield running
