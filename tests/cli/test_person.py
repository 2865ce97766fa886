"""Who works here, as commands record it: one rule for all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cms_ssg.cli.main import run as run_cms
from cms_ssg.content.git.person import find_person
from tests.cli.small_site import Cms

ACTORS = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BITBUCKET_STEP_TRIGGERER_UUID")


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither a service nor git names anybody."""
    for name in (*ACTORS, "CMS_PERSON"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


def read_authors(cms: Cms) -> list[str]:
    return [act["author"] for act in cms("audit")[1]["acts"]]


def test_each_command_records_who_works_here(site: Path, cms: Cms, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cms("build")
    create = ("entry", "create", "post", "--draft", "--set", "date=2025-01-01", "--set")
    number = str(cms(*create, "title=One")[1]["number"])
    (tmp_path / "gitconfig").write_text("[user]\n  name = Bo Git\n")
    cms("entry", "set", number, "title=Two")
    monkeypatch.setenv("GITHUB_ACTOR", "octo")
    cms("entry", "set", number, "title=Three")
    monkeypatch.setenv("CMS_PERSON", " ada ")
    cms("entry", "revert", number, "--to", "1")
    cms("undo")
    cms("entry", "set", number, "title=Four", "--author", "cy")
    cms("entry", "set", number, "title=Five", "--author", "")
    later = cms("entry", "set", number, "title=Six", "--at", "2999-01-01")[1]["pending"]
    cms("calendar", "--cancel", str(later))
    cms("bulk", "update", "--type", "post", "--where", "title=Five", "--set", "weight=3")
    cms("token", "create", "bot", "--scope", "read")
    assert read_authors(cms)[::-1] == ["", "Bo Git", "octo", "ada", "ada", "cy", "", "ada", "ada", "ada", "ada"]
    assert [change["author"] for change in cms("log", number)[1]["changes"]] == ["ada", "", "cy", "ada", "ada", "octo", "Bo Git", ""]
    monkeypatch.setenv("CMS_PERSON", "")
    assert find_person(site) == "", "set to nothing, it names nobody"


def test_one_entry_is_taken_back_and_not_one_entries(site: Path, cms: Cms, capsys: pytest.CaptureFixture[str]) -> None:
    cms("build")
    cms("entry", "create", "post", "--draft", "--set", "date=2025-01-01", "--set", "title=One")
    capsys.readouterr()
    assert run_cms(["undo", "--dry-run"]) == 0
    assert run_cms(["undo"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith(": 1 entry")
    assert ": 1 entry, 0 left as they are" in second
