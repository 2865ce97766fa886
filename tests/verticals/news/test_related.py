"""Related stories: the same boxes whatever the order of the import, few changed boxes for a new story, what people say first."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from cms_ssg.errors import CmsError
from cms_ssg.verticals.news import related
from tests.engine.siteonpage import SiteOnPage, assert_same
from tests.verticals.news.newsroom import SITE, assert_clean, opened

WORDS = "bridge harbour tram storm council budget school river market strike goal keeper opera museum library tax rent wind".split()
COUNT = 48


def make_stories(chance: random.Random) -> dict[str, str]:
    """Files of generated stories by name."""
    stories = {}
    for number in range(COUNT):
        words = chance.choices(WORDS, k=14)
        tags = ", ".join(sorted({chance.choice(WORDS[:6]), chance.choice(WORDS[6:12])}))
        section = chance.choice(["City", "Sport", "Culture"])
        date = f"2026-01-{1 + number // 4:02} {number % 4:02}:00"
        front = f"title: {' '.join(words[:3])} {number}\ndate: {date}\nsection: {section}\ntags: [{tags}]"
        stories[f"content/articles/s{number:03}.md"] = f"---\n{front}\n---\n{' '.join(words)}.\n"
    return stories


def boxes(site: SiteOnPage) -> dict[str, list[str]]:
    """What each story's box has, by file."""
    rows = site.query(
        "SELECT e.source_key, f.source_key FROM cms.content_relationships c JOIN cms.entries e ON e.id = c.content_id"
        " JOIN cms.entries f ON f.id = c.related_content_id WHERE NOT c.is_manual ORDER BY 1, c.relevance_score DESC, 2"
    )
    found: dict[str, list[str]] = {}
    for one, other in rows:
        found.setdefault(one, []).append(other)
    return found


def test_an_import_in_any_order_gives_the_same_boxes(make_site: Callable[[str], SiteOnPage]) -> None:
    chance = random.Random(3)
    stories = make_stories(chance)
    site = make_site(SITE)
    names = list(stories)
    chance.shuffle(names)
    for part in (names[:25], names[25:26], names[26:]):
        for name in part:
            site.write_file(name, stories[name])
        site.build()
    clean = site.build_clean()
    assert boxes(site) == boxes(clean)
    assert_same(site.tree(), clean.tree())
    assert max(map(len, boxes(site).values())) == 20


@pytest.mark.long
def test_edits_that_matter_and_a_story_that_goes_give_the_boxes_of_a_clean_build(make_site: Callable[[str], SiteOnPage]) -> None:
    stories = make_stories(random.Random(3))
    site = make_site(SITE)
    names = list(stories)
    for name in names:
        site.write_file(name, stories[name])
    site.build()
    for name in names[:6]:
        site.edit(name, "section: ", "section: New")
    site.edit(names[7], "date: 2026-01", "date: 2025-12")
    site.delete(names[8])
    site.build()
    clean = site.build_clean()
    assert boxes(site) == boxes(clean)
    assert_same(site.tree(), clean.tree())


@pytest.mark.long
def test_a_new_story_changes_twenty_other_boxes_at_most(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SITE)
    for name, text in make_stories(random.Random(4)).items():
        site.write_file(name, text)
    site.build()
    site.write_file(
        "content/articles/new.md",
        "---\ntitle: bridge harbour storm\ndate: 2026-02-28 13:00\nsection: City\ntags: [bridge]\n---\nThe tram.\n",
    )
    built = site.build()
    pages = {path for path in built.pages if path.startswith(("/city/2026/", "/sport/2026/", "/culture/2026/", "/newcity/"))}
    assert 1 < len(pages) <= 21
    assert_clean(site)


def test_what_people_say_comes_first_and_no_rule_takes_it_away(newsroom: SiteOnPage) -> None:
    site = newsroom
    with opened(site) as found:
        assert related.add_related(found, "final", "/city/2026/02/bridge/", kind="background", both=True)
        assert related.add_related(found, "bridge", "bridges")
    assert site.build().pages == {"/sport/2026/02/final/", "/city/2026/02/bridge/"}
    page = (site.output / "sport/2026/02/final/index.html").read_text("utf-8")
    assert "Bridge closed" in page.partition("related-title")[2]
    site.edit("content/articles/final.md", "They won.", "They lost.")
    site.build()
    with opened(site) as found:
        found.connection.execute("SELECT cms.generate_related_content(id) FROM cms.entries WHERE fields ->> 'slug' = 'final'")
        told = related.explain_related(found, "final")
        assert [(row["score"], row["kind"], row["found_by"]) for row in told][:1] == [("said", "background", "a person")]
        for call, code in (
            (lambda: related.add_related(found, "final", "final"), "related.itself"),
            (lambda: related.add_related(found, "final", "bridge"), "related.twice"),
            (lambda: related.add_related(found, "final", "storm", kind="cousin"), "related.kind"),
            (lambda: related.add_related(found, "final", "nope"), "news.no-post"),
            (lambda: related.remove_related(found, "storm", "bridge"), "related.not-said"),
        ):
            with pytest.raises(CmsError) as caught:
                call()
            assert (caught.value.problems[0].code, bool(caught.value.problems[0].hint)) == (code, True)
        related.remove_related(found, "final", "bridge")
    assert site.build().pages == {"/sport/2026/02/final/"}


def test_weights_change_by_the_command_alone_and_then_everything_is_found_again(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SITE)
    for name, text in make_stories(random.Random(5)).items():
        site.write_file(name, text)
    site.build()
    before = boxes(site)
    with opened(site) as found:
        assert "words weighed" in related.weigh_related(found)
    assert site.build().pages
    weighed = boxes(site)
    assert weighed != before
    with opened(site) as found:
        related.weigh_related(found)
    assert site.build().pages == set()
    assert boxes(site) == weighed


def test_scores_are_those_of_the_formula(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SITE)
    for name, text in make_stories(random.Random(6)).items():
        site.write_file(name, text)
    site.build()
    with opened(site) as found:
        related.weigh_related(found)
        found.connection.execute("UPDATE cms.related_stories SET weights[1] = 0, section = '' WHERE entry % 7 = 0")
        found.connection.execute(
            "DELETE FROM cms.related_terms t USING cms.related_stories s WHERE t.entry = s.entry AND s.section = '' AND term LIKE 's:%%'"
        )
        numbers = [row[0] for row in found.connection.execute("SELECT entry FROM cms.related_stories")]
        found.connection.execute("SELECT cms.relate_stories(%s::bigint[], 250, 350, 400)", (numbers,))
    rows = site.query("SELECT entry, at, key, section, tags, words, weights FROM cms.related_stories ORDER BY at, key")
    expected = {row[0]: find_best(rows, place, (250, 350, 400)) for place, row in enumerate(rows)}
    made: dict[int, list[tuple[int, int]]] = {row[0]: [] for row in rows}
    for one, other, score in site.query(
        "SELECT content_id, related_content_id, (relevance_score * 10000)::int FROM cms.content_relationships c JOIN cms.related_stories s"
        " ON s.entry = c.related_content_id ORDER BY 1, 3 DESC, s.at DESC, s.key DESC"
    ):
        made[one].append((other, score))
    assert made == expected


def find_best(rows: Sequence[tuple[Any, ...]], place: int, shares: tuple[int, int, int]) -> list[tuple[int, int]]:
    """What the story at a place is related to, by the words of docs/news.md. rows: all stories, the oldest first."""

    def list_terms(row: tuple[Any, ...]) -> set[str]:
        return {f"s:{row[3]}" for _ in row[3][:1]} | {f"t:{tag}" for tag in row[4]} | {f"w:{word}" for word in row[5]}

    own, candidates = rows[place], set()
    for term in list_terms(own):
        with_it = [number for number in range(place) if term in list_terms(rows[number])]
        candidates.update(with_it[-40:])
    scored = []
    for number in candidates:
        other = rows[number]
        weights = [dict(zip(row[5], row[6], strict=True)) for row in (own, other)]
        total = sum(own[6]) + sum(other[6])
        text = sum(min(weights[0][word], weights[1][word]) for word in weights[0].keys() & weights[1].keys())
        tags = len(set(own[4]) & set(other[4]))
        score = shares[0] * 20 * tags // (len(own[4]) + len(other[4])) if own[4] or other[4] else 0
        score += shares[1] * 10 if own[3] and own[3] == other[3] else 0
        score += shares[2] * 20 * text // total if total else 0
        if score:
            scored.append((min(score, 10000), number))
    return [(rows[number][0], score) for score, number in sorted(scored, reverse=True)[:20]]


def test_ten_thousand_tags_on_one_story_are_no_trouble(newsroom: SiteOnPage) -> None:
    site = newsroom
    site.write_file(
        "content/articles/tags.md", f"---\ntitle: Tags\ndate: 2026-02-01\ntags: [{', '.join(f't{n}' for n in range(10_000))}]\n---\n"
    )
    (problem,) = site.build().result.problems
    assert (problem.code, problem.line) == ("content.front-matter-size", 1)
