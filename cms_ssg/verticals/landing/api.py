"""Routes of experiments: that a variant was shown, and that a goal was reached."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.answers import JSON
from cms_ssg.api.callers import PUBLIC, is_foreign, is_program
from cms_ssg.api.problems import ApiError, fail
from cms_ssg.api.routing import Router, site_of
from cms_ssg.api.sites import SiteContext
from cms_ssg.store.query import fetch_async
from cms_ssg.store.secrets import EXPERIMENTS, load_secret
from cms_ssg.verticals.landing import queries
from cms_ssg.verticals.landing.experiments import Experiment, make_experiment
from cms_ssg.verticals.landing.picture import render_picture
from cms_ssg.verticals.landing.report import Report, make_report
from cms_ssg.verticals.landing.statistics import Count
from cms_ssg.verticals.landing.tickets import Ticket, read_ticket, sign_ticket

router = Router("Experiments")

PER_MINUTE: Final = 60
DAY_S: Final = 86_400


class Exposure(msgspec.Struct, forbid_unknown_fields=True):
    """What a page says when it was shown. visit: a number that the browser made up, 32 hexadecimal digits."""

    variant: str
    visit: str


class Conversion(msgspec.Struct, forbid_unknown_fields=True):
    """What a page says when a goal was reached."""

    ticket: str
    goal: str


@router.post("/api/experiments/{name}/exposures", scope=PUBLIC, per_minute=PER_MINUTE, summary="Tell that a variant was shown")
async def expose(request: Request, name: str) -> Response:
    """Note that a visitor was shown a variant. Answers with the ticket that a later goal asks for; nothing for programs and pages of other sites."""
    context = site_of(request)
    said = await _read(request, Exposure)
    experiment = await _load_open(context, name)
    variant = experiment.find(said.variant)
    if variant is None or not variant.weight:
        raise _invalid("variant", f"{name} has {', '.join(one.name for one in experiment.variants if one.weight)}")
    if not re.fullmatch("[0-9a-f]{32}", said.visit):
        raise _invalid("visit", "it is 32 hexadecimal digits")
    if is_program(request) or is_foreign(request, context.site.settings.api.cors):
        return Response(None, 204)
    row = {"site": context.number, "experiment": name, "run": experiment.run, "visit": UUID(said.visit), "variant": said.variant}
    async with context.connection() as connection:
        if await (await connection.execute(queries.ADD_EXPOSURE, row)).fetchone() is None:
            shown = await (await connection.execute(queries.EXPOSED_TO, row)).fetchone()
            if shown is None or shown[0] != said.variant:
                raise fail("landing.replayed", "this visit was shown another variant", status=409, hint="A visit keeps its variant.")
    ticket = Ticket(said.variant, experiment.run, UUID(said.visit), int(time.time()))
    text = sign_ticket(await _load_key(context), name, ticket)
    return Response(msgspec.json.encode({"ticket": text}), 201, media_type=JSON)


@router.post("/api/experiments/{name}/conversions", scope=PUBLIC, per_minute=PER_MINUTE, summary="Tell that a goal was reached")
async def convert(request: Request, name: str) -> Response:
    """Note that whoever has this ticket reached a goal. Each goal counts once a visit."""
    await _count_goal(request, name, await _read(request, Conversion))
    return Response(None, 204)


async def note_accepted(request: Request, text: str) -> None:
    """Count the goal of a form that was accepted. text: experiment, goal and ticket, as goals.js writes them."""
    name, _, rest = text[:500].partition(" ")
    goal, _, ticket = rest.partition(" ")
    with suppress(ApiError):  # the form is taken whatever its ticket is
        await _count_goal(request, name, Conversion(ticket, goal))


async def _count_goal(request: Request, name: str, said: Conversion) -> None:
    """Raises ApiError landing.forged, landing.late, landing.replayed, landing.no-experiment, api.invalid."""
    context = site_of(request)
    ticket = read_ticket(await _load_key(context), name, said.ticket)
    if ticket is None:
        raise fail(
            "landing.forged", "the ticket was not signed here for this experiment", status=403, hint="The answer to an exposure has one."
        )
    experiment = await _load_open(context, name)
    days = context.site.settings.vertical["landing"].days
    if ticket.run != experiment.run or time.time() - ticket.issued_s > days * DAY_S:
        hint = "[landing] days says how long a goal counts; an experiment that is started again begins anew."
        raise fail("landing.late", "the ticket is of another run of the experiment, or too old", status=403, hint=hint)
    if said.goal not in experiment.goals:
        raise _invalid("goal", f"{name} has {', '.join(experiment.goals) or 'no goals'}")
    if is_program(request) or is_foreign(request, context.site.settings.api.cors):
        return
    row = {"site": context.number, "experiment": name, "run": ticket.run, "visit": ticket.visit, "goal": said.goal}
    async with context.connection() as connection:
        if await (await connection.execute(queries.ADD_CONVERSION, row)).fetchone() is None:
            raise fail("landing.replayed", "this goal was reached before on this visit", status=409, hint="Each goal counts once.")


@router.get("/api/experiments/{name}/report", scope="read", summary="How an experiment stands")
async def show_report(request: Request, name: str, goal: str = "") -> Response:
    """Rates with intervals, whether visitors were shared out as they should be, and whether it is decided."""
    return Response(msgspec.json.encode(await load_report(site_of(request), name, goal)), media_type=JSON)


@router.get("/api/experiments/{name}/report.svg", scope="read", summary="How an experiment stands, as a picture")
async def show_picture(request: Request, name: str, goal: str = "") -> Response:
    """Each variant's rate with its interval, on one scale."""
    report = await load_report(site_of(request), name, goal)
    return Response(render_picture(report).encode(), media_type="image/svg+xml")


async def load_report(context: SiteContext, name: str, goal: str) -> Report:
    """How an experiment stands. goal: "" for its first. Raises ApiError landing.no-experiment, api.invalid."""
    async with context.connection() as connection:
        rows = await fetch_async(connection, queries.EXPERIMENT, site=context.number, experiment=name.replace("\0", ""))
        if not rows:
            raise fail(
                "landing.no-experiment", "there is no such experiment", status=404, hint="cms experiment list names those there are."
            )
        experiment = make_experiment(rows[0].fields)
        asked = goal or (experiment.goals[0] if experiment.goals else "")
        if asked not in experiment.goals:
            raise _invalid("goal", f"{name} has {', '.join(experiment.goals) or 'no goals'}")
        counted = await fetch_async(connection, queries.COUNTS, site=context.number, experiment=name, run=experiment.run, goal=asked)
    return make_report(experiment, asked, {row.variant: Count(row.visitors, row.reached) for row in counted})


async def _read(request: Request, kind: type[Any]) -> Any:
    """The body, which browsers send as plain text when a page is left."""
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _invalid("body", str(error)) from None


async def _load_open(context: SiteContext, name: str) -> Experiment:
    """The experiment of this name while it runs. Raises ApiError landing.no-experiment."""
    if "\0" not in name:
        async with context.connection() as connection:
            rows = await fetch_async(connection, queries.EXPERIMENT, site=context.number, experiment=name)
        if rows and rows[0].is_live and (experiment := make_experiment(rows[0].fields)).is_open:
            return experiment
    raise fail("landing.no-experiment", "no such experiment is running", status=404, hint="cms experiment list names those there are.")


async def _load_key(context: SiteContext) -> bytes:
    """The site's key, made at its first use."""
    known: list[bytes] = context.extra("landing-key", lambda _: [])
    if not known:
        async with context.connection() as connection:
            known.append(await load_secret(connection, context.number, EXPERIMENTS))
    return known[0]


def _invalid(field: str, message: str) -> ApiError:
    return ApiError(
        422, "api.invalid", f"the request is not as it should be: {field}", "/docs says what is taken.", fields=((field, message),)
    )
