"""What each kind of output is known to need, in stages: a stage may look at what the ones before it loaded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from cms_ssg.kinds.list_kind import list_of_member, page_path
from cms_ssg.kinds.output_kind import Stage
from cms_ssg.kinds.reference import resolve
from cms_ssg.render.body import body_requests
from cms_ssg.render.entry_view import RELATED, related_lists
from cms_ssg.render.list_rules import list_rule
from cms_ssg.render.reference_names import link_names, menu_names, reference_names
from cms_ssg.render.site_view import Surroundings

Request = tuple[Any, ...]


class Job(NamedTuple):
    """An output to render: the winning claim of a path. spec: kind and its parameters; owner: of the claim."""

    path: str
    locale: str
    spec: dict[str, Any]
    owner: int

    @property
    def kind(self) -> str:
        return str(self.spec["kind"])


def list_requests(around: Surroundings, job: Job, found: dict[Request, Any], stage: int) -> Iterable[Request]:
    """What a job is known to need at a stage; each stage may look at what the ones before it loaded."""
    kind = around.site.features.outputs[job.kind]
    stages = kind.load_stages()
    requests = stages[stage](around, job, found) if stage < len(stages) else ()
    if not kind.page:
        return requests
    for reference in around.site.features.requests:
        more: tuple[Stage, ...] = resolve(reference)
        requests = (*requests, *more[stage](around, job, found)) if stage < len(more) else requests
    if stage:
        return requests
    homes = around.site.locales if len(around.site.locales) > 1 else ()
    return (*requests, *_menu_requests(around, job), *(("claim", f"{around.site.prefix(code)}/") for code in homes))


def _menu_requests(around: Surroundings, job: Job) -> Iterator[Request]:
    for ref in around.menu_refs:
        for name in reference_names(around.site, job.locale, ref):
            yield ("claim", name)
    for url in around.menu_urls:
        for name in menu_names(around.site, job.locale, url):
            yield ("claim", name)


def _entry_first(around: Surroundings, job: Job, found: dict[Request, Any]) -> Iterator[Request]:
    yield ("full", job.owner)
    yield ("card", job.owner)
    if neighbours := around.site.neighbours_of(str(job.spec.get("type"))):
        yield ("list", around.site.default_locale if job.kind == "fallback" else job.locale, neighbours)
    if around.site.settings.home.url != "/":
        yield from (("list", code, around.site.settings.home.list) for code in {job.locale, around.site.default_locale})


def _entry_second(around: Surroundings, job: Job, found: dict[Request, Any]) -> Iterator[Request]:
    site = around.site
    full, card = found.get(("full", job.owner)), found.get(("card", job.owner))
    if full is None or card is None:
        return
    if (neighbours := site.neighbours_of(full.type)) and (row := found.get(("list", full.locale, neighbours))) is not None:
        yield ("around", row.id, full.id)
    if len(site.locales) > 1:
        yield ("list", "", f"variants/{full.translation_key}")
    where = job.locale if site.fallback_locales else full.locale
    for taxonomy, terms in (card.get("terms") or {}).items():
        for slug, _ in terms:
            yield ("list", where, f"{taxonomy}/{slug}")
            if where != full.locale:
                yield ("list", full.locale, f"{taxonomy}/{slug}")
    if full.links:
        yield from body_requests(site, job.locale, full, card["path"] or "")


def _entry_third(around: Surroundings, job: Job, found: dict[Request, Any]) -> Iterator[Request]:
    full, card = found.get(("full", job.owner)), found.get(("card", job.owner))
    if full is None or card is None:
        return
    if len(around.site.locales) > 1 and (row := found.get(("list", "", f"variants/{full.translation_key}"))) is not None:
        yield ("all", row.id)
    terms = card.get("terms") or {}
    for name in related_lists(terms):
        if (row := found.get(("list", full.locale, name))) is not None:
            yield ("near", row.id, full.id, RELATED)
    for slug, _ in terms.get("author", ()):
        row = found.get(("list", job.locale if around.site.fallback_locales else full.locale, f"author/{slug}"))
        if row is not None and "entry" in (row.card or {}):
            yield ("card", row.card["entry"])
    for slug, _ in terms.get("series", ()):
        if (row := found.get(("list", full.locale, f"series/{slug}"))) is not None:
            yield ("all", row.id)


def _list_first(around: Surroundings, job: Job, found: dict[Request, Any]) -> Iterator[Request]:
    number = job.spec.get("page", 0)
    yield ("listed", job.spec["list"])
    yield ("page", job.spec["list"], number) if number else ("front", job.spec["list"])


def _list_second(around: Surroundings, job: Job, found: dict[Request, Any]) -> Iterator[Request]:
    row = found.get(("listed", job.spec["list"]))
    if row is None:
        return
    number = job.spec.get("page", 0)
    yield ("list", row.locale, f"children/{row.name}")
    if (entry := (row.card or {}).get("entry")) is not None:
        yield ("full", entry)
        yield ("card", entry)
    if parent := (row.card or {}).get("parent"):
        yield ("list", row.locale, parent)
    if number:
        yield ("claim", page_path(list_rule(around.site, row.locale, row.name), number + 1))
    window = found.get(("page", row.id, number) if number else ("front", row.id))
    if around.theme.shows_terms:
        yield from _card_requests(around, job.locale, window.members if window is not None else (), found)


def _list_third(around: Surroundings, job: Job, found: dict[Request, Any]) -> Iterator[Request]:
    row = found.get(("listed", job.spec["list"]))
    if row is None:
        return
    if (children := found.get(("list", row.locale, f"children/{row.name}"))) is not None:
        yield ("all", children.id)
    if (entry := (row.card or {}).get("entry")) is not None:
        full, card = found.get(("full", entry)), found.get(("card", entry))
        if full is not None and full.links:
            yield from body_requests(around.site, job.locale, full, (card or {}).get("path") or "")


def _card_requests(around: Surroundings, locale: str, members: tuple[int, ...], found: dict[Request, Any]) -> Iterator[Request]:
    """The terms that cards show."""
    for member in members:
        if (card := found.get(("card", member))) is not None and "row" not in card:
            where = locale if around.site.fallback_locales else card["locale"]
            for taxonomy, terms in (card.get("terms") or {}).items():
                for slug, _ in terms:
                    yield ("list", where, f"{taxonomy}/{slug}")
                    if where != card["locale"]:
                        yield ("list", card["locale"], f"{taxonomy}/{slug}")


def _terms_requests(around: Surroundings, job: Job, found: dict[Request, Any]) -> Iterator[Request]:
    yield ("listed", job.spec["list"])
    yield ("all", job.spec["list"])


def _feed_first(around: Surroundings, job: Job, found: dict[Request, Any]) -> Iterator[Request]:
    yield ("listed", job.spec["list"])
    yield ("top", job.spec["list"], around.site.settings.feed_size)


def _feed_second(around: Surroundings, job: Job, found: dict[Request, Any]) -> Iterator[Request]:
    window = found.get(("top", job.spec["list"], around.site.settings.feed_size))
    members = window.members if window is not None else ()
    if around.site.settings.feed_content == "full":
        yield from (("full", member) for member in members)
    yield from _card_requests(around, job.locale, members, found)


def _feed_third(around: Surroundings, job: Job, found: dict[Request, Any]) -> Iterator[Request]:
    window = found.get(("top", job.spec["list"], around.site.settings.feed_size))
    for member in window.members if window is not None else ():
        full, card = found.get(("full", member)), found.get(("card", member))
        if full is not None and full.links:
            yield from body_requests(around.site, job.locale, full, (card or {}).get("path") or "")


def _sitemap_first(around: Surroundings, job: Job, found: dict[Request, Any]) -> Iterator[Request]:
    yield ("page", job.spec["list"], job.spec["page"])


def _sitemap_second(around: Surroundings, job: Job, found: dict[Request, Any]) -> Iterator[Request]:
    window = found.get(("page", job.spec["list"], job.spec["page"]))
    for member in window.members if window is not None else ():
        if (row := found.get(("listed", list_of_member(member)))) is not None:
            yield ("claim", list_rule(around.site, row.locale, row.name).url)
        elif len(around.site.locales) > 1 and (card := found.get(("card", member))) is not None:
            yield ("list", "", f"variants/{card['variants']}")


def _sitemap_third(around: Surroundings, job: Job, found: dict[Request, Any]) -> Iterator[Request]:
    for request in list(_sitemap_second(around, job, found)):
        if request[0] == "list" and (row := found.get(request)) is not None:
            yield ("all", row.id)


def _redirect_requests(around: Surroundings, job: Job, found: dict[Request, Any]) -> Iterator[Request]:
    if "target" not in job.spec:
        yield ("card", job.owner)
    else:
        yield from (("claim", name) for name in link_names(around.site, job.locale, "", job.path, job.spec["target"]))


ENTRY_STAGES: tuple[Stage, ...] = (_entry_first, _entry_second, _entry_third)
LIST_STAGES: tuple[Stage, ...] = (_list_first, _list_second, _list_third)
SITEMAP_STAGES: tuple[Stage, ...] = (_sitemap_first, _sitemap_second, _sitemap_third)
TERMS_STAGES: tuple[Stage, ...] = (_terms_requests,)
FEED_STAGES: tuple[Stage, ...] = (_feed_first, _feed_second, _feed_third)
REDIRECT_STAGES: tuple[Stage, ...] = (_redirect_requests,)


def _search_file_first(around: Surroundings, job: Job, found: dict[Request, Any]) -> Iterator[Request]:
    yield ("stored", job.path.removeprefix("/pagefind/"))


SEARCH_FILE_STAGES: tuple[Stage, ...] = (_search_file_first,)
