"""What templates know as ``landing``: the blocks of a page as this variant has them, and the experiment about it."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from cms_ssg.content.schema.checks import BLOCK, Wrong, make_check
from cms_ssg.reads import FULL
from cms_ssg.types import Json, Problem
from cms_ssg.verticals.landing.experiments import Experiment, Variant, make_experiment, name_experiment
from cms_ssg.verticals.landing.settings import LandingSettings

if TYPE_CHECKING:
    from cms_ssg.render.entry_view import EntryView
    from cms_ssg.render.page import Page


class Fields:
    """Keys of a block or of one of its items as attributes, None for those that its schema has and it lacks."""

    __slots__ = ("_known", "_values")

    def __init__(self, values: Mapping[str, Json], spec: Mapping[str, Json]) -> None:
        self._values, self._known = values, spec.get("properties") or {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or (name not in self._values and name not in self._known):
            raise AttributeError(name)
        return wrap(self._values.get(name), self._known.get(name) or {})

    def __repr__(self) -> str:
        return f"<{self._values.get(BLOCK, 'part of a block')}>"


def wrap(value: Json, spec: Mapping[str, Json]) -> Any:
    """A value as templates see it."""
    if isinstance(value, Mapping):
        return Fields(value, spec)
    if isinstance(value, list | tuple):
        return [wrap(one, spec.get("items") or {}) for one in value]
    return value


class LandingView:
    """The page's blocks and experiment. variant: whose page is being made, ``""`` for the page itself; found: the experiment it is of, and its file."""

    def __init__(self, page: Page, variant: str = "", found: tuple[Experiment, str] | None = None) -> None:
        self._page, self._variant = page, variant
        self._found, self._looked = found, found is not None

    @property
    def is_framed(self) -> bool:
        """Whether the API fills the page, and so may say on it that a goal was reached."""
        kind = self._page.site.features.outputs.get(self._page.kind)
        return kind is not None and kind.framed

    def blocks(self, entry: EntryView) -> list[Fields]:
        """The blocks in their order, each with its id: its own, or its kind and which of that kind it is."""
        page = self._page
        page.reader.reads.name("vertical/landing")
        given: list[Mapping[str, Json]] = [*(entry.fields.get("blocks") or ())]
        found = self._find(entry)
        shown = self._shown(found[0]) if found is not None else None
        if shown is not None and shown.blocks is not None:
            given = list(shown.blocks)
        named = dict(zip(_name_blocks(given), given, strict=True))
        for block in given:
            page.reader.reads.name(f"schema/block-{block.get(BLOCK)}")
        kinds: Mapping[str, Json] = page.site.schemas["landing"].properties["blocks"].get("x-blocks") or {}
        for key, changes in (shown.changes if shown is not None else {}).items():
            said = f"the variant {shown.name if shown is not None else ''} changes the block {key!r}"
            if key not in named:
                self._warn(found, f"{said}, which the page does not have", f"Its blocks: {', '.join(named)}.")
                continue
            page.reader.reads.name("setting/timezone")
            try:  # the page's schema knows nothing of what an experiment makes of its blocks
                named[key] = make_check(kinds[str(named[key][BLOCK])])({**named[key], **changes}, page.site.settings.timezone)
            except (Wrong, KeyError) as wrong:
                self._warn(found, f"{said}: {wrong}", getattr(wrong, "hint", ""))
        return [Fields({**block, "id": key}, kinds.get(str(block.get(BLOCK)), {})) for key, block in named.items()]

    def experiment(self, entry: EntryView) -> SimpleNamespace | None:
        """What the script in the page's head is to know, None where no experiment is on: name, variant, home (the page's address), choices and so on."""
        found = self._find(entry)
        if found is None or not found[0].is_open or self._page.path != entry.path:  # in another language's place it is not under test
            return None
        experiment, settings = found[0], self._settings
        choices = [
            f"{variant.name}|{variant.weight}|{'' if variant is experiment.control else self._page.url(experiment.path(variant.name))}"
            for variant in experiment.variants
            if variant.weight or variant is experiment.control
        ]
        return SimpleNamespace(
            name=experiment.name, goals=" ".join(experiment.goals), variant=self._variant or experiment.control.name, choices=" ".join(choices),
            home=self._page.url(entry.path), run=experiment.run, choose=settings.choose, keep=settings.remember,
        )  # fmt: skip

    @property
    def keep(self) -> str:
        """Which of the browser's stores remembers what was shown: ``local``, ``session``."""
        return self._settings.remember

    @property
    def _settings(self) -> LandingSettings:
        self._page.reader.reads.name("setting/vertical.landing")
        settings: LandingSettings = self._page.site.settings.vertical["landing"]
        return settings

    def prose(self, text: str | None, entry: EntryView) -> Markup:
        """A block's Markdown as HTML, with links and images looked up as in a body."""
        if not text:
            return Markup("")
        from cms_ssg.content.markdown.body import render_body
        from cms_ssg.render.body import fill_body

        page = self._page
        page.reader.reads.name("setting/markdown")
        full = page.reader.need("full", entry.number)
        body, _ = render_body(text, page.site.settings.markdown, full.file)
        links = [[link.kind, link.target, link.line, link.values] for link in body.links]
        return fill_body(page, full._replace(html=body.html, links=links), entry.path)

    def _find(self, entry: EntryView) -> tuple[Experiment, str] | None:
        """The experiment about a page, and the file it stands in."""
        if not self._looked:
            page = self._page
            names = [name_experiment(entry.path), name_experiment(entry.file)]
            page.reader.ask(("claim", name) for name in names)
            holders = [page.reader.claim(name) for name in names]
            holder = next((one for one in holders if one is not None), None)
            if holder is not None:
                page.reader.reads.entry(FULL, holder.owner)
                full = page.reader.need("full", holder.owner)
                self._found = (make_experiment(full.fields), full.file) if full is not None else None
            self._looked = True
            for said in self._found[0].problems() if self._found is not None else ():
                self._warn(self._found, f"the experiment does not run: {said}", "Mend it, or end it: cms experiment stop.")
        return self._found

    def _shown(self, experiment: Experiment) -> Variant | None:
        if experiment.problems():
            return None
        return experiment.find(self._variant or experiment.winner or experiment.control.name)

    def _warn(self, found: tuple[Experiment, str] | None, message: str, hint: str) -> None:
        place = found[1] if found is not None else ""
        self._page.reader.reads.problems.append(Problem("landing.experiment", place, 0, message, hint, "warning"))


def _name_blocks(blocks: list[Mapping[str, Json]]) -> list[str]:
    names: list[str] = []
    for block in blocks:
        name = str(block.get("id") or block.get(BLOCK) or "block")
        number, wanted = 2, name
        while name in names:
            name, number = f"{wanted}-{number}", number + 1
        names.append(name)
    return names
