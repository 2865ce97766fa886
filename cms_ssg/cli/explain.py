"""``cms plan``, ``why``, ``verify``, ``status`` and ``calendar``: what would happen, what did, and whether it is right."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cms_ssg.cli.call import DONE, PARTIAL, Call, author_option, site_command
from cms_ssg.cli.output import make_table
from cms_ssg.text.counting import count

if TYPE_CHECKING:
    from cms_ssg.build import PlanResult

MAX_LINES = 40


@site_command("plan", "cms plan\ncms plan --json")
@click.option("--now", metavar="TIME", help="Plan as if it were this time, in the site's time zone.")
@click.option("--full", is_flag=True, help="Plan a build of every page.")
@click.option("--verbose", is_flag=True, help="Print the stored reasons, and list every page.")
def plan(call: Call, now: str | None, full: bool, verbose: bool) -> None:
    """Show which pages the next build would render. Nothing is saved.

    Variants of new images are not counted, because they are found while pages are rendered: cms build --dry-run counts them.
    """
    from cms_ssg.cli.build import parse_moment

    moment = parse_moment(call, now, "--now") if now else None

    from cms_ssg.build import BuildOptions
    from cms_ssg.build import plan as run_plan

    result = run_plan(call.root, BuildOptions(now=moment, full=full, dry_run=True, env=call.env), call.output)
    call.output.problems(result.problems)
    call.output.result(result, describe_plan(result, verbose))


def describe_plan(result: PlanResult, verbose: bool = False) -> str:
    """What a plan touches: the total, then by kind and reason, then the paths in the order they are made."""
    if not result.outputs:
        return "nothing to do"
    from cms_ssg.plan.reasons import IMAGES, say_reason

    most = len(result.outputs) if verbose else MAX_LINES
    groups = Counter(
        (output.kind, output.reason) if verbose else (output.noun, say_reason(output.reason, output.kind)) for output in result.outputs
    )
    rows = [[number, kind, reason] for (kind, reason), number in sorted(groups.items(), key=lambda item: (-item[1], item[0]))]
    images = sum(output.kind in IMAGES for output in result.outputs)
    touched = [count(len(result.outputs) - images, "page")] if len(result.outputs) > images else []
    touched += [count(images, "image")] if images else []
    blocks = [f"this edit touches {' and '.join(touched)}", make_table(rows[:most], "  ")]
    paths = [f"  {output.path}" for output in result.outputs]
    more = "" if len(paths) <= most else f"\n  … and {len(paths) - most:,} more; cms plan --verbose lists all"
    return "\n\n".join([*blocks, "\n".join(paths[:most]) + more])


@site_command("why", "cms why /posts/flood/\ncms why content/posts/flood.md")
@click.argument("path")
@click.option("--verbose", is_flag=True, help="Print the stored reason, and list everything that the page depends on.")
def why(call: Call, path: str, verbose: bool) -> None:
    """Show which change made a page render, and when.

    PATH is a content file, a URL or an output, or the slug or part of the title of content. Also lists what else the page depends on. For
    a removed page it says when and why it was removed, if that release is still kept.
    """
    from cms_ssg.diagnostics.why import why as run_why

    result = run_why(call.root, path, call.env, verbose)
    call.output.result(result, result.text)


@site_command("verify", "cms verify --sample 100")
@click.option("--sample", type=click.IntRange(1), metavar="N", help="Check only this many pages, chosen at random.")
def verify(call: Call, sample: int | None) -> int:
    """Check that the published pages are correct.

    Renders pages again without saving, and compares them with the manifest and the target's bytes. Exit 3 if something differs.
    """
    from cms_ssg.diagnostics.verify import verify as run_verify

    result = run_verify(call.root, sample or 0, call.env, call.output)
    groups = {"different": result.different, "missing": result.missing, "orphaned": result.orphaned}
    rows = [[name, path] for name, paths in groups.items() for path in paths[:MAX_LINES]]
    found = ", ".join(f"{len(paths):,} {name}" for name, paths in groups.items() if paths)
    text = f"{count(result.pages, 'page')} verified: {found or 'all as they should be'}"
    if rows:
        text += f"\n\n{make_table(rows, '  ')}\n"
        if result.waiting:
            text += f"\nThe last build did not come to its end: cms build makes {result.waiting:,} of these right."
        if result.waiting < sum(map(len, groups.values())):
            text += "\ncms build --full writes what is different or missing; orphaned files are not of this site."
    call.output.result(result, text)
    return PARTIAL if any(groups.values()) else DONE


@site_command("status", "cms status\ncms status --metrics-file /var/lib/node_exporter/site.prom")
@click.option("--metrics", is_flag=True, help="Print metrics for Prometheus.")
@click.option("--metrics-file", type=click.Path(path_type=Path, dir_okay=False), metavar="PATH", help="Write them to PATH, atomically.")
def status(call: Call, metrics: bool, metrics_file: Path | None) -> None:
    """Show the state of the site: what waits, what fails.

    Files and changes not built yet and their age, failures, paths that two things want.
    """
    if metrics or metrics_file is not None:
        from cms_ssg.diagnostics.metrics import make_metrics, write_file

        text = make_metrics(call.root, call.env)
        if metrics_file is not None:
            write_file(metrics_file, text)
        call.output.result({"metrics": text}, text.rstrip("\n") if metrics else "")
        return
    from cms_ssg.diagnostics.status import status as run_status

    result = run_status(call.root, call.env)
    call.output.result(result, result.text)


@site_command("calendar", "cms calendar\ncms calendar --cancel 7")
@click.option(
    "--cancel",
    type=click.IntRange(1),
    default=None,
    metavar="CHANGE",
    help="Cancel the change with this number from the list.",
)
@author_option
def calendar(call: Call, cancel: int | None, author: str) -> None:
    """List scheduled changes: what appears or expires, and when.

    Changes that wait are named by their numbers.
    """
    if cancel is not None:
        from cms_ssg.cli.entry import cancel_change_of

        cancel_change_of(call, cancel, author)
        return
    from cms_ssg.diagnostics.status import calendar as run_calendar

    items = run_calendar(call.root, call.env, call.output)
    rows = [[item.at, item.what, item.title, item.path] for item in items]
    call.output.result({"items": items}, make_table(rows) or "nothing is scheduled")
