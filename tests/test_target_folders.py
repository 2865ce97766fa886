"""A target that cannot be what was meant is told before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from cms_ssg.config.load import load_settings
from cms_ssg.errors import CmsError


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("~", "names no home folder"), ("~/www", "names no home folder"), ("~ann/www", "names no home folder"), ("$HOME/www", "no variable"), ("out/${X}", "no variable"),
        ("file.txt", "names a file"), ("file.txt/build", "names a file"),
    ],
)  # fmt: skip
def test_a_folder_that_is_not_what_was_meant_is_refused(url: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "file.txt").touch()
    (tmp_path / "site.toml").write_text(f'target = "folder:{url}"\n')
    with pytest.raises(CmsError, match=said) as caught:
        load_settings(tmp_path, {})
    assert [(p.code, p.line) for p in caught.value.problems] == [("settings.wrong-value", 1)]


@pytest.mark.parametrize("url", ["build", "a~b", "cost-$", "/srv/www/a.example"])
def test_other_folders_are_as_they_are_written(url: str, tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(f'target = "folder:{url}"\n')
    assert load_settings(tmp_path, {}).target.url == f"folder:{url}"
