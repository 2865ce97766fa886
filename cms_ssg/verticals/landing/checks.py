"""What `cms check` says of experiments and of blocks that show forms."""

from __future__ import annotations

from collections.abc import Iterator

from cms_ssg.kinds.vertical import OpenSite
from cms_ssg.store.query import fetch
from cms_ssg.types import Problem
from cms_ssg.verticals.landing import queries
from cms_ssg.verticals.landing.experiments import make_experiment
from cms_ssg.verticals.landing.outputs import has_page, normalise_page


def check_experiments(opened: OpenSite) -> Iterator[Problem]:
    """Experiments that cannot run, and those that name a page that is not there."""
    running: dict[str, str] = {}
    for row in fetch(opened.connection, queries.EXPERIMENTS, site=opened.number):
        experiment = make_experiment(row.fields)
        for said in experiment.problems():
            yield Problem("landing.experiment", row.file, 0, f"the experiment does not run: {said}", "Mend its file.")
        page = normalise_page(experiment.page)
        if row.is_live and running.setdefault(page, row.file) != row.file:
            said = f"{running[page]} is an experiment about {experiment.page!r} too, and a page takes part in one"
            yield Problem("landing.two-experiments", row.file, 0, said, "End one of them: cms experiment stop.")
        if row.is_live and not has_page(opened.connection, opened.number, experiment.page):
            hint = "Name its path, or its content file; or end it: cms experiment stop."
            yield Problem("landing.no-page", row.file, 0, f"the experiment is about {experiment.page!r}, and there is no such page", hint)


def check_forms(opened: OpenSite) -> Iterator[Problem]:
    """Blocks that show a form that is not there: the page shows nothing in its place."""
    rows = opened.connection.execute(queries.FORM_BLOCKS, {"site": opened.number}).fetchall()
    for file, name in rows:
        hint = f"Add content/forms/{name}.md, and switch the vertical forms on."
        yield Problem("landing.no-form", file, 0, f'a block shows the form "{name}", and there is none', hint)


CHECKS = (check_experiments, check_forms)
