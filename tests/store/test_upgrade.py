"""A store that an earlier 0.1 made works on with today's code: its content, releases and tokens are there, and nothing must be built from scratch."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from cms_ssg.store.connect import connect
from cms_ssg.store.tokens import digest_token
from tests.cli.small_site import Cms, cms

__all__ = ["cms"]

DUMP = Path(__file__).parents[1] / "data/upgrade/store-0.1-before-revisions.sql.gz"
"""pg_dump of the store of SITE as it was before revisions, reviews, payments and the desk: five entries of files, one without, four builds."""

TOKEN = "cms_m3hStBORFZ5C8UPC7IMMy6dgj4N3PAFB-0aVjghSo5A"

SITE = {
    "site.toml": 'name = "harbour"\ntitle = "Harbour"\nbase_url = "https://harbour.example"\ntarget = { url = "folder:build" }\n',
    "content/posts/flood.md": "---\ntitle: Flood\ndate: 2026-03-01\ntags: [water]\nauthors: [ada]\nsection: town\n---\nThe tide came over the wall.\n",
    "content/posts/storm.md": "---\ntitle: Storm\ndate: 2026-03-02\ntags: [water, wind]\naliases: [/old-storm/]\n---\nWind from the north.\n",
    "content/posts/draft.md": "---\ntitle: Draft\ndate: 2026-03-03\ndraft: true\n---\nNot yet.\n",
    "content/pages/about.md": "---\ntitle: About\n---\nWho we are.\n",
    "content/authors/ada.md": "---\ntitle: Ada Lovelace\n---\nWrites.\n",
}


def read_pages(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def write_site(root: Path) -> Path:
    for name, text in SITE.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return root


def test_a_store_of_an_earlier_version_works_on(cms: Cms, empty_db_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with connect(empty_db_url) as connection:
        connection.execute("DROP SCHEMA IF EXISTS cms CASCADE")
        connection.execute(gzip.decompress(DUMP.read_bytes()))
        connection.execute("RESET ALL")
        connection.commit()
        place = connection.execute("SELECT place FROM cms.sites").fetchone()
    assert place is not None
    root = write_site(tmp_path / "site")
    (root / ".cms").mkdir()
    (root / ".cms/place").write_text(f"{place[0]}\n", "ascii")  # it is the checkout that published: only its output folder was emptied
    monkeypatch.setenv("CMS_DATABASE_URL", empty_db_url)

    code, result, said = cms("-C", str(root), "db", "migrate")
    assert code == 0, said
    assert len(result["migrations"] if "migrations" in result else result["applied"]) > 10
    code, result, said = cms("-C", str(root), "build", "--confirm-removals")
    assert code == 0, (result, said)

    _, listed, _ = cms("-C", str(root), "entry", "list")
    assert {entry["title"] for entry in listed["entries"]} == {"Flood", "Storm", "Draft", "About", "Ada Lovelace", "Born here"}
    _, shown, _ = cms("-C", str(root), "entry", "show", "Born here")
    assert "Text of the store." in str(shown)
    with connect(empty_db_url) as connection:
        row = connection.execute("SELECT name FROM cms.tokens WHERE digest = %s", [digest_token(TOKEN)]).fetchone()
        assert row == ("robot",)
    _, releases, _ = cms("-C", str(root), "releases", "list")
    assert "the first build" in str(releases)

    code, changed, said = cms("-C", str(root), "entry", "set", "Born here", "title=Born anew")
    assert code == 0, (changed, said)
    cms("-C", str(root), "build")
    before = read_pages(root / "build")
    assert "2026/03/born-here/index.html" in before
    assert any("Born anew" in (root / "build" / name).read_text("utf-8") for name in before if name.endswith("born-here/index.html"))
    code, result, said = cms("-C", str(root), "build", "--full")
    assert code == 0, (result, said)
    assert read_pages(root / "build") == before
