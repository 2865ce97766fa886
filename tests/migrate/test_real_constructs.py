"""Constructs of real sites that moved in: their addresses, texts and pictures are there, and cms check finds no error."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.cli.small_site import Cms
from tests.migrate.hugo_sample import PICTURE, write_files

Build = Callable[[Path], Path]
FindMissing = Callable[[Path, Iterable[str]], list[str]]

HUGO: dict[str, str | bytes] = {
    "hugo.toml": "title = 'Orchard'\ndisablePathToLower = true\n[params]\nversion = 'v2.1'\n[[module.imports]]\npath = 'example.org/theme'\n",
    "content/_index.md": "---\ntitle: Orchard\n---\nWe grow **apples**.\n",
    "content/blog/First-Apples.md": "---\ntitle: First\ndate: 2024-01-02\naliases: [/first/]\n---\nRed.\n",
    "content/blog/second.md": "---\ntitle: Second\ndate: 2024-01-03\naliases: [/first/]\n---\nGreen.\n",
    "content/docs/_index.md": "---\ntitle: Docs\ntags: [lists]\n---\nSee [build](build/_index.md).\n",
    "content/docs/build/_index.md": "---\ntitle: Build\n---\nHow.\n",
    "content/docs/build/vendor/resources.md": "---\ntitle: Resources\n---\n## Boxes - big\n\n## Boxes - big\n",
    "content/docs/use.md": "---\ntitle: Use\nstatus: Experimental\nmenu:\n  main: {name: Using, weight: 2}\n---\n"
    '{{< alert text="Read <a href=\\"/docs/\\">this</a>" />}}\n\nNow {{< version >}} of {{< trees >}}.\n\n'
    "{{% box %}}\nInside **bold** {{< version >}}\n{{% /box %}}\n\n"
    '{{< sample lang="go" >}}\nx := "{{ .Title }}"\n\ny\n{{< /sample >}}\n\n- item\n\n  {{% box %}}in the item{{% /box %}}\n\n'
    "{{< get >}}\n\n{{< remote >}}\n\n{{< raw-code >}}\na: 1\n\nb: {{ c }}\n{{< /raw-code >}}\n",
    "layouts/shortcodes/alert.html": "<div class=\"alert\">{{ with .Get `text` }}{{ . | safeHTML }}{{ else }}{{ .Inner | markdownify }}{{ end }}</div>",
    "layouts/shortcodes/version.html": '{{- partial "version.html" (dict "page" .Page) -}}',
    "layouts/partials/version.html": "{{ $v := site.Params.version }}{{ return (strings.TrimPrefix `v` $v) }}",
    "layouts/shortcodes/get.html": '<a href="https://x.example/x.zip" title="Get it"><svg class="i"><use href="#icon"/></svg></a>',
    "layouts/shortcodes/trees.html": "{{ range $i, $t := site.Data.trees }}{{ if $i }}, {{ end }}{{ $t.name }}{{ end }}",
    "layouts/shortcodes/box.html": '<div class="box">\n\n    <div class="within">{{ .Inner }}</div>\n\n</div>',
    "layouts/shortcodes/sample.html": '<div class="sample">{{ highlight (.Inner) (.Get "lang") "" }}</div>',
    "layouts/shortcodes/remote.html": '{{ with resources.GetRemote "https://x.example" }}{{ .Content }}{{ end }}',
    "layouts/shortcodes/raw-code.html": "<pre>{{ transform.Remarshal `json` .Inner }}</pre>",
    "data/trees.yaml": "- {name: Elm}\n- {name: Oak}\n",
    "data/make.go": "package x\n",
    "static/vendor/font.woff": b"font",
    "_vendor/example.org/x/theme/static/theme.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
}  # fmt: skip
HUGO_ADDRESSES = """/ /blog/ /blog/First-Apples/ /blog/second/ /first/ /docs/ /docs/build/ /docs/build/vendor/resources/ /docs/use/ /tags/ /tags/lists/ /page/1/
    /blog/page/1/ /vendor/font.woff /theme.svg""".split()


@pytest.fixture
def move(cms: Cms, tmp_path: Path, build: Build) -> Callable[[str, dict[str, str | bytes]], tuple[Path, Path]]:
    """Moves a site and builds it; cms check finds no error. Gives the new site and its output."""

    def run(kind: str, files: dict[str, str | bytes]) -> tuple[Path, Path]:
        old, site = write_files(tmp_path / "old", files), tmp_path / "site"
        code, _, said = cms("migrate", kind, str(old), str(site))
        assert (code, said) == (0, "")
        built = build(site)
        code, checked, _ = cms("-C", str(site), "check")
        told = {problem["code"] for problem in checked["problems"]}
        assert (code, told & {"content.path-taken", "settings.empty-collection", "content.dangling-link", "content.dangling-image"}) == (
            0,
            set(),
        )
        return site, built

    return run


def test_a_hugo_site_with_templates_in_its_texts_moves_in(move: Callable[..., tuple[Path, Path]], find_missing: FindMissing) -> None:
    site, built = move("hugo", HUGO)
    assert find_missing(built, HUGO_ADDRESSES) == []
    assert "We grow <strong>apples</strong>" in (built / "index.html").read_text("utf-8")
    assert "Second" in (built / "blog/index.html").read_text("utf-8")
    page = (built / "docs/use/index.html").read_text("utf-8")
    for shown in (
        'Read <a href="/docs/">this</a>',
        "Now 2.1 of Elm, Oak.",
        "Inside <strong>bold</strong> 2.1",
        "in the item",
        "b: {{ c }}",
        ">Get it</a>",
    ):
        assert shown in page
    assert "{{ .Title }}" in page[page.index('class="sample"') :].partition("</pre>")[0]
    assert "&lt;div" not in page
    assert 'id="boxes---big-1"' in (built / "docs/build/vendor/resources/index.html").read_text("utf-8")
    assert re.search(r'<a[^>]* href="/docs/use/"[^>]*>Using</a>', page)
    report = (site / "migration-report.csv").read_text("utf-8")
    assert "content/docs/use.md,27,shortcodes,{{< remote >}} (its template needs Hugo: resources.GetRemote)" in report
    assert "content/blog/second.md,0,aliases that several entries have" in report


def test_a_hugo_site_without_posts_and_home_text_has_a_home_page_with_links(move: Callable[..., tuple[Path, Path]]) -> None:
    _, built = move(
        "hugo",
        {
            "hugo.toml": "title = 'Manual'\n",
            "content/guide/start.md": "---\ntitle: Start\n---\nGo.\n",
            "content/faq.md": "---\ntitle: Questions\n---\nWhy.\n",
        },
    )
    home = (built / "index.html").read_text("utf-8")
    assert 'href="/faq/"' in home and 'href="/guide/"' in home


def test_templates_of_a_hugo_theme_name_pages_of_other_languages_and_lists_name_no_page_that_has_none(
    move: Callable[..., tuple[Path, Path]], find_missing: FindMissing
) -> None:
    site, built = move(
        "hugo",
        {
            "hugo.toml": "title = 'Inn'\nremovePathAccents = true\n[languages.en]\nweight = 1\n[languages.de]\nweight = 2\n[permalinks.term]\ntags = '/:slug/'\n",
            "themes/inn/layouts/_shortcodes/in-german.html": '<a href="{{ ref .Page (dict "path" "/rooms/bed.md" "lang" "de") }}">Deutsch</a>',
            "content/rooms/bed.md": "---\ntitle: Bed\ntags: [Café]\n---\n{{< in-german >}}\n",
            "content/rooms/bed.de.md": "---\ntitle: Bett\n---\nWeich.\n",
            "content/rooms/never.md": "---\ntitle: Never\nbuild: {render: never}\n---\nx\n",
            "content/tags/café/_index.md": "---\ntitle: Coffee House\n---\nOpen.\n",
        },
    )
    assert 'href="/de/rooms/bed/">Deutsch</a>' in (built / "rooms/bed/index.html").read_text("utf-8")
    rooms = (built / "rooms/index.html").read_text("utf-8")
    assert 'href="/rooms/bed/"' in rooms and "never" not in rooms
    assert "content/rooms/never.md,0,pages without an address" in (site / "migration-report.csv").read_text("utf-8")
    assert find_missing(built, ["/coffee-house/"]) == []


def test_files_of_a_jekyll_site_are_found_by_their_paths(move: Callable[..., tuple[Path, Path]], find_missing: FindMissing) -> None:
    files: dict[str, str | bytes] = {
        "_config.yml": "title: Mill\npermalink: pretty\n",
        "_data/notes.txt": "no data\n",
        "docs/grind.md": "---\ntitle: Grind\n---\n![Wheel](../assets/wheel.png)\n\n## One - two\n",
        "assets/wheel.png": PICTURE,
        "public/a.txt": "a",
        "vendor/b.js": "b",
        "resources/c.md": "---\ntitle: C\n---\nC.\n",
        "vendor/bundle/d.md": "---\ntitle: D\n---\nD.\n",
    }
    _, built = move("jekyll", files)
    assert find_missing(built, ["/docs/grind/", "/assets/wheel.png", "/public/a.txt", "/vendor/b.js", "/resources/c/"]) == []
    assert not (built / "vendor/bundle").exists()
    assert 'id="one---two"' in (built / "docs/grind/index.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("kind", "files", "addresses"),
    [
        ("markdown", {"README.md": "# Top\n\n[Rust](rust/README.md)\n", "rust/README.md": "# Rust\n\n![p](build/p.png)\n", "rust/build/p.png": PICTURE}, ["/", "/rust/"]),
        ("eleventy", {".eleventy.js": "", "index.md": "# Hi\n", "404.md": "---\npermalink: 404.html\n---\nNo.\n", "resources/a.md": "# A\n"}, ["/", "/resources/a/"]),
    ],
)  # fmt: skip
def test_files_that_have_another_name_here_are_still_linked(
    move: Callable[..., tuple[Path, Path]], find_missing: FindMissing, kind: str, files: dict[str, str | bytes], addresses: list[str]
) -> None:
    assert find_missing(move(kind, files)[1], addresses) == []


def test_a_key_that_means_nothing_to_hugo_hides_no_page_of_a_site_that_stays(
    cms: Cms, tmp_path: Path, build: Build, find_missing: FindMissing
) -> None:
    old = write_files(tmp_path / "old", {**HUGO, "content/blog/second.md": "---\ntitle: Second\ndate: 2024-01-03\n---\nGreen.\n"})
    code, result, _ = cms("init", "--from", "hugo", str(old))
    assert code == 0
    assert "content/docs/use.md" not in {problem["place"] for problem in result["problems"] if problem["code"] == "init.left-out"}
    assert find_missing(build(old), ["/docs/use/", "/blog/First-Apples/", "/docs/build/vendor/resources/"]) == []
