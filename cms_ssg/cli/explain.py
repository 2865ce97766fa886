"""``cms plan``, ``why``, ``verify``, ``status`` and ``calendar``: what would happen, what did, and whether it is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cms_ssg.cli.call import DONE, PARTIAL, Call, site_command
from cms_ssg.cli.output import count, make_table

if TYPE_CHECKING:
    from cms_ssg.build import PlanResult

MAX_LINES = 40


@site_command("plan", "cms plan\ncms plan --json")
@click.option("--now", metavar="TIME", help="Plan as if it were that time, in the site's zone.")
@click.option("--full", is_flag=True, help="Plan a build of every page.")
def plan(call: Call, now: str | None, full: bool) -> None:
    """Say which pages the next build would render. Nothing is saved."""
    from cms_ssg.cli.build import parse_moment

    moment = parse_moment(call, now, "--now") if now else None

    from cms_ssg.build import BuildOptions
    from cms_ssg.build import plan as run_plan

    result = run_plan(call.root, BuildOptions(now=moment, full=full, dry_run=True, env=call.env), call.output)
    call.output.problems(result.problems)
    call.output.result(result, describe_plan(result))


def describe_plan(result: PlanResult) -> str:
    """What a plan touches: the total, then by kind and reason, then the first paths."""
    if not result.outputs:
        return "nothing to do"
    groups: dict[tuple[str, str], int] = {}
    for output in result.outputs:
        groups[output.kind, output.reason] = groups.get((output.kind, output.reason), 0) + 1
    rows = [[f"{number:,}", kind, reason] for (kind, reason), number in sorted(groups.items(), key=lambda item: (-item[1], item[0]))]
    text = f"this edit touches {count(len(result.outputs), 'page')}\n{make_table(rows[:MAX_LINES])}"
    paths = [output.path for output in result.outputs]
    if len(paths) <= MAX_LINES:
        text += "\n\n" + "\n".join(paths)
    return text


@site_command("why", "cms why /posts/flood/\ncms why content/posts/flood.md")
@click.argument("path")
def why(call: Call, path: str) -> None:
    """Say which change reached a page, and when.

    PATH is a content file, a URL or an output. Also says by which of its reads, and what else it reads.
    """
    from cms_ssg.why import why as run_why

    result = run_why(call.root, path, call.env)
    call.output.result(result, result.text)


@site_command("verify", "cms verify --sample 100")
@click.option("--sample", type=click.IntRange(1), metavar="N", help="Look at so many pages only.")
def verify(call: Call, sample: int | None) -> int:
    """Compare what was written with the store.

    Renders again without saving and compares with the manifest and the target's bytes. Exit 3 where something differs.
    """
    from cms_ssg.verify import verify as run_verify

    result = run_verify(call.root, sample or 0, call.env, call.output)
    groups = {"different": result.different, "missing": result.missing, "orphaned": result.orphaned}
    lines = [f"{name} {path}" for name, paths in groups.items() for path in paths[:MAX_LINES]]
    found = ", ".join(f"{len(paths):,} {name}" for name, paths in groups.items())
    call.output.result(result, "\n".join([f"{count(result.pages, 'page')} verified: {found}", *lines]))
    return PARTIAL if any(groups.values()) else DONE


@site_command("status", "cms status")
def status(call: Call) -> None:
    """Show how the site stands.

    Changes not built yet and their age, failures, paths that two things want.
    """
    from cms_ssg.status import status as run_status

    result = run_status(call.root, call.env)
    call.output.result(result, result.text)


@site_command("calendar", "cms calendar")
def calendar(call: Call) -> None:
    """List what will go out or expire, and when."""
    from cms_ssg.status import calendar as run_calendar

    items = run_calendar(call.root, call.env)
    rows = [[item.at, item.what, item.title, item.path] for item in items]
    call.output.result({"items": items}, make_table(rows) or "nothing is scheduled")
