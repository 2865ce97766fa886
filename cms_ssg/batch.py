"""Load and render a batch of jobs: a few queries for all of them, then pure rendering, again only for what templates asked on top."""

from __future__ import annotations

from collections.abc import Sequence

from cms_ssg.render.output import Job, Rendered, list_requests, render_output
from cms_ssg.render.page import Surroundings
from cms_ssg.render.reading import Missing, Reads
from cms_ssg.store.loader import Request, Values
from cms_ssg.types import Problem

WAVES = 5
"""How often a job's declared needs may depend on what was just loaded."""

RETRIES = 3
"""How often a template may ask for something new before it is given up."""


def render_batch(around: Surroundings, values: Values, jobs: Sequence[Job]) -> list[Rendered]:
    """Render jobs in order, each to an artifact or a problem."""
    _load_declared(around, values, jobs)
    results: dict[str, Rendered] = {}
    waiting = list(jobs)
    for attempt in range(RETRIES + 1):
        missing: set[Request] = set()
        again = []
        for number, job in enumerate(waiting):
            try:
                results[job.path] = render_output(around, job, values.found)
            except Missing as asked:
                again.append(job)
                missing.update(asked.requests)
                if number == 0:  # what the first page asks for, its like will ask for too
                    values.load(missing)
                    missing.clear()
        if not again:
            break
        values.load(missing)
        waiting = again
    else:
        for job in waiting:
            problem = Problem("theme.too-deep", "", 0, f"{job.path}: its template asks for more after {RETRIES} rounds of loading")
            results[job.path] = Rendered(job, None, Reads(), problem)
    return [results[job.path] for job in jobs]


def _load_declared(around: Surroundings, values: Values, jobs: Sequence[Job]) -> None:
    waiting = list(jobs)
    for _ in range(WAVES):
        wanted: set[Request] = set()
        again = []
        for job in waiting:
            new = [request for request in list_requests(around, job, values.found) if request not in values.found]
            if new:
                wanted.update(new)
                again.append(job)
        if not wanted:
            return
        values.load(wanted)
        waiting = again
