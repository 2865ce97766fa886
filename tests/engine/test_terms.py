"""A term's own entry describes its list, in every taxonomy, from the build that first sees it until it goes."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cms_ssg.build import BuildOptions, build
from cms_ssg.files.bundled import folder

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("taxonomy", ["series", "tag"])
def test_a_term_that_comes_later_gives_its_list_a_title_until_it_goes(
    taxonomy: str, db_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMS_DATABASE_URL", db_url)
    site = tmp_path / "site"
    shutil.copytree(folder("verticals") / "blog/starter", site)
    options = BuildOptions(now=NOW, jobs=1)
    build(site, options)
    slug, place = ("measuring-by-hand", "series") if taxonomy == "series" else ("maps", "tags")
    page = site / "build" / place / slug / "index.html"
    before = page.read_text("utf-8")
    term = site / "content" / "terms" / taxonomy / f"{slug}.md"
    kept = term.read_bytes() if term.exists() else None
    term.parent.mkdir(parents=True, exist_ok=True)
    term.write_text("---\ntitle: A name of its own\n---\nText.\n", "utf-8")
    assert build(site, options).rendered
    assert "A name of its own" in page.read_text("utf-8")
    if kept is None:
        term.unlink()
    else:
        term.write_bytes(kept)
    build(site, options)
    assert page.read_text("utf-8") == before
