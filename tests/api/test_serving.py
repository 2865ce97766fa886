"""``cms serve`` and ``cms api`` as a person starts them: search is there, and pages do not need it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx
import psycopg
from psycopg import sql

from cms_ssg.api.process import open_socket
from cms_ssg.store.connect import connect
from tests.api.atlas import list_environ, write_site


@contextmanager
def start(folder: Path, url: str, *words: str, log: IO[str] | None = None) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "cms_ssg", "-C", str(folder), "--json", *words]
    with subprocess.Popen(command, env=list_environ(url), stdout=subprocess.PIPE, stderr=log, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["url"], process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def test_serve_passes_searches_on_and_shows_the_built_page_when_the_api_is_away(atlas: tuple[Path, str]) -> None:
    folder, url = atlas
    with start(folder, url, "serve", "--no-watch", "--port", "0") as (address, _), httpx.Client(base_url=address, timeout=30) as client:
        found = client.get("/api/search?q=tide")
        assert (found.status_code, found.json()["total"]) == (200, 3)
        assert found.headers["etag"]
        assert client.get("/api/search?q=tide", headers={"If-None-Match": found.headers["etag"]}).status_code == 304
        assert "<mark>tide</mark>" in client.get("/search?q=tide").text
        assert client.get("/docs").status_code == 200
        assert client.get("/tide/").status_code == 200
        assert client.post("/api/search").json()["code"] == "api.method"
        assert client.post("/tide/").status_code == 501
        text = (folder / "site.toml").read_text()
        (folder / "site.toml").write_text("broken")  # the API starts anew for it, and cannot
        away = client.get("/search?q=tide")
        (folder / "site.toml").write_text(text)
        assert (away.status_code, away.headers["location"]) == (301, "/search/?q=tide")
        assert 'class="search"' in client.get("/search/?q=tide").text


def test_links_in_e_mails_lead_to_where_the_site_is_served(atlas: tuple[Path, str]) -> None:
    folder, url = atlas
    settings = folder / "site.toml"
    text = settings.read_text()
    settings.write_text(f'{text}\n[mail]\nhost = "127.0.0.1"\nport = 9\n[visitors]\n')
    try:
        for command in (["serve", "--no-watch", "--port", "0"], ["api", "--port", "0", "--quiet"]):
            with start(folder, url, *command) as (address, _), httpx.Client(base_url=address, timeout=30) as client:
                asked = {"email": f"{command[0]}@example.org", "back": "/tide/"}
                assert client.post("/api/visitors/links", json=asked).status_code == 202
                with connect(url, autocommit=True) as connection:
                    [(body,)] = connection.execute("SELECT body FROM cms.mails WHERE recipient = %s", (asked["email"],)).fetchall()
                seen = address if command[0] == "serve" else "http://localhost:8000/"
                assert f"\n{seen}api/visitors/confirm?word=" in body
    finally:
        settings.write_text(text)


def test_api_with_several_processes_answers_and_ends_at_once_when_told(atlas: tuple[Path, str]) -> None:
    folder, url = atlas
    with start(folder, url, "api", "--port", "0", "--workers", "2", "--quiet") as (address, process):
        with httpx.Client(base_url=address, timeout=30) as client:
            assert {client.get("/api/search?q=tide").json()["total"] for _ in range(6)} == {3}
            assert "cms_api_requests_total" in client.get("/metrics").text
        with connect(url, autocommit=True) as connection:  # periodic tasks run here, where perhaps nothing else does
            until = time.monotonic() + 30
            while not connection.execute("SELECT 1 FROM cms.task_runs WHERE name = 'statistics.refresh' AND error IS NULL").fetchone():
                assert time.monotonic() < until
                time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_requests_and_warnings_of_libraries_are_lines_of_json(server_url: str, db_url: str, tmp_path: Path) -> None:
    folder, log = write_site(tmp_path / "site"), tmp_path / "log"
    name = str(psycopg.conninfo.conninfo_to_dict(db_url)["dbname"])
    with (
        log.open("w") as file,
        start(folder, db_url, "api", "--port", "0", log=file) as (address, _),
        connect(server_url, autocommit=True) as admin,
    ):
        httpx.get(f"{address}api/search?q=secret")
        admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        until = time.monotonic() + 20
        while "psycopg.pool" not in log.read_text():
            assert time.monotonic() < until, log.read_text()
            httpx.get(f"{address}readyz", timeout=30)
        admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(sql.Identifier(name)))
        lines = [json.loads(line) for line in log.read_text().splitlines() if line != "Ctrl-C stops."]
    assert all({"time", "level", "event"} <= line.keys() for line in lines)
    assert {"answered", "psycopg.pool"} <= {line["event"] for line in lines}
    assert "secret" not in log.read_text()


def test_tokens_are_made_listed_and_revoked_by_command(atlas: tuple[Path, str]) -> None:
    folder, url = atlas

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "cms_ssg", "-C", str(folder), *words], env=list_environ(url), capture_output=True, text=True
        )

    made = json.loads(run("--json", "token", "create", "deploy", "--scope", "write", "--scope", "read").stdout)
    assert made["token"].startswith("cms_")
    assert len(made["token"]) > 40
    listed = run("token", "list").stdout
    assert "deploy" in listed
    assert made["token"] not in listed
    assert run("token", "revoke", str(made["id"])).returncode == 0
    assert run("token", "revoke", str(made["id"])).returncode == 1
    assert "revoked" in run("token", "list").stdout
    assert run("token", "create", "x", "--scope", "everything").returncode == 2


def test_a_body_does_not_wait_for_the_headers_to_be_confirmed() -> None:
    listening = open_socket("127.0.0.1", 0)
    with listening, socket.create_connection(listening.getsockname()), listening.accept()[0] as accepted:
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
