"""What was probably meant: links, images and authors that are nearly right, and content by its title where a path is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.small_site import Cms


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[x](rian.md)", 'Did you mean "rain.md"?'),
        ("[x](/abuot/)", 'Did you mean "/about/"?'),
        ("[x](../about.md)", 'Did you mean "../pages/about.md"?'),
        ("[x](about.md#team)", 'Did you mean "../pages/about.md"?'),
        ("![x](/Images/Map.PNG)", 'Did you mean "/images/map.png"?'),
        ("![x](images/map.png)", 'Did you mean "/images/map.png"?'),
        ("[x](soon.md)", "content/posts/soon.md is there, but has no page now: cms why content/posts/soon.md"),
        ("[x](quite-another.md)", "Links may name a content file, a path of this site, or a file in static/."),
        ("[x](ref:post:rian)", "References are written ref:type:slug."),
        ("[x](the-long-way-hom.md)", 'Did you mean "the-long-way-home.md"?'),
        ("![x](/images/mop2.png)", "Put it beside the entry's index.md, or in static/."),
        ("![x](/images/photo.png)", "Put it beside the entry's index.md, or in static/."),
    ],
)
def test_what_leads_nowhere_has_the_nearest_target_as_its_hint(site: Path, cms: Cms, text: str, hint: str) -> None:
    (site / "content/posts/flood.md").write_text(f"---\ntitle: Flood\ndate: 2025-03-01\n---\n{text}\n")
    (site / "content/posts/rain.md").write_text("---\ntitle: Rain\ndate: 2025-03-02\n---\n")
    (site / "content/posts/the-long-way-home.md").write_text("---\ntitle: Home\ndate: 2025-03-02\n---\n")
    (site / "content/posts/soon.md").write_text("---\ntitle: Soon\ndate: 2025-03-02\ndraft: true\n---\n")
    (site / "static/images").mkdir(parents=True)
    (site / "static/images/map.png").write_bytes(b"no matter")
    (problem,) = [p for p in cms("check")[1]["problems"] if p["code"].startswith("content.dangling")]
    assert (problem["place"], problem["line"], problem["hint"]) == ("content/posts/flood.md", 5, hint)


def test_author_who_is_a_draft_is_to_be_published_and_not_made_again(site: Path, cms: Cms) -> None:
    cms("new", "author", "Ada", "--publish")
    cms("new", "author", "Jürgen Müller")
    (site / "content/posts/flood.md").write_text("---\ntitle: Flood\ndate: 2025-03-01\nauthors: [Ada, Jürgen Müller]\n---\n")
    (problem,) = [p for p in cms("check")[1]["problems"] if p["code"] == "content.missing-author"]
    assert problem["hint"] == "cms publish content/authors/jürgen-müller.md"
    cms("publish", "jürgen-müller")
    assert [p for p in cms("check")[1]["problems"] if p["code"] == "content.missing-author"] == []


def test_why_finds_content_by_a_slug_or_a_part_of_its_title_as_other_commands_do(site: Path, cms: Cms) -> None:
    (site / "content/posts/flood.md").write_text("---\ntitle: The great Flut\nslug: deluge\ndate: 2025-03-01\n---\n")
    cms("build")
    for asked in ("deluge", "great flut", "flood.md"):
        code, result, _ = cms("why", asked)
        assert (code, [output["path"] for output in result["outputs"]]) == (0, ["/2025/03/deluge/"])
    code, result, _ = cms("why", "later")
    assert (code, result["problems"][0]["code"]) == (1, "why.no-page")
    code, result, _ = cms("why", "nosuch")
    assert (code, result["problems"][0]["code"]) == (1, "why.unknown")


def test_why_shows_a_page_before_the_aliases_that_lead_to_it_and_says_how_an_alias_went(site: Path, cms: Cms) -> None:
    cms("build")
    cms("move", "flood", "--slug", "water")
    cms("build")
    assert [output["kind"] for output in cms("why", "water")[1]["outputs"]] == ["entry", "redirect"]
    cms("trash", "water")
    cms("build")
    assert cms("why", "/2025/03/flood/")[1]["removed"]["reason"].startswith("nothing sends visitors on from here any more")
    assert "is in the trash" in cms("why", "/2025/03/water/")[1]["removed"]["reason"]
