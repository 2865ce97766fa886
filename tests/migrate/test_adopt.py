"""``cms init --from`` writes a site.toml for a site that stays where it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from cms_ssg.data.redirects import read_redirects
from cms_ssg.site import open_site
from tests.cli.small_site import Cms
from tests.migrate import hugo_sample, jekyll_sample
from tests.migrate.hugo_sample import write_files

Build = Callable[[Path], Path]
FindMissing = Callable[[Path, Iterable[str]], list[str]]

ZOLA: dict[str, str | bytes] = {
    "config.toml": 'base_url = "https://old.example"\ntitle = "Harbour"\ndefault_language = "en"\ntaxonomies = [{name = "tags"}]\n[languages.de]\n',
    "content/_index.md": "+++\ntitle = 'Home'\n+++\n",
    "content/about.md": "+++\ntitle = 'About'\naliases = ['old-about']\n+++\nSee [tide](@/blog/2024-03-01-High_Tide.md).\n",
    "content/about.de.md": "+++\ntitle = 'Wir'\n+++\nHallo.\n",
    "content/blog/_index.md": "+++\ntitle = 'The blog'\n+++\n",
    "content/blog/2024-03-01-High_Tide.md": "+++\ntitle = 'High tide'\ndate = 2024-03-01\n[taxonomies]\ntags = ['Sea Level']\n+++\n{{ youtube(id='x') }}\n\n`{{ code() }}`\n",
    "content/blog/storm/index.md": "+++\ntitle = 'Storm'\ndate = 2024-04-01\nslug = 'Big-Storm'\n+++\n![Boat](boat.png)\n",
    "content/blog/storm/boat.png": hugo_sample.PICTURE,
    "static/robots.png": hugo_sample.PICTURE,
}
ZOLA_ADDRESSES = "/ /about/ /old-about/ /de/about/ /blog/ /blog/high-tide/ /blog/Big-Storm/ /blog/Big-Storm/boat.png /tags/ /tags/sea-level/ /robots.png".split()
HUGO_ADDRESSES = [address for address in hugo_sample.OLD_ADDRESSES if not address.endswith(".xml")]


@pytest.mark.parametrize(
    ("kind", "files", "addresses", "raw"),
    [
        ("zola", ZOLA, ZOLA_ADDRESSES, [("content/blog/2024-03-01-High_Tide.md", 7)]),
        ("hugo", hugo_sample.FILES, HUGO_ADDRESSES, [("content/posts/High Tide.md", line) for line in (11, 17, 19)]),
        ("jekyll", jekyll_sample.FILES, jekyll_sample.OLD_ADDRESSES, None),
    ],
)
def test_every_old_address_answers_and_no_file_of_the_source_is_changed(
    cms: Cms,
    tmp_path: Path,
    build: Build,
    find_missing: FindMissing,
    kind: str,
    files: dict[str, str | bytes],
    addresses: list[str],
    raw: list[tuple[str, int]] | None,
) -> None:
    old = write_files(tmp_path / "old", files)
    before = {path: path.read_bytes() for path in old.rglob("*") if path.is_file()}
    code, result, _ = cms("init", "--from", kind, str(old))
    assert code == 0
    assert {path: path.read_bytes() for path in before} == before
    assert [problem["place"] for problem in result["problems"] if problem["code"] == "init.left-out"] == (
        {"jekyll": ["list.html"], "hugo": ["content/_index.md"]}.get(kind, [])
    )
    told = [(problem["place"], problem["line"]) for problem in result["problems"] if problem["code"] == "init.raw-tag"]
    if raw is not None:
        assert sorted(told) == sorted(raw)
    else:
        assert ("about.md", 6) in told and ("_posts/2024-03-01-high-tide.md", 16) in told
    built = build(old)
    assert find_missing(built, addresses) == []
    assert "Hush" not in "".join(path.read_text("utf-8") for path in built.rglob("*.html"))


def test_a_site_toml_that_is_there_is_kept_and_what_is_no_such_site_is_refused(cms: Cms, tmp_path: Path) -> None:
    old = write_files(tmp_path / "old", {**ZOLA, "site.toml": "title = 'mine'\n"})
    code, result, _ = cms("init", "--from", "zola", str(old))
    assert (code, result["problems"][0]["code"]) == (1, "init.has-site")
    assert (old / "site.toml").read_text() == "title = 'mine'\n"
    code, result, _ = cms("init", "--from", "jekyll", str(write_files(tmp_path / "none", {"a.txt": ""})))
    assert (code, result["problems"][0]["code"]) == (1, "migrate.no-source")
    assert not (tmp_path / "none/site.toml").exists()


def test_what_is_no_page_of_a_jekyll_site_is_left_out_of_it(cms: Cms, tmp_path: Path) -> None:
    root = write_files(
        tmp_path / "old",
        {
            "_config.yml": "title: T\npermalink: pretty\npaginate: 2\n",
            "index.html": "---\nlayout: default\n---\n{% for post in paginator.posts %}{{ post.title }}{% endfor %}",
            "about.md": "---\ntitle: About\n---\nText.\n",
            "_posts/2021-01-01-gone.md": "---\ntitle: Gone\nredirect_from: /old/\nredirect_to: https://else.example/x\n---\n",
            "_posts/2021-01-02-here.md": "---\ntitle: Here\n---\nText.\n",
        },
    )
    assert cms("init", "--from", "jekyll", str(root))[0] == 0
    site = open_site(root, {})
    for rule in site.settings.collection:
        assert {"/index.html", "/_posts/2021-01-01-gone.md"} <= set(rule.exclude), rule.name
    targets = read_redirects(root, site.settings).targets
    assert str(targets["/2021/01/01/gone/"]) == str(targets["/old/"]) == "https://else.example/x"


@pytest.mark.parametrize(
    ("kind", "files", "kept"),
    [
        (
            "hugo",
            {
                "hugo.toml": "title = 'T'\n",
                "content/a.md": "---\ntitle: A\n---\n",
                "content/parts/index.md": "---\nheadless: true\n---\nx\n",
                "content/never.md": "---\nbuild: {render: never}\n---\nx\n",
            },
            ["content/a.md"],
        ),
        (
            "zola",
            {
                "config.toml": "base_url = 'https://z.example'\ntitle = 'Z'\n[languages.fr]\n",
                "content/_index.fr.md": "+++\ntitle = 'F'\n+++\n",
                "content/a.md": "+++\ntitle = 'A'\n+++\n",
                "content/notes/_index.md": "+++\nrender = false\n+++\n",
            },
            ["content/a.md"],
        ),
    ],
)
def test_what_has_no_page_at_the_old_site_is_no_error_of_the_new_one(
    cms: Cms, tmp_path: Path, kind: str, files: dict[str, str | bytes], kept: list[str]
) -> None:
    root = write_files(tmp_path / "old", files)
    code, result, _ = cms("init", "--from", kind, str(root))
    assert code == 0
    named = {problem["place"] for problem in result["problems"]}
    assert {file for file in files if file.endswith(".md")} == {*kept, *named}
    site = open_site(root, {})
    taken = [file for file in files if file.endswith(".md") and site.rules.find_collection(file) is not None]
    assert taken == kept
    assert not any(source.rstrip("/") in ("", "/fr") for source in read_redirects(root, site.settings).targets)
