"""The role every CDN plays: it forgets pages when told to. And what the adapters share: refusals, a clock, a pace."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol
from urllib.parse import quote, urlsplit

from cms_ssg.config.settings import Settings

SHARE = 0.8
"""Of a documented limit we use this share: calls bunch on their way, and an account may have other users."""


LEAST_S = 0.001
"""A shorter sleep may be none by a coarse clock."""


class CdnError(Exception):
    """The CDN did not take a call; the text is for a person and holds no secret.

    status: of HTTP, 0 where there was no answer; again: the same call may pass later; after_s: how long the CDN asked to wait, 0 if it did not say.
    """

    def __init__(self, message: str, *, status: int = 0, again: bool = False, after_s: float = 0.0) -> None:
        super().__init__(message)
        self.status, self.again, self.after_s = status, again, after_s


class Cdn(Protocol):
    """Forgets what it keeps of a site. Paths are canonical ones of the site (``/about/``), without the path of base_url.

    pages_a_call: most pages that one call of purge_pages may name; most_folders: how many folders many pages may be collapsed into, 0 where
    only the whole site can be named. Every call may be repeated, waits for its turn within the documented limits, and raises CdnError.
    """

    pages_a_call: int
    most_folders: int

    def purge_pages(self, paths: Sequence[str]) -> None:
        """Forget these pages."""

    def purge_folders(self, folders: Sequence[str]) -> None:
        """Forget all below these folders (``/posts/``); ``/`` is the whole site."""

    def purge_tags(self, tags: Sequence[str]) -> None:
        """Forget every page that was answered with one of these tags."""

    def purge_all(self) -> None:
        """Forget everything, also what is not of this site."""


class Clock:
    """The time, and waiting for it."""

    def now(self) -> datetime:
        """The moment it is, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(seconds)


@dataclass(slots=True)
class Pace:
    """A token bucket: a call of n takes n tokens, of which `a_second` come back, up to `burst`."""

    clock: Clock
    a_second: float
    burst: float
    _tokens: float = -1.0
    _at: datetime | None = None

    def wait(self, count: float = 1) -> None:
        """Return when so many may be sent."""
        count = min(count, self.burst)
        while (missing := count - self._fill()) > 1e-6:
            self.clock.sleep(max(missing / self.a_second, LEAST_S))
        self._tokens -= count

    def _fill(self) -> float:
        now = self.clock.now()
        if self._at is None:
            self._tokens = self.burst
        else:
            self._tokens = min(self.burst, self._tokens + max(0.0, (now - self._at).total_seconds()) * self.a_second)
        self._at = now
        return self._tokens


@dataclass(frozen=True, slots=True)
class Address:
    """Where a site lives, as a CDN names it. origin: ``https://example.org``; base_path: ``""`` or ``/blog``."""

    origin: str
    base_path: str

    @classmethod
    def of(cls, base_url: str) -> Address:
        """The address in a base_url."""
        parts = urlsplit(base_url)
        return cls(f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/"))

    @property
    def host(self) -> str:
        """The host with its port if it has one."""
        return self.origin.partition("://")[2]

    def quoted(self, path: str) -> str:
        """A page's path on its host, as a browser asks for it."""
        return quote(self.base_path + path, safe="/~@!$&'()*+,;=:")

    def url(self, path: str) -> str:
        """A page's full URL."""
        return self.origin + self.quoted(path)


RIGHTS: Final = {
    "cloudflare": "CLOUDFLARE_API_TOKEN needs the right Zone / Cache Purge for the zone that [cdn] names.",
    "fastly": "FASTLY_API_TOKEN needs the scope purge_select for the service that [cdn] names, without tags also purge_all.",
    "cloudfront": "The key needs cloudfront:CreateInvalidation for the distribution that [cdn] names.",
}


def say_rights(settings: Settings, error: CdnError) -> str:
    """What to look at where a CDN takes no call for lack of a right, "" where it is something else."""
    return RIGHTS.get(settings.cdn.kind, "") if error.status in (401, 403) else ""
