"""Who may enter the embedded Postgres, and as whom it runs: root, an ordinary user, root in somebody's site."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from cms_ssg.store import embedded
from cms_ssg.store.connect import connect
from cms_ssg.store.embedded.programs import NAMELESS, ServerUser, find_programs, reachable_programs
from cms_ssg.store.embedded.server import SOCKET

ROOT = Path(__file__).parents[2]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may act as another user")


def run(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run Python code that knows this checkout."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-c", code, *map(str, arguments)], env=environ, capture_output=True, text=True)


def test_only_the_password_opens_and_there_is_no_network_port(made_site: Path) -> None:
    url = embedded.start(made_site)
    for user in ("cms", "postgres", pwd.getpwuid(os.geteuid()).pw_name):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(make_conninfo(url, user=user, password="wrong"))
    with connect(url) as conn:
        row = conn.execute("SELECT current_setting('listen_addresses'), current_setting('password_encryption')").fetchone()
        assert row == ("", "scram-sha-256")
        assert conn.execute("SELECT rolname FROM pg_roles WHERE rolcanlogin").fetchall() == [("cms",)]


def test_files_are_private_and_parents_keep_their_modes(site: Path) -> None:
    site.chmod(0o750)
    site.parent.chmod(0o700)
    embedded.start(site)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [site, site.parent, *(site / ".cms").iterdir(), site / ".cms"]}
    assert modes == {"site": 0o750, site.parent.name: 0o700, ".cms": 0o700, "pg": 0o700, "pg.lock": 0o600, "pg.log": 0o600}
    assert stat.S_IMODE((site / ".cms/pg/cms.password").stat().st_mode) == 0o600
    embedded.stop(site)
    embedded.start(site)
    assert stat.S_IMODE((site / ".cms/pg").stat().st_mode) == 0o700


def test_settings_are_those_of_a_store_that_can_be_made_again(site: Path) -> None:
    with connect(embedded.start(site)) as conn:
        shown = dict(conn.execute("SELECT name, setting FROM pg_settings").fetchall())
        row = conn.execute("SELECT datcollate, datlocale, pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'cms'").fetchone()
        assert row == ("C", "C.UTF-8", "UTF8")
    wanted = {
        "fsync": "on",
        "synchronous_commit": "off",
        "wal_level": "minimal",
        "max_connections": "50",
        "max_locks_per_transaction": "256",
        "TimeZone": "UTC",
        "autovacuum": "on",
    }
    assert {name: shown[name] for name in wanted} == wanted


def test_content_stays_out_of_the_log(made_site: Path) -> None:
    with connect(embedded.start(made_site)) as conn, pytest.raises(psycopg.Error):
        conn.execute("SELECT 'a private word'::int")
    with connect(embedded.start(made_site)) as conn, pytest.raises(psycopg.Error):
        conn.execute("SELECT nothing FROM nowhere -- a private word")
    log = embedded.log_path(made_site).read_text()
    assert "ready to accept connections" in log
    assert "a private word" not in log


AS_USER = """
import os, sys
from pathlib import Path
import subprocess, pwd, psycopg, tempfile, socket
from cms_ssg.errors import CmsError
from cms_ssg.store import connect, embedded
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
try:
    print(embedded.start(Path(sys.argv[1])))
    print(embedded.stop(Path(sys.argv[1])))
except CmsError as error:
    print(error.problems[0].code)
"""


def open_parents(folder: Path) -> None:
    """Let other users into the folders of the tests."""
    for parent in folder.parents:
        if not parent.stat().st_mode & 0o001:
            parent.chmod(0o755)


@needs_root
def test_ordinary_user_runs_the_server_as_himself(site: Path) -> None:
    nobody = pwd.getpwnam("nobody").pw_uid
    os.chown(site, nobody, nobody)
    open_parents(site)
    done = run(AS_USER, site, nobody)
    assert done.stdout.endswith("True\n"), done.stdout + done.stderr
    assert (site / ".cms/pg").stat().st_uid == nobody


@needs_root
def test_root_in_somebodys_site_runs_the_server_as_the_owner_who_can_go_on(site: Path) -> None:
    nobody = pwd.getpwnam("nobody").pw_uid
    os.chown(site, nobody, nobody)
    open_parents(site)
    embedded.start(site)
    assert (site / ".cms/pg/.s.PGSQL.5432").stat().st_uid == nobody
    assert {path.stat().st_uid for path in (site / ".cms").rglob("*")} == {nobody}
    done = run(AS_USER, site, nobody)
    assert done.stdout.endswith("True\n"), done.stdout + done.stderr


@needs_root
def test_database_of_another_user_is_told(made_site: Path) -> None:
    embedded.start(made_site)
    nobody = pwd.getpwnam("nobody").pw_uid
    (made_site / ".cms").chmod(0o755)
    open_parents(made_site / ".cms")
    if (made_site / ".cms/pg").stat().st_uid != nobody:
        assert run(AS_USER, made_site, nobody).stdout == "db.owner\n"


@needs_root
def test_programs_below_a_closed_folder_are_copied_for_the_server(tmp_path: Path) -> None:
    programs = find_programs(tmp_path)
    package = programs.parents[1]
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for folder in (programs.parent, package.with_name(f"{package.name}.libs")):
        shutil.copytree(folder, closed / folder.relative_to(package.parent), symlinks=True)
    nobody = pwd.getpwnam("nobody")
    user = ServerUser(nobody.pw_uid, nobody.pw_gid, "nobody")
    with tempfile.TemporaryDirectory(prefix="cms-cache-") as cache:
        os.chmod(cache, 0o755)
        copy = reachable_programs(closed / programs.relative_to(package.parent), user, [tmp_path, Path(cache)])
        assert copy.is_relative_to(cache)
        for name in ("postgres", "initdb"):
            done = subprocess.run(
                [copy / name, "--version"], user=user.uid, group=user.gid, extra_groups=[], capture_output=True, text=True
            )
            assert re.search(r"PostgreSQL\) \d+", done.stdout), done.stderr
        assert reachable_programs(closed / programs.relative_to(package.parent), user, [Path(cache)]) == copy
        assert {path.stat().st_mode & 0o022 for path in copy.rglob("*")} == {0}


@needs_root
def test_no_program_of_another_user_reaches_the_database_of_a_site_of_root(site: Path) -> None:
    embedded.start(site)
    data = site / ".cms/pg"
    pid = int((data / "postmaster.pid").read_text().split()[0])
    site.joinpath(".cms").chmod(0o755)  # as a careless hand would
    open_parents(data)
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        for folder in (data, Path(f"/proc/{pid}/cwd")):
            for file in (embedded.PASSWORD, SOCKET):
                done = subprocess.run(
                    ["/bin/cat", folder / file], user=user.pw_uid, group=user.pw_gid, extra_groups=[], capture_output=True, text=True
                )
                assert "Permission denied" in done.stderr, done


@needs_root
def test_database_that_a_shared_user_had_is_given_to_one_of_its_own(site: Path) -> None:
    embedded.start(site)
    embedded.stop(site)
    data, nobody = site / ".cms/pg", pwd.getpwnam("nobody")
    own = data.stat().st_uid
    assert own in NAMELESS
    for path in (data, *data.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    with connect(embedded.start(site)) as conn:
        conn.execute("SELECT 1")
    assert {path.stat().st_uid for path in (data, *data.rglob("*"))} == {own}
