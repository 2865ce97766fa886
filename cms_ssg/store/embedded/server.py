"""Runs the default database: one Postgres a site in ``.cms/pg``, reached through a Unix socket only.

The server outlives the command that started it. What is running is told by connecting to the socket
inside the data folder, never by the number in a pid file: a socket cannot be stale, and it moves with
the folder.
"""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from cms_ssg.errors import fail
from cms_ssg.files.ownership import find_owner, give
from cms_ssg.store.embedded.cluster import (
    PASSWORD,
    SETTINGS,
    USER,
    give_cluster,
    launch,
    log_of,
    make_cluster,
    make_private_folder,
    read_status,
)
from cms_ssg.store.embedded.programs import ServerUser, choose_user, find_programs, not_ours, reachable_programs

MADE: Final = "cms.made"
SOCKET: Final = ".s.PGSQL.5432"
READY_WITHIN_S: Final = 300.0
"""Recovery after a crash may read 4 GB of log."""


def start(folder: Path, settings: Mapping[str, str] | None = None) -> str:
    """Start the server of the site in folder, making its database the first time; return its conninfo.

    When it is running this costs two small reads and one connection. settings: further server
    settings, used only by this call's start. Raises CmsError db.*.
    """
    running = _running_conninfo(folder)
    if running:
        return running
    data = data_folder(folder)
    user = choose_user(folder, data)
    programs = reachable_programs(find_programs(data), user)
    make_private_folder(folder)
    with _locked(folder):
        _socket_folder(data)  # refuses before anything is made
        if not data.exists():
            make_cluster(data, programs, user)
        if not _is_settling(data):
            give_cluster(data, user)
            launch(data, programs, user, {**SETTINGS, **(settings or {})})
        if not (data / MADE).exists():
            _make_database(data, user)
        return _conninfo(data)


def is_running(folder: Path) -> bool:
    """Whether the server of the site in folder answers. Costs no subprocess."""
    return _answers(data_folder(folder))


def stop(folder: Path) -> bool:
    """Stop the server of the site in folder; its open connections are ended. False if it was not running."""
    data = data_folder(folder)
    if not data.exists():
        return False
    with _locked(folder):
        pid = _read_pid(data)
        if not pid or not (_answers(data) or _owns(pid, data)):
            return False
        for sign, patience_s in ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0)):  # fast; then at once, with recovery at the next start
            try:
                os.kill(pid, sign)
            except ProcessLookupError:
                return True
            except PermissionError as error:
                raise not_ours(data) from error
            if _wait_gone(data, pid, patience_s):
                return True
        raise fail("db.stop", f"the embedded Postgres (process {pid}) does not stop", place=str(log_path(folder)))


def data_folder(folder: Path) -> Path:
    """Return the folder of the cluster of the site in folder."""
    return folder / ".cms" / "pg"


def describe_conninfo(folder: Path) -> str:
    """The conninfo of the server of the site in folder, running or not, without its password; "" where there is none yet."""
    data = data_folder(folder)
    return _address(data) if data.exists() else ""


def log_path(folder: Path) -> Path:
    """Return the path of the server's log."""
    return log_of(data_folder(folder))


# -- is it running ---------------------------------------------------------------------------------


def _running_conninfo(folder: Path) -> str:
    """Return the conninfo if the server is ready, else ``""``."""
    data = data_folder(folder)
    try:
        ready = read_status(data) == "ready" and (data / MADE).exists() and _answers(data)
        return _conninfo(data) if ready else ""
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except PermissionError as error:
        raise not_ours(data) from error


def _conninfo(data: Path, database: str = "cms") -> str:
    password = (data / PASSWORD).read_text().strip()
    return f"{_address(data, database)} password={password}"


def _address(data: Path, database: str = "cms") -> str:
    place = str(_socket_folder(data)).replace("\\", "\\\\").replace("'", "\\'")
    return f"host='{place}' user={USER} dbname={database}"


def _answers(data: Path) -> bool:
    """Whether something listens on the socket in data."""
    if not os.path.exists(data / SOCKET):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(_socket_folder(data) / SOCKET))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except (BlockingIOError, TimeoutError):
            return True  # too busy to answer
        except PermissionError as error:
            raise not_ours(data) from error
    return True


def _socket_folder(data: Path) -> Path:
    """Return a folder by whose name clients reach the socket in data.

    It is data itself, or where that is too long for a socket's address or holds a comma (libpq reads
    a list), a link to it in a folder that is ours alone, so that nobody can lead a client astray.
    """
    plain = data.resolve()
    if _fits(plain) and "," not in str(plain):
        return plain
    name = hashlib.blake2b(os.fsencode(plain), digest_size=8).hexdigest()
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    ours = f"cms-ssg-{os.geteuid()}"
    choices = [Path(place) / ours for place in (runtime, tempfile.gettempdir(), "/tmp") if os.path.isdir(place)]
    private = next((folder for folder in choices if _fits(folder / name)), choices[-1])
    _check_private(private)
    link = private / name
    with suppress(OSError):
        if os.readlink(link) == str(plain):
            return link
    for old in private.iterdir():
        if not os.path.exists(old):
            old.unlink(missing_ok=True)  # its site is gone
    making = private / f"{name}.{os.getpid()}"
    making.unlink(missing_ok=True)
    making.symlink_to(plain)
    making.replace(link)
    return link


def _fits(folder: Path) -> bool:
    """Whether the address of a socket in folder is short enough: 107 bytes on Linux, 103 on macOS."""
    return len(os.fsencode(folder / SOCKET)) <= 103


def _check_private(folder: Path) -> None:
    """Make the folder for links to sockets, or refuse one that others can write to or own."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise fail(
            "db.socket-dir",
            "this folder is not private to you, so the database's socket cannot be linked there",
            place=str(folder),
            hint="Remove it, or set XDG_RUNTIME_DIR to a private folder with a short name.",
        )


def _read_pid(data: Path) -> int:
    try:
        return int((data / "postmaster.pid").read_text().partition("\n")[0])
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return 0
    except PermissionError as error:
        raise not_ours(data) from error


def _owns(pid: int, data: Path) -> bool:
    """Whether the process pid is a live server of data: every server stands in its data folder."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False  # the cluster is ours (its pid file was read), the process is not
    if os.path.isdir("/proc/self"):
        try:
            return os.path.samefile(f"/proc/{pid}/cwd", data)
        except OSError:
            return False  # gone, a zombie, or not ours
    shown = subprocess.run(["ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return "postgres" in shown.stdout


def _is_settling(data: Path) -> bool:
    """Wait for a live server of data to be ready (True) or gone; then what it left is removed (False)."""
    until = time.monotonic() + READY_WITHIN_S
    while True:
        answers, pid = _answers(data), _read_pid(data)
        if answers and read_status(data) == "ready":
            return True
        if not answers and not (pid and _owns(pid, data)):
            break
        if time.monotonic() > until:
            raise fail("db.start", f"the embedded Postgres (process {pid}) does not become ready", place=str(log_of(data)))
        time.sleep(0.01)  # it recovers from a crash, was started by a command that was killed, or is stopping
    if pid:
        _refuse_copy(data, pid)
    for name in (f"{SOCKET}.lock", SOCKET, "postmaster.pid"):  # their number may be another process's by now: Postgres would not start
        (data / name).unlink(missing_ok=True)
    return False


def _refuse_copy(data: Path, pid: int) -> None:
    """Refuse a cluster that was copied while its server was running: files of different moments."""
    with suppress(OSError):
        original = Path(os.readlink(f"/proc/{pid}/cwd"))
        if (original / "postmaster.pid").read_bytes() == (data / "postmaster.pid").read_bytes():
            raise fail(
                "db.copied",
                f"this database was copied from {original} while its server was running, so it may be torn",
                place=str(data),
                hint="Delete the copy's folder .cms: the next build fills a new one. Or run `cms db stop` in the original and copy again.",
            )


def _wait_gone(data: Path, pid: int, patience_s: float) -> bool:
    """Wait until the process has left the folder, which is a little after it has removed its pid file."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        if not _owns(pid, data) and not _answers(data):
            return True
        time.sleep(0.002)
    return False


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let one process at a time start or stop the server of folder; ends with the process however it ends."""
    import fcntl  # not on Windows

    path = folder / ".cms" / "pg.lock"
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except PermissionError as error:
        raise not_ours(path) from error
    try:
        give(path, find_owner(folder))
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _make_database(data: Path, user: ServerUser | None) -> None:
    """Make the database ``cms`` in a new cluster, unless a command that was killed had made it."""
    import psycopg  # takes 0.1 s, which asking for a server that runs does not need

    with psycopg.connect(_conninfo(data, "postgres"), autocommit=True) as conn:
        if not conn.execute("SELECT 1 FROM pg_database WHERE datname = 'cms'").fetchone():
            conn.execute("CREATE DATABASE cms")
    made = data / MADE
    made.touch(mode=0o600)
    if user:
        os.chown(made, user.uid, user.gid)
