"""What is printed where: problems in order, progress on terminals only, text that cannot harm one."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms_ssg.cli import output, progress_line
from cms_ssg.cli.output import Output, count, make_safe, make_table
from cms_ssg.types import Problem


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@dataclass(frozen=True)
class Thing:
    at: datetime
    path: Path


def test_result_is_text_or_json_and_goes_to_stdout() -> None:
    out, err = io.StringIO(), io.StringIO()
    thing = Thing(datetime(2026, 1, 2, tzinfo=UTC), Path("x/é"))
    Output(out, err).result(thing, "done")
    Output(out, err, as_json=True).result(thing, "done")
    assert out.getvalue() == 'done\n{"at": "2026-01-02T00:00:00Z", "path": "x/é"}\n'
    assert err.getvalue() == ""


def test_errors_come_before_warnings_and_each_is_said_once() -> None:
    err = io.StringIO()
    said = Output(io.StringIO(), err)
    warning, error = Problem("a.b", "x", 1, "odd", severity="warning"), Problem("c.d", "y", 2, "bad", "Mend it.")
    said.problems([warning, error, warning])
    assert err.getvalue() == "y:2: bad [c.d]\n  Mend it.\nwarning: x:1: odd [a.b]\n"


def test_many_problems_are_counted() -> None:
    err = io.StringIO()
    Output(io.StringIO(), err).problems([Problem("a.b", f"f{number}", 0, "bad") for number in range(60)])
    assert err.getvalue().count("[a.b]") == 50
    assert "and 10 more" in err.getvalue()


def test_progress_waits_and_is_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    said = Output(io.StringIO(), terminal)
    said.phase("render", 1000)
    said.advance(10)
    assert terminal.getvalue() == ""
    monkeypatch.setattr(progress_line, "PROGRESS_AFTER_S", 0.0)
    said.advance(10)
    assert terminal.getvalue() == "\r\x1b[Krender 20 of 1,000 …"
    said.note("hello")
    assert terminal.getvalue().endswith("…\r\x1b[Khello\n")


def test_progress_of_each_piece_of_work_waits_and_none_is_left_while_nothing_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(output.time, "monotonic", lambda: now)
    terminal = Terminal()
    said = Output(io.StringIO(), terminal)
    for _ in range(2):
        said.phase("sync")
        now += 1
        said.advance()
        said.rest()
        now += 60
    assert terminal.getvalue() == "\r\x1b[Ksync 1 …\r\x1b[K" * 2


def test_long_work_says_how_fast_it_goes_and_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(output.time, "monotonic", lambda: now)
    terminal = Terminal()
    said = Output(io.StringIO(), terminal)
    said.phase("render", 10_000)
    now += 10
    said.advance(500)
    assert terminal.getvalue() == "\r\x1b[Krender 500 of 10,000, 50/s, 3 min 10 s left …"


def test_last_word_replaces_what_a_terminal_shows_of_ctrl_c() -> None:
    terminal, err = Terminal(), io.StringIO()
    Output(io.StringIO(), terminal).stopped("stopped")
    Output(io.StringIO(), err).stopped("stopped")
    assert (terminal.getvalue(), err.getvalue()) == ("\r\x1b[Kstopped\n", "stopped\n")


def test_no_progress_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_line, "PROGRESS_AFTER_S", 0.0)
    err = io.StringIO()
    said = Output(io.StringIO(), err)
    said.phase("render", 10)
    time.sleep(0.01)
    said.advance(5)
    said.close()
    assert err.getvalue() == ""


@given(st.text())
def test_any_text_is_made_safe(text: str) -> None:
    safe = make_safe(text)
    assert not set(safe) & set(map(chr, [*range(9), *range(11, 32), *range(127, 160), 0x202E, 0x2066]))


def test_numbers_and_tables_read_well() -> None:
    assert (count(1, "page"), count(1204, "page"), count(0, "entry", "entries")) == ("1 page", "1,204 pages", "0 entries")
    assert make_table([["a", 1, "x"], ["bbb", 1204, ""]], "  ") == "  a        1  x\n  bbb  1,204"
    assert make_table([]) == ""


@pytest.mark.parametrize(
    ("redirection", "code", "said"),
    [
        (">/dev/full", 1, "No space left on device [cli.output]"),
        ("--json >/dev/full", 1, "No space left on device [cli.output]"),
        (">&-", 0, ""),
        ("2>&-", 0, ""),
        ("<&-", 0, ""),
    ],
)
def test_a_stream_that_is_full_or_closed_ends_no_command_with_an_internal_error(
    redirection: str, code: int, said: str, tmp_path: Path
) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CMS_")}
    command = f'"{sys.executable}" -m cms_ssg init s {redirection}'
    done = subprocess.run(command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, "internal" in done.stderr, "Traceback" in done.stderr) == (code, False, False)
    assert said in done.stderr
    assert (tmp_path / "s/site.toml").is_file()


def test_a_full_disk_of_the_log_stops_no_command(tmp_path: Path) -> None:
    done = subprocess.run(
        f'"{sys.executable}" -m cms_ssg nope 2>/dev/full', shell=True, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, "called wrongly, and not an internal error"
