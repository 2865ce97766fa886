"""``cms build --all-sites``: every brand is built; one that fails does not keep the others back."""

from __future__ import annotations

from pathlib import Path

import pytest

from cms_ssg.authoring.starters import copy_starter, find_starters
from cms_ssg.cli.all_sites import find_sites
from tests.cli.small_site import Cms, cms, db_url
from tests.engine.siteonpage import read_tree

__all__ = ["cms", "db_url"]


def test_starters_of_the_core_stand_beside_those_of_verticals() -> None:
    assert {"blog", "corporate"} <= find_starters().keys()


def test_all_sites_are_built_and_one_that_fails_is_named(tmp_path: Path, cms: Cms, db_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMS_DATABASE_URL", db_url)
    copy_starter("corporate", tmp_path / "group")
    brands = tmp_path / "group/brands"
    (brands / "marea/site.toml").write_text("pagesize = 3\n")
    assert [site.name for site in find_sites(brands)] == ["fjell", "lumen", "marea"]
    code, result, said = cms("-C", str(brands), "build", "--all-sites", "--jobs", "2")
    assert code == 1
    german = (brands / "lumen/build/de/2026/01/shared-workshop/index.html").read_text("utf-8")
    assert "Konzern" in german and "Reparatur" in german and ">Group<" not in german
    assert [(one["site"], one["code"]) for one in result["sites"]] == [
        ("fjell", 0),
        ("lumen", 0),
        ("marea", 2 if one_is_usage(result) else 1),
    ]
    assert "marea: site.toml:1:" in said
    assert (brands / "fjell/build/careers/index.html").is_file()


def one_is_usage(result: dict[str, list[dict[str, int]]]) -> bool:
    return result["sites"][2]["code"] == 2


def test_what_was_looked_at_in_staging_is_what_goes_out_byte_for_byte(
    tmp_path: Path, cms: Cms, db_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMS_DATABASE_URL", db_url)
    (tmp_path / "content").mkdir()
    page = tmp_path / "content/about.md"
    page.write_text("---\ntitle: About\n---\nOne.\n", "utf-8")
    (tmp_path / "site.toml").write_text(
        'title = "T"\n[[collection]]\nname = "pages"\ntype = "page"\n[env.staging]\ntarget = "folder:staging"\n', "utf-8"
    )
    site = ("-C", str(tmp_path))
    cms(*site, "--env", "staging", "build", "--jobs", "1")
    assert cms(*site, "releases", "compare", "staging")[0] == 3
    cms(*site, "build", "--jobs", "1")
    code, result, _ = cms(*site, "releases", "compare", "staging")
    assert (code, result["count"]) == (0, 0)
    assert result["same"] > 3
    assert read_tree(tmp_path / "build") == read_tree(tmp_path / "staging")
    page.write_text("---\ntitle: About\n---\nTwo.\n", "utf-8")
    cms(*site, "build", "--jobs", "1")
    assert {"path": "/about/", "state": "other"} in cms(*site, "releases", "compare", "staging")[1]["differences"]
    assert cms(*site, "releases", "compare", "nowhere")[1]["problems"][0]["code"] == "releases.no-environment"


def test_a_folder_without_sites_is_refused(tmp_path: Path, cms: Cms) -> None:
    code, _, said = cms("-C", str(tmp_path), "build", "--all-sites")
    assert code == 2
    assert "cli.no-sites" in said
