"""Pages that are not Markdown, and texts that are no pages, are never lost without a word."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.small_site import Cms
from tests.migrate.hugo_sample import write_files

TEXTS: dict[str, str | bytes] = {
    "_config.yml": "title: Old\n", "_posts/2024-01-01-a.md": "---\ntitle: A\n---\nHi\n",
    "_posts/2024-01-02-b.adoc": "= B\n", "_posts/2024-01-03-c.textile": "---\ntitle: C\n---\nh1. C\n",
    "_posts/2024-01-04-d.org": "* D\n", "docs/e.asciidoc": "= E\n", "docs/f.rst": "F\n=\n", "docs/g.rst": "---\ntitle: G\n---\nG\n=\n",
}  # fmt: skip
HUGO: dict[str, str | bytes] = {
    "hugo.toml": "baseURL = 'https://old.example/'\ntitle = 'Old'\n[[module.imports]]\npath = 'example.org/texts'\n",
    "content/blog/hut/index.md": "---\ntitle: Hut\ndate: 2024-01-03\n---\nHi.\n", "content/blog/hut/part.md": "Beside.\n",
    "content/guide/_content.gotmpl": "{{ $.AddPage (dict) }}", "content/guide/start.rst": "Start\n=====\n", "content/guide/x.md": "---\ntitle: X\n---\n",
}  # fmt: skip


def read_fates(site: Path) -> dict[str, str]:
    with (site / "migration-report.csv").open(encoding="utf-8") as opened:
        return {f"{row['file']} {row['what']}": row["fate"] for row in csv.DictReader(opened)}


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (
            "jekyll",
            {
                "_posts/2024-01-02-b.adoc pages in AsciiDoc": "npx downdoc FILE",
                "_posts/2024-01-03-c.textile pages in Textile": "pandoc -s -f textile -t gfm FILE",
                "_posts/2024-01-04-d.org pages in Org mode": "pandoc -s -f org -t gfm FILE",
                "docs/e.asciidoc pages in AsciiDoc": "npx downdoc FILE",
                "docs/g.rst pages in reStructuredText": "pandoc -s -f rst -t gfm FILE",
            },
        ),
        (
            "hugo",
            {
                "content/blog/hut/part.md texts beside a page that only templates show": "left out",
                "content/guide/_content.gotmpl content adapters": "cms import csv",
                "content/guide/start.rst pages in reStructuredText": "pandoc -s -f rst -t gfm FILE",
                "hugo.toml modules that the site imports": "hugo mod vendor",
            },
        ),
    ],
)
def test_each_is_named_with_what_to_do(cms: Cms, tmp_path: Path, kind: str, told: dict[str, str]) -> None:
    old = write_files(tmp_path / "old", TEXTS if kind == "jekyll" else HUGO)
    assert cms("migrate", kind, str(old), str(tmp_path / "site"))[0] == 0
    fates = read_fates(tmp_path / "site")
    assert fates.keys() == told.keys()
    assert all(told[name] in fate for name, fate in fates.items())


def test_a_folder_of_notes_keeps_them_as_files_and_names_them(cms: Cms, tmp_path: Path) -> None:
    old = write_files(tmp_path / "old", {"one.md": "# One\n", "two.rst": "Two\n===\n", "three.org": "* Three\n"})
    assert cms("migrate", "markdown", str(old), str(tmp_path / "site"))[0] == 0
    fates = read_fates(tmp_path / "site")
    assert list(fates) == ["three.org pages in Org mode", "two.rst pages in reStructuredText"]
    assert all(fate.startswith("copied as they are: convert them to .md (pandoc ") for fate in fates.values())
    assert (tmp_path / "site/content/two.rst").is_file()


def test_a_text_beside_a_page_is_no_page_of_an_adopted_site(cms: Cms, tmp_path: Path, build: Callable[[Path], Path]) -> None:
    old = write_files(tmp_path / "old", HUGO)
    code, result, _ = cms("init", "--from", "hugo", str(old))
    assert code == 0
    assert {problem["place"] for problem in result["problems"]} == {
        "content/blog/hut/part.md", "content/guide/_content.gotmpl", "content/guide/start.rst", "hugo.toml",
    }  # fmt: skip
    assert 'exclude = ["/_index*.md", "/hut/part.md"]' in (old / "site.toml").read_text("utf-8")
    built = build(old)
    assert (built / "blog/hut/index.html").is_file() and not list(built.rglob("part*"))
