"""Lists that editors keep as content: ``content/lists/front.md``, ``content/lists/section-city.md``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from cms_ssg.render.page import EARLIEST, LATEST
from cms_ssg.render.reference_names import reference_names
from cms_ssg.render.views import parse_time

if TYPE_CHECKING:
    from cms_ssg.render.page import Page
    from cms_ssg.render.views import Card
    from cms_ssg.site import Site

TYPE: Final = "story-list"


def story_names(site: Site, locale: str, story: str, types: Iterable[str]) -> tuple[str, ...]:
    """The claims that a story's name may mean: a path, a content file, ``type:slug``, or a slug of any type of story."""
    if story.startswith("/"):
        return (story if story.endswith("/") else f"{story}/",)
    if ":" in story or "/" in story or story.endswith(".md"):
        return reference_names(site, locale, story)
    return tuple(name for kind in types for name in reference_names(site, locale, f"{kind}:{story}") if not name.startswith("id:"))


def list_ordered(page: Page, name: str, types: Sequence[str]) -> Iterator[Card]:
    """The stories of the file for a list (``front``, ``section/city``), without those whose time is over: that is a span of the page.

    types: of stories. Nothing where there is no such file.
    """
    found = page.ref(f"{TYPE}:{name.replace('/', '-')}")
    stories = found._data.get("stories") if found is not None else None
    valid_from, valid_until = EARLIEST, LATEST
    for item in stories or ():
        until = parse_time(item.get("until"), page.site.zone)
        if until is not None and until <= page.now:
            valid_from = max(valid_from, until)
            continue
        if until is not None:
            valid_until = min(valid_until, until)
        if (card := _find_story(page, str(item["story"]), types)) is not None:
            yield card
    if (valid_from, valid_until) != (EARLIEST, LATEST):
        page.reader.reads.span(valid_from, valid_until)


def _find_story(page: Page, story: str, types: Sequence[str]) -> Card | None:
    names = story_names(page.site, page.locale.code, story, types)
    page.reader.ask(("claim", name) for name in names)
    for name in names:
        holder = page.reader.claim(name)
        if holder is not None and holder.owner_kind == "e" and page.site.features.role_of(holder.spec) != "redirect":
            return page.card(holder.owner)
    return None
