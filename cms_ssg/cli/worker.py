"""``cms worker``: processes that help builds and make their own."""

from __future__ import annotations

import sys

import click

from cms_ssg.cli.call import DONE, FAILED, Call, site_command
from cms_ssg.cli.output import Output


@site_command("worker", "cms worker\ncms worker --jobs 4 --scheduler\ncms worker --once")
@click.option("--jobs", type=click.IntRange(0, 256), default=0, metavar="N", help="Number of processes (default: one per core).")
@click.option(
    "--scheduler", is_flag=True, help="Publish and remove scheduled entries on time, and do periodic tasks; one per site is enough."
)
@click.option("--once", is_flag=True, help="End when there is nothing to do.")
def worker(call: Call, jobs: int, scheduler: bool, once: bool) -> int:
    """Render for distributed builds, and run queued builds.

    Renders parts of `cms build --distributed`, and runs the builds that `cms build --queue` requests. After SIGTERM or Ctrl-C it finishes
    its current part. More in docs/operations.md.
    """
    from cms_ssg.workers.worker_pool import run_workers

    output = call.output
    output.note("Waiting for work; Ctrl-C stops.")
    settings = (output.as_json, output.as_log, output.level)
    failed = run_workers(call.root, call.env, output, jobs, scheduler, once, (_make_output, settings))
    return FAILED if failed else DONE


def _make_output(as_json: bool, as_log: bool, level: str) -> Output:
    """The output of another process of this command."""
    output = Output(sys.stdout, sys.stderr, as_json)
    output.as_log, output.level = as_log, level
    output.capture_plugin_prints()
    return output
