"""Files that may not be read, disk full, output that cannot be written, a database that goes away: each is said, and the next build converges."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cms_ssg.build import BuildResult, build
from cms_ssg.engine import open_session
from cms_ssg.errors import CmsError
from cms_ssg.reporting.progress import Reporter
from cms_ssg.store import embedded
from cms_ssg.store.connect import connect
from tests.engine.killing import Child
from tests.engine.sample import SITE
from tests.engine.siteonpage import SiteOnPage, database

NOBODY = 65534


def build_with(site: SiteOnPage, prepare: Callable[[], object]) -> BuildResult:
    """Build in a process that was limited first."""

    def act() -> BuildResult | CmsError:
        prepare()
        try:
            return build(site.root, site.options)
        except CmsError as error:
            return error

    with database(site.url):
        found = Child(act).wait()
    if isinstance(found, CmsError):
        raise found
    return found


def limit_files(size_bytes: int) -> None:
    """No file of this process may grow beyond this: a write ends half-way, and the next one fails as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, size_bytes))


@pytest.mark.parametrize("size_bytes", [*(pytest.param(size, marks=pytest.mark.long) for size in (1, 500)), 300])
def test_a_disk_that_is_full_leaves_whole_files_and_is_made_good(size_bytes: int, make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SITE)
    result = build_with(site, lambda: limit_files(size_bytes))
    assert result.status == "partial"
    assert {p.code for p in result.problems if p.severity == "error"} == {"publish.failed"}
    assert os.strerror(errno.EFBIG) in result.problems[0].message
    wanted = site.build_clean().tree()
    assert {key: wanted[key] for key in site.tree()} == site.tree(), "a file is there in half"
    assert len(site.tree()) < len(wanted)
    repaired = site.build()
    assert repaired.result.status == "done"
    site.assert_clean()


def test_a_disk_that_fills_up_leaves_the_old_pages_live(built_site: Callable[[str], SiteOnPage]) -> None:
    site = built_site(SITE)
    before = site.tree()
    site.edit("themes/plain/templates/footer.html", "footer", "foot")
    assert build_with(site, lambda: limit_files(10)).status == "partial"
    changed = {key for key, data in site.tree().items() if data != before[key]}
    assert changed == set()
    site.build()
    site.assert_clean()


def test_a_file_where_a_folder_should_be_is_said_and_made_good(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SITE)
    site.write_file("build/2026", "in the way")
    site.write_file("build/about/index.html/in", "the way")
    result = site.build().result
    assert result.status == "partial"
    named = {p.message.split()[0] for p in result.problems if p.code == "publish.failed"}
    assert {"/2026/a/", "/2026/b/", "/about/"} <= named
    waiting = {p.message.split()[0] for p in result.problems if "it links to /2026/" in p.message}
    assert not any(path.startswith("/it/") for path in named - waiting), "one place in the way does not keep the others back"
    assert (site.output / "it/2026/a/index.html").exists() and "/it/2026/d/" in waiting
    site.delete("build/2026")
    shutil.rmtree(site.output / "about/index.html")
    assert site.build().result.status == "done"
    site.assert_clean()


class Breaking(Reporter):
    """Does something to the database after the nth round."""

    def __init__(self, after: int, action: Callable[[], object]) -> None:
        self.after, self.action, self.rendering = after, action, False

    def phase(self, name: str, total: int = 0) -> None:
        self.rendering = name == "render"

    def advance(self, count: int = 1) -> None:
        self.after -= self.rendering
        if self.rendering and self.after == 0:
            self.action()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user may reach."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_an_output_that_becomes_read_only_keeps_what_it_has_and_is_made_good(
    make_site: Callable[..., SiteOnPage], open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site(SITE, str(open_folder / "site"))
    monkeypatch.setattr("cms_ssg.engine.round_size.MOST", 16)
    site.build()
    before = site.tree()
    site.edit("themes/plain/templates/footer.html", "footer", "foot")

    def lose_rights() -> None:
        for folder in (site.root, site.output, *(path for path in site.output.rglob("*") if path.is_dir())):
            folder.chmod(0o555)
        if os.geteuid() == 0:
            os.seteuid(NOBODY)  # permissions do not bind root

    with database(site.url):
        result = Child(lambda: build(site.root, site.options, Breaking(1, lose_rights))).wait()
    assert result.status == "partial"
    assert {p.code for p in result.problems if p.severity == "error"} == {"publish.failed"}
    assert os.strerror(errno.EACCES) in result.problems[0].message
    changed = {key for key, data in site.tree().items() if data != before[key]}
    assert 0 < len(changed) == result.written < result.rendered
    for folder in (site.root, *(path for path in site.output.rglob("*") if path.is_dir()), site.output):
        folder.chmod(0o755)
    assert site.build().result.status == "done"
    site.assert_clean()


def lose_root() -> None:
    """Be somebody whom permissions bind, but for reaching the database, which only its owner may."""
    if os.geteuid() != 0:
        return

    def connect_as_root(*args: Any, **kwargs: Any) -> Any:
        os.seteuid(0)
        try:
            return connect(*args, **kwargs)
        finally:
            os.seteuid(NOBODY)

    open_session.connect = connect_as_root
    os.seteuid(NOBODY)


@pytest.mark.parametrize("places", [["content/posts/a.md", "content/posts/d/d.svg", "data/facts.yaml"], ["content/posts"]])
def test_what_may_not_be_read_keeps_its_pages_and_is_named_until_it_may(
    places: list[str], make_site: Callable[..., SiteOnPage], open_folder: Path
) -> None:
    site = make_site(SITE, str(open_folder / "site"))
    site.build()
    for path in (site.output, *site.output.rglob("*")):
        path.chmod(0o777)
    before = site.tree()
    modes = {site.root / place: (site.root / place).stat().st_mode for place in places}
    for path in modes:
        path.chmod(0)
    for _ in range(2):
        result = build_with(site, lose_root)
        assert result.status == "partial"
        problems = [p for p in result.problems if p.severity == "error"]
        assert sorted(p.place for p in problems) == places
        assert all(os.strerror(errno.EACCES) in str(problem) for problem in problems)
        assert site.tree() == before
    for path, mode in modes.items():
        path.chmod(mode)
    assert build_with(site, lose_root).status == "done"
    assert site.tree() == before
    site.assert_clean()


def test_a_folder_that_may_not_be_read_stops_the_build_instead_of_emptying_the_pages(
    make_site: Callable[..., SiteOnPage], open_folder: Path
) -> None:
    site = make_site(SITE, str(open_folder / "site"))
    site.build()
    before = site.tree()
    for place in ("data", "themes/plain/templates", "themes/plain/assets"):
        mode = (site.root / place).stat().st_mode
        (site.root / place).chmod(0)
        with pytest.raises(CmsError, match=rf"{place}: the folder cannot be read: .*\[inputs\.unreadable\]"):
            build_with(site, lose_root)
        (site.root / place).chmod(mode)
        assert site.tree() == before
    assert site.build().result.status == "done"
    site.assert_clean()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Path]:
    """A folder with a server of the test's own, which it may harm."""
    folder = tmp_path / "server"
    folder.mkdir()
    yield folder
    embedded.stop(folder)


def answers(url: str) -> bool:
    try:
        connect(url).close()
    except CmsError:
        return False
    return True


@pytest.mark.parametrize("jobs", [pytest.param(1, marks=pytest.mark.long), 2])
def test_a_database_restarted_in_the_middle_of_a_build_is_said_and_the_next_build_goes_on(
    jobs: int, own_server: Path, make_site: Callable[[str], SiteOnPage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """First it is stopped in order, then it crashes: unwritten commits of records are lost then, the journal's are not."""
    for name in ("rounds.ROUND", "round_size.MOST", "rounds.BATCH"):
        monkeypatch.setattr(f"cms_ssg.engine.{name}", 8)
    monkeypatch.setattr("cms_ssg.engine.rounds.FEW", 0)
    site = make_site(SITE)
    site.url = embedded.start(own_server)

    def crash() -> None:
        os.kill(int((embedded.data_folder(own_server) / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        while answers(site.url):  # its children notice one after the other
            pass

    with database(site.url):
        for after, action in ((3, lambda: embedded.stop(own_server)), (2, crash)):
            with pytest.raises(CmsError) as caught:
                build(site.root, replace(site.options, jobs=jobs), Breaking(after, action))
            assert caught.value.problems[0].code == "db.lost"
            assert embedded.start(own_server) == site.url
    site.build(jobs=jobs)
    site.assert_clean()
    assert site.build().rendered == set()


def test_a_database_that_goes_away_for_good_ends_the_build_in_words(own_server: Path, make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SITE)
    site.url = embedded.start(own_server)
    with database(site.url):
        with pytest.raises(CmsError, match=r"db\.lost"):
            build(site.root, site.options, Breaking(1, lambda: embedded.stop(own_server)))
        live = site.tree()
        with pytest.raises(CmsError, match=r"db\.unreachable"):
            build(site.root, site.options)
    assert site.tree() == live
