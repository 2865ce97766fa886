"""An object that is refused holds back what links to it, and nothing else; what a refused page links to does not go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cms_ssg.build import build
from tests.engine.killing import kill_at
from tests.engine.siteonpage import database, wipe
from tests.publish.buckets import Bucket, BucketSite, environment
from tests.publish.faulty import BUSY, DENIED, INVALID, KEY_TOO_LONG, FaultyStore, serve_faulty
from tests.publish.test_visitors import SETTINGS as VISITED
from tests.publish.test_visitors import Visitor

SETTINGS = VISITED.replace('url = "s3://pages"', 'url = "s3://pages"\nretire_after_s = 0')

FOREVER = {"denied": (403, DENIED), "too long": (400, KEY_TOO_LONG), "invalid": (400, INVALID)}


@pytest.fixture
def store(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyStore]:
    monkeypatch.setattr("cms_ssg.publish.s3_client.ATTEMPTS", 1)
    with serve_faulty(bucket.address) as faulty, environment(f"http://127.0.0.1:{faulty.server_port}"):
        yield faulty


@pytest.fixture
def site(bucket: Bucket, store: FaultyStore, engine_urls: tuple[str, str], tmp_path: Path) -> BucketSite:
    """A blog of six posts in one section, published."""
    wipe(engine_urls[0])
    site = BucketSite(tmp_path / "site", *engine_urls)
    site.bucket = bucket
    site.write_file("site.toml", SETTINGS)
    site.write_file("content/pages/about.md", "---\ntitle: About\n---\nText.\n")
    for number in range(6):
        write_post(site, number)
    site.build()
    return site


def write_post(site: BucketSite, number: int, section: str = "news", tag: str = "red") -> None:
    text = f"---\ntitle: Post {number}\ndate: 2026-01-{number + 1:02}\nsection: {section}\ntags: [{tag}]\n---\nText.\n"
    site.write_file(f"content/posts/p{number}.md", text)


def change_all(site: BucketSite) -> None:
    """New pages, sections and tags, an address that changes, a page that goes, a style sheet under another name."""
    write_post(site, 7)
    write_post(site, 8, "sport", "blue")
    write_post(site, 1, "culture", "green")
    site.delete("content/posts/p3.md")
    site.write_file("content/posts/p7/photo.txt", "no photo")
    site.write_file("site.toml", SETTINGS.replace("#000000", "#123456"))


def list_broken(site: BucketSite) -> list[tuple[str, str]]:
    visitor = Visitor(site.bucket)
    visitor.walk()
    return visitor.broken


PARTS = (
    "assets/site.",
    "/news/p7/",
    "/sport/p8/",
    "/culture/p1/",
    "/tags/blue/",
    "/sport/index.html",
    "/culture/index.html",
    "/tags/green/",
    "/news/p2/",
    "pages/index.html",
    "/feed.xml",
    "sitemap",
)


def choose(*chosen: str) -> list[Any]:
    """All parts, those that were not chosen in the long run only."""
    return [part if part in chosen else pytest.param(part, marks=pytest.mark.long) for part in PARTS]


@pytest.mark.parametrize("part", choose("pages/index.html"))
def test_one_object_that_the_store_is_too_busy_for_breaks_no_link(part: str, site: BucketSite, store: FaultyStore) -> None:
    change_all(site)
    store.unwritten = {part: (503, BUSY)}
    result = site.build().result
    assert store.counts["unwritten"], "nothing was refused"
    assert result.status == "partial"
    assert "publish.failed" in [p.code for p in result.problems]
    assert list_broken(site) == []
    store.unwritten = {}
    site.build()
    assert list_broken(site) == []
    site.build()  # what is retired goes a build later
    site.assert_clean()
    assert site.build().rendered == set()


@pytest.mark.parametrize("part", choose("assets/site."))
def test_one_object_that_is_refused_for_good_is_named_and_the_rest_goes_out(part: str, site: BucketSite, store: FaultyStore) -> None:
    change_all(site)
    store.unwritten = {part: list(FOREVER.values())[PARTS.index(part) % 3]}
    for _ in range(2):
        result = site.build().result
        assert result.status == "partial"
        assert [p for p in result.problems if p.code == "publish.failed"]
    assert "/about/" in {path for (path,) in site.query("SELECT path FROM cms.outputs WHERE error IS NULL")}
    assert list_broken(site) == []
    write_post(site, 4, "later")
    site.build()
    assert part == "assets/site." or site.bucket.read("later/p4/index.html")
    store.unwritten = {}
    site.build()
    assert list_broken(site) == []
    site.build()  # what is retired goes a build later
    site.assert_clean()
    assert site.build().rendered == set()


def test_a_page_that_goes_stays_while_home_links_to_it(site: BucketSite, store: FaultyStore) -> None:
    site.delete("content/posts/p5.md")
    for refusal in ((503, BUSY), FOREVER["denied"]):
        store.unwritten = {"/pages/index.html": refusal}
        result = site.build().result
        assert result.failed == 1
        told = [p.message for p in result.problems if p.code == "publish.waits"]
        assert len(told) == 1 and "/ could not be written" in told[0]
        assert site.bucket.read("news/p5/index.html")
    store.unwritten = {}
    assert "news/p5/index.html" in site.build().removed


def test_a_page_that_nothing_links_to_goes_though_another_is_refused_for_good(site: BucketSite, store: FaultyStore) -> None:
    site.write_file("content/pages/alone.md", "---\ntitle: Alone\n---\nText.\n")
    site.build()
    site.delete("content/pages/alone.md")
    site.write_file("content/pages/about.md", "---\ntitle: About\n---\nOther text.\n")
    store.unwritten = {"/pages/about/": FOREVER["denied"]}
    assert "alone/index.html" in site.build().removed


def test_one_page_that_is_refused_for_good_has_no_other_made_again(site: BucketSite, store: FaultyStore) -> None:
    for number in (1, 2):
        site.write_file(
            f"content/posts/p{number}.md", f"---\ntitle: Post {number}\ndate: 2026-01-0{number + 1}\nsection: news\n---\nEdited.\n"
        )
    store.unwritten = {"/news/p1/": FOREVER["denied"]}
    site.build()
    again = site.build()
    assert (again.rendered, again.result.rendered) == (set(), 1)
    [problem] = [p for p in again.result.problems if p.code == "publish.failed"]
    assert "/news/p1/ could not be written: the store refuses to write it (AccessDenied" in problem.message
    assert "the right to write there" in problem.hint


def test_a_new_page_whose_picture_is_refused_for_good_is_linked_from_nowhere(site: BucketSite, store: FaultyStore) -> None:
    site.write_file("content/posts/p9/hopper.jpg", (Path(__file__).parents[1] / "data/images/hopper.jpg").read_bytes())
    site.write_file("content/posts/p9/index.md", "---\ntitle: New\ndate: 2026-01-30\nsection: news\n---\n![A face](hopper.jpg)\n")
    store.unwritten = {"/pages/images/": FOREVER["denied"]}
    assert site.build().result.status == "partial"
    assert "/news/p9/" not in site.bucket.read("index.html").data.decode()
    assert list_broken(site) == []
    store.unwritten = {}
    site.build()
    assert "/news/p9/" in site.bucket.read("index.html").data.decode()
    site.assert_clean()


def test_a_key_that_may_write_nothing_ends_the_build(site: BucketSite, store: FaultyStore) -> None:
    from cms_ssg.errors import CmsError

    write_post(site, 7)
    store.unwritten = {"/pages/": FOREVER["denied"]}
    with pytest.raises(CmsError) as caught:
        site.build()
    assert caught.value.problems[0].code == "publish.denied"


@pytest.mark.parametrize("step", [12, *(pytest.param(step, marks=pytest.mark.long) for step in (30, 45))])
def test_a_key_that_may_not_list_builds_from_the_first_page_and_after_a_kill(
    step: int, bucket_site: BucketSite, store: FaultyStore
) -> None:
    store.unlisted = True
    bucket_site.build()
    bucket_site.write_file("content/posts/new.md", "---\ntitle: New\ndate: 2026-01-20\n---\nText.\n")
    with database(bucket_site.url):
        kill_at(step, lambda: build(bucket_site.root, bucket_site.options))
    assert bucket_site.build().result.status == "done"
    bucket_site.assert_clean()
    key = "2026/b/index.html"
    bucket_site.bucket.client.delete_object(Bucket=bucket_site.bucket.name, Key=key)
    assert key in bucket_site.build(full=True).written


def test_a_bucket_that_was_deleted_and_made_again_is_filled_again(bucket_site: BucketSite) -> None:
    bucket_site.build()
    bucket_site.bucket.empty()
    bucket_site.write_file("content/posts/new.md", "---\ntitle: New\ndate: 2026-01-20\n---\nText.\n")
    assert bucket_site.build().result.status == "done"
    bucket_site.assert_clean()
    assert bucket_site.build().rendered == set()


@pytest.mark.parametrize("step", [9, *(pytest.param(step, marks=pytest.mark.long) for step in (6, 15, 40))])
def test_a_build_killed_while_it_fills_a_bucket_again_is_finished_by_the_next(step: int, bucket_site: BucketSite) -> None:
    bucket_site.build()
    bucket_site.bucket.empty()
    with database(bucket_site.url):
        kill_at(step, lambda: build(bucket_site.root, bucket_site.options))
    bucket_site.build()
    bucket_site.assert_clean()


def test_an_environment_cannot_publish_over_another_in_a_bucket(bucket_site: BucketSite) -> None:
    from cms_ssg.errors import CmsError

    toml = (bucket_site.root / "site.toml").read_text("utf-8")
    bucket_site.write_file("site.toml", f"{toml}\n[env.staging]\nnoindex = true\n")
    bucket_site.build()
    before = bucket_site.bucket.etags()
    for full in (False, True):
        with pytest.raises(CmsError, match=r"env.staging.* have the same target") as caught:
            bucket_site.build(env="staging", full=full)
        assert caught.value.problems[0].code == "publish.taken"
    assert bucket_site.bucket.etags() == before
