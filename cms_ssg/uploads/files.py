"""Puts files that programs send, such as PDFs, at the site's target as they are: of types that the site allows, for saving and never for showing."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Final

from cms_ssg.errors import fail
from cms_ssg.files.media_types import media_type
from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.store.connect import connect
from cms_ssg.uploads.keep import Kept, Upload, put


def _is_text(data: bytes) -> bool:
    try:
        return "\0" not in data.decode()
    except UnicodeDecodeError:
        return False


def _is_zip(member: str) -> Callable[[bytes], bool]:
    def check(data: bytes) -> bool:
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                return not member or member in archive.namelist()
        except (zipfile.BadZipFile, ValueError, OSError, RuntimeError):
            return False

    return check


_CHECKS: Final[dict[str, Callable[[bytes], bool]]] = {
    "pdf": lambda data: data.startswith(b"%PDF-"),
    "txt": _is_text,
    "csv": _is_text,
    "zip": _is_zip(""),
    "docx": _is_zip("word/document.xml"),
    "xlsx": _is_zip("xl/workbook.xml"),
    "pptx": _is_zip("ppt/presentation.xml"),
    "odt": _is_zip("content.xml"),
    "ods": _is_zip("content.xml"),
    "epub": _is_zip("META-INF/container.xml"),
}
"""Type -> whether the bytes are of it. None of them is a page or a script to a browser."""


def find_type(content_type: str) -> str:
    """The type that a Content-Type names, ``""`` for none of those that can be sent."""
    return next((name for name in _CHECKS if media_type(f"x.{name}") == content_type), "")


def keep_file_at(url: str, opened: OpenSite, data: bytes, name: str) -> Kept:
    """Put a file at the target, over a connection of its own. name: of its type, ``pdf``. Raises CmsError uploads.*."""
    if name not in opened.site.settings.api.upload_types:
        allowed = ", ".join(opened.site.settings.api.upload_types) or "none"
        raise fail("uploads.type", "files of this type are not accepted", hint=f"Besides images, [api] upload_types allows: {allowed}.")
    if not _CHECKS[name](data):
        raise fail("uploads.type", f"the body is not a {name} file", hint="Send the bytes of the file, with its own Content-Type.")
    with connect(url, autocommit=True) as connection:
        return put(opened._replace(connection=connection), Upload(f"file.{name}", data, media_type(f"x.{name}")))
