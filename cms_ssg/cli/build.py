"""``cms build`` and ``cms sync``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cms_ssg.cli.call import DONE, FAILED, PARTIAL, Call, site_command
from cms_ssg.cli.output import describe_build, summarize_build
from cms_ssg.text.counting import count

if TYPE_CHECKING:
    from datetime import datetime

    from cms_ssg.build import SyncSummary

STATUS_CODES = {"done": DONE, "failed": FAILED, "partial": PARTIAL}


def parse_moment(call: Call, text: str, option: str) -> datetime:
    """A time given on the command line, in the site's zone where it names none. Raises a usage error."""
    from cms_ssg.content.frontmatter.dates import HINT, DateError, parse_date

    try:
        return parse_date(text, call.settings.timezone)
    except DateError as error:
        raise click.BadParameter(f"{error}. {HINT}", param_hint=option) from None


def status_code(status: str) -> int:
    """The exit code of a build's status."""
    return STATUS_CODES.get(status, FAILED)


@site_command("build", 'cms build\ncms build --now "2026-12-24 09:00" --dry-run')
@click.option("--no-sync", is_flag=True, help="Build from the database only; do not read the files.")
@click.option("--full", is_flag=True, help="Render every page again, and repair files changed by hand.")
@click.option("--jobs", type=click.IntRange(0, 256), default=0, metavar="N", help="Number of render processes (default: one per core).")
@click.option("--distributed", is_flag=True, help="Let workers (`cms worker`) render with this build.")
@click.option("--now", metavar="TIME", help="Build as if it were this time, in the site's time zone.")
@click.option("--dry-run", is_flag=True, help="Print what would be done; save and write nothing.")
@click.option("--confirm-removals", is_flag=True, help="Allow the removal of many pages at once.")
@click.option("--urgent", multiple=True, metavar="PATH", help="Publish this page also while the site is held; may be given again.")
@click.option("--force", is_flag=True, help="Build a checkout that does not descend from the last one.")
@click.option("--queue", is_flag=True, help="Let a worker do the build; only --urgent can be combined with it.")
@click.option("--all-sites", is_flag=True, help="Build every site below this folder, or that of -C.")
@click.option("--no-wait", is_flag=True, help="Leave the second purge of the CDN to the next build.")
def build(
    call: Call, no_sync: bool, full: bool, jobs: int, now: str | None, dry_run: bool, confirm_removals: bool, urgent: tuple[str, ...], force: bool,
    no_wait: bool, distributed: bool, queue: bool, all_sites: bool,
) -> int:  # fmt: skip
    """Build the site: render and publish what changed.

    Reads the changed files, renders the pages that they affect, and writes those whose bytes differ. Exit 3 if something was left out.
    --dry-run renders them too, to print how many uploads, bytes, removals and purges there would be. --all-sites builds the sites of a
    folder, several at once; --jobs is then the number for all of them together.
    """
    if queue:
        if no_sync or full or jobs or now or dry_run or confirm_removals or force or no_wait or distributed:
            raise click.UsageError("--queue goes with --urgent alone: a worker builds what is there when it begins")
        return queue_build(call, urgent)
    if all_sites:
        from cms_ssg.cli.all_sites import build_all

        flags = {"--no-sync": no_sync, "--full": full, "--dry-run": dry_run, "--confirm-removals": confirm_removals, "--force": force,
                 "--no-wait": no_wait, "--distributed": distributed}  # fmt: skip
        if urgent:
            raise click.UsageError("--urgent names a page of one site: it does not go with --all-sites")
        return build_all(call, jobs, [*(flag for flag, is_set in flags.items() if is_set), *(["--now", now] if now else [])])
    moment = parse_moment(call, now, "--now") if now else None

    from cms_ssg.build import BuildOptions
    from cms_ssg.build import build as run_build

    options = BuildOptions(
        sync=not no_sync,
        full=full,
        jobs=jobs,
        now=moment,
        dry_run=dry_run,
        confirm_removals=confirm_removals,
        force=force,
        env=call.env,
        urgent=urgent,
        wait=not no_wait,
        distributed=distributed,
    )
    result = run_build(call.root, options, call.output)
    call.output.problems(result.problems)
    call.output.log("info", "build.ended", "", **summarize_build(result))
    call.output.result(result, describe_build(result, dry_run, call.settings.target.url.removeprefix("folder:")))
    return status_code(result.status)


def queue_build(call: Call, urgent: tuple[str, ...]) -> int:
    """Ask the site's workers for a build."""
    from cms_ssg.store import jobs
    from cms_ssg.workers.scheduler import find_store

    store = find_store(call.root, call.env)
    with jobs.connect_queue(store.url) as connection:
        jobs.ensure_tables(connection)
        is_new = jobs.ask_for_build(connection, store.site_id, jobs.BREAKING if urgent else jobs.SAVE, urgent)
        workers = jobs.count_workers(connection)
    said = "a build waits for a worker" if is_new else "a build waits already and does this too"
    call.output.result({"queued": is_new, "workers": workers}, said if workers else f"{said}; no worker runs: cms worker starts one")
    return DONE


@site_command("sync", "cms sync")
@click.option("--force", is_flag=True, help="Accept a checkout that does not descend from the last one.")
@click.option("--dry-run", is_flag=True, help="Print what would be saved; save nothing.")
def sync(call: Call, force: bool, dry_run: bool) -> int:
    """Save changed content files to the database."""
    from cms_ssg.build import BuildOptions
    from cms_ssg.build import sync as run_sync

    result = run_sync(call.root, BuildOptions(force=force, dry_run=dry_run, env=call.env), call.output)
    call.output.problems(result.problems)
    call.output.result(result, describe_sync(result, dry_run))
    return status_code(result.status)


def describe_sync(result: SyncSummary, dry_run: bool = False) -> str:
    """A sync's result in a line."""
    removed = f", {result.removed:,} removed" if result.removed else ""
    saved = f"{count(result.saved, 'file')} {'would be saved' if dry_run else 'saved'}{removed}"
    return (
        f"{saved}, {result.unchanged:,} unchanged"
        if result.saved or result.removed
        else f"nothing to do, {count(result.unchanged, 'file')} unchanged"
    )
