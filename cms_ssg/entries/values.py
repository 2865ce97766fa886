"""What passes between those who write entries and the store: what is to be saved, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from cms_ssg.entries.merge import Conflict
from cms_ssg.types import Json, Problem, Status

Action = Literal["added", "changed", "unchanged", "failed"]
Changes = dict[str, list[Json]]
"""Field -> [before, after]; ``body`` and ``status`` are fields here."""


@dataclass(frozen=True, slots=True)
class EntryInput:
    """An entry to be saved.

    type, locale, slug: of a new entry; "" for the site's first locale, and for a slug that is made of the title. fields: those that are given, the
    others stay; None removes one. body: Markdown; None: as it is. status: None: as it is, published for a new one. number: of the entry to be changed;
    0: the one that the source calls external_key, else a new one. expected_version: that the change was made from; what others
    changed since then is merged, and refused where both changed the same. digest: stands for
    what was given, b"" for nothing. file: that a new entry is to have, "" to have one chosen. goes_out: the moment at which an entry is made public that was not:
    it is dated to that, if its type is dated by that and no date is given; None: it keeps the date it has.
    """

    type: str = ""
    fields: Mapping[str, Json] = field(default_factory=dict)
    body: str | None = None
    status: Status | None = None
    locale: str = ""
    slug: str = ""
    number: int = 0
    expected_version: int | None = None
    external_key: str | None = None
    digest: bytes = b""
    file: str = ""
    goes_out: datetime | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of an EntryInput. number: 0 where a new one failed; changes: empty for a new entry; problems: errors where it failed, else warnings.

    merged: fields in which others' changes since expected_version were kept; conflicts: fields that both changed, which is why it failed.
    """

    action: Action
    number: int = 0
    file: str = ""
    version: int = 0
    changes: Changes = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    merged: tuple[str, ...] = ()
    conflicts: Mapping[str, Conflict] = field(default_factory=dict)
