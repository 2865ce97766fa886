"""``cms preview`` and ``cms previews`` as a person and a script call them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.small_site import Cms


def test_preview_is_made_listed_and_removed(site: Path, cms: Cms) -> None:
    assert cms("build")[0] == 0
    code, made, _ = cms("preview", "content/posts/later.md", "--expires", "2h")
    assert code == 0 and made["url"].startswith("https://a.org/_preview/") and made["expires_at"] > "20"
    assert made["pages"][0] == {"path": "/2025/04/later/", "url": made["url"]}
    code, found, _ = cms("previews", "list")
    assert (code, [one["token"] for one in found["previews"]], found["previews"][0]["url"]) == (0, [made["token"]], made["url"])
    assert cms("previews", "remove", "--expired")[1] == {"removed": [], "problems": []}
    assert cms("previews", "remove", made["token"])[1]["removed"] == [made["token"]]
    assert not (site / "build/_preview").exists() and cms("previews", "list")[1] == {"previews": []}
    code, _, said = cms("previews", "remove", made["token"])
    assert code == 1 and "preview.unknown" in said


def test_preview_list_and_remove_are_taken_for_those_of_previews(site: Path, cms: Cms) -> None:
    assert cms("build")[0] == 0
    made = cms("preview", "content/posts/later.md")[1]
    code, found, _ = cms("preview", "list")
    assert (code, [one["token"] for one in found["previews"]]) == (0, [made["token"]])
    assert cms("preview", "remove", made["token"])[1]["removed"] == [made["token"]]
    assert cms("preview", "remove", made["token"])[0] == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["content/posts/flood.md", "--worktree"], ["--branch", "x", "--worktree"], ["content/posts/flood.md", "--expires", "soon"],
        ["content/posts/flood.md", "--expires", "30s"], ["content/posts/flood.md", "--pages", "0"],
    ],
)  # fmt: skip
def test_preview_that_is_called_wrongly_says_how_it_is_called(site: Path, cms: Cms, arguments: list[str]) -> None:
    code, _, said = cms("preview", *arguments)
    assert code == 2 and ("cli.usage" in said)
