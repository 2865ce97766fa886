"""Commands of verticals: made from functions, so that a feature needs to know nothing of the command line."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

import click

from cms_ssg.cli.call import Call, site_command
from cms_ssg.cli.output import make_table, say_problem
from cms_ssg.errors import CmsError, fail
from cms_ssg.kinds.failures import refuse_import
from cms_ssg.kinds.load import list_verticals, load_vertical
from cms_ssg.kinds.reference import resolve
from cms_ssg.types import Problem

if TYPE_CHECKING:
    from cms_ssg.kinds.vertical import Command, Vertical


class VerticalGroup(click.Group):
    """The commands of verticals with one first word. Their code is imported when one of them is looked for, so that starting is quick."""

    def __init__(self, word: str, summary: str) -> None:
        super().__init__(word, help=summary)
        self.verticals: list[Vertical] = []

    def list_commands(self, ctx: click.Context) -> list[str]:
        self._load()
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        self._load()
        return super().get_command(ctx, cmd_name)

    def _load(self) -> None:
        if not self.commands:
            root = click.Group("verticals", commands={str(self.name): self})
            for vertical in self.verticals:
                for command in resolve(vertical.commands):
                    if command.name.partition(" ")[0] == self.name:
                        _add(root, vertical, command)


def find_group(name: str) -> click.Command | None:
    """The command or group of commands with this first word, None where no vertical brings it.

    Raises the CmsError of a vertical that cannot be imported where no other one has the command.
    """
    groups, broken = _list_groups()
    if name not in groups and broken:
        raise CmsError(*broken)
    return groups.get(name)


def list_groups() -> list[str]:
    """The first words of all commands of verticals. One that cannot be imported is reported on stderr, and hides no other command."""
    groups, broken = _list_groups()
    for problem in broken:
        say_problem(str(problem))
    return sorted(groups)


def _list_groups() -> tuple[Mapping[str, click.Command], list[Problem]]:
    """The groups, and what is wrong with verticals that cannot be imported: they are installed for all sites, also for those that do not use them."""
    root = click.Group("verticals")
    broken: list[Problem] = []
    for name in list_verticals():
        try:
            _add_vertical(root, load_vertical(name))
        except CmsError as error:
            broken += error.problems
        except Exception as error:  # noqa: BLE001 - the commands of another package may raise anything
            broken += refuse_import(name, error).problems
    return root.commands, broken


def _add_vertical(root: click.Group, vertical: Vertical) -> None:
    for word, summary in vertical.groups.items():
        found = root.commands.get(word)
        if not isinstance(found, VerticalGroup):
            root.add_command(found := VerticalGroup(word, summary))
        found.verticals.append(vertical)
    for command in resolve(vertical.commands) if vertical.commands and not vertical.groups else ():
        _add(root, vertical, command)


def _add(root: click.Group, vertical: Vertical, command: Command) -> None:
    *words, last = command.name.split()
    group = root
    for number, word in enumerate(words):
        found = group.commands.get(word)
        if not isinstance(found, click.Group):
            what = vertical.name if number == 0 else " ".join(words[: number + 1])
            found = click.Group(word, help=f"Commands of {what}.")
            group.add_command(found)
        group = found
    group.add_command(make_command(vertical, command, last))


def make_command(vertical: Vertical, command: Command, name: str) -> click.Command:
    """A click command that opens the site, calls the function and prints what it returns."""
    hints = get_type_hints(command.run)

    def run(call: Call, **values: Any) -> None:
        from cms_ssg.content.git.person import find_person
        from cms_ssg.kinds.vertical import OpenSite
        from cms_ssg.store.open_store import open_store
        from cms_ssg.store.revisions import work_as

        with open_store(call.root, call.env) as (site, connection, row):
            if site.features.find(vertical.name) is None:
                names = ", ".join(f'"{known}"' for known in (*site.settings.verticals, vertical.name))
                raise fail("cli.vertical-off", f"the vertical {vertical.name} is not switched on", place="site.toml",
                           hint=f"Write: verticals = [{names}]")  # fmt: skip
            work_as(connection, find_person(call.root))
            value = command.run(OpenSite(site, connection, row.id), **values)
        call.output.result(value, show_value(value))

    run.__doc__ = command.run.__doc__
    for parameter in reversed(list(inspect.signature(command.run).parameters.values())[1:]):
        run = _parameter(parameter, hints[parameter.name], command.options.get(parameter.name, ""))(run)
    return site_command(name, command.example)(run)


def _parameter(parameter: inspect.Parameter, hint: Any, help_: str) -> Any:
    kind, many = _type_of(hint)
    has_default = parameter.default is not inspect.Parameter.empty
    if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
        return click.argument(
            parameter.name,
            type=kind,
            nargs=-1 if many else 1,
            required=not has_default,
            default=parameter.default if has_default and not many else None,
        )
    option = f"--{parameter.name.rstrip('_').replace('_', '-')}"
    if kind is bool:
        return click.option(option, parameter.name, is_flag=True, default=bool(parameter.default) if has_default else False, help=help_)
    return click.option(
        option,
        parameter.name,
        type=kind,
        multiple=many,
        required=not has_default,
        default=parameter.default if has_default else None,
        help=help_,
    )


def _type_of(hint: Any) -> tuple[Any, bool]:
    """Click's type of an annotation, and whether it may be given more than once."""
    if get_origin(hint) is tuple:
        return get_args(hint)[0], True
    inner = [part for part in get_args(hint) if part is not type(None)]
    return (inner[0] if inner and type(None) in get_args(hint) else hint), False


def show_value(value: Any) -> str:
    """A value for a person: a text, a line of fields, or a table of them."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        return "" if value is None else str(value)
    if isinstance(value, Mapping):
        return "\n".join(f"{name}: {one}" for name, one in value.items())
    rows = [
        one if isinstance(one, Mapping) else {name: getattr(one, name) for name in _fields(one)}
        for one in value
        if not isinstance(one, str)
    ]
    if not rows:
        return "\n".join(str(one) for one in value) or "none"
    names = list(rows[0])
    return make_table([names, *([_cell(row.get(name)) for name in names] for row in rows)])


def _fields(value: Any) -> tuple[str, ...]:
    for name in ("__struct_fields__", "_fields", "__dataclass_fields__"):
        if hasattr(value, name):
            return tuple(getattr(value, name))
    return ()


def _cell(value: Any) -> str:
    return "" if value is None else value.isoformat(" ", "seconds") if hasattr(value, "isoformat") else str(value)
