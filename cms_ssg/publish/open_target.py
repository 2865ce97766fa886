"""Opens the target that the settings name, and the place where what it replaces is kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from cms_ssg.config.settings import Settings
from cms_ssg.errors import fail
from cms_ssg.publish.target import Target, Writer, find_folder

if TYPE_CHECKING:
    from cms_ssg.publish.kept import Kept


def open_target(root: Path, settings: Settings, writer: Writer | None = None) -> Target:
    """The target of the settings: ``folder:build`` relative to the site folder, or ``s3://bucket/prefix``. writer: None to read only."""
    if (folder := find_folder(root, settings)) is not None:
        from cms_ssg.publish.folder import FolderTarget

        return FolderTarget(folder, _kept_folder(root, settings) if settings.target.keep_releases else None)
    if settings.target.bucket:
        from cms_ssg.publish.compress import require_compressor
        from cms_ssg.publish.s3 import S3Target  # boto3 takes a while

        if writer is not None:
            require_compressor(root, settings)
        return S3Target(settings, writer)
    raise fail("settings.target", f'no such target: "{settings.target.url}"', place="site.toml",
               hint='Write [target] url = "folder:build" or "s3://bucket/prefix".')  # fmt: skip


def open_kept(root: Path, settings: Settings) -> Kept:
    """Where what was replaced is kept, whether more is to be."""
    if (folder := find_folder(root, settings)) is not None:
        from cms_ssg.publish.kept import KeptFolder

        return KeptFolder(_kept_folder(root, settings), folder)
    from cms_ssg.publish.s3_client import open_client
    from cms_ssg.publish.s3_kept import KeptBucket

    target = settings.target
    return KeptBucket(open_client(target.uploads), target.bucket, target.prefix, target.uploads)


def _kept_folder(root: Path, settings: Settings) -> Path:
    return root.resolve() / ".cms" / "kept" / f"={quote(settings.store_name, safe='')}"
