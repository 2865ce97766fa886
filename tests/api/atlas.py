"""A small site with search, built, and its API in a thread of the test's own process: real sockets, real Postgres."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from uvicorn import Server

from cms_ssg.api.app import ROUTERS, make_app
from cms_ssg.api.process import make_config, open_socket
from cms_ssg.api.sites import load_sites
from cms_ssg.build import BuildOptions, BuildResult, build

SETTINGS = """name = "{name}"
title = "Atlas"
base_url = "http://{host}{path}"
timezone = "Europe/Lisbon"
{more}

[search]

[[locales]]
code = "en"

[[locales]]
code = "it"

[[collection]]
name = "posts"
path = "content/posts"
type = "post"
url = "/{{slug}}/"
locale = "suffix"

[[collection]]
name = "pages"
path = "content/pages"
type = "page"
url = "/{{slug}}/"
"""

POSTS = {
    "coast": (
        "How long is the coast?",
        "2025-10-19",
        "history",
        "maps, coasts",
        "Two countries measured a border with *rulers* of different length.",
    ),
    "noon": (
        "The day noon moved",
        "2024-02-04",
        "history",
        "clocks",
        "Railways needed one time. A [café](https://example.org) kept its own.",
    ),
    "tide-table": ("Reading a tide table", "2025-07-06", "notes", "tides, coasts", "A tide table gives the times of high and low water."),
    "tide": (
        "Measuring by hand: the tide",
        "2024-09-15",
        "workshop",
        "tides",
        "A plank, a pencil. The tide table was right, and so were the tables of others.",
    ),
    "tree": ("Measuring by hand: the tree", "2024-06-02", "workshop", "trees", "Eye, fist and stick make a triangle: `height <b>` of it."),
    "tokyo": ("東京の地図", "2025-01-02", "history", "maps", "東京都は日本の首都です。"),
}


def write_post(folder: Path, slug: str, text: str = "", **fields: str) -> Path:
    """Write a post; without text one of POSTS."""
    title, date, section, tags, body = POSTS.get(slug, (slug, "2025-01-01", "notes", "new", ""))
    values = {"title": f'"{title}"', "date": date, "section": section, "tags": f"[{tags}]", **fields}
    file = folder / f"content/posts/{slug}.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    front = "\n".join(f"{name}: {value}" for name, value in values.items())
    file.write_text(f"---\n{front}\n---\n\n{text or body}\n", "utf-8")
    return file


def write_site(folder: Path, name: str = "atlas", host: str = "localhost:8000", path: str = "", more: str = "") -> Path:
    """A site of a few posts, a page, and an Italian variant."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "site.toml").write_text(SETTINGS.format(name=name, host=host, path=path, more=more), "utf-8")
    for slug in POSTS:
        write_post(folder, slug)
    (folder / "content/posts/tide.it.md").write_text(
        '---\ntitle: "Misurare la marea"\ndate: 2024-09-15\ntags: [tides]\n---\n\nUna tavola e una matita.\n', "utf-8"
    )
    (folder / "content/pages").mkdir(parents=True, exist_ok=True)
    (folder / "content/pages/about.md").write_text("---\ntitle: About\n---\n\nA journal about measuring the tide.\n", "utf-8")
    return folder


def build_site(folder: Path, url: str, **options: Any) -> BuildResult:
    """Build with the store at url."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CMS_DATABASE_URL", url)
        result = build(folder, BuildOptions(jobs=1, **options))
    assert result.status == "done", result.problems
    return result


class Api:
    """A running API. client: sends requests to it."""

    def __init__(self, client: httpx.Client, app: Any, sites: Any) -> None:
        self.client, self.app, self.sites = client, app, sites

    @property
    def framework(self) -> Any:
        """FastAPI's application, behind our own layers."""
        return self.app.app.app.app

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.client.get(path, **options)

    def json(self, path: str, **options: Any) -> Any:
        answer = self.get(path, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def find(self, q: str, **params: Any) -> list[str]:
        """The URLs of the hits of a search."""
        return [hit["url"] for hit in self.json("/api/search", params={"q": q, **params})["hits"]]


@contextmanager
def serve_api(folders: Sequence[Path], url: str, redis_url: str = "", routers: Sequence[str] = ROUTERS) -> Iterator[Api]:
    """The API of these sites on a free port, in a thread."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CMS_DATABASE_URL", url)
        patch.setenv("CMS_REDIS_URL", redis_url)
        sites = load_sites(folders)
    app = make_app(sites, routers)
    listening = open_socket("127.0.0.1", 0)
    server = Server(make_config(app))
    loop_factory = asyncio.new_event_loop

    def run() -> None:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(server.serve([listening]))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        threading.Event().wait(0.005)
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    with httpx.Client(base_url=address, timeout=20, verify=False) as client:  # it would read certificates for 30 ms
        yield Api(client, app, sites)
    server.should_exit = True
    app.end_streams()
    thread.join(15)
    listening.close()
    assert not thread.is_alive()


def list_environ(url: str) -> dict[str, str]:
    """The environment of a command that uses this store."""
    return {**os.environ, "CMS_DATABASE_URL": url}
