"""A kind of output: all that the engine, publishing and releases need to know of it, in one value."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from cms_ssg.kinds.phases import phase_when_new
from cms_ssg.kinds.reference import resolve

if TYPE_CHECKING:
    from cms_ssg.render.page import Page
    from cms_ssg.render.requests import Job
    from cms_ssg.render.site_view import Surroundings

HTML: Final = "text/html; charset=utf-8"
XML: Final = "application/xml; charset=utf-8"
JSON: Final = "application/json; charset=utf-8"

Render = Callable[["Page", "Job"], tuple[bytes, str]]
Stage = Callable[["Surroundings", "Job", dict[tuple[Any, ...], Any]], Iterable[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class OutputKind:
    """One kind of output.

    name: as in the spec of a claim. noun: what messages call it, such as ``page``, by default its name.
    phase: when it is rendered, of `cms_ssg.kinds.phases`. content_type: ``""`` if the file's name decides.
    render: reference to a function (page, job) -> (bytes, content type), if it is rendered. stages: reference to a tuple of functions
    (surroundings, job, found) -> requests; each may look at what the ones before it loaded.
    made: ``rendered`` from the store, ``copied`` from a file, or an ``image`` that is scaled. page: an HTML page that is counted as a page;
    linked: pages link to it, so a new one is rendered before them. content: the page of an entry. role: ``entry``, the page of an entry
    in its own locale; ``redirect``, which only leads to another address; ``front``, the home page of a locale; ``feed``, which hubs are
    told of; ``search``, the search page; ``""``, none of these. The other rooms ask for the role and never compare the name.
    holds: while a new one fails, its entry is kept out of lists.
    fingerprinted: its name changes with its bytes, so the old one may stay. shown: a preview shows it, among its lists or
    its other pages. cache: its class in [target.cache], ``""`` if its path decides. weight: how many pages it counts as when work is divided.
    framed: the API fills it in, and finds it in cms.frames. vertical: its vertical, ``""`` for the core. ahead: when a save changes it, it is made before
    all others, unless it links to a new one.
    """

    name: str
    phase: int
    content_type: str
    render: str = ""
    stages: str = ""
    made: Literal["rendered", "copied", "image"] = "rendered"
    page: bool = False
    linked: bool = False
    content: bool = False
    holds: bool = False
    fingerprinted: bool = False
    shown: Literal["", "leaf", "list"] = ""
    cache: Literal["", "assets", "pages", "feeds", "files", "live"] = ""
    weight: int = 1
    framed: bool = False
    vertical: str = ""
    ahead: bool = False
    noun: str = ""
    role: Literal["", "entry", "redirect", "front", "feed", "search"] = ""

    @property
    def called(self) -> str:
        """What messages call it."""
        return self.noun or self.name

    @property
    def phase_if_new(self) -> int:
        """When one is made that was not there before."""
        return phase_when_new(self.phase, linked=self.linked)

    def load_render(self) -> Render:
        """The function that renders it. Raises CmsError vertical.reference."""
        render: Render = resolve(self.render)
        return render

    def load_stages(self) -> tuple[Stage, ...]:
        """What it is known to need, stage by stage."""
        stages: tuple[Stage, ...] = resolve(self.stages) if self.stages else ()
        return stages
