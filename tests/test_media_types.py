"""What files are sent as: by a table of our own, whatever machine and Python."""

from __future__ import annotations

import gzip
import mimetypes

import pytest

from cms_ssg.files.media_types import TYPES, content_encoding, content_type

KNOWN = {
    "pic.webp": "image/webp", "pic.avif": "image/avif", "a/b.JPG": "image/jpeg", "x.jfif": "image/jpeg", "x.apng": "image/apng",
    "font.woff": "font/woff", "font.woff2": "font/woff2", "font.ttf": "font/ttf", "font.otf": "font/otf",
    "talk.m4a": "audio/mp4", "talk.ogg": "audio/ogg", "talk.opus": "audio/ogg", "talk.flac": "audio/flac", "talk.mp3": "audio/mpeg",
    "film.mp4": "video/mp4", "film.webm": "video/webm", "subtitles.vtt": "text/vtt; charset=utf-8",
    "sheet.xlsm": "application/vnd.ms-excel.sheet.macroEnabled.12", "part.step": "model/step", "letter.eml": "message/rfc822",
    "book.epub": "application/epub+zip", "map.geojson": "application/geo+json",
    "cal.ics": "text/calendar; charset=utf-8", "captions.ttml": "application/ttml+xml",
    "notes.md": "text/markdown; charset=utf-8", "app.js": "text/javascript; charset=utf-8", "app.mjs": "text/javascript; charset=utf-8",
    "app.wasm": "application/wasm", "site.webmanifest": "application/manifest+json", "favicon.ico": "image/vnd.microsoft.icon",
    "list.csv": "text/csv; charset=utf-8", "list.csv.gz": "application/gzip", "all.tar.gz": "application/gzip", "all.tgz": "application/gzip",
    "logo.svg": "image/svg+xml; charset=utf-8", "logo.svgz": "image/svg+xml; charset=utf-8", "logo.svg.gz": "image/svg+xml; charset=utf-8",
    "map.xml.gz": "application/xml", "app.js.gz": "text/javascript; charset=utf-8", "page.html.gz": "text/html; charset=utf-8",
    "page.html.br": "application/x-brotli", "README": "application/octet-stream", ".htaccess": "application/octet-stream",
    "what.unheard-of": "application/octet-stream", "folder.js/file": "application/octet-stream", "gz": "application/octet-stream",
}  # fmt: skip


@pytest.mark.parametrize("path", KNOWN)
def test_file_is_sent_as_what_its_name_says(path: str) -> None:
    assert content_type(path) == KNOWN[path]


def test_what_this_machine_believes_of_endings_makes_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {ending: content_type(f"a.{ending}") for ending in TYPES}
    mimetypes.add_type("text/wrong", ".webp")
    monkeypatch.setattr(mimetypes, "guess_type", lambda *_, **__: ("text/wrong", None))
    assert {ending: content_type(f"a.{ending}") for ending in TYPES} == before


def test_only_what_browsers_show_and_is_really_packed_has_an_encoding() -> None:
    packed = gzip.compress(b"<svg/>")
    assert {path for path in KNOWN if content_encoding(path, packed)} == {
        "logo.svgz", "logo.svg.gz", "map.xml.gz", "app.js.gz", "page.html.gz",
    }  # fmt: skip
    assert content_encoding("logo.svgz", b"<svg/>") == ""


def test_every_ending_stands_once_in_small_letters() -> None:
    from cms_ssg.files import media_types

    endings = [ending for line in media_types._BY_TYPE.values() for ending in line.split()]
    assert len(endings) == len(set(endings))
    assert all(ending == ending.lower() and ending.isascii() for ending in endings)
