"""A real nginx with the configuration that cms prints, on a free port, and requests that nothing tidies up on their way."""

from __future__ import annotations

import http.client
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

MAIN = """daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log notice;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    types {{ text/html html; text/css css; text/plain txt; application/javascript js; image/svg+xml svg; text/xml xml; application/json json; }}
    default_type application/octet-stream;
    include {folder}/site.conf;
}}
"""


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")

    @property
    def cache(self) -> str:
        return self.headers.get("Cache-Control", "")


class Nginx(NamedTuple):
    port: int
    folder: Path

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": "example.org", **headers}.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        response = connection.getresponse()
        answer = Answer(response.status, response.headers, response.read())
        connection.close()
        return answer


def find_nginx() -> str:
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if not found:
        pytest.skip("no nginx is installed (on Debian: apt-get install nginx)")
    return found


def find_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def serve(text: str, folder: Path, port: int) -> Iterator[Nginx]:
    """Run nginx with a site's configuration until the block is left. A warning about it fails the test, as an error does."""
    folder.mkdir(exist_ok=True)
    (folder / "site.conf").write_text(text, "utf-8")
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder), "utf-8")
    process = subprocess.Popen(
        [find_nginx(), "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    try:
        _wait_for(process, port)
        yield Nginx(port, folder)
    finally:
        process.terminate()
        said = process.communicate(timeout=20)[1] + (folder / "error.log").read_text("utf-8", "replace")
    complaints = [line for line in said.splitlines() if re.search(r"\[(warn|emerg|alert|crit)\]", line)]
    assert complaints == [], complaints


def _wait_for(process: subprocess.Popen[str], port: int) -> None:
    ends = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < ends, "nginx does not answer"
            time.sleep(0.02)
