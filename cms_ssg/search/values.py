"""What documents hold of facts that features declare: prices, ratings, the state of the stock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final, LiteralString

import msgspec
from psycopg import Connection

from cms_ssg.site import Site
from cms_ssg.store.arrays import int_array

SAVE: Final[LiteralString] = """
UPDATE cms.documents d SET price = n.price, rating = n.rating, stock = n.stock
FROM unnest(%(entries)s::bigint[]) e (entry)
LEFT JOIN jsonb_to_recordset(%(rows)s::text::jsonb) AS n (entry bigint, price bigint, rating real, stock text) ON n.entry = e.entry
WHERE d.entry = e.entry AND d.site = %(site)s AND (d.price, d.rating, d.stock) IS DISTINCT FROM (n.price, n.rating, n.stock COLLATE "C")"""


def save_values(connection: Connection, site: Site, site_id: int, entries: Iterable[int], now: datetime) -> None:
    """Write what facts say of these entries into their documents. now: the build's clock, by which prices count."""
    numbers = sorted(entries)
    if not numbers:
        return
    found: dict[str, dict[str, Any]] = {}
    parameters = {"site": site_id, "subjects": [str(number) for number in numbers], "now": now}
    for fact in site.features.facts.values():
        if not fact.search:
            continue
        for subject, value, *_ in connection.execute(fact.query, parameters):
            row = found.setdefault(str(subject), {"entry": int(subject)})
            for name, key in fact.search.items():
                row[name] = value.get(key) if key else value
    rows = msgspec.json.encode(list(found.values())).decode()
    connection.execute(SAVE, {"site": site_id, "entries": int_array(numbers), "rows": rows})


def list_touched(site: Site, names: Iterable[str]) -> Iterator[int]:
    """The entries whose documents these names of facts are about."""
    for name in names:
        kind, _, rest = name.partition("/")
        fact, _, subject = rest.partition("/")
        known = site.features.facts.get(fact) if kind == "fact" else None
        if known is not None and known.search and subject.isascii() and subject.isdigit() and len(subject) < 19:
            yield int(subject)
