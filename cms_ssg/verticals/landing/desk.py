"""The desk's page of experiments: each with its picture, its figures and what they say."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import Response

from cms_ssg.api.callers import PUBLIC
from cms_ssg.api.routing import Router, site_of
from cms_ssg.desk.frame import View, answer_page, enter
from cms_ssg.desk.queue import DeskPage
from cms_ssg.store.query import fetch_async
from cms_ssg.verticals.landing import queries
from cms_ssg.verticals.landing.api import load_report
from cms_ssg.verticals.landing.experiments import Experiment, make_experiment
from cms_ssg.verticals.landing.picture import render_picture
from cms_ssg.verticals.landing.report import Report

router = Router("Experiments")
PAGES: Final = (DeskPage("experiments", "Experiments", "read"),)
MOST: Final = 50
HEADS: Final = ("Variant", "Weight", "Visitors", "Reached it", "Rate", "95 % interval", "p")


@router.get("/desk/experiments", scope=PUBLIC, include_in_schema=False)
async def show_experiments(request: Request) -> Response:
    """Every experiment with a report about each of its goals."""
    session = await enter(request, "read")
    context = site_of(request)
    async with context.connection() as connection:
        rows = (await fetch_async(connection, queries.EXPERIMENTS, site=context.number))[:MOST]
    parts = []
    for row in rows:
        experiment = make_experiment(row.fields)
        state = f"ended, {experiment.winner} won" if experiment.winner else "running" if row.is_live else "not running"
        reports = [await load_report(context, experiment.name, goal) for goal in experiment.goals]
        parts.append(_render(experiment, state, reports))
    main = Markup("").join(parts) or "<p>There are no experiments. One is a file in content/experiments.</p>"
    return answer_page(request, session, "Experiments", str(main), View("experiments"))


def _render(experiment: Experiment, state: str, reports: list[Report]) -> Markup:
    shown = Markup("").join(_render_report(report) for report in reports) or Markup("<p>It has no goals, so there is nothing to count.</p>")
    return Markup("<article><h2>{}</h2><p>{} · {}</p>{}</article>").format(experiment.name, experiment.page, state, shown)


def _render_report(report: Report) -> Markup:
    heads = Markup("").join(Markup('<th scope="col">{}</th>').format(head) for head in HEADS)
    lines = Markup("").join(
        Markup('<tr><th scope="row">{}</th>{}</tr>').format(line.variant, Markup("").join(Markup("<td>{}</td>").format(text) for text in (
            line.weight, f"{line.visitors:,}", f"{line.reached:,}", f"{line.rate:.2%}" if line.visitors else "-",
            f"{line.low:.2%} to {line.high:.2%}" if line.visitors else "-", "-" if line.p_value is None else f"{line.p_value:.3f}",
        )))
        for line in report.lines
    )  # fmt: skip
    picture = Markup(render_picture(report, is_inline=True))
    return Markup(
        '<h3>Goal: {}</h3><figure class="chart" tabindex="0">{}</figure><p>{}</p>'
        '<div class="scroll" tabindex="0"><table class="figures"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
        "<p>Sample ratio: p = {:.3g}{}</p>"
    ).format(
        report.goal,
        picture,
        report.verdict,
        heads,
        lines,
        report.ratio_p_value,
        "" if report.is_ratio_right else escape(", which is wrong: nothing is judged"),
    )
