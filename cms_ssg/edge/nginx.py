"""The site's state as a configuration file of nginx, for the ``http`` level: conf.d/site.conf."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

from cms_ssg.edge.state import Edge
from cms_ssg.kinds.vertical import Split
from cms_ssg.publish.headers import ATTACHMENTS, CLASSES, NOINDEX, PREVIEWS, UNKEPT
from cms_ssg.render.feed_links import FEED_TYPES

SMALLEST_BUCKET: Final = 64
SMALLEST_TABLE: Final = 2_048
SHORTLY: Final = "public, max-age=0, s-maxage=60"
"""How long a CDN in front may believe that something is not there."""

SPLIT: Final = "private, max-age=0, must-revalidate"
"""How long a page may be kept of which another visitor sees another variant: a CDN in front would give everybody the same."""

COMPRESSED: Final = (
    "application/atom+xml application/feed+json application/javascript application/json application/manifest+json "
    "application/rss+xml application/xml image/svg+xml text/css text/javascript text/plain text/xml"
)
WITH_CHARSET: Final = (
    "application/atom+xml application/feed+json application/javascript application/json application/rss+xml "
    "application/xml text/css text/javascript text/plain text/xml"
)
FEEDS: Final = {"feed.xml": FEED_TYPES["rss"], "atom.xml": FEED_TYPES["atom"], "feed.json": FEED_TYPES["json"]}


@dataclass(frozen=True, slots=True)
class NginxOptions:
    """folder: with the pages, on the server; certificate: folder with fullchain.pem and privkey.pem; listen: a port for plain HTTP alone,
    where something in front does TLS, 0 for what base_url says; sizes: whether to set the size of maps, which can be said once in all.
    """

    folder: Path
    certificate: Path | None = None
    listen: int = 0
    sizes: bool = True


def write_nginx(edge: Edge, options: NginxOptions) -> str:
    """The whole file. The same state gives the same bytes."""
    return "\n".join([*_write_head(edge, options), *_write_maps(edge), *_write_servers(edge, options), ""])


def _write_head(edge: Edge, options: NginxOptions) -> Iterator[str]:
    yield f"# {edge.origin}{edge.base}/, as it was last built. Made by: cms target config nginx"
    yield "# Make it again, and reload nginx, when redirects, removed pages or scripts inside pages have changed."
    yield "# It belongs into the http block: /etc/nginx/conf.d/ is included there."
    yield ""
    if options.sizes:
        keys = [key.encode() for path in (*edge.redirects, *edge.gone) for key in list_spellings(edge.base + path)]
        longest = max(map(len, keys), default=0)
        yield "# Room for the tables below. nginx takes these two lines once: for a second site on the server use --no-sizes there."
        yield f"map_hash_max_size {_round_up(max(SMALLEST_TABLE, len(keys)))};"
        yield f"map_hash_bucket_size {_round_up(max(SMALLEST_BUCKET, 4 * (longest + 18)))};"
        yield ""


def _round_up(number: int) -> int:
    return 1 << (number - 1).bit_length()


def _write_maps(edge: Edge) -> Iterator[str]:
    name = _variable(edge)
    yield "# Old paths and where they lead. nginx takes the letters' case for nothing here, except in lines that begin with ~."
    yield from _write_map(
        "$uri", f"${name}_redirect", _list_keyed(edge, {path: quote_url(url) for path, url in edge.redirects.items()}), '""'
    )
    yield "# A redirect keeps the visitor's query, unless it has one of its own."
    yield from _write_map(f"${name}_redirect", f"${name}_query", [('"~[?#]"', '""')], "$is_args$args")
    yield "# Taken away on purpose: 410, so that search engines forget them."
    yield from _write_map("$uri", f"${name}_gone", _list_keyed(edge, dict.fromkeys(edge.gone, "1")), '""')
    yield "# The page for what is not there, in the language of the place where it is not."
    pages = [(_quote(f"~^{re.escape(edge.base + start)}"), _quote(edge.base + page)) for start, page in edge.not_found if start != "/"]
    yield from _write_map("$uri", f"${name}_missing", pages, _quote(f"{edge.base}/404.html"))
    yield "# How long each class of output may be kept: [target.cache] of site.toml."
    classes = [
        (_quote("~" + pattern.replace("^", f"^{re.escape(edge.base)}", 1)), _quote(getattr(edge.target.cache, name)))
        for pattern, name in CLASSES
    ]
    classes.insert(0, (_quote(f"~^{re.escape(edge.base)}{PREVIEWS[1:]}"), _quote(UNKEPT)))
    shown = sorted({path for split in edge.splits for path, _ in split.shares})
    classes += [(_quote(edge.base + _name_file(path)), _quote(SPLIT)) for path in shown]
    yield from _write_map("$uri", f"${name}_class", classes, _quote(edge.target.cache.files))
    yield "# Previews are for whoever has the address: not for search engines."
    yield from _write_map("$uri", f"${name}_robots", [(_quote(f"~^{re.escape(edge.base)}{PREVIEWS[1:]}"), _quote(NOINDEX))], '""')
    if edge.attaches:
        yield "# Files that were sent to the API are saved and not shown."
        yield from _write_map("$uri", f"${name}_saved", [(_quote(f"~^{re.escape(edge.base)}{ATTACHMENTS[1:]}"), '"attachment"')], '""')
    statuses = [('"~^(200|206|304)$"', f"${name}_class"), ("301", _quote(edge.target.cache.pages)), ('"~^4(04|10)$"', _quote(SHORTLY))]
    yield from _write_map("$status", f"${name}_cache", statuses, '"no-store"')
    if edge.splits:
        yield "# Pages under test. A visitor's address and browser decide, so that the choice lasts without a cookie."
    for number, split in enumerate(edge.splits):
        yield f"split_clients {_quote(f'${{remote_addr}}${{http_user_agent}}{split.name}')} ${name}_split_{number} {{"
        yield from (f"    {share}% {_quote(edge.base + _name_file(path))};" for path, share in _list_shares(split))
        yield f"    * {_quote(edge.base + _name_file(split.shares[0][0]))};"
        yield "}"
        yield ""
    if edge.policy:
        yield "# What pages may run and load: the site's own files, and what stands in the pages, by its hash."
        yield from _write_map("$sent_http_content_type", f"${name}_policy", [('"~^text/html"', _quote(edge.policy))], '""')


def _name_file(path: str) -> str:
    """The file of a page, since the page's own address is what is looked for."""
    return f"{path}index.html" if path.endswith("/") else path


def _list_shares(split: Split) -> Iterator[tuple[str, str]]:
    """The variants but the first, with their parts of a hundred, to two places as nginx takes them."""
    whole = sum(weight for _, weight in split.shares)
    for path, weight in split.shares[1:]:
        if share := weight * 10_000 // whole if whole else 0:
            yield path, f"{share / 100:.2f}"


def _write_map(source: str, variable: str, rows: Iterable[tuple[str, str]], default: str) -> Iterator[str]:
    yield f"map {source} {variable} {{"
    yield f"    default {default};"
    yield from (f"    {key} {value};" for key, value in rows)
    yield "}"
    yield ""


def _list_keyed(edge: Edge, values: dict[str, str]) -> Iterator[tuple[str, str]]:
    for path, value in sorted(values.items()):
        if path in edge.twins:
            optional = "?" if path.endswith("/") else ""
            yield _quote(f"~^{re.escape(edge.base + path)}{optional}$"), _quote(value)
        else:
            yield from ((_quote(key), _quote(value)) for key in list_spellings(edge.base + path))


def list_spellings(path: str) -> tuple[str, ...]:
    """A folder's path with and without its last slash; the root and files as they are."""
    return (path, path[:-1]) if path.endswith("/") and path != "/" else (path,)


def quote_url(url: str) -> str:
    """A URL of printable ASCII, without the signs that configuration files and headers take for something else."""
    return quote(url, safe="/!&'()*+,;=:@-._~?#%[]")


def _quote(text: str) -> str:
    """A word of the file. Backslashes of patterns stay: nginx takes none away but before quotes, t, r and n, which no pattern here has."""
    return '"' + text.replace('"', '\\"') + '"'


def _variable(edge: Edge) -> str:
    return "cms_" + re.sub("[^a-z0-9]", "_", edge.name.lower())


def _write_servers(edge: Edge, options: NginxOptions) -> Iterator[str]:
    port = urlsplit(edge.origin).port
    tls = edge.secure and not options.listen
    if tls:
        yield "server {"
        yield "    listen 80;"
        yield "    listen [::]:80;"
        yield f"    server_name {edge.host};"
        yield "    location /.well-known/acme-challenge/ { root /var/www/acme; }  # for certbot --webroot"
        yield f"    location / {{ return 301 {edge.origin}$request_uri; }}"
        yield "}"
        yield ""
    yield "server {"
    plain = options.listen or port or 80
    address = f"{port or 443} ssl http2" if tls else f"{plain}"
    yield f"    listen {address};"
    yield f"    listen [::]:{address};"
    yield f"    server_name {edge.host};"
    if tls:
        certificate = options.certificate or Path("/etc/letsencrypt/live") / edge.host
        yield f"    ssl_certificate {_quote(f'{certificate}/fullchain.pem')};"
        yield f"    ssl_certificate_key {_quote(f'{certificate}/privkey.pem')};"
        yield "    ssl_protocols TLSv1.2 TLSv1.3;"
        yield "    ssl_session_cache shared:cms:10m;"
    yield ""
    yield from (f"    {line}".rstrip() for line in _write_server(edge, options))
    yield "}"


def _write_server(edge: Edge, options: NginxOptions) -> Iterator[str]:
    name, base = _variable(edge), edge.base
    yield "server_tokens off;"
    yield "absolute_redirect off;  # a redirect of nginx itself, /about to /about/, names no host and no port"
    yield "charset utf-8;"
    yield f"charset_types {WITH_CHARSET};"
    yield "gzip on;"
    if edge.ssi:
        yield "ssi on;  # fragments are put into pages, which are compressed after that"
        yield "ssi_silent_errors on;"
    else:
        yield "gzip_static on;  # page.html.gz is sent if it is there"
        yield "# brotli_static on;  # the same for page.html.br; needs libnginx-mod-http-brotli-static"
    yield "gzip_vary on;"
    yield "gzip_proxied any;"
    yield "gzip_min_length 1024;"
    yield f"gzip_types {COMPRESSED};"
    yield ""
    yield f"add_header Cache-Control ${name}_cache always;"
    yield f"add_header X-Robots-Tag ${name}_robots always;"
    if edge.attaches:
        yield f"add_header Content-Disposition ${name}_saved always;"
    yield from (f"add_header {header} {_quote(value)} always;" for header, value in edge.list_headers())
    if edge.policy:
        yield f"add_header {edge.policy_header} ${name}_policy always;"
    yield ""
    yield f"error_page 404 ${name}_missing;"
    yield f"error_page 403 =404 ${name}_missing;  # a folder without a page"
    yield f"error_page 410 ${name}_missing;"
    yield ""
    yield f"if (${name}_redirect) {{ return 301 ${name}_redirect${name}_query; }}"
    yield ""
    if base:
        yield f"location = {_quote(base)} {{ return 301 {_quote(quote_url(base + '/'))}; }}"
        yield "location / { return 404; }"
    for number, split in enumerate(edge.splits):
        yield f"location = {_quote(base + split.path)} {{ rewrite ^ ${name}_split_{number} last; }}"
    yield f"location {_quote(base + '/')} {{"
    yield from (f"    {line}" for line in _write_location(edge, options))
    yield "}"


def _write_location(edge: Edge, options: NginxOptions) -> Iterator[str]:
    yield f"alias {_quote(f'{options.folder}/')};"
    yield "index index.html;"
    yield "autoindex off;"
    yield f"if (${_variable(edge)}_gone) {{ return 410; }}"
    yield r"location ~ /\.(?!well-known/) { return 404; }  # hidden files, and what is being written"
    for file, content_type in FEEDS.items():
        yield f"location ~ /{re.escape(file)}$ {{ types {{ }} default_type {content_type}; }}"
    for _, page in edge.not_found:
        yield f"location = {_quote(edge.base + page)} {{ internal; }}"
