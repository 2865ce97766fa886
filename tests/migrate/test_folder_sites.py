"""Sites of Docusaurus, Astro, Eleventy, Zola and Hugo (with mounts and Org mode) move in: every address answers, texts and pictures are there, and what is not is named by line."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.cli.small_site import Cms
from tests.migrate.hugo_sample import write_files
from tests.migrate.test_wordpress import snapshot

SAMPLES = Path(__file__).parent.parent / "data/moving"

ADDRESSES = {
    "hugo": "/ /posts/ /posts/bog/ /old-bog/ /posts/heath/ /de/posts/heath/ /guide/ /guide/deep/cut/ /guide/same/ /img/mark.png /tags/moss/ /posts/page/1/ /de/ /en/",
    "docusaurus": """/ /about/ /docs/intro/ /docs/guides/warp-threads/ /docs/guides/ /docs/guides/weft/ /docs/category/guides/ /news/ /news/2024/03/01/kiln/ /news/moved-here/
        /news/tags/news/ /docs/tags/first-steps/ /start/ /docs/begin/ /news/archive/ /img/logo.png /de/docs/intro/ /de/docs/guides/warp-threads/ /de/news/ /de/about/""",
    "astro": "/ /about/ /blog/ /blog/the-hive/ /blog/wax-works/ /first/ /old-hive/ /far/ /tags/honey-bees/ /tags/wax/ /favicon.png",
    "eleventy": "/ /log/2021/first-row/ /log/2022/second/ /posts/odd/ /docs/ /docs/2020-02-03-dated/ /docs/twin/ /public.txt /fixed.html /img/oar.png /robots.txt /tags/river/",
    "zola": """/ /fr/ /blog/ /blog/tides/ /blog/fine-sand/ /blog/page/2/ /about/us/ /notes/small/ /tags/ /tags/sand/ /tags/moon-sea/ /field-work/north/ /old/tides/ /tides.html
        /fr/blog/tides/ /fr/tags/lune/ /logo.png""",
}
SHOWN = {
    "hugo": {
        "posts/bog": ("Wet and <strong>soft</strong>", 'href="https://x.example"', "<picture>", 'id="layers"', "<th>depth</th>", "watch?v=abc"),
        "posts/heath": ('href="/posts/bog/"',),
        "guide/same": ("Shown.",),
    },
    "docusaurus": {
        "docs/guides/warp-threads": ('id="tension"', "<picture>", "<strong>Linen</strong>", "Use 40 threads", "Shared <strong>words</strong>", "Words inside", "Cut nothing"),
        "docs/intro": ('href="/docs/guides/warp-threads/#tension"', 'class="note tip"', "Keep it tight", 'class="note warning"', "Watch out", ":::custom", "in code"),
        "news/2024/03/01/kiln": ("First.", "<picture>", "Then.", "Ada Weaver"),
        "docs/category/guides": ("The warp",),
        "de/docs/intro": ('href="/de/docs/guides/warp-threads/"',),
    },
    "astro": {
        "blog/the-hive": ("A look inside", 'alt="A bee"', 'class="note warning"', "Be careful.", 'href="/blog/wax-works/"', "watch?v=abc_123", "8 July 2022", 'class="hero"'),
        "blog/wax-works": ("Soft", "<picture>"),
        "about": ("We keep bees",),
    },
    "eleventy": {
        "log/2021/first-row": ("First row.", "<picture>", "Mind the <strong>wind</strong>", "{{ not run }}", 'href="/docs/"', 'href="/log/2022/second/"'),
    },
    "zola": {
        "blog/tides": ('<blockquote class="big">', "It <strong>rises</strong>", 'href="/blog/fine-sand/#grain"', "<p><strong>TWICE</strong>", "<cite>Ida</cite>", "watch?v=abc",
            "Inner words", "<picture>", "{{ code(x=1) }}", "{{ shown(x=1) }}"),
        "blog": ("Tides", "Sand"),
    },
}  # fmt: skip
NAMED = {
    "hugo": [
        ("content/posts/bog.org", 23, "parts of Org mode", "#+begin_export latex"),
        ("content/posts/_content.gotmpl", 0, "content adapters", "posts"),
        ("content/posts/doc.adoc", 0, "pages in AsciiDoc", "doc.adoc"), ("docs-src/same.md", 0, "files that another mounted folder hides", "guide/same.md"),
        ("hugo.toml", 0, "modules that the site imports", "github.com"), ("hugo.toml", 0, "mounted folders that are not there", "gone"),
        ("hugo.toml", 0, "filters of mounted folders", "docs-src"),
    ],
    "docusaurus": [
        ("docs/01-intro.md", 10, "references", "./gone.md"), ("docs/01-intro.md", 24, "containers", ":::custom"), ("docs/02-guides/01-warp.mdx", 40, "components", "<Diagram>"),
        ("src/pages/index.js", 0, "pages made by React", "/"), ("docs/02-guides/weft.md", 0, "pages that are in no list", "The weft"),
        ("docusaurus.config.js", 0, "redirects made by functions", "createRedirects"),
    ],
    "astro": [
        ("src/content/blog/The Hive.mdx", 15, "components", "<Chart>"), ("src/pages/blog/index.astro", 0, "pages made of templates", "/blog/"),
        ("src/content/drafts_only/x.md", 0, "texts of collections that no template gives an address", "drafts_only"), ("astro.config", 0, "redirects by patterns", "/gone/"),
    ],
    "eleventy": [
        ("src/posts/2021-05-06-first-row.md", 5, "tags of templates", "{% year %}"), ("src/posts/odd.md", 0, "permalinks", "/{{ lang }}/odd/"),
        ("src/docs/data.md", 0, "pages without an address", "docs/data.md"), ("src/tags.njk", 0, "pages made of templates", "tags.njk"),
    ],
    "zola": [
        ("content/blog/tides/index.md", 23, "shortcodes", "{{ pic("), ("content/blog/tides/index.md", 25, "shortcodes", "{% nothing() %}"),
        ("content/blog/tides/index.md", 29, "shortcodes", "{% open() %}"), ("content/_index.md", 5, "texts of the home page", "Welcome here."),
    ],
}  # fmt: skip
DANGLING: dict[str, set[str]] = {"hugo": set(), "docusaurus": {"./gone.md"}, "astro": set(), "eleventy": set(), "zola": {"@/blog/gone.md"}}


@pytest.mark.parametrize("system", sorted(ADDRESSES))
def test_a_site_of_each_system_is_there_afterwards(
    cms: Cms, tmp_path: Path, build: Callable[[Path], Path], find_missing: Callable[[Path, Iterable[str]], list[str]], system: str
) -> None:
    site = tmp_path / "site"
    move = ("migrate", system, str(SAMPLES / system), str(site))
    code, _, said = cms(*move)
    assert (code, said) == (0, "")
    rows = list(csv.reader((site / "migration-report.csv").read_text("utf-8").splitlines()))[1:]
    for file, line, what, begin in NAMED[system]:
        found = [int(row[1]) for row in rows if (row[0], row[2]) == (file, what) and row[3].startswith(begin)]
        assert found and (line in found or what == "components"), (file, what, begin, rows)
    built = build(site)
    assert find_missing(built, ADDRESSES[system].split()) == []
    for page, texts in SHOWN[system].items():
        text = (built / page / "index.html").read_text("utf-8")
        for shown in texts:
            assert shown in text, (page, shown)
    _, checked, _ = cms("-C", str(site), "check")
    links = [problem for problem in checked["problems"] if problem["code"].startswith("content.dangling")]
    assert {re.search(r'"([^"]*)"', problem["message"])[1] for problem in links} == DANGLING[system]  # type: ignore[index]
    assert [problem for problem in checked["problems"] if problem["severity"] == "error"] == []
    assert not list(built.rglob("draft")) and not list(built.rglob("winter")) and not list(built.rglob("drafts_only"))
    before = snapshot(site)
    cms(*move)
    assert {name: one for name, one in snapshot(site).items() if not name.startswith("build")} == {
        name: one for name, one in before.items() if not name.startswith("build")
    }


@pytest.mark.parametrize("system", sorted(ADDRESSES))
def test_a_folder_that_is_no_site_of_that_system_is_refused(cms: Cms, tmp_path: Path, system: str) -> None:
    code, result, _ = cms("migrate", system, str(tmp_path), str(tmp_path / "site"))
    assert (code, result["problems"][0]["code"]) == (1, "migrate.no-source")
    code, result, _ = cms("migrate", system, str(tmp_path / "nothing"), str(tmp_path / "site2"))
    assert (code, result["problems"][0]["code"]) == (1, "migrate.no-source")


BAD = {
    "a.md": b"---\ntitle: [\n---\n", "b.md": b"\xff\xfe\x00bad", "c.md": b"---\ntitle: 3\ndate: 2024-99-99\nslug: ../../etc\ntags: {a: 1}\nauthors: 7\naliases: 3\nid: [1]\n---\nx",
    "d.mdx": b"import x from '../../../../etc/passwd.md';\n<x />\n<A {...{}} b={\n:::note\n{{{\n<Tabs><TabItem>", "e.md": b"+++\ntitle = \n+++\n",
    "f.md": b"---\npermalink: [1]\npath: 3\nurl: {}\nimage: {a: [1]}\nlast_update: 3\n---\n" + b"{% " * 3000, "index.md": b"",
    "_index.md": b"+++\npaginate_by = -1\n+++\n{% end %}{{ a(",
    "2024-13-45-odd.md": b"odd", "_category_.json": b"[", "g.md": b'---\nslug: "a\\u0000b"\ntitle: "x\\ud800"\ndraft: "maybe"\nweight: .nan\n---\n::::note\n:::\n',
}  # fmt: skip


@pytest.mark.parametrize("system", sorted(ADDRESSES))
def test_files_that_are_broken_are_noted_and_nothing_fails(
    cms: Cms, tmp_path: Path, db_url: str, monkeypatch: pytest.MonkeyPatch, system: str
) -> None:
    old = tmp_path / "old"
    shutil.copytree(SAMPLES / system, old)
    for folder in [path for path in sorted(old.rglob("*")) if path.is_dir()]:
        for name, data in BAD.items():
            (folder / name).write_bytes(data)
    for name in ("versions.json", "site.json", "posts.json", "authors.yml"):
        for folder in (old, old / "src/_data", old / "src/posts", old / "blog"):
            if folder.is_dir():
                (folder / name).write_bytes(b'{"a": [')
    (old / "escape").symlink_to("/etc")
    code, result, _ = cms("migrate", system, str(old), str(tmp_path / "site"))
    assert code == 0, result
    assert "files left out" in " ".join(result["notes"])
    assert not [path for path in (tmp_path / "site").rglob("*") if path.name == "passwd"]
    monkeypatch.setenv("CMS_DATABASE_URL", db_url)
    code, result, _ = cms("-C", str(tmp_path / "site"), "check")
    assert code in (0, 1, 3)


def test_a_date_in_the_path_of_a_zola_page_makes_it_a_post(cms: Cms, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "config.toml": "base_url = 'https://old.example'\n", "content/_index.md": "+++\ntitle = 'Our blog'\n+++\n",
        "content/one.md": "+++\ntitle = 'One'\npath = '2023/12/07/One-1.0'\n+++\nOne.\n",
        "content/two.md": "+++\ntitle = 'Two'\npath = '2023/13/07/two'\n+++\nNo such day.\n",
    }  # fmt: skip
    code, result, _ = cms("migrate", "zola", str(write_files(tmp_path / "old", files)), str(tmp_path / "site"))
    assert (code, result["made"]) == (0, {"pages": 1, "posts": 1})
    assert '\ndate: "2023-12-07"' in (tmp_path / "site/content/one.md").read_text("utf-8")
    assert 'name = "our-blog"' in (tmp_path / "site/site.toml").read_text("utf-8")
