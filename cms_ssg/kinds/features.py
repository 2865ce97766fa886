"""What a site is made of: the core's kinds and those of its verticals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

from cms_ssg.errors import fail
from cms_ssg.kinds.core_kinds import LISTS, OUTPUTS
from cms_ssg.kinds.list_kind import ListKind
from cms_ssg.kinds.load import load_vertical
from cms_ssg.kinds.output_kind import OutputKind
from cms_ssg.kinds.row_kind import Fact, RowKind
from cms_ssg.kinds.vertical import Vertical
from cms_ssg.types import Json


@dataclass(frozen=True)
class Features:
    """outputs, rows and facts by name; lists by group."""

    verticals: tuple[Vertical, ...]
    outputs: Mapping[str, OutputKind]
    lists: Mapping[str, ListKind]
    rows: Mapping[str, RowKind]
    facts: Mapping[str, Fact]

    @cached_property
    def requests(self) -> tuple[str, ...]:
        """References to the stages of what every page may ask for."""
        return tuple(vertical.requests for vertical in self.verticals if vertical.requests)

    @cached_property
    def phases(self) -> dict[str, list[Any]]:
        """Names of all kinds of outputs, the phase of each, and whether it goes ahead, as queries take them."""
        kinds = self.outputs.values()
        return {"kinds": list(self.outputs), "phases": [kind.phase for kind in kinds], "ahead": [kind.ahead for kind in kinds]}

    @cached_property
    def has_ahead(self) -> bool:
        """Whether outputs of some kind may go before all others."""
        return any(kind.ahead for kind in self.outputs.values())

    @cached_property
    def slots(self) -> dict[str, list[str]]:
        """Templates that verticals have on every page, by their place in base.html."""
        found: dict[str, list[str]] = {"head": [], "top": [], "bottom": []}
        for vertical in self.verticals:
            for place, template in vertical.slots.items():
                found[place].append(template)
        return found

    def templates_of(self, page: str) -> list[str]:
        """Templates of verticals for a kind of page: ``home``, or a group of lists."""
        return [vertical.templates[page] for vertical in self.verticals if page in vertical.templates]

    def names(self, wanted: Callable[[OutputKind], bool]) -> list[str]:
        """Names of the kinds of outputs of which something is true."""
        return [kind.name for kind in self.outputs.values() if wanted(kind)]

    def with_role(self, role: str) -> list[str]:
        """Names of the kinds of outputs that have this role, as queries take them."""
        return self.names(lambda kind: kind.role == role)

    @property
    def with_content(self) -> list[str]:
        """Names of the kinds of outputs that are pages of entries."""
        return self.names(lambda kind: kind.content)

    def role_of(self, spec: Mapping[str, Json] | None) -> str:
        """The role of the kind of output that a claim's spec names, ``""`` where it names none."""
        kind = self.outputs.get(str(spec.get("kind"))) if spec else None
        return kind.role if kind is not None else ""

    def find(self, name: str) -> Vertical | None:
        """The vertical of this name, None where it is not switched on."""
        return next((vertical for vertical in self.verticals if vertical.name == name), None)


@cache
def load_features(names: tuple[str, ...]) -> Features:
    """The features of a site with these verticals. Raises CmsError settings.no-vertical, settings.clash."""
    verticals = tuple(load_vertical(name) for name in names)
    outputs = {kind.name: kind for kind in OUTPUTS}
    lists = {kind.group: kind for kind in LISTS}
    rows: dict[str, RowKind] = {}
    facts: dict[str, Fact] = {}
    for vertical in verticals:
        _add(outputs, {kind.name: replace(kind, vertical=vertical.name) for kind in vertical.outputs}, vertical)
        _add(lists, {kind.group: replace(kind, vertical=vertical.name) for kind in vertical.lists}, vertical)
        _add(rows, {kind.name: replace(kind, vertical=vertical.name) for kind in vertical.rows}, vertical)
        _add(facts, {fact.name: replace(fact, vertical=vertical.name) for fact in vertical.facts}, vertical)
    return Features(verticals, outputs, lists, rows, facts)


def _add(known: dict[str, Any], new: Mapping[str, Any], vertical: Vertical) -> None:
    for name in new.keys() & known.keys():
        raise fail("settings.clash", f"the vertical {vertical.name} brings {name!r}, which is there already", place="site.toml",
                   hint="Of two verticals that bring the same kind only one can be on.")  # fmt: skip
    known.update(new)
