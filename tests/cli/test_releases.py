"""``cms releases``: what builds changed is listed, shown and taken back, and a held site says so."""

from __future__ import annotations

import getpass
import subprocess
from pathlib import Path

import psycopg
import pytest

from cms_ssg.cli.main import run
from tests.cli.small_site import Cms


def test_a_release_is_listed_shown_and_taken_back(site: Path, cms: Cms) -> None:
    cms("build")
    page = site / "build/2025/03/flood/index.html"
    before = page.read_bytes()
    first = cms("releases", "list")[1]["releases"][0]
    assert (first["added"], first["back_to"]) == (first["objects"], None)
    post = site / "content/posts/flood.md"
    post.write_text(post.read_text("utf-8") + "\nOne line more.\n", "utf-8")
    cms("build")
    second = cms("releases", "list")[1]["releases"][0]
    shown = cms("releases", "show", str(second["number"]))[1]["objects"]
    assert {"path": "/2025/03/flood/", "kind": "entry", "change": "changed"}.items() <= shown[
        [o["path"] for o in shown].index("/2025/03/flood/")
    ].items()
    assert cms("releases", "diff", str(first["number"]))[1]["objects"] == shown
    code, result, _ = cms("releases", "rollback", str(first["number"]))
    assert (code, result["written"], result["left"]) == (0, len(shown), [])
    assert page.read_bytes() == before
    code, built, err = cms("build")
    assert (code, built["written"], built["problems"][-1]["code"]) == (3, 0, "build.held")
    assert "cms releases resume" in err
    assert cms("status")[1]["text"].startswith(f"held        at release {first['number']} since")
    assert cms("releases", "resume")[1] == {"was_held": True}
    assert cms("build")[1]["written"] == len(shown)
    assert page.read_bytes() != before


def test_what_is_not_kept_is_refused_with_what_is(site: Path, cms: Cms) -> None:
    code, result, err = cms("releases", "rollback", "7")
    assert (code, result["problems"][0]["code"]) == (1, "releases.unknown")
    assert "keep_releases" in err
    cms("build")
    number = cms("releases", "list")[1]["releases"][0]["number"]
    assert f"Kept are {number}" in cms("releases", "show", "999")[2]
    assert cms("releases", "resume")[1] == {"was_held": False}


def test_dry_run_of_a_held_site_says_so_and_counts_what_a_build_would_publish(site: Path, cms: Cms) -> None:
    first = cms("build")[1]["build_id"]
    (site / "content/pages/us.md").write_text("# Us\n")
    cms("build")
    cms("releases", "rollback", str(first))
    for urgent, planned in (((), 0), (("--urgent", "/us/"), 1)):
        code, result, err = cms("build", "--dry-run", *urgent)
        assert (code, result["status"], result["planned"]) == (3, "partial", planned)
        assert [p["code"] for p in result["problems"]] == ["build.held"]
        assert "cms releases resume" in err
    assert not (site / "build/us").exists()
    code, built, _ = cms("build")
    assert (code, [p["message"] for p in built["problems"]]) == (3, [p["message"] for p in result["problems"]])
    cms("releases", "resume")
    code, result, _ = cms("build", "--dry-run")
    assert (code, result["status"], result["planned"] > 1) == (0, "done", True)


def test_plan_of_a_held_site_says_that_it_is_held(site: Path, cms: Cms) -> None:
    first = cms("build")[1]["build_id"]
    (site / "content/pages/us.md").write_text("# Us\n")
    cms("build")
    cms("releases", "rollback", str(first))
    code, planned, err = cms("plan")
    assert (code, [p["code"] for p in planned["problems"]]) == (0, ["build.held"])
    assert "/us/" in [output["path"] for output in planned["outputs"]]
    assert "cms releases resume" in err
    cms("releases", "resume")
    assert cms("plan")[1]["problems"] == []


def edit(site: Path, title: str) -> None:
    (site / "content/posts/flood.md").write_text(f"---\ntitle: {title}\ndate: 2025-03-01\ntags: [water]\n---\nWater.\n")


def test_list_says_what_a_release_was_for_and_whose_doing_it_was(site: Path, cms: Cms, monkeypatch: pytest.MonkeyPatch) -> None:
    cms("build")
    edit(site, "The flood")
    (site / "content/posts/rain.md").write_text("---\ntitle: Rain\ndate: 2025-03-02\n---\nRain.\n")
    cms("build")
    (site / "content/posts/rain.md").unlink()
    monkeypatch.setenv("GITHUB_ACTOR", "ada")
    cms("build")
    (site / "site.toml").write_text((site / "site.toml").read_text().replace('title = "T"', 'title = "U"'))
    cms("build")
    found = cms("releases", "list")[1]["releases"]
    assert [one["about"] for one in found] == [
        "the setting title changed", '"Rain" removed', 'new: "Rain"; "The flood" changed', "the first build",
    ]  # fmt: skip
    assert [one["by"] for one in found] == ["ada", "ada", getpass.getuser(), getpass.getuser()]


def test_author_of_the_commit_is_named_where_the_files_are_as_committed(site: Path, cms: Cms) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", "-c", "user.name=Ada L", "-c", "user.email=a@a.org", *arguments], cwd=site, check=True, capture_output=True)

    (site / ".gitignore").write_text("/build/\n/.cms/\n")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "x")
    cms("build")
    edit(site, "The flood")
    git("commit", "-qam", "y")
    cms("build")
    edit(site, "A flood")
    cms("build")
    assert [one["by"] for one in cms("releases", "list")[1]["releases"]][:2] == [getpass.getuser(), "Ada L"]


def test_saves_of_an_hour_are_one_line_and_all_shows_each(site: Path, cms: Cms, db_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    for title in ("A", "B", "C", "D"):
        edit(site, title)
        cms("build")
    first, *_, last = sorted(one["number"] for one in cms("releases", "list")[1]["releases"])
    with psycopg.connect(db_url) as connection:
        connection.execute(
            "UPDATE cms.releases SET made_at = '2025-03-01 10:00+00'::timestamptz + (build - %s) * interval '25 min'", [first]
        )
    run(["releases", "list"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [str(last), f"{first}-{last - 1}"]
    assert "in 3 saves" in lines[1] and '"C" changed; "B" changed; the first build' in lines[1]
    run(["releases", "list", "--all"])
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_releases_of_the_last_days_are_kept_beyond_their_number(site: Path, cms: Cms, db_url: str) -> None:
    (site / "site.toml").write_text(f"{(site / 'site.toml').read_text()}\n[target]\nkeep_releases = 2\nkeep_days = 3\n")
    for title in ("A", "B", "C", "D"):
        edit(site, title)
        cms("build")
    assert len(cms("releases", "list")[1]["releases"]) == 4
    with psycopg.connect(db_url) as connection:
        connection.execute(
            "UPDATE cms.releases SET made_at = made_at - interval '4 days' WHERE build <= (SELECT min(build) + 1 FROM cms.releases)"
        )
    edit(site, "E")
    cms("build")
    assert len(cms("releases", "list")[1]["releases"]) == 3
    with psycopg.connect(db_url) as connection:
        connection.execute("UPDATE cms.releases SET made_at = made_at - interval '4 days'")
    edit(site, "F")
    cms("build")
    assert len(cms("releases", "list")[1]["releases"]) == 2
