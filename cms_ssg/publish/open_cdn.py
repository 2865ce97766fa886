"""Opens the CDN that the settings name."""

from __future__ import annotations

from collections.abc import Mapping

from cms_ssg.config.settings import Settings
from cms_ssg.errors import fail
from cms_ssg.publish.cdn import Address, Cdn, Clock


def open_cdn(settings: Settings, environ: Mapping[str, str], clock: Clock | None = None) -> Cdn | None:
    """The CDN of the settings, None for ``null``. environ: where its secrets are. Raises CmsError cdn.token where one is missing."""
    cdn, address, clock = settings.cdn, Address.of(settings.base_url), clock or Clock()
    if cdn.kind == "cloudflare":
        from cms_ssg.publish.cloudflare import CloudflareCdn

        url = environ.get("CLOUDFLARE_BASE_URL") or "https://api.cloudflare.com/client/v4"
        return CloudflareCdn(url, cdn.zone, _find_token(environ, "CLOUDFLARE_API_TOKEN"), cdn.plan, address, clock)
    if cdn.kind == "fastly":
        from cms_ssg.publish.fastly import FastlyCdn

        url = environ.get("FASTLY_API_ENDPOINT") or "https://api.fastly.com"
        token = _find_token(environ, "FASTLY_API_TOKEN")
        return FastlyCdn(url, cdn.service, token, settings.store_name if cdn.tags else "", address, clock)
    if cdn.kind == "cloudfront":
        from cms_ssg.publish.cloudfront import CloudFrontCdn

        return CloudFrontCdn(cdn.distribution, address)
    return None


def _find_token(environ: Mapping[str, str], name: str) -> str:
    token = environ.get(name, "").strip()
    if not token:
        raise fail("cdn.token", f"the environment variable {name} is not set, so the CDN was not told", hint="Set it and run `cms purge`.")
    return token
