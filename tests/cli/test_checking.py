"""Check, theme check, verify and why: what is wrong, and where it comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.small_site import SITE, Cms
from tests.images.studio import IMAGES


def test_check_counts_errors_and_warnings(site: Path, cms: Cms) -> None:
    (site / "content/pages/about.md").write_text("# About\n\n[x](nowhere.md)\n")
    code, result, _ = cms("check")
    assert code == 0
    assert "content.dangling-link" in [problem["code"] for problem in result["problems"]]
    assert result["errors"] == 0


def test_link_to_a_place_that_its_page_lacks_is_told_wherever_it_stands(site: Path, cms: Cms) -> None:
    (site / "content/pages/about.md").write_text('# About\n\n## Who we are\n\n<a id="own"></a>\n')
    (site / "content/posts/flood.md").write_text(
        "---\ntitle: Flood\ndate: 2025-03-01\n---\n[a](/about/#nothing) [b](../pages/about.md#who-we-arr) [c](/about/#who-we-are)\n"
        "[d](/about/#own) [e](/about/#main) [f](/about/#top) [g](/#x) [h](/about/#:~:text=x)\n"
    )
    (site / "site.toml").write_text(f'{SITE}[[menus.main]]\ntitle = "X"\nurl = "/about/#gone"\n[redirects]\n"/old/" = "/about/#went"\n')
    code, result, _ = cms("check")
    found = {
        p["message"].rpartition("#")[2].strip('"'): (p["place"], p["line"], p["hint"])
        for p in result["problems"]
        if p["code"] == "content.dangling-fragment"
    }
    assert code == 0
    assert found.keys() == {"nothing", "who-we-arr", "gone", "went", "x"}
    assert found["nothing"][:2] == ("content/posts/flood.md", 5)
    assert found["who-we-arr"][2] == 'Did you mean "#who-we-are"?'
    assert found["gone"][:2] == ("site.toml", 8)
    assert found["went"][0] == "site.toml"


def test_a_place_of_a_list_is_one_of_its_templates_or_of_the_entry_that_describes_it(site: Path, cms: Cms) -> None:
    for name, text in {
        "list.html": '{% extends "list.html" %}{% block main %}<h2 id=new>New</h2>{{ super() }}{% include "part.html" %}{% endblock %}',
        "part.html": '{% for card in list.items %}<i id="item-{{ card["title"] }}"></i>{% endfor %}',
        "post.html": '{% extends "entry.html" %}{% block main %}<p id="of-posts"></p>{% endblock %}',
    }.items():
        path = site / "themes/mine/templates" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (site / "site.toml").write_text(f'theme = "mine"\n{SITE}')
    (site / "content/tags").mkdir()
    (site / "content/tags/water.md").write_text("---\ntitle: Water\ntaxonomy: tag\ntype: term\n---\n## Depth\n\nText.\n")
    links = (
        "/tags/water/#new",
        "/tags/water/#item-Flood",
        "/tags/water/#main",
        "/tags/#nothing",
        "/tags/water/#of-posts",
        "/#none",
        "/tags/water/#top",
    )
    text = " ".join(f"[x]({link})" for link in links)
    (site / "content/posts/flood.md").write_text(f"---\ntitle: Flood\ndate: 2025-03-01\ntags: [water]\n---\n{text}\n")
    _, result, _ = cms("check")
    found = [p["message"].split('"')[1] for p in result["problems"] if p["code"] == "content.dangling-fragment"]
    assert found == ["/tags/#nothing", "/tags/water/#of-posts", "/#none"]
    (site / "themes/mine/templates/part.html").write_text('{% include "parts/" ~ list.title ~ ".html" ignore missing %}')
    assert "content.dangling-fragment" not in {p["code"] for p in cms("check")[1]["problems"]}, "what is included there cannot be known"


def test_unknown_shortcode_stays_as_it_was_written_and_is_told_by_build_and_check(site: Path, cms: Cms) -> None:
    (site / "content/pages/about.md").write_text(
        "# About\n\nA {{< nope  a=1 >}} and {{<nope>}}x{{</nope>}}.\n\n{{< note >}}known{{< /note >}}\n"
    )
    place = ("content.unknown-shortcode", "content/pages/about.md", 3)
    for command in ("check", "build"):
        code, result, _ = cms(command)
        assert code == 0
        assert [(p["code"], p["place"], p["line"]) for p in result["problems"]] == [place]
    html = (site / "build/about/index.html").read_text()
    assert "A {{&lt; nope  a=1 &gt;}} and {{&lt;nope&gt;}}x{{&lt;/nope&gt;}}." in html


def test_names_that_make_one_term_are_told_and_the_term_is_shown_once(site: Path, cms: Cms) -> None:
    (site / "content/posts/flood.md").write_text(
        '---\ntitle: Flood\ndate: 2025-03-01\ntags: ["C++", "C#", Big Data, caf\u00e9]\n---\nWater.\n'
    )
    (site / "content/posts/rain.md").write_text("---\ntitle: Rain\ndate: 2025-03-02\ntags: [big-data, cafe\u0301]\n---\nWater.\n")
    code, result, _ = cms("check")
    assert code == 0
    assert [(p["code"], p["place"], p["message"]) for p in result["problems"]] == [
        ("content.same-term", "content/posts/flood.md", 'tag "C++" is the same term as "C#": both are "c" in URLs')
    ]
    cms("build")
    assert (site / "build/2025/03/flood/index.html").read_text().count('href="/tags/c/"') == 1


def test_author_without_an_entry_is_told_where_others_have_one(site: Path, cms: Cms) -> None:
    (site / "content/posts/flood.md").write_text("---\ntitle: Flood\ndate: 2025-03-01\nauthors: [ada, Adda]\n---\nWater.\n")
    assert cms("check")[1]["problems"] == [], "no author has an entry"
    (site / "content/authors").mkdir(exist_ok=True)
    (site / "content/authors/ada.md").write_text("---\nname: Ada Lovelace\n---\n")
    code, result, _ = cms("check")
    assert code == 0
    assert [(p["code"], p["place"], p["line"], p["message"]) for p in result["problems"]] == [
        ("content.missing-author", "content/posts/flood.md", 4, 'no author is called "Adda"; shown by that name')
    ]
    (site / "content/authors/adda.md").write_text("---\nname: Adda B.\n---\n")
    assert cms("check")[1]["problems"] == []


def test_menus_and_redirects_that_lead_nowhere_are_told_with_their_line(site: Path, cms: Cms) -> None:
    (site / "site.toml").write_text(f"""{SITE}[[menus.main]]
ref = "page:abuot"
[[menus.main]]
ref = "page:about"
[[menus.main]]
url = "/tags/?all#main"
[[menus.foot]]
url = "/tagz/"
[[menus.foot]]
url = "https://b.org/"
[redirects]
"/old/" = "/2025/03/flood/#top"
"/older/" = "/2025/03/flod/"
"/away/" = "https://b.org/x"
""")
    code, result, _ = cms("check")
    assert code == 0
    assert [(p["code"], p["line"]) for p in result["problems"]] == [
        ("settings.dangling-menu", 7), ("settings.dangling-menu", 13), ("redirects.dangling", 18),
    ]  # fmt: skip


def test_check_tells_a_broken_strings_file_with_its_line_and_goes_on(site: Path, cms: Cms) -> None:
    (site / "i18n").mkdir()
    (site / "i18n/en.toml").write_text('newer = "New"\nolder = 1\n')
    (site / "content/pages/about.md").write_text("# About\n\n[x](nowhere.md)\n")
    code, result, _ = cms("check")
    assert code == 3
    places = {(p["code"], p["place"], p["line"]) for p in result["problems"]}
    assert places == {("strings.type", "i18n/en.toml", 2), ("content.dangling-link", "content/pages/about.md", 3)}


def test_verify_finds_a_page_changed_by_hand(site: Path, cms: Cms) -> None:
    cms("build")
    assert cms("verify")[0] == 0
    (site / "build/about/index.html").write_text("mine")
    (site / "build/extra.txt").write_text("mine")
    (site / "build/index.html").unlink()
    code, result, _ = cms("verify")
    assert code == 3
    assert (result["different"], result["missing"], result["orphaned"]) == (["/about/"], ["/"], ["extra.txt"])


def test_check_names_authors_that_the_data_file_does_not_know(site: Path, cms: Cms) -> None:
    (site / "site.toml").write_text(SITE + '[taxonomies.author]\ndata = "people"\n')
    (site / "data").mkdir()
    (site / "data/people.json").write_text('{"ada": {"name": "Ada"}, "Bob Ray": {"name": "Bob"}}')
    (site / "content/posts/flood.md").write_text("---\ntitle: Flood\ndate: 2025-03-01\nauthors: [ada, Bob Ray, zed]\n---\n")
    found = [p for p in cms("check")[1]["problems"] if p["code"] == "content.missing-author"]
    assert [(p["place"], p["line"], p["message"]) for p in found] == [
        ("content/posts/flood.md", 4, 'no author is called "zed"; shown by that name')
    ]


def test_check_says_where_site_toml_names_what_is_not_there(site: Path, cms: Cms) -> None:
    (site / "site.toml").write_text(SITE + '[home]\nlist = "sectoin/news"\n[tokens]\nacent = "red"\n')
    problems = [(p["code"], p["place"], p["line"]) for p in cms("check")[1]["problems"]]
    assert problems == [("settings.empty-home", "site.toml", 7), ("tokens.unknown", "site.toml", 9)]
    (site / "site.toml").write_text('title = "T"\ntheme = "bse"\n')
    code, result, _ = cms("plan")
    (problem,) = result["problems"]
    assert (code, problem["code"], problem["line"], problem["hint"]) == (1, "theme.missing", 2, 'Did you mean "base"?')


def test_check_says_that_nothing_is_at_the_address_of_the_home_page(site: Path, cms: Cms) -> None:
    (site / "site.toml").write_text(SITE + '[home]\nlist = "tag/nothing"\nurl = "/blog/"\n')
    problems = [(p["code"], p["place"], p["line"]) for p in cms("check")[1]["problems"]]
    assert problems == [("settings.empty-home", "site.toml", 7), ("settings.no-home", "site.toml", 8)]
    (site / "content/pages/index.md").write_text("# Home\n")
    assert [p["code"] for p in cms("check")[1]["problems"]] == ["settings.empty-home"]


def test_check_says_where_a_template_links_to_nothing(site: Path, cms: Cms) -> None:
    (site / "site.toml").write_text('theme = "own"\n' + SITE)
    template = site / "themes/own/templates/post.html"
    template.parent.mkdir(parents=True)
    template.write_text(
        """{% extends "base.html" %}\n<a href="{{ url('/about/?x#y') }}"> <a href="/about/"> {{ url('/feed.xml') }} {{ url('/tags/' ~ 1) }}
<a href="/nowhere/">x</a> {{ url("/gone/") }} <a href="//cdn.example/"> <a href="/{{ 1 }}/">"""
    )
    problems = [(p["code"], p["place"], p["line"], p["message"]) for p in cms("check")[1]["problems"] if p["code"] == "theme.dangling-link"]
    assert problems == [
        ("theme.dangling-link", "themes/own/templates/post.html", 3, f'"{target}" does not exist') for target in ("/nowhere/", "/gone/")
    ]


def test_what_an_environment_sets_is_told_at_its_own_line(site: Path, cms: Cms) -> None:
    text = (site / "site.toml").read_text()
    first = text.count("\n") + 1
    (site / "site.toml").write_text(
        f'{text}[env.staging.home]\nlist = "tag/nothing"\n[env.staging.tokens]\nacent = "#000"\n[env.staging.menus]\nmain = [{{ url = "/nowhere/" }}]\n'
    )
    own_target = '[env.staging.target]\nurl = "folder:build-staging"\n'
    (site / "site.toml").write_text((site / "site.toml").read_text() + own_target)
    assert cms("check")[1]["problems"] == []
    problems = cms("--env", "staging", "check")[1]["problems"]
    assert sorted((p["code"], p["place"], p["line"]) for p in problems) == [
        ("settings.dangling-menu", "site.toml", first + 5), ("settings.empty-home", "site.toml", first + 1), ("tokens.unknown", "site.toml", first + 3),
    ]  # fmt: skip


def test_why_answers_for_file_url_and_path(site: Path, cms: Cms, capsys: pytest.CaptureFixture[str]) -> None:
    cms("build")
    for asked in ("content/posts/flood.md", "https://a.org/2025/03/flood/", "/2025/03/flood/"):
        code, result, _ = cms("why", asked)
        assert code == 0
        assert "/2025/03/flood/" in [output["path"] for output in result["outputs"]]
    code, _, err = cms("why", "/nope")
    assert code == 1
    assert "nothing is called /nope: no page at /nope/ or /nope, no content file /nope" in err
    assert "[why.unknown]\n  Give a content file" in err


@pytest.mark.parametrize("asked", ["site.toml", "data", "../site.toml", "/etc", "\\", "", "a\nb"])
def test_why_of_what_is_no_page_says_so_and_what_to_ask(site: Path, cms: Cms, asked: str) -> None:
    (site / "data").mkdir()
    code, result, _ = cms("why", asked)
    (problem,) = result["problems"]
    assert (code, problem["code"]) == (1, "why.unknown")
    assert ("of the site, but neither content nor a page" in problem["message"]) == (asked in ("site.toml", "data"))
    assert "a content file" in problem["hint"]


def test_why_says_why_a_content_file_has_no_page(site: Path, cms: Cms) -> None:
    (site / "content/posts/draft.md").write_text("---\ntitle: Draft\ndate: 2025-03-01\ndraft: true\n---\n")
    (site / "content/posts/gone.md").write_text("---\ntitle: Gone\ndate: 2025-03-01\nexpire_at: 2025-04-01\n---\n")
    (site / "content/posts/bad.md").write_text("---\ntitle: [\n---\n")
    (site / "content/posts/.hidden.md").write_text("---\ntitle: Hidden\ndate: 2025-03-01\n---\n")
    cms("build")
    (site / "content/posts/new.md").write_text("---\ntitle: New\ndate: 2025-03-01\n---\n")
    for name, code, words in (
        ("draft", "why.no-page", "it is a draft"),
        ("gone", "why.no-page", "no page since 2025-04-01 00:00 UTC"),
        ("later", "why.no-page", "no page before 2999-01-01 00:00 UTC"),
        ("new", "why.no-page", "no build has read"),
        (".hidden", "why.no-page", "is not read: hidden files"),
        ("bad", "content.yaml", "front matter"),
        ("none", "why.unknown", "no content file content/posts/none.md"),
    ):
        exit_code, result, _ = cms("why", f"content/posts/{name}.md")
        (problem,) = result["problems"]
        assert (exit_code, problem["code"]) == (1, code)
        assert words in problem["message"]


def test_why_says_when_and_why_a_page_went(site: Path, cms: Cms) -> None:
    for name in ("drafted", "trashed"):
        (site / f"content/posts/{name}.md").write_text(f"---\ntitle: {name}\ndate: 2025-03-01\n---\n")
    (site / "content/posts/expired.md").write_text("---\ntitle: E\ndate: 2025-03-01\nexpire_at: 2025-04-01\n---\n")
    cms("build", "--now", "2025-03-15")
    (site / "content/posts/flood.md").unlink()
    (site / "content/pages/about.md").rename(site / "content/pages/us.md")
    (site / "content/posts/drafted.md").write_text("---\ntitle: drafted\ndate: 2025-03-01\ndraft: true\n---\n")
    assert cms("trash", "content/posts/trashed.md")[0] == 0
    build = cms("build", "--confirm-removals")[1]["build_id"]
    for asked, path, words in (
        ("/2025/03/flood/", "/2025/03/flood/", "content/posts/flood.md was removed, which was seen at 2"),
        ("content/posts/flood.md", "/2025/03/flood/", "content/posts/flood.md was removed"),
        ("https://a.org/2025/03/drafted/", "/2025/03/drafted/", "content/posts/drafted.md has no page: it is a draft"),
        ("/2025/03/trashed/", "/2025/03/trashed/", "content/posts/trashed.md has no page: it is in the trash"),
        ("/2025/03/expired/", "/2025/03/expired/", "content/posts/expired.md has no page since 2025-04-01 00:00 UTC"),
        (
            "/about/",
            "/about/",
            "no content has this path any more: its file moved, its slug or date changed, or a setting did; the same build added /us/",
        ),
        ("/tags/water/", "/tags/water/", "what it listed or showed went"),
    ):
        code, result, _ = cms("why", asked)
        assert code == 0, asked
        assert result["outputs"] == []
        removed = result["removed"]
        assert (removed["path"], removed["build"], removed["back_to"]) == (path, build, None)
        assert words in removed["reason"]
        assert f"removed by build {build} at 2" in result["text"]
        assert words in result["text"]
    (site / "content/pages/about.md").write_text("# About\n")
    cms("build")
    assert cms("why", "/about/")[1]["removed"] is None


def test_why_tells_a_page_that_a_rollback_took_away_and_what_it_knows_of_one_that_never_was(site: Path, cms: Cms) -> None:
    first = cms("build")[1]["build_id"]
    (site / "content/pages/new.md").write_text("# New\n")
    cms("build")
    assert cms("releases", "rollback", str(first))[0] == 0
    removed = cms("why", "/new/")[1]["removed"]
    assert removed["back_to"] == first
    assert f"rolled back to release {first}" in removed["reason"]
    code, result, _ = cms("why", "/never/")
    (problem,) = result["problems"]
    assert (code, problem["code"]) == (1, "why.unknown")
    assert f"no release that is kept, from build {first} on, removed such a page" in problem["message"]
    assert "git log" in problem["hint"]
    code, result, _ = cms("why", "/2025/04/later/")
    assert (code, result["problems"][0]["code"], result["problems"][0]["place"]) == (1, "why.no-page", "content/posts/later.md")


def test_theme_check_makes_a_gallery(site: Path, cms: Cms) -> None:
    code, result, err = cms("theme", "check")
    assert (code, err) == (0, "")
    assert Path(result["gallery"]).exists()


def test_token_that_is_no_css_value_is_told_with_its_line(site: Path, cms: Cms) -> None:
    (site / "site.toml").write_text(
        SITE + '[tokens]\naccent = "red"\nink = "url(x)"\n"Wide X" = "1"\n[env.b.tokens]\nink = "a;b"\naccent = "{"\n'
    )
    wanted = [("tokens.value", "site.toml", 8), ("tokens.name", "site.toml", 9)]
    for command in (["check"], ["build"], ["theme", "check"]):
        code, result, _ = cms(*command)
        assert (code, [(p["code"], p["place"], p["line"]) for p in result["problems"]]) == (1, wanted)
    told = [(p["code"], p["line"]) for p in cms("build", "--env", "b")[1]["problems"]]
    assert sorted(told) == [("tokens.name", 9), ("tokens.value", 11), ("tokens.value", 12)]


def test_redirects_that_lead_in_a_circle_are_told(site: Path, cms: Cms) -> None:
    lines = ('"/a/" = "/b/"', '"/b/" = "/a/#x"', '"/c/" = "/c/"', '"/d/" = "/a/"', '"/e/" = "/about/"')
    (site / "site.toml").write_text(f"{SITE}[redirects]\n" + "\n".join(lines) + "\n")
    code, result, _ = cms("check")
    assert code == 3
    assert [(p["code"], p["line"], p["message"].partition(": ")[2]) for p in result["problems"]] == [
        ("redirects.loop", 7, "/a/ -> /b/ -> /a/"), ("redirects.loop", 8, "/b/ -> /a/ -> /b/"), ("redirects.loop", 9, "/c/ -> /c/"),
    ]  # fmt: skip


def test_a_markdown_file_whose_ending_is_in_capitals_is_told_once(site: Path, cms: Cms) -> None:
    (site / "content/posts/rain.MD").write_text("---\ntitle: Rain\ndate: 2025-03-02\n---\n")
    (site / "content/strange.MD").write_text("# Strange\n")
    found = {p["code"]: p for p in cms("check")[1]["problems"]}
    assert found.keys() == {"content.ending", "settings.uncollected"}
    assert "so nothing is made of it: content/strange.MD" in found["settings.uncollected"]["message"]


def test_an_image_that_browsers_do_not_show_is_told(site: Path, cms: Cms) -> None:
    (site / "static").mkdir(exist_ok=True)
    for name in ("a.heic", "b.TIF", "c.jpg"):
        (site / "static" / name).write_bytes((IMAGES / "hopper.jpg").read_bytes())
    (site / "content/posts/flood.md").write_text(
        "---\ntitle: Flood\ndate: 2025-03-01\nimage: /b.TIF\n---\n![a](/a.heic) ![c](/c.jpg)\n\n[Download](/a.heic)\n"
    )
    assert [(p["code"], p["line"], p["message"]) for p in cms("check")[1]["problems"]] == [
        ("image.unshown", 6, '"/a.heic" is HEIC, which most browsers do not show'),
        ("image.unshown", 4, '"/b.TIF" is TIF, which most browsers do not show'),
    ]
