"""From a read of a page to the statistics, the most read lists and the pages that show them."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cms_ssg.api import beacon
from cms_ssg.statistics.access_logs import read_hits
from cms_ssg.statistics.import_logs import import_logs
from cms_ssg.store.connect import connect
from tests.api.atlas import build_site, list_environ, serve_api, write_site

HOME = """{% extends "base.html" %}{% block main %}<ol>{% for item in latest("most-read/post", 3) %}<li class=read>{{ item.title }}</li>{% endfor %}</ol>{% endblock %}"""


def write_log(file: Path, *reads: str) -> Path:
    today = datetime.now(UTC).strftime("%d/%b/%Y")
    file.write_text("".join(f'203.0.113.9 - - [{today}:10:00:00 +0000] "GET {path} HTTP/1.1" 200 512 "-" "x"\n' for path in reads))
    return file


def query(url: str, sql: str) -> list[tuple[Any, ...]]:
    with connect(url, autocommit=True) as connection:
        return connection.execute(sql.encode()).fetchall()


def test_a_read_in_a_log_reaches_the_statistics_and_the_page_that_shows_the_most_read(db_url: str, tmp_path: Path) -> None:
    folder = write_site(tmp_path / "site")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CMS_DATABASE_URL", db_url)
        theme = folder / "themes/own/templates"
        theme.mkdir(parents=True)
        (theme / "home.html").write_text(HOME)
        (folder / "site.toml").write_text('theme = "own"\n' + (folder / "site.toml").read_text())
        build_site(folder, db_url)
        home = folder / "build/index.html"
        assert "class=read" not in home.read_text() and not list((folder / "build/assets").glob("views.*"))
        log = write_log(tmp_path / "a.log", "/tree/", "/coast/", "/tree/", "/noon/", "/noon/", "/noon/", "/about/", "/nothing/")
        assert import_logs(folder, [log]).reads == 8
        assert build_site(folder, db_url).written == 1
        assert home.read_text().count("class=read") == 3
        titles = ("The day noon moved", "Measuring by hand: the tree", "How long is the coast?")
        assert [home.read_text().index(title) for title in titles] == sorted(home.read_text().index(title) for title in titles)
        assert build_site(folder, db_url).written == 0
        rotated = tmp_path / "a.log.1.gz"
        rotated.write_bytes(gzip.compress(log.read_bytes()))
        again = import_logs(folder, [rotated, log])
        assert (again.files, again.known, again.reads) == (0, 2, 0)
        import_logs(folder, [write_log(tmp_path / "b.log", *["/coast/"] * 9)])
        build_site(folder, db_url)
        assert home.read_text().index("How long is the coast?") < home.read_text().index("The day noon moved")
    assert query(db_url, "SELECT publish_date::text, posts_count, total_views FROM cms.daily_post_stats WHERE total_views > 0 ORDER BY 1") == [
        ("2024-02-04", 1, 3), ("2024-06-02", 1, 2), ("2025-10-19", 1, 10),
    ]  # fmt: skip
    terms = "SELECT category_name, content_count, total_views FROM cms.category_stats WHERE taxonomy_id = 'tag' AND total_views > 0 ORDER BY 3 DESC, 1"
    assert query(db_url, terms)[0] == ("coasts", 2, 10)
    assert query(db_url, "SELECT cms.create_monthly_partitions()") >= [(0,)]
    command = [sys.executable, "-m", "cms_ssg", "-C", str(folder), "--json", "stats", "show", "--top", "2"]
    shown = json.loads(subprocess.run(command, env=list_environ(db_url), capture_output=True, text=True, check=True).stdout)
    assert (shown["views"], shown["pages"][0]) == (16, {"path": "/coast/", "views": 10, "title": "How long is the coast?"})


def test_pages_tell_by_a_beacon_and_only_a_person_counts_once_in_a_while(
    db_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beacon, "FLUSH_S", 0.05)
    folder = write_site(tmp_path / "site", more="[statistics]\nbeacon = true")
    build_site(folder, db_url)
    assert 'data-to="/api/views"' in (folder / "build/tree/index.html").read_text()
    assert list((folder / "build/assets").glob("views.*.js"))
    person = {"User-Agent": "Mozilla/5.0 Firefox/140", "Content-Type": "text/plain"}
    with serve_api([folder], db_url) as api:

        def tell(path: Any, **headers: str) -> int:
            return api.client.post("/api/views", content=json.dumps({"path": path}), headers=person | headers).status_code

        assert tell("/tree/") == tell("/tree/") == 204  # counted once
        assert tell("/tree/", **{"X-Forwarded-For": "203.0.113.7"}) == 204  # another visitor
        assert tell("/tree/", **{"X-Forwarded-For": "203.0.113.8", "User-Agent": "Googlebot"}) == 204
        assert tell("/tree/", **{"X-Forwarded-For": "203.0.113.8", "Sec-Fetch-Site": "cross-site"}) == 204
        assert tell("/no-such-page/") == 204
        assert tell(7) == tell("/../x") == 422
        assert tell("/coast/") == 204
    assert query(db_url, "SELECT path, hits FROM cms.hits ORDER BY path") == [("/coast/", 1), ("/tree/", 2)]
    assert query(db_url, "SELECT count(*) FROM information_schema.columns WHERE table_name = 'hits'") == [(4,)]


def test_old_days_become_months_and_totals_stay(db_url: str) -> None:
    with connect(db_url, autocommit=True) as connection:
        connection.execute("INSERT INTO cms.sites (name) VALUES ('s')")
        connection.execute(
            "INSERT INTO cms.hits SELECT 1, '/a/', d::date, 1 FROM generate_series('2024-02-01', '2024-03-05', interval '1 day') d"
        )
        connection.execute("INSERT INTO cms.hits VALUES (1, '/a/', CURRENT_DATE - 3, 5)")
        connection.execute("SELECT cms.sum_old_hits(1, 90), cms.sum_old_hits(1, 90)")
        rows = connection.execute("SELECT day::text, hits FROM cms.hits WHERE day < CURRENT_DATE - 30 ORDER BY day").fetchall()
        assert (rows, connection.execute("SELECT sum(hits) FROM cms.hits").fetchone()) == ([("2024-02-01", 29), ("2024-03-01", 5)], (39,))


PERSON = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140"
COMBINED = '203.0.113.9 - - [01/Mar/2026:10:00:00 +0000] "GET /tree/ HTTP/1.1" 200 512'
CLOUDFRONT = "#Version: 1.0\n#Fields: date cs-method cs-uri-stem sc-status cs(User-Agent)\n2026-03-01\tGET\t/tree/\t200\t"
CLOUDFLARE = {"ClientRequestMethod": "GET", "EdgeResponseStatus": 200, "EdgeStartTimestamp": 1772359200, "ClientRequestPath": "/tree/"}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (f'{COMBINED} "-" "{PERSON}"', 1),
        (f'{COMBINED} "https://bot.example/" "{PERSON}" "203.0.113.7"', 1),
        (f'{COMBINED} "a \\" b" "{PERSON} \\" Googlebot"', 0),
        (f'{COMBINED} "-" "Mozilla/5.0 (compatible; Googlebot/2.1)"', 0),
        (f'{COMBINED} "-" "-"', 0),
        (COMBINED, 1),
        (CLOUDFRONT + "Mozilla/5.0%20Firefox/140", 1),
        (CLOUDFRONT + "Mozilla/5.0%20%28compatible;%20Google%62ot/2.1%29", 0),
        (json.dumps(CLOUDFLARE), 1),
        (json.dumps({**CLOUDFLARE, "ClientRequestUserAgent": PERSON}), 1),
        (json.dumps({**CLOUDFLARE, "ClientRequestUserAgent": "curl/8.5"}), 0),
    ],
)
def test_programs_are_not_counted_where_a_log_names_them(tmp_path: Path, text: str, count: int) -> None:
    log = tmp_path / "access.log"
    log.write_text(f"{text}\n")
    assert len(list(read_hits(log))) == count
