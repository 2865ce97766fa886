"""Existing repositories of Markdown, built where they lie with nothing but a site.toml. See docs/existing-repositories.md.

Every test runs on a few files of each in tests/data. The long ones run on the whole repositories, whose folders
``news-rust-blog`` and ``site-nodejs`` the variable REAL_SITES names::

    REAL_SITES=~/repositories .venv/bin/python -m pytest -m long tests/sites

What is expected is worked out from the files themselves, so it is the same for both.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter, defaultdict
from html import escape, unescape
from pathlib import Path
from typing import Any

from tests.sites.conftest import RealSite

IMAGE = re.compile(r'<img [^>]*?src="([^"]*)"')
ALTERNATE = re.compile(r'<link rel="alternate" hreflang="([^"]*)" href="([^"]*)">')
CANONICAL = re.compile(r'<link rel="canonical" href="([^"]*)">')
HEADING = re.compile(r"<h1[^>]*>(.*?)</h1>", re.DOTALL)
SENT = re.compile(r'http-equiv="refresh" content="0; url=([^"]*)"')
CARD = re.compile(r'<h[23]><a href="([^"]*)"')
CODE = re.compile(r"^( *)(```+|~~~+).*?^\1\2 *$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
COMPONENT = re.compile(r"<([A-Z][\w.]*)")
LOCALES = "en ar es fa fr id ja ko pt pt-br ro ta tr uk zh-cn zh-tw".split()


# The Rust blog


def read_posts(site: RealSite) -> dict[Path, dict[str, Any]]:
    """The front matter of every post; _index.md describes sections, latest.md is for a template of another program."""
    return {file: tomllib.loads(site.text(file).split("+++")[1]) for file in site.files if file.name not in ("_index.md", "latest.md")}


def test_every_post_lies_at_its_own_path_with_the_date_in_it(rust_blog: RealSite) -> None:
    assert rust_blog.built["failed"] == 0
    assert {problem["code"] for problem in rust_blog.built["problems"]} <= {"content.alias", "content.dangling-anchor"}
    for front in read_posts(rust_blog).values():
        page = rust_blog.page(front["path"])
        assert CANONICAL.findall(page) == [f"https://blog.rust-lang.org/{front['path']}/"]
        year, month, day = re.search(r"(\d{4})/(\d\d)/(\d\d)", front["path"]).groups()  # type: ignore[union-attr]
        assert f'<time datetime="{year}-{month}-{day}T00:00:00Z">' in page
        headings = [unescape(re.sub("<[^>]*>", "", heading)) for heading in HEADING.findall(page)]
        assert headings.count(front["title"]) == 1, "a body that begins with its title shows it once"


def test_every_alias_leads_to_its_post(rust_blog: RealSite) -> None:
    for front in read_posts(rust_blog).values():
        for alias in front.get("aliases", ()):
            assert CANONICAL.findall(rust_blog.page(alias)) == [f"https://blog.rust-lang.org/{front['path']}/"], alias


def test_what_lies_beside_a_post_is_published_beside_its_page(rust_blog: RealSite) -> None:
    found = 0
    for file, front in read_posts(rust_blog).items():
        if file.name == "index.md":
            for beside in (rust_blog.folder / file).parent.glob("*.*"):
                if beside.suffix != ".md":
                    found += 1
                    assert (rust_blog.folder / "build" / front["path"] / beside.name).read_bytes() == beside.read_bytes()
    assert found


def test_both_sections_have_their_lists(rust_blog: RealSite) -> None:
    assert not [url for url in CARD.findall(rust_blog.page("/")) if url.startswith("/inside-rust/")]
    inside = rust_blog.page("/inside-rust/")
    assert all(url.startswith("/inside-rust/") for url in CARD.findall(inside))
    assert "<h1>Inside Rust Blog</h1>" in inside
    newest = max(front["path"] for front in read_posts(rust_blog).values() if front["path"].startswith("inside-rust/"))
    assert CARD.findall(inside)[0].rpartition("/")[0].startswith(f"/{newest[:22]}")
    releases = [front for front in read_posts(rust_blog).values() if front.get("extra", {}).get("release")]
    assert f"/{max(front['path'] for front in releases)}/" in CARD.findall(rust_blog.page("/releases/"))


def test_people_named_in_one_text_are_several_authors(rust_blog: RealSite) -> None:
    assert 'href="/authors/carol-nichols/"' in rust_blog.page("/authors/")
    assert not re.search(r"<li><a [^>]*>[^<]* and [^<]*<", rust_blog.page("/authors/"))


def test_check_names_what_dangles_and_nothing_else(rust_blog: RealSite) -> None:
    told = defaultdict(set)
    for problem in rust_blog.problems:
        if problem["code"] == "content.alias":
            assert problem["message"].endswith(".md is not a page (.md), so it sends no visitor on by itself")
            continue
        target = problem["message"].split('"')[1]
        file = rust_blog.folder / problem["place"]
        assert target in file.read_text("utf-8") and problem["line"]
        if problem["code"] == "content.dangling-anchor":
            path = read_posts(rust_blog)[Path(problem["place"])]["path"]
            assert f'id="{target[1:]}"' not in rust_blog.page(path)
            continue
        assert problem["code"] in ("content.dangling-image", "content.dangling-link")
        assert not (file.parent / target).exists()
        told[Path(problem["place"])].add(target)
    for file, front in read_posts(rust_blog).items():
        build = rust_blog.folder / "build" / front["path"]
        local = {src for src in map(unescape, IMAGE.findall(rust_blog.page(front["path"]))) if "://" not in src}
        missing = {src for src in local if not (build / src).exists() and not rust_blog.has(src)}
        assert missing == {target for target in told[file] if target in local}


# Node.js


def read_groups(site: RealSite) -> dict[str, dict[str, Path]]:
    """Path without language -> locale -> file, of what is published: the list of posts is no page of its own."""
    groups: dict[str, dict[str, Path]] = defaultdict(dict)
    for file in site.files:
        _, locale, *rest = file.with_suffix("").parts
        path = "/".join(rest[:-1] if rest[-1] == "index" else rest)
        if rest[0] == "blog" and len(rest) < 3:
            continue
        groups[path][locale] = file
    return groups


def language_tag(locale: str) -> str:
    language, _, region = locale.partition("-")
    return f"{language}-{region.upper()}" if region else language


def test_what_is_not_translated_is_shown_in_english(nodejs: RealSite) -> None:
    assert nodejs.built["failed"] == 0
    for path, files in read_groups(nodejs).items():
        for locale in LOCALES:
            if locale not in files and "en" not in files:
                assert not nodejs.has(f"{locale}/{path}") or 'http-equiv="refresh"' in nodejs.page(f"{locale}/{path}")
                continue
            page = nodejs.page(f"{locale}/{path}")
            direction = "rtl" if locale in ("ar", "fa") else "ltr"
            assert f'<html lang="{language_tag(locale)}" dir="{direction}">' in page
            assert ('<article class="entry" dir="ltr">' in page) == (locale not in files)
            if "canonical" not in nodejs.text(files.get(locale) or files["en"]).split("---")[1]:
                own = f"{locale if locale in files else 'en'}/{path}".rstrip("/")
                assert CANONICAL.findall(page) == [f"https://nodejs.org/{own}/"]


def test_only_translations_that_exist_are_named(nodejs: RealSite) -> None:
    several = 0
    for path, files in read_groups(nodejs).items():
        order = [locale for locale in LOCALES if locale in files]
        urls = {locale: f"https://nodejs.org/{f'{locale}/{path}'.rstrip('/')}/" for locale in order}
        expected = [(language_tag(locale), urls[locale]) for locale in order]
        expected.insert(1, ("x-default", expected[0][1]))
        if len(order) < 2:
            expected = []
        several += bool(expected)
        for locale in LOCALES if "en" in files else order:
            assert ALTERNATE.findall(nodejs.page(f"{locale}/{path}")) == (expected if locale in files else [])
    assert several


def test_components_are_neutralised_and_told_once_each(nodejs: RealSite) -> None:
    told: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for problem in nodejs.problems:
        if problem["code"] == "content.component":
            told[problem["place"]].append((problem["message"], problem["line"]))
    for path, files in read_groups(nodejs).items():
        for locale, file in files.items():
            if file.suffix == ".mdx":
                text = CODE.sub(lambda match: "\n" * match[0].count("\n"), nodejs.text(file))
                first: dict[str, int] = {}
                for match in COMPONENT.finditer(text):
                    first.setdefault(match[1], text.count("\n", 0, match.start()) + 1)
                said = told[file.as_posix()]
                assert max(Counter(message for message, _ in said).values(), default=1) == 1
                names = {match[1]: line for message, line in sorted(said, key=lambda x: -x[1]) if (match := COMPONENT.match(message))}
                assert names == first
                assert not COMPONENT.search(nodejs.page(f"{locale}/{path}").partition("<main")[2])


def test_what_looks_like_html_is_text(nodejs: RealSite) -> None:
    assert "ListNode&lt;T&gt;::prev_" in nodejs.page("/en/blog/release/v13.0.1/")


def test_authors_are_looked_up(nodejs: RealSite) -> None:
    known = json.loads((nodejs.folder / "authors.json").read_text("utf-8"))
    found = set()
    for path, files in read_groups(nodejs).items():
        for locale, file in files.items():
            written = re.search(r"^author: *['\"]?(.*?)['\"]?$", nodejs.text(file).split("---")[1], re.MULTILINE)
            if written and written[1] in known:
                found.add(written[1])
                assert f'rel="author">{escape(known[written[1]]["name"])}</a>' in nodejs.page(f"{locale}/{path}")
    assert "AugustinMauroy" in found  # who is called Augustin Mauroy
    assert 'href="/en/authors/steven-sinatra/" rel="author">Steven Sinatra</a>' in nodejs.page("/en/blog/weekly/weekly-update.2015-07-24/")


def follow(site: RealSite, target: str) -> str:
    """Where a visitor of a URL ends."""
    path = target.removeprefix("https://nodejs.org").rstrip("/")
    sent = SENT.search(site.page(path)) if not path.startswith("http") and site.has(path) else None
    return follow(site, unescape(sent[1])) if sent else path


def test_every_redirect_leads_on_or_is_told(nodejs: RealSite) -> None:
    rules = json.loads((nodejs.folder / "redirects.json").read_text("utf-8"))["external"]
    assert len(rules) == 66
    patterns = {
        problem["message"].split(" is ")[0]: problem["line"] for problem in nodejs.problems if problem["code"] == "redirects.pattern"
    }
    lines = (nodejs.folder / "redirects.json").read_text("utf-8").splitlines()
    taken = " ".join(problem["message"] for problem in nodejs.problems if problem["code"] == "content.path-taken")
    for rule in rules:
        source, destination = rule["source"], rule["destination"]
        if source in patterns:
            assert f'"{source}"' in lines[patterns[source] - 1]
            continue
        for locale in LOCALES if "/:locale" in source else [""]:
            path, target = source.replace(":locale", locale), destination.replace(":locale", locale)
            sent = SENT.search(nodejs.page(path))
            if sent is None:
                assert f"{path}/ is claimed twice" in taken
            else:
                assert follow(nodejs, unescape(sent[1])) == follow(nodejs, target)
    assert len(patterns) == 18
