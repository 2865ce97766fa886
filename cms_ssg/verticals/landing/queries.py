"""SQL of experiments: the running one by its name, exposures, conversions, and their counts."""

from __future__ import annotations

from typing import Final, LiteralString, NamedTuple

from cms_ssg.store.query import Query
from cms_ssg.types import Json


class ExperimentRow(NamedTuple):
    """A stored experiment. file: where it stands; is_live: it has started and has not ended."""

    file: str
    fields: Json
    is_live: bool


class CountRow(NamedTuple):
    """Visitors of a variant, and how many of them reached a goal."""

    variant: str
    visitors: int
    reached: int


_LIVE: Final[LiteralString] = """status = 'published' AND (publish_at IS NULL OR publish_at <= clock_timestamp())
    AND (expire_at IS NULL OR expire_at > clock_timestamp())"""

EXPERIMENT: Final = Query(
    f"""SELECT source_key, fields, {_LIVE} FROM cms.entries
    WHERE site = %(site)s AND type = 'experiment' AND fields ->> 'slug' = %(experiment)s AND removed_at IS NULL ORDER BY source_key LIMIT 1""",
    ExperimentRow,
)

EXPERIMENTS: Final = Query(
    f"""SELECT source_key, fields, {_LIVE} FROM cms.entries
    WHERE site = %(site)s AND type = 'experiment' AND removed_at IS NULL ORDER BY fields ->> 'slug', source_key""",
    ExperimentRow,
)

COUNTS: Final = Query(
    """SELECT e.variant, count(*), count(c.visit) FROM cms.experiment_exposures e
    LEFT JOIN cms.experiment_conversions c
      ON (c.site, c.experiment, c.run, c.visit) = (e.site, e.experiment, e.run, e.visit) AND c.goal = %(goal)s
    WHERE e.site = %(site)s AND e.experiment = %(experiment)s AND e.run = %(run)s GROUP BY e.variant""",
    CountRow,
)

ADD_EXPOSURE: Final[LiteralString] = """
INSERT INTO cms.experiment_exposures (site, experiment, run, visit, variant) VALUES (%(site)s, %(experiment)s, %(run)s, %(visit)s, %(variant)s)
ON CONFLICT DO NOTHING RETURNING 1"""

EXPOSED_TO: Final[LiteralString] = """
SELECT variant FROM cms.experiment_exposures WHERE site = %(site)s AND experiment = %(experiment)s AND run = %(run)s AND visit = %(visit)s"""

ADD_CONVERSION: Final[LiteralString] = """
INSERT INTO cms.experiment_conversions (site, experiment, run, visit, goal)
SELECT site, experiment, run, visit, %(goal)s FROM cms.experiment_exposures
WHERE site = %(site)s AND experiment = %(experiment)s AND run = %(run)s AND visit = %(visit)s
ON CONFLICT DO NOTHING RETURNING 1"""


FORM_BLOCKS: Final[LiteralString] = """
SELECT DISTINCT e.source_key, b ->> 'form' FROM cms.entries e CROSS JOIN LATERAL jsonb_array_elements(e.fields -> 'blocks') b
WHERE e.site = %(site)s AND e.type = 'landing' AND e.removed_at IS NULL AND e.status = 'published' AND jsonb_typeof(e.fields -> 'blocks') = 'array'
  AND b ->> 'block' = 'form' AND NOT EXISTS (SELECT FROM cms.entries f WHERE f.site = e.site AND f.type = 'form' AND f.removed_at IS NULL
    AND f.status = 'published' AND f.fields ->> 'slug' = b ->> 'form') ORDER BY 1, 2"""

PAGE: Final[LiteralString] = """
SELECT 1 FROM cms.claims WHERE site = %s AND name = %s AND wins AND owner_kind = 'e' AND spec ->> 'kind' IS DISTINCT FROM 'redirect'"""
