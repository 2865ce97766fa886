"""Visitors read while publishing goes on and the store fails now and then: no link on a page leads nowhere, no page lacks its assets."""

from __future__ import annotations

import random
import re
import threading
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from tests.engine.siteonpage import wipe
from tests.publish.buckets import Bucket, BucketSite, environment
from tests.publish.faulty import BUSY, serve_faulty

BASE = "https://visited.example"

SETTINGS = f"""
name = "visited"
title = "Visited"
base_url = "{BASE}"
page_size = 3

[home]
list = "type/post"

[taxonomies.section]
field = "section"
url = "/{{slug}}/"

[taxonomies.tag]
field = "tags"
url = "/tags/{{slug}}/"
index = "/tags/"

[[menus.main]]
title = "About"
ref = "page:about"

[[collection]]
name = "posts"
path = "content/posts"
type = "post"
url = "/{{section}}/{{slug}}/"

[[collection]]
name = "pages"
path = "content/pages"
type = "page"

[target]
url = "s3://pages"

[tokens]
accent = "#000000"
"""

REFUSED = ("/news/p", "/index.html", "/assets/", "/sport/p", "/pages/index.html", "/tags/", "feed.xml", "/sport/index.html", "sitemap")
"""Parts of keys: every second publish is refused one such key, of every phase in turn."""

LINK = re.compile(r"""(?:href|src)=["']?([^"'\s>]+)""")


class Visitor(threading.Thread):
    """Reads from the home page on, all that its pages link to, again and again. broken: (page, what it links to) that was not there."""

    def __init__(self, bucket: Bucket) -> None:
        super().__init__(daemon=True)
        self.bucket, self.over, self.broken, self.read, self.rounds = bucket, threading.Event(), list[tuple[str, str]](), 0, 0
        self.ended_well = False

    def run(self) -> None:
        while not self.over.is_set():
            self.walk()
            self.rounds += 1
        self.ended_well = True  # one that fell over finds nothing broken either

    def walk(self) -> None:
        waiting, known = ["/"], {"/"}
        while waiting and not self.over.is_set():
            page = waiting.pop()
            for link in self.list_links(page):
                if link in known:
                    continue
                known.add(link)
                if self.load(link) is None and link in self.list_links(page) and self.load(link) is None:  # and the page still has it
                    self.broken.append((page, link))
                elif link.endswith("/"):
                    waiting.append(link)

    def list_links(self, page: str) -> list[str]:
        text = (self.load(page) or b"").decode()
        found = (urlsplit(urljoin(BASE + page, link)) for link in LINK.findall(text) if not link.startswith(("data:", "mailto:")))
        return sorted({unquote(one.path) for one in found if one.netloc == "visited.example" and one.path})

    def load(self, path: str) -> bytes | None:
        self.read += 1
        key = path[1:] + "index.html" if path.endswith("/") else path[1:]
        try:
            return self.bucket.read(key).data
        except KeyError:
            return None


class Newsroom:
    """Edits at random what people edit."""

    def __init__(self, site: BucketSite) -> None:
        self.site, self.random, self.serial = site, random.Random(3), 0

    def post(self, number: int, title: str) -> None:
        section, tag = self.random.choice(("news", "sport")), self.random.choice(("red", "blue", "green"))
        text = f"---\ntitle: {title}\ndate: 2026-01-{1 + number % 28:02}\nsection: {section}\ntags: [{tag}]\n---\nText {number}.\n"
        self.site.write_file(f"content/posts/p{number}.md", text)

    def edit(self) -> None:
        self.serial += 1
        posts = sorted((self.site.root / "content/posts").glob("*.md"))
        chosen = int(self.random.choice(posts).stem[1:])
        match self.random.randrange(6):
            case 0 | 1:
                self.post(100 + self.serial, f"New {self.serial}")
            case 2 | 3:
                self.post(chosen, f"Again {self.serial}")  # often into another section: another address
            case 4 if len(posts) > 6:
                self.site.delete(f"content/posts/p{chosen}.md")
            case _:
                self.site.write_file("site.toml", SETTINGS.replace("#000000", f"#{self.serial:06}"))  # the style sheet gets another name


@pytest.mark.parametrize("publishes", [6, pytest.param(100, marks=pytest.mark.long)])
def test_no_visitor_meets_a_broken_link_while_a_failing_store_is_published_to(
    publishes: int, bucket: Bucket, engine_urls: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cms_ssg.publish.s3_client.READ_TIMEOUT_S", 0.5)
    monkeypatch.setattr("cms_ssg.publish.s3_client.ATTEMPTS", 3)
    wipe(engine_urls[0])
    site = BucketSite(tmp_path / "site", *engine_urls)
    site.bucket = bucket
    site.write_file("site.toml", SETTINGS)
    site.write_file("content/pages/about.md", "---\ntitle: About\n---\nText.\n")
    newsroom = Newsroom(site)
    for number in range(12):
        newsroom.post(number, f"Post {number}")
    site.build()
    visitor = Visitor(bucket)
    visitor.start()
    try:
        with (
            serve_faulty(bucket.address, busy=0.05, silent=0.001, lost=0.01, slow_s=1) as store,
            environment(f"http://127.0.0.1:{store.server_port}"),
        ):
            for number in range(publishes):
                newsroom.edit()
                part = REFUSED[number // 2 % len(REFUSED)]
                store.chosen, store.unwritten = {}, {part: (503, BUSY)} if number % 2 == 0 else {}  # one key alone
                site.build()
            refused = store.counts["unwritten"]
            store.unwritten = {}
    finally:
        visitor.over.set()
        visitor.join()
    assert visitor.ended_well
    assert visitor.broken == []
    assert visitor.rounds > 1
    assert store.counts["busy"] and store.counts["lost"] and refused
    site.build()
    assert_all_links_lead_somewhere(visitor)


def assert_all_links_lead_somewhere(visitor: Visitor) -> None:
    visitor.over.clear()
    visitor.walk()
    assert visitor.broken == []
