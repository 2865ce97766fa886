"""What every command shares: the options -C, --env, --json, the site they mean, and the way a command is declared."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property, update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cms_ssg.cli.output import LEVELS, Output
from cms_ssg.errors import CmsError, UsageError
from cms_ssg.types import Problem

if TYPE_CHECKING:
    from cms_ssg.config.settings import Settings
    from cms_ssg.site import Site

DONE, FAILED, WRONG, PARTIAL = 0, 1, 2, 3
"""Exit codes: all done; failed; called wrongly; done, but something was left out."""


def _name_person(ctx: click.Context, _param: click.Parameter, value: str | None) -> str:
    from cms_ssg.content.git.person import find_person

    call = ctx.find_object(Call)
    if value is not None or call is None or ctx.resilient_parsing:
        return value or ""
    return find_person(call.root)


author_option = click.option(
    "--author",
    default=None,
    metavar="NAME",
    callback=_name_person,
    help="Who does this; recorded with it (default: CMS_PERSON, else git's user.name).",
)

CHOOSE_ENTRIES = (
    click.option(
        "--where",
        "conditions",
        multiple=True,
        metavar="CONDITION",
        help="Such as section=news, 'rating>=4', 'title~flood'; all must hold.",
    ),
    click.option("--type", "type_name", required=True, metavar="TYPE", help="The content type of the entries."),
)
"""The options of commands that write or change many entries."""


class Call:
    """One run of cms. folder: what -C said; env: name of an [env.NAME] table."""

    def __init__(self, output: Output) -> None:
        self.output = output
        output.load_settings = self.load_settings
        self.folder = ""
        self.env = ""

    @cached_property
    def root(self) -> Path:
        """The site's folder: the one of -C, else the nearest with a site.toml, going up from here."""
        try:
            here = Path(self.folder or os.curdir).resolve()
            if self.folder and not here.is_dir():
                raise UsageError(Problem("cli.no-folder", "", 0, f"there is no folder {self.folder}", "-C takes the folder of a site."))
        except (OSError, ValueError) as error:
            raise UsageError(
                Problem("cli.no-folder", "", 0, f"the folder cannot be used: {error}", "-C takes the folder of a site.")
            ) from None
        if self.folder:
            return here
        return next((folder for folder in (here, *here.parents) if (folder / "site.toml").is_file()), here)

    @cached_property
    def settings(self) -> Settings:
        from cms_ssg.config.load import load_settings

        return load_settings(self.root, os.environ, self.env)

    def load_settings(self) -> Settings | None:
        """The settings, which name secrets; None where they are wrong."""
        try:
            return self.settings
        except CmsError:
            return None

    @cached_property
    def site(self) -> Site:
        from cms_ssg.site import Site

        return Site(self.root, self.settings)


def _keep(name: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    def callback(ctx: click.Context, _param: click.Parameter, value: Any) -> Any:
        call = ctx.find_object(Call)
        if value and call is not None:
            if name == "json":
                call.output.as_json = True
            elif name in ("as_log", "level"):
                setattr(call.output, name, value)
                call.output.capture_library_logs()
            else:
                setattr(call, name, value)
        return value

    return callback


def shared_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """-C, --env, --json and those of the log, which may stand before or after a command's name.

    Their parameters are named ``shared_…``: click would make one parameter of two options whose names are the same.
    """
    for flag, kept, told in (
        ("--log-json", "as_log", {"is_flag": True, "is_eager": True, "help": "Log JSON on stderr, one object per line."}),
        (
            "--log-level",
            "level",
            {"type": click.Choice(list(LEVELS)), "is_eager": True, "help": "Minimum log level (default: info)."},
        ),
        ("--json", "json", {"is_flag": True, "is_eager": True, "help": "Print the result as JSON."}),
        ("--env", "env", {"metavar": "NAME", "help": "Apply [env.NAME] of site.toml (or CMS_ENV)."}),
        ("-C", "folder", {"metavar": "DIR", "help": "The site's folder (default: the current one)."}),
    ):
        command = click.option(flag, f"shared_{kept}", expose_value=False, callback=_keep(kept), **told)(command)
    return command


def site_command(name: str, example: str) -> Callable[[Callable[..., Any]], click.Command]:
    """Declares a command: shared options, an example below its help, and the Call as first argument."""

    def declare(function: Callable[..., Any]) -> click.Command:
        def run(*args: Any, **values: Any) -> Any:
            call = click.get_current_context().find_object(Call)
            return function(call, *args, **values)

        wrapped = update_wrapper(run, function)
        params = getattr(function, "__click_params__", [])
        wrapped.__click_params__ = list(params)  # type: ignore[attr-defined]
        text = "\b\n" + ("Examples:" if "\n" in example else "Example:") + "".join(f"\n  {line}" for line in example.split("\n"))
        return click.command(name, epilog=text)(shared_options(wrapped))

    return declare
