"""What types alone cannot say about the settings of the API: addresses, origins, host names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cms_ssg.config.settings import Settings

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")
_ORIGIN = re.compile(rf"https?://({_HOST.pattern})|\*")
_REDIS = re.compile(r"(rediss?|unix)://\S+")


def check_api(settings: Settings) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """All that is wrong, as (path of the key, what is wrong with it, a way out)."""
    for number, host in enumerate(settings.api.hosts):
        if not _HOST.fullmatch(host):
            yield ("api", "hosts", number), f"is no host name: {host!r}", 'Such as "www.example.org", without http:// and path.'
    for number, origin in enumerate(settings.api.cors):
        if not _ORIGIN.fullmatch(origin):
            hint = 'Such as "https://app.example.org", without a path; "*" lets every page read public answers.'
            yield ("api", "cors", number), f"is no origin: {origin!r}", hint
    if settings.api.trusted_proxies != type(settings.api)().trusted_proxies:
        from ipaddress import ip_network

        for number, proxy in enumerate(settings.api.trusted_proxies):
            try:
                ip_network(proxy, strict=False)
            except ValueError:
                yield ("api", "trusted_proxies", number), f"is no address or network: {proxy!r}", 'Such as "10.0.0.0/8" or "2001:db8::1".'
    visitors = settings.visitors
    if visitors is not None and visitors.issuer:
        if not visitors.audience:
            yield (
                ("visitors", "audience"),
                "is missing",
                "The name by which the issuer knows this site; tokens for others prove nothing here.",
            )
        if not visitors.keys_url.startswith(("https://", "http://localhost", "http://127.0.0.1")):
            yield ("visitors", "keys_url"), "is no https address", "The issuer's jwks_uri, in its /.well-known/openid-configuration."
    if settings.desk.issuer:
        if not settings.desk.issuer.startswith(("https://", "http://localhost", "http://127.0.0.1")):
            yield ("desk", "issuer"), "is not an https:// URL", 'Such as "https://login.example.org".'
        if not settings.desk.client_id:
            yield ("desk", "client_id"), "is missing", "The desk's client id at the issuer."
    if settings.cache.redis_url and not _REDIS.fullmatch(settings.cache.redis_url):
        hint = 'Such as "redis://localhost:6379/0"; with a password it is better kept in CMS_REDIS_URL.'
        yield ("cache", "redis_url"), "is no address of Redis", hint
