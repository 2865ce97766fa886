"""Sites that are built once for the tests of one file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from cms_ssg.build import BuildOptions, build
from cms_ssg.edge.configure import Configuration, configure
from cms_ssg.edge.nginx import NginxOptions, write_nginx
from tests.conftest import TEMPLATE

SCRIPT = "document.title = 'own script ran'"
FILES = {
    "site.toml": """base_url = "https://example.org{base}"
locales = ["en", "it"]
[redirects]
"/moved" = "/about/?from=moved"
"/part" = "/about/#part"
"/Flood" = "/about/"
"/About/" = "/2025/03/flood/"
"/elsewhere" = "https://example.com/a$b"
"/caffè nero" = "/città/"
[api]
upload_types = ["pdf"]
""",
    "content/posts/flood.md": "---\ntitle: Flood\ndate: 2025-03-01\ntags: [water]\naliases: [/flood/, /old/flood.html]\n---\nWater.\n\n"
    f"<script>{SCRIPT}</script>\n",
    "content/posts/trashed.md": "---\ntitle: Trashed\ndate: 2025-03-02\nstatus: trashed\naliases: [/wrong/]\n---\nNo.\n",
    "content/posts/draft.md": "---\ntitle: Draft\ndate: 2025-03-02\ndraft: true\n---\nNot yet.\n",
    "content/posts/expired.md": "---\ntitle: Expired\ndate: 2025-03-03\nexpire_at: 2025-04-01\n---\nThen.\n",
    "content/posts/deleted.md": "---\ntitle: Deleted\ndate: 2025-03-04\n---\nThen.\n",
    "content/pages/about.md": "# About\n",
    "content/pages/it/about.md": "# Chi siamo\n",
    "content/pages/città.md": "---\ntitle: Città\n---\nSì.\n",
    "static/.env": "secret",
    "static/.well-known/security.txt": "Contact: a@example.org\n",
    "static/files/notes.txt": "x",
    "static/files/map.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
    "static/plain/picture.jpg": "x",
}
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def write_site(root: Path, base: str, more: dict[str, str] | None = None) -> None:
    for name, text in {**FILES, **(more or {})}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text.replace("{base}", base), "utf-8")


def configure_nginx(root: Path, port: int) -> Configuration:
    return configure(root, "", lambda edge: (write_nginx(edge, NginxOptions(root / "build", listen=port)), []))


BuildSite = Callable[..., Path]


@pytest.fixture(scope="module")
def build_site(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuildSite]:
    """Builds the site above in a folder and database of its own; a file is deleted before its last build."""
    names: list[str] = []

    def make(base: str = "", more: dict[str, str] | None = None) -> Path:
        root = tmp_path_factory.mktemp("site")
        write_site(root, base, more)
        names.append(f"edge_{os.getpid()}_{root.name}")
        with psycopg.connect(server_url, autocommit=True) as server:
            server.execute(f"CREATE DATABASE {names[-1]} TEMPLATE {TEMPLATE} STRATEGY file_copy")
        patch.setenv("CMS_DATABASE_URL", make_conninfo(server_url, dbname=names[-1]))
        build(root, BuildOptions(now=NOW, jobs=1))
        (root / "content/posts/deleted.md").unlink()
        build(root, BuildOptions(now=NOW, jobs=1))
        return root

    with pytest.MonkeyPatch.context() as patch:
        yield make
    with psycopg.connect(server_url, autocommit=True) as server:
        for name in names:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
