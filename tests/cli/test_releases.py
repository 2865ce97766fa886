"""``cms releases``: what builds changed is listed, shown and taken back, and a held site says so."""

from __future__ import annotations

from pathlib import Path

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
