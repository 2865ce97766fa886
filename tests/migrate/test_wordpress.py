"""Exports of WordPress move in."""

from __future__ import annotations

import csv
import os
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from PIL import Image

from cms_ssg.migrate.folder import NewSite
from cms_ssg.migrate.wordpress import migrate_wordpress
from cms_ssg.migrate.wordpress_content import Content, make_html
from tests.cli.small_site import Cms
from tests.growth import MOST, find_growth
from tests.migrate.wxr_sample import OLD_ADDRESSES, item, make_export


@pytest.fixture
def export(tmp_path: Path) -> Path:
    (tmp_path / "up/2024/04").mkdir(parents=True)
    Image.new("RGB", (80, 50), (20, 90, 160)).save(tmp_path / "up/2024/04/gauge.png")
    (tmp_path / "export.xml").write_text(make_export(), "utf-8")
    return tmp_path / "export.xml"


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    """What is in a folder, and when each file was written."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".cms" not in path.parts
    }


def test_every_old_address_answers_and_what_was_dropped_is_named_by_line(
    cms: Cms, export: Path, build: Callable[[Path], Path], find_missing: Callable[[Path, Iterable[str]], list[str]]
) -> None:
    site = export.with_name("site")
    code, result, _ = cms("migrate", "wordpress", str(export), str(site), "--media", str(export.with_name("up")))
    assert code == 0
    assert result["made"] == {"post": 5, "page": 2, "book": 1, "media": 1, "people": 1, "terms": 4}
    built = build(site)
    assert find_missing(built, OLD_ADDRESSES) == []
    menu = tomllib.loads((site / "site.toml").read_text("utf-8"))["menus"]["main"]
    assert [(line["title"], [below["title"] for below in line.get("below", ())]) for line in menu][-1] == (
        "Elsewhere",
        ["Below it", "Lower"],
    )
    rows = list(csv.reader((site / "migration-report.csv").read_text("utf-8").splitlines()))[1:]
    lines = export.read_text("utf-8").splitlines()
    noted = {kind: lines[int(line) - 1] for _, line, kind, _, _ in rows}
    assert "wp:latest-posts" in noted["blocks"] and 'ref":31' in noted["reusable blocks"] and "acme_box" in noted["shortcodes"]
    assert {"comments", "<script>", "event handlers", "items in the trash", "pages with a password"} <= noted.keys()
    page = (built / "2024/04/river/index.html").read_text("utf-8")
    for shown in (
        "From the box",
        "<summary>More</summary>",
        'id="what-now"',
        "{{&lt; x &gt;}}",
        "<figcaption",
        "Chart text",
        "[not_a_shortcode]",
    ):
        assert shown in page
    assert "alert(1)" not in page and "onclick" not in page and "wp:" not in page
    classic = (built / "2024/04/classic/index.html").read_text("utf-8")
    assert "[sic] and [1]" in classic and "Boxed text" in classic and "<figcaption>A caption</figcaption>" in classic
    assert "[gallery]" in classic and "acme_box" not in classic and "contact-form" not in classic
    assert "A draft" not in "".join(path.read_text("utf-8") for path in built.rglob("*.html"))


def test_a_second_run_changes_nothing_and_keeps_what_somebody_edited(cms: Cms, export: Path) -> None:
    site = export.with_name("site")
    move = ("migrate", "wordpress", str(export), str(site), "--media", str(export.with_name("up")))
    cms(*move)
    before = snapshot(site)
    _, result, _ = cms(*move)
    assert snapshot(site) == before
    assert set(result["files"]) == {"unchanged"}
    (site / "content/pages/about.md").write_text("mine")
    (site / "content/posts/2024/classic.md").unlink()
    export.write_text(make_export().replace("Who we are", "Who they are").replace("<p>Us", "<p>We"), "utf-8")
    _, result, _ = cms(*move)
    assert (site / "content/pages/about.md").read_text() == "mine"
    assert not (site / "content/posts/2024/classic.md").exists()
    assert result["files"]["kept"] == 2


def test_a_file_that_is_cut_off_says_where_and_the_whole_one_goes_on_there(cms: Cms, export: Path) -> None:
    whole = export.read_bytes()
    cms("migrate", "wordpress", str(export), str(export.with_name("at-once")))
    at = whole.index(b"<title>Team")
    export.write_bytes(whole[:at])
    code, result, _ = cms("migrate", "wordpress", str(export), str(export.with_name("site")))
    assert code == 3
    (problem,) = result["problems"]
    assert problem["code"] == "migrate.cut-off"
    assert problem["line"] == whole[:at].count(b"\n") + 1
    assert result["made"]["page"] == 1
    export.write_bytes(whole)
    code, result, _ = cms("migrate", "wordpress", str(export), str(export.with_name("site")))
    assert code == 0
    assert result["made"]["page"] == 2
    bytes_of = {name: {path: data for path, (data, _) in snapshot(export.with_name(name)).items()} for name in ("site", "at-once")}
    assert bytes_of["site"] == bytes_of["at-once"]


def test_a_whole_file_of_another_name_goes_on_too_and_ends_as_one_at_once(cms: Cms, tmp_path: Path) -> None:
    head, _, tail = make_export().partition("  <item>")
    posts = [item(100 + number).replace("2024-04-", f"2023-{12 - number}-") for number in range(3)]
    whole = f"{head}{''.join(posts)}  <item>{tail}"
    (tmp_path / "old.xml").write_text(whole[: whole.index(posts[2]) + 40], "utf-8")
    (tmp_path / "new.xml").write_text(whole, "utf-8")
    assert cms("migrate", "wordpress", str(tmp_path / "old.xml"), str(tmp_path / "site"))[0] == 3
    for name in ("site", "at-once"):
        assert cms("migrate", "wordpress", str(tmp_path / "new.xml"), str(tmp_path / name))[0] == 0
    assert "/2023/10/\n" in (tmp_path / "site/redirects.csv").read_text("utf-8"), "the year leads to its first month"
    bytes_of = {name: {path: data for path, (data, _) in snapshot(tmp_path / name).items()} for name in ("site", "at-once")}
    assert bytes_of["site"] == bytes_of["at-once"]


def test_further_pages_of_the_list_are_redirected_only_where_the_new_list_has_none(cms: Cms, tmp_path: Path) -> None:
    head, _, tail = make_export().partition("  <item>")
    posts = "".join(item(100 + number) for number in range(45))
    (tmp_path / "export.xml").write_text(f"{head}{posts}{tail[tail.rindex('</item>') + len('</item>') :]}", "utf-8")
    assert cms("migrate", "wordpress", str(tmp_path / "export.xml"), str(tmp_path / "site"))[0] == 0
    rows = (tmp_path / "site/redirects.csv").read_text("utf-8").splitlines()
    assert [row for row in rows if "page/" in row] == ["/page/4/,/", "/page/5/,/"], "pages 2 and 3 are pages here"


def test_a_run_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    head, _, tail = make_export().partition("  <item>")
    more = "".join(item(100 + number, title=f"Post {number}", content=f"[acme_{number} /] [gallery ids='20']") for number in range(450))
    (tmp_path / "export.xml").write_text(f"{head}{more}  <item>{tail}", "utf-8")
    told: list[int] = []

    def stop_at_the_second(number: int) -> None:
        told.append(number)
        if len(told) == 2:
            raise KeyboardInterrupt

    with NewSite(tmp_path / "site", "export.xml") as site, pytest.raises(KeyboardInterrupt):
        migrate_wordpress(tmp_path / "export.xml", site, None, stop_at_the_second)
    again: list[int] = []
    for name in ("site", "at-once"):
        with NewSite(tmp_path / name, "export.xml") as site:
            assert migrate_wordpress(tmp_path / "export.xml", site, None, again.append) == []
    assert again == [200] * (1 + 2), "the first of the two began behind 200 items"
    bytes_of = {name: {path: data for path, (data, _) in snapshot(tmp_path / name).items()} for name in ("site", "at-once")}
    assert bytes_of["site"] == bytes_of["at-once"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "&b;&b;"><!ENTITY b "xxxxxxx">]>' + make_export().partition("?>")[2],
            "migrate.entities",
        ),
        ("<rss><channel><title>x</title></channel></rss>", "migrate.no-wxr"),
        ("no xml at all", "migrate.no-wxr"),
        ("", "migrate.no-wxr"),
        (make_export().replace("<wp:post_id>12<", "<wp:post_id>12</wp:oops><"), "migrate.broken"),
    ],
)
def test_what_is_no_export_is_refused(cms: Cms, tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / "export.xml").write_text(text, "utf-8")
    exit_code, result, _ = cms("migrate", "wordpress", str(tmp_path / "export.xml"), str(tmp_path / "site"))
    assert exit_code == 1
    assert [problem["code"] for problem in result["problems"]] == [code]


def test_a_folder_with_something_else_in_it_is_left_alone(cms: Cms, export: Path) -> None:
    code, result, _ = cms("migrate", "wordpress", str(export), str(export.parent))
    assert code == 1
    assert [problem["code"] for problem in result["problems"]] == ["migrate.not-empty"]
    assert sorted(os.listdir(export.parent)) == ["export.xml", "up"]


def test_control_characters_and_two_posts_of_one_name_do_no_harm(cms: Cms, tmp_path: Path) -> None:
    head, _, tail = make_export().partition("  <item>")
    more = item(50, title="A", link="https://old.example/blog/2024/04/same/", content="a\x0bb") + item(
        51, title="B", link="https://old.example/blog/2024/05/same/", content="[acme_loop][acme_loop]" * 50
    )
    (tmp_path / "export.xml").write_text(f"{head}{more}  <item>{tail}", "utf-8")
    code, _, _ = cms("migrate", "wordpress", str(tmp_path / "export.xml"), str(tmp_path / "site"))
    assert code == 0
    assert (tmp_path / "site/content/posts/2024/same.md").exists()
    assert (tmp_path / "site/content/posts/2024/same-2.md").exists()


@pytest.mark.parametrize(
    "piece", ["<!-- ", "<pre>x ", "<table><p ", "[caption x]a ", "[code]a ", "[sic] ", "<!-- wp:a {", "[a   x   ", "[a" + " " * 40]
)
def test_tags_that_nothing_closes_take_linear_time(piece: str) -> None:
    content = Content(lambda number: None, lambda number: None, lambda *note: None)
    assert find_growth(lambda text: make_html(text, 1, content), lambda size: piece * size, 1000) < MOST
