"""What an edit costs on a site of thousands of articles, with the theme that sites have: the pages that change, however many others there are."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from cms_ssg.paths import object_key
from tests.engine.siteonpage import SiteOnPage, wipe

MOST_HTML_PAGES = 20
WORK_PER_CHANGE = 1.2
"""Outputs rendered for each that changed, over a mix of content edits."""


def date_of(number: int) -> str:
    return f"{2020 + number % 5}-{1 + number % 12:02}-{1 + number % 28:02}"


def article(number: int, title: str, date: str = "", tag: int | None = None, lead: str = "Lead.", body: str = "Text.") -> str:
    """Every fourth is of one section; each is of one of 60 months, 50 tags and 30 authors, none of which fills a page by one more."""
    section = "news" if number % 4 == 0 else f"part-{number % 19}"
    day = date or date_of(number)
    names = f"section: {section}\ntags: [t{number % 50 if tag is None else tag}]\nauthors: [w{number % 30}]"
    return f"---\ntitle: {title}\ndate: {day}\n{names}\n---\n{lead} {number}.\n\n{body}\n"


@pytest.fixture(scope="module", params=[2_000, pytest.param(20_000, marks=pytest.mark.long)])
def site(request: pytest.FixtureRequest, engine_urls: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteOnPage]:
    """A built site; each test leaves nothing unbuilt."""
    wipe(engine_urls[0])
    site = SiteOnPage(tmp_path_factory.mktemp("large"), *engine_urls)
    site.write_file("site.toml", 'base_url = "https://a.org"\n')
    for number in range(request.param):
        site.write_file(f"content/posts/p{number:05}.md", article(number, f"Title {number}"))
    assert site.build(jobs=2).result.status == "done"
    yield site
    wipe(engine_urls[0])
    site.query("VACUUM")  # or the tests after it read through what these left


def test_new_article_renders_itself_its_neighbour_and_the_fronts_of_its_lists(site: SiteOnPage) -> None:
    count = len(list((site.root / "content/posts").iterdir()))
    newest = max(range(count), key=lambda number: (date_of(number), number))
    site.write_file("content/posts/new.md", article(0, "New", "2024-12-31", tag=1))
    built = site.build()
    html = {"/2024/12/new/", f"/2024/12/p{newest:05}/", "/", "/news/", "/tags/t1/", "/authors/w0/", "/2024/12/"}
    html |= {"/archive/", "/tags/", "/authors/", "/404.html"}  # they show counts, titles of the month, and what is newest
    feeds = {f"{at}{feed}" for at in ("/", "/news/", "/tags/t1/", "/authors/w0/") for feed in ("feed.xml", "atom.xml", "feed.json")}
    assert built.pages == html
    assert len(html) <= MOST_HTML_PAGES
    assert built.rendered == html | feeds | {"/sitemap-2024-12-1.xml", "/sitemap.xml"}
    assert built.written == {object_key(path) for path in built.rendered}


def test_title_of_an_old_article_renders_one_page_of_each_of_its_lists(site: SiteOnPage) -> None:
    number = 904
    site.write_file(f"content/posts/p{number:05}.md", article(number, "Other title"))
    built = site.build()
    neighbours = {path for path in built.pages if "/p0" in path or "/p1" in path}
    lists = {path.partition("page/")[0] for path in built.pages - neighbours}
    assert len(neighbours) == 6, "the two beside it, and those that it is related to"
    assert lists == {"/", "/news/", "/tags/t4/", "/authors/w4/", "/2024/05/"}
    assert len(built.pages) == 6 + len(lists)
    assert built.rendered == built.pages, "no feed, no sitemap"
    assert built.written == {object_key(path) for path in built.rendered}


def test_mix_of_edits_renders_little_that_does_not_change(site: SiteOnPage) -> None:
    """What editors do in a day: mostly words, titles, new articles; sometimes a tag, a date, a removal."""
    choose = random.Random(1)
    rendered = changed = 0
    for step, what in enumerate("body title new date lead tag new delete".split()):
        number = choose.randrange(1_000)
        file, title = f"content/posts/p{number:05}.md", f"Title {number}"
        if what == "body":
            site.write_file(file, article(number, title, body="Better text."))
        elif what == "title":
            site.write_file(file, article(number, f"Title of step {step}"))
        elif what == "lead":
            site.write_file(file, article(number, title, lead="Better lead."))
        elif what == "tag":
            site.write_file(file, article(number, title, tag=number % 50 + 1))
        elif what == "new":
            site.write_file(f"content/posts/n{step}.md", article(number, f"New {step}", f"2025-01-{step + 1:02}"))
        elif what == "date":
            site.edit(f"content/posts/n{step - 1}.md", f"2025-01-{step:02}", f"2025-01-{step + 1:02}")
        elif what == "delete":
            site.delete(f"content/posts/n{step - 1}.md")
        built = site.build()
        rendered += len(built.rendered)
        changed += len(built.written) + len(built.removed)
    assert changed > 100
    assert rendered <= changed * WORK_PER_CHANGE, f"{rendered} rendered, {changed} changed"
