"""Exports of Ghost and plain folders of Markdown move in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.cli.small_site import Cms
from tests.migrate.hugo_sample import PICTURE, write_files
from tests.migrate.test_wordpress import snapshot

HTML = (
    '<p>See <a href="__GHOST_URL__/about/">about</a> and <a href="https://old.example/second/">second</a>.</p>'
    '<figure class="kg-card kg-image-card kg-card-hascaption"><img src="__GHOST_URL__/content/images/size/w600/2024/gauge.png" alt="g"><figcaption>Gauge</figcaption></figure>'
    '<!--kg-card-begin: html--><script>alert(1)</script><iframe src="https://video.example/1"></iframe><!--kg-card-end: html-->'
)


def make_post(number: str, slug: str, **more: object) -> dict[str, object]:
    row = {
        "id": number,
        "title": slug.title(),
        "slug": slug,
        "html": "<p>Text.</p>",
        "type": "post",
        "status": "published",
        "visibility": "public",
    }
    return {**row, "published_at": "2024-03-01T09:00:00.000Z", "updated_at": "2024-03-02T09:00:00.000Z", **more}


EXPORT = {
    "db": [
        {
            "meta": {"version": "5.80.0"},
            "data": {
                "posts": [
                    make_post("p1", "first", html=HTML, feature_image="__GHOST_URL__/content/images/2024/gauge.png", codeinjection_head="<style>x</style>"),
                    make_post("p2", "second", custom_excerpt="In short"),
                    make_post("p3", "about", type="page"),
                    make_post("p4", "members", visibility="paid"),
                    make_post("p5", "draft", status="draft", published_at=None, html=None, mobiledoc='{"cards": [["markdown", {"markdown": "*Soon*"}]]}'),
                ],
                "tags": [
                    {"id": "t1", "name": "Sea", "slug": "sea", "description": "Salt"},
                    {"id": "t2", "name": "#internal", "slug": "hash-internal", "visibility": "internal"},
                    {"id": "t3", "name": "Unused", "slug": "unused"},
                ],
                "posts_tags": [{"post_id": "p1", "tag_id": "t1", "sort_order": 0}, {"post_id": "p1", "tag_id": "t2", "sort_order": 1}],
                "users": [{"id": "u1", "name": "Ada Moss", "slug": "ada", "bio": "Writes"}],
                "posts_authors": [{"post_id": "p1", "author_id": "u1"}, {"post_id": "p2", "author_id": "u1"}],
                "posts_meta": [{"post_id": "p1", "meta_title": "First!", "feature_image_alt": "A gauge"}],
                "settings": [{"key": "title", "value": "Harbour"}, {"key": "navigation", "value": '[{"label": "About", "url": "/about/"}]'}],
                "members": [{"id": "m1"}],
            },
        }
    ]
}  # fmt: skip


def test_ghost_keeps_addresses_pictures_and_what_only_members_saw_hidden(
    cms: Cms, tmp_path: Path, build: Callable[[Path], Path], find_missing: Callable[[Path, Iterable[str]], list[str]]
) -> None:
    write_files(tmp_path, {"export.json": json.dumps(EXPORT, indent=1), "content/images/2024/gauge.png": PICTURE})
    site = tmp_path / "site"
    move = (
        "migrate",
        "ghost",
        str(tmp_path / "export.json"),
        str(site),
        "--base-url",
        "https://old.example",
        "--media",
        str(tmp_path / "content"),
    )
    code, result, said = cms(*move)
    assert (code, said) == (0, "")
    assert result["made"] == {"posts": 4, "pages": 1, "tags": 2, "people": 1}
    built = build(site)
    old = "/ /first/ /second/ /about/ /tag/sea/ /tag/unused/ /author/ada/ /rss/ /tag/sea/rss/ /author/ada/rss/ /first/amp/ /content/images/2024/gauge.png".split()
    assert find_missing(built, old) == []
    page = (built / "first/index.html").read_text("utf-8")
    for shown in ('href="/about/"', 'href="/second/"', "<figcaption>Gauge", "<iframe", "Ada Moss", "First!"):
        assert shown in page
    assert "alert(1)" not in page and "__GHOST_URL__" not in page
    assert not (built / "members").exists() and not (built / "draft").exists()
    assert "*Soon*" in (site / "content/posts/draft.md").read_text("utf-8")
    report = (site / "migration-report.csv").read_text("utf-8")
    line = next(number for number, text in enumerate((tmp_path / "export.json").read_text().splitlines(), 1) if '"id": "p4"' in text)
    assert f"export.json,{line},posts for members" in report
    assert "code that was injected" in report and "members,1" in report
    before = snapshot(site)
    cms(*move)
    assert snapshot(site) == before


@pytest.mark.parametrize("text", ["", "{", "[]", '{"db": [{"data": {"posts": 3}}]}', "\ud800".encode("utf-8", "surrogatepass")])
def test_what_is_no_export_of_ghost_is_refused(cms: Cms, tmp_path: Path, text: str | bytes) -> None:
    write_files(tmp_path, {"export.json": text})
    code, result, _ = cms("migrate", "ghost", str(tmp_path / "export.json"), str(tmp_path / "site"))
    assert code == 1
    assert result["problems"][0]["code"] == "migrate.no-ghost"


def test_a_folder_of_markdown_keeps_its_paths_links_and_files(
    cms: Cms, tmp_path: Path, build: Callable[[Path], Path], find_missing: Callable[[Path, Iterable[str]], list[str]]
) -> None:
    files: dict[str, str | bytes] = {
        "README.md": "# Notes\n\nSee [[Tide table|the table]], [[Nowhere]] and [up](guide/setup.md). `[[code]]`\n",
        "guide/setup.md": "---\ntags: [a]\n---\nNo title. ![](gauge.png)\n",
        "guide/gauge.png": PICTURE,
        "Tide table.md": "# Tides\n",
        "log/2024-03-01 Storm.md": "Wind. ![[gauge.png]]\n",
        "log/2024-03-02.md": "---\ntitle: Calm\n---\nStill.\n",
    }
    old, site = write_files(tmp_path / "notes", files), tmp_path / "site"
    code, result, _ = cms("migrate", "markdown", str(old), str(site))
    assert code == 0
    assert result["made"] == {"pages": 3, "posts": 2, "files": 1}
    built = build(site)
    assert find_missing(built, ["/", "/guide/setup/", "/guide/setup/gauge.png", "/log/2024-03-02/", "/blog/"]) == [
        "404 /guide/setup/gauge.png"
    ]
    home = (built / "index.html").read_text("utf-8")
    assert (
        "the table</a>" in home and "Nowhere" in home and "[[Nowhere" not in home and "[[code]]" in home and 'href="/guide/setup/"' in home
    )
    before = snapshot(site)
    cms("migrate", "markdown", str(old), str(site))
    assert snapshot(site) == before
    code, result, _ = cms("migrate", "markdown", str(tmp_path / "nothing"), str(tmp_path / "other"))
    assert (code, result["problems"][0]["code"]) == (1, "migrate.no-source")


def test_further_pages_of_ghosts_lists_are_redirected_except_those_that_the_new_lists_have(tmp_path: Path, cms: Cms) -> None:
    posts = [make_post(f"p{number}", f"letter-{number}") for number in range(60)]
    data = {
        "posts": posts,
        "tags": [{"id": "t", "name": "Sea", "slug": "sea"}],
        "posts_tags": [{"post_id": f"p{number}", "tag_id": "t"} for number in range(12)],
    }
    source = tmp_path / "export.json"
    source.write_text(json.dumps({"db": [{"meta": {"version": "5.80.0"}, "data": data}]}), "utf-8")
    assert cms("migrate", "ghost", str(source), str(tmp_path / "new"))[0] == 0
    pages = [row for row in (tmp_path / "new/redirects.csv").read_text("utf-8").splitlines() if "/page/" in row]
    assert pages == sorted(
        [*(f"/page/{number}/,/" for number in range(3, 14)), *(f"/tag/sea/page/{number}/,/tag/sea/" for number in (2, 3))]
    )
