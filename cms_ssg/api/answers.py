"""How routes answer: bytes with a validator, so that a client that has them already is told just that."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.config.settings import Settings
from cms_ssg.publish.tags import answer_tag, site_tag

JSON = "application/json"
HTML = "text/html; charset=utf-8"
BRIEFLY: Final = "public, max-age=0, s-maxage=1, stale-while-revalidate=1, stale-if-error=86400"
"""A browser asks each time, and is told that nothing changed; a CDN answers a crowd for a second, and for another while it asks anew. So short
that no answer is purged there."""

LARGEST_PLAIN_BYTES: Final = 1000
"""Larger answers are compressed for clients that take it."""

SHOWS = "cms_shows"
"""Where a request's scope has the cached value that its answer shows: (key, data)."""


TAG_HEADERS: Final = {"cloudflare": ("Cache-Tag", ","), "cloudfront": ("x-amz-meta-cache-tag", ","), "fastly": ("Surrogate-Key", " ")}
"""CDN -> the header that pages carry their tags in, and what parts these."""


def tag_answer(settings: Settings, *names: str) -> dict[str, str]:
    """The header by which the site's CDN can forget an answer, empty where ``[cdn] tags`` is off. names: the answer's tags in the cache."""
    if not settings.cdn.tags or settings.cdn.kind not in TAG_HEADERS:
        return {}
    header, between = TAG_HEADERS[settings.cdn.kind]
    site = settings.store_name
    return {header: between.join(dict.fromkeys((site_tag(site), *(answer_tag(name, site) for name in names))))}


def answer_cached(
    request: Request, data: bytes, cache_control: str, content_type: str = JSON, headers: dict[str, str] | None = None, essence: bytes = b"",
    cached_as: str = "",
) -> Response:  # fmt: skip
    """A public answer that browsers and the CDN may keep for a moment; 304 where the client has it.

    The validator is weak: it stands for what an answer tells, however it is compressed. essence: what it is made from, where some of the data differs
    each time; cached_as: the key under which the site's cache has this data, if the answer shows nothing else: then it is given again without the
    route being asked.
    """
    if cached_as:
        request.scope[SHOWS] = (cached_as, data)
    etag = f'W/"{blake2b(essence or data, digest_size=12).hexdigest()}"'
    fields = {"ETag": etag, "Cache-Control": cache_control, **(headers or {})}
    if has_etag(request.headers.get("if-none-match", ""), etag):
        varies = {"Vary": "Accept-Encoding"} if len(data) >= LARGEST_PLAIN_BYTES else {}
        return Response(None, 304, fields | varies)
    return Response(data, 200, fields, content_type)


def has_etag(header: str, etag: str) -> bool:
    """Whether If-None-Match names this validator, weakly compared as RFC 9110 asks."""
    given = {part.strip().removeprefix("W/") for part in header.split(",")}
    return "*" in given or etag.removeprefix("W/") in given
