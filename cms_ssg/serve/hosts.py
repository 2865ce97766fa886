"""Whom the local server answers: a page of the internet can have its own name lead to this machine, and would then read the site, drafts too."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable


def list_own_hosts(given: Iterable[str]) -> frozenset[str]:
    """The names by which this machine is asked, and given ones."""
    machine = socket.gethostname().lower()
    return frozenset({"localhost", machine, f"{machine.partition('.')[0]}.local", *(name.lower().rstrip(".") for name in given)})


def is_own_host(header: str | None, own: frozenset[str]) -> bool:
    """Whether a request's Host header names this machine. An address of digits always does: no name was led astray."""
    if header is None:  # HTTP/1.0: no browser
        return True
    host = header.strip().lower()
    host = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0].rstrip(".")
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return host in own or host.endswith(".localhost")
