"""After the purge: the pages that matter are asked for, the time to the edge is kept, the second purge is waited for; and purges by hand."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cms_ssg.cli.main import run as run_cms
from cms_ssg.diagnostics.status import status
from cms_ssg.engine.freshness import purge
from cms_ssg.errors import CmsError
from tests.cdn.conftest import make_cdn_site
from tests.cdn.fake_cdn import FakeCdn
from tests.engine.siteonpage import SiteOnPage, database

CDN = '\n[cdn]\nkind = "cloudflare"\nzone = "z1"\nsecond_purge_after_s = 1\n'


@pytest.fixture
def site(make_site: Callable[[str], SiteOnPage], fake: FakeCdn) -> SiteOnPage:
    """The work site behind a CDN, built and quiet."""
    return make_cdn_site(make_site, fake, CDN)


def import_log(site: SiteOnPage, name: str, data: bytes) -> dict[str, Any]:
    from cms_ssg.statistics.import_logs import import_logs

    (site.root.parent / name).write_bytes(data)
    with database(site.url):
        result = import_logs(site.root, [site.root.parent / name])
    return {"files": result.files, "known": result.known, "reads": result.reads}


def test_home_changed_section_front_and_changed_page_are_requested_once(site: SiteOnPage, fake: FakeCdn) -> None:
    site.edit("content/posts/f.md", "title: F", "title: Other")
    site.build()
    assert {"/", "/news/", "/news/f/"} <= set(fake.fetches)
    assert "/sport/" not in fake.fetches and "/about/" not in fake.fetches and "/index.xml" not in fake.fetches
    assert len(fake.fetches) == len(set(fake.fetches))


def test_only_the_most_read_of_the_changed_pages_are_requested(site: SiteOnPage, fake: FakeCdn) -> None:
    line = '203.0.113.9 - - [01/Mar/2026:10:00:00 +0000] "GET %s HTTP/1.1" 200 512 "-" "x"\n'
    today = site.query("SELECT to_char(CURRENT_DATE, 'DD/Mon/YYYY')")[0][0]
    log = "".join(line % path for path in ("/news/b/", "/news/b/", "/news/d/")).replace("01/Mar/2026", today)
    assert import_log(site, "access.log", log.encode())["reads"] == 3
    site.edit("site.toml", "second_purge_after_s = 1", "second_purge_after_s = 1\npreload = 1")
    site.edit("themes/plain/templates/post.html", "{{ entry.content }}", "! {{ entry.content }}")
    site.build()
    assert [path for path in fake.fetches if path.count("/") == 3] == ["/news/b/"]


def test_receipts_tell_how_long_a_page_took_from_its_author_to_the_edge(site: SiteOnPage, fake: FakeCdn) -> None:
    site.edit("content/posts/f.md", "Lead of f", "Another lead")
    site.build()
    rows = site.query("SELECT saved_at, uploaded_at, purged_at, fresh_at FROM cms.receipts WHERE path = '/news/f/'")
    assert len(rows) == 1
    assert list(rows[0]) == sorted(rows[0])
    saved = (site.root / "content/posts/f.md").stat().st_mtime
    assert abs(rows[0][0].timestamp() - saved) < 0.001
    with database(site.url):
        shown = status(site.root)
    assert shown.cdn is not None and shown.cdn["receipts"]["pages"] == shown.cdn["receipts"]["fresh"] >= 1
    assert 0 < shown.cdn["receipts"]["save_to_fresh_s"]["p50"] <= shown.cdn["receipts"]["save_to_fresh_s"]["p95"] < 60
    assert "save to fresh" in shown.text and "to be purged again" in shown.text


def test_build_that_waits_purges_again_and_notes_when_the_edge_was_fresh_at_last(site: SiteOnPage, fake: FakeCdn) -> None:
    old = fake.read("/news/f/")
    site.edit("content/posts/f.md", "Lead of f", "Another lead")
    fake.after_call = lambda: fake.cache.update({"/news/f/": (200, old)}) if len(fake.calls) == 1 else None
    built = site.build(wait=True)
    assert built.result.problems == [] and built.result.purge_again_at is None
    assert b"Another lead" in fake.read("/news/f/")
    assert site.query("SELECT count(*) FROM cms.purges") == [(0,)]
    (row,) = site.query("SELECT fresh_at - purged_at > interval '0.9 s' FROM cms.receipts WHERE path = '/news/f/'")
    assert row[0]


def test_page_that_becomes_fresh_later_gets_its_receipt_from_a_later_build(site: SiteOnPage, fake: FakeCdn) -> None:
    old = fake.read("/news/f/")
    site.edit("content/posts/f.md", "Lead of f", "Another lead")
    fake.after_call = lambda: fake.cache.update({"/news/f/": (200, old)}) if len(fake.calls) == 1 else None
    site.build()
    first = "SELECT fresh_at IS NULL FROM cms.receipts WHERE path = '/news/f/'"
    assert site.query(first) == [(True,)]
    site.query("UPDATE cms.purges SET not_before = now()")
    site.build()
    assert site.query(first) == [(False,)]


def test_edge_that_stays_old_is_told_as_a_warning(site: SiteOnPage, fake: FakeCdn) -> None:
    old = fake.read("/news/f/")
    site.edit("content/posts/f.md", "Lead of f", "Another lead")
    fake.after_call = lambda: fake.cache.update({"/news/f/": (200, old)})
    (problem,) = site.build(wait=True).result.problems
    assert (problem.code, problem.severity) == ("cdn.stale", "warning")
    assert "/news/f/" in problem.message
    assert site.query("SELECT fresh_at FROM cms.receipts WHERE path = '/news/f/'") == [(None,)]


def test_purge_by_hand_takes_urls_paths_or_the_whole_site(site: SiteOnPage, fake: FakeCdn) -> None:
    with database(site.url):
        assert purge(site.root, ["/about/", f"{fake.url}/news/f/", "/index.html"]).purged == 3
        purge(site.root, [], everything=True)
        purge(site.root, ["/about/"], dry_run=True)
    assert fake.calls == [("files", [f"{fake.url}{path}" for path in ("/about/", "/news/f/", "/")]), ("prefixes", [fake.url[7:]])]
    with database(site.url), pytest.raises(CmsError, match="no address of"):
        purge(site.root, ["https://other.example/x/"])
    fake.answers = [(403, {}, {"success": False, "errors": [{"code": 9, "message": "no secret-of-cloudflare"}]})]
    with database(site.url), pytest.raises(CmsError, match=r"no \*\*\*"):
        purge(site.root, ["/about/"])


def test_purge_of_what_a_file_shows_names_the_pages_that_read_it_and_its_tag(site: SiteOnPage, fake: FakeCdn) -> None:
    from cms_ssg.publish.tags import cache_tags

    with database(site.url):
        purge(site.root, [], shows="content/posts/f.md")
    assert {"/news/f/", "/news/", "/"} <= set(fake.purged()) and "/about/" not in fake.purged()
    site.edit("site.toml", "second_purge_after_s = 1", "second_purge_after_s = 1\ntags = true")
    with database(site.url):
        purge(site.root, [], shows="content/posts/f.md")
    ((_, (tag,)),) = [call for call in fake.calls if call[0] == "tags"]
    reads = dict(site.query("SELECT path, reads FROM cms.outputs"))
    assert {path for path in reads if tag in cache_tags(reads[path])} == set(fake.purged())
    with database(site.url), pytest.raises(CmsError, match="no page shows"):
        purge(site.root, [], shows="content/none.md")


def test_purge_without_an_address_sends_what_waits(site: SiteOnPage, fake: FakeCdn, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.answers = [(403, {}, {"success": False, "errors": []})]
    site.edit("content/posts/f.md", "Lead of f", "Another lead")
    assert site.build().result.status == "partial"
    with database(site.url):
        assert "refused" in status(site.root).text
        listed = purge(site.root, [], dry_run=True)
        assert "/news/f/" in listed.pages and fake.calls == []
        result = purge(site.root, [])
    assert (result.status, result.purged) == ("done", len(listed.pages))
    assert "/news/f/" in fake.purged()


def test_cms_build_waits_for_the_second_purge_unless_told_not_to(
    site: SiteOnPage, fake: FakeCdn, capsys: pytest.CaptureFixture[str]
) -> None:
    for options, left in (([], 0), (["--no-wait"], 1)):
        (site.root / "content/posts/f.md").write_text(f"---\ntitle: F {left}\ndate: 2025-03-06\nsection: news\n---\nLead.\n")
        capsys.readouterr()
        with database(site.url):
            assert run_cms(["build", "-C", str(site.root), *options, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["purged"] > 0
        assert bool(site.query("SELECT count(*) FROM cms.purges")[0][0]) == bool(left)


def test_watch_builds_again_when_the_second_purge_is_due(site: SiteOnPage) -> None:
    from cms_ssg.reporting.progress import Reporter
    from cms_ssg.serve.watch import Builder

    builder = Builder(site.root, "", Reporter(), lambda: None)
    with database(site.url):
        site.edit("content/posts/f.md", "Lead of f", "Another lead")
        builder.build(None)
        assert 0 < builder.find_wait() <= 1
        site.query("UPDATE cms.purges SET not_before = now()")
        builder.build(None)
        builder.warm.close()
    assert builder.find_wait() > 1000
    assert site.query("SELECT count(*) FROM cms.purges") == [(0,)]


NGINX = b"""203.0.113.9 - - [01/Mar/2026:23:30:00 -0100] "GET /news/b/?utm=1 HTTP/1.1" 200 512 "-" "x"
203.0.113.9 - - [01/Mar/2026:10:00:00 +0000] "GET /about/index.html HTTP/2.0" 304 0 "-" "x"
203.0.113.9 - - [01/Mar/2026:10:00:00 +0000] "POST /about/ HTTP/1.1" 200 0 "-" "x"
203.0.113.9 - - [01/Mar/2026:10:00:00 +0000] "GET /wp-login.php HTTP/1.1" 404 0 "-" "x"
203.0.113.9 - - [01/Mar/2026:10:00:00 +0000] "GET /not/of/the/site/ HTTP/1.1" 200 0 "-" "x"
broken \xff line
"""
CLOUDFRONT = """#Version: 1.0
#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) x-host-header
2026-03-01\t10:00:00\tFRA\t1\t203.0.113.9\tGET\td1.cloudfront.net\t/news/b/\t200\t-\tHOST
2026-03-01\t10:00:00\tFRA\t1\t203.0.113.9\tGET\td1.cloudfront.net\t/news/b/\t200\t-\tother.example
2026-03-01\t10:00:00\tFRA\t1\t203.0.113.9\tHEAD\td1.cloudfront.net\t/news/b/\t200\t-\tHOST
"""


def test_logs_of_nginx_cloudfront_and_cloudflare_are_counted_by_page_and_day_and_each_once(site: SiteOnPage, fake: FakeCdn) -> None:
    assert import_log(site, "a.gz", gzip.compress(NGINX)) == {"files": 1, "known": 0, "reads": 3}
    assert import_log(site, "a.gz", (site.root.parent / "a.gz").read_bytes()) == {"files": 0, "known": 1, "reads": 0}
    assert import_log(site, "c.log", CLOUDFRONT.replace("HOST", fake.url[7:]).encode())["reads"] == 1
    row = {"ClientRequestMethod": "GET", "EdgeResponseStatus": 200, "ClientRequestHost": fake.url[7:], "ClientRequestURI": "/news/b/?x"}
    rows = [{**row, "EdgeStartTimestamp": at} for at in ("2026-03-01T10:00:00Z", 1772359200, 1772359200 * 10**9, "never")]
    assert import_log(site, "d.log", "\n".join(json.dumps(r) for r in rows).encode())["reads"] == 3


def test_what_is_counted_holds_no_address_of_a_visitor(site: SiteOnPage) -> None:
    today = site.query("SELECT to_char(CURRENT_DATE, 'DD/Mon/YYYY')")[0][0].encode()
    import_log(site, "a.log", NGINX.replace(b"01/Mar/2026:23:30:00 -0100", today + b":12:00:00 +0000"))
    assert site.query("SELECT path, hits FROM cms.hits WHERE day = CURRENT_DATE") == [("/news/b/", 1)]
    columns = site.query("SELECT column_name FROM information_schema.columns WHERE table_schema = 'cms' AND table_name = 'hits' ORDER BY 1")
    assert [name for (name,) in columns] == ["day", "hits", "path", "site"]


def test_log_that_cannot_be_read_counts_nothing(site: SiteOnPage, tmp_path: Path) -> None:
    with pytest.raises(CmsError, match="cannot be read"):
        import_log(site, "broken.gz", gzip.compress(NGINX * 2000)[:-20])
    assert site.query("SELECT count(*) FROM cms.hits") == [(0,)]
    assert site.query("SELECT count(*) FROM cms.imported_logs") == [(0,)]
