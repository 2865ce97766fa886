"""One state, one output: nothing but content, theme, settings and the clock reaches a byte."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from cms_ssg.build import sync
from cms_ssg.store import embedded
from cms_ssg.store.connect import connect
from tests.engine.sample import SITE
from tests.engine.siteonpage import SiteOnPage, assert_same, database, read_tree, wipe

ROOT = Path(__file__).parents[2]
ARTICLES = 260
"""Enough for workers to read and to render: three chunks of files, two batches of pages."""

WORDS = (
    "aB c", "Ab c", "apple", "Zebra", "zebra", "Äpfel", "Apfel", "éclair", "eclair", "a-b", "a b", "ab", "ﬁn", "fin", "Œuvre", "ñandú", "nandu", "İl", "ıl", "东京",
)  # fmt: skip
"""Names that other orders than that of the bytes put elsewhere, or take for the same."""


def write_site(folder: Path) -> SiteOnPage:
    """The sample site, and articles that differ from each other in everything that sorts."""
    site = SiteOnPage(folder, "", "")
    site.write(SITE)
    choose = random.Random(7)
    for number in range(ARTICLES):
        words = choose.sample(WORDS, 4)
        head = f"title: {words[0]} {number % 7}\ndate: 2025-{1 + number % 3:02}-01\nsection: {words[1]}\ntags: [{words[2]}, {words[3]}]\nauthors: [{words[1]}]"
        site.write_file(
            f"content/posts/{choose.choice('aZ_é')}{number}.md", f"---\n{head}\n---\n## {words[2]}\n\nText [{words[3]}](a.md).\n"
        )
    return site


def build_in_process(folder: Path, url: str, *, jobs: int = 1, umask: int = 0o022, **environ: str) -> dict[str, bytes]:
    """The output of ``cms build`` in a process of its own."""
    command = [sys.executable, "-m", "cms_ssg", "build", "-C", str(folder), "--jobs", str(jobs), "--now", "2026-03-01T12:00:00Z"]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "CMS_DATABASE_URL": url, **environ}, capture_output=True, text=True, umask=umask
    )
    assert done.returncode in (0, 3), done.stderr
    return read_tree(folder / "build")


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_site(tmp_path_factory.mktemp("content") / "site").root


@pytest.fixture(scope="module")
def reference(content: Path, engine_urls: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What one process makes of the site."""
    wipe(engine_urls[1])
    folder = tmp_path_factory.mktemp("reference") / "site"
    shutil.copytree(content, folder)
    tree = build_in_process(folder, engine_urls[1], PYTHONHASHSEED="1")
    assert len(tree) > 2 * ARTICLES
    return tree


@pytest.fixture
def site(content: Path, engine_urls: tuple[str, str], tmp_path: Path) -> Path:
    """A copy of the site without output, to be built with an empty database."""
    wipe(engine_urls[0])
    shutil.copytree(content, tmp_path / "site")
    return tmp_path / "site"


def sync_out_of_order(site: Path, url: str, parts: int) -> None:
    """Take the files in by parts, in an order of their own."""
    files = [path for folder in ("content", "static") for path in sorted((site / folder).rglob("*")) if path.is_file()]
    random.Random(5).shuffle(files)
    away = site.with_name("away")
    for file in files:
        (away / file.relative_to(site)).parent.mkdir(parents=True, exist_ok=True)
        file.rename(away / file.relative_to(site))
    on_page = SiteOnPage(site, url, url)
    for part in range(parts):
        for file in files[part::parts]:
            file.parent.mkdir(parents=True, exist_ok=True)
            (away / file.relative_to(site)).rename(file)
        with database(url):
            sync(site, on_page.options)
    order = [row[0] for row in on_page.query("SELECT source_key FROM cms.entries ORDER BY id")]
    assert order != sorted(order)


def change_times_and_modes(site: Path) -> None:
    choose = random.Random(3)
    for path in site.rglob("*"):
        if path.is_file():
            path.chmod(0o600)
            os.utime(path, (choose.randrange(2**31), choose.randrange(2**31)))


FAR = {"TZ": "Pacific/Kiritimati"}
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0"}
"""By these Python would name files in ASCII."""


def test_nothing_of_the_machine_reaches_a_byte(site: Path, reference: dict[str, bytes], server_url: str, swedish_url: str) -> None:
    """All at once. Where this fails, the long tests below tell which it is."""
    with other_letters(server_url) if not swedish_url else nullcontext(swedish_url) as url:
        other = site.with_name("another földer")
        site.rename(other)
        sync_out_of_order(other, url, 2)
        change_times_and_modes(other)
        assert_same(build_in_process(other, url, jobs=3, umask=0o077, PYTHONHASHSEED="4242", **FAR, **ASCII), reference)


@pytest.mark.long
def test_two_processes_with_another_hash_seed_make_the_same(site: Path, reference: dict[str, bytes], engine_urls: tuple[str, str]) -> None:
    assert_same(build_in_process(site, engine_urls[0], jobs=2, PYTHONHASHSEED="0"), reference)


@pytest.mark.long
@pytest.mark.parametrize("seed", ["0", "4242"])
def test_hash_seed_reaches_no_byte(seed: str, site: Path, reference: dict[str, bytes], engine_urls: tuple[str, str]) -> None:
    assert_same(build_in_process(site, engine_urls[0], PYTHONHASHSEED=seed), reference)


@pytest.mark.long
@pytest.mark.parametrize("jobs", [2, 3])
def test_number_of_processes_reaches_no_byte(jobs: int, site: Path, reference: dict[str, bytes], engine_urls: tuple[str, str]) -> None:
    assert_same(build_in_process(site, engine_urls[0], jobs=jobs), reference)


@pytest.mark.long
def test_order_of_rows_reaches_no_byte(site: Path, reference: dict[str, bytes], engine_urls: tuple[str, str]) -> None:
    sync_out_of_order(site, engine_urls[0], 8)
    assert_same(build_in_process(site, engine_urls[0]), reference)


@pytest.mark.long
def test_time_zone_of_the_machine_reaches_no_byte(site: Path, reference: dict[str, bytes], engine_urls: tuple[str, str]) -> None:
    assert_same(build_in_process(site, engine_urls[0], **FAR), reference)


@pytest.mark.long
def test_locale_of_the_machine_reaches_no_byte(site: Path, reference: dict[str, bytes], engine_urls: tuple[str, str]) -> None:
    assert_same(build_in_process(site, engine_urls[0], **ASCII), reference)


@pytest.mark.long
def test_times_and_modes_of_files_reach_no_byte(site: Path, reference: dict[str, bytes], engine_urls: tuple[str, str]) -> None:
    change_times_and_modes(site)
    assert_same(build_in_process(site, engine_urls[0], umask=0o077), reference)


@pytest.mark.long
def test_folder_it_lies_in_reaches_no_byte(site: Path, reference: dict[str, bytes], engine_urls: tuple[str, str]) -> None:
    other = site.with_name("another földer")
    site.rename(other)
    assert_same(build_in_process(other, engine_urls[0]), reference)


# Collations


@pytest.fixture(scope="module")
def swedish_url() -> Iterator[str]:
    """Conninfo of a server with a database that sorts text as Swedes do: by letter before case, and z before å, ä, ö. Empty where none can be made."""
    localedef = shutil.which("localedef")
    if localedef is None:
        yield ""
        return
    with tempfile.TemporaryDirectory(prefix="cms-locale-") as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        folder.chmod(0o755)  # the server may run as somebody else
        subprocess.run([localedef, "-i", "sv_SE", "-f", "UTF-8", str(folder / "sv_SE.UTF-8")], capture_output=True)
        if not (folder / "sv_SE.UTF-8").is_dir():
            yield ""
            return
        patch.setattr(
            "cms_ssg.store.embedded.cluster._environment", lambda: {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC", "LOCPATH": name}
        )
        url = embedded.start(folder, {"fsync": "off"})
        try:
            with make_database(url, "LOCALE_PROVIDER libc LOCALE 'sv_SE.UTF-8'") as made:
                with connect(made, autocommit=True) as connection:
                    row = connection.execute("SELECT 'a' < 'B' AND 'z' < 'ä' AND 'ab' < 'a-c'").fetchone()
                    assert row == (True,), "it does not sort by bytes"
                yield made
        finally:
            embedded.stop(folder)


@contextmanager
def make_database(url: str, how: str) -> Iterator[str]:
    """A database whose text sorts otherwise."""
    name = f"other_collation_{os.getpid()}"
    with connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' {{}}").format(sql.SQL(how)))  # type: ignore[arg-type]
    try:
        yield make_conninfo(url, dbname=name)
    finally:
        with connect(url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def other_letters(url: str) -> AbstractContextManager[str]:
    """A database with other rules for letters."""
    return make_database(url, "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'PG_UNICODE_FAST'")


@pytest.mark.long
def test_collation_of_the_database_reaches_no_byte(site: Path, reference: dict[str, bytes], swedish_url: str) -> None:
    if not swedish_url:
        pytest.skip(
            "no Swedish locale can be made (on Debian: apt-get install locales), and the embedded server brings none but that of bytes"
        )
    assert_same(build_in_process(site, swedish_url), reference)


@pytest.mark.long
def test_rules_for_letters_of_the_database_reach_no_byte(site: Path, reference: dict[str, bytes], server_url: str) -> None:
    with other_letters(server_url) as url:
        assert_same(build_in_process(site, url), reference)
