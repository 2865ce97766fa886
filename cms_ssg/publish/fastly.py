"""Fastly as the CDN: purges by surrogate key, 256 a call, where pages carry them; else URL by URL.

Calls as documented at https://www.fastly.com/documentation/reference/api/purging/: `POST /service/<id>/purge` with up to 256 keys,
`POST /purge/<host>/<path>` for one URL, `POST /service/<id>/purge_all`. A purge is instant and hard: a soft one would let the edge go on
answering with the old page while it fetches the new. A customer has 100,000 purges by URL or key an hour, and 1,000 calls of other kinds
(https://www.fastly.com/documentation/reference/api/#rate-limiting); so the pace and what may go at once stay below 100,000 together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from cms_ssg.publish.cdn import SHARE, Address, Clock, Pace
from cms_ssg.publish.request import raise_refusal, send_request
from cms_ssg.publish.tags import page_tag, site_tag

KEYS_A_CALL: Final = 256
PURGES_A_SECOND: Final = 100_000 / 3600 * SHARE
BURST: Final = 15_000


class FastlyCdn:
    """url: of the interface; service: its id; site: whose pages carry keys, "" where they carry none."""

    most_folders = 0

    def __init__(self, url: str, service: str, token: str, site: str, address: Address, clock: Clock) -> None:
        self.url, self.service, self.token, self.site, self.address = url.rstrip("/"), service, token, site, address
        self.pages_a_call = KEYS_A_CALL if site else 1
        self._purges = Pace(clock, PURGES_A_SECOND, BURST)

    def purge_pages(self, paths: Sequence[str]) -> None:
        if self.site:
            self.purge_tags([page_tag(path, self.site) for path in paths])
        else:
            for path in paths:
                self._purges.wait()
                self._send(f"/purge/{self.address.host}{self.address.quoted(path)}")

    def purge_folders(self, folders: Sequence[str]) -> None:
        if self.site:
            self.purge_tags([site_tag(self.site)])
        else:
            self.purge_all()

    def purge_tags(self, tags: Sequence[str]) -> None:
        for start in range(0, len(tags), KEYS_A_CALL):
            batch = list(tags[start : start + KEYS_A_CALL])
            self._purges.wait(len(batch))
            self._send(f"/service/{self.service}/purge", {"surrogate_keys": batch})

    def purge_all(self) -> None:
        self._send(f"/service/{self.service}/purge_all")

    def _send(self, path: str, body: dict[str, Any] | None = None) -> None:
        headers = {"Fastly-Key": self.token, "Accept": "application/json", "Content-Type": "application/json", "User-Agent": "cms_ssg"}
        answer = send_request("POST", self.url + path, headers, msgspec.json.encode(body) if body is not None else b"")
        if answer.status != 200:
            told = answer.body[:200].decode("utf-8", "replace").replace(self.token, "***")
            raise_refusal(answer, f"from Fastly: {told}")
