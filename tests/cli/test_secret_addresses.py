"""A canary in the database's address: no command repeats it, whatever it says of the address and wherever that comes from."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from cms_ssg.cli.main import run
from tests.cli.test_commands import EVERY, ROOT

ADDRESSES = (
    "postgresql://cms:one@canary/of-prey?x@127.0.0.1:1/cms",
    "postgresql://cms:canary%40of%2Fprey@127.0.0.1:1/cms",
    "host=127.0.0.1 port=1 user=cms password='canary @/ \\'of prey'",
    "postgresql://cms:canary/of-prey",
)
MOST = {"theme check": 1}  # it renders a gallery, and asks no database
LASTING = ("watch", "serve", "worker")
ARGUMENTS = {
    "init": ["made"],
    "new": ["post", "Rain"],
    "move": ["flood", "--slug", "rain"],
    "db restore": ["site.toml"],
    "db dump": ["dump"],
}
OPTIONS = {"serve": ["--port", "0"], "hooks serve": ["--port", "0"], "preview": ["--worktree"]}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "site.toml").write_text('base_url = "https://a.org"\n[receiver]\nsecret_env = "RECEIVER"\n')
    (tmp_path / "content/posts").mkdir(parents=True)
    (tmp_path / "content/posts/flood.md").write_text("---\ntitle: Flood\ndate: 2025-03-01\n---\nWater.\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("path", [path for path in EVERY if " ".join(path) not in LASTING], ids=" ".join)
def test_no_command_says_the_password_of_the_database(
    path: tuple[str, ...], site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = " ".join(path)
    arguments = ARGUMENTS.get(name) or ["flood" for param in EVERY[path].params if isinstance(param, click.Argument) and param.required]
    for address, more in list(zip(ADDRESSES, ([], ["--json"], ["--log-json", "--log-level", "debug"], []), strict=True))[: MOST.get(name)]:
        monkeypatch.setenv("CMS_DATABASE_URL", address)
        run([*path, *arguments, *OPTIONS.get(name, ()), *more])
    said = capsys.readouterr()
    assert "canary" not in said.out + said.err
    assert not (site / ".cms/crash.log").exists()


@pytest.mark.parametrize("name", LASTING)
def test_no_command_that_lasts_says_the_password_of_the_database(name: str, site: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "cms_ssg", *name.split(), *OPTIONS.get(name, ()), "-C", str(site)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT, start_new_session=True, text=True,
        env={**os.environ, "CMS_DATABASE_URL": ADDRESSES[0]},
    )  # fmt: skip
    assert process.stdout is not None
    said = ""
    while "[db.url]" not in said and (line := process.stdout.readline()):
        said += line
    os.killpg(process.pid, signal.SIGKILL)
    said += process.communicate(timeout=20)[0]
    assert "[db.url]" in said
    assert "canary" not in said


@pytest.mark.parametrize("broken", ["", "bad = [\n", 'locale = "xx-nowhere"\n', "database_url = 5\n", "unknown = 1\n"])
def test_address_in_the_settings_is_not_said_either(site: Path, broken: str, capsys: pytest.CaptureFixture[str]) -> None:
    for address in ADDRESSES:
        with (site / "site.toml").open("w") as file:
            file.write(f"database_url = {json.dumps(address)}\n{broken}")
        for command in (["build"], ["doctor"], ["doctor", "--json"], ["check", "--json"]):
            run(command)
    said = capsys.readouterr()
    assert said.err
    assert "canary" not in said.out + said.err
