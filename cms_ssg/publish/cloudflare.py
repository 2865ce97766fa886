"""Cloudflare as the CDN: purges by URL, prefix and tag.

Limits as documented on 29 July 2026 (https://developers.cloudflare.com/cache/how-to/purge-cache/): by URL 100 a call (500 on Enterprise) and
800, 1,500, 1,500, 3,000 URLs a second on Free, Pro, Business, Enterprise, as a moving average of the account; by tag, prefix, host or everything
a token bucket an account of 5 calls a minute (25 at once), 5 a second (25), 10 a second (50), 50 a second (500), 100 operations a call. A call
names 30 prefixes at most (https://developers.cloudflare.com/cache/how-to/purge-cache/purge_by_prefix/).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from cms_ssg.publish.cdn import SHARE, Address, CdnError, Clock, Pace
from cms_ssg.publish.request import Answer, raise_refusal, send_request

URLS_A_SECOND: Final = {"free": 800, "pro": 1500, "business": 1500, "enterprise": 3000}
CALLS_A_SECOND: Final = {"free": 5 / 60, "pro": 5.0, "business": 10.0, "enterprise": 50.0}
BURST: Final = {"free": 25, "pro": 25, "business": 50, "enterprise": 500}
URLS_A_CALL: Final = {"free": 100, "pro": 100, "business": 100, "enterprise": 500}
TAGS_A_CALL, PREFIXES_A_CALL = 100, 30


class CloudflareCdn:
    """url: of the interface; zone: its id; token: needs the right "Cache Purge" for that zone; plan: whose limits are kept."""

    most_folders = PREFIXES_A_CALL

    def __init__(self, url: str, zone: str, token: str, plan: str, address: Address, clock: Clock) -> None:
        self.url = f"{url.rstrip('/')}/zones/{zone}/purge_cache"
        self.token, self.address = token, address
        self.pages_a_call = URLS_A_CALL[plan]
        self._urls = Pace(clock, URLS_A_SECOND[plan] * SHARE, self.pages_a_call)
        self._calls = Pace(clock, CALLS_A_SECOND[plan] * SHARE, BURST[plan] * SHARE)

    def purge_pages(self, paths: Sequence[str]) -> None:
        self._urls.wait(len(paths))
        self._send({"files": [self.address.url(path) for path in paths]})

    def purge_folders(self, folders: Sequence[str]) -> None:
        prefixes = [self.address.host + self.address.quoted(folder).rstrip("/") for folder in folders]
        for start in range(0, len(prefixes), PREFIXES_A_CALL):
            self._calls.wait()
            self._send({"prefixes": prefixes[start : start + PREFIXES_A_CALL]})

    def purge_tags(self, tags: Sequence[str]) -> None:
        for start in range(0, len(tags), TAGS_A_CALL):
            self._calls.wait()
            self._send({"tags": list(tags[start : start + TAGS_A_CALL])})

    def purge_all(self) -> None:
        self._calls.wait()
        self._send({"purge_everything": True})

    def _send(self, body: dict[str, Any]) -> None:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", "User-Agent": "cms_ssg"}
        answer = send_request("POST", self.url, headers, msgspec.json.encode(body))
        said = _read_errors(answer).replace(self.token, "***")
        if answer.status != 200:
            raise_refusal(answer, f"from Cloudflare{said}")
        if said:
            raise CdnError(f"Cloudflare refused{said}", status=answer.status)


def _read_errors(answer: Answer) -> str:
    """What an answer says is wrong: ``: Unable to purge … (1012)``, "" where it reports success."""
    try:
        body = msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        return ": its answer is not JSON"
    if isinstance(body, dict) and body.get("success") is True:
        return ""
    errors = body.get("errors") if isinstance(body, dict) else None
    told = [f"{e.get('message', '')} ({e.get('code', '')})" for e in errors or [] if isinstance(e, dict)]
    return ": " + ("; ".join(told) or "it gives no reason")
