"""What types alone cannot say about ``[target]`` and ``[cdn]``: a folder of its own, a bucket's name, values that can be sent as headers."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from cms_ssg.config.settings import Settings

Path = tuple[str | int, ...]
Wrong = tuple[Path, str, str]
"""Path of the key, what is wrong with it, a way out."""

_HEADER = re.compile(r'[^\x00-\x1f"$\\\x7f-\U0010ffff]*')
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9!_.*'()-]+)*/?")
_SYSTEM = frozenset(f"/{name}" for name in "bin boot dev etc home lib lib64 opt proc root run sbin sys tmp usr var".split())
_SYSTEM_ALL = ("/boot/", "/etc/")
_PRIVATE = frozenset({".cms", ".git", ".hg", ".svn", ".ssh", ".gnupg", ".aws"})


def check_target(settings: Settings, root: str) -> Iterator[Wrong]:
    """The output has a folder of its own: pages must not land among the files that they are made of, nor be served with them."""
    if settings.target.url.startswith("s3://"):
        if not _BUCKET.fullmatch(settings.target.url):
            yield (
                ("target", "url"),
                f"names no bucket, or a prefix that cannot be one: {show(settings.target.url)}",
                'Such as "s3://my-bucket" or "s3://my-bucket/site".',
            )
    elif not settings.target.folder.strip():
        yield ("target", "url"), f"must be folder:PATH or s3://BUCKET/PREFIX, not {show(settings.target.url)}", 'Such as "folder:build".'
    elif wrong := _find_wrong_folder(settings, root):
        yield ("target", "url"), wrong, 'Such as "folder:build".'


def _list_above(folder: str) -> Iterator[str]:
    """The folders that one lies in."""
    while (above := os.path.dirname(folder)) != folder:
        yield (folder := above)


def _find_wrong_folder(settings: Settings, root: str) -> str:
    """What is wrong with the folder that the target's URL names, wherever links lead it; "" for nothing."""
    if "\0" in settings.target.url:  # told already
        return ""
    site = os.path.realpath(root)
    folder = os.path.realpath(os.path.join(site, settings.target.folder.strip()))
    path = os.path.relpath(folder, site)
    if os.path.commonpath((site, folder)) == folder or os.path.isfile(os.path.join(folder, "site.toml")):
        return f"must be a folder of its own, not {show(settings.target.url)}"
    if folder in _SYSTEM or folder == os.path.realpath(os.path.expanduser("~")) or folder.startswith(_SYSTEM_ALL):
        return f"must be a folder of its own, not {show(settings.target.url)}, which others write to"
    written = settings.target.folder.strip()
    if re.match(r"~[\w.-]*(/|$)|.*\$\{?\w", written):
        return f"is taken as it is written: {show(settings.target.url)} names no home folder and no variable"
    if any(map(os.path.isfile, (folder, *_list_above(folder)))):
        return f"names a file, not a folder: {show(settings.target.url)}"
    parts = (folder if path.startswith("../") else path).lower().split("/")
    if hidden := next((part for part in parts if part in _PRIVATE), ""):
        return f"lies in {hidden}/, which holds what nobody else may see"
    for source in ("static", "data", "themes", "i18n", "content_schema", *(posixpath.normpath(rule.path) for rule in settings.collection)):
        if path == source or (source != "." and path.startswith(source + "/")) or source.startswith(path + "/"):
            return f"lies in or around {source}/, whose files pages are made of"
    return ""


def check_headers(settings: Settings) -> Iterator[Wrong]:
    """What is sent as it stands must be one line of a header."""
    path, headers = ("target", "headers"), settings.target.headers
    values: dict[Path, str] = {("target", "cache", name): value for name, value in msgspec.to_builtins(settings.target.cache).items()}
    values |= {(*path, "hsts"): headers.hsts, (*path, "referrer"): headers.referrer}
    values |= {(*path, "sources", name): value for name, value in headers.sources.items()}
    for place, value in values.items():
        if not _HEADER.fullmatch(value):
            yield place, f"cannot be sent as a header: {show(value)}", 'Such as "public, max-age=60, s-maxage=86400".'
    for name, value in headers.sources.items():
        if not re.fullmatch("[a-z]+(-[a-z]+)*", name) or ";" in value:
            yield (*path, "sources", name), "is not a directive and its sources", 'Such as script-src = "https://example.org".'


def check_cdn(settings: Settings) -> Iterator[Wrong]:
    """A CDN is named by letters and digits: what is put into its interface's addresses."""
    for kind, key in (("cloudflare", "zone"), ("cloudfront", "distribution"), ("fastly", "service")):
        name = getattr(settings.cdn, key)
        if (settings.cdn.kind == kind or name) and not re.fullmatch(r"[A-Za-z0-9_-]+", name):
            yield (
                ("cdn", key),
                f"must be the id that {kind} shows, not {show(name)}",
                f'Such as kind = "{kind}" and {key} = "E2QWRUHEXAMPLE".',
            )


def show(value: Any) -> str:
    """A value in few characters, as TOML would write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value[:60]}…"' if len(value) > 60 else f'"{value}"'
    return "a table" if isinstance(value, dict) else "a list" if isinstance(value, list) else str(value)[:60]
