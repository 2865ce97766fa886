"""``cms doctor``: looks at everything a build needs, one line each, with what to do. What it writes it removes, and no secret is said."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from cms_ssg.config.settings import Settings
from cms_ssg.errors import CmsError
from cms_ssg.publish.target import find_folder
from cms_ssg.text.counting import count
from cms_ssg.types import Problem

if TYPE_CHECKING:
    from psycopg import Connection

Status = Literal["ok", "warn", "fail"]

FREE_WARN_BYTES, FREE_FAIL_BYTES = 1 << 30, 50 << 20
LIBRARIES: Final = ("psycopg", "jinja2", "markdown-it-py", "pillow", "boto3", "pluggy")
CDN_TOKENS: Final = {"cloudflare": "CLOUDFLARE_API_TOKEN", "fastly": "FASTLY_API_TOKEN"}
SKIPPED: Final = frozenset({".git", ".cms", "node_modules", ".venv"})
_NOW: Final = "SELECT clock_timestamp(), current_setting('server_version'), pg_database_size(current_database())"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. hint: what to do where it is not ok; code, place: of the error that a build would end with."""

    name: str
    status: Status
    text: str
    hint: str = ""
    code: str = ""
    place: str = ""


def examine(root: Path, settings: Settings, environ: Mapping[str, str]) -> list[Check]:
    """Look at all of it."""
    return [
        *_check_versions(), *_check_compressor(root, settings), *_check_database(root, settings, environ), *_check_target(root, settings), *_check_owner(root, settings),
        *_check_space(root, settings), *_check_watches(root), *_check_secrets(settings, environ),
    ]  # fmt: skip


def _check_versions() -> Iterator[Check]:
    here = ".".join(map(str, sys.version_info[:3]))
    yield Check("python", "ok" if sys.version_info >= (3, 11) else "fail", here, "" if sys.version_info >= (3, 11) else "3.11 or newer.")
    for name in LIBRARIES:
        try:
            yield Check(name, "ok", version(name))
        except PackageNotFoundError:
            yield Check(name, "fail", "not installed", "pip install --upgrade cms-ssg")


def _check_compressor(root: Path, settings: Settings) -> Iterator[Check]:
    if settings.target.compress == "brotli":
        from cms_ssg.publish.compress import find_lack

        if (problem := find_lack(root, settings)) is not None:
            yield _make_check("brotli", problem)
        elif settings.target.url.startswith("s3:"):
            yield Check("brotli", "ok", version("brotli"))


def _check_database(root: Path, settings: Settings, environ: Mapping[str, str]) -> Iterator[Check]:
    from cms_ssg.store.connect import connect, database_url, describe_url

    try:
        url = database_url(root, settings.database_url, environ)
        with connect(url, autocommit=True) as connection:
            place = describe_url(url) if environ.get("CMS_DATABASE_URL") or settings.database_url else "embedded, in .cms"
            before = time.time()
            now, server, size_bytes = connection.execute(_NOW).fetchone()  # type: ignore[misc]
            after = time.time()
            yield Check("database", "ok", f"Postgres {server}, {place}, {size_bytes / 1e6:,.0f} MB")
            yield _check_clock(now, before, after)
            yield _check_migrations(connection)
    except CmsError as error:
        yield _make_check("database", error.problems[0])


def _make_check(name: str, problem: Problem) -> Check:
    where = f"{problem.place}: " if problem.place else ""
    text = f"{where}{problem.message} [{problem.code}]"
    return Check(name, "fail" if problem.severity == "error" else "warn", text, problem.hint, problem.code, problem.place)


def _check_clock(now: datetime, before: float, after: float) -> Check:
    """How far our time is from the database's, which lies between two looks at ours."""
    from cms_ssg.store.clock import describe_skew, measure_skew

    skew_s = measure_skew(now, before, after)
    problem = describe_skew(skew_s)
    return _make_check("clock", problem) if problem is not None else Check("clock", "ok", f"{abs(skew_s):.1f} s from the database's")


def _check_migrations(connection: Connection) -> Check:
    from cms_ssg.store.migrate import list_status

    missing = [file for file in list_status(connection) if file.applied_at is None]
    if missing:
        return Check("migrations", "warn", f"{len(missing)} to be applied", "cms db migrate, or the next build, applies them.")
    return Check("migrations", "ok", "up to date")


def _check_target(root: Path, settings: Settings) -> Iterator[Check]:
    scheme, _, rest = settings.target.url.partition(":")
    if scheme == "s3":
        from cms_ssg.publish.examine_s3 import examine_bucket

        yield from (
            Check(name, "ok", text) if problem is None else _make_check(name, problem) for name, text, problem in examine_bucket(settings)
        )
        return
    folder = (root / rest).resolve()
    nearest = _find_nearest(folder)
    try:
        with tempfile.NamedTemporaryFile(dir=nearest, prefix=".cms-doctor-"):
            pass
    except OSError as error:
        yield Check("target", "fail", f"{nearest} cannot be written: {error.strerror}", "Give this user the right to write there.")
        return
    yield Check("target", "ok", f"{folder} can be written" if nearest == folder else f"{folder} can be made")


def _check_owner(root: Path, settings: Settings) -> Iterator[Check]:
    """Whether another site or environment publishes to the target."""
    from cms_ssg.publish.owner import open_mark, refuse_taken

    try:
        owner = open_mark(root, settings).read()
    except CmsError:  # said where the target itself was looked at
        return
    if owner is not None and owner.site != settings.store_name:
        yield _make_check("target owner", refuse_taken(root, settings, owner).problems[0])


def _check_space(root: Path, settings: Settings) -> Iterator[Check]:
    """Where pages go, and where an embedded database lies, which may be another disk."""
    yield _check_disk("disk", root, "Free some: an embedded database stops without.")
    if (folder := find_folder(root, settings)) is not None:
        yield _check_disk("target disk", _find_nearest(folder), "Free some: pages cannot be written without.")


def _check_disk(name: str, folder: Path, hint: str) -> Check:
    free = shutil.disk_usage(folder).free
    status: Status = "ok" if free >= FREE_WARN_BYTES else "warn" if free >= FREE_FAIL_BYTES else "fail"
    return Check(name, status, f"{free / 1e9:,.1f} GB free at {folder}", "" if status == "ok" else hint)


def _find_nearest(folder: Path) -> Path:
    """A folder, or the one that it would be made in."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _check_watches(root: Path) -> Iterator[Check]:
    """Linux allows a user so many watched folders; cms watch needs one each."""
    try:
        limit = int(Path("/proc/sys/fs/inotify/max_user_watches").read_text())
    except (OSError, ValueError):  # another system
        return
    folders = 0
    for _, names, _ in os.walk(root):
        names[:] = [name for name in names if name not in SKIPPED]
        folders += 1
    if folders < limit // 2:
        yield Check("watches", "ok", f"{count(folders, 'folder')}, {limit:,} may be watched")
    else:
        hint = f"sysctl fs.inotify.max_user_watches={max(524_288, folders * 4)}, or cms watch --poll"
        yield Check("watches", "warn", f"{count(folders, 'folder')}, only {limit:,} may be watched by this user", hint)


def _check_secrets(settings: Settings, environ: Mapping[str, str]) -> Iterator[Check]:
    """Whether variables that hold secrets are set; what they hold is not said."""
    wanted = {hook.secret_env: "signs webhooks" for hook in settings.webhooks}
    if settings.receiver is not None:
        wanted[settings.receiver.secret_env] = "checks pushes"
    if token := CDN_TOKENS.get(settings.cdn.kind):
        wanted[token] = "tells the CDN what changed"
    for name, use in sorted(wanted.items()):
        if not environ.get(name, "").split():
            yield Check(name, "fail", f"not set; it {use}", "Set it where cms runs.")
        elif min(map(len, environ[name].split())) < 16:
            yield Check(name, "warn", f"set, but short; it {use}", "Take 24 random bytes or more: openssl rand -base64 32")
        else:
            yield Check(name, "ok", f"set; it {use}")
