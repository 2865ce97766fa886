"""An experiment as its file describes it: variants, weights, goals, the winner. Pure; nothing here knows of pages or tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cms_ssg.types import Json

FOLDER: Final = "/-/"
"""Addresses of variants begin so: /-/EXPERIMENT/VARIANT/."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One variant. weight: in proportion to the others; blocks: in place of the page's, None for the page's; changes: by a block's id or kind."""

    name: str
    weight: int = 1
    blocks: tuple[Mapping[str, Json], ...] | None = None
    changes: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Experiment:
    """A running experiment. page: its path or content file; variants: the first one is the page as it is; winner: ``""`` while nothing is decided.

    run: when it was started, in seconds since 1970, 0 where its file does not say; what was counted before counts no more.
    """

    name: str
    page: str
    variants: tuple[Variant, ...]
    goals: tuple[str, ...] = ()
    winner: str = ""
    sample: int = 0
    run: int = 0

    @property
    def control(self) -> Variant:
        return self.variants[0]

    def find(self, name: str) -> Variant | None:
        """The variant of this name."""
        return next((variant for variant in self.variants if variant.name == name), None)

    def path(self, variant: str) -> str:
        """Where the page of a variant is published."""
        return f"{FOLDER}{self.name}/{variant}/"

    def problems(self) -> list[str]:
        """What keeps it from running, in words."""
        names = [variant.name for variant in self.variants]
        found = []
        if len(set(names)) < len(names):
            found.append(f"two variants are called {next(name for name in names if names.count(name) > 1)!r}")
        if not any(variant.weight for variant in self.variants):
            found.append("the weights of its variants sum to 0")
        if self.winner and self.winner not in names:
            found.append(f"the winner {self.winner!r} is none of its variants: {', '.join(names)}")
        return found

    @property
    def is_open(self) -> bool:
        """Whether visitors are shown different variants."""
        return not self.winner and not self.problems()


def make_experiment(fields: Mapping[str, Json]) -> Experiment:
    """The experiment that an entry's stored fields describe."""
    variants = tuple(
        Variant(
            str(one["name"]),
            int(one.get("weight", 1)),
            tuple(one["blocks"]) if one.get("blocks") else None,
            {str(key): changes for key, changes in (one.get("changes") or {}).items()},
        )
        for one in fields.get("variants") or ()
    )
    return Experiment(
        str(fields.get("slug") or ""), str(fields.get("page") or ""), variants, tuple(map(str, fields.get("goals") or ())),
        str(fields.get("winner") or ""), int(fields.get("sample") or 0), _seconds(str(fields.get("publish_at") or "")),
    )  # fmt: skip


def _seconds(text: str) -> int:
    try:
        return max(0, int(datetime.fromisoformat(text).timestamp())) if text else 0
    except ValueError:
        return 0


def name_experiment(page: str) -> str:
    """The claim of the experiment about a page, named by its path or content file."""
    return f"experiment:{page}"
