"""Two things want one address: who has it follows from what there is, never from who came first, and the other one is told."""

from __future__ import annotations

import pytest

from tests.engine.odd_site import check_site, errors, say
from tests.engine.siteonpage import SiteOnPage, database

POST = "---\ntitle: {title}\ndate: {date}\nslug: b\n---\n{title}.\n"


def told(site: SiteOnPage) -> list[str]:
    """What a build says, which check and plan say too."""
    from cms_ssg.build import plan

    with database(site.url):
        planned = plan(site.root, site.options).problems
    found = [
        [say(p) for p in problems if p.code in ("content.path-taken", "content.described-twice")]
        for problems in (planned, check_site(site), site.build().result.problems)
    ]
    assert found[0] == found[1] == found[2]
    return found[0]


@pytest.mark.parametrize(("date", "winner"), [("2025-01-02 09:00", "Second"), ("2025-01-01 23:00", "New")])
def test_of_two_entries_the_earlier_date_has_the_address(site: SiteOnPage, date: str, winner: str) -> None:
    site.write_file("content/posts/a-new.md", POST.format(title="New", date=date))
    loser = {"Second": "content/posts/a-new.md:4", "New": "content/posts/b.md:0"}[winner]
    if winner == "New":
        site.write_file("content/posts/b.md", POST.format(title="Second", date="2025-01-01 23:30"))
        loser = "content/posts/b.md:4"
    assert told(site) == [f"{loser} content.path-taken"]
    page = "2025/01/b/index.html"
    assert winner in site.tree()[page].decode()
    site.assert_clean()
    site.edit("content/posts/a-new.md", date, "2025-01-20")
    assert "earlier date" in next(p.message for p in site.build().result.problems if p.code == "content.path-taken")
    assert "Second" in site.tree()[page].decode()
    site.assert_clean()
    site.edit("content/posts/a-new.md", "2025-01-20", "2025-01-01 12:00")
    site.build()
    assert "New" in site.tree()[page].decode()
    site.assert_clean()


def test_of_two_entries_without_a_date_the_first_by_name_has_the_address_and_both_come_before_one_with_a_date(site: SiteOnPage) -> None:
    site.write_file("content/pages/a.md", "---\ndate: 2020-01-01\npath: /about/\n---\nDated.\n")
    assert told(site) == ["content/pages/a.md:3 content.path-taken"]
    assert b"All about it" in site.tree()["about/index.html"]
    site.write_file("content/pages/aa.md", "---\npath: /about/\n---\nFirst.\n")
    assert told(site) == ["content/pages/about.md:0 content.path-taken", "content/pages/a.md:3 content.path-taken"]
    assert b"First" in site.tree()["about/index.html"]
    site.assert_clean()


OWN = {"/sitemap.xml": b"<sitemapindex", "/robots.txt": b"User-agent", "/404.html": b"<html", "/feed.xml": b"<rss"}


@pytest.mark.parametrize("how", ["path: {}", "aliases: [{}]"])
def test_no_page_and_no_alias_takes_what_robots_and_readers_ask_for(site: SiteOnPage, how: str) -> None:
    for number, path in enumerate(OWN):
        site.write_file(f"content/pages/p{number}.md", f"---\n{how.format(path)}\n---\nMine.\n")
    assert sorted(told(site)) == [f"content/pages/p{number}.md:2 content.path-taken" for number in range(4)]
    tree = site.tree()
    assert all(start in tree[path[1:]] for path, start in OWN.items())
    assert not any(b"Mine." in data for path, data in tree.items() if path[:2] != "p0" and f"/{path}" in OWN)
    site.assert_clean()
    site.write_file("site.toml", (site.root / "site.toml").read_text() + "feeds = []\n")
    assert "content/pages/p3.md:2 content.path-taken" not in told(site)
    assert b"<rss" not in site.tree()["feed.xml"]
    site.assert_clean()


def test_no_page_takes_the_feed_of_a_list_or_a_part_of_the_sitemap(site: SiteOnPage) -> None:
    toml = (site.root / "site.toml").read_text()
    site.write_file("site.toml", toml + 'feeds = ["rss", "json"]\n')
    for number, path in enumerate(
        ("/tags/x/feed.xml", "/feed.json", "/it/sitemap-2025-01-1.xml", "/sitemap-pages-1.xml", "/tags/x/atom.xml", "/sitemap-x.xml")
    ):
        site.write_file(f"content/pages/p{number}.md", f"---\npath: {path}\n---\nMine.\n")
    assert sorted(told(site)) == [f"content/pages/p{number}.md:2 content.path-taken" for number in range(4)]
    tree = site.tree()
    assert b"<urlset" in tree["sitemap-pages-1.xml"]
    assert b"Mine." in tree["tags/x/atom.xml"]
    site.assert_clean()


def test_a_file_of_static_takes_the_place_of_what_the_site_makes_and_one_beside_content_does_not(site: SiteOnPage) -> None:
    site.write_file("static/robots.txt", "own")
    site.write_file("content/pages/sitemap.xml", "own")
    assert told(site) == ["content/pages/sitemap.xml:0 content.path-taken"]
    assert site.tree()["robots.txt"] == b"own"
    assert b"<sitemapindex" in site.tree()["sitemap.xml"]
    site.assert_clean()


def test_a_redirect_of_the_settings_gives_way_to_a_feed_with_a_warning(site: SiteOnPage) -> None:
    site.write_file(
        "site.toml",
        (site.root / "site.toml").read_text() + '[redirects]\n"/feed.xml" = "/about/"\n"/tags/" = "/about/"\n"/x/" = "/about/"\n',
    )
    assert told(site) == ["site.toml:0 content.path-taken"] * 2
    assert b"<rss" in site.tree()["feed.xml"]
    assert b"/about/" in site.tree()["x/index.html"]
    site.assert_clean()


def test_an_alias_gives_way_to_an_index_and_to_the_home_page_while_there_is_one(site: SiteOnPage) -> None:
    site.edit("content/pages/about.md", "title: About", "title: About\naliases: [/tags/, /authors/, /]")
    assert told(site) == ["content/pages/about.md:3 content.path-taken"] * 2
    tree = site.tree()
    assert b"/about/" in tree["authors/index.html"], "no post names an author"
    assert b'http-equiv="refresh"' not in tree["tags/index.html"] + tree["index.html"]
    site.assert_clean()
    site.edit("content/posts/a.md", "tags: [red]", "authors: [ada]")
    assert told(site) == ["content/pages/about.md:3 content.path-taken"] * 2
    assert b'http-equiv="refresh"' in site.tree()["tags/index.html"]
    assert b'http-equiv="refresh"' not in site.tree()["authors/index.html"]
    site.assert_clean()


def test_a_page_at_the_address_of_an_index_is_told_until_the_settings_say_so(site: SiteOnPage) -> None:
    site.write_file("content/pages/tags.md", "# My tags\n")
    assert told(site) == ["content/pages/tags.md:0 content.path-taken"]
    assert errors(site.build()) == []
    site.write_file("site.toml", (site.root / "site.toml").read_text() + '[taxonomies.tag]\nindex = ""\n')
    assert told(site) == []
    site.assert_clean()


TERM = "---\ntitle: Red things\naliases: [/crimson/, /tags/red/]\n---\n"


def test_aliases_of_a_term_and_of_an_author_lead_to_their_lists(site: SiteOnPage) -> None:
    site.write_file("content/terms/tag/red.md", TERM)
    site.write_file("content/authors/ada.md", "---\nname: Ada\naliases: /people/ada\n---\n")
    site.edit("content/posts/a.md", "tags: [red]", "tags: [red]\nauthors: [ada]")
    site.edit("content/pages/about.md", "All about it.", "[Red](/crimson/)")
    assert told(site) == []
    tree = site.tree()
    assert b"url=https://odd.example/tags/red/" in tree["crimson/index.html"]
    assert b"url=https://odd.example/authors/ada/" in tree["people/ada/index.html"]
    assert b'href="/tags/red/"' in tree["about/index.html"]
    site.assert_clean()
    site.edit("content/posts/a.md", "tags: [red]\nauthors: [ada]", "tags: [blue]")
    site.build()
    assert b"url=https://odd.example/tags/" in site.tree()["crimson/index.html"], "nothing has the tag, so its index"
    assert b"tags/red" not in site.tree()["crimson/index.html"]
    site.assert_clean()


def test_two_files_that_describe_one_term_are_told(site: SiteOnPage) -> None:
    site.write_file("content/terms/tag/red.md", TERM)
    site.write_file("content/terms/tag/scarlet.md", "---\nslug: red\n---\n")
    assert told(site) == ["content/terms/tag/scarlet.md:0 content.described-twice"]


def test_a_redirect_as_content_sends_old_paths_on(site: SiteOnPage) -> None:
    site.write_file(
        "site.toml", (site.root / "site.toml").read_text() + '[[collection]]\nname = "moved"\npath = "content/moved"\ntype = "redirect"\n'
    )
    for name, to in {"a": "/about/", "b": "post:b", "c": "content/posts/a.md", "d": "https://example.org/x"}.items():
        site.write_file(f"content/moved/{name}.md", f"---\nfrom: [/old/{name}, /old/{name}.html]\nto: {to}\n---\n")
    assert told(site) == []
    leads = {
        "a": "https://odd.example/about/",
        "b": "https://odd.example/2025/01/b/",
        "c": "https://odd.example/2025/01/a/",
        "d": "https://example.org/x",
    }
    for name, url in leads.items():
        assert f"url={url}".encode() in site.tree()[f"old/{name}/index.html"], name
        assert f"old/{name}.html" in site.tree()
    site.assert_clean()


def test_a_whole_path_of_the_default_locale_has_its_fallback_below_the_others_prefix(site: SiteOnPage) -> None:
    settings = 'locales = [{ code = "en", prefix = "/en" }, { code = "fr", fallback = "page" }]\n'
    site.write_file("site.toml", (site.root / "site.toml").read_text() + settings)
    site.write_file("content/pages/x.md", "---\npath: /plain/\n---\nX\n")
    site.write_file("content/pages/y.md", "---\npath: /en/y/\n---\nY\n")
    assert told(site) == []
    assert {"plain/index.html", "fr/plain/index.html", "en/y/index.html", "fr/y/index.html"} <= site.tree().keys()
    site.assert_clean()
