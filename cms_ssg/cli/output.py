"""The only place that prints: results to stdout, progress and errors to stderr, both safe for a terminal."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO

from cms_ssg.cli.progress_line import ProgressLine
from cms_ssg.errors import fail
from cms_ssg.reporting.progress import Reporter
from cms_ssg.text.counting import count
from cms_ssg.types import Problem

if TYPE_CHECKING:
    from cms_ssg.build import BuildResult
    from cms_ssg.config.settings import Settings
    from cms_ssg.reporting.redact import Redactor

MAX_PROBLEMS = 50
LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Output(Reporter):
    """Prints a command's result, problems and progress. as_json: the result is one JSON value; as_log: what goes to stderr is a JSON value
    a line; level: the least that is said there.
    """

    def __init__(self, stdout: TextIO, stderr: TextIO, as_json: bool = False) -> None:
        self.stdout, self.stderr, self.as_json = stdout, stderr, as_json
        self.as_log, self.level = False, "info"
        self._said: set[Problem] = set()
        self._progress = ProgressLine(stderr)
        self.load_settings: Callable[[], Settings | None] = lambda: None
        self._redactor: Redactor | None = None
        self._libraries: Any = None

    @property
    def redactor(self) -> Redactor:
        """Takes secrets out of all that goes to stderr."""
        if self._redactor is None:
            from cms_ssg.reporting.redact import Redactor

            settings = self.load_settings()
            self._redactor = Redactor(os.environ, [settings.database_url] if settings else [])
            hooks = (*settings.webhooks, settings.receiver) if settings else ()
            self._redactor.learn(os.environ.get(hook.secret_env, "") for hook in hooks if hook is not None)
        return self._redactor

    def redact(self, text: str) -> str:
        return self.redactor.redact(text)

    def log(self, level: str, event: str, message: str, **fields: Any) -> None:
        """One line for people, or one for machines with its fields. Without a message, people are told nothing."""
        if LEVELS[level] < LEVELS[self.level] or not (message or self.as_log):
            return
        self._progress.clear()
        text = self.redact(message)
        if self.as_log:
            known = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "level": level, "event": event, "message": text}
            shown = {name: self.redact(value) if isinstance(value, str) else value for name, value in fields.items()}
            line = {name: value for name, value in {**known, **shown}.items() if value != ""}
            say_line(self.stderr, json.dumps(line, ensure_ascii=False, default=str))
        else:
            say_line(self.stderr, make_safe(text))

    def capture_plugin_prints(self) -> None:
        """What plugins print is said as the rest is."""
        from cms_ssg.reporting.printed import SAYING

        SAYING[:] = [lambda line: self.log("info", "printed", line)]

    def capture_library_logs(self) -> None:
        """What libraries log is said as the rest is."""
        from cms_ssg.cli.libraries import open_bridge

        if self._libraries is None:
            self._libraries = open_bridge(self)

    def result(self, value: Any, text: str) -> None:
        """The command's result: value with --json, else text. Raises CmsError cli.output where standard output cannot be written."""
        self._progress.clear()
        try:
            if self.as_json:
                print(json.dumps(to_plain(value), ensure_ascii=False), file=self.stdout)
            elif text:
                print(make_safe(text), file=self.stdout)
            self.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            mute(self.stdout)
            said = f"the command ended, but its result cannot be written to standard output: {error.strerror}"
            raise fail("cli.output", said, hint="Give it another place.") from None

    def open_bytes(self) -> BinaryIO:
        """Where a result that is a file's bytes goes: to standard output as it is."""
        self._progress.clear()
        self.stdout.flush()
        return self.stdout.buffer

    def failure(self, problems: Sequence[Problem]) -> None:
        """A command that could not do its work: why goes to stderr, and with --json it is the result too."""
        if self.as_json:
            self.result({"status": "failed", "problems": [self._redact(problem) for problem in problems]}, "")
        self.problems(problems)

    def note(self, text: str) -> None:
        self.log("info", "note", text)

    def stopped(self, text: str) -> None:
        """The last word after Ctrl-C, over the ``^C`` that a terminal shows."""
        if self.stderr.isatty():
            self.stderr.write("\r\x1b[K")
        self.note(text)

    def problem(self, problem: Problem) -> None:
        """A problem is said once a command."""
        if problem not in self._said and (self.as_log or len(self._said) < MAX_PROBLEMS):
            if self.as_log:
                fields = {"code": problem.code, "place": problem.place, "line": problem.line or "", "hint": problem.hint}
                self.log(problem.severity, "problem", problem.message, **fields)
            else:
                self.log(problem.severity, "problem", str(problem) if problem.severity == "error" else f"warning: {problem}")
        self._said.add(problem)

    def problems(self, problems: Sequence[Problem]) -> None:
        """Problems, the errors first; what is beyond a screenful or two is counted."""
        for problem in sorted(problems, key=lambda problem: problem.severity != "error"):
            self.problem(problem)
        if len(self._said) > MAX_PROBLEMS and not self.as_log:
            self.note(f"… and {len(self._said) - MAX_PROBLEMS} more; cms check --json lists all")

    def _redact(self, problem: Problem) -> Problem:
        return replace(problem, place=self.redact(problem.place), message=self.redact(problem.message), hint=self.redact(problem.hint))

    def phase(self, name: str, total: int = 0) -> None:
        if self.as_log:
            self.log("debug", "phase", "", phase=name, total=total)
        else:
            self._progress.begin(name, total)

    def advance(self, count: int = 1) -> None:
        self._progress.advance(count)

    def built(self, result: Any, changed: Sequence[str]) -> None:
        self._said.clear()
        self.log("info", "build.ended", "", **summarize_build(result))
        files = ", ".join(changed[:3]) + (f" and {len(changed) - 3} more" if len(changed) > 3 else "")
        self.result(result, f"{time.strftime('%H:%M:%S')} {files + ': ' if files else ''}{describe_build(result)}")

    def rest(self) -> None:
        self._progress.end()

    def close(self) -> None:
        """Takes the progress line away, and hears libraries no more."""
        self._progress.end()
        if self._libraries is not None:
            self._libraries.close()
            self._libraries = None


def summarize_build(result: Any) -> dict[str, Any]:
    """What a log says of a build."""
    names = ("build_id", "status", "planned", "rendered", "written", "unchanged", "removed", "failed", "seconds")
    return {name: getattr(result, name) for name in names}


def make_safe(text: str) -> str:
    r"""The text without control and direction characters, which could rewrite a terminal: ``\x1b`` is shown as such."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}" if ord(found[0]) < 256 else f"\\u{ord(found[0]):04x}", text)


def to_plain(value: Any) -> Any:
    """The value as JSON knows it: dataclasses as tables, times as ISO 8601."""
    import msgspec

    return msgspec.to_builtins(value, str_keys=True, enc_hook=str)


def make_table(rows: Sequence[Sequence[object]], indent: str = "") -> str:
    """Rows in columns of even width, whole numbers to the right: ``1,204``. A cell is one line, whatever stands in it."""
    lines = [[f"{cell:,}" if isinstance(cell, int) else re.sub(r"\s+", " ", str(cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        indent
        + "  ".join(
            text.rjust(width) if isinstance(cell, int) else text.ljust(width) for cell, text, width in zip(row, line, widths, strict=True)
        ).rstrip()
        for row, line in zip(rows, lines, strict=True)
    )


def say_problem(text: str) -> None:
    """A line on stderr where no Output is at hand."""
    say_line(sys.stderr, make_safe(text))


def say_line(stream: TextIO, line: str) -> None:
    """A line of progress or an error. Where the disk of a log is full, the work goes on without it. Raises BrokenPipeError."""
    try:
        print(line, file=stream, flush=True)
    except BrokenPipeError:
        raise
    except OSError:
        pass


def mute(stream: TextIO) -> None:
    """Nobody can read a stream any more: what is left to write goes nowhere, also what Python flushes at its end."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)


def describe_build(result: BuildResult, dry_run: bool = False, target: str = "") -> str:
    """A build's result in a line. target: where the pages were written, if that is to be said."""
    took = f"({result.seconds.get('total', 0.0):.2f} s)"
    failed = f"; {count(result.failed, 'failure')}, see above" if result.failed else ""
    if dry_run:
        return f"would render {count(result.planned, 'page')}{_describe_forecast(result)}; cms plan lists them; nothing was saved{failed} {took}"
    parts = []
    if pages := result.rendered - result.images:
        parts.append(f"{count(pages, 'page')} rendered")
    if result.images:
        parts.append(f"{count(result.images, 'image')} made")
    if result.rendered:
        parts.append(f"{result.written:,} written" + (f" to {target}" if target else ""))
    if result.unchanged:
        parts.append(f"{result.unchanged:,} unchanged")
    if result.removed:
        parts.append(f"{result.removed:,} removed" if parts else f"{count(result.removed, 'page')} removed")
    if result.purged:
        parts.append(f"{result.purged:,} purged")
    return f"{', '.join(parts) or 'nothing to do'}{failed} {took}"


def _describe_forecast(result: BuildResult) -> str:
    """``: 21 uploads of 341 kB, 2 removals, 23 purges in 2 calls``, "" where nothing would be done."""
    would = result.would
    if would is None:
        return ""
    parts = []
    if would.uploads:
        parts.append(f"{count(would.uploads, 'upload')} of {_describe_bytes(would.size_bytes)}")
    if would.images:
        parts.append(f"{count(would.images, 'image')} to be made")
    if would.unlooked:
        parts.append(f"{count(would.unlooked, 'image')} to be made in sizes not known yet")
    if would.doubtful:
        parts.append(f"{count(would.doubtful, 'object')} to be looked at")
    if would.removals:
        parts.append(count(would.removals, "removal"))
    if would.purges:
        parts.append(f"{count(would.purges, 'purge')} in {count(would.purge_calls, 'call')}")
    return f":{' about' * would.estimated} {', '.join(parts)}" if parts else ""


def _describe_bytes(number: int) -> str:
    return f"{number / 1e6:,.1f} MB" if number >= 1_000_000 else f"{number / 1e3:,.1f} kB"
