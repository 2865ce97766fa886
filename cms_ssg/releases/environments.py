"""Compares what two environments of a site have published, byte for byte: what was looked at on one is what goes out on the other, or it is named."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, LiteralString

from cms_ssg.errors import fail
from cms_ssg.store.open_store import open_store

COMPARE: Final[LiteralString] = """
SELECT coalesce(a.path, b.path), CASE WHEN b.path IS NULL THEN 'missing' WHEN a.path IS NULL THEN 'only here' ELSE 'other' END, count(*) OVER ()
FROM (SELECT path, digest FROM cms.outputs WHERE site = %(other)s AND digest IS NOT NULL AND retired_at IS NULL) a
FULL JOIN (SELECT path, digest FROM cms.outputs WHERE site = %(site)s AND digest IS NOT NULL AND retired_at IS NULL) b USING (path)
WHERE a.digest IS DISTINCT FROM b.digest ORDER BY 1 LIMIT %(most)s"""
COUNT: Final[LiteralString] = "SELECT count(*) FROM cms.outputs WHERE site = %s AND digest IS NOT NULL AND retired_at IS NULL"
FIND: Final[LiteralString] = "SELECT id FROM cms.sites WHERE name = %s"


@dataclass(frozen=True, slots=True)
class Difference:
    """A path whose bytes differ. state: missing here, only here, or other."""

    path: str
    state: Literal["missing", "only here", "other"]


@dataclass(slots=True)
class Comparison:
    """same: outputs with the same bytes in both; count: of those that differ, of which `differences` has the first."""

    other: str
    same: int = 0
    count: int = 0
    differences: list[Difference] = field(default_factory=list)


def compare_environments(root: Path, other: str, env: str = "", most: int = 200) -> Comparison:
    """Compare what is published with what another environment has. other: its name, "" for the site without one. Raises CmsError releases.no-environment."""
    with open_store(root, env) as (site, connection, row):
        name = f"{site.settings.name}@{other}" if other else site.settings.name
        found = connection.execute(FIND, (name,)).fetchone()
        if found is None or found[0] == row.id:
            said = "is the one that is compared" if found is not None else "has published nothing into this store"
            hint = "Both are to be built with the same database; --env says which is compared, the argument with which."
            raise fail("releases.no-environment", f"the environment {other or 'without a name'} {said}", hint=hint)
        rows = connection.execute(COMPARE, {"site": row.id, "other": found[0], "most": most}).fetchall()
        total = connection.execute(COUNT, (row.id,)).fetchone()
    result = Comparison(other, count=rows[0][2] if rows else 0, differences=[Difference(path, state) for path, state, _ in rows])
    result.same = (total[0] if total else 0) - sum(one.state != "missing" for one in result.differences)
    return result
