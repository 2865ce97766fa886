"""The receiver over real HTTP with real git: who is let in, what is built, what a kill leaves."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from cms_ssg.api import connections, outer
from cms_ssg.events.signatures import sign_standard
from tests.api.atlas import serve_api
from tests.conftest import TEMPLATE, fresh_database

SECRETS = ("old-secret", "new-secret")
PUSH = {"ref": "refs/heads/main", "after": "abc1", "head_commit": {"id": "abc1"}}
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def port(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The API of a site with a receiver. Nobody builds it."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "site.toml").write_text('[receiver]\nsecret_env = "PUSH_SECRET"\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PUSH_SECRET", " ".join(SECRETS))
        for url in fresh_database(server_url, TEMPLATE):
            with serve_api([folder], url) as api:
                yield api.client.base_url.port


def send(port: int, body: bytes, headers: dict[str, str], method: str = "POST", path: str = "/api/rebuild") -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, json.loads(data) if data else {}


def github(body: bytes, name: str = "d1", secret: str = "new-secret", event: str = "push") -> dict[str, str]:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={signature}", "X-GitHub-Event": event, "X-GitHub-Delivery": name}


def standard(body: bytes, name: str = "msg_1", age_s: float = 0, secret: str = "new-secret") -> dict[str, str]:
    stamp = int(time.time() - age_s)
    return {"webhook-id": name, "webhook-timestamp": str(stamp), "webhook-signature": sign_standard((secret,), name, stamp, body)}


def gitlab(name: str, token: str = "new-secret") -> dict[str, str]:
    return {"X-Gitlab-Token": token, "X-Gitlab-Event": "Push Hook", "X-Gitlab-Event-UUID": name}


def dump(**changes: object) -> bytes:
    return json.dumps({**PUSH, **changes}).encode()


def test_signed_pushes_are_taken_once(port: int) -> None:
    push, other = dump(), dump(after="abc2")
    for headers, body in (
        (github(push), push),
        (github(other, "d2", "old-secret"), other),
        (gitlab("u1"), push),
        (standard(push), push),
        (standard(b'{"type": "release.published"}', "msg_2"), b'{"type": "release.published"}'),
    ):
        assert send(port, body, headers)[0] == 202
        assert send(port, body, headers) == (200, {"message": "received before"})
    assert send(port, push, github(push, "d3")) == (200, {"message": "received before"}), "the name is not signed, so the body counts"


def test_what_is_not_signed_or_old_is_refused_whatever_it_claims(port: int) -> None:
    push = dump()
    altered = dump(after="evil")
    for headers, body in (
        ({}, push),
        (github(push, secret="guess"), push),
        (github(push), altered),
        ({**github(push), "X-Hub-Signature-256": ""}, push),
        ({"X-Hub-Signature": "sha1=abc", "X-GitHub-Event": "push"}, push),
        (gitlab("u1", "guess"), push),
        (gitlab("u1", ""), push),
        (gitlab("u1", "new-secre\u00e9"), push),
        (standard(push, age_s=330), push),
        (standard(push, age_s=-330), push),
        (standard(push), altered),
        (standard(push, secret="guess"), push),
        ({**standard(push), "webhook-id": "msg_9"}, push),
        ({**standard(push), "webhook-timestamp": "soon"}, push),
    ):
        assert send(port, body, headers)[0] == 401, headers


def test_other_branches_pings_and_deletions_need_no_build(port: int) -> None:
    ping = b'{"zen": "x"}'
    assert send(port, ping, github(ping, event="ping"))[0] == 200
    for changes in ({"ref": "refs/heads/draft"}, {"ref": "refs/tags/main"}, {"deleted": True}, {"after": "0" * 40}):
        body = dump(**changes)
        assert send(port, body, github(body, str(changes)))[0] == 200
    for body in (b"[]", b"\xff", b"[" * 100_000):
        assert send(port, body, github(body))[0] == 400
    assert send(port, b"", {}, "GET", "/health")[0] == 200
    assert send(port, b"", {}, "GET", "/")[0] == 405


def test_bodies_that_are_too_large_are_not_read_and_senders_that_dawdle_are_cut_off(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 0.3)
    monkeypatch.setattr(outer, "BODY_S", 0.3)
    start = b"POST /api/rebuild HTTP/1.1\r\nHost: a\r\n"
    for sent, answer in (
        (start + b"Content-Length: %d\r\n\r\n" % (outer.MOST_BODY_BYTES + 1), b" 413 "), (start + b"Content-Length: 100\r\n\r\n{", b" 408 "),
        (start, b""), (b"", b""), (start + b"X: " + b"x" * 300_000, b" 400 "),
    ):  # fmt: skip
        with socket.create_connection(("127.0.0.1", port), timeout=30) as raw:
            raw.sendall(sent)
            assert answer in raw.recv(200)
    assert send(port, dump(after="last"), github(dump(after="last"), "last"))[0] == 202


def git(folder: Path, *arguments: str) -> None:
    names = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@a",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@a",
        "HOME": str(folder),
    }
    subprocess.run(
        ["git", "-c", "init.defaultBranch=main", *arguments], cwd=folder, check=True, capture_output=True, env=os.environ | names
    )


@pytest.fixture
def checkout(tmp_path: Path) -> tuple[Path, Path]:
    """(an editor's checkout, the server's), of one bare repository."""
    origin, editor, live = tmp_path / "origin.git", tmp_path / "editor", tmp_path / "live"
    origin.mkdir()
    git(origin, "init", "--bare")
    git(tmp_path, "clone", str(origin), str(editor))
    (editor / "content/pages").mkdir(parents=True)
    (editor / ".gitignore").write_text("build/\n.cms/\n")
    (editor / "site.toml").write_text('feeds = []\n[receiver]\nsecret_env = "PUSH_SECRET"\npull = true\n')
    push_page(editor, "about")
    git(tmp_path, "clone", str(origin), str(live))
    return editor, live


def push_page(editor: Path, name: str) -> None:
    (editor / f"content/pages/{name}.md").write_text(f"# {name}\n")
    git(editor, "add", ".")
    git(editor, "commit", "-m", name)
    git(editor, "push", "origin", "HEAD:main")


@pytest.fixture
def start(checkout: tuple[Path, Path], db_url: str) -> Iterator[Callable[[], tuple[subprocess.Popen[str], int]]]:
    """Starts ``cms hooks serve`` in the server's checkout; gives its process and port."""
    started: list[subprocess.Popen[str]] = []

    def begin() -> tuple[subprocess.Popen[str], int]:
        environ = {**os.environ, "CMS_DATABASE_URL": db_url, "PUSH_SECRET": "new-secret", "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "cms_ssg", "hooks", "serve", "-C", str(checkout[1]), "--port", "0"]
        process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        port = urlsplit(process.stdout.readline().strip()).port
        assert port
        return process, port

    yield begin
    for process in started:
        process.send_signal(signal.SIGINT)
    for process in started:
        try:
            process.wait(60)
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_push_is_pulled_and_built_once_for_all_that_came_meanwhile(
    checkout: tuple[Path, Path], start: Callable[[], tuple[subprocess.Popen[str], int]], db: psycopg.Connection[Any]
) -> None:
    editor, live = checkout
    _, port = start()
    push_page(editor, "news")
    for number in range(12):
        body = dump(after=f"a{number}")
        assert send(port, body, github(body, f"d{number}"))[0] == 202
    wait_for((live / "build/news/index.html").exists)
    wait_for(lambda: not send(port, b"", {}, "GET", "/health")[1]["building"])
    state = send(port, b"", {}, "GET", "/health")[1]
    assert (state["status"], state["last"]) == ("ok", "built")
    builds = db.execute("SELECT count(DISTINCT built_at) FROM cms.received").fetchone()
    assert builds is not None and builds[0] <= 4, "twelve pushes need no twelve builds"


def test_receiver_that_is_killed_builds_what_it_had_accepted(
    checkout: tuple[Path, Path], start: Callable[[], tuple[subprocess.Popen[str], int]], db: psycopg.Connection[Any]
) -> None:
    editor, live = checkout
    process, port = start()
    body = dump()
    assert send(port, body, github(body))[0] == 202
    process.kill()
    process.wait()
    push_page(editor, "late")
    db.execute("UPDATE cms.received SET built_at = NULL")  # as if it had been killed before its build ended
    db.commit()
    start()
    wait_for((live / "build/late/index.html").exists)
    wait_for(lambda: db.execute("SELECT count(*) FROM cms.received WHERE built_at IS NULL").fetchone() == (0,) or bool(db.commit()))


def test_checkout_that_cannot_be_pulled_is_told_by_health_and_nothing_is_built(
    checkout: tuple[Path, Path], start: Callable[[], tuple[subprocess.Popen[str], int]]
) -> None:
    editor, live = checkout
    (live / "content/pages/own.md").write_text("# own\n")
    git(live, "add", ".")
    git(live, "commit", "-m", "own")
    push_page(editor, "news")
    _, port = start()
    body = dump()
    assert send(port, body, github(body))[0] == 202
    wait_for(lambda: send(port, b"", {}, "GET", "/health")[0] == 503)
    assert "git pull --ff-only ended with" in send(port, b"", {}, "GET", "/health")[1]["last"]
    assert not (live / "build").exists()


def test_receiver_without_a_secret_does_not_start(checkout: tuple[Path, Path], db_url: str) -> None:
    environ = {**os.environ, "CMS_DATABASE_URL": db_url, "PUSH_SECRET": "", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "cms_ssg", "hooks", "serve", "-C", str(checkout[1]), "--port", "0"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60)
    assert (done.returncode, "[hooks.secret]" in done.stderr) == (1, True)
