"""What a web server or CDN in front of the site is told, where it picks the variants: `cms target config`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, LiteralString

from cms_ssg.kinds.vertical import OpenSite, Split
from cms_ssg.store.query import fetch
from cms_ssg.verticals.landing import queries
from cms_ssg.verticals.landing.experiments import make_experiment
from cms_ssg.verticals.landing.outputs import normalise_page

PATH: Final[LiteralString] = """
SELECT k.path FROM cms.claims c JOIN cms.cards k ON k.entry = c.owner WHERE c.site = %s AND c.name = %s AND c.wins AND c.owner_kind = 'e'"""


def list_splits(opened: OpenSite) -> Iterator[Split]:
    """The pages of running experiments; none where a script of the page picks."""
    if opened.site.settings.vertical["landing"].choose != "edge":
        return
    taken = set()
    for row in sorted(fetch(opened.connection, queries.EXPERIMENTS, site=opened.number), key=lambda row: row.file):
        experiment = make_experiment(row.fields)
        page = normalise_page(experiment.page)
        if not row.is_live or page in taken:
            continue
        taken.add(page)
        if not experiment.is_open:
            continue
        found = opened.connection.execute(PATH, (opened.number, page if page.startswith("/") else f"file:{page}")).fetchone()
        if found is not None and found[0]:
            others = [(experiment.path(variant.name), variant.weight) for variant in experiment.variants[1:] if variant.weight]
            yield Split(experiment.name, found[0], ((found[0], experiment.control.weight), *others))
