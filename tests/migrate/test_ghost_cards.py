"""An export of Ghost with every card, both of its editors' documents, routes and redirects of its own moves in."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from PIL import Image

from cms_ssg.migrate.ghost_cards import clean_cards
from cms_ssg.migrate.ghost_documents import render_lexical, render_mobiledoc
from cms_ssg.migrate.ghost_routes import Routes, read_routes
from cms_ssg.migrate.html_text import convert_html
from tests.cli.small_site import Cms

SAMPLE = Path(__file__).parent.parent / "data/moving/ghost"
OLD_ADDRESSES = """/ /boats/keel/ /boats/ribs/ /notes/2024/02/tar/ /all/no-author/ /contact/ /topic/boats/ /topic/notes/ /notes/ /author/ole/ /author/ida/ /rss/ /topic/boats/rss/
/old-name/ /shop/ /boats/keel/amp/ /content/files/2024/plan.pdf /content/images/2024/bow.jpg""".split()


@pytest.fixture
def moved(cms: Cms, tmp_path: Path) -> Path:
    content = tmp_path / "content"
    shutil.copytree(SAMPLE, content)
    for name in ("images/2024/bow.jpg", "images/2024/stern.jpg", "files/2024/plan.pdf", "media/2024/song.mp3"):
        (content / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (60, 40), (20, 60, 90)).save(content / name, "JPEG")
    move = ("migrate", "ghost", str(SAMPLE / "export.json"), str(tmp_path / "site"), "--base-url", "https://boat.example")
    code, _, said = cms(*move, "--media", str(content))
    assert (code, said) == (0, "")
    return tmp_path / "site"


def test_each_card_is_on_its_page_and_each_address_answers(
    cms: Cms, moved: Path, build: Callable[[Path], Path], find_missing: Callable[[Path, Iterable[str]], list[str]]
) -> None:
    built = build(moved)
    assert find_missing(built, OLD_ADDRESSES) == []
    _, checked, _ = cms("-C", str(moved), "check")
    assert checked["problems"] == []
    keel = (built / "boats/keel/index.html").read_text("utf-8")
    for shown in (
        "<h1>Keel</h1>", "<title>Keels", "Ole</a>, <a", "At dawn", 'href="/notes/2024/02/tar/">in tar', '<div id="raw">', "keel</a>: Found in 1903", "Worth a visit",
        "Both ends", "<summary>Which oak?</summary><p>Winter oak", "Mind the <em>tide</em>", ">Buy a boat</a>", 'href="/content/files/2024/plan.pdf">The plan</a> Twelve sheets',
        "The launch</figcaption>", 'src="/content/media/2024/song.mp3"', "A shanty</figcaption>", "Join us or", "An aside", 'src="https://video.example/embed/1"',
    ):  # fmt: skip
        assert shown in keel, shown
    for hidden in (
        "For the crew alone",
        "Sign up for the log",
        "Only by mail",
        "#/portal",
        "__GHOST_URL__",
        ">0:00",
        "<button",
        "kg-gated",
    ):
        assert hidden not in keel, hidden
    ribs, tar = ((built / name / "index.html").read_text("utf-8") for name in ("boats/ribs", "notes/2024/02/tar"))
    for shown in (
        "<h2", "<strong>slowly</strong>", 'href="/boats/keel/">to the keel', "<li>Steam</li>", "<b>bow</b>", "One end", "The museum</a>: Open daily", "Careful",
        "<summary>More",
    ):  # fmt: skip
        assert shown in ribs, shown
    assert "Dear crew" not in ribs
    for shown in (
        "Tar &amp; pitch",
        "<strong>tar</strong>",
        'href="/boats/keel/">keel',
        "Again",
        "<li>brush</li>",
        "<em>md</em> text",
        "<hr",
    ):
        assert shown in tar, shown
    assert not list(built.rglob("crew-only")) and not list(built.rglob("by-mail")) and not list(built.rglob("later"))


def test_what_only_ghost_can_show_is_named_with_the_line_of_its_row(moved: Path) -> None:
    rows = list(csv.reader((moved / "migration-report.csv").read_text("utf-8").splitlines()))[1:]
    lines = (SAMPLE / "export.json").read_text("utf-8").splitlines()
    for what, place, detail in (
        ("blocks for members", '"6650' + "1".zfill(20), "/keel/: For the crew alone"), ("forms to sign up", '"6650' + "1".zfill(20), "/keel/: Sign up for the log"),
        ("cards", '"6650' + "3".zfill(20), "/ribs/: transistor"), ("cards shown only in e-mails", '"6650' + "3".zfill(20), "/ribs/: email"),
        ("posts for members", '"6650' + "4".zfill(20), "Crew Only"), ("authors that the export lacks", '"6650' + "1".zfill(19) + "0", "/no-author/: gone"),
        ("internal tags", '"t3"', "/hash-feature/: #feature"), ("fields for social networks", '"6650' + "1".zfill(20), "/keel/: og_image"),
    ):  # fmt: skip
        row = next(row for row in rows if row[2] == what and row[3].startswith(detail))
        assert place in lines[int(row[1]) - 1], row
    plain = {(place, what, detail) for place, _, what, detail, _ in rows}
    assert ("content/data/redirects.json", "redirects by patterns", r"^\/archive\/(\d+)\/$ to /notes/$1/") in plain
    assert ("content/settings/routes.yaml", "routes to templates", "/team/: team") in plain
    assert ("export.json", "lines of menus", "Sign up: #/portal/signup is a page for members") in plain


@pytest.mark.parametrize(
    ("files", "kinds"),
    [
        ({"settings/routes.yaml": "collections: [1, 2"}, {"files"}),
        ({"settings/routes.yaml": "collections:\n  /a/:\n    filter: 'published_at:>2020'\n"}, {"filters of collections"}),
        ({"settings/routes.yaml": "- 1\n"}, set()),
        ({"data/redirects.json": '[{"from": "(?i)^/x", "to": "/y"}, 3, {"to": 1}, {"from": ["a"], "to": {}}]'}, {"redirects by patterns"}),
        ({"data/redirects.json": "{"}, {"files"}),
        ({"data/redirects.yaml": "301:\n  /a/: /b/\n302:\n  ^/c/(.*)$: /d/$1\n"}, {"redirects by patterns"}),
    ],
)
def test_files_of_addresses_that_are_not_understood_are_noted(tmp_path: Path, files: dict[str, str], kinds: set[str]) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    noted: list[str] = []
    routes = read_routes(tmp_path, lambda place, kind, detail, fate: noted.append(kind))
    assert set(noted) == kinds
    assert routes.find_path({"slug": "s"}, set()) == "/s/" or "filters of collections" in kinds
    assert Routes().find_path({"slug": "s"}, set()) == "/s/"


def test_the_heading_of_a_toggle_is_text_and_two_quotes_stay_two() -> None:
    toggle = {"type": "toggle", "heading": '<span style="white-space: pre-wrap;">More <b>here</b></span>', "content": "<p>Yes</p>"}
    quotes = [{"type": kind, "children": [{"type": "text", "text": kind}]} for kind in ("quote", "aside")]
    html = render_lexical({"root": {"children": [toggle, *quotes]}}, lambda *_: None)
    text = convert_html(html, str, lambda *_: None)
    assert "&lt;" not in text and "More <b>here</b>" in text
    assert text.endswith("\n\n> quote\n\n> aside")


def test_documents_that_are_no_documents_say_so_and_never_fail() -> None:
    noted: list[str] = []

    def note(*words: str) -> None:
        noted.append(words[0])

    deep: dict[str, object] = {"type": "paragraph"}
    for _ in range(300):
        deep = {"type": "quote", "children": [deep]}
    strange = [3, {}, {"type": ["x"]}, {"type": "text", "text": None, "format": "bold"}, {"type": "gallery", "images": 4}, deep]
    for document in ({}, {"root": 3}, {"root": {"children": strange}}, {"root": {"children": "x"}}):
        assert isinstance(render_lexical(document, note), str)
    assert "cards" in noted
    for sections in (
        3,
        [3, [], [1], [1, "p"], [1, "p", [3, [0], [0, [9], 5, "text"], [1, [], "x", 7]]], [3, "ul", 4], [10, "x"], [10, 99], [2, None]],
    ):
        assert isinstance(render_mobiledoc({"sections": sections, "markups": [[], 3], "cards": 5, "atoms": {}}, note), str)
    pieces = ["<div class='kg-toggle-card'>", '<figure class="kg-video-card">x', "<p>\x00 kg-", '<div class="kg-bookmark-card"></div>']
    for html in (*pieces, "<!--kg-gated-block:begin nonMember:false -->x", "".join(pieces) * 50):
        assert isinstance(clean_cards(html, note), str)
