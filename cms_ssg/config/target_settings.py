"""What ``site.toml`` says of where pages go: ``[target]`` and ``[cdn]``."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec


class Cache(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Cache-Control of each class of output, see ``publish/headers.py``; ``""`` sends none."""

    assets: str = "public, max-age=31536000, immutable"
    pages: str = "public, max-age=0, s-maxage=86400, must-revalidate"
    feeds: str = "public, max-age=300, s-maxage=86400"
    files: str = "public, max-age=3600, s-maxage=86400"
    live: str = "public, max-age=2, s-maxage=2, stale-while-revalidate=10, stale-if-error=3600"


class Headers(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What ``cms target config`` has servers send with pages; ``""`` sends none.

    hsts: only where base_url is https; csp: the policy is kept, only reported by browsers, or not sent; sources: directive of the
    policy -> what it allows in place of the default.
    """

    hsts: str = "max-age=31536000"
    referrer: str = "strict-origin-when-cross-origin"
    csp: Literal["enforce", "report", "off"] = "enforce"
    sources: dict[str, str] = {}


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where pages are published. url: ``folder:PATH`` relative to the site folder, or ``s3://BUCKET/PREFIX``; keep_releases: how many can be
    taken back, 0 for none; keep_days: those of so many days are kept beyond that.

    For a bucket: uploads at once, in each process; compress: how text is stored, for visitors who all take that; part_mb: larger objects are uploaded in parts;
    retire_after_s: how long an asset that no page names any more stays for the pages that visitors have open; cache, headers:
    how both are served from there.
    """

    url: str = "folder:build"
    uploads: Annotated[int, msgspec.Meta(ge=1, le=256)] = 16
    compress: Literal["", "gzip", "brotli"] = ""
    part_mb: Annotated[int, msgspec.Meta(ge=5, le=1000)] = 16
    retire_after_s: Annotated[int, msgspec.Meta(ge=0)] = 86_400
    keep_releases: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 10
    keep_days: Annotated[int, msgspec.Meta(ge=0, le=365)] = 7
    cache: Cache = msgspec.field(default_factory=Cache)
    headers: Headers = msgspec.field(default_factory=Headers)

    @property
    def folder(self) -> str:
        """The path of ``folder:PATH``, as it is written; ``""`` where pages go to a bucket."""
        scheme, _, rest = self.url.partition(":")
        return rest if scheme == "folder" else ""

    @property
    def bucket(self) -> str:
        """The bucket of ``s3://BUCKET/PREFIX``; ``""`` where pages go to a folder."""
        return self._split_bucket()[0]

    @property
    def prefix(self) -> str:
        """What every key of the bucket begins with, such as ``site/``; ``""`` for nothing."""
        prefix = self._split_bucket()[2]
        return f"{prefix}/" if prefix else ""

    def _split_bucket(self) -> tuple[str, str, str]:
        scheme, _, rest = self.url.partition("://")
        return rest.strip("/").partition("/") if scheme == "s3" else ("", "", "")


class Cdn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The CDN in front of the target, if there is one; its secrets come from the environment alone. See docs/cdn.md.

    zone, distribution, service: which one, for Cloudflare, CloudFront and Fastly; plan: of Cloudflare, whose limits are kept; tags: answers
    carry cache tags (Fastly purges by them); purge_collapse_at: more pages than this are purged by folder, 0 for never; preload: so many of
    the most read pages that changed are requested after a purge.
    """

    kind: Literal["null", "cloudflare", "cloudfront", "fastly"] = "null"
    zone: str = ""
    distribution: str = ""
    service: str = ""
    plan: Literal["free", "pro", "business", "enterprise"] = "free"
    tags: bool = False
    purge_collapse_at: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 1000
    second_purge_after_s: Annotated[int, msgspec.Meta(ge=1, le=300)] = 10
    preload: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 50
