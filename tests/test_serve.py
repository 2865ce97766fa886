"""The local server: what it gives, what it refuses, and how a page hears of a change. Real sockets."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms_ssg.errors import CmsError
from cms_ssg.serve.answers import find_file
from cms_ssg.serve.hosts import list_own_hosts
from cms_ssg.serve.server import SCRIPT, SiteServer, add_script, open_server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "build/index.html": "<body>home</BODY >",
        "build/about/index.html": "<body>about</body>",
        "build/404.html": "missing",
        "build/it/404.html": "manca",
        "build/a.css": "a{}",
        "build/feed.xml": "<rss/>",
        "build/caffè/index.html": "x",
        "build/empty/x.txt": "x",
        "secret.txt": "secret",
        "build.other/index.html": "other",
        "build/.env": "secret",
        "build/.git/config": "secret",
        "build/.git/index.html": "secret",
        "build/.cms/pg/cms.password": "secret",
        "build/.well-known/security.txt": "known",
        "build/about/.index.html.new": "secret",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "build/link.txt").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "build/up").symlink_to(tmp_path)
    (tmp_path / "build/open.txt").symlink_to(tmp_path / "build/.env")
    return tmp_path / "build"


@pytest.fixture
def server(folder: Path) -> Iterator[SiteServer]:
    yield from run(open_server("127.0.0.1", 0, folder))


def run(server: SiteServer) -> Iterator[SiteServer]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def ask(server: SiteServer, path: str, method: str = "GET", host: str = "", **headers: str) -> tuple[int, str, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=5)
    try:
        connection.putrequest(method, path, skip_host=bool(host))
        if host:
            connection.putheader("Host", host)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace"), dict(answer.getheaders())
    finally:
        connection.close()


def test_pages_and_files_have_their_types(server: SiteServer) -> None:
    assert ask(server, "/")[0] == 200
    assert ask(server, "/about/?x=1#y")[2]["Content-Type"] == "text/html; charset=utf-8"
    assert ask(server, "/a.css")[1:] == ("a{}", ask(server, "/a.css")[2])
    assert ask(server, "/feed.xml")[2]["Content-Type"] == "application/xml; charset=utf-8"
    assert ask(server, "/caff%C3%A8/")[0] == 200
    assert ask(server, "/about/")[2]["Cache-Control"] == "no-store"


def test_live_reload_is_put_into_pages_by_the_server_only(server: SiteServer, folder: Path) -> None:
    status, text, headers = ask(server, "/")
    assert (status, text) == (200, f"<body>home{SCRIPT.decode()}</BODY >")
    assert int(headers["Content-Length"]) == len(text)
    assert "EventSource" not in ask(server, "/a.css")[1]
    (folder / "fragments").mkdir()
    (folder / "fragments/latest.html").write_text("")
    assert ask(server, "/fragments/latest.html")[1] == ""  # it is a part of pages that have the live reload themselves
    assert b"EventSource" not in (folder / "index.html").read_bytes()
    assert add_script(b"no end") == b"no end" + SCRIPT


def test_head_has_no_body_and_other_methods_are_refused(server: SiteServer) -> None:
    status, text, headers = ask(server, "/about/", "HEAD")
    assert (status, text) == (200, "")
    assert int(headers["Content-Length"]) > 0
    assert ask(server, "/about/", "POST")[0] == 501


def test_folder_without_slash_is_redirected(server: SiteServer) -> None:
    status, _, headers = ask(server, "/about")
    assert (status, headers["Location"]) == (301, "/about/")
    assert ask(server, "/caff%C3%A8")[2]["Location"] == "/caff%C3%A8/"


@pytest.mark.parametrize(
    ("asked", "status", "text", "told"),
    [
        ("bytes=0-1", 206, "01", "bytes 0-1/10"),
        ("bytes=7-", 206, "789", "bytes 7-9/10"),
        ("bytes=-2", 206, "89", "bytes 8-9/10"),
        ("bytes=-20", 206, "0123456789", "bytes 0-9/10"),
        ("bytes=8-99", 206, "89", "bytes 8-9/10"),
        ("bytes=10-", 416, "", "bytes */10"),
        ("bytes=-0", 416, "", "bytes */10"),
        ("bytes=3-2", 200, "0123456789", None),
        ("bytes=0-1,4-5", 200, "0123456789", None),
        ("bytes=-", 200, "0123456789", None),
        ("lines=1-2", 200, "0123456789", None),
    ],
)
def test_a_part_of_a_file_is_given_to_who_asks_for_it(
    server: SiteServer, folder: Path, asked: str, status: int, text: str, told: str | None
) -> None:
    (folder / "clip.mp4").write_text("0123456789")
    answer = ask(server, "/clip.mp4", Range=asked)
    assert answer[:2] == (status, text)
    assert answer[2].get("Content-Range") == told
    assert (answer[2]["Accept-Ranges"], answer[2]["Content-Length"]) == ("bytes", str(len(text)))
    head = ask(server, "/clip.mp4", "HEAD", Range=asked)
    assert head[:2] == (status, "")
    assert {**head[2], "Date": ""} == {**answer[2], "Date": ""}


def test_a_file_that_changed_is_given_whole(server: SiteServer, folder: Path) -> None:
    (folder / "clip.mp4").write_text("0123456789")
    headers = ask(server, "/clip.mp4")[2]
    for known in (headers["ETag"], headers["Last-Modified"]):
        assert ask(server, "/clip.mp4", Range="bytes=0-1", If_Range=known)[0] == 206
    assert ask(server, "/clip.mp4", Range="bytes=0-1", If_Range='"other"')[:2] == (200, "0123456789")


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("http://localhost:8000/about/?a=1&amp;b=%C3%A8#x", "/about/?a=1&b=%C3%A8#x"),
        ("/about/", "/about/"),
        ("http://localhost:8000.evil.example/", None),
        ("//evil.example/", None),
        ("https://elsewhere.example/", None),
    ],
)
def test_a_redirect_within_the_site_stays_on_this_server(folder: Path, target: str, location: str | None) -> None:
    (folder / "old").mkdir()
    (folder / "old/index.html").write_text(f'<meta charset="utf-8">\n<meta http-equiv="refresh" content="0; url={target}">')
    for server in run(open_server("127.0.0.1", 0, folder, origin="http://localhost:8000")):
        status, _, headers = ask(server, "/old/")
        assert (status, headers.get("Location")) == (301 if location else 200, location)


def test_nothing_there_gives_the_nearest_404_page(server: SiteServer) -> None:
    assert ask(server, "/nope/")[:2] == (404, "missing" + SCRIPT.decode())
    assert ask(server, "/it/nope/deep")[:2] == (404, "manca" + SCRIPT.decode())
    assert ask(server, "/empty/")[0] == 404


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/about/../../secret.txt",
        "/..%2fsecret.txt",
        "/link.txt",
        "/up/secret.txt",
        "/up/",
        "//secret.txt",
        "/../build.other/",
        "/%00",
        "/a.css/",
        "/about%5c..%5c..%5csecret.txt",
        "/%ff",
        "/about//index.html",
        "//evil.example/%2e%2e",
        "/C:/x",
        "/.env",
        "/%2eenv",
        "/.git/",
        "/.git",
        "/.git/config",
        "/.cms/pg/cms.password",
        "/about/.index.html.new",
        "/open.txt",
    ],
)
def test_nothing_outside_the_folder_is_given(server: SiteServer, path: str) -> None:
    status, text, headers = ask(server, path)
    assert status in (400, 404)
    assert "secret" not in text
    assert not headers.get("Location", "").startswith("//")


def test_what_the_web_knows_by_its_place_is_given(server: SiteServer) -> None:
    assert ask(server, "/.well-known/security.txt")[:2] == (200, "known")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "xlocalhost", "[x]"]
)
@pytest.mark.parametrize("path", ["/", "/__live", "/nope/"])
def test_name_that_somebody_else_leads_here_gets_nothing(server: SiteServer, host: str, path: str) -> None:
    status, text, _ = ask(server, path, host=host)
    assert status == 403
    assert "--allow-host" in text


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost:8000", "blog.localhost:1", "127.0.0.1:8000", "[::1]:8000", "192.168.1.5", "localhost."]
)
def test_names_and_addresses_of_this_machine_are_answered(server: SiteServer, host: str) -> None:
    assert ask(server, "/", host=host)[0] == 200


def test_name_that_was_allowed_is_answered(server: SiteServer) -> None:
    server.own_hosts |= list_own_hosts(["Preview.Example"])
    assert ask(server, "/", host="preview.example:8000")[0] == 200


@given(st.text(max_size=30))
def test_any_path_stays_inside(tmp_path_factory: pytest.TempPathFactory, path: str) -> None:
    folder = tmp_path_factory.getbasetemp()
    found = find_file(str(folder), "/" + path.encode("utf-8", "replace").decode())
    assert found is None or Path(found).is_relative_to(folder)


def test_site_below_a_path_is_served_below_it(folder: Path) -> None:
    for server in run(open_server("127.0.0.1", 0, folder, "/blog")):
        assert ask(server, "/")[2]["Location"] == "/blog/"
        assert ask(server, "/blog/about/")[0] == 200
        assert ask(server, "/blog/about")[2]["Location"] == "/blog/about/"
        assert ask(server, "/about/")[0] == 404
        assert server.url.endswith("/blog/")


def test_page_hears_of_a_change(server: SiteServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=5)
    connection.request("GET", "/__live")
    answer = connection.getresponse()
    assert answer.getheader("Content-Type") == "text/event-stream"
    lines = [answer.readline() for _ in range(4)]
    assert lines[1] == b"event: run\n"
    server.reload()
    assert [answer.readline() for _ in range(2)] == [b"event: reload\n", b"data: 1\n"]
    connection.close()


def test_taken_port_gives_the_next(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = open_server("127.0.0.1", port, folder)
        assert server.server_address[1] != port
        server.server_close()


def test_host_that_is_not_ours_is_an_error(folder: Path) -> None:
    with pytest.raises(CmsError) as caught:
        open_server("203.0.113.7", 8000, folder)
    assert caught.value.problems[0].code == "serve.host"
