"""Environments with one target are told of before anything is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from cms_ssg.config.environments import list_shared_targets
from cms_ssg.config.load import load_settings
from cms_ssg.files.bundled import PACKAGE
from tests.cli.small_site import SITE, Cms


@pytest.mark.parametrize("target", ["", 'target = "folder:./build/"\n', '[env.staging.target]\nurl = "folder:build"\n'])
def test_environments_with_one_target_are_told_by_check_status_and_doctor(site: Path, cms: Cms, target: str) -> None:
    (site / "site.toml").write_text(f"{SITE}[env.staging]\nnoindex = true\n{target}")
    line = SITE.count("\n") + 1
    for env in ("", "staging"):
        [problem] = [p for p in cms("check", *(("--env", env) if env else ()))[1]["problems"] if p["code"] == "settings.shared-target"]
        assert (problem["place"], problem["line"], problem["severity"]) == ("site.toml", line, "warning")
        assert "[env.staging]" in problem["message"] and "without an environment" in problem["message"]
    assert cms("build")[0] == 0
    assert cms("build", "--env", "staging")[0] == 1
    assert "settings.shared-target" in [p["code"] for p in cms("status")[1]["problems"]]
    owners = {env: [c for c in cms("doctor", "--env", env)[1]["checks"] if c["name"] == "target owner"] for env in ("staging",)}
    assert [(c["status"], c["code"]) for c in owners["staging"]] == [("fail", "publish.taken")]
    assert "target owner" not in [c["name"] for c in cms("doctor")[1]["checks"]]


def test_environments_with_targets_of_their_own_are_nobodys_problem(tmp_path: Path) -> None:
    for text in ('[env.staging]\ntarget = "folder:staging"\n', (PACKAGE / "verticals/blog/starter/site.toml").read_text("utf-8")):
        (tmp_path / "site.toml").write_text(text)
        for env in ("", "staging"):
            assert list(list_shared_targets(tmp_path, load_settings(tmp_path, {}, env), {})) == []


@pytest.mark.parametrize(("outer", "inner"), [("folder:build", "folder:./build/staging"), ("s3://shop/live/", "s3://shop/live/staging")])
def test_a_target_within_that_of_another_environment_is_told(tmp_path: Path, outer: str, inner: str) -> None:
    (tmp_path / "site.toml").write_text(
        f'target = "{outer}"\n[env.staging]\ntarget = "{inner}"\n[env.aside]\ntarget = "{outer.rstrip("/")}-aside"\n'
    )
    told = {
        env: [
            (p.code, p.line, "is inside the other" in p.message)
            for p in list_shared_targets(tmp_path, load_settings(tmp_path, {}, env), {})
        ]
        for env in ("", "staging", "aside")
    }
    assert told == {"": [("settings.shared-target", 2, True)], "staging": [("settings.shared-target", 2, True)], "aside": []}
