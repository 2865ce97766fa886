"""`cms serve --drafts`: drafts as the local server shows them, and the output folder without them."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest

from cms_ssg.build import BuildOptions, build
from cms_ssg.preview.drafts import mark_page, render_drafts
from cms_ssg.reporting.progress import Reporter
from cms_ssg.serve.drafts import DraftShow
from cms_ssg.serve.server import open_server
from tests.cli.small_site import db_url, site

__all__ = ["db_url", "site"]
PICTURE = Path(__file__).resolve().parents[1] / "data/images/hopper.jpg"
DRAFT = "---\ntitle: The drought\ndate: 2025-05-01\ndraft: true\n---\nDust.\n"


class Notes(Reporter):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def drafted(site: Path) -> Path:
    (site / "content/posts/drought").mkdir()
    (site / "content/posts/drought/index.md").write_text(DRAFT + "![x](hopper.jpg)\n")
    (site / "content/posts/drought/hopper.jpg").write_bytes(PICTURE.read_bytes())
    build(site, BuildOptions(jobs=1))
    return site


Ask = Callable[[str], tuple[int, str]]


@pytest.fixture
def shown(drafted: Path) -> Iterator[tuple[DraftShow, Notes, Ask]]:
    server, notes = open_server("127.0.0.1", 0, drafted / "build"), Notes()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()

    def ask(path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{server.server_address[1]}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode("utf-8", "replace")
        except HTTPError as error:
            with error:
                return error.code, ""

    yield DraftShow(server, drafted, "", notes), notes, ask
    server.shutdown()
    server.server_close()
    thread.join()


def read_all(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_draft_is_shown_marked_with_home_and_its_images_and_is_written_nowhere(shown: tuple[DraftShow, Notes, Ask], drafted: Path) -> None:
    show, notes, ask = shown
    before = read_all(drafted)
    assert ask("/2025/05/drought/")[0] == 404
    show.show()
    status, text = ask("/2025/05/drought/")
    assert status == 200
    assert "Draft. Nobody else sees it." in text
    assert "__live" in text
    for image in set(re.findall(r'(?:src|href)="(/[^"]+\.(?:jpg|avif|webp))"', text)):
        assert ask(image)[0] == 200, image
    assert "This page shows drafts. Nobody else sees it." in ask("/")[1]
    assert "The drought" in ask("/")[1]
    assert ask("/2025/05/drought")[0] == 200
    assert "Goes out at 2999-01-01 00:00 UTC. Nobody else sees it." in ask("/2025/04/later/")[1]
    assert "data-cms-draft" not in ask("/about/")[1]
    assert any(line.startswith("content/posts/drought/index.md, not published: http://localhost:") for line in notes.said)
    assert read_all(drafted) == before
    assert build(drafted, BuildOptions(jobs=1)).planned == 0


def test_drafts_follow_the_files(shown: tuple[DraftShow, Notes, Ask], drafted: Path) -> None:
    show, notes, ask = shown
    show.show()
    said = len(notes.said)
    file = drafted / "content/posts/drought/index.md"
    file.write_text(DRAFT.replace("Dust", "Rain at last"))
    build(drafted, BuildOptions(jobs=1))
    show.show()
    assert "Rain at last" in ask("/2025/05/drought/")[1]
    assert len(notes.said) == said
    (drafted / "content/posts/later.md").unlink()
    file.write_text(DRAFT.replace("draft: true\n", ""))
    build(drafted, BuildOptions(jobs=1))
    show.show()
    status, text = ask("/2025/05/drought/")
    assert (status, "data-cms-draft" in text, "Dust" in text) == (200, False, True)
    file.unlink()
    build(drafted, BuildOptions(jobs=1, confirm_removals=True))
    show.show()
    assert ask("/2025/05/drought/")[0] == 404
    assert show.server.drafts == {}


def test_draft_that_is_broken_hides_no_other(shown: tuple[DraftShow, Notes, Ask], drafted: Path) -> None:
    (drafted / "content/posts/late.md").write_text("---\ntitle: Late\ndate: 2025-06-01\ndraft: true\n---\n")
    build(drafted, BuildOptions(jobs=1))
    (drafted / "content/posts/late.md").write_text("---\ntitle: [\n---\n")
    build(drafted, BuildOptions(jobs=1))
    found = render_drafts(drafted)
    assert "/2025/05/drought/" in found.objects


def test_only_pages_are_marked() -> None:
    assert mark_page(b"<html><body class=x>y", "a <b>").startswith(b'<html><body class=x><div role="note"')
    assert b"a &lt;b&gt;" in mark_page(b"<body>", "a <b>")
    assert mark_page(b"<rss/>", "x") == b"<rss/>"


@pytest.mark.parametrize(("options", "is_shown"), [([], True), (["--no-drafts"], False), (["--host", "0.0.0.0"], False)])
def test_serve_shows_drafts_by_default_where_nobody_else_is_let_in(drafted: Path, options: list[str], is_shown: bool) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "cms_ssg", "serve", "-C", str(drafted), "--port", "0", *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        address = next(line for line in process.stdout if line.startswith("http")).strip()
        with urllib.request.urlopen(address.replace("localhost", "127.0.0.1"), timeout=10) as answer:
            assert ("The drought" in answer.read().decode()) is is_shown
    finally:
        process.kill()
        process.communicate(timeout=20)
