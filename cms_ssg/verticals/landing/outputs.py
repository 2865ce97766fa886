"""One page for each variant of an experiment, and the name by which a page finds the experiment that is about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from cms_ssg.errors import fail
from cms_ssg.kinds.claim import ENTRY, ClaimRow
from cms_ssg.kinds.list_kind import EntryRow
from cms_ssg.kinds.output_kind import HTML, OutputKind
from cms_ssg.kinds.phases import LEAVES
from cms_ssg.paths import canonical_path
from cms_ssg.types import Json
from cms_ssg.verticals.landing.experiments import make_experiment, name_experiment

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from cms_ssg.render.page import Page
    from cms_ssg.render.requests import Job
    from cms_ssg.render.site_view import Surroundings
    from cms_ssg.site import Site

VARIANT = OutputKind(
    "variant", LEAVES, HTML, "cms_ssg.verticals.landing.outputs:render_variant", "cms_ssg.verticals.landing.outputs:STAGES",
    page=True, linked=True, shown="leaf",
)  # fmt: skip
"""It is linked: a page sends its visitors on to its variants, so these are there first."""


def claim_variants(site: Site, row: EntryRow, fields: dict[str, Json], path: str | None) -> Iterator[ClaimRow]:
    """What a live experiment wants: to be the one about its page, and an address for each variant but the page itself."""
    if row.type != "experiment":
        return
    experiment = make_experiment(fields)

    def claim(name: str, spec: dict[str, Json] | None = None) -> ClaimRow:
        return ClaimRow(name, ENTRY, row.locale, row.claim_key, "e", row.id, spec)

    yield claim(name_experiment(normalise_page(experiment.page)))
    for variant in experiment.variants[1:]:
        address = canonical_path(experiment.path(variant.name))
        if experiment.is_open and variant.weight:
            yield claim(address, {"kind": "variant", "variant": variant.name})
        elif (
            experiment.winner and not experiment.problems() and experiment.page.startswith("/")
        ):  # whoever kept the address of a variant comes back
            yield claim(address, {"kind": "redirect", "target": experiment.page})


def normalise_page(page: str) -> str:
    """A page as experiments name it: the canonical path, or the content file as it is."""
    if not page.startswith("/"):
        return page
    try:
        return canonical_path(page)
    except ValueError:
        return page


def find_page(page: Page, named: str) -> int | None:
    """The entry of a page that an experiment names, None where there is none."""
    named = normalise_page(named)
    holder = page.reader.claim(named if named.startswith("/") else f"file:{named}")
    is_entry = holder is not None and holder.owner_kind == "e" and (holder.spec or {}).get("kind") in (None, "entry")
    return holder.owner if is_entry else None


def has_page(connection: Connection[TupleRow], site: int, named: str) -> bool:
    """Whether the store has the page that an experiment names."""
    from cms_ssg.verticals.landing.queries import PAGE

    named = normalise_page(named)
    return connection.execute(PAGE, (site, named if named.startswith("/") else f"file:{named}")).fetchone() is not None


def _variant_requests(around: Surroundings, job: Job, found: dict[tuple[Any, ...], Any]) -> Iterable[tuple[Any, ...]]:
    yield ("full", job.owner)
    yield ("card", job.owner)


STAGES = (_variant_requests,)


def render_variant(page: Page, job: Job) -> tuple[bytes, str]:
    """The page of an experiment as one variant shows it: at an address of its own, with the page's own address as the canonical one."""
    from cms_ssg.reads import FULL
    from cms_ssg.render.output import render_entry
    from cms_ssg.verticals.landing.views import LandingView

    page.reader.reads.entry(FULL, job.owner)
    full = page.reader.need("full", job.owner)
    if full is None:
        raise LookupError("the experiment is gone")
    experiment = make_experiment(full.fields)
    entry = find_page(page, experiment.page)
    if entry is None:
        hint = "Name its path, or its content file; or end the experiment: cms experiment stop."
        raise fail("landing.no-page", f"the experiment is about {experiment.page!r}, and there is no such page", place=full.file, hint=hint)
    card = page.reader.need("card", entry) or {}
    page.path = str(card.get("path") or page.path)  # what stands beside the page stands beside its variants
    locale = page.site.locales.get(str(card.get("locale")))
    if locale is not None:
        page.locale = locale
    page.views["landing"] = LandingView(page, str(job.spec["variant"]), (experiment, full.file))
    return render_entry(page, job._replace(path=page.path, spec={"kind": "entry", "type": card.get("type", "")}, owner=entry))
