"""A preview and a build at the same time: neither waits long for the other, and neither leaves anything in the other."""

from __future__ import annotations

import shutil
import threading
from typing import Any

import pytest

from cms_ssg.build import build, sync
from cms_ssg.errors import CmsError
from cms_ssg.preview import render
from tests.engine.siteonpage import SiteOnPage, database
from tests.preview.previews import DRAFT, paths, read_all, show

POST = "---\ntitle: Post {n}\ndate: 2025-05-{day:02}\ntags: [red, water]\n---\nText {n}.\n"


def test_previews_beside_a_running_build_work_and_the_build_is_as_clean_as_alone(site: SiteOnPage) -> None:
    for n in range(400):
        site.write_file(f"content/posts/p{n}.md", POST.format(n=n, day=n % 28 + 1))
    site.write_file("content/posts/flood.md", DRAFT)
    done: list[Any] = []
    with database(site.url):
        thread = threading.Thread(target=lambda: done.append(build(site.root, site.options)))
        thread.start()
        results = []
        try:
            while thread.is_alive() or not results:
                results.append(show(site, "content/posts/flood.md"))
        finally:
            thread.join()
    assert done[0].status == "done" and [paths(result)[0] for result in results] == ["/2025/02/flood/"] * len(results)
    site.query("DELETE FROM cms.previews")
    shutil.rmtree(site.output / "_preview")
    site.assert_clean()


def test_row_that_a_build_holds_is_given_up_soon_and_said(site: SiteOnPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "PATIENCE_S", 0.5)
    site.write_file("content/posts/flood.md", DRAFT)
    rows = read_all(site)
    with site.connect() as other:
        other.execute("BEGIN")
        other.execute("UPDATE cms.lists SET items = items WHERE name = 'type/post'")
        with pytest.raises(CmsError) as error:
            show(site, "content/posts/flood.md")
        assert error.value.problems[0].code == "preview.busy"
        other.execute("ROLLBACK")
    assert read_all(site) == rows
    assert show(site, "content/posts/flood.md").tries == 1


def test_builders_lease_is_neither_needed_nor_taken(site: SiteOnPage) -> None:
    site.query(
        "UPDATE cms.sites SET lease_holder = 'elsewhere:1:1', lease_epoch = lease_epoch + 1, lease_expires_at = now() + interval '1 h'"
    )
    with site.connect() as other:
        other.execute("BEGIN")
        other.execute("UPDATE cms.sites SET lease_expires_at = now() + interval '2 h'")
        assert paths(show(site, "content/posts/a.md")) == ["/2025/01/a/"]
        other.execute("ROLLBACK")


def test_change_of_too_many_files_is_refused_before_anything_is_held(site: SiteOnPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "MOST_FILES", 3)
    for n in range(4):
        site.write_file(f"content/posts/p{n}.md", POST.format(n=n, day=1))
    with pytest.raises(CmsError) as error:
        show(site, worktree=True)
    assert error.value.problems[0].code == "preview.large"


def test_what_others_saved_and_nobody_planned_stays_theirs(site: SiteOnPage) -> None:
    site.edit("content/posts/b.md", "title: Second", "title: Saved, not built")
    with database(site.url):
        sync(site.root, site.options)
    site.write_file("content/posts/flood.md", DRAFT)
    rows = read_all(site)
    assert rows["cms.changes"]
    result = show(site, "content/posts/flood.md")
    assert read_all(site) == rows and paths(result)[0] == "/2025/02/flood/"
    site.delete("content/posts/flood.md")
    assert "/2025/01/b/" in site.build(now=None).rendered
