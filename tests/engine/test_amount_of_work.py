"""What each kind of edit renders and writes, output for output: one page too many fails as one too few does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final

import pytest

from cms_ssg.paths import object_key
from tests.engine.siteonpage import Built, SiteOnPage
from tests.engine.worksite import SITE

POSTS = {"/news/a/", "/news/b/", "/sport/c/", "/news/d/", "/news/e/", "/news/f/"}
LISTS = {
    "/",
    "/page/1/",
    "/page/2/",
    "/news/",
    "/news/page/1/",
    "/sport/",
    "/tags/red/",
    "/authors/ada/",
    "/2025/01/",
    "/2025/02/",
    "/2025/03/",
}
TERMS = {"/tags/", "/archive/"}
PAGES = {"/about/", "/contact/"}
WITH_BASE = POSTS | LISTS | TERMS | PAGES
LISTS_OF_A = {"/page/1/", "/news/page/1/", "/tags/red/", "/authors/ada/", "/2025/01/"}
ABOVE_A = {"/", "/page/2/", "/news/"}
"""Pages of the lists of a that do not show it, but are cut where they are because of how many are below."""


@pytest.fixture
def site(built_site: Callable[[str], SiteOnPage]) -> SiteOnPage:
    return built_site(SITE)


def assert_work(
    site: SiteOnPage, built: Built, written: Iterable[str], same: Iterable[str] = (), gone: Iterable[str] = (), **clock: object
) -> None:
    """A build rendered and wrote, rendered for nothing, and removed just these; what it left is what a clean build makes."""
    assert built.rendered == {*written, *same}
    assert built.written == {object_key(path) for path in written}
    assert built.removed == {object_key(path) for path in gone}
    site.assert_clean(**clock)


def test_nothing_renders_nothing(site: SiteOnPage) -> None:
    built = site.build()
    assert_work(site, built, ())
    assert (built.result.planned, built.result.rendered, built.result.written) == (0, 0, 0)


UPDATES: Final = "SELECT n_tup_upd FROM pg_stat_user_tables WHERE relid = 'cms.sites'::regclass"
OTHERS: Final = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


def count_updates(site: SiteOnPage) -> int:
    """How often a site's row was updated since the database was made. What a connection did is counted once it has ended."""
    while site.query(OTHERS) != [(0,)]:
        time.sleep(0.01)
    return int(site.query(UPDATES)[0][0])


def test_nothing_renews_the_lease_only_where_it_writes(site: SiteOnPage) -> None:
    site.build()
    before = count_updates(site)
    site.build()
    assert 3 <= count_updates(site) - before <= 7, "the lease is taken, kept in two transactions and given back, and the clock is set"


# Entries


def test_body_renders_its_page_only(site: SiteOnPage) -> None:
    site.edit("content/posts/a.md", "Body of a", "Other body of a")
    assert_work(site, site.build(), {"/news/a/"})


def test_title_renders_what_shows_its_card_and_no_sitemap(site: SiteOnPage) -> None:
    site.edit("content/posts/a.md", "title: A", "title: Another")
    assert_work(site, site.build(), {"/news/a/", "/news/b/"} | LISTS_OF_A)


def test_summary_renders_what_shows_its_card(site: SiteOnPage) -> None:
    site.edit("content/posts/a.md", "Lead of a", "Other lead of a")
    assert_work(site, site.build(), {"/news/a/"} | LISTS_OF_A, same={"/news/b/"})


def test_date_within_the_order_renders_the_spans_it_is_in(site: SiteOnPage) -> None:
    site.edit("content/posts/b.md", "2025-01-02", "2025-01-03")
    shown = {"/news/b/", "/page/1/", "/news/page/1/", "/tags/red/", "/2025/01/", "/sitemap-2025-01-1.xml", "/sitemap.xml"}
    assert_work(site, site.build(), shown, same={"/news/a/", "/sport/c/", "/", "/page/2/", "/news/"})


def test_item_that_moves_renders_old_and_new_neighbours_and_the_pages_between(site: SiteOnPage) -> None:
    site.edit("content/posts/b.md", "2025-01-02", "2025-02-10")
    neighbours = {"/news/a/", "/news/b/", "/sport/c/", "/news/d/", "/news/e/"}
    lists = {"/page/1/", "/page/2/", "/news/", "/news/page/1/", "/tags/red/", "/2025/01/", "/2025/02/", "/feed.xml"}
    sitemaps = {"/sitemap-2025-01-1.xml", "/sitemap-2025-02-1.xml", "/sitemap.xml"}
    assert_work(site, site.build(), neighbours | lists | sitemaps, same={"/"})


def test_section_move_renders_both_sections_and_what_links_there(site: SiteOnPage) -> None:
    site.edit("content/posts/a.md", "section: news", "section: sport")
    lists = {"/page/1/", "/tags/red/", "/authors/ada/", "/2025/01/", "/news/", "/sport/"}
    written = {"/sport/a/", "/news/d/", "/news/page/1/", "/sitemap-2025-01-1.xml"} | lists
    assert_work(site, site.build(), written, same={"/news/b/", *ABOVE_A} - lists, gone={"/news/a/"})


def test_slug_removes_the_old_page_and_renders_what_links_there(site: SiteOnPage) -> None:
    site.edit("content/posts/a.md", "section: news", "section: news\nslug: alpha")
    written = {"/news/alpha/", "/news/d/", "/sitemap-2025-01-1.xml"} | LISTS_OF_A
    assert_work(site, site.build(), written, same={"/news/b/", *ABOVE_A}, gone={"/news/a/"})


def test_file_that_moves_with_its_slug_writes_nothing(site: SiteOnPage) -> None:
    site.edit("content/posts/c.md", "section: sport", "section: sport\nslug: c")
    site.build()
    site.move("content/posts/c.md", "content/posts/moved.md")
    built = site.build()
    assert built.written == built.removed == set()


def test_delete_renders_what_showed_it(site: SiteOnPage) -> None:
    site.delete("content/posts/b.md")
    neighbours = {"/news/a/", "/sport/c/"}
    lists = {"/", "/page/1/", "/news/", "/news/page/1/", "/tags/red/", "/2025/01/"}
    sitemaps = {"/sitemap-2025-01-1.xml", "/sitemap.xml"}
    assert_work(site, site.build(), neighbours | lists | sitemaps, gone={"/news/b/", "/page/2/"})


def test_retag_renders_both_tags_and_their_index(site: SiteOnPage) -> None:
    site.edit("content/posts/b.md", "[red]", "[blue]")
    written = {"/news/b/", "/tags/red/", "/tags/blue/", "/tags/", "/sitemap-lists-1.xml"}
    assert_work(site, site.build(), written, same={"/news/a/", "/sport/c/", "/page/1/", "/news/page/1/", "/2025/01/"})


def test_author_name_renders_the_author_and_what_names_them(site: SiteOnPage) -> None:
    site.edit("content/authors/ada.md", "title: Ada", "title: Ada Lovelace")
    assert_work(site, site.build(), {"/authors/ada/", "/news/a/", "/news/e/", "/feed.xml"})


def test_alias_writes_its_redirect_only(site: SiteOnPage) -> None:
    site.edit("content/posts/b.md", "tags:", "aliases: [/old-b/]\ntags:")
    assert_work(site, site.build(), {"/old-b/"}, same={"/news/b/"})


NEW = "---\ntitle: G\ndate: 2025-03-07\nsection: news\ndraft: true\n---\nLead of g.\n"
WITH_G = {
    "/news/g/",
    "/news/f/",
    "/",
    "/news/",
    "/news/page/1/",
    "/news/page/2/",
    "/2025/03/",
    "/feed.xml",
    "/sitemap-2025-03-1.xml",
    "/sitemap.xml",
}
"""The sixth article of a section fills its second archive page, to which the first one then links."""


def test_draft_renders_nothing_until_it_is_published(site: SiteOnPage) -> None:
    site.write_file("content/posts/g.md", NEW)
    assert_work(site, site.build(), ())
    site.edit("content/posts/g.md", "draft: true\n", "")
    assert_work(site, site.build(), WITH_G)


def test_clock_that_passes_a_time_renders_what_it_brings_and_back_what_it_takes(site: SiteOnPage) -> None:
    site.write_file("content/posts/g.md", NEW.replace("draft: true", "publish_at: 2026-04-01"))
    assert_work(site, site.build(), ())
    later = datetime(2026, 4, 2, tzinfo=UTC)
    assert_work(site, site.build(now=later), WITH_G, now=later)
    assert_work(site, site.build(), WITH_G - {"/news/g/", "/news/page/2/"}, gone={"/news/g/", "/news/page/2/"})


# What pages share


def test_menu_renders_every_page_that_shows_it(site: SiteOnPage) -> None:
    site.edit("site.toml", 'title = "About"', 'title = "Who we are"')
    assert_work(site, site.build(), WITH_BASE)


def test_template_renders_the_pages_made_with_it(site: SiteOnPage) -> None:
    site.edit("themes/plain/templates/entry.html", "{{ entry.title }}", "<h1>{{ entry.title }}</h1>")
    assert_work(site, site.build(), PAGES)


def test_included_template_renders_what_includes_it(site: SiteOnPage) -> None:
    site.edit("themes/plain/templates/footer.html", "the end", "the very end")
    assert_work(site, site.build(), WITH_BASE)


def test_imported_template_renders_what_calls_it(site: SiteOnPage) -> None:
    site.edit("themes/plain/templates/card.html", "{{ item.url }}", "<{{ item.url }}>")
    assert_work(site, site.build(), LISTS)


def test_template_put_before_another_renders_what_asked_for_it(site: SiteOnPage) -> None:
    site.write_file("themes/child/templates/terms.html", "terms")
    assert_work(site, site.build(), TERMS)


def test_template_nobody_asked_for_renders_nothing(site: SiteOnPage) -> None:
    site.write_file("themes/child/templates/unused.html", "edited")
    site.write_file("themes/child/templates/new.html", "new")
    assert_work(site, site.build(), ())


def test_more_special_template_renders_the_type_it_is_for(site: SiteOnPage) -> None:
    """Its absence was read by those that fell back to another."""
    site.write_file("themes/child/templates/page.html", "page")
    assert_work(site, site.build(), PAGES)


def test_parameter_renders_the_pages_that_read_it(site: SiteOnPage) -> None:
    site.edit("site.toml", 'motto = "one"', 'motto = "two"')
    assert_work(site, site.build(), {"/about/"})


def test_site_title_renders_what_shows_it(site: SiteOnPage) -> None:
    """Pages of entries may show it as the title of the feed."""
    site.edit("site.toml", 'title = "Work"', 'title = "Play"')
    assert_work(site, site.build(), {"/", "/page/1/", "/page/2/", "/feed.xml"}, same={*POSTS, *PAGES, "/old-d/"})


def test_key_of_a_data_file_renders_the_pages_that_read_that_key(site: SiteOnPage) -> None:
    site.edit("data/facts.yaml", "about: first", "about: other")
    assert_work(site, site.build(), {"/about/"})


def test_field_of_a_schema_that_nobody_uses_writes_nothing(site: SiteOnPage) -> None:
    site.write_file("content_schema/post.json", '{"properties": {"kicker": {"type": "string", "x-card": true}}}')
    assert_work(site, site.build(), (), same=POSTS)


def test_asset_renders_what_names_its_fingerprint(site: SiteOnPage) -> None:
    old = {"/" + key for key in site.tree() if key.startswith("assets/")}
    site.edit("themes/plain/assets/site.css", "black", "navy")
    built = site.build()
    new = {path for path in built.rendered if path.startswith("/assets/")}
    assert_work(site, built, WITH_BASE | new, gone=old)


def test_static_file_is_copied_changed_and_removed_alone(site: SiteOnPage) -> None:
    site.write_file("static/new.txt", "new")
    assert_work(site, site.build(), {"/new.txt"})
    site.write_file("static/new.txt", "other")
    assert_work(site, site.build(), {"/new.txt"})
    site.delete("static/new.txt")
    assert_work(site, site.build(), (), gone={"/new.txt"})


def test_builds_that_did_nothing_are_forgotten_once_a_thousand_came_after_them_and_no_other(site: SiteOnPage) -> None:
    nothing, something = (f'{{"status": "done", "rendered": {made}, "removed": 0}}' for made in (0, 1))
    add = """INSERT INTO cms.builds (site, clock, finished_at, result) SELECT %s, now(), now(), %s::jsonb FROM generate_series(1, %s) RETURNING id"""
    [(number, first)] = site.query("SELECT s.id, max(b.id) FROM cms.sites s JOIN cms.builds b ON b.site = s.id GROUP BY s.id")
    idle = [row[0] for row in site.query(add, number, nothing, 5)]
    busy = [row[0] for row in site.query(add, number, something, 3)]
    killed = [row[0] for row in site.query("INSERT INTO cms.builds (site, clock) VALUES (%s, now()) RETURNING id", number)]
    other = [row[0] for row in site.query(add, number + 1, nothing, 1)]
    site.query("INSERT INTO cms.releases (site, build) VALUES (%s, %s)", number, idle[0])
    site.query("UPDATE cms.sites SET held_by = %s", idle[1])
    newer = [row[0] for row in site.query(add, number, nothing, 990)]
    site.build()
    left = [row[0] for row in site.query("SELECT id FROM cms.builds WHERE id <= %s ORDER BY id", newer[-1])]
    assert left == [first, *idle, *busy, *killed, *other, *newer]
    site.query(add, number, nothing, 5)
    site.build()
    left = [row[0] for row in site.query("SELECT id FROM cms.builds WHERE id <= %s ORDER BY id", newer[-1])]
    assert left == [first, *idle[:2], *busy, *killed, *other, *newer]
