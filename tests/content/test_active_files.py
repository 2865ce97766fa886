"""Which files run something where they are opened, by their names and by their bytes; and which names editors leave behind."""

from __future__ import annotations

import gzip

import pytest

from cms_ssg.content.active_files import find_activity, unpack
from cms_ssg.content.collections.leftovers import is_copy, is_leftover

HTML = b"<!doctype html><script>alert(1)</script>"
XHTML = b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></html>'
GPX = b'<?xml version="1.0"?><gpx xmlns="http://www.topografix.com/GPX/1/1"><wpt lat="1" lon="2"/></gpx>'
ACTIVE = {
    "page.html": HTML, "page.HTM": b"text", "page.xhtml": XHTML, "page.html.en": HTML, "page.html.gz": gzip.compress(HTML), "page.html.br": b"\x0b",
    "app.js": b"alert(1)", "app.mjs": b"", "app.js.gz": gzip.compress(b"alert(1)"), "app.wasm": b"\0asm", "a.php": b"", "a.php.txt": b"", "a.PHTML": b"",
    "a.shtml": b"", "x/.htaccess": b"", "x/.user.ini": b"", "web.config": b"", "_headers": b"",
    "readme": HTML, "data.unknown": b" \n\xef\xbb\xbf"[:2] + HTML, "bom": b"\xef\xbb\xbf<HTML >", "wide": "<html>".encode("utf-16"),
    "packed.gz": gzip.compress(HTML), "script": b"<?php phpinfo();", "drawing": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "feed.xml": XHTML, "feed.atom": b'<feed xmlns:h="http://www.w3.org/1999/xhtml"><h:script/></feed>', "wide.xml": XHTML.decode().encode("utf-16"),
    "hidden.xml": b'<a xmlns:h="http://www.w3.org/1999/&#120;html"><h:script/></a>',
    "style.xml": b'<?xml-stylesheet href="x.xsl" type="text/xsl"?><a/>', "entity.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    "broken.xml": b"<a><b></a>", "sheet.xsl": b"<a/>", "bomb.xml.gz": gzip.compress(b" " * (17 << 20)),
}  # fmt: skip
PASSIVE = {
    "plan.pdf": b"%PDF-1.7", "photo.jpg": b"\xff\xd8\xff", "example.txt": HTML, "data.csv": b"a,b", "data.json": b"{}", "track.gpx": GPX, "data.xml": GPX,
    "node.js.png": b"\x89PNG", "notes": b"plain words", "list.csv.gz": gzip.compress(b"a,b"), "example.py": b"#!/usr/bin/python", "style.css": b"a{}",
    "logo.svg": b"<svg/>", "logo.svgz": b"", "map.xml.gz": gzip.compress(GPX), "film.mp4": b"", "three.js-notes.pdf": b"",
}  # fmt: skip


@pytest.mark.parametrize("file", ACTIVE)
def test_file_that_runs_something_is_known_by_its_name_or_its_bytes(file: str) -> None:
    assert find_activity(f"content/posts/{file}", ACTIVE[file])


@pytest.mark.parametrize("file", PASSIVE)
def test_file_that_says_something_and_no_more_is_none(file: str) -> None:
    assert find_activity(f"content/posts/{file}", PASSIVE[file]) == ""


def test_what_is_packed_is_unpacked_up_to_a_size() -> None:
    assert unpack(b"plain", 3) == b"plain"
    assert unpack(gzip.compress(b"abc"), 3) == b"abc"
    assert unpack(gzip.compress(b"abcd"), 3) is None
    assert unpack(gzip.compress(b"abc")[:-4], 9) is None
    assert unpack(gzip.compress(b"abc") + gzip.compress(b"<script>"), 99) is None


LEFT = (
    "plan.md.orig", "plan.md.bak", "plan.md.bak2", "plan.bak", "plan.md.rej", "plan.md.save", "plan.md.save.1", "plan.md.old", "plan.md.temp",
    "plan.md.kate-swp", ".plan.md.sw0", "plan.md.swn", "plan.md.BASE.1234", "plan.md.LOCAL.1234.md", "plan_BASE_1234.md", "plan_REMOTE_77.md",
    "plan.md.mine", "plan.md.r42", "plan.sync-conflict-20240102-123456-ABCDEFG.md", "plan (Ann's conflicted copy 2024-01-02).md", "~$plan.docx",
    "PLAN.MD.BAK", "nohup.out", "npm-debug.log",
)  # fmt: skip
MEANT = (
    "plan.md", "base.md", "plan.base.md", "old.md", "plan.old.md", "save.png", "backup.zip", "plan.pdf", "bak", "restore-the-old.jpg", "v1.2.tar.gz",
    "local_2024.md", "draft-1234.md", "r2.md", "part.md", "a.part.mp4", "server.log",
)  # fmt: skip


def test_names_of_leftovers_are_known() -> None:
    assert [name for name in LEFT if not is_leftover(f"content/posts/{name}")] == []
    assert [name for name in MEANT if is_leftover(f"content/posts/{name}")] == []


def test_what_has_the_name_of_a_content_file_and_more_is_a_copy_of_it() -> None:
    copies = ("plan.md.2", "plan.md_old", "plan.md.txt", "plan.mdx.copy", "plan.markdown-1")
    assert [name for name in copies if not is_copy(name)] == []
    assert [name for name in ("plan.md", "plan.md.pdf", "plan.md.png", "a.mdb", "plan.txt") if is_copy(name)] == []
