"""Downloads pip itself from where pip would take it: for a Python that comes without ensurepip.

Asks the simple index (PEP 503) of pip's own settings, and believes a file only if the SHA-256 fits.
"""

from __future__ import annotations

import base64
import configparser
import hashlib
import os
import re
import ssl
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

DEFAULT_INDEX = "https://pypi.org/simple"
PIP_WHEEL = re.compile(r"pip-(\d+(?:\.\d+)*)-py3-none-any\.whl")
TIMEOUT_S = 60


class FetchError(Exception):
    """pip cannot be had; the text says why and what to do."""


@dataclass(frozen=True)
class Wheel:
    """A pip wheel that an index offers. sha256: "" where it gives none; python: what it requires, as written."""

    url: str
    version: tuple[int, ...]
    sha256: str
    python: str


def fetch_pip(folder: Path, environ: Mapping[str, str]) -> Path:
    """Download the newest pip wheel that this Python can run into folder, from where pip would take it."""
    settings = read_pip_settings(environ)
    context = ssl.create_default_context(cafile=settings.get("cert") or None)
    wheels: list[Wheel] = []
    reasons: list[str] = []
    for place in list_places(settings):
        try:
            wheels += list_wheels(place, context)
        except (OSError, ValueError) as error:
            reasons.append(f"{without_secret(place)}: {error}")
    usable = [wheel for wheel in wheels if suits_this_python(wheel.python)]
    if not usable:
        tried = "\n  ".join(reasons) or "the index, or none for this Python"
        raise FetchError(f"there is none at\n  {tried}")
    best = max(usable, key=lambda wheel: wheel.version)
    data = read_url(best.url, context)
    if best.sha256 and hashlib.sha256(data).hexdigest() != best.sha256:
        raise FetchError(f"{without_secret(best.url)} is not what its index says: the SHA-256 differs")
    if not best.sha256 and not best.url.startswith("file:"):
        raise FetchError(f"{without_secret(best.url)}: the index gives no SHA-256, so it cannot be trusted")
    path = folder / Path(urllib.parse.urlsplit(best.url).path).name
    path.write_bytes(data)
    return path


def read_pip_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Read the settings of pip that say where packages come from: its files, then ``PIP_*``."""
    home = Path.home()
    files = [
        Path("/etc/xdg/pip/pip.conf"),
        Path("/etc/pip.conf"),
        home / ".pip/pip.conf",
        Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip/pip.conf",
    ]
    if chosen := environ.get("PIP_CONFIG_FILE"):
        files = [] if chosen == os.devnull else [*files, Path(chosen)]
    settings: dict[str, str] = {}
    for file in files:
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read(file, "utf-8")
        except (OSError, configparser.Error):
            continue
        for section in ("global", "install"):
            if parser.has_section(section):
                settings.update(parser.items(section))
    for name, value in environ.items():
        if name.startswith("PIP_") and value:
            settings[name[4:].lower().replace("_", "-")] = value
    return settings


def list_places(settings: Mapping[str, str]) -> Iterator[str]:
    """List the pages and folders that may hold links to pip wheels."""
    yield from (as_url(place) for place in settings.get("find-links", "").split())
    if settings.get("no-index", "").lower() not in ("1", "true", "yes", "on"):
        for index in [settings.get("index-url") or DEFAULT_INDEX, *settings.get("extra-index-url", "").split()]:
            yield f"{index.rstrip('/')}/pip/"


def list_wheels(place: str, context: ssl.SSLContext) -> list[Wheel]:
    """Read the pip wheels that a page of links, or a local folder, offers."""
    folder = local_path(place)
    if folder and folder.is_dir() and not (folder / "index.html").exists():
        return [make_wheel(path.as_uri(), "") for path in folder.iterdir() if PIP_WHEEL.fullmatch(path.name)]
    page = LinkReader()
    page.feed(read_url(f"{place.rstrip('/')}/index.html" if folder and folder.is_dir() else place, context).decode("utf-8", "replace"))
    base = f"{place.rstrip('/')}/" if folder else place
    links = [(urllib.parse.urljoin(base, href), python) for href, python in page.links]
    return [make_wheel(url, python) for url, python in links if PIP_WHEEL.fullmatch(file_name(url))]


def make_wheel(url: str, python: str) -> Wheel:
    """Make a Wheel of a link whose file name is known to be right."""
    address, _, fragment = url.partition("#")
    match = PIP_WHEEL.fullmatch(file_name(url))
    assert match
    sha256 = fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else ""
    return Wheel(address, tuple(int(n) for n in match[1].split(".")), sha256.split("&")[0].lower(), python)


class LinkReader(HTMLParser):
    """Collects (href, data-requires-python) of the links of a page of the simple index (PEP 503)."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a link that was not withdrawn (PEP 592)."""
        values = dict(attrs)
        if tag == "a" and values.get("href") and "data-yanked" not in values:
            self.links.append((str(values["href"]), values.get("data-requires-python") or ""))


def suits_this_python(required: str) -> bool:
    """Whether this Python meets ``>=3.9,!=3.10.*``. Only lower bounds count: pip sets no others."""
    bounds = re.findall(r">=?\s*(\d+)\.(\d+)", required)
    return all(sys.version_info[:2] >= (int(major), int(minor)) for major, minor in bounds)


def read_url(url: str, context: ssl.SSLContext) -> bytes:
    """Read a file or an HTTP resource, with the user name and password that its address may hold."""
    parts = urllib.parse.urlsplit(url)
    headers = {"Accept": "text/html, */*;q=0.1", "User-Agent": "cms-ssg-setup"}
    if parts.username is not None:
        secret = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(secret.encode()).decode()}"
        parts = parts._replace(netloc=parts.netloc.rpartition("@")[2])
    request = urllib.request.Request(urllib.parse.urlunsplit(parts), headers=headers)
    with urllib.request.urlopen(request, timeout=TIMEOUT_S, context=context if parts.scheme == "https" else None) as answer:
        data: bytes = answer.read()
    return data


def as_url(place: str) -> str:
    """Make an address of a folder, file or address."""
    return place if re.match(r"(https?|file):", place) else Path(place).expanduser().absolute().as_uri()


def local_path(url: str) -> Path | None:
    """The path that a file: address means."""
    parts = urllib.parse.urlsplit(url)
    return Path(urllib.request.url2pathname(parts.path)) if parts.scheme == "file" else None


def file_name(url: str) -> str:
    """Last part of an address's path."""
    return urllib.parse.unquote(urllib.parse.urlsplit(url).path).rpartition("/")[2]


def without_secret(url: str) -> str:
    """An address that may be printed."""
    return re.sub(r"//[^/@]*@", "//", url)
