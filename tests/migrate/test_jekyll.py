"""Jekyll sites move in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.cli.small_site import Cms
from tests.migrate.hugo_sample import write_files
from tests.migrate.jekyll_sample import FILES, OLD_ADDRESSES
from tests.migrate.test_wordpress import snapshot


def test_every_old_address_answers_and_no_page_has_a_raw_tag(
    cms: Cms, tmp_path: Path, build: Callable[[Path], Path], find_missing: Callable[[Path, Iterable[str]], list[str]]
) -> None:
    old, site = write_files(tmp_path / "old", FILES), tmp_path / "site"
    code, result, said = cms("migrate", "jekyll", str(old), str(site))
    assert (code, said) == (0, "")
    assert result["made"] == {"files": 1, "boats": 1, "drafts": 1, "pages": 2, "posts": 7}
    built = build(site)
    assert find_missing(built, OLD_ADDRESSES) == []
    pages = {str(path.relative_to(built)): path.read_text("utf-8") for path in built.rglob("*.html")}
    assert [
        name
        for name, text in pages.items()
        if re.search(r"\{%|\{\{", text.replace("Shown: {{ raw }}", "").replace("puts &quot;{{", "")) and "high-tide" not in name
    ] == []
    tide = pages["sea/2024/03/01/high-tide.html"]
    for shown in (
        'href="/notes/2024/04/02/storm.html"',
        'href="/notes/about/"',
        "<b>Careful</b> High tide",
        "Shown: {{ raw }}",
        'id="mine"',
        "{: .kept}",
        'class="highlight',
    ):
        assert shown in tide
    assert "unknown_plugin" not in tide and ".lead" not in tide
    assert "Call 12 34, by HARBOUR." in pages["about/index.html"]
    assert "Wind 02 Apr 2024." in pages["2024/04/02/storm.html"]
    assert "Hush" not in "".join(pages.values()) and "Never shown" not in "".join(pages.values())


def test_liquid_that_loops_for_ever_is_ended_and_named(cms: Cms, tmp_path: Path) -> None:
    old, site = write_files(tmp_path / "old", FILES), tmp_path / "site"
    cms("migrate", "jekyll", str(old), str(site))
    report = (site / "migration-report.csv").read_text("utf-8")
    for file, reason in (("loop", "LoopIterationLimit"), ("self", "ContextDepth"), ("grow", "LocalNamespaceLimit"), ("broken", "endif")):
        assert re.search(rf"_posts/2024-05-0\d-{file}\.md,4,Liquid that does not run,\"?[^\n]*{reason}", report)
    assert "Before." in (site / "content/posts/2024-05-01-loop.md").read_text("utf-8")
    assert "open" in (site / "content/posts/2024-05-04-broken.md").read_text("utf-8")


def test_a_second_run_changes_nothing(cms: Cms, tmp_path: Path) -> None:
    old, site = write_files(tmp_path / "old", FILES), tmp_path / "site"
    cms("migrate", "jekyll", str(old), str(site))
    before = snapshot(site)
    _, result, _ = cms("migrate", "jekyll", str(old), str(site))
    assert snapshot(site) == before
    assert set(result["files"]) == {"unchanged"}


@pytest.mark.parametrize("files", [{}, {"_config.yml": "a: [\n"}, {"_config.yml": "- 1\n"}])
def test_what_is_no_jekyll_site_is_refused(cms: Cms, tmp_path: Path, files: dict[str, str | bytes]) -> None:
    code, result, _ = cms("migrate", "jekyll", str(write_files(tmp_path / "old", files)), str(tmp_path / "site"))
    assert code == 1
    assert result["problems"][0]["code"] in ("migrate.no-source", "data.unreadable")
