"""What is stored beside an object's bytes, and the bytes as they are stored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from cms_ssg.config.settings import Settings
from cms_ssg.files.media_types import content_encoding
from cms_ssg.publish.compress import name_encoding, pack
from cms_ssg.publish.headers import ATTACHMENTS, cache_control
from cms_ssg.publish.tags import cache_tags
from cms_ssg.publish.target import Object, Writer
from cms_ssg.reads import digest as make_digest


def make_headers(settings: Settings, writer: Writer, one: Object) -> dict[str, Any]:
    """What is stored beside the bytes."""
    headers: dict[str, Any] = {
        "ContentType": one.content_type,
        "CacheControl": cache_control(settings.target.cache, one.kind, one.key, one.cache),
    }
    if encoding := content_encoding(one.key, one.data) or name_encoding(settings, one.content_type, len(one.data)):
        headers["ContentEncoding"] = encoding
    if re.search(ATTACHMENTS, f"/{one.key}"):
        headers["ContentDisposition"] = "attachment"
    tags = (one.tags or ",".join(cache_tags(one.reads, site=writer.site, path=one.path))) if settings.cdn.tags else ""
    form = make_digest("\n".join(f"{name}: {value}" for name, value in headers.items()).encode(), b"tags" if tags else b"")
    headers["Metadata"] = {
        "cms-digest": one.digest.hex(), "cms-form": form.hex()[:16], "cms-site": quote(writer.site), "cms-store": writer.store,
        "cms-epoch": str(writer.epoch),
    }  # fmt: skip
    if tags:
        headers["Metadata"]["cache-tag"] = tags
    return headers


def pack_object(one: Object, headers: Mapping[str, Any]) -> bytes:
    """The bytes as they are stored: those of a file that is compressed already, as they are."""
    return one.data if content_encoding(one.key, one.data) else pack(headers.get("ContentEncoding", ""), one.data)
