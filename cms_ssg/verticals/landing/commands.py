"""``cms experiment list``, ``start``, ``report`` and ``stop``."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from cms_ssg.errors import CmsError, UsageError, fail
from cms_ssg.kinds.vertical import Command, OpenSite
from cms_ssg.store.query import fetch
from cms_ssg.types import Json, Problem
from cms_ssg.verticals.landing import queries
from cms_ssg.verticals.landing.experiments import Experiment, make_experiment
from cms_ssg.verticals.landing.outputs import has_page
from cms_ssg.verticals.landing.picture import render_picture
from cms_ssg.verticals.landing.report import Report, make_report
from cms_ssg.verticals.landing.statistics import Count


class Listed(msgspec.Struct):
    """One line of `cms experiment list`."""

    experiment: str
    state: str
    page: str
    variants: str
    visitors: int


def list_experiments(opened: OpenSite) -> list[Listed]:
    """List the experiments, with how many visitors each has had."""
    listed = []
    for row in fetch(opened.connection, queries.EXPERIMENTS, site=opened.number):
        one = make_experiment(row.fields)
        state = "not running" if not row.is_live else "decided" if one.winner else "running" if one.is_open else "broken"
        counts = _count(opened, one, one.goals[0] if one.goals else "")
        names = ", ".join(f"{variant.name} {variant.weight}" for variant in one.variants)
        listed.append(Listed(one.name, state, one.page, names, sum(count.visitors for count in counts.values())))
    return listed


def start(opened: OpenSite, experiment: str) -> str:
    """Start an experiment, from the next build on.

    An experiment that ran before starts from zero.
    """
    row, found = _find(opened, experiment)
    if said := found.problems():
        raise fail("landing.experiment", said[0], place=row.file, hint="Mend its file first.")
    _need_page(opened, found, row.file)
    moment = datetime.now(UTC).replace(microsecond=0)
    return _change(opened, row.file, {"publish_at": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}, ("draft", "status", "winner", "expire_at"))


def report(opened: OpenSite, experiment: str, *, goal: str = "", picture: bool = False) -> Report | str:
    """Show the results of an experiment.

    You may look as often as you like: the statistics allow for that.
    """
    _, found = _find(opened, experiment)
    if not found.goals:
        raise fail("landing.no-goal", f"the experiment {experiment} has no goals", hint="goals: [order] in its file names what counts.")
    if goal and goal not in found.goals:
        raise UsageError(Problem("landing.no-goal", "", 0, f'{experiment} has no goal "{goal}"', f"Goals: {', '.join(found.goals)}."))
    asked = goal or found.goals[0]
    made = make_report(found, asked, _count(opened, found, asked))
    return render_picture(made) if picture else made


def stop(opened: OpenSite, experiment: str, *, winner: str = "") -> str:
    """End an experiment, with a winner or without.

    From the next build on the page shows the winner; without one it is as it was.
    """
    row, found = _find(opened, experiment)
    if winner and found.find(winner) is None:
        known = ", ".join(variant.name for variant in found.variants)
        raise UsageError(Problem("landing.no-variant", "", 0, f'{experiment} has no variant "{winner}"', f"Variants: {known}."))
    if winner:
        return _change(opened, row.file, {"winner": winner}, ("draft", "expire_at"))
    return _change(opened, row.file, {"draft": True}, ("winner",))


def _find(opened: OpenSite, name: str) -> tuple[queries.ExperimentRow, Experiment]:
    rows = fetch(opened.connection, queries.EXPERIMENT, site=opened.number, experiment=name.replace("\0", ""))
    if not rows:
        known = [make_experiment(row.fields).name for row in fetch(opened.connection, queries.EXPERIMENTS, site=opened.number)]
        hint = (
            f"Experiments: {', '.join(known)}." if known else "Experiments are files in content/experiments, known from the next build on."
        )
        if waiting := _find_unbuilt(opened, name):
            hint = f"{waiting} is not in the database yet: run cms build first."
        raise UsageError(Problem("landing.no-experiment", "", 0, f'there is no experiment "{name}"', hint))
    return rows[0], make_experiment(rows[0].fields)


def _find_unbuilt(opened: OpenSite, name: str) -> str:
    """The file of an experiment that no build has read yet, "" if there is none."""
    from cms_ssg.authoring.find import find_content

    try:
        found = find_content(opened.site, name)
        return found.file if found.draft.type == "experiment" else ""
    except CmsError:
        return ""


def _need_page(opened: OpenSite, experiment: Experiment, file: str) -> None:
    if not has_page(opened.connection, opened.number, experiment.page):
        raise fail("landing.no-page", f"the experiment is about {experiment.page!r}, and there is no such page", place=file,
                   hint="Name its path, or its content file.")  # fmt: skip


def _count(opened: OpenSite, experiment: Experiment, goal: str) -> dict[str, Count]:
    rows = fetch(opened.connection, queries.COUNTS, site=opened.number, experiment=experiment.name, run=experiment.run, goal=goal)
    return {row.variant: Count(row.visitors, row.reached) for row in rows}


def _change(opened: OpenSite, file: str, values: dict[str, Json], gone: tuple[str, ...]) -> str:
    """Set fields of an experiment's file, where the truth of it is."""
    from cms_ssg.authoring.change import set_values
    from cms_ssg.authoring.find import find_content, read_fields

    fields = read_fields(find_content(opened.site, file))
    edit = set_values(opened.site, file, values, [name for name in gone if name in fields])
    return f"{edit.file}: {edit.what}. cms build publishes it."


COMMANDS = (
    Command("experiment list", list_experiments, "cms experiment list"),
    Command("experiment start", start, "cms experiment start headline"),
    Command(
        "experiment report", report, "cms experiment report headline\ncms experiment report headline --picture > headline.svg",
        {"goal": "Which goal; the experiment's first by default.", "picture": "Print an SVG."},
    ),
    Command("experiment stop", stop, "cms experiment stop headline --winner question", {"winner": "The variant that the page is to show from now on."}),
)  # fmt: skip
