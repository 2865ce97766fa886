"""Hugo sites move in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.cli.small_site import Cms
from tests.migrate.hugo_sample import FILES, OLD_ADDRESSES, write_files
from tests.migrate.test_wordpress import snapshot


def test_every_old_address_answers_and_no_page_has_a_raw_shortcode(
    cms: Cms, tmp_path: Path, build: Callable[[Path], Path], find_missing: Callable[[Path, Iterable[str]], list[str]]
) -> None:
    old, site = write_files(tmp_path / "old", FILES), tmp_path / "site"
    code, result, said = cms("migrate", "hugo", str(old), str(site))
    assert (code, said) == (0, "")
    assert result["made"] == {"files": 2, "pages": 4, "posts": 5, "texts of lists": 5}
    built = build(site)
    assert find_missing(built, OLD_ADDRESSES) == []
    page = (built / "2024/03/high-tide-again/index.html").read_text("utf-8")
    for shown in (
        "/docs/setup/#first",
        "<figcaption>",
        "Gauge at noon",
        'class="notice tip"',
        "Take <strong>care</strong>",
        "<summary>More</summary>",
        "{{&lt; shown &gt;}}",
    ):
        assert shown in page
    assert "gallery" not in page
    assert "Out." in (built / "v1.0/index.html").read_text("utf-8") and "Version 1.0" in (built / "2024/02/index.html").read_text("utf-8")
    assert "12 34" in (built / "about/index.html").read_text("utf-8")
    assert "Am Hafen" in (built / "de/about/index.html").read_text("utf-8")
    assert "What we wrote" in (built / "posts/index.html").read_text("utf-8")
    assert "content/posts/High Tide.md,19,shortcodes" in (site / "migration-report.csv").read_text("utf-8")
    assert not any("Hush" in path.read_text("utf-8") for path in built.rglob("*.html"))


def test_a_second_run_changes_nothing(cms: Cms, tmp_path: Path) -> None:
    old, site = write_files(tmp_path / "old", FILES), tmp_path / "site"
    cms("migrate", "hugo", str(old), str(site))
    before = snapshot(site)
    _, result, _ = cms("migrate", "hugo", str(old), str(site))
    assert snapshot(site) == before
    assert set(result["files"]) == {"unchanged"}


@pytest.mark.parametrize(
    "files", [{}, {"hugo.toml": "= ="}, {"hugo.yaml": "[1]"}, {"hugo.toml": "a = 1", "content/a.md": "---\nx: [\n---\n{{< a"}]
)
def test_what_cannot_be_read_is_said(cms: Cms, tmp_path: Path, files: dict[str, str | bytes]) -> None:
    old = write_files(tmp_path / "old", files)
    code, result, _ = cms("migrate", "hugo", str(old), str(tmp_path / "site"))
    assert code == (0 if "content/a.md" in files else 1)
    assert "internal" not in str(result)
