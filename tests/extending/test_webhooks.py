"""Receivers of webhooks over real HTTP: what is sent, when it is sent again, and where nothing is sent."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cms_ssg.build import BuildOptions, build
from cms_ssg.events import webhooks
from cms_ssg.events.signatures import check_standard
from cms_ssg.events.webhooks import WAITS_S, choose_wait, is_forbidden, parse_retry_after, send_message
from cms_ssg.reporting.progress import Reporter
from cms_ssg.serve import watch
from tests.cli.small_site import Cms
from tests.engine.killing import kill_at
from tests.extending.conftest import Receiver

SECRET = "whsec_" + base64.b64encode(b"a secret of 24 bytes, ok").decode()


@pytest.fixture
def hooked(site: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small site, with the receiver in its settings."""
    (site / "site.toml").write_text(
        (site / "site.toml").read_text() + f'[[webhooks]]\nurl = "{receiver.url}/in?key=1"\nsecret_env = "RECEIVER_SECRET"\n'
    )
    monkeypatch.setenv("RECEIVER_SECRET", SECRET)
    return site


def pass_time(db: psycopg.Connection[Any], seconds: float) -> None:
    """What was to be sent later is to be sent so much earlier."""
    db.execute("UPDATE cms.deliveries SET next_at = next_at - %s * interval '1 s'", (seconds,))
    db.commit()


def read_rows(db: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    """(event, tries, state, seconds until the next try, answer) of every message."""
    rows = db.execute(
        """SELECT event, tries, CASE WHEN delivered_at IS NOT NULL THEN 'delivered' WHEN next_at IS NULL THEN 'dead' ELSE 'waiting' END,
                  extract(epoch FROM next_at - clock_timestamp())::float8, answer FROM cms.deliveries ORDER BY made_at"""
    ).fetchall()
    db.commit()
    return rows


def test_release_is_told_signed_by_standard_webhooks_and_a_build_without_changes_tells_nothing(
    hooked: Path, cms: Cms, receiver: Receiver
) -> None:
    result = cms("build")[1]
    assert result["problems"] == []
    (message,) = receiver.messages
    body = json.loads(message.body)
    assert (message.path, body["type"]) == ("/in?key=1", "release.published")
    assert (body["data"]["site"], body["data"]["written"], body["data"]["status"]) == ("site", result["written"], "done")
    stamp = int(message.headers["webhook-timestamp"])
    assert abs(stamp - time.time()) < 60
    content = message.headers["webhook-id"].encode() + b"." + str(stamp).encode() + b"." + message.body
    signature = base64.b64encode(hmac.new(b"a secret of 24 bytes, ok", content, hashlib.sha256).digest()).decode()
    assert message.headers["webhook-signature"] == f"v1,{signature}"
    cms("build")
    assert len(receiver.messages) == 1
    assert SECRET not in json.dumps(cms("hooks", "list")[1])


def test_signature_of_the_specification_is_made_and_checked() -> None:
    """The example of the Standard Webhooks libraries."""
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    arguments = ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", body)
    assert check_standard((secret,), *arguments, now=1614265330) == ""
    assert check_standard(("other", secret), *arguments, now=1614265330 + 299) == ""
    assert "minutes" in check_standard((secret,), *arguments, now=1614265330 + 301)
    assert "signature" in check_standard((secret + "x",), *arguments, now=1614265330)
    assert check_standard((), *arguments, now=1614265330) != ""


def test_what_is_not_taken_is_sent_again_with_the_same_id_and_a_new_time(
    hooked: Path, cms: Cms, receiver: Receiver, db: psycopg.Connection[Any]
) -> None:
    receiver.answers = [(500, {}), (503, {"Retry-After": "3600"}), (204, {})]
    code, result, err = cms("build")
    assert (code, result["status"], [p["code"] for p in result["problems"]]) == (0, "done", ["webhooks.failed"])
    assert "key=1" not in err
    ((event, tries, state, wait_s, answer),) = read_rows(db)
    assert (event, tries, state, answer) == ("release.published", 1, "waiting", "500 Internal Server Error")
    assert 0 < wait_s <= WAITS_S[0] * 1.2
    cms("build")
    assert len(receiver.messages) == 1, "it is not time yet"
    assert "webhooks    1 to be sent again, 0 given up" in cms("status")[1]["text"]
    pass_time(db, 10)
    cms("build")
    assert len(receiver.messages) == 2
    assert 3000 < read_rows(db)[0][3] <= 3600
    pass_time(db, 3600)
    cms("sync")
    first, _, last = receiver.messages
    assert (first.headers["webhook-id"], first.body) == (last.headers["webhook-id"], last.body)
    assert [row[2] for row in read_rows(db)] == ["delivered"]
    assert "webhooks" not in cms("status")[1]["text"]


def test_ten_tries_or_a_410_are_enough_and_retry_sends_what_was_given_up(
    hooked: Path, cms: Cms, receiver: Receiver, db: psycopg.Connection[Any]
) -> None:
    receiver.answers = [(302, {"Location": f"{receiver.url}/elsewhere"})]
    cms("build")
    for _ in range(12):
        pass_time(db, 100_000)
        cms("build")
    assert len(receiver.messages) == webhooks.MOST_TRIES == 10
    assert {message.path for message in receiver.messages} == {"/in?key=1"}, "no redirect was followed"
    assert read_rows(db)[0][1:3] == (10, "dead")
    assert cms("status")[1]["webhooks"] == {"waiting": 0, "dead": 1}
    receiver.answers = [(410, {})]
    code, result, err = cms("hooks", "retry")
    assert (code, result["sent"], result["refused"]) == (3, 1, 1)
    assert "given up after 1 try: 410 Gone" in err
    receiver.answers = [(200, {})]
    assert cms("hooks", "retry", "msg_none")[0] == 2
    listed = cms("hooks", "list")[1]["deliveries"]
    assert cms("hooks", "retry", listed[0]["id"])[0] == 0
    assert [row[2] for row in read_rows(db)] == ["delivered"]
    assert cms("hooks", "retry")[1]["sent"] == 0


def test_receiver_that_is_slow_or_trickles_holds_nothing_up(
    hooked: Path, cms: Cms, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, db: psycopg.Connection[Any]
) -> None:
    monkeypatch.setattr(webhooks, "PATIENCE_S", 0.3)
    go = threading.Event()
    receiver.before = lambda: bool(go.wait(30)) and None
    assert [p["code"] for p in cms("build")[1]["problems"]] == ["webhooks.failed"]
    assert read_rows(db)[0][4].startswith("no answer within")
    go.set()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def trickle() -> None:
            with listener.accept()[0] as accepted:
                try:
                    while not ended.wait(0.1):
                        accepted.sendall(b"H")
                except OSError:
                    return

        ended = threading.Event()
        thread = threading.Thread(target=trickle, daemon=True)
        thread.start()
        answer = send_message(f"http://127.0.0.1:{listener.getsockname()[1]}/", ("x",), "X", "msg_1", b"{}")
        ended.set()
        thread.join()
    assert answer.text.startswith("no answer within")


def test_failing_build_is_told_once_and_again_when_it_fails_otherwise(hooked: Path, cms: Cms, receiver: Receiver) -> None:
    cms("build")
    receiver.messages.clear()
    flood = hooked / "content/posts/flood.md"
    good = flood.read_text()
    flood.write_text("---\ntitle: [\n---\n")
    for _ in range(3):
        assert cms("build")[0] == 3
    (message,) = receiver.messages
    body = json.loads(message.body)
    assert (body["type"], body["data"]["status"], body["data"]["problems"][0]["place"]) == (
        "build.failed",
        "partial",
        "content/posts/flood.md",
    )
    flood.write_text(good)
    cms("build")
    (hooked / "content_schema").mkdir()
    (hooked / "content_schema/post.json").write_text("[")
    for _ in range(2):
        assert cms("build")[0] == 1
    assert [json.loads(m.body)["data"]["status"] for m in receiver.messages] == ["partial", "failed"]
    assert cms("status")[1]["last_build"]["status"] == "failed"


def test_database_that_goes_away_while_hooks_are_told_loses_no_event(hooked: Path, cms: Cms, receiver: Receiver, db_url: str) -> None:
    """The hook itself ends all connections, as a server that restarts does."""
    (hooked / "hooks.py").write_text(
        "import psycopg\nfrom cms_ssg.hooks import hook\n@hook\ndef build_after(build):\n"
        f"    with psycopg.connect({db_url!r}, autocommit=True) as c:\n"
        "        c.execute('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()')\n"
    )
    code, result, _ = cms("build")
    assert (code, [p["code"] for p in result["problems"]]) == (0, ["build.untold"])
    assert receiver.messages == []
    (hooked / "hooks.py").unlink()
    cms("build")
    assert [json.loads(m.body)["type"] for m in receiver.messages] == ["release.published"]


def test_only_the_events_that_were_asked_for_are_sent(hooked: Path, cms: Cms, receiver: Receiver) -> None:
    (hooked / "site.toml").write_text((hooked / "site.toml").read_text() + 'events = ["build.failed"]\n')
    cms("build")
    assert receiver.messages == []


@pytest.mark.parametrize("stride", [11, pytest.param(1, marks=pytest.mark.long)])
def test_kill_at_any_step_loses_no_message(
    stride: int, tmp_path: Path, db_url: str, receiver: Receiver, db: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next build, an hour later, has told of a release."""
    monkeypatch.setenv("CMS_DATABASE_URL", db_url)
    monkeypatch.setenv("RECEIVER_SECRET", SECRET)
    for step in range(1, 400, stride):
        root = tmp_path / f"s{step}"
        (root / "content/pages").mkdir(parents=True)
        (root / "site.toml").write_text(
            f'name = "s{step}"\nfeeds = []\n[[webhooks]]\nurl = "{receiver.url}"\nsecret_env = "RECEIVER_SECRET"\n'
        )
        (root / "content/pages/about.md").write_text("# About\n")
        was_killed = kill_at(step, lambda root=root: build(root, BuildOptions(jobs=1)))  # type: ignore[misc]
        pass_time(db, 3600)
        build(root, BuildOptions(jobs=1))
        told = {json.loads(m.body)["type"] for m in receiver.messages if json.loads(m.body)["data"]["site"] == f"s{step}"}
        assert "release.published" in told
        if not was_killed:
            break
    assert not was_killed
    assert step > 20
    assert [row[2] for row in read_rows(db) if row[2] != "delivered"] == []


def test_watching_goes_on_while_a_slow_receiver_is_told(hooked: Path, receiver: Receiver, db: psycopg.Connection[Any]) -> None:
    go = threading.Event()
    receiver.before = lambda: bool(go.wait(30)) and None
    builder = watch.Builder(hooked, "", Reporter(), lambda: None)
    try:
        assert builder.build(None, first=True)
        (hooked / "content/posts/flood.md").write_text("---\ntitle: Flood\ndate: 2025-03-01\n---\nMore.\n")
        again = builder.build(["content/posts/flood.md"])
        assert again
        assert again.written
        assert not go.is_set(), "the second build ended while the first message was under way"
        go.set()
        until = time.monotonic() + 30
        while [row[2] for row in read_rows(db)] != ["delivered"] * 2:
            assert time.monotonic() < until
            time.sleep(0.05)
            builder.build(None)
    finally:
        go.set()
        with webhooks._sending:  # the last thread has ended
            builder.warm.close()
    assert len(receiver.messages) == 2


def test_message_is_not_sent_without_a_secret_and_test_says_so(
    hooked: Path, cms: Cms, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cms("hooks", "test")[1]["receivers"][0]["good"]
    assert json.loads(receiver.messages[0].body)["type"] == "test"
    monkeypatch.delenv("RECEIVER_SECRET")
    code, result, _ = cms("hooks", "test")
    assert (code, "RECEIVER_SECRET" in result["receivers"][0]["answer"]) == (3, True)
    assert len(receiver.messages) == 1


@pytest.mark.parametrize(
    ("address", "is_refused"),
    [
        ("169.254.169.254", True), ("fe80::1%eth0", True), ("::ffff:169.254.169.254", True), ("64:ff9b::a9fe:a9fe", True), ("fd00:ec2::254", True),
        ("fd20:ce::254", True), ("fd00:c1::a9fe:a9fe", True), ("fd00:42::42", True), ("168.63.129.16", True), ("192.0.0.192", True),
        ("::ffff:168.63.129.16", True), ("64:ff9b:1::a83f:8110", True), ("::a9fe:a9fe", True), ("::", True), ("fd12::1", False), ("168.63.129.17", False),
        ("0.0.0.0", True), ("224.0.0.1", True), ("240.0.0.1", True), ("2002:a9fe:a9fe::1", True), ("127.0.0.1", False), ("10.0.0.1", False),
        ("::1", False), ("93.184.216.34", False), ("2606:2800:220:1::1", False),
        ("2001:0:4136:e378:8000:63bf:5601:5601", True), ("2001:0:4136:e378:8000:63bf:a24d:c2b6", False), ("2001:db8::5efe:a9fe:a9fe", True),
        ("2001:db8::200:5efe:a9fe:a9fe", True), ("2001:db8::5efe:5db8:d822", False),
    ],
)  # fmt: skip
def test_nothing_is_sent_to_addresses_that_tell_credentials(address: str, is_refused: bool) -> None:
    assert is_forbidden(address) is is_refused


@pytest.mark.parametrize(
    "host",
    ["2852039166", "0xA9FEA9FE", "0251.0376.0251.0376", "169.254.43518", "１６９.254.169.254", "::ffff:a83f:8110", "fd20:ce::254", "168.63.129.16", "192.0.0.192"],
)  # fmt: skip
def test_an_address_is_refused_however_it_is_written(host: str) -> None:
    url = f"http://{f'[{host}]' if ':' in host else host}/"
    assert "it is a link-local, multicast or reserved address" in send_message(url, ("x",), "X", "msg_1", b"{}").text


def test_link_local_receiver_is_refused_before_any_packet() -> None:
    answer = send_message("http://169.254.169.254/latest/", ("x",), "X", "msg_1", b"{}")
    assert answer.text == "nothing is sent to 169.254.169.254: it is a link-local, multicast or reserved address"


def test_waits_grow_and_retry_after_is_heard_up_to_a_day() -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert parse_retry_after("120", now) == 120
    assert parse_retry_after((now + timedelta(minutes=5)).strftime("%a, %d %b %Y %H:%M:%S GMT"), now) == 300
    assert parse_retry_after("soon", now) is None
    assert parse_retry_after("", now) is None
    for tries, least in enumerate(WAITS_S, 1):
        assert least <= choose_wait(tries, None) <= least * 1.2
    assert choose_wait(1, 600) == 600
    assert choose_wait(1, 1e9) == 86_400
    assert choose_wait(4, 1) >= 600


@pytest.mark.parametrize(
    "text",
    ['url = "ftp://a"\nsecret_env = "A"', 'url = "https://u:p@a/"\nsecret_env = "A"', 'url = "https://a/"\nsecret_env = "whsec_abc+"'],
)
def test_receivers_that_cannot_be_are_refused_with_their_line(site: Path, cms: Cms, text: str) -> None:
    (site / "site.toml").write_text(f"[[webhooks]]\n{text}\n")
    code, result, _ = cms("build")
    assert (code, result["problems"][0]["code"]) == (1, "settings.wrong-value")
