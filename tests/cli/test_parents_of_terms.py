"""Terms above terms: circles and names that are not there are told with their line, and pages show neither."""

from __future__ import annotations

import re
from pathlib import Path

from tests.cli.small_site import SITE, Cms


def write_terms(site: Path, **parents: str) -> None:
    """A file for each term, and posts that have all of them."""
    for slug, parent in parents.items():
        file = site / f"content/terms/tag/{slug}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"---\ntitle: {slug.upper()}\n" + (f"parent: {parent}\n" if parent else "") + "---\n")
    (site / "content/posts/flood.md").write_text(f"---\ntitle: Flood\ndate: 2025-03-01\ntags: [{', '.join(parents)}]\n---\n")


def links_of(site: Path, slug: str) -> tuple[list[str], list[str]]:
    """What a term's page shows above it and below."""
    head = re.search(r'<header class="head">.*?</header>', (site / f"build/tags/{slug}/index.html").read_text(), re.DOTALL)
    assert head is not None
    above, chips, below = head[0].partition('<ul class="chips">')
    assert bool(below) == bool(chips)
    return re.findall(r'<a href="([^"]*)">', above), re.findall(r'<a href="([^"]*)">', below)


def told(cms: Cms) -> list[tuple[str, str, int, str]]:
    code, result, _ = cms("check")
    assert code == 0
    return [(p["code"], p["place"], p["line"], p["message"]) for p in result["problems"]]


def test_two_terms_above_each_other_are_told_once_and_shown_one_above_the_other(site: Path, cms: Cms) -> None:
    write_terms(site, a="b", b="a", c="a")
    assert told(cms) == [
        ("content.parent-loop", "content/terms/tag/a.md", 3, "parent: tags stand above each other in a circle: a -> b -> a")
    ]
    assert cms("build")[0] == 0
    assert links_of(site, "a") == ([], ["/tags/b/", "/tags/c/"])
    assert links_of(site, "b") == (["/tags/a/"], [])
    (site / "content/terms/tag/a.md").write_text("---\ntitle: A\n---\n")
    assert told(cms) == []
    cms("build")
    assert links_of(site, "a") == ([], ["/tags/b/", "/tags/c/"])
    write_terms(site, a="b", b="", c="a")
    cms("build")
    assert links_of(site, "a") == (["/tags/b/"], ["/tags/c/"])
    assert cms("verify")[0] == 0


def test_a_term_above_itself_is_told_and_shown_without_one(site: Path, cms: Cms) -> None:
    write_terms(site, a="a")
    assert told(cms) == [("content.parent-loop", "content/terms/tag/a.md", 3, "parent: a -> a: stands above itself")]
    assert cms("build")[0] == 0
    assert links_of(site, "a") == ([], [])


def test_a_long_circle_is_told_once_with_terms_that_lead_into_it_and_pages_show_one_step_of_it(site: Path, cms: Cms) -> None:
    write_terms(site, c="a", a="b", b="c", leads="c")
    ((code, place, _, message),) = told(cms)
    assert (code, place) == ("content.parent-loop", "content/terms/tag/a.md")
    assert message.endswith(": a -> b -> c -> a")
    assert cms("build")[0] == 0
    assert links_of(site, "c") == (["/tags/a/"], ["/tags/b/", "/tags/leads/"])


def test_circle_in_a_translation_is_told_for_its_own_files(site: Path, cms: Cms) -> None:
    (site / "site.toml").write_text(
        SITE + '[[locales]]\ncode = "en"\n[[locales]]\ncode = "it"\n[[collection]]\nname = "terms"\npath = "content/terms"\n'
        'type = "term"\nlocale = "suffix"\n'
    )
    write_terms(site, a="b", b="")
    (site / "content/terms/tag/b.it.md").write_text("---\ntitle: Bi\nparent: a\n---\n")
    assert [row[0] for row in told(cms)] == ["content.parent-loop"]


def test_parent_that_is_not_there_is_told_and_no_link_is_empty(site: Path, cms: Cms) -> None:
    write_terms(site, tides="watre", water="")
    (site / "content/terms/tag/unused.md").write_text("---\ntitle: Unused\nparent: water\n---\n")
    assert told(cms) == [
        ("content.missing-parent", "content/terms/tag/tides.md", 3, 'parent: there is no tag "watre"; the term is shown without one')
    ]
    assert cms("check")[1]["problems"][0]["hint"] == 'Did you mean "water"?'
    cms("build")
    assert links_of(site, "tides") == ([], [])
    assert links_of(site, "water") == ([], [])
