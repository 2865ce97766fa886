"""Broken, hostile and merely odd files: what is wrong is named, the rest is built, and mended it is as if nothing had been."""

from __future__ import annotations

import os
import re
import shutil
from datetime import UTC, datetime
from urllib.parse import quote

from cms_ssg.content.read import read_draft
from cms_ssg.site import open_site
from tests.engine.odd_site import check_site, errors
from tests.engine.siteonpage import SiteOnPage
from tests.growth import cpu_s
from tests.images.studio import IMAGES

# Files of static/


def test_a_static_file_keeps_its_name_whatever_its_extension(site: SiteOnPage) -> None:
    names = ["CNAME", "_redirects", ".nojekyll", ".well-known/apple-app-site-association", "site.webmanifest", "a.7z", "v1.2", "tar.b.c3"]
    for name in names:
        site.write_file(f"static/{name}", name)
    site.write_file("static/docs/index.html", "docs")
    site.edit("content/pages/about.md", "All about it.", "[The](/CNAME) [app](/site.webmanifest) [docs](/docs) [zip](/a.7z)")
    assert site.build().written >= {*names, "docs/index.html"}
    assert [name for name in site.tree() if name.endswith("/index.html") and name.partition("/")[0] in names] == []
    about = (site.output / "about/index.html").read_text()
    for url in ("/CNAME", "/site.webmanifest", "/docs/", "/a.7z"):
        assert f'<a href="{url}">' in about
    site.assert_clean()


def test_a_static_file_whose_name_cannot_be_in_a_path_is_told(site: SiteOnPage) -> None:
    names = ["100% wool.txt", "a#b.txt", "a?b.txt", "50%/x.txt"]
    for name in names:
        site.write_file(f"static/{name}", "x")
    built = site.build()
    told = {problem.place: problem for problem in built.result.problems if problem.code == "scan.name"}
    assert told.keys() == {f"static/{name}" for name in names}
    assert all(problem.severity == "warning" and "not published" in problem.message for problem in told.values())
    site.assert_clean()


def test_names_in_either_normal_form_are_the_same_name(site: SiteOnPage) -> None:
    d, c = "cafe\u0301", "caf\u00e9"
    picture = (IMAGES / "transparent.png").read_bytes()
    site.write_file(f"static/{d}.txt", "x")
    site.write_file(f"static/img/{d}.png", picture)
    site.write_file(f"content/posts/{d}.md", f"---\ntitle: Coffee\ndate: 2024-01-01\nimage: /img/{d}.png\naliases: [/old/{d}/]\n---\nx\n")
    site.write_file(f"content/pages/trip/{d}.pdf", "%PDF-1.4")
    links = " ".join(
        f"[a](../../posts/{name}.md) [b](/{name}.txt) [c]({name}.pdf) [d](ref:post:{name}) ![e](/img/{name}.png)" for name in (c, d)
    )
    site.write_file("content/pages/trip/index.md", f"---\ntitle: Trip\n---\n{links}\n")
    built = site.build()
    assert [str(problem) for problem in built.result.problems] == []
    tree = site.tree()
    assert {f"{c}.txt", f"trip/{c}.pdf", f"old/{c}/index.html"} <= tree.keys() and not [name for name in tree if d in name]
    page = tree["trip/index.html"].decode()
    urls = [f"/2024/01/{c}/", f"/{c}.txt", f"/trip/{c}.pdf", f"/2024/01/{c}/"]
    assert re.findall(r'<a href="([^"]*)">[a-d]</a>', page) == [quote(url) for url in urls] * 2
    assert page.count('width="200" height="150"') == 2
    assert 'width="200" height="150"' in tree[f"2024/01/{c}/index.html"].decode()
    site.assert_clean()
    site.write_file(f"static/{c}.txt", "another")
    assert [line.rpartition(" ")[2] for line in errors(site.build())] == ["content.path-taken"]
    site.assert_clean()


def test_a_file_gives_way_to_a_folder_of_its_name_whichever_came_first(site: SiteOnPage) -> None:
    site.write_file("static/about", "a file where the page needs a folder")
    built = site.build()
    assert errors(built) == ["static/about:0 content.path-taken"]
    assert "the name of a folder" in built.result.problems[0].message
    site.assert_clean()
    site.delete("static/about")
    site.write_file("static/tags/blue", "a file")
    assert site.build().result.status == "done"
    assert site.tree()["tags/blue"] == b"a file"
    site.edit("content/posts/a.md", "[red]", "[red, blue]")
    assert errors(site.build()) == ["static/tags/blue:0 content.path-taken"]
    assert "tags/blue/index.html" in site.tree()
    site.assert_clean()
    assert site.build().rendered == set()
    site.edit("content/posts/a.md", "[red, blue]", "[red]")
    assert site.build().result.status == "done"
    assert site.tree()["tags/blue"] == b"a file"
    site.assert_clean()
    assert site.build().rendered == set()


def test_every_loser_of_a_path_is_named_with_its_file(site: SiteOnPage) -> None:
    site.write_file("static/about/index.html", "raw")
    site.write_file("content/pages/me.md", "---\naliases: [/about/, /tags/red/]\n---\n")
    site.write_file("content/posts/c.md", "---\ntitle: C\ndate: 2025-01-02\nslug: b\n---\n")
    built = site.build()
    assert errors(built) == [
        "content/posts/c.md:4 content.path-taken",
        "static/about/index.html:0 content.path-taken",
        "content/pages/me.md:2 content.path-taken",
        "content/pages/me.md:2 content.path-taken",
    ]
    site.assert_clean()


# Content files

HEAD = "---\ntitle: Bad\ndate: 2025-01-01\n"
BAD: dict[str, tuple[str | bytes, int, str]] = {
    "twice": (HEAD + "title: Other\n---\n", 4, "content.duplicate-key"),
    "open": (HEAD + "\ntext\n", 1, "content.front-matter-open"),
    "bomb": ("---\na: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n---\n", 2, "content.yaml-alias"),
    "huge-yaml": ("---\ntitle: " + "x" * 10_000_000 + "\n---\n", 1, "content.front-matter-size"),
    "huge-toml": ("+++\ntitle = '" + "x" * 10_000_000 + "'\n+++\n", 1, "content.front-matter-size"),
    "huge-json": ('{"title": "' + "x" * 10_000_000 + '"}\n', 1, "content.front-matter-size"),
    "latin": (b"---\ntitle: caf\xe9\n---\n", 2, "content.encoding"),
    "utf16": (HEAD.encode("utf-16"), 1, "content.encoding"),
    "binary": (b"\x89PNG\r\n\x1a\n" + bytes(100), 3, "content.binary"),
    "deep": (HEAD + "a: " + "[" * 20_000 + "\n---\n", 4, "content.front-matter-depth"),
    "no-date": ("", 1, "content.no-date"),
    "date": ("---\ntitle: D\ndate: 15/07/2013\n---\n", 3, "content.field"),
    "tags": (HEAD + "tags: {a: b}\n---\n", 4, "content.field"),
    "nested": (HEAD + "tags: [[a], b]\n---\n", 4, "content.field"),
    "weight": (HEAD + "weight: heavy\n---\n", 4, "content.field"),
    "status": (HEAD + "status: banana\n---\n", 4, "content.field"),
    "python": (HEAD + "x: !!python/name:os.system\n---\n", 4, "content.yaml-tag"),
    "toml": ("+++\ntitle = \n+++\n", 2, "content.toml"),
    "json": ('{"title": "x",\n}\n', 2, "content.json"),
}
"""File -> what stands in it, the line that is told, the code."""


def test_files_that_cannot_be_read_are_named_all_at_once_and_the_rest_goes_on(site: SiteOnPage) -> None:
    for name, (data, _, _) in BAD.items():
        site.write_file(f"content/posts/{name}.md", data)
    first = (site.output / "2025/01/a/index.html").read_bytes()
    site.write_file("content/posts/a.md", "---\ntitle: First\ntags: [red\n---\nNew.")
    site.write_file(
        "content/posts/good.md", "\ufeff\r\n\r\n---\r\ntitle:\tGood\r\ndate: 2025-01-03\r\ntags:\r\n\t- red\r\n---\r\n\r\nGood.\r\n"
    )
    built = site.build()
    expected = {f"content/posts/{name}.md:{line} {code}" for name, (_, line, code) in BAD.items()}
    assert set(errors(built)) == expected | {"content/posts/a.md:3 content.yaml"}
    assert built.result.status == "partial"
    assert built.result.failed == len(BAD) + 1
    assert all(problem.hint for problem in built.result.problems if problem.code not in ("content.field", "content.no-date"))
    assert (site.output / "2025/01/good/index.html").exists()
    assert (site.output / "2025/01/a/index.html").read_bytes().count(b"New.") == 0
    assert first.count(b"A <a") == (site.output / "2025/01/a/index.html").read_bytes().count(b"A <a") == 1
    assert site.build().rendered == set(), "what was told once is told again, and nothing is done for it"
    assert set(errors(site.build())) == set(errors(built))
    for name in BAD:
        site.write_file(f"content/posts/{name}.md", f"---\ntitle: {name}\ndate: 2025-01-01\n---\nMended.\n")
    site.write_file("content/posts/a.md", "---\ntitle: First\ndate: 2025-01-01\n---\nNew.")
    assert site.build().result.status == "done"
    site.assert_clean()


GOOD = (HEAD + "---\n" + "Some *words* with a [link](https://a.org/) and `code`.\n\n" * 1000).encode()


def test_hostile_files_are_refused_at_once(site: SiteOnPage) -> None:
    rules = open_site(site.root, {}).rules
    ordinary_s = cpu_s(lambda: read_draft(rules, "content/posts/b.md", GOOD), 3)
    for name, (data, _, code) in BAD.items():
        raw = data.encode() if isinstance(data, str) else data
        draft, problems = read_draft(rules, f"content/posts/{name}.md", raw)
        assert cpu_s(lambda raw=raw: read_draft(rules, "content/posts/a.md", raw), 3) < 5 * ordinary_s, name
        assert draft is None
        assert [p.code for p in problems if p.severity == "error"] == [code]


def test_links_pipes_and_odd_names_are_left_out_with_a_word(site: SiteOnPage) -> None:
    before, posts = site.tree(), site.root / "content/posts"
    (posts / "link.md").symlink_to("/etc/passwd")
    (posts / "all").symlink_to("/etc")
    os.mkfifo(posts / "pipe.md")
    (posts / "folder.md").mkdir()
    for name in ("a\nb.md", "a\\b.md", "x" * 240 + ".md", "\u202ertl.md"):
        (posts / name).write_text(HEAD + "---\n")
    (posts / "SHOUT.MD").write_text(HEAD + "draft: true\n---\nSecret.")
    built = site.build()
    assert sorted(p.code for p in built.result.problems) == ["content.ending", *["scan.name"] * 4, "scan.special", *["scan.symlink"] * 2]
    assert built.result.status == "done"
    assert site.tree() == before
    assert site.build().rendered == set()


def test_files_whose_names_no_address_can_hold_are_left_out_with_a_word(site: SiteOnPage) -> None:
    names = ("a%41.txt", 'quo"te.txt', "what?.pdf", "no#1.txt", "a %/b.txt", "ok (1).txt")
    for name in names:
        site.write_file(f"static/{name}", "x")
    site.write_file("content/posts/a#b.pdf", "x")
    built = site.build()
    found = sorted(p.place for p in built.result.problems if p.code == "scan.name")
    assert found == sorted([*(f"static/{name}" for name in names[:-1]), "content/posts/a#b.pdf"])
    assert "ok (1).txt" in built.written
    assert sorted(p.place for p in check_site(site) if p.code == "scan.name") == found, "a check tells it again"


def test_a_file_that_becomes_a_folder_and_back(site: SiteOnPage) -> None:
    text = (site.root / "content/posts/b.md").read_text()
    site.delete("content/posts/b.md")
    site.write_file("content/posts/b.md/index.md", HEAD + "---\nInner [first](../a.md).")
    site.edit("content/posts/a.md", ", a [second](b.md)", "")
    assert site.build().result.status == "done"
    site.assert_clean()
    shutil.rmtree(site.root / "content/posts/b.md")
    site.write_file("content/posts/b.md", text)
    site.build()
    site.assert_clean()


def test_dialects_of_dates_have_one_meaning(site: SiteOnPage) -> None:
    dialects = [
        "2013-07-15", '"2013-07-15"', "2013-07-15 09:00", "2013-07-15 9:00:00 -0400", "2013-07-15T09:00:00Z", "2013-07-15T09:00:00.5+02:00",
        "2013/07/15", "2013.7.15", "Mon, 15 Jul 2013 09:00:00 +0200", "15 July 2013", "July 15th, 2013", "15 July 2013 at 09:00",
    ]  # fmt: skip
    for number, date in enumerate(dialects):
        site.write_file(f"content/posts/d{number}.md", f"---\ntitle: D\ndate: {date}\n---\n")
    site.write_file("content/posts/first.md", "---\ntitle: Old\ndate: 0001-01-02\n---\n")
    site.write_file("content/posts/last.md", "---\ntitle: Far\ndate: 9999-12-31\n---\n")
    written = site.build().written
    assert written >= {f"2013/07/d{number}/index.html" for number in range(len(dialects))} | {
        "0001/01/first/index.html",
        "0001/01/index.html",
    }
    assert not [key for key in written if key.startswith("9999/")], "not before its date"
    assert "9999/12/last/index.html" in site.build(now=datetime(9999, 12, 31, 12, tzinfo=UTC)).written
