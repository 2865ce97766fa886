"""What every step of planning works with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection

from cms_ssg.plan.dirty import Marks
from cms_ssg.site import Site
from cms_ssg.store.lists import ListNames


@dataclass(frozen=True, slots=True)
class PlanContext:
    """One transaction that plans for one site. site_id: its number in the store; names: of lists, with their numbers; now: the clock of the
    build; marks: where a step adds what it found.
    """

    connection: Connection
    site: Site
    site_id: int
    names: ListNames
    now: datetime
    marks: Marks
