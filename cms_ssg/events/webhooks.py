"""Sends messages to the receivers of [[webhooks]]: signed, never to an address of the machine's own network card, tried again with patience.

What is sent, and when again, is in docs/extending.md.
"""

from __future__ import annotations

import http.client
import ipaddress
import os
import random
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import SplitResult, urlsplit

from psycopg import Connection, OperationalError

import cms_ssg
from cms_ssg.config.settings import Settings
from cms_ssg.events.signatures import read_secrets, sign_standard
from cms_ssg.kinds.vertical import OpenSite, Task
from cms_ssg.store import deliveries as store
from cms_ssg.store.connect import connect, database_url
from cms_ssg.types import Problem

WAITS_S: Final = (5, 30, 120, 600, 1800, 7200, 18_000, 36_000, 86_400)
"""After the first failure, the second, …: ten tries in about 43 hours."""

MOST_TRIES: Final = len(WAITS_S) + 1
LONGEST_WAIT_S: Final = 86_400
"""A receiver may ask for no more with Retry-After."""

PATIENCE_S: Final = 10.0
"""For one message, from the first packet to the last header of the answer. Names are looked up with the system's own patience."""

CLAIM_S: Final = 60.0
AT_ONCE: Final = 8
MOST_SENT: Final = 64
"""Messages sent at the end of one command; the rest waits for the next."""

KEPT_DAYS: Final = 30
AGENT: Final = f"cms_ssg/{cms_ssg.__version__}"
_METADATA: Final = tuple(
    map(
        ipaddress.ip_network,
        ("fd00:ec2::/32", "fd20:ce::/32", "fd00:c1::/32", "fd00:42::42", "100.100.100.200", "168.63.129.16", "192.0.0.0/24", "0.0.0.0/8"),
    )
)
"""Where clouds tell a machine its credentials, beside the link-local addresses: Amazon, Google, Oracle, Scaleway; Alibaba, Azure, Oracle."""

_HOLDING_IPV4: Final = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96")))
"""Addresses whose last four bytes are one of IPv4: of NAT64, and two forms that are no longer in use."""

_LOOPBACK: Final = ipaddress.ip_address("::1")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a try came to. status: 0 where no answer came; retry_after_s: what the receiver asked for; final: no use trying again."""

    status: int
    text: str
    retry_after_s: float | None = None
    final: bool = False

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300


def send_due(url: str, site_id: int, settings: Settings) -> list[Problem]:
    """Send what is due, several at once, and write down what came of it. Returns what did not go well, as warnings."""
    with connect(url, autocommit=True) as connection:
        claimed = store.claim_due(connection, site_id, MOST_SENT, CLAIM_S)
        if not claimed:
            return []
        with ThreadPoolExecutor(min(AT_ONCE, len(claimed)), thread_name_prefix="cms-webhooks") as pool:
            answers = pool.map(lambda message: _send_claimed(message, settings), claimed)
            problems = [_record(connection, message, answer) for message, answer in zip(claimed, answers, strict=True)]
        connection.execute(store.FORGET_OLD, (site_id, KEPT_DAYS))
    return [problem for problem in problems if problem is not None]


def send_waiting(opened: OpenSite) -> int:
    """Send what is due while something watches or works: what editors do is told without a build. Returns how many failed."""
    site = opened.site
    return len(send_due(database_url(site.root, site.settings.database_url, os.environ), opened.number, site.settings))


TASKS: Final = (Task("send-webhooks", 5, send_waiting),)


def send_in_background(url: str, site_id: int, settings: Settings) -> None:
    """The same in a thread, one at a time: the next save need not wait for a slow receiver. Failures are in `cms status`."""

    def send() -> None:
        from cms_ssg.errors import CmsError

        with _sending:
            try:
                send_due(url, site_id, settings)
            except (CmsError, OperationalError):  # the database is away: what was to be sent is in it
                return

    if not _sending.locked():
        threading.Thread(target=send, daemon=True, name="cms-webhooks").start()


_sending = threading.Lock()


def _send_claimed(message: store.Claimed, settings: Settings) -> Answer:
    if message.event == store.FEEDS:
        if message.url != settings.websub_hub:
            return Answer(0, "no longer in site.toml", final=True)
        return _post(message.url, {"Content-Type": "application/x-www-form-urlencoded"}, message.body.encode())
    hook = next((hook for hook in settings.webhooks if hook.url == message.url), None)
    if hook is None:
        return Answer(0, "no longer in site.toml", final=True)
    return send_message(message.url, read_secrets(os.environ, hook.secret_env), hook.secret_env, message.id, message.body.encode())


def _record(connection: Connection, message: store.Claimed, answer: Answer) -> Problem | None:
    """Write down a try; what went wrong, as a warning."""
    if answer.is_good:
        connection.execute(store.DONE, (answer.text, message.id))
        return None
    place = show_receiver(message.url)
    if answer.final or message.tries >= MOST_TRIES:
        connection.execute(store.GIVE_UP, (answer.text, message.id))
        text = f"{message.event} was given up after {message.tries} {'try' if message.tries == 1 else 'tries'}: {answer.text}"
        return Problem("webhooks.dead", place, 0, text, "cms hooks retry sends it again.", "warning")
    wait_s = choose_wait(message.tries, answer.retry_after_s)
    connection.execute(store.AGAIN, (wait_s, answer.text, message.id))
    hint = f"The next command, or cms watch, sends it again once {wait_s:.0f} s have passed."
    return Problem("webhooks.failed", place, 0, f"{message.event} was not taken: {answer.text}", hint, "warning")


def choose_wait(tries: int, asked_s: float | None) -> float:
    """Seconds until the next try: what the receiver asked for, and no less than the table says, with a little chance in it."""
    own = WAITS_S[min(tries, len(WAITS_S)) - 1] * random.uniform(1.0, 1.2)
    return min(max(own, asked_s or 0.0), max(LONGEST_WAIT_S, own))


def show_receiver(url: str) -> str:
    """A receiver's address without what may be secret in it: path and query often are."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}/…"


def send_message(url: str, secrets: tuple[str, ...], secret_env: str, message_id: str, body: bytes) -> Answer:
    """Post one message. Redirects are not followed; the body of the answer is not read."""
    if not secrets:
        return Answer(0, f"the variable {secret_env} is empty: it holds the secret")
    now = int(time.time())
    signature = sign_standard(secrets, message_id, now, body)
    own = {"webhook-id": message_id, "webhook-timestamp": str(now), "webhook-signature": signature}
    return _post(url, {"Content-Type": "application/json", **own}, body)


def _post(url: str, own: dict[str, str], body: bytes) -> Answer:
    parts = urlsplit(url)
    headers = {"User-Agent": AGENT, "Connection": "close", **own}
    try:
        with _connect(parts) as connection:
            connection.request("POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, headers)
            response = connection.getresponse()
            status, asked = response.status, response.headers.get("Retry-After", "")
    except _RefusedError as error:
        return Answer(0, str(error))
    except TimeoutError:
        return Answer(0, f"no answer within {PATIENCE_S:.0f} s")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Answer(0, f"{type(error).__name__}: {' '.join(str(error).split())[:150]}")
    return Answer(status, _describe(status), parse_retry_after(asked, datetime.now(UTC)), status == 410)


def _describe(status: int) -> str:
    try:
        name = http.HTTPStatus(status).phrase
    except ValueError:
        name = ""
    return f"{status} {name}".strip() + ("; redirects are not followed" if 300 <= status < 400 else "")


def parse_retry_after(text: str, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for: a number, or a date."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp() - now.timestamp())


class _RefusedError(Exception):
    """The receiver lives where nothing may be sent."""


@contextmanager
def _connect(parts: SplitResult) -> Iterator[http.client.HTTPConnection]:
    """A connection to an address that was looked at, not to what the name says a moment later; cut off PATIENCE_S after it began."""
    host, is_safe = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if is_safe else 80)
    addresses = list_addresses(host, port)
    until = time.monotonic() + PATIENCE_S
    opened = [_open(addresses, port, until)]
    timer = threading.Timer(max(0.05, until - time.monotonic()), _cut, (opened,))
    timer.daemon = True
    timer.start()
    try:
        if is_safe:
            opened[0] = ssl.create_default_context().wrap_socket(opened[0], server_hostname=host)
        kind = http.client.HTTPSConnection if is_safe else http.client.HTTPConnection
        connection = kind(host, port, timeout=PATIENCE_S)
        connection.sock = opened[0]
        yield connection
    except (OSError, http.client.HTTPException) as error:
        if time.monotonic() >= until:
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()
        opened[0].close()


def _open(addresses: list[str], port: int, until: float) -> socket.socket:
    """A connection to the first address that answers."""
    for number, address in enumerate(addresses):
        try:
            return socket.create_connection((address, port), timeout=max(0.05, until - time.monotonic()))
        except OSError:
            if number + 1 == len(addresses):
                raise
    raise OSError("the name has no address")


def _cut(opened: list[socket.socket]) -> None:
    """Ends whatever waits for this socket, however slowly bytes trickle in."""
    try:
        opened[0].shutdown(socket.SHUT_RDWR)
    except OSError:  # it has ended by itself
        return


def list_addresses(host: str, port: int) -> list[str]:
    """The addresses of a name, asked once. Raises _RefusedError where any of them is one nothing may be sent to."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise OSError(f"the name {host} is not known: {error}") from None
    addresses = list(dict.fromkeys(str(row[4][0]) for row in found))
    for text in addresses:
        if is_forbidden(text):
            named = text if text == host else f"{host} ({text})"
            raise _RefusedError(f"nothing is sent to {named}: it is a link-local, multicast or reserved address")
    return addresses


def is_forbidden(text: str) -> bool:
    """Whether nothing may be sent to an address: link-local ones tell a cloud machine its credentials. Private networks are allowed."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        held = address != _LOOPBACK and any(address in network for network in _HOLDING_IPV4)
        held = held or int(address) >> 32 & 0xFDFFFFFF == 0x5EFE  # ISATAP, RFC 5214
        inner = (
            address.ipv4_mapped
            or address.sixtofour
            or (address.teredo or (None, None))[1]
            or (ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if held else None)
        )
        address = inner if inner is not None else address
    is_reserved = (address.is_reserved and address.version == 4) or any(address in network for network in _METADATA)
    return address.is_link_local or address.is_multicast or address.is_unspecified or is_reserved
