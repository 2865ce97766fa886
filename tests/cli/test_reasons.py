"""What `cms plan` and `cms why` say of why a page is made: a person's words, of every reason that is stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from cms_ssg.cli.main import run
from cms_ssg.plan.reasons import count_reads, say_reason


@pytest.mark.parametrize(
    ("reason", "kind", "said"),
    [
        ("new", "entry", "new"),
        ("another owner or form", "redirect", "a redirect replaces the page"),
        ("another owner or form", "entry", "its address belongs to something else now"),
        ("nobody claims this path any more", "removal", "page removed"),
        ("content of content/posts/flood.md", "entry", "content/posts/flood.md changed"),
        ("card of content/posts/flood.md", "home", "it shows content/posts/flood.md, which changed"),
        ("address of content/posts/flood.md", "home", "it links to content/posts/flood.md, which moved"),
        ("claim to /about/", "entry", "it links to /about/, which appeared or went"),
        ("claim to file:content/about.md", "entry", "it links to file:content/about.md, which appeared or went"),
        ("claim to en/page:about", "home", "it names page:about, which appeared or went"),
        ("list sitemap/2025-01", "sitemaps", "the sitemap 2025-01 changed"),
        ("list section/news", "feed", "the section news has another title or address"),
        ("position in list type/post (en)", "home", "the post list has other members or another order"),
        ("position in list lists/tag", "terms", "the tag index has other members or another order"),
        ("setting/title changed", "entry", "the setting title changed"),
        ("template/post.html changed", "entry", "the template post.html changed"),
        ("data/social#url changed", "home", '"url" in the data social changed'),
        ("string/en/date.long changed", "home", 'the text "date.long" (en) changed'),
        ("fact/rating/7", "entry", 'the value "rating" that it shows changed'),
        ("vertical/news changed", "home", "the code or the settings of news changed"),
        ("renderer changed", "home", "cms renders pages in another way now"),
        ("time", "home", "a date that it depends on was reached"),
        ("--full", "home", "--full"),
    ],
)
def test_reason_is_said_in_words(reason: str, kind: str, said: str) -> None:
    assert say_reason(reason, kind) == said


def test_what_a_page_depends_on_is_counted() -> None:
    reads = ["card of a.md", "card of b.md", "all of list type/post (en)", "list section/news", "setting/title", "menu/main", "renderer"]
    assert count_reads(reads) == "2 files of content, 2 lists, 2 settings, 1 more"
    assert count_reads(["data/a#b", "image/x", "list type/post"]) == "1 list, 1 value of data files, 1 image or asset"


def test_plan_and_why_say_the_stored_reason_with_verbose_only(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["build"]) == 0
    (site / "content/posts/flood.md").write_text("---\ntitle: The flood\ndate: 2025-03-01\ntags: [water]\n---\nWater.\n")
    capsys.readouterr()
    run(["plan"])
    assert "which changed" in capsys.readouterr().out
    run(["plan", "--verbose"])
    assert "card of content/posts/flood.md" in capsys.readouterr().out
    assert run(["build"]) == 0
    capsys.readouterr()
    run(["why", "/"])
    said = capsys.readouterr().out
    assert "because: it shows content/posts/flood.md, which changed" in said
    assert "--verbose lists them" in said
    assert len(said.splitlines()) == 4
    run(["why", "/", "--verbose"])
    said = capsys.readouterr().out
    assert "because: card of content/posts/flood.md" in said
    assert "    template/home.html" in said
