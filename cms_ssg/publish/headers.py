"""What is sent with each output beside its bytes, whoever serves it: how long it may be kept."""

from __future__ import annotations

import re
from typing import Final, Literal, cast

from cms_ssg.config.settings import Settings
from cms_ssg.config.target_settings import Cache
from cms_ssg.reads import digest
from cms_ssg.site import source_digest

CacheClass = Literal["assets", "pages", "feeds", "files", "live"]

FINGERPRINTED: Final = r"^/assets/.+\.(?=[0-9]*[a-f])[0-9a-f]{10}(\.[^./]+)?$"
VARIANTS: Final = r"^/images/([0-9a-f]{20}-[0-9a-f]{8}-[0-9]+\.[a-z]+|card-[0-9a-f]{20}\.png)$"
LIVE: Final = r"^/fragments/"
"""What pages ask for again and again: breaking news, updates."""
PAGES: Final = r"(/|\.html?)$"
FEEDS: Final = r"\.(xml|json|txt|rss|atom|webmanifest)$"
"""Regular expressions that Python, PCRE and JavaScript read alike, so that every server can be told the same classes. Ten
digits are no fingerprint but a date, and what is called after one may change."""

PREVIEW: Final = "preview"
"""The kind of the objects of a preview, and below ``/_preview/`` they lie."""
PREVIEWS: Final = r"^/_preview/"
PREVIEW_KEY: Final = re.compile(r"_preview/[0-9a-f]{40}/")
"""How the keys of their objects begin, which nothing else is published under."""
UNKEPT: Final = "private, no-store"
NOINDEX: Final = "noindex, nofollow"

ATTACHMENTS: Final = r"^/uploads/[0-9a-f]{40}/file\."
"""What was sent to be saved and not shown."""

CLASSES: Final[tuple[tuple[str, CacheClass], ...]] = (
    (FINGERPRINTED, "assets"),
    (VARIANTS, "assets"),
    (LIVE, "live"),
    (PAGES, "pages"),
    (FEEDS, "feeds"),
)
"""The first pattern that is found in a path gives its class; what matches none is one of the files."""


def cache_class(cache: str, path: str) -> CacheClass:
    """The class of an output. cache: the one that its kind says, "" for none; path: ``/about/``, or the key of an object, ``about/index.html``."""
    if cache in ("assets", "pages", "feeds", "files", "live"):
        return cast("CacheClass", cache)
    path = path if path.startswith("/") else f"/{path}"
    return next((name for pattern, name in CLASSES if re.search(pattern, path)), "files")


def cache_control(cache: Cache, kind: str, path: str, named: str = "") -> str:
    """The Cache-Control header of an output, as cache_class has it with the class that is named; "" for none. A preview's objects are kept by nobody."""
    if kind == PREVIEW:
        return UNKEPT
    value: str = getattr(cache, cache_class(named, path))
    return value


def name_form(settings: Settings) -> str:
    """Stands for all that objects in a bucket carry besides their bytes: where it changes, they are written again."""
    parts = (settings.target.cache, settings.target.compress, settings.cdn.tags)
    return digest(repr(parts).encode(), source_digest(("files/media_types.py",))).hex()[:16]
