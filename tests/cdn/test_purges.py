"""What changed at the target is forgotten by the edge: in order, once, within limits, whatever dies in between."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cms_ssg.build import build
from cms_ssg.config.load import load_settings
from cms_ssg.engine.purging import Purger
from cms_ssg.errors import LeaseLostError
from cms_ssg.history.rollback import roll_back
from cms_ssg.publish.folder import FolderTarget
from cms_ssg.store.purges import add_purges
from tests.cdn.conftest import make_cdn_site
from tests.cdn.fake_cdn import FakeCdn, HandClock
from tests.engine.killing import die, kill_at, start
from tests.engine.siteonpage import SiteOnPage, database
from tests.engine.worksite import SITE

CDN = '\n[cdn]\nkind = "cloudflare"\nzone = "z1"\nsecond_purge_after_s = 10\n'
FIRST = "SELECT path FROM cms.purges WHERE turn = 1 ORDER BY path"
SECOND = "SELECT path FROM cms.purges WHERE turn = 2 ORDER BY path"
MAKE_DUE = "UPDATE cms.purges SET not_before = now()"


@pytest.fixture
def site(make_site: Callable[[str], SiteOnPage], fake: FakeCdn) -> SiteOnPage:
    """The work site behind a CDN, built, its first purges of all pages forgotten."""
    return make_cdn_site(make_site, fake, CDN)


def pages_of(site: SiteOnPage) -> dict[str, str]:
    return dict(site.query("SELECT path, encode(digest, 'hex') FROM cms.outputs"))


def test_exactly_the_pages_whose_bytes_changed_are_purged_once_the_home_page_is_up(site: SiteOnPage, fake: FakeCdn) -> None:
    before = pages_of(site)
    site.edit("content/posts/f.md", "title: F", "title: Other")
    built = site.build()
    after = pages_of(site)
    changed = sorted(path for path in after if before.get(path) != after[path])
    assert sorted(fake.purged()) == changed
    assert {"/", "/news/f/", "/news/"} <= set(changed) and "/about/" not in changed
    assert len(fake.calls) == 1, "all in one call"
    assert fake.purged().index("/news/f/") < fake.purged().index("/")
    assert (built.result.purged, built.result.status) == (len(changed), "done")
    assert built.result.purge_again_at is not None


def test_build_without_a_change_tells_the_cdn_nothing(site: SiteOnPage, fake: FakeCdn) -> None:
    site.build()
    site.write_file("content/pages/about.md", "---\ntitle: About\n---\nAll about it.\n\n")  # other source, same page
    site.build()
    assert fake.asked == [] or fake.calls == []
    assert site.query("SELECT path FROM cms.purges") == []


def test_site_without_a_cdn_keeps_no_purges(make_site: Callable[[str], SiteOnPage]) -> None:
    made = make_site(SITE)
    made.build()
    assert made.query("SELECT count(*) FROM cms.purges") == [(0,)]


def test_new_page_is_purged_since_the_edge_may_know_that_it_was_missing(site: SiteOnPage, fake: FakeCdn) -> None:
    assert fake.visit("/news/g/")[0] == 404
    site.write_file("content/posts/g.md", "---\ntitle: G\ndate: 2025-03-07\nsection: news\n---\nLead of g.\n")
    site.build()
    assert fake.visit("/news/g/")[0] == 200


def test_page_is_removed_after_the_edge_forgot_who_links_to_it_and_is_then_forgotten_itself(site: SiteOnPage, fake: FakeCdn) -> None:
    gone = site.output / "news/e/index.html"
    assert b"/news/e/" in fake.read("/") and fake.visit("/news/e/")[0] == 200
    seen: list[tuple[bool, bool]] = []
    fake.after_call = lambda: seen.append((gone.exists(), b"/news/e/" in fake.read("/")))
    site.delete("content/posts/e.md")
    site.build()
    assert seen == [(True, False), (False, False)]
    assert f"{fake.url}/news/e/" not in fake.calls[0][1]
    assert f"{fake.url}/news/e/" in fake.calls[1][1]
    assert fake.visit("/news/e/")[0] == 404


def test_removal_waits_while_the_cdn_does_not_answer(site: SiteOnPage, fake: FakeCdn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cms_ssg.engine.purging.FIRST_WAIT_S", 0.001)
    fake.answers = [(500, {}, {"success": False, "errors": [{"code": 1, "message": "broken"}]})] * 4
    site.delete("content/posts/e.md")
    built = site.build()
    assert built.result.status == "partial"
    assert (site.output / "news/e/index.html").exists(), "the edge's pages link to it"
    (problem,) = [p for p in built.result.problems if p.code == "cdn.failed"]
    assert "500 from Cloudflare: broken (1)" in problem.message
    assert len(fake.asked) == 1 + 4, "the first build's, then four tries and no more"
    again = site.build()
    assert again.result.status == "done"
    assert not (site.output / "news/e/index.html").exists()
    assert fake.visit("/news/e/")[0] == 404
    assert site.query(FIRST) == []


def test_second_purge_repairs_an_edge_that_fetched_the_old_page_in_between(site: SiteOnPage, fake: FakeCdn) -> None:
    """Between upload and purge, another place of the edge may have answered the first one with what it still had."""
    old = fake.read("/news/f/")
    site.edit("content/posts/f.md", "Lead of f", "Another lead")
    fake.after_call = lambda: fake.cache.update({"/news/f/": (200, old)})
    site.build()
    assert fake.read("/news/f/") == old
    fake.after_call = lambda: None
    site.build()
    assert fake.read("/news/f/") == old, "not due yet"
    site.query(MAKE_DUE)
    site.build()
    assert b"Another lead" in fake.read("/news/f/")
    assert site.query("SELECT * FROM cms.purges") == []


def test_page_that_changes_again_before_its_second_purge_begins_anew(site: SiteOnPage, fake: FakeCdn) -> None:
    for text in ("Second", "Third"):
        site.edit("content/posts/f.md", "Lead of f" if text == "Second" else "Second", text)
        site.build()
    assert fake.purged().count("/news/f/") == 2
    assert ("/news/f/",) in site.query(SECOND)


def test_dead_interface_loses_nothing_and_is_said_by_each_build(site: SiteOnPage, fake: FakeCdn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cms_ssg.engine.purging.FIRST_WAIT_S", 0.001)
    alive = fake.api_url
    monkeypatch.setenv("CLOUDFLARE_BASE_URL", "http://127.0.0.1:9/v4")
    site.edit("content/posts/f.md", "Lead of f", "Another lead")
    built = site.build()
    assert built.result.status == "partial"
    assert "127.0.0.1:9 did not answer" in next(p.message for p in built.result.problems if p.code == "cdn.failed")
    assert site.build().result.status == "partial"
    (waiting,) = site.query("SELECT count(*), min(tries), max(error) FROM cms.purges WHERE turn = 1")
    assert waiting[0] >= 3 and waiting[1] == 2 and "did not answer" in waiting[2]
    monkeypatch.setenv("CLOUDFLARE_BASE_URL", alive)
    assert site.build().result.status == "done"
    assert "/news/f/" in fake.purged() and site.query(FIRST) == []


def test_missing_or_wrong_token_is_told_and_shown_nowhere(site: SiteOnPage, fake: FakeCdn, monkeypatch: pytest.MonkeyPatch) -> None:
    site.edit("content/posts/f.md", "Lead of f", "Another lead")
    monkeypatch.delenv("CLOUDFLARE_API_TOKEN")
    assert "CLOUDFLARE_API_TOKEN is not set" in site.build().result.problems[0].message
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "another-secret")
    built = site.build()
    assert "403 from Cloudflare: Authentication error for Bearer *** (10000)" in built.result.problems[0].message
    assert "needs the right Zone / Cache Purge" in built.result.problems[0].hint
    assert "another-secret" not in repr(built.result)
    assert site.query("SELECT count(*) FROM cms.purges WHERE strpos(error, 'another-secret') > 0") == [(0,)]
    assert fake.calls == []


def test_too_many_requests_are_waited_for_as_long_as_asked_when_that_is_short(site: SiteOnPage, fake: FakeCdn) -> None:
    fake.answers = [(429, {"Retry-After": "1"}, {"success": False, "errors": []})]
    site.edit("content/posts/f.md", "Lead of f", "Another lead")
    assert site.build().result.status == "done"
    assert "/news/f/" in fake.purged()


def test_long_wait_that_the_cdn_asks_for_is_kept_by_the_next_builds_too(site: SiteOnPage, fake: FakeCdn) -> None:
    fake.answers = [(429, {"Retry-After": "600"}, {"success": False, "errors": []})]
    site.edit("content/posts/f.md", "Lead of f", "Another lead")
    assert site.build().result.status == "partial"
    asked = len(fake.asked)
    assert "asked to be left alone until" in site.build().result.problems[0].message
    assert len(fake.asked) == asked, "it was left alone"
    site.query("UPDATE cms.sites SET purges_wait_until = now()")
    assert site.build().result.status == "done"
    assert "/news/f/" in fake.purged()


def test_address_that_the_cdn_does_not_understand_holds_no_other_up(site: SiteOnPage, fake: FakeCdn) -> None:
    fake.bad_urls = {f"{fake.url}/news/f/"}
    site.edit("content/posts/f.md", "title: F", "title: Other")
    built = site.build()
    assert site.query(FIRST) == [("/news/f/",)]
    assert built.result.status == "partial"
    assert {"/", "/news/"} <= set(fake.purged())


@pytest.mark.parametrize("stride", [9, pytest.param(1, marks=pytest.mark.long)])
def test_build_killed_at_any_step_leaves_no_old_page_at_the_edge(
    stride: int, site: SiteOnPage, fake: FakeCdn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The edge is read after each call and at the end: once the next build has ended, every answer is what the folder holds."""
    monkeypatch.setattr("cms_ssg.engine.round_size.MOST", 3)
    step = 1
    while True:
        for path in pages_of(site):
            fake.read(path)
        site.edit("content/posts/f.md", "title: F", f"title: F{step}")
        with database(site.url):
            killed = kill_at(step, lambda: build(site.root, site.options))
        for path in pages_of(site):  # visitors come while nobody builds
            fake.read(path)
        if step % 2:  # taken back: what was written half-way is no longer wanted
            site.edit("content/posts/f.md", f"title: F{step}", "title: F")
        site.build()
        stale = [
            path
            for path in pages_of(site)
            if fake.read(path) != (site.output / (path[1:] + "index.html" * path.endswith("/"))).read_bytes()
        ]
        assert stale == [], f"after a kill at step {step}"
        assert site.query(FIRST) == []
        if not step % 2:
            site.edit("content/posts/f.md", f"title: F{step}", "title: F")
            site.build()
        if not killed:
            break
        step += stride
    assert step > 15


def build_and_die_after_writing(site: SiteOnPage, key: str) -> None:
    """A build in a process of its own that is killed when this object was written and nothing of it recorded."""

    def act() -> None:
        write = FolderTarget.write

        def write_and_die(self: FolderTarget, at: str, *args: Any, **values: Any) -> bool:
            written = write(self, at, *args, **values)
            if at == key:
                die()
            return written

        FolderTarget.write = write_and_die  # type: ignore[method-assign]
        build(site.root, site.options)

    with database(site.url):
        _, status = os.waitpid(start(act), 0)
    assert os.WIFSIGNALED(status)


def test_page_that_only_a_killed_build_wrote_is_forgotten_too(site: SiteOnPage, fake: FakeCdn) -> None:
    site.write_file("content/posts/g.md", "---\ntitle: G\ndate: 2025-03-07\nsection: news\n---\nLead of g.\n")
    build_and_die_after_writing(site, "news/g/index.html")
    assert fake.visit("/news/g/")[0] == 200
    site.delete("content/posts/g.md")
    fake.after_call = lambda: fake.read("/news/g/") and None
    site.build()
    assert fake.visit("/news/g/")[0] == 404


def test_page_that_two_killed_builds_wrote_and_wrote_back_is_forgotten(site: SiteOnPage, fake: FakeCdn) -> None:
    """The manifest never knew of the other version, and the third build finds the right one in its place; only the journal tells."""
    before = fake.read("/news/f/")
    fake.cache.clear()
    site.edit("content/posts/f.md", "Lead of f", "Another lead")
    build_and_die_after_writing(site, "news/f/index.html")
    assert b"Another lead" in fake.read("/news/f/")
    site.edit("content/posts/f.md", "Another lead", "Lead of f")
    build_and_die_after_writing(site, "news/f/index.html")
    built = site.build()
    assert "news/f/index.html" not in built.written
    assert fake.read("/news/f/") == before


def make_purger(site: SiteOnPage, clock: HandClock, toml: str) -> Purger:
    with (site.root / "site.toml").open("a") as file:
        file.write(toml)
    (number,) = site.query("SELECT id FROM cms.sites")[0]
    return Purger(site.connect(), number, load_settings(site.root, {}), clock=clock)


@pytest.mark.parametrize(("collapse_at", "least_calls", "most_calls"), [pytest.param(0, 500, 500, marks=pytest.mark.long), (1000, 1, 11)])
def test_50_000_pages_at_once_are_purged_within_the_limits_of_cloudflares_free_plan(
    collapse_at: int, least_calls: int, most_calls: int, site: SiteOnPage, fake: FakeCdn
) -> None:
    clock = HandClock()
    fake.use("free", clock)
    paths = [f"/{folder}/{n}/" for folder in ("news", "sport") for n in range(24_800)] + [f"/p{n}/" for n in range(400)]
    purger = make_purger(site, clock, f"purge_collapse_at = {collapse_at}\n")
    with purger.connection as connection:
        add_purges(connection, purger.site, 1, [(path, 2, "changed") for path in paths])
        for path in paths[::100]:
            fake.cache[path] = (200, b"old")
        for turn in (1, 2):
            calls = len(fake.calls)
            assert purger.send()
            assert fake.refusals == 0, "the limits were kept"
            assert least_calls <= len(fake.calls) - calls <= most_calls
            assert not any(body == b"old" for _, body in fake.cache.values())
            assert connection.execute("SELECT count(*) FROM cms.purges").fetchone() == ((50_000 if turn == 1 else 0),)
            clock.sleep(10)
    if not collapse_at:
        assert sorted(fake.purged()) == sorted(paths * 2), "none is lost"
        assert 2 * 50_000 / 800 < clock.slept < 2 * 50_000 / 800 * 1.5
    else:
        assert fake.calls[0] == ("prefixes", [f"{fake.url[7:]}/news", f"{fake.url[7:]}/sport"])


def test_pages_of_no_common_folder_are_purged_as_the_whole_site(site: SiteOnPage, fake: FakeCdn) -> None:
    purger = make_purger(site, HandClock(), "purge_collapse_at = 100\n")
    with purger.connection as connection:
        add_purges(connection, purger.site, 1, [(f"/p{n}/", 2, "new") for n in range(200)])
        assert purger.send()
    assert fake.calls == [("prefixes", [fake.url[7:]])]


def test_page_that_changes_while_it_is_purged_is_purged_again(site: SiteOnPage, fake: FakeCdn) -> None:
    purger = make_purger(site, HandClock(), "")
    with purger.connection as connection, site.connect() as other:
        add_purges(connection, purger.site, 1, [("/a/", 2, "changed"), ("/b/", 2, "changed")])
        fake.after_call = lambda: add_purges(other, purger.site, 2, [("/a/", 2, "changed")]) if len(fake.calls) == 1 else None
        purger.send()
        assert purger.connection.execute(FIRST).fetchall() == [("/a/",)]
        purger.send()
    assert fake.purged() == ["/a/", "/b/", "/a/"]


def test_builder_that_lost_its_lease_stops_between_two_calls(site: SiteOnPage, fake: FakeCdn) -> None:
    purger = make_purger(site, HandClock(), "")

    class LosesItsLease:
        def commit(self) -> None:
            """Each statement is kept by itself here."""

        def keep_lease(self) -> None:
            if fake.calls:
                raise LeaseLostError

    purger.context = LosesItsLease()  # type: ignore[assignment]
    with purger.connection as connection:
        add_purges(connection, purger.site, 1, [(f"/p{n}/", 2, "changed") for n in range(300)])
        with pytest.raises(LeaseLostError):
            purger.send()
        assert len(fake.calls) == 1
        assert connection.execute("SELECT count(*) FROM cms.purges WHERE turn = 1 AND error IS NULL").fetchone() == (200,)


def test_build_with_a_cdn_takes_the_same_bytes_to_the_folder(site: SiteOnPage) -> None:
    site.edit("content/posts/f.md", "Lead of f", "Another lead")
    site.build()
    site.assert_clean()


def test_settings_of_the_cdn_are_no_read_of_any_page(site: SiteOnPage) -> None:
    site.edit("site.toml", "second_purge_after_s = 10", "second_purge_after_s = 20")
    assert site.build().result.rendered == 0


def test_builds_without_a_cdn_import_nothing_of_it(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = "import sys, cms_ssg.build, cms_ssg.engine.session, cms_ssg.engine.rounds; print(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert "cms_ssg.engine.session" in loaded
    assert not loaded & {
        "cms_ssg.engine.purging",
        "cms_ssg.publish.cdn",
        "cms_ssg.publish.request",
        "urllib.request",
        "http.client",
        "boto3",
    }


def test_rollback_has_the_edge_forget_what_it_puts_back_and_takes_away(site: SiteOnPage, fake: FakeCdn) -> None:
    first = site.query("SELECT max(id) FROM cms.builds")[0][0]
    site.edit("content/posts/f.md", "title: F", "title: Other")
    site.write_file("content/posts/g.md", "---\ntitle: G\ndate: 2025-03-07\nsection: news\n---\nLead of g.\n")
    site.build()
    new = site.output / "news/g/index.html"
    assert b"Other" in fake.read("/news/f/") and b"/news/g/" in fake.read("/") and fake.visit("/news/g/")[0] == 200
    seen: list[tuple[bool, bool]] = []
    fake.after_call = lambda: seen.append((new.exists(), b"/news/g/" in fake.read("/")))
    with database(site.url):
        result = roll_back(site.root, first)
    assert (result.status, result.problems) == ("done", [])
    assert seen == [(True, False), (False, False)]
    assert b"Other" not in fake.read("/news/f/")
    assert fake.visit("/news/g/")[0] == 404


def test_rollback_whose_purge_is_refused_removes_nothing_and_is_finished_by_the_same_command(site: SiteOnPage, fake: FakeCdn) -> None:
    first = site.query("SELECT max(id) FROM cms.builds")[0][0]
    site.write_file("content/posts/g.md", "---\ntitle: G\ndate: 2025-03-07\nsection: news\n---\nLead of g.\n")
    site.build()
    token = os.environ.pop("CLOUDFLARE_API_TOKEN")
    with database(site.url):
        refused = roll_back(site.root, first)
        assert refused.status == "partial"
        assert refused.problems
        assert (site.output / "news/g/index.html").exists()
        os.environ["CLOUDFLARE_API_TOKEN"] = token
        assert roll_back(site.root, first).status == "done"
    assert not (site.output / "news/g/index.html").exists()
