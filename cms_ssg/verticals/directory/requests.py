"""What pages of a directory are known to ask for, so that a hundred of them are loaded by a few queries and rendered once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from cms_ssg.reviews.outputs import name_list
from cms_ssg.verticals.directory.places import list_levels

if TYPE_CHECKING:
    from cms_ssg.render.requests import Job
    from cms_ssg.render.site_view import Surroundings

MORE: Final = 6
"""Other listings of its place that a listing's page shows where none are near."""

Found = dict[tuple[Any, ...], Any]


def _is_listing(job: Job) -> bool:
    return job.kind == "entry" and job.spec.get("type") == "listing"


def _ask_first(around: Surroundings, job: Job, found: Found) -> Iterable[tuple[Any, ...]]:
    if _is_listing(job):
        yield ("fact", "rating", str(job.owner))
        yield ("fact", "claim", str(job.owner))
        yield ("fact", "tier", str(job.owner))
        yield ("fact", "nearby", str(job.owner))


def _ask_second(around: Surroundings, job: Job, found: Found) -> Iterator[tuple[Any, ...]]:
    """Lists of a listing's places and reviews; the ratings of a list's listings."""
    if _is_listing(job) and (full := found.get(("full", job.owner))) is not None:
        yield from (("list", job.locale, f"place/{level.slug}") for level in list_levels(full.fields))
        for near in _list_near(job, found):
            yield ("card", near)
            yield ("fact", "rating", str(near))
        yield ("list", job.locale, name_list(job.path))
    elif (number := job.spec.get("list")) is not None:
        page = job.spec.get("page", 0)
        yield from _ask_ratings(found, ("page", number, page) if page else ("front", number))


def _ask_third(around: Surroundings, job: Job, found: Found) -> Iterator[tuple[Any, ...]]:
    if _is_listing(job) and (full := found.get(("full", job.owner))) is not None:
        levels = list_levels(full.fields) if not _list_near(job, found) else ()
        if levels and (row := found.get(("list", job.locale, f"place/{levels[-1].slug}"))) is not None:
            yield ("top", row.id, MORE + 1)
        if (row := found.get(("list", job.locale, name_list(job.path)))) is not None:
            yield ("front", row.id)


def _ask_fourth(around: Surroundings, job: Job, found: Found) -> Iterator[tuple[Any, ...]]:
    if _is_listing(job) and (full := found.get(("full", job.owner))) is not None:
        levels = list_levels(full.fields) if not _list_near(job, found) else ()
        if levels and (row := found.get(("list", job.locale, f"place/{levels[-1].slug}"))) is not None:
            yield from _ask_ratings(found, ("top", row.id, MORE + 1))


def _list_near(job: Job, found: Found) -> list[int]:
    """The numbers of the listings near a listing."""
    fact = found.get(("fact", "nearby", str(job.owner)))
    return [number for number, _ in (fact.value if fact is not None else None) or ()]


def _ask_ratings(found: Found, request: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    window = found.get(request)
    for member in window.members if window is not None else ():
        if member > 0 and (found.get(("card", member)) or {}).get("type") == "listing":
            yield ("fact", "rating", str(member))


STAGES: Final = (_ask_first, _ask_second, _ask_third, _ask_fourth)
