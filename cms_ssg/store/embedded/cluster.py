"""Makes the embedded Postgres's data folder and starts a server on it.

As root both run as another user, who may be unable to reach the folder by its name: below /root, say.
They are started *in* it and call it /proc/self/cwd, so no parent folder has to be opened to anybody.
"""

from __future__ import annotations

import os
import secrets
import select
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cms_ssg.errors import CmsError, fail
from cms_ssg.files.ownership import find_owner, give, make_folders
from cms_ssg.store.embedded.programs import USE_OWN_SERVER, ServerUser

USER: Final = "cms"
PASSWORD: Final = "cms.password"
"""File in the data folder, mode 0600, with the password of the one database user."""
START_WITHIN_S: Final = 300.0
"""Recovery after a crash may read 4 GB of log."""
LOG_LIMIT_BYTES: Final = 4_000_000

SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "",
    "unix_socket_directories": ".",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "50",
    "max_locks_per_transaction": "256",  # a restore drops and makes all tables in one transaction, with 4,500 locks
    "shared_buffers": "128MB",
    "huge_pages": "off",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "min_dynamic_shared_memory": "32MB",  # parallel queries then do without /dev/shm, which containers keep small
    "fsync": "on",
    "synchronous_commit": "off",  # a crash loses the last builds' records, which the next build makes again
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "random_page_cost": "1.1",
    "autovacuum": "on",
    "autovacuum_naptime": "30s",
    "autovacuum_vacuum_cost_delay": "1ms",
    "log_checkpoints": "off",
    "log_min_error_statement": "panic",  # content stays out of the log: no statement,
    "log_min_messages": "log",  # and no error of a query, which quotes values; who sent the query is told it
}

_INITDB: Final[Sequence[str]] = (
    f"--username={USER}",
    "--pwfile=../password",
    "--auth-local=scram-sha-256",
    "--auth-host=reject",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-sync",
    "--no-instructions",
    "--no-data-checksums",
    "--set=scram_iterations=1",  # iterations slow down guessing; the password is 192 random bits
)


def make_private_folder(folder: Path) -> None:
    """Make ``.cms`` in the site's folder, for its owner alone."""
    made = folder / ".cms"
    try:
        make_folders(made, 0o700)
    except OSError as error:
        raise _told(error.strerror or "", f"the folder cannot be made: {error.strerror}", made) from error


def make_cluster(data: Path, programs: Path, user: ServerUser | None) -> None:
    """Make the cluster in data. It has that name once it is whole, so that a kill leaves no half of one."""
    for left in data.parent.glob("pg.new-*"):
        shutil.rmtree(left, ignore_errors=True)
    making = data.parent / f"pg.new-{secrets.token_hex(4)}"  # never used twice: the initdb of a killed command may still run
    cluster = making / "data"
    maker = user.maker or user if user else None
    try:
        making.mkdir(mode=0o700)
        cluster.mkdir(mode=0o700)
        password = making / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
        _give((making, cluster, password), maker)
        done = subprocess.run(
            [str(programs / "initdb"), f"--pgdata={_name_of(cluster, maker)}", *_INITDB],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            cwd=cluster,
            env=_environment(),
            **_as_user(maker),
        )
        if done.returncode:
            raise _failed("make", done.stderr, data)
        password.rename(cluster / PASSWORD)
        give_cluster(cluster, user)
        cluster.rename(data)
    except OSError as error:
        raise _told(error.strerror or "", f"the embedded database cannot be made: {error.strerror}", data) from error
    finally:
        shutil.rmtree(making, ignore_errors=True)


def give_cluster(data: Path, user: ServerUser | None) -> None:
    """Make user the owner of a cluster whose server is not running: Postgres runs on no other's."""
    if user and data.stat().st_uid != user.uid:
        _give([*data.rglob("*"), data], user)  # the folder last: who is killed before it begins again


def launch(data: Path, programs: Path, user: ServerUser | None, settings: Mapping[str, str]) -> None:
    """Start a server on data in a session of its own and wait until it is ready.

    A Ctrl-C in the terminal does not reach it, and it is nobody's child: a shell starts it in the
    background and ends. The server holds the writing end of a pipe; its end tells of its death.
    """
    log = _open_log(data)
    end, held = os.pipe()
    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
    try:
        for patience_s in (2.0, 0.0):
            begin = os.fstat(log).st_size
            subprocess.run(
                ["/bin/sh", "-c", '"$@" &', "sh", str(programs / "postgres"), "-D", _name_of(data, user), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=True,
                cwd=data,
                env=_environment(),
                start_new_session=True,
                pass_fds=(held,),
                **_as_user(user),
            )
            os.close(held)
            held = -1
            if _wait_ready(data, end):
                return
            told = os.pread(log, 100_000, begin).decode(errors="replace")
            if "shared memory block" not in told or not patience_s:
                raise _failed("start", told, data)
            time.sleep(patience_s)  # the last processes of a server that was killed are still ending
            os.close(end)
            end, held = os.pipe()
    except OSError as error:
        raise _told(error.strerror or "", f"the embedded database cannot be started: {error.strerror}", data) from error
    finally:
        for handle in (log, end, held):
            if handle >= 0:
                os.close(handle)


def read_status(data: Path) -> str:
    """Read what the server of data says of itself: ``ready``, ``starting``, ``stopping`` or ``""``."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    return lines[7].strip() if len(lines) > 7 else ""


def log_of(data: Path) -> Path:
    """Return the path of the log of the server on data."""
    return data.with_name("pg.log")


def _wait_ready(data: Path, end: int) -> bool:
    """Wait until the server is ready (True) or dead (False)."""
    until = time.monotonic() + START_WITHIN_S
    while time.monotonic() < until:
        if read_status(data) == "ready":
            return True
        if select.select([end], [], [], 0.002)[0]:
            return False
    raise fail("db.start", f"the embedded Postgres was not ready after {START_WITHIN_S:.0f} s", place=str(log_of(data)))


def _name_of(data: Path, user: ServerUser | None) -> str:
    return "/proc/self/cwd" if user else str(data.absolute())


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _as_user(user: ServerUser | None) -> dict[str, Any]:
    return {"user": user.uid, "group": user.gid, "extra_groups": []} if user else {}


def _give(paths: Sequence[Path], user: ServerUser | None) -> None:
    if user:
        for path in paths:
            os.chown(path, user.uid, user.gid, follow_symlinks=False)


def _open_log(data: Path) -> int:
    path = log_of(data)
    try:
        if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
            path.replace(path.with_name("pg.log.1"))
        log = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        give(path, find_owner(data.parent))
    except OSError as error:
        raise _told(error.strerror or "", f"the log cannot be written: {error.strerror}", path) from error
    return log


def _failed(verb: str, told: str, data: Path) -> CmsError:
    """Make the error for what initdb or the server wrote before it gave up."""
    lines = [line for line in told.splitlines() if "FATAL" in line or "error:" in line or "PANIC" in line]
    reason = (lines or told.strip().splitlines() or ["no reason given"])[0]
    return _told(told, f"the embedded Postgres did not {verb}: {reason.strip()}", data)


def _told(told: str, message: str, data: Path) -> CmsError:
    lower = told.lower()
    if "no space left" in lower or "quota exceeded" in lower:
        return fail("db.disk-full", message, place=str(data), hint="Free some space and run the command again; nothing is half-made.")
    if "user does not exist" in lower:
        return fail("db.no-embedded", message, place=str(data), hint=f"This user has no entry in the password file. {USE_OWN_SERVER}")
    return fail("db.start", message, place=str(data), hint=f"The log is {log_of(data)}. {USE_OWN_SERVER}")
