"""Every address that Hugo or Jekyll really made of a site with many peculiarities answers after the move."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from cms_ssg.data.redirects import read_redirects
from cms_ssg.site import open_site
from tests.cli.small_site import Cms
from tests.migrate import hugo_alpine, hugo_vines, jekyll_bakery, jekyll_garage
from tests.migrate.hugo_sample import write_files

RAW = re.compile(r"\{\{.{0,80}?\}\}|\{%.{0,80}?%\}", re.DOTALL)
CODE = re.compile(r"<(pre|code|script|style)\b.*?</\1>", re.DOTALL)


@pytest.mark.parametrize(
    ("kind", "files", "addresses", "adopted"),
    [
        ("hugo", hugo_alpine.FILES, hugo_alpine.OLD_ADDRESSES, False),
        ("jekyll", jekyll_bakery.FILES, jekyll_bakery.OLD_ADDRESSES, False),
        ("hugo", hugo_vines.FILES, hugo_vines.OLD_ADDRESSES, False),
        ("jekyll", jekyll_garage.FILES, jekyll_garage.OLD_ADDRESSES, False),
        pytest.param("hugo", hugo_alpine.FILES, hugo_alpine.OLD_ADDRESSES, True, marks=pytest.mark.long),
        pytest.param("jekyll", jekyll_bakery.FILES, jekyll_bakery.OLD_ADDRESSES, True, marks=pytest.mark.long),
        pytest.param("hugo", hugo_vines.FILES, hugo_vines.OLD_ADDRESSES, True, marks=pytest.mark.long),
    ],
)
def test_every_address_that_was_there_answers(
    cms: Cms,
    tmp_path: Path,
    build: Callable[..., Path],
    find_missing: Callable[[Path, Iterable[str]], list[str]],
    kind: str,
    files: dict[str, str | bytes],
    addresses: list[str],
    adopted: bool,
) -> None:
    old, site = write_files(tmp_path / "old", files), tmp_path / "site"
    code, result, _ = cms("init", "--from", kind, str(old)) if adopted else cms("migrate", kind, str(old), str(site))
    assert code == 0
    site = old if adopted else site
    # Each of the Hugo sites that stay has one file that its author has to mend
    built = build(site, 3 if adopted and kind == "hugo" else 0)
    opened = open_site(site, {})
    by_server = {source for source in read_redirects(site, opened.settings).targets if source.endswith((".xml", ".png", ".json"))}
    theme = {"/theme.txt"} if adopted else set()  # what a theme brings stays in it
    assert find_missing(built, [address for address in addresses if address not in by_server | theme]) == []
    named = {problem["place"] for problem in result.get("problems", ())}
    if not adopted:
        raw = [
            (path.relative_to(built).as_posix(), found[0])
            for path in built.rglob("*.html")
            for found in RAW.finditer(CODE.sub("", path.read_text("utf-8")))
        ]
        assert {text for _, text in raw} <= {"{{ braces }}"}  # it was escaped
    elif kind == "jekyll":
        assert {"stuff/_posts/2023-01-05-rye bread.md", "docs/api.html"} <= named
        assert not (built / "docs/api.html").exists()
    code, checked, _ = cms("-C", str(site), "check")
    assert [
        problem for problem in checked["problems"] if problem["code"] == "content.path-taken" and "redirect" in problem["message"]
    ] == []


def test_menus_of_hugo_keep_their_second_level(cms: Cms, tmp_path: Path) -> None:
    old = write_files(tmp_path / "old", hugo_alpine.FILES)
    cms("migrate", "hugo", str(old), str(tmp_path / "site"))
    (posts, more, start) = open_site(tmp_path / "site", {}).settings.menus["main"]
    assert (posts.title, more.title, [line.url for line in more.below]) == ("Posts", "More", ["/guide/start/"])
    assert (start.title, start.url) == ("Start", "/guide/start/")  # the page itself asks for it
