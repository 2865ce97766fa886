"""One HTTP request to a CDN's interface, or to its edge. Redirects are answers: a token goes nowhere else."""

from __future__ import annotations

import email.utils
import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message

from cms_ssg.publish.cdn import CdnError

MOST_BYTES = 50_000_000
"""More of an answer is not read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """status: of HTTP; headers: names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: object, **_values: object) -> None:
        return None


_opener = urllib.request.build_opener(_Stay)


def send_request(method: str, url: str, headers: Mapping[str, str], body: bytes | None = None, timeout_s: float = 15.0) -> Answer:
    """Send it once. Raises CdnError, to be tried again, where there is no answer."""
    request = urllib.request.Request(url, body, dict(headers), method=method)
    try:
        try:
            with _opener.open(request, timeout=timeout_s) as found:
                return Answer(found.status, _lower(found.headers), found.read(MOST_BYTES))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, _lower(error.headers), error.read(MOST_BYTES))
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise CdnError(f"{_host(url)} did not answer: {str(reason) or type(error).__name__}", again=True) from None


def raise_refusal(answer: Answer, message: str) -> None:
    """Raise the CdnError that an answer other than a success stands for."""
    again = answer.status in (408, 425, 429) or answer.status >= 500
    raise CdnError(f"{answer.status} {message}".strip(), status=answer.status, again=again, after_s=parse_retry_after(answer.headers))


def parse_retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that Retry-After asks for (RFC 9110, 10.2.3: a number or a date), 0 where it is not there or not understood."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        at = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _lower(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _host(url: str) -> str:
    return url.split("/", 3)[2]
