"""Setting up where Python comes without ensurepip: pip is taken from the configured index, and checked."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"
MAKE = "import sys; sys.path.insert(0, sys.argv[1]); import setup; from pathlib import Path; setup.make_environment(Path(sys.argv[2]))"


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and keeps what was asked for."""

    asked: list[tuple[str, str]] = []  # noqa: RUF012

    def log_message(self, *_: object) -> None:
        self.asked.append((self.path, self.headers.get("Authorization", "")))


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Path]:
    """A folder that is served as a package index at ``index / "url"``, with the pip wheel this Python carries."""
    spec = find_spec("ensurepip")
    wheels = sorted((Path(spec.origin).parent / "_bundled").glob("pip-*.whl")) if spec and spec.origin else []
    if not wheels:
        pytest.skip("this Python carries no pip wheel to serve")
    folder = tmp_path / "index"
    (folder / "simple" / "pip").mkdir(parents=True)
    shutil.copy(wheels[-1], folder)
    digest = hashlib.sha256(wheels[-1].read_bytes()).hexdigest()
    links = [
        f'<a href="../../{wheels[-1].name}#sha256={digest}" data-requires-python="&gt;=3.7">{wheels[-1].name}</a>',
        '<a href="../../pip-99.0-py3-none-any.whl#sha256=00" data-requires-python="&gt;=3.99">too new</a>',
        '<a href="../../pip-98.0-py3-none-any.whl#sha256=00" data-yanked="broken">withdrawn</a>',
        '<a href="../../pip-97.0.tar.gz#sha256=00">no wheel</a>',
    ]
    (folder / "simple" / "pip" / "index.html").write_text(f"<html><body>{''.join(links)}</body></html>")
    QuietHandler.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    (folder / "url").write_text(f"http://reader:s%40crt@127.0.0.1:{server.server_port}/simple/")
    yield folder
    server.shutdown()
    thread.join()
    server.server_close()


def make_environment(folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Make an environment with a Python whose ensurepip fails, as Debian's does without python3-venv."""
    broken = folder.with_name("without-ensurepip")
    broken.mkdir(exist_ok=True)
    (broken / "ensurepip.py").write_text("raise ImportError('ensurepip is not available')")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    settings = {"PIP_CONFIG_FILE": os.devnull, "PYTHONPATH": str(broken), **environ}
    return subprocess.run([sys.executable, "-c", MAKE, SCRIPTS, folder], env=clean | settings, capture_output=True, text=True)


def test_environment_gets_pip_from_the_index_where_ensurepip_is_missing(index: Path, tmp_path: Path) -> None:
    done = make_environment(tmp_path / "made", PIP_INDEX_URL=(index / "url").read_text())
    assert done.returncode == 0, done.stderr
    shown = subprocess.run([tmp_path / "made/bin/python", "-m", "pip", "--version"], capture_output=True, text=True, check=True)
    assert str(tmp_path / "made") in shown.stdout
    assert QuietHandler.asked[0] == ("/simple/pip/", "Basic cmVhZGVyOnNAY3J0")


@pytest.mark.long
def test_index_of_a_pip_configuration_file_is_asked(index: Path, tmp_path: Path) -> None:
    (tmp_path / "pip.conf").write_text(f"[global]\nindex-url = {(index / 'url').read_text()}\n")
    done = make_environment(tmp_path / "made", PIP_CONFIG_FILE=str(tmp_path / "pip.conf"))
    assert done.returncode == 0, done.stderr
    assert QuietHandler.asked


@pytest.mark.long
def test_folder_of_wheels_is_enough_without_an_index(index: Path, tmp_path: Path) -> None:
    done = make_environment(tmp_path / "made", PIP_NO_INDEX="1", PIP_FIND_LINKS=str(index))
    assert done.returncode == 0, done.stderr
    assert not QuietHandler.asked


def test_pip_that_is_not_what_the_index_says_is_refused(index: Path, tmp_path: Path) -> None:
    wheel = next(index.glob("pip-*.whl"))
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    done = make_environment(tmp_path / "made", PIP_INDEX_URL=(index / "url").read_text())
    assert done.returncode != 0
    assert "SHA-256 differs" in done.stderr
    assert "s%40crt" not in done.stderr
    assert not (tmp_path / "made/bin/pip").exists()


def test_index_that_cannot_be_reached_is_named_with_the_way_out(tmp_path: Path) -> None:
    done = make_environment(tmp_path / "made", PIP_INDEX_URL="http://reader:s%40crt@127.0.0.1:9/simple")
    assert done.returncode != 0
    assert "http://127.0.0.1:9/simple/pip/" in done.stderr
    said = done.stderr.rpartition("SetupError: ")[2]
    assert said.count("Install python3-venv, or set PIP_INDEX_URL") == 1
    assert said.count("this Python has no ensurepip") == 1
    assert "s%40crt" not in done.stderr


TOLD = "import sys; sys.path.insert(0, sys.argv[1]); import setup; setup.run_told(sys.executable, '-c', sys.argv[2])"


def test_setting_up_names_each_package_that_it_fetches_and_all_that_pip_said_where_it_fails() -> None:
    pip = "print('Collecting click<9,>=8.1\\n  Downloading click.whl (98 kB)\\nInstalling collected packages: click, jinja2')"
    done = subprocess.run([sys.executable, "-c", TOLD, SCRIPTS, pip], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "",
        "  fetching click<9,>=8.1\n  installing 2 packages; this can take some minutes\n",
    )
    done = subprocess.run(
        [sys.executable, "-c", TOLD, SCRIPTS, f"{pip}; raise SystemExit('no such release')"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "no such release" in done.stderr


TELL_HOW_FAR = """
import sys, time; sys.path.insert(0, sys.argv[1]); import setup; from pathlib import Path
packages = Path(sys.argv[2]) / "lib/python3.11/site-packages"
(packages / "there-1.dist-info").mkdir(parents=True)
said, setup.tell = [], lambda line: said.append(line)
with setup.telling_how_far(Path(sys.argv[2]), 3, every_s=0.01):
    (packages / "click-8.dist-info").mkdir()
    (packages / "jinja2-3.dist-info").mkdir()
    while "  2 of 3 packages installed" not in said:
        time.sleep(0.01)
"""


def test_setting_up_says_how_many_packages_are_installed_while_pip_says_nothing(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", TELL_HOW_FAR, SCRIPTS, tmp_path], check=True, timeout=60)
