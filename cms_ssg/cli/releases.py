"""``cms releases``: what builds changed, and how to take it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cms_ssg.cli.build import status_code
from cms_ssg.cli.call import DONE, PARTIAL, Call, site_command
from cms_ssg.cli.output import make_table
from cms_ssg.text.counting import count

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from cms_ssg.history.releases import ReleaseDiff
    from cms_ssg.store.releases import Release

MOST_NAMED = 4

MOST_LINES = 40
"""Objects that are shown; --json has all."""


@click.group("releases")
def releases() -> None:
    """List, compare and roll back releases.

    A release is a build that changed at least one object; [target] keep_releases and keep_days say which can be taken back.
    """


@site_command("list", "cms releases list\ncms releases list --all")
@click.option("--all", "each", is_flag=True, help="One line per release (default: saves of one person in an hour are one line).")
def list_(call: Call, each: bool) -> None:
    """List the releases that are kept, the newest first."""
    from cms_ssg.content.frontmatter.dates import say_moment
    from cms_ssg.history.releases import fold_releases, list_releases

    result = list_releases(call.root, call.env)
    groups = [[one] for one in result.releases] if each else fold_releases(result.releases, call.site.zone)
    rows = [_list_cells(group, call.site.zone) for group in groups]
    held = f"held at release {result.held} since {say_moment(result.held_at, call.site.zone)}\n\n" if result.held_at is not None else ""
    value = {"held": result.held, "held_at": result.held_at, "releases": [one._asdict() for one in result.releases]}
    call.output.result(value, held + (make_table(rows) or "no release is kept"))


def _list_cells(group: Sequence[Release], zone: tzinfo) -> list[str]:
    """A line of the list. group: releases of one hour and person, the newest first."""
    from cms_ssg.content.frontmatter.dates import say_moment

    newest, oldest = group[0], group[-1]
    added, removed, objects = (sum(getattr(one, name) for one in group) for name in ("added", "removed", "objects"))
    counts = (("changed", objects - added - removed), ("added", added), ("removed", removed))
    about = list(dict.fromkeys(one.about for one in group if one.about))
    what = f"back to release {newest.back_to}" if newest.back_to is not None else "; ".join(about[:MOST_NAMED])
    return [
        str(newest.number) if len(group) == 1 else f"{oldest.number}-{newest.number}",
        say_moment(newest.made_at.replace(second=0), zone),
        newest.by,
        what + (f"; and {len(about) - MOST_NAMED:,} more" if len(about) > MOST_NAMED else ""),
        ", ".join(f"{number:,} {word}" for word, number in counts if number) + (f" in {len(group)} saves" if len(group) > 1 else ""),
    ]


@site_command("show", "cms releases show 41")
@click.argument("number", type=click.IntRange(1))
def show(call: Call, number: int) -> None:
    """Show what a release changed."""
    from cms_ssg.history.releases import show_release

    _print_objects(call, show_release(call.root, number, call.env), f"release {number}")


@site_command("diff", "cms releases diff 41\ncms releases diff 38 41")
@click.argument("number", type=click.IntRange(1))
@click.argument("other", type=click.IntRange(1), required=False)
def diff(call: Call, number: int, other: int | None) -> None:
    """Show what differs between two releases, or since one."""
    from cms_ssg.history.releases import diff_releases

    result = diff_releases(call.root, number, other, call.env)
    _print_objects(call, result, f"release {result.first} to {result.last}")


def _print_objects(call: Call, result: ReleaseDiff, name: str) -> None:
    rows = [[one.change, one.path, one.kind, _say_size(one.before), "->", _say_size(one.after)] for one in result.objects[:MOST_LINES]]
    lines = [f"{name}: {count(len(result.objects), 'object')}"]
    if rows:
        lines += ["", make_table(rows, "  ")]
    if len(result.objects) > MOST_LINES:
        lines.append(f"  … and {len(result.objects) - MOST_LINES:,} more; --json lists all")
    objects = [{"path": o.path, "kind": o.kind, "change": o.change, "before": o.before, "after": o.after} for o in result.objects]
    call.output.result({"first": result.first, "last": result.last, "objects": objects}, "\n".join(lines))


def _say_size(size: int | None) -> str:
    return "-" if size is None else f"{size:,} B"


@site_command("rollback", "cms releases rollback 41")
@click.argument("number", type=click.IntRange(1))
def rollback(call: Call, number: int) -> int:
    """Publish the state after a release again, and hold the site.

    Nothing is rendered. Builds publish nothing until `cms releases resume`. A rollback is a release itself: it can be taken back too. Exit 3
    where an object could not be put back.
    """
    return show_rollback(call, number)


def show_rollback(call: Call, number: int) -> int:
    """Go back to the state after a release, and say what became of it. Returns the exit code."""
    from cms_ssg.history.rollback import roll_back

    result = roll_back(call.root, number, call.env, call.output)
    call.output.problems(result.problems)
    lines = [f"{count(result.written, 'object')} put back, {result.removed:,} removed ({result.seconds:.2f} s)"]
    if result.left:
        lines.append(f"{count(len(result.left), 'object')} could not be; run it again:")
        lines += [f"  {path}" for path in result.left[:MOST_LINES]]
    if result.returned:
        lines.append(
            f"{count(len(result.returned), 'path')} came back that nothing in the store wants; cms build --urgent PATH removes one:"
        )
        lines += [f"  {path}" for path in result.returned[:MOST_LINES]]
    lines.append(f"The site is held at release {number}: cms releases resume has builds publish again.")
    call.output.result(result, "\n".join(lines))
    return status_code(result.status)


@site_command("resume", "cms releases resume\ncms build")
def resume(call: Call) -> None:
    """Let builds publish again after a rollback.

    Correct the mistake first: the next build renders each restored page again.
    """
    from cms_ssg.history.releases import resume as run_resume

    was_held = run_resume(call.root, call.env)
    call.output.result({"was_held": was_held}, "cms build publishes again" if was_held else "the site was not held")


@site_command("compare", "cms releases compare staging --env production")
@click.argument("other", metavar="ENV", default="")
def compare(call: Call, other: str) -> int:
    """Compare with what another environment has published.

    Byte for byte.

    Without ENV, with the site without an environment. Exit 3 where something differs.
    """
    from cms_ssg.releases.environments import compare_environments

    result = compare_environments(call.root, other, call.env)
    said = f"{count(result.same, 'object')} the same as in {other or 'the site without an environment'}, {result.count:,} differ"
    lines = [said, *(f"  {one.path}  {one.state}" for one in result.differences[:MOST_LINES])]
    call.output.result(result, "\n".join(lines))
    return PARTIAL if result.count else DONE


releases.add_command(compare)
releases.add_command(list_)
releases.add_command(show)
releases.add_command(diff)
releases.add_command(rollback)
releases.add_command(resume)
