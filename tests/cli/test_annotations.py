"""What is wrong with a site as GitHub and GitLab show it beside the lines of a change."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from cms_ssg.cli.annotations import make_github, make_gitlab
from cms_ssg.cli.main import run as run_cms
from cms_ssg.types import Problem

BROKEN = "---\ntitle: Flood\ndate: 2025-03-01\nexerpt: x\n---\n[no](/nowhere/)\n"


def run(capsys: pytest.CaptureFixture[str], form: str) -> tuple[int, str]:
    capsys.readouterr()
    code = run_cms(["check", "--format", form])
    return code, capsys.readouterr().out


def test_github_annotations_name_the_file_in_the_repository_and_the_line(
    site: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (site / "content/posts/flood.md").write_text(BROKEN)
    code, out = run(capsys, "github")
    assert code == 0
    assert (
        '::warning file=content/posts/flood.md,line=4,title=content.unknown-field::unknown field "exerpt"%0ADid you mean "excerpt"?' in out
    )
    assert "::warning file=content/posts/flood.md,line=6,title=content.dangling-link::" in out
    subprocess.run(["git", "init", "-q", str(site)], check=True)
    inner = site / "sites/inner"
    shutil.copytree(site / "content", inner / "content")
    shutil.copy(site / "site.toml", inner)
    monkeypatch.chdir(inner)
    assert "::warning file=sites/inner/content/posts/flood.md,line=4," in run(capsys, "github")[1]


def test_gitlab_report_is_code_quality_json_and_errors_still_fail(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (site / "content/posts/flood.md").write_text(BROKEN)
    (site / "content/posts/broken.md").write_text("---\ntitle: [\n---\n")
    code, out = run(capsys, "gitlab")
    assert code == 3
    rows = {row["check_name"]: row for row in json.loads(out)}
    unknown = rows["content.unknown-field"]
    assert unknown["location"] == {"path": "content/posts/flood.md", "lines": {"begin": 4}}
    assert (unknown["severity"], len(unknown["fingerprint"])) == ("minor", 32)
    assert {row["severity"] for row in rows.values() if row["location"]["path"] == "content/posts/broken.md"} == {"major"}


def test_nothing_wrong_is_an_empty_report(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "gitlab") == (0, "[]\n")
    assert run(capsys, "github") == (0, "")


def test_signs_that_end_a_command_or_property_are_escaped() -> None:
    problem = Problem("a.b", "a,b:c.md", 0, "50 % of\r\nit")
    assert make_github([problem]) == "::error file=a%2Cb%3Ac.md,line=1,title=a.b::50 %25 of%0D%0Ait"
    assert make_github([Problem("a.b", "", 0, "x", severity="warning")]) == "::warning file=site.toml,line=1,title=a.b::x"


def test_fingerprints_differ_and_outlive_a_move_of_the_line() -> None:
    one, two = (Problem("a.b", "x.md", line, "same") for line in (1, 2))
    first, second = (row["fingerprint"] for row in json.loads(make_gitlab([one, two])))
    assert first != second
    assert json.loads(make_gitlab([two]))[0]["fingerprint"] == first
