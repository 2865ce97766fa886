"""Starts the command line: finds the command, runs it, and turns whatever happens into an exit code."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

import click

import cms_ssg
from cms_ssg.cli.call import FAILED, WRONG, Call, shared_options
from cms_ssg.cli.output import Output, mute, say_problem
from cms_ssg.errors import CmsError
from cms_ssg.types import Problem

COMMANDS = {
    "init": "init:init",
    "new": "content:new",
    "edit": "content:edit",
    "publish": "content:publish",
    "unpublish": "content:unpublish",
    "move": "content:move",
    "trash": "content:trash",
    "restore": "content:restore",
    "entry": "history:entry",
    "log": "history:log",
    "undo": "history:undo",
    "audit": "history:audit",
    "import": "imports:import_",
    "export": "export:export",
    "bulk": "bulk:bulk",
    "migrate": "migrate:migrate",
    "build": "build:build",
    "sync": "build:sync",
    "check": "check:check",
    "plan": "explain:plan",
    "why": "explain:why",
    "verify": "explain:verify",
    "preview": "preview:preview",
    "previews": "preview:previews",
    "watch": "watch:watch",
    "serve": "watch:serve",
    "worker": "worker:worker",
    "git": "git:git",
    "i18n": "i18n:i18n",
    "api": "api:api",
    "token": "token:token",
    "privacy": "privacy:privacy",
    "search": "search:search",
    "cache": "cache:cache",
    "purge": "cdn:purge",
    "stats": "stats:stats",
    "status": "explain:status",
    "calendar": "explain:calendar",
    "db": "db:db",
    "theme": "theme:theme",
    "target": "target:target",
    "releases": "releases:releases",
    "hooks": "hooks:hooks",
    "doctor": "doctor:doctor",
}
"""Command -> module:attribute below cms_ssg.cli. A module is imported when its command runs, so that starting is quick."""

OLD_NAMES = {"audit-log": "audit"}
"""Commands that have another name by now: the old one works for one minor version, and says so."""


class LazyGroup(click.Group):
    """The commands of the table above, imported one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        from cms_ssg.cli.verticals import list_groups

        return [*COMMANDS, *list_groups()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in OLD_NAMES:
            new = OLD_NAMES[cmd_name]
            click.echo(f"cms {cmd_name} is deprecated: it is called cms {new}. The old name goes with the next minor version.", err=True)
            return self.get_command(ctx, new)
        if cmd_name not in COMMANDS:
            from cms_ssg.cli.verticals import find_group

            return find_group(cmd_name)
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(f"cms_ssg.cli.{module}"), name)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, 1) if args else []
            if near:
                raise click.UsageError(f'{error.message.rstrip(".")}. Did you mean "{near[0]}"?', ctx) from None
            raise


@click.group("cms", cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@shared_options
@click.version_option(cms_ssg.__version__, prog_name="cms")
def cms() -> None:
    """Build a static site from content files: only the pages that an edit touches, correct to the byte.

    Exit codes: 0 done, 1 failed, 2 called wrongly, 3 done but something was left out. Results go to stdout, progress and
    errors to stderr.
    """


def main(args: Sequence[str] | None = None) -> None:
    """The entry point of ``cms``; leaves the process."""
    if args is None:
        _name_files_in_utf8()
        _open_closed_streams()
    code = run(sys.argv[1:] if args is None else list(args))
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            mute(stream)
    sys.exit(code)


def _name_files_in_utf8() -> None:
    """Where the machine's locale names files in another encoding, start again without it: URLs must not depend on that."""
    if sys.getfilesystemencoding() != "utf-8" and os.environ.get("PYTHONUTF8") != "1":
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, "PYTHONUTF8": "1"})


def _open_closed_streams() -> None:
    """A stream that the caller has closed leads nowhere. Without this, Python has none, and the next file that is opened takes its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115 - open as long as the process


def run(args: list[str]) -> int:
    """Run a command and return its exit code. Nothing is raised: errors are printed."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    call = Call(Output(sys.stdout, sys.stderr))
    call.output.capture_plugin_prints()
    try:
        try:
            return int(cms.main(args=args, prog_name="cms", standalone_mode=False, obj=call) or 0)
        finally:
            call.output.close()
    except CmsError as error:
        call.output.failure(error.problems)
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        say_problem(error.format_message())
        return WRONG
    except click.ClickException as error:
        _fail(call, args, _explain_usage(error))
        return WRONG if isinstance(error, click.UsageError) else FAILED
    except (KeyboardInterrupt, click.Abort):
        call.output.stopped("interrupted")
        return 130
    except (BrokenPipeError, SystemExit):  # click leaves so when a pipe breaks; nothing else here does
        mute(sys.stdout)
        return 0
    except Exception as error:  # noqa: BLE001 - the last net: a traceback is for the crash log
        return _report_crash(call, args, error)


def _fail(call: Call, args: list[str], problem: Problem) -> None:
    """Say what went wrong before the command itself could: --json may not have been read yet."""
    call.output.as_json |= "--json" in args
    call.output.as_log |= "--log-json" in args
    call.output.failure([problem])


def _explain_usage(error: click.ClickException) -> Problem:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "cms"
    return Problem("cli.usage", "", 0, error.format_message().rstrip("."), f"{path} --help explains.")


def _report_crash(call: Call, args: list[str], error: Exception) -> int:
    """One line for the user, everything for the crash log."""
    from cms_ssg.reporting.crash import log_crash

    try:
        root = call.root
    except CmsError:
        root = None
    _fail(call, args, log_crash(root, error, call.output.redact))
    return FAILED
