"""Variants picked by the server in front: a real nginx, and the code for CloudFront and Cloudflare in node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from cms_ssg.edge.cloudflare import write_worker
from cms_ssg.edge.cloudfront import write_function
from cms_ssg.edge.configure import configure
from cms_ssg.edge.nginx import NginxOptions, write_nginx
from tests.api.atlas import build_site
from tests.conftest import TEMPLATE, fresh_database
from tests.edge.nginx_server import find_nginx, find_port, serve
from tests.edge.node import CLOUDFLARE, CLOUDFRONT, run_node
from tests.engine.siteonpage import database, parse_files
from tests.verticals.landing.test_experiments import FILE, SITE

PAGES = {"<h1>On your wall</h1>": "statement", "<h1>In or out?</h1>": "question"}


@pytest.fixture(scope="module")
def site(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """The site whose server picks: three of four visitors see the question."""
    root = tmp_path_factory.mktemp("edge")
    for path, text in parse_files(SITE).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    settings = (root / "site.toml").read_text("utf-8")
    (root / "site.toml").write_text(settings + '[landing]\nchoose = "edge"\n', "utf-8")
    for url in fresh_database(server_url, TEMPLATE):
        build_site(root, url)
        yield root, url


def name_variant(body: bytes | str) -> str:
    text = body.decode() if isinstance(body, bytes) else body
    (found,) = [name for heading, name in PAGES.items() if heading in text]
    return found


def test_nginx_shows_each_visitor_one_variant_at_the_pages_own_address(site: tuple[Path, str], tmp_path: Path) -> None:
    find_nginx()
    root, url = site
    port = find_port()
    with database(url):
        made = configure(root, "", lambda edge: (write_nginx(edge, NginxOptions(root / "build", listen=port)), []))
    with serve(made.text, tmp_path, port) as nginx:
        shown = {}
        for n in range(80):
            agent = {"User-Agent": f"Browser {n}"}
            answer = nginx.ask("/?from=mail", **agent)
            assert answer.status == 200
            assert answer.cache == "private, max-age=0, must-revalidate"
            shown[n] = name_variant(answer.body)
            assert name_variant(nginx.ask("/", **agent).body) == shown[n], "it lasts"
        assert 40 < Counter(shown.values())["question"] < 75
        assert "how" in nginx.ask("/how/").body.decode().lower()
        assert nginx.ask("/how/").cache.startswith("public")


def test_cloudfront_asks_for_one_variant_a_visitor(site: tuple[Path, str], tmp_path: Path) -> None:
    root, url = site
    with database(url):
        code = configure(root, "", write_function).text
    program = CLOUDFRONT.replace("headers: {}", "headers: { 'user-agent': { value: 'Browser ' + answers.length } }")
    answers = run_node(program, [code, [("/", {})] * 60, None], tmp_path)
    uris = Counter(answer["uri"] for answer in answers)
    assert set(uris) == {"/index.html", "/-/headline/question/index.html"}
    assert 30 < uris["/-/headline/question/index.html"] < 58


def test_cloudflare_answers_with_one_variant_a_visitor(site: tuple[Path, str], tmp_path: Path) -> None:
    root, url = site
    with database(url):
        code = configure(root, "", write_worker).text
    asked = [("GET", "https://ebb.example/", {"user-agent": f"Browser {n}"}) for n in range(60)] * 2
    ran = run_node(CLOUDFLARE, [code, str(root), "", asked], tmp_path)
    shown = [name_variant(answer["body"]) for answer in ran["answers"]]
    assert shown[:60] == shown[60:], "it lasts"
    assert 30 < Counter(shown[:60])["question"] < 58


def test_nothing_is_split_where_the_script_picks(site: tuple[Path, str]) -> None:
    root, url = site
    settings = (root / "site.toml").read_text("utf-8")
    (root / "site.toml").write_text(settings.replace('"edge"', '"script"'), "utf-8")
    with database(url):
        assert "split_clients" not in configure(root, "", lambda edge: (write_nginx(edge, NginxOptions(root / "build")), [])).text
    (root / "site.toml").write_text(settings, "utf-8")
    assert FILE in parse_files(SITE)
