"""Who publishes to a target: a mark that the first build leaves there, so that no other site, environment or database publishes over it unnoticed.

The mark of a bucket is an object below the site's prefix, under a hidden name. An output folder inside the site has its mark in ``.cms/targets``,
where it is not copied to a server with the pages; a folder elsewhere, which several checkouts may share, has it beside it if that can be written.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from cms_ssg.config.settings import Settings
from cms_ssg.errors import CmsError, fail
from cms_ssg.files.ownership import write_owned

OBJECT: Final = ".cms/target"
ENDING: Final = ".cms-target"


class Owner(msgspec.Struct, frozen=True):
    """site: its name in the database, with its environment; store: stands for the database."""

    site: str
    store: str


class Mark(Protocol):
    """The mark of one target."""

    @property
    def place(self) -> str:
        """Where it is, for people."""

    def read(self) -> Owner | None:
        """Whose target this is, None where nobody said so. Raises CmsError publish.*."""

    def write(self, owner: Owner) -> None:
        """Say whose it is, whatever was said before. Raises CmsError publish.*."""

    def remove(self) -> None:
        """The target is nobody's; nothing there is no error. Raises CmsError publish.*."""


class FileMark:
    """The mark of a folder. paths: where it may be, the best place first."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = paths

    @property
    def place(self) -> str:
        return str(next((path for path in self.paths if path.exists()), self.paths[0]))

    def read(self) -> Owner | None:
        for path in self.paths:
            try:
                return _decode(path.read_bytes())
            except OSError:
                continue
        return None

    def write(self, owner: Owner) -> None:
        for path in self.paths:
            new = path.with_name(f"{path.name}.{os.getpid()}")
            try:
                write_owned(new, msgspec.json.encode(owner))
                new.replace(path)
                return
            except OSError:  # where none can be written, this checkout only reads
                continue

    def remove(self) -> None:
        for path in self.paths:
            with suppress(OSError):
                path.unlink(missing_ok=True)


class ObjectMark:
    """The mark of a bucket, or of a prefix in one."""

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        self.client, self.bucket, self.key = client, bucket, prefix + OBJECT
        self.place = f"s3://{bucket}/{self.key}"

    def read(self) -> Owner | None:
        from botocore.exceptions import ClientError

        from cms_ssg.publish.s3_client import HIDDEN, code_of, read_object, translated_errors

        with translated_errors(self.bucket):
            try:
                found = read_object(self.client, self.bucket, self.key)
            except ClientError as error:
                if code_of(error) in HIDDEN:
                    return None
                raise
        return _decode(found[0]) if found is not None else None

    def write(self, owner: Owner) -> None:
        self._ask("put_object", Body=msgspec.json.encode(owner), ContentType="application/json", CacheControl="no-store")

    def remove(self) -> None:
        self._ask("delete_object")

    def _ask(self, name: str, **arguments: Any) -> None:
        from cms_ssg.publish.s3_client import translated_errors

        with translated_errors(self.bucket):
            getattr(self.client, name)(Bucket=self.bucket, Key=self.key, **arguments)


def open_mark(root: Path, settings: Settings, url: str = "") -> Mark:
    """The mark of the settings' target, or of another that url names."""
    target = msgspec.structs.replace(settings.target, url=url) if url else settings.target
    if target.bucket:
        from cms_ssg.publish.s3_client import open_client

        return ObjectMark(open_client(target.uploads), target.bucket, target.prefix)
    root, folder = root.resolve(), (root / target.folder).resolve()
    is_inside = folder.is_relative_to(root)
    named = folder.relative_to(root).as_posix() if is_inside else str(folder)
    name = blake2b(named.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
    own = root / ".cms" / "targets" / name
    return FileMark([own] if is_inside else [folder.with_name(f".{folder.name}{ENDING}"), own])


def refuse_taken(root: Path, settings: Settings, owner: Owner) -> CmsError:
    """The error of a build whose target is somebody else's, to be raised."""
    url, own, other = settings.target.url, settings.store_name, owner.site
    if other == own:
        return fail("publish.taken", f"{url} was last published to from another database", place="site.toml",
                    hint="If this database is to publish the site from now on: `cms build --full`.")  # fmt: skip
    same_site = own.partition("@")[0] == other.partition("@")[0]
    said = f"{name_environment(own)} and {name_environment(other)}" if same_site else f'the sites "{own}" and "{other}"'
    return fail(
        "publish.taken", f"{said} have the same target, {url}, and it belongs to {name_environment(other) if same_site else other}",
        place="site.toml",
        hint=f"Give each a target of its own. If the other is not built any more, remove {open_mark(root, settings).place} and run `cms build --full`.",
    )  # fmt: skip


def name_environment(store_name: str) -> str:
    """``[env.staging]``, or the settings without one, as a person says it."""
    env = store_name.partition("@")[2]
    return f"[env.{env}]" if env else "the site without an environment"


def _decode(data: bytes) -> Owner | None:
    try:
        return msgspec.json.decode(data, type=Owner)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
