"""Root builds and edits in another user's site: that user can go on with all that was made."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from cms_ssg.cli.main import run

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root works in another's site")


def test_all_that_root_makes_in_anothers_site_is_the_others(site: Path) -> None:
    other = pwd.getpwnam("nobody")
    for path in (site, *site.rglob("*")):
        os.chown(path, other.pw_uid, other.pw_gid)
    assert run(["build"]) == 0
    assert run(["new", "post", "Big rain", "--section", "new-section"]) == 0
    assert run(["edit", "flood", "--set", "section=news"]) == 0
    assert run(["theme", "check"]) == 0
    assert run(["build"]) == 0
    assert run(["init", "inner/blog"]) == 0
    made = [path for path in site.rglob("*") if (path.lstat().st_uid, path.lstat().st_gid) != (other.pw_uid, other.pw_gid)]
    assert made == []
    assert (site / "build/2025/03/flood/index.html").exists()
    assert any((site / ".cms/kept").rglob("*"))


def test_folder_for_pages_gives_its_owner_to_them(site: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    pages, other = tmp_path_factory.mktemp("www"), pwd.getpwnam("nobody")
    os.chown(pages, other.pw_uid, other.pw_gid)
    with (site / "site.toml").open("r+") as file:
        text = file.read()
        file.seek(0)
        file.write(f'target = "folder:{pages}"\n{text}')
    assert run(["build"]) == 0
    assert {path.stat().st_uid for path in pages.rglob("*")} == {other.pw_uid}
