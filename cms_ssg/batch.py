"""Load and render a batch of jobs: a few queries for all of them, then pure rendering, again only for what templates asked on top."""

from __future__ import annotations

from collections.abc import Sequence

from cms_ssg.render.output import Rendered, render_output
from cms_ssg.render.page import Surroundings
from cms_ssg.render.reading import Missing, Reads
from cms_ssg.render.requests import Job, list_requests
from cms_ssg.store.loader import Request, Values
from cms_ssg.types import Problem

STAGES = 3
"""How often a job's declared needs may depend on what was just loaded."""

RETRIES = 3
"""How often a template may ask for something new before it is given up."""


def render_batch(around: Surroundings, values: Values, jobs: Sequence[Job]) -> list[Rendered]:
    """Render jobs in order, each to an artifact or a problem."""
    _load_declared(around, values, jobs)
    results: dict[str, Rendered] = {}
    if jobs:  # what the first page asks for on top, its like will ask for too: load it before the others are tried
        for _ in range(RETRIES):
            if not (missing := _try(around, values, jobs[0], results)):
                break
            values.load(missing)
    waiting = [job for job in jobs if job.path not in results]
    for attempt in range(RETRIES + 1):
        asked = {job.path: _try(around, values, job, results) for job in waiting}
        waiting = [job for job in waiting if asked[job.path]]
        if not waiting:
            break
        if attempt == RETRIES:
            results.update({job.path: _give_up(job, asked[job.path]) for job in waiting})
        else:
            values.load({request for requests in asked.values() for request in requests})
    return [results[job.path] for job in jobs]


def _try(around: Surroundings, values: Values, job: Job, results: dict[str, Rendered]) -> tuple[Request, ...]:
    """Render a job into results; or the requests that were not loaded yet."""
    try:
        results[job.path] = render_output(around, job, values.found)
    except Missing as asked:
        return asked.requests
    return ()


def _give_up(job: Job, requests: tuple[Request, ...]) -> Rendered:
    message = f"{job.path}: its template still asks for more after {RETRIES} rounds of loading ({requests[0]})"
    return Rendered(job, None, Reads(), Problem("theme.too-deep", "", 0, message, "Ask for less, or with constant names."))


def _load_declared(around: Surroundings, values: Values, jobs: Sequence[Job]) -> None:
    found = values.found
    for stage in range(STAGES):
        values.load({request for job in jobs for request in list_requests(around, job, found, stage) if request not in found})
