"""The commands as people and scripts meet them: help, exit codes, stdout and stderr, JSON, and what happens when all goes wrong."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from cms_ssg.cli.call import Call
from cms_ssg.cli.main import COMMANDS, cms
from cms_ssg.cli.main import run as run_cms
from cms_ssg.cli.output import LEVELS, Output
from cms_ssg.store import embedded
from tests.whole import describes_all

ROOT = Path(__file__).resolve().parents[2]
CMS = [sys.executable, "-m", "cms_ssg"]


@dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, object]:
        value: dict[str, object] = json.loads(self.out)
        return value


Runner = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Runs cms in this process and gives what it said."""

    def call(*args: str) -> Ran:
        capsys.readouterr()
        code = run_cms(list(args))
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    monkeypatch.delenv("EDITOR", raising=False)
    monkeypatch.delenv("VISUAL", raising=False)
    return call


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "site.toml").write_text('title = "T"\n')
    (tmp_path / "content/posts").mkdir(parents=True)
    (tmp_path / "content/posts/flood.md").write_text("---\ntitle: Flood\ndate: 2025-03-01\n---\nWater.\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def list_commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from list_commands(below, (*path, name))
    else:
        yield path, command


EVERY = dict(list_commands(cms))


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
def test_every_command_takes_the_shared_options_and_shows_an_example(path: tuple[str, ...], run: Runner) -> None:
    said = run(*path, "--help")
    assert said.code == 0
    for option in ("-C DIR", "--json", "--env NAME", "--help"):
        assert option in said.out
    assert re.search(rf"Examples?:\n +cms {' '.join(path)}", said.out)
    short = EVERY[path].get_short_help_str(200)
    assert len(short) < 60
    assert short.endswith(".")


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
def test_every_command_can_be_given_all_its_options_and_arguments_at_once(path: tuple[str, ...], tmp_path: Path) -> None:
    command, args, expected = EVERY[path], [], {}
    for number, param in enumerate(command.params, start=1):
        word, value = make_value(param, number, tmp_path)
        if isinstance(param, click.Option):
            args += [param.opts[-1], *([] if word is None else [word] if isinstance(word, str) else word)]
        else:
            args.append(str(word))
        if param.expose_value:
            expected[param.name] = value
    call = Call(Output(io.StringIO(), io.StringIO()))
    given = command.make_context(path[-1], ["-C", str(tmp_path), "--env", "live", *args], obj=call)
    assert {name: _plain(value) for name, value in given.params.items()} == expected
    last = {param.opts[-1]: number for number, param in enumerate(command.params, start=1)}
    assert (call.folder, call.env) == (str(tmp_path / f"word-{last['-C']}"), str(tmp_path / f"word-{last['--env']}"))
    assert (call.output.as_json, call.output.as_log, call.output.level) == (True, True, next(iter(LEVELS)))
    call.output.close()


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else getattr(value, "name", value)  # a file that is opened when it is read


def make_value(param: click.Parameter, number: int, folder: Path) -> tuple[str | list[str] | None, object]:
    """What to write for an option or argument, None for a flag, and what the command is to get."""
    path = folder / f"word-{number}"
    if isinstance(param.type, click.Path) and not param.type.file_okay:
        path.mkdir()
    else:
        path.touch()
    word = str(path)
    many = (lambda value: (value,)) if param.multiple or param.nargs == -1 else (lambda value: value)  # type: ignore[attr-defined]
    if isinstance(param, click.Option) and param.is_flag:
        return None, True
    if isinstance(param.type, click.Choice):
        return str(param.type.choices[0]), many(param.type.choices[0])
    if isinstance(param.type, click.Tuple):
        return [str(number)] * len(param.type.types), many((float(number),) * len(param.type.types))
    if isinstance(param.type, click.FloatRange):
        return str(number), many(float(number))
    if isinstance(param.type, click.IntRange | click.types.IntParamType):
        return str(number), many(number)
    return word, many(word)


def test_all_commands_of_the_table_are_there(run: Runner) -> None:
    said = run("--help")
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", said.out, re.MULTILINE)


@describes_all
def test_command_page_is_up_to_date() -> None:
    done = subprocess.run([sys.executable, "scripts/cli_docs.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_help_imports_little() -> None:
    code = "import sys; from cms_ssg.cli.main import run; run(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    heavy = {"psycopg", "jinja2", "yaml", "markdown_it", "pydantic", "boto3", "watchdog", "http.server", "ruamel", "tomlkit"}
    assert not heavy & set(done.stderr.split())


def test_folder_without_a_site_is_told_what_to_do(run: Runner, tmp_path: Path) -> None:
    said = run("-C", str(tmp_path), "publish", "x")
    assert said.code == 1
    assert said.out == ""
    assert "[settings.no-site]\n  Run cms in a site's folder" in said.err


def test_errors_are_json_too(run: Runner, tmp_path: Path) -> None:
    said = run("publish", "x", "-C", str(tmp_path), "--json")
    assert said.code == 1
    assert said.json["status"] == "failed"
    assert [problem["code"] for problem in said.json["problems"]] == ["settings.no-site"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("args", [["biuld"], ["build", "--ful"], ["publish"], ["build", "--now", "soon"], ["new", "pst", "X"]])
def test_wrong_calls_are_json_too(run: Runner, site: Path, args: list[str]) -> None:
    said = run(*args, "--json")
    assert said.code == 2
    (problem,) = said.json["problems"]  # type: ignore[misc]
    assert problem["code"] in ("cli.usage", "authoring.no-type")
    assert problem["message"] in said.err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["biuld"], 'Did you mean "build"?'),
        (["build", "--ful"], "--full"),
        (["publish"], "Missing argument 'WHAT'"),
        (["build", "--jobs", "x"], "--jobs"),
        (["build", "--now", "soon"], "not a date"),
        (["-C", "/nowhere/at/all", "build"], "no folder /nowhere/at/all"),
        (["publish", "flood", "--at", "soon"], "[authoring.bad-time]"),
        (["publish", "nothing like it"], "[authoring.not-found]"),
        (["new", "pst", "X"], "[authoring.no-type]"),
        (["init", "new", "--starter", "nope"], "[cli.no-starter]"),
    ],
)
def test_wrong_call_leaves_with_2_and_a_word(run: Runner, site: Path, args: list[str], words: str) -> None:
    said = run(*args)
    assert said.code == 2
    assert said.out == ""
    assert words in said.err
    assert "Traceback" not in said.err


def test_bare_cms_shows_its_help(run: Runner) -> None:
    said = run()
    assert said.code == 2
    assert "Commands:" in said.err


def test_site_is_found_from_a_folder_below(run: Runner, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(site / "content/posts")
    said = run("unpublish", "flood.md", "--json")
    assert said.code == 0
    assert said.json["file"] == "content/posts/flood.md"


def test_env_picks_a_table(run: Runner, site: Path) -> None:
    assert "[settings.unknown-env]" in run("publish", "flood", "--env", "nope").err
    (site / "site.toml").write_text('[env.live]\ntimezone = "Nowhere"\n')
    assert run("publish", "flood").code == 0
    assert "site.toml:2" in run("--env", "live", "publish", "flood").err


def test_embedded_server_is_stopped_though_the_settings_are_broken(run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site.toml").write_text('title = "T"\n')
    monkeypatch.chdir(tmp_path)
    embedded.start(tmp_path)
    (tmp_path / "site.toml").write_text("title = [\n")
    assert run("db", "stop").out == "the embedded server is stopped\n"
    assert run("db", "stop").out == "the embedded server was not running\n"
    (tmp_path / "site.toml").write_text('database_url = "postgresql://cms@db/x"\n')
    assert run("db", "stop").code == 2


def test_authoring_from_new_to_trash(run: Runner, site: Path) -> None:
    assert run("new", "post", "Big rain", "--section", "news").out == "content/posts/big-rain.md: a new draft\n"
    assert run("publish", "big-rain", "--at", "2026-12-01 09:00", "--json").json["path"].startswith("/2")  # type: ignore[attr-defined]
    assert run("edit", "big rain", "--set", "tags=[a]").code == 0
    assert run("edit", "big rain").out == f"{site}/content/posts/big-rain.md\n"
    assert "now leads to" in run("move", "big-rain", "--slug", "rain").out
    assert run("trash", "rain").code == 0
    assert run("restore", "rain").out == "content/posts/rain.md: back\n"
    assert "tags: [a]" in (site / "content/posts/rain.md").read_text()


def test_editor_is_opened(run: Runner, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", f"{sys.executable} -c \"import sys; open(sys.argv[1], 'a').write('edited')\"")
    assert run("edit", "flood").code == 0
    assert (site / "content/posts/flood.md").read_text().endswith("Water.\nedited")


def test_init_makes_a_site_once(run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = run("init", "mine")
    assert said.code == 0
    assert "cms serve" in said.out
    assert (tmp_path / "mine/.gitignore").read_text() == "/.cms/\n/build/\n/build-staging/\n"
    assert "folder:build" in (tmp_path / "mine/site.toml").read_text()
    again = run("init", "mine", "--json")
    assert again.code == 1
    assert again.json["problems"][0]["code"] == "init.not-empty"  # type: ignore[index]


def test_control_characters_do_not_reach_the_terminal(run: Runner, site: Path) -> None:
    said = run("publish", "\x1b[31mred\u202e")
    assert "\x1b" not in said.err
    assert "\\x1b[31mred\\u202e" in said.err


def test_unexpected_failure_is_one_line_and_a_crash_log(run: Runner, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS, "calendar", "nowhere:at_all")
    said = run("calendar")
    assert said.code == 1
    assert said.err.splitlines()[0].endswith("[internal]")
    assert "Traceback" not in said.err
    assert "ModuleNotFoundError" in (site / ".cms/crash.log").read_text()
    assert run("calendar", "--json").json["problems"][0]["code"] == "internal"  # type: ignore[index]
    monkeypatch.setenv("CMS_DEBUG", "1")
    assert "Traceback" in run("calendar").err


def test_reader_that_leaves_is_no_error() -> None:
    process = subprocess.Popen([*CMS, "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    assert process.wait(20) == 0
    process.stderr.close()


def test_interrupt_is_clean(site: Path) -> None:
    environ = {**os.environ, "EDITOR": f"{sys.executable} -c \"import time; print('open', flush=True); time.sleep(20)\""}
    command = [*CMS, "edit", "flood", "-C", str(site)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=environ, start_new_session=True, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "interrupted" in err
    assert "cms_ssg" not in err


def test_interrupt_is_how_watch_and_serve_end(site: Path, db_url: str) -> None:
    for command, said in (
        (["watch"], "Every save is built; Ctrl-C stops."),
        (["serve", "--port", "0"], "Every save is built and shown; Ctrl-C stops."),
    ):
        process = subprocess.Popen(
            [*CMS, *command, "-C", str(site)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, start_new_session=True, text=True,
            env={**os.environ, "CMS_DATABASE_URL": db_url},
        )  # fmt: skip
        assert process.stderr is not None
        assert process.stderr.readline() == f"{said}\n"
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert (process.returncode, err) == (0, "stopped\n")
        assert ("http://localhost:" in out) == (command[0] == "serve")
