"""``cms releases list``, ``show`` and ``diff``: what each build changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from itertools import groupby
from pathlib import Path

from psycopg import Connection

from cms_ssg.errors import CmsError, fail
from cms_ssg.store import releases as store
from cms_ssg.store.open_store import open_store
from cms_ssg.store.releases import Release


@dataclass(frozen=True, slots=True)
class ReleaseList:
    """The releases that are kept, the newest first. held: the release whose state is published and stays, None where builds publish."""

    releases: list[Release]
    held: int | None = None
    held_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChangedObject:
    """An object that differs. before, after: sizes in bytes, None where it is not there."""

    path: str
    kind: str
    before: int | None
    after: int | None

    @property
    def change(self) -> str:
        """added, removed or changed."""
        return "added" if self.before is None else "removed" if self.after is None else "changed"


@dataclass(frozen=True, slots=True)
class ReleaseDiff:
    """What differs between the states after two releases."""

    first: int
    last: int
    objects: list[ChangedObject] = field(default_factory=list)


def list_releases(root: Path, env: str = "") -> ReleaseList:
    """The releases that can be looked at and gone back to."""
    with open_store(root, env) as (_, connection, row):
        site = row.id
        held = connection.execute(store.SHOW_HOLD, (site,)).fetchone()
        rows = [Release(*row) for row in connection.execute(store.LIST, (site,))]
    return ReleaseList(rows, held[0] if held else None, held[1] if held else None)


def fold_releases(releases: Sequence[Release], zone: tzinfo) -> list[list[Release]]:
    """Neighbours of one hour and one person together. A rollback stays alone."""
    groups = groupby(
        releases,
        lambda one: (one.made_at.astimezone(zone).strftime("%Y-%m-%d %H %z"), one.by, one.number if one.back_to is not None else 0),
    )
    return [list(group) for _, group in groups]


def show_release(root: Path, number: int, env: str = "") -> ReleaseDiff:
    """What a release changed. Raises CmsError releases.unknown."""
    with open_store(root, env) as (_, connection, row):
        site = row.id
        check_known(connection, site, number)
        return ReleaseDiff(number - 1, number, _diff(connection, site, number - 1, number))


def diff_releases(root: Path, number: int, other: int | None = None, env: str = "") -> ReleaseDiff:
    """What differs between the states after two releases, the present one where only one is named. Raises CmsError releases.unknown."""
    with open_store(root, env) as (_, connection, row):
        site = row.id
        numbers = check_known(connection, site, number)
        if other is not None:
            check_known(connection, site, other)
        first, last = sorted((number, numbers[0] if other is None else other))
        return ReleaseDiff(first, last, _diff(connection, site, first, last))


def resume(root: Path, env: str = "") -> bool:
    """Have builds publish again. Returns whether the site was held. What was put back is dirty already."""
    with open_store(root, env) as (_, connection, row):
        site = row.id
        return connection.execute(store.RESUME, (site,)).rowcount > 0


def check_known(connection: Connection, site: int, number: int) -> list[int]:
    """The numbers of all releases, the newest first. Raises CmsError releases.unknown where the number is none of them."""
    numbers = [row[0] for row in connection.execute(store.NUMBERS, (site,))]
    if number not in numbers:
        raise unknown_release(number, numbers)
    return numbers


def unknown_release(number: int, numbers: list[int]) -> CmsError:
    """Make the error of a release that is not kept, to be raised."""
    kept = (
        f"Kept are {', '.join(map(str, numbers[:20]))}; `cms releases list` shows them."
        if numbers
        else "None is kept; see [target] keep_releases."
    )
    return fail("releases.unknown", f"there is no release {number}", hint=kept)


def _diff(connection: Connection, site: int, after: int, last: int) -> list[ChangedObject]:
    return [ChangedObject(*row) for row in connection.execute(store.DIFF, {"site": site, "after": after, "last": last})]
