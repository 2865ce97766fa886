"""Make a batch of outputs: a few queries for all of them, then pure rendering, again only for what templates asked on top; write what differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from cms_ssg.kinds.features import Features
from cms_ssg.paths import object_key
from cms_ssg.publish.links import LINKS_TO, Absent
from cms_ssg.publish.target import Live, Object, Outcome, Target
from cms_ssg.render.output import Rendered, render_output
from cms_ssg.render.reading import Missing, Reads
from cms_ssg.render.requests import Job, list_requests
from cms_ssg.render.site_view import Surroundings
from cms_ssg.store.arrays import int_array
from cms_ssg.store.loader import Request, Values
from cms_ssg.types import Json, Problem

NONE_ABSENT = Absent()

STAGES = 4
"""How often a job's declared needs may depend on what was just loaded."""

RETRIES = 50
"""How often a template may ask for something new before it is given up: how deep what it asks for depends on what it was given. Whether a
page can be made must not depend on what those made with it have loaded already, so this is more than any page needs."""


class Made(NamedTuple):
    """What became of one output, small enough to pass between processes: its bytes are at the target already.

    digest, size_bytes: of what was rendered, None and 0 where it could not be; reads: sorted, as an array of the database; problem: why not;
    written: its bytes were not live before and now are; etag: what the target calls this version; unwritten: why it was not taken; shows: sets of images'
    variants, name -> path -> spec; waits: digests of images that must be looked at and sets that must be made before it can be published; lasting: what
    it was not taken for will not be over by itself.
    """

    path: str
    kind: str
    owner: int
    digest: bytes | None
    size_bytes: int
    reads: str
    names: dict[int, str]
    windows: frozenset[tuple[int, bytes, bytes]]
    valid_from: datetime | None
    valid_until: datetime | None
    problem: Problem | None
    problems: list[Problem]
    written: bool
    etag: str | None
    unwritten: str | None
    shows: dict[str, dict[str, dict[str, Json]]]
    waits: tuple[set[str], set[str]] | None = None
    lasting: bool = False


def publish(
    target: Target, rendered: Sequence[Rendered], live: Mapping[str, Live], told: set[int], before: Callable[[], None] | None = None,
    absent: Absent = NONE_ABSENT,
) -> list[Made]:  # fmt: skip
    """Write what differs from what is live, by path.

    told: keys of reads whose names were given before; extended here; before: to call now and then before something is written; absent: what could not
    be written: what links to it is not written either.
    """
    objects: dict[str, Object] = {}
    outcomes: dict[str, Outcome] = {}
    for one in rendered:
        known, artifact = live.get(one.job.path), one.artifact
        if artifact is not None and not _waits(one) and (known is None or artifact.digest != known.digest):
            if absent.paths and (link := absent.find_link(artifact.data)):
                outcomes[one.job.path] = Outcome(False, refused=f"{LINKS_TO}{link}, which could not be written", lasting=True)
                continue
            objects[one.job.path] = Object(
                object_key(artifact.path),
                artifact.data,
                artifact.content_type,
                one.job.kind,
                artifact.digest,
                known,
                one.job.path,
                one.reads.keys,
                cache=artifact.cache,
            )
    outcomes.update(zip(objects, target.write_many(list(objects.values()), before) if objects else (), strict=True))
    return [_describe_made(one, live.get(one.job.path), outcomes.get(one.job.path), told) for one in rendered]


def _waits(one: Rendered) -> bool:
    """Whether a page shows an image that must be looked at or made first."""
    return bool(one.reads.waits) and one.problem is None


def _describe_made(one: Rendered, known: Live | None, outcome: Outcome | None, told: set[int]) -> Made:
    reads, waits = one.reads, (one.reads.unmeasured, one.reads.wants) if _waits(one) else None
    artifact = one.artifact if waits is None else None
    outcome = outcome or Outcome(False, known.etag if known is not None else None)
    names = {key: reads.names[key] for key in reads.names.keys() - told}
    told.update(names)
    return Made(
        one.job.path, one.job.kind, one.job.owner, artifact.digest if artifact is not None else None,
        len(artifact.data) if artifact is not None else 0, int_array(sorted(reads.keys)), names, frozenset(reads.windows),
        reads.valid_from, reads.valid_until, one.problem, reads.problems, outcome.written, outcome.etag, outcome.refused,
        reads.shows if one.problem is None else {}, waits, outcome.lasting,
    )  # fmt: skip


def render_batch(around: Surroundings, values: Values, jobs: Sequence[Job]) -> list[Rendered]:
    """Render jobs in order, each to an artifact or a problem."""
    theme, declared = around.theme, around.theme.shows_terms
    _load_declared(around, values, jobs)
    results: dict[str, Rendered] = {}
    if jobs:  # what the first page asks for on top, its like will ask for too: load it before the others are tried
        for _ in range(RETRIES):
            if not (missing := _try(around, values, jobs[0], results)):
                break
            values.load(missing)
            if theme.shows_terms != declared:
                declared = theme.shows_terms
                _load_declared(around, values, jobs)
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
            if theme.shows_terms != declared:
                declared = theme.shows_terms
                _load_declared(around, values, waiting)
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


def cut_batches(jobs: Sequence[Job], features: Features, most: int) -> list[list[Job]]:
    """What is loaded and rendered together: most pages, fewer of a kind that shows more entries than a page does."""
    batches: list[list[Job]] = []
    left = 0
    for job in jobs:
        if left <= 0:
            batches.append([])
            left = most
        batches[-1].append(job)
        left -= features.outputs[job.kind].weight
    return batches
