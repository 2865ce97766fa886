"""Live blogs: updates as rows, archives from the oldest, the log that open pages follow, and what is refused."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from cms_ssg.errors import CmsError
from cms_ssg.store.revisions import list_acts
from cms_ssg.verticals.news import commands
from cms_ssg.verticals.news.live import EVENTS, UPDATES
from tests.engine.siteonpage import NOW, SiteOnPage
from tests.verticals.news.newsroom import assert_clean, opened, read_json

PAGE, NOW_FILE = "/live/storm/", "/fragments/live/storm/now.json"


@pytest.fixture
def site(newsroom: SiteOnPage) -> SiteOnPage:
    """The newsroom, built, with its live blog begun."""
    with opened(newsroom) as found:
        commands.start_live(found, "storm")
    return newsroom


def post(site: SiteOnPage, *texts: str) -> None:
    with opened(site) as found:
        for text in texts:
            commands.post_live(found, "storm", text)


def page(site: SiteOnPage, name: str = "live/storm") -> str:
    return (site.output / name / "index.html").read_text("utf-8")


def test_a_post_makes_the_live_page_and_the_newest_file_of_the_log_and_nothing_else(site: SiteOnPage) -> None:
    site.build()
    post(site, "The **first**")
    assert site.build().rendered == {PAGE, NOW_FILE}
    assert "<strong>first</strong>" in page(site)
    assert '"@type":"LiveBlogPosting"' in page(site)
    assert '"liveBlogUpdate":[{"@type":"BlogPosting","headline":"The first"' in page(site)
    post(site, *(f"update {n}" for n in range(2, UPDATES * 2)))
    site.build()
    assert not (site.output / "live/storm/1/index.html").exists()
    post(site, "one more")
    built = site.build()
    assert {PAGE, NOW_FILE, "/live/storm/1/"} <= built.rendered
    assert len(built.written) <= 4
    assert "<strong>first</strong>" in page(site, "live/storm/1")
    assert "<strong>first</strong>" not in page(site)
    assert 'href="/live/storm/1/"' in page(site)
    assert_clean(site)


def test_a_full_file_of_the_log_stays_as_it_is_whatever_is_posted(site: SiteOnPage) -> None:
    post(site, *(f"update {n}" for n in range(EVENTS * 2)))
    site.build()
    before = read_json(site, "fragments/live/storm/1.json")
    assert [event["event"] for event in before["events"]] == list(range(1, EVENTS + 1))
    post(site, *(f"more {n}" for n in range(25)))
    site.build()
    assert read_json(site, "fragments/live/storm/1.json") == before
    now = read_json(site, "fragments/live/storm/now.json")
    assert now["files"] * EVENTS + 1 == now["events"][0]["event"]
    assert now["events"][-1]["event"] == EVENTS * 2 + 25


def test_what_was_corrected_or_deleted_stands_nowhere_any_more(site: SiteOnPage) -> None:
    post(site, "Mr Wrong did it", "libel", *(f"update {n}" for n in range(45)))
    site.build()
    with opened(site) as found:
        commands.edit_live(found, "storm", 1, "Mr Right did it")
        commands.delete_live(found, "storm", 2)
    site.build()
    published = b"".join(site.tree().values())
    assert b"Mr Right did it" in published
    assert b"Mr Wrong" not in published
    assert b"libel" not in published
    assert 'class="meta">Updated' in page(site, "live/storm/1")
    last = read_json(site, "fragments/live/storm/now.json")["events"][-2:]
    assert [(event["action"], event["position"], "html" in event) for event in last] == [("edit", 1, True), ("delete", 2, False)]
    assert_clean(site)


def test_the_audit_names_what_was_posted_changed_and_deleted(site: SiteOnPage) -> None:
    with opened(site) as found:
        commands.post_live(found, "storm", "The wall broke", author="ada")
        commands.edit_live(found, "storm", 1, "The wall holds", author="bob")
        commands.delete_live(found, "storm", 1)
        acts = [(act.kind, act.author, act.what) for act in list_acts(found.connection, found.number) if "post" in act.kind]
    what = "update 1 of content/live/storm.md"
    assert acts == [("delete post", "bob", what), ("change post", "bob", what), ("post", "ada", what)]


def test_a_pin_keeps_an_update_at_the_top(site: SiteOnPage) -> None:
    post(site, "key fact", "other")
    with opened(site) as found:
        commands.pin_live(found, "storm", 1)
    assert site.build().rendered >= {PAGE, NOW_FILE}
    assert page(site).index('data-pin="1"') < page(site).index('id="u2"') < page(site).index('id="u1"')
    with opened(site) as found:
        commands.pin_live(found, "storm", 1, off=True)
    site.build()
    assert "data-pin" not in page(site)
    assert_clean(site)


def test_states_are_shown_and_an_ended_blog_takes_no_more(site: SiteOnPage) -> None:
    for run, mark in ((commands.pause_live, "Paused"), (commands.end_live, "Ended")):
        with opened(site) as found:
            run(found, "storm")
        site.build()
        assert f">{mark}</span>" in page(site)
    assert "live.js" not in page(site)
    with pytest.raises(CmsError, match="has ended"):
        post(site, "too late")
    with pytest.raises(psycopg.errors.CheckViolation, match="has ended"):
        site.query("INSERT INTO cms.live_blog_updates (live_blog_id, content) SELECT live_blog_id, '{}' FROM cms.live_blogs")
    with opened(site) as found:
        commands.start_live(found, "storm")
    post(site, "on we go")
    site.build()
    assert "on we go" in page(site)
    assert_clean(site)


def test_what_is_inserted_by_sql_with_nothing_but_a_text_is_shown(site: SiteOnPage) -> None:
    site.query(
        """INSERT INTO cms.live_blog_updates (live_blog_id, content) SELECT live_blog_id, '{"markdown": "by *hand*"}' FROM cms.live_blogs"""
    )
    site.build()
    assert "by <em>hand</em>" in page(site)


def test_a_live_blog_whose_post_goes_takes_its_pages_along_and_brings_them_back(site: SiteOnPage) -> None:
    post(site, *(f"update {n}" for n in range(45)))
    site.build()
    before = site.tree()
    site.edit("content/live/storm.md", "title:", "draft: true\ntitle:")
    site.build()
    assert not (site.output / "live").exists()
    assert not (site.output / "fragments/live").exists()
    assert_clean(site)
    site.edit("content/live/storm.md", "draft: true\n", "")
    site.build()
    assert site.tree() == before
    with opened(site) as found:
        assert "not published" not in commands.start_live(found, "storm")
    (site.root / "content/live/storm.md").unlink()
    site.build()
    assert not (site.output / "live").exists()
    with opened(site) as found:
        assert "Its page is not published" in commands.post_live(found, "storm", "Nobody reads this")
    with pytest.raises(CmsError, match="no live blog 'storm'"), opened(site) as found:
        commands.start_live(found, "storm")


def test_a_renamed_live_blog_keeps_its_updates(site: SiteOnPage) -> None:
    post(site, *(f"update {n}" for n in range(45)))
    site.build()
    site.edit("content/live/storm.md", "title:", "slug: hurricane\ntitle:")
    site.build()
    assert "update 44" in page(site, "live/hurricane")
    assert "update 0" in page(site, "live/hurricane/1")
    assert not (site.output / "live/storm").exists()
    assert_clean(site)


def test_markup_of_an_update_is_sanitized_in_markdown_and_in_blocks(site: SiteOnPage) -> None:
    bad = '<script>alert(1)</script><img src=x onerror="alert(2)"> [x](javascript:alert(3)) <a href="javascript:alert(4)">y</a> <b>bold</b>'
    blocks = (
        '{"blocks": [{"type": "heading", "text": "<i>H"}, {"type": "quote", "text": "Q", "cite": "<u>C"},'
        ' {"type": "image", "src": "/a.png", "alt": "\\"><script>"}, {"type": "image", "src": "javascript:alert(5)"}, {"type": "text", "text": "plain"}]}'
    )
    post(site, bad)
    site.query("INSERT INTO cms.live_blog_updates (live_blog_id, content) SELECT live_blog_id, %s::jsonb FROM cms.live_blogs", blocks)
    site.query(
        "INSERT INTO cms.live_blog_updates (live_blog_id, content) SELECT live_blog_id, '{\"blocks\": [7, {}]}'::jsonb FROM cms.live_blogs"
    )
    assert site.build().result.status == "done"
    shown = page(site).partition('id="live-updates"')[2].partition("</section>")[0]
    for text in ("<script", "onerror=", 'href="javascript', 'src="javascript', "<i>H"):
        assert text not in shown, text
    assert "<b>bold</b>" in shown
    assert "<h4>&lt;i&gt;H</h4>" in shown
    assert '<img src="/a.png" alt="&quot;&gt;&lt;script&gt;" loading="lazy">' in shown
    assert_clean(site)


REFUSED: tuple[tuple[Callable[..., Any], tuple[Any, ...], str], ...] = (
    (commands.start_live, ("nope",), "news.no-post"),
    (commands.start_live, ("bridge",), "news.no-post"),
    (commands.post_live, ("nope", "x"), "live.not-found"),
    (commands.post_live, ("storm\0", "  \n"), "live.empty"),
    (commands.post_live, ("storm", "x" * 20_001), "live.too-long"),
    (commands.post_live, ("storm", "a\0b"), "live.content"),
    (commands.edit_live, ("storm", 7, "x"), "live.no-update"),
    (commands.edit_live, ("storm", -(2**70), "x"), "live.no-update"),
    (commands.delete_live, ("storm", 2**70), "live.no-update"),
    (commands.pin_live, ("storm", 0), "live.no-update"),
    (commands.end_live, ("nope",), "live.not-found"),
)


def test_what_cannot_be_done_is_refused_in_words(site: SiteOnPage) -> None:
    with opened(site) as found:
        for run, values, code in REFUSED:
            with pytest.raises(CmsError) as caught:
                run(found, *values)
            assert caught.value.problems[0].code == code
            assert caught.value.problems[0].hint, code


def test_random_writing_ends_in_what_a_clean_build_makes(site: SiteOnPage) -> None:
    chance = random.Random(11)
    for step in range(4):
        with opened(site) as found:
            for number in range(chance.randint(1, 25)):
                known = site.query("SELECT position FROM cms.live_blog_updates WHERE deleted_at IS NULL ORDER BY position")
                action = chance.random()
                if action < 0.7 or not known:
                    commands.post_live(found, "storm", f"text {step} {number}", important=action < 0.1)
                elif action < 0.82:
                    commands.edit_live(found, "storm", chance.choice(known)[0], f"edited {step} {number}")
                elif action < 0.92:
                    commands.delete_live(found, "storm", chance.choice(known)[0])
                else:
                    commands.pin_live(found, "storm", chance.choice(known)[0], off=chance.random() < 0.3)
        if chance.random() < 0.2:
            site.query("DELETE FROM cms.live_blog_updates WHERE position = 3")
        site.build()
        events = site.query("SELECT event FROM cms.live_blog_events ORDER BY event")
        assert [event for (event,) in events] == list(range(1, len(events) + 1))
    assert_clean(site)


def test_the_sitemap_for_news_has_stories_of_two_days_by_the_clock(site: SiteOnPage) -> None:
    def titles(hours: int) -> list[str]:
        site.build(now=NOW + timedelta(hours=hours))
        text = (site.output / "news-sitemap.xml").read_text("utf-8")
        return [title for title in ("Storm", "Bridge closed", "The final", "On bridges") if f"<news:title>{title}</news:title>" in text]

    assert titles(0) == ["Storm", "Bridge closed"]
    assert titles(22) == ["Storm"]
    assert titles(24) == []
    assert titles(-20) == ["Storm", "Bridge closed", "The final"]
    assert_clean(site, now=NOW + timedelta(hours=-20))
