"""Who calls: a token with scopes, or an address. A route says which scope it needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from starlette.requests import Request
from starlette.types import Scope

from cms_ssg.api.problems import fail
from cms_ssg.api.sites import SiteContext
from cms_ssg.store import tokens
from cms_ssg.store.query import fetch_async
from cms_ssg.text.programs import is_program_name

PUBLIC: Final = "public"
SCOPES: Final = (PUBLIC, *tokens.SCOPES)

MOST_HOPS_BYTES: Final = 1000
"""Of an X-Forwarded-For, which is read from its end."""


@dataclass(frozen=True, slots=True)
class Caller:
    """address: the client's, as far as it can be believed; token: the number of its token, 0 without one; role, sections, locales: what that
    may do with entries.
    """

    address: str
    token: int = 0
    name: str = ""
    scopes: frozenset[str] = frozenset()
    role: str = "editor"
    sections: tuple[str, ...] = ()
    locales: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What limits are counted by: the token, or the address; of IPv6 the network that a household has."""
        return f"t{self.token}" if self.token else mask_address(self.address)


@lru_cache(maxsize=1024)
def mask_address(address: str) -> str:
    """An IPv4 address, the /64 of an IPv6 one, ``"?"`` for what is neither."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return "?"
    if parsed.version == 6:
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ip_network((int(parsed) >> 64 << 64, 64)))
    return str(parsed)


@lru_cache(maxsize=64)
def _parse_networks(texts: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(text, strict=False) for text in texts)


def find_address(scope: Scope, trusted: Sequence[str]) -> str:
    """The client's address: what the last proxy that is not ours says, never what the client says of itself."""
    peer = scope["client"][0] if scope.get("client") else ""
    said = tuple(value[-MOST_HOPS_BYTES:] for name, value in scope["headers"] if name == b"x-forwarded-for")
    return _follow_proxies(peer, said, tuple(trusted)) if said else peer


def is_foreign(request: Request, allowed: Sequence[str]) -> bool:
    """Whether a page of another site sends this, as browsers say. allowed: origins from which it may come: [api] cors."""
    return request.headers.get("sec-fetch-site", "") == "cross-site" and request.headers.get("origin", "") not in allowed


def find_client(scope: Scope, trusted: Sequence[str]) -> str:
    """What limits of a caller without a token are counted by."""
    return mask_address(find_address(scope, trusted))


@lru_cache(maxsize=1024)
def _follow_proxies(peer: str, said: tuple[bytes, ...], trusted: tuple[str, ...]) -> str:
    networks = _parse_networks(trusted)
    hops = [hop.strip() for header in said for hop in header.decode("latin-1").split(",")]
    address = peer
    while hops and _is_in(address, networks):
        address = hops.pop()
    return address


def _is_in(address: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed.version == network.version and parsed in network for network in networks)


async def identify(request: Request, context: SiteContext) -> Caller:
    """Who calls. Raises ApiError api.token for a token that is no good: silence would hide a mistake."""
    address = find_address(request.scope, context.site.settings.api.trusted_proxies)
    header = request.headers.get("authorization", "")
    if not header:
        return Caller(address)
    kind, _, text = header.partition(" ")
    visitors = context.site.settings.visitors
    if visitors is not None and visitors.issuer and kind.lower() == "bearer" and text.count(".") == 2:  # a visitor's, see cms_ssg/visitors
        request.scope["cms_visitor_token"] = text.strip()
        return Caller(address)
    found = None
    if kind.lower() == "bearer" and text.startswith(tokens.PREFIX) and len(text) < 200:
        async with context.connection() as connection:
            rows = await fetch_async(connection, tokens.FIND, site=context.number, digest=tokens.digest_token(text.strip()))
            found = rows[0] if rows else None
            if found is not None:
                await connection.execute(tokens.USED, (found.id,))
    if found is None:
        raise fail(
            "api.token", "this token is unknown here, has expired or was revoked", status=401, hint="cms token create makes one for a site.",
            headers={"WWW-Authenticate": 'Bearer realm="cms", error="invalid_token"'},
        )  # fmt: skip
    return Caller(address, found.id, found.name, frozenset(found.scopes), found.role, tuple(found.sections), tuple(found.locales))


def is_program(request: Request) -> bool:
    """Whether a request comes from no person, as far as it says so itself; it is answered as all are, and not counted."""
    return is_program_name(request.headers.get("user-agent", ""))


def check_scope(caller: Caller, scope: str) -> None:
    """Refuse a caller without this scope; admin has every one. Raises ApiError api.no-token, api.scope."""
    if scope == PUBLIC or scope in caller.scopes or "admin" in caller.scopes:
        return
    if not caller.token:
        raise fail(
            "api.no-token", f"this needs a token with the scope {scope}", status=401, hint="Send it as Authorization: Bearer cms_…",
            headers={"WWW-Authenticate": 'Bearer realm="cms"'},
        )  # fmt: skip
    raise fail("api.scope", f"this token lacks the scope {scope}", status=403, hint="Make one that has it: cms token create --scope …")
