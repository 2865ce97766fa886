"""What random edits found: each sequence as short as it could be made."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.engine.edits import Editor
from tests.engine.sample import SITE
from tests.engine.siteonpage import SiteOnPage


def test_a_term_list_that_becomes_the_home_page_leaves_its_index_and_comes_back(make_site: Callable[..., SiteOnPage]) -> None:
    site = make_site(SITE, "alpha")
    site.build()
    editor = Editor(site)
    for home in ('"tag/red"', '"type/post"'):
        editor.set_setting("home_list", home)
        site.build()
        site.assert_clean()


def test_a_page_that_asks_for_many_things_one_after_the_other_is_made_alone_too(
    make_site: Callable[..., SiteOnPage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a page can be made must not depend on what the others of its batch have loaded."""
    monkeypatch.setattr("cms_ssg.engine.rounds.BATCH", 1)
    tags = [f"t{number}" for number in range(60)]
    posts = "".join(
        f"-- content/posts/p{number}.md --\n---\ntitle: Post {number}\ndate: 2025-01-01\ntags: [{tag}]\n---\n[to](p{(number + 1) % 60}.md)\n"
        for number, tag in enumerate(tags)
    )
    names = ", ".join(f'"{tag}"' for tag in tags)
    site = make_site(
        f"""
-- site.toml --
theme = "own"
-- themes/own/templates/page.html --
{{% for tag in [{names}] %}}{{% for card in latest("tag/" ~ tag, 1) %}}{{{{ card.title }}}} {{{{ ref("post:p" ~ loop.index).title }}}}
{{% for term in card.tags %}}{{{{ term.entry or term.title }}}}{{% endfor %}}{{% endfor %}}{{% endfor %}}
-- content/pages/all.md --
---
title: All
---
All.
{posts}"""
    )
    assert site.build().result.problems == []
    assert "Post 59" in (site.output / "all/index.html").read_text("utf-8")
    site.assert_clean()


def test_a_sitemap_of_lists_that_grows_while_it_is_settled_is_cut_again(
    make_site: Callable[..., SiteOnPage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was settled together with lists that it is about to hold."""
    monkeypatch.setattr("cms_ssg.kinds.core_kinds.SITEMAP_SIZE", 2)
    monkeypatch.setattr("cms_ssg.plan.lists.BATCH", 2)
    site = make_site(SITE, "alpha")
    site.build()
    editor = Editor(site)
    editor.set_setting("base_url", '"https://alpha.example/base"')
    editor.move(30, "content/posts/b.it.md")
    site.build()
    site.assert_clean()


def test_nothing_links_to_an_entry_that_lost_its_path(make_site: Callable[..., SiteOnPage]) -> None:
    """What it is called is no secret, but the page at its path is another's; where it would be may change unseen."""
    site = make_site("""
-- site.toml --
theme = "own"
-- themes/own/templates/page.html --
{{ entry.content }} {{ ref("post:b").title if ref("post:b") else "nobody" }}
-- content/pages/posts/a.md --
---
title: First
---
-- content/pages/posts/b.md --
---
title: Second
---
-- content/pages/links.md --
---
title: Links
---
[to](../posts/b.md)
-- content/posts/b.md --
---
title: Loser
path: posts/a
date: 2025-01-01
aliases: [/old/]
---
""")
    site.edit(
        "site.toml",
        'theme = "own"',
        'theme = "own"\n[[collection]]\nname = "posts"\npath = "content/posts"\ntype = "post"\nurl = "/{path}/"',
    )
    site.build()
    html = (site.output / "links/index.html").read_text("utf-8")
    assert 'href="../posts/b.md"' in html and "nobody" in html
    site.edit("content/posts/b.md", "path: posts/a", "path: posts/b")
    site.build()
    site.assert_clean()
    (site.root / "content/pages/posts/b.md").unlink()
    site.build()
    assert 'href="/posts/b/"' in (site.output / "links/index.html").read_text("utf-8")
    site.assert_clean()


def test_a_lists_address_without_its_last_slash_is_in_links_and_sitemap_as_it_is_published(make_site: Callable[..., SiteOnPage]) -> None:
    site = make_site(SITE, "alpha")
    text = (site.root / "site.toml").read_text("utf-8")
    site.write_file("site.toml", text + '\n[taxonomies.tag]\nurl = "/subjects/{slug}"\n')
    site.build()
    assert b"/base/subjects/red/</loc>" in site.tree()["sitemap-lists-1.xml"]
    pages = b"".join(data for path, data in site.tree().items() if path.endswith(".html"))
    assert b"/subjects/red/" in pages
    assert not re.search(rb"/subjects/red(?![/\w-])", pages)


def test_a_locale_that_is_gone_leaves_the_home_page_alone(make_site: Callable[..., SiteOnPage]) -> None:
    """Its home list has no prefix any more, and 'ar' comes before 'en' where two lists want one path."""
    site = make_site(SITE, "alpha")
    editor = Editor(site)
    editor.set_setting("home_list", '"type/post"')
    editor.set_table("arabic", True)
    site.build()
    editor.set_table("arabic", False)
    site.build()
    site.assert_clean()
    assert b"card /base/2026/e/" in site.tree()["index.html"]


ARCHIVES = """-- site.toml --
page_size = 1
""" + "".join(f"-- content/posts/{n}.md --\n---\ndate: 2025-01-0{n}\ntags: [red]\n---\nText.\n" for n in range(1, 5))


@pytest.mark.parametrize(
    ("settings", "pages"),
    [
        ('[taxonomies.tag]\nurl = "/t/{slug}/"\n[home]\nurl = "/blog/"\n', {"t/red/page/2/index.html", "blog/page/2/index.html"}),
        ('[[locales]]\ncode = "en"\nprefix = "/en"\n', {"en/tags/red/page/2/index.html"}),
    ],
)
def test_archive_pages_go_where_their_list_goes(make_site: Callable[..., SiteOnPage], settings: str, pages: set[str]) -> None:
    site = make_site(ARCHIVES)
    site.build()
    assert pages.isdisjoint(site.tree())
    site.write_file("site.toml", "page_size = 1\n" + settings)
    site.build(confirm_removals=True)
    assert pages <= site.tree().keys()
    site.assert_clean()
    site.write_file("site.toml", "page_size = 1\n")
    site.build(confirm_removals=True)
    assert pages.isdisjoint(site.tree())
    site.assert_clean()


def test_a_page_becomes_a_post_of_a_month_that_no_post_is_of(make_site: Callable[..., SiteOnPage]) -> None:
    """It is kept by the day on which it was first seen, not by its date."""
    site = make_site(SITE, "alpha")
    site.write_file("content/pages/old.md", "---\ntitle: Old\n---\nText.\n")
    site.build()
    site.write_file("content/pages/old.md", "---\ntitle: Old\ndate: 1987-04-05\n---\nText.\n")
    site.build()
    (site.root / "content/pages/old.md").rename(site.root / "content/posts/old.md")
    assert site.build().result.status == "done"
    site.assert_clean()
