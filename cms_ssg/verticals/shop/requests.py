"""What pages of the shop are known to ask for, so that a hundred of them are loaded by a few queries and rendered once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from cms_ssg.reviews.outputs import name_list
from cms_ssg.verticals.shop.lists import is_product

if TYPE_CHECKING:
    from cms_ssg.render.requests import Job
    from cms_ssg.render.site_view import Surroundings

Found = dict[tuple[Any, ...], Any]
SHOWN: Final = ("price", "stock")


def _is_product(around: Surroundings, job: Job) -> bool:
    return job.kind in ("entry", "fallback") and is_product(around.site.schemas.get(str(job.spec.get("type"))))


def _ask_first(around: Surroundings, job: Job, found: Found) -> Iterable[tuple[Any, ...]]:
    if _is_product(around, job):
        yield from (("fact", name, str(job.owner)) for name in (*SHOWN, "offers", "rating"))
    elif job.kind == "home":
        yield ("fact", "best_sellers", "all")


def _ask_second(around: Surroundings, job: Job, found: Found) -> Iterator[tuple[Any, ...]]:
    """The reviews of a product; what the cards of a list show."""
    if _is_product(around, job):
        yield ("list", job.locale, name_list(job.path))
    elif (number := job.spec.get("list")) is not None and job.kind in ("home", "list", "archive"):
        page = job.spec.get("page", 0)
        window = found.get(("page", number, page) if page else ("front", number))
        for member in window.members if window is not None else ():
            card = found.get(("card", member)) or {}
            if member > 0 and is_product(around.site.schemas.get(str(card.get("type")))):
                yield from (("fact", name, str(member)) for name in (*SHOWN, "rating"))
        best = found.get(("fact", "best_sellers", "all"))
        yield from (("card", int(sold)) for sold in (best.value if best is not None else None) or ())


def _ask_third(around: Surroundings, job: Job, found: Found) -> Iterator[tuple[Any, ...]]:
    if _is_product(around, job) and (row := found.get(("list", job.locale, name_list(job.path)))) is not None:
        yield ("front", row.id)


STAGES: Final = (_ask_first, _ask_second, _ask_third)


def _ask_members(around: Surroundings, job: Job, found: Found) -> Iterator[tuple[Any, ...]]:
    yield ("page", job.spec["list"], job.spec["page"])


def _ask_offers(around: Surroundings, job: Job, found: Found) -> Iterator[tuple[Any, ...]]:
    window = found.get(("page", job.spec["list"], job.spec["page"]))
    for member in window.members if window is not None else ():
        yield from (("fact", name, str(member)) for name in (*SHOWN, "offers"))


MERCHANT_STAGES: Final = (_ask_members, _ask_offers)
