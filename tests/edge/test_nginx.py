"""nginx with the printed configuration, run for real: what a visitor, a search engine and a CDN get."""

from __future__ import annotations

import gzip
import http.client
import os
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from cms_ssg.cli.main import run as run_cms
from cms_ssg.edge.configure import configure
from cms_ssg.edge.inline import hash_source
from cms_ssg.edge.nginx import NginxOptions, write_nginx
from tests.edge.conftest import SCRIPT, BuildSite, configure_nginx
from tests.edge.nginx_server import Nginx, find_nginx, find_port, serve

PAGES = "public, max-age=0, s-maxage=86400, must-revalidate"


@pytest.fixture(scope="module", params=["", "/blog"])
def base(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def nginx(base: str, build_site: BuildSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    find_nginx()
    root, port = build_site(base), find_port()
    text = configure_nginx(root, port).text
    assert text == configure_nginx(root, port).text
    (root / "build/.about.new").write_text("half")
    (root / "build/foreign.html").write_text("<title>quiet</title><script>document.title = 'foreign script ran'</script>")
    (root / "build/files/notes.txt.gz").write_bytes(gzip.compress(b"packed"))
    with serve(text, tmp_path_factory.mktemp("nginx"), port) as running:
        yield running._replace(folder=root)


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/", "index.html"),
        ("/about/", "about/index.html"),
        ("/2025/03/flood/", "2025/03/flood/index.html"),
        ("/citt%C3%A0/", "città/index.html"),
        ("/about/?utm=1", "about/index.html"),
        ("//about//", "about/index.html"),
        ("/x/../about/./", "about/index.html"),
        ("/%61bout/", "about/index.html"),
        ("/.well-known/security.txt", ".well-known/security.txt"),
    ],
)
def test_path_of_a_page_gives_its_file(nginx: Nginx, base: str, path: str, file: str) -> None:
    answer = nginx.ask(base + path)
    assert (answer.status, answer.body) == (200, (nginx.folder / "build" / file).read_bytes())


def test_files_that_were_sent_are_saved_and_images_are_shown(nginx: Nginx, base: str) -> None:
    folder = nginx.folder / "build/uploads" / ("0a" * 20)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("file.pdf", "image.jpg"):
        (folder / name).write_bytes(b"sent")
    answers = [nginx.ask(f"{base}/uploads/{folder.name}/{name}") for name in ("file.pdf", "image.jpg")]
    assert [(answer.status, answer.headers.get("Content-Disposition")) for answer in answers] == [(200, "attachment"), (200, None)]
    shutil.rmtree(folder.parent)


def test_previews_are_kept_by_no_cache_and_no_search_engine(nginx: Nginx, base: str) -> None:
    page = nginx.folder / "build/_preview/token/about/index.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("preview")
    answer = nginx.ask(f"{base}/_preview/token/about/")
    assert (answer.status, answer.body) == (200, b"preview")
    assert (answer.headers["Cache-Control"], answer.headers["X-Robots-Tag"]) == ("private, no-store", "noindex, nofollow")
    assert "X-Robots-Tag" not in nginx.ask(f"{base}/about/").headers


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/moved", "{base}/about/?from=moved"),
        ("/moved/?a=1", "{base}/about/?from=moved"),
        ("/part/?a=1", "{base}/about/#part"),
        ("/flood/?a=1&b=2", "{base}/2025/03/flood/?a=1&b=2"),
        ("/flood", "{base}/2025/03/flood/"),
        ("/Flood/", "{base}/about/"),
        ("/Flood", "{base}/about/"),
        ("/About/", "{base}/2025/03/flood/"),
        ("/old/flood.html", "{base}/2025/03/flood/"),
        ("/elsewhere?q=1", "https://example.com/a%24b?q=1"),
        ("/caff%C3%A8%20nero/", "{base}/citt%C3%A0/"),
    ],
)
def test_redirect_is_a_real_301_that_keeps_the_query(nginx: Nginx, base: str, path: str, target: str) -> None:
    answer = nginx.ask(base + path)
    assert (answer.status, answer.location) == (301, target.format(base=base))
    assert answer.cache == PAGES


def test_page_without_its_last_slash_is_redirected_within_the_site(nginx: Nginx, base: str) -> None:
    answer = nginx.ask(f"{base}/about?a=1")
    assert (answer.status, answer.location) == (301, f"{base}/about/?a=1")
    answer = nginx.ask(f"{base}/citt%C3%A0")
    assert (answer.status, quote(answer.location.encode("latin-1"), safe="/%")) == (301, f"{base}/citt%C3%A0/")


@pytest.mark.parametrize("path", ["/about/", "/ABOUT/", "/2025/03/FLOOD/"])
def test_letters_of_another_case_lead_to_no_loop(nginx: Nginx, base: str, path: str) -> None:
    assert nginx.ask(base + path).status == (200 if path == "/about/" else 404)


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/nothing/", "404.html"),
        ("/nothing?a=1", "404.html"),
        ("/it/niente/", "it/404.html"),
        ("/files/", "404.html"),
        ("/2025/03/draft/", "404.html"),
        ("/.env", "404.html"),
        ("/files/.env", "404.html"),
        ("/.about.new", "404.html"),
        ("/%2eabout.new", "404.html"),
        ("/404.html", "404.html"),
    ],
)
def test_what_is_not_there_or_hidden_answers_404_with_the_page_of_its_language(nginx: Nginx, base: str, path: str, page: str) -> None:
    answer = nginx.ask(base + path)
    assert (answer.status, answer.body) == (404, (nginx.folder / "build" / page).read_bytes())
    assert answer.cache == "public, max-age=0, s-maxage=60"


@pytest.mark.parametrize("path", ["/2025/03/trashed/", "/2025/03/expired/", "/2025/03/deleted/", "/2025/03/deleted", "/wrong/"])
def test_what_was_taken_away_on_purpose_answers_410(nginx: Nginx, base: str, path: str) -> None:
    answer = nginx.ask(base + path)
    assert (answer.status, answer.body) == (410, (nginx.folder / "build/404.html").read_bytes())


@pytest.mark.parametrize(
    "path", ["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "/a/../../../site.toml", "/%00"]
)
def test_path_that_climbs_is_refused(nginx: Nginx, base: str, path: str) -> None:
    answer = nginx.ask(base + path)
    assert answer.status in (400, 404)
    assert b"root:" not in answer.body and b"base_url" not in answer.body


def test_headers_follow_the_class_of_what_is_sent(nginx: Nginx, base: str) -> None:
    (asset,) = re.findall(rf'href="{base}(/assets/site[^"]+\.css)"', (nginx.folder / "build/index.html").read_text("utf-8"))
    said = {path: nginx.ask(base + path) for path in (asset, "/", "/feed.xml", "/feed.json", "/files/map.svg", "/files/notes.txt")}
    assert {answer.status for answer in said.values()} == {200}
    assert said[asset].cache == "public, max-age=31536000, immutable"
    assert said["/"].cache == PAGES
    assert said["/feed.xml"].cache == "public, max-age=300, s-maxage=86400"
    assert said["/files/map.svg"].cache == "public, max-age=3600, s-maxage=86400"
    assert said["/"].headers["Content-Type"] == "text/html; charset=utf-8"
    assert said["/feed.xml"].headers["Content-Type"] == "application/rss+xml; charset=utf-8"
    assert said["/feed.json"].headers["Content-Type"] == "application/feed+json; charset=utf-8"
    assert said[asset].headers["Content-Type"] == "text/css; charset=utf-8"
    assert all(answer.headers["X-Content-Type-Options"] == "nosniff" for answer in said.values())
    assert all(answer.headers["Strict-Transport-Security"] == "max-age=31536000" for answer in said.values())
    assert [path for path, answer in said.items() if answer.headers["Content-Security-Policy"]] == ["/"]


def test_unchanged_page_answers_304_with_its_headers(nginx: Nginx, base: str) -> None:
    first = nginx.ask(f"{base}/about/")
    again = nginx.ask(f"{base}/about/", If_None_Match=first.headers["ETag"])
    assert (again.status, again.body, again.cache) == (304, b"", PAGES)


def test_text_is_compressed_for_those_who_take_it(nginx: Nginx, base: str) -> None:
    answer = nginx.ask(f"{base}/", Accept_Encoding="gzip")
    assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert gzip.decompress(answer.body) == (nginx.folder / "build/index.html").read_bytes()
    assert gzip.decompress(nginx.ask(f"{base}/files/notes.txt", Accept_Encoding="gzip").body) == b"packed"


def test_what_lies_outside_the_sites_path_is_not_of_this_site(nginx: Nginx, base: str) -> None:
    if not base:
        pytest.skip("the site has the whole host")
    assert [nginx.ask(path).status for path in ("/", "/about/", "/blogger/", "/flood/")] == [404] * 4
    assert (nginx.ask(base).status, nginx.ask(base).location) == (301, f"{base}/")


@pytest.mark.browser
@pytest.mark.parametrize(("path", "title"), [("/2025/03/flood/", "own script ran"), ("/foreign.html", "quiet")])
def test_browser_runs_the_pages_own_script_and_no_other(
    chromium: str, nginx: Nginx, base: str, tmp_path: Path, path: str, title: str
) -> None:
    flags = [
        "--headless",
        "--no-first-run",
        "--disable-gpu",
        "--disable-background-networking",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
    ]
    url = f"http://127.0.0.1:{nginx.port}{base}{path}"
    done = subprocess.run(
        [chromium, *flags, f"--user-data-dir={tmp_path}/profile", "--dump-dom", url], capture_output=True, text=True, timeout=120
    )
    assert re.findall("<title>(.*?)</title>", done.stdout)[:1] == [title], done.stderr[-2000:]


def test_policy_has_hashes_of_the_themes_pages_and_none_of_pages_that_are_files(build_site: BuildSite) -> None:
    own = "document.title = 'a file'"
    configuration = configure_nginx(build_site("", {"static/own.html": f"<title>x</title><script>{own}</script>"}), 8080)
    assert hash_source(SCRIPT.encode()) in configuration.text
    assert hash_source(own.encode()) not in configuration.text
    assert [(problem.code, problem.place) for problem in configuration.problems] == [("target.file-scripts", "/own.html")]


def test_tls_server_sends_hsts_and_plain_http_leads_to_it(build_site: BuildSite, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if not openssl:
        pytest.skip("no openssl is installed, which makes the certificate")
    find_nginx()
    plain, secure = find_port(), find_port()
    root = build_site("", {"site.toml": f'base_url = "https://localhost:{secure}"\n'})
    subject = [
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
        "-nodes",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ]
    files = ["-keyout", str(tmp_path / "privkey.pem"), "-out", str(tmp_path / "fullchain.pem")]
    subprocess.run([openssl, "req", "-x509", *subject, *files], check=True, capture_output=True)
    options = NginxOptions(root / "build", certificate=tmp_path)
    text = configure(root, "", lambda edge: (write_nginx(edge, options), [])).text.replace("listen 80;", f"listen {plain};")
    with serve(text.replace("    listen [::]:80;\n", ""), tmp_path / "nginx", plain) as running:
        answer = running.ask("/about/?a=1")
        assert (answer.status, answer.location) == (301, f"https://localhost:{secure}/about/?a=1")
        context = ssl.create_default_context(cafile=tmp_path / "fullchain.pem")
        connection = http.client.HTTPSConnection("localhost", secure, context=context, timeout=20)
        connection.request("GET", "/about/")
        response = connection.getresponse()
        assert (response.status, response.headers["Strict-Transport-Security"]) == (200, "max-age=31536000")
        assert b"About" in response.read()
        connection.close()


def test_five_thousand_redirects_fit_into_the_tables(build_site: BuildSite, tmp_path: Path) -> None:
    find_nginx()
    lines = "".join(f"/{number:04}/{'long-name-of-an-article-' * 4}{number} /about/\n" for number in range(5_000))
    root, port = build_site("", {"site.toml": 'redirect_files = ["old.txt"]\n', "old.txt": lines}), find_port()
    with serve(configure_nginx(root, port).text, tmp_path / "nginx", port) as running:
        answer = running.ask(f"/4999/{'long-name-of-an-article-' * 4}4999")
        assert (answer.status, answer.location) == (301, "/about/")


@pytest.mark.parametrize("moved", [False, True])
def test_printed_configuration_serves_the_pages_of_a_site_named_with_c_wherever_they_lie(
    nginx: Nginx, base: str, moved: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port, pages = find_port(), tmp_path / "pages"
    shutil.copytree(nginx.folder / "build", pages)
    (pages / "about/index.html").write_text("moved")
    args = ["target", "config", "nginx", "-C", str(nginx.folder), "--listen", str(port)]
    assert run_cms([*args, "--folder", str(pages)] if moved else args) == 0
    with serve(capsys.readouterr().out, tmp_path / "nginx", port) as running:
        assert (running.ask(f"{base}/about/").body == b"moved") is moved
        assert [running.ask(base + path).status for path in ("/about/", "/2025/03/flood/")] == [200, 200]
        assert [running.ask(base + path).status for path in ("/site.toml", "/content/posts/draft.md", "/.cms/")] == [404] * 3
