"""The breweries of the directory's starter as documents, without a build; with CMS_TEST_BREWERIES those of another file of Open Brewery DB."""

from __future__ import annotations

import csv
import os
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import msgspec

from cms_ssg.search.documents import SAVE, make_document
from cms_ssg.site import Site, open_site
from cms_ssg.store.connect import connect

STARTER = Path(__file__).parents[2] / "cms_ssg/verticals/directory/starter/import/breweries.csv"
SETTINGS = """name = "breweries"
title = "Breweries"
base_url = "http://localhost:8000"
verticals = ["directory"]

[search]
"""


class Brewery(NamedTuple):
    """A row of the file. number: of its document; place: degrees, if they are known."""

    number: int
    name: str
    kind: str
    city: str
    state: str
    country: str
    place: tuple[float, float] | None

    @property
    def url(self) -> str:
        return f"/listings/{self.number}/"


def read_breweries() -> list[Brewery]:
    """The file's rows, numbered from 1."""
    found = []
    with Path(os.environ.get("CMS_TEST_BREWERIES") or STARTER).open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), 1):
            place = (float(row["latitude"]), float(row["longitude"])) if row["latitude"] and row["longitude"] else None
            if place is not None and not (-90 <= place[0] <= 90 and -180 <= place[1] <= 180):
                place = None
            texts = (" ".join(row[name].split()) for name in ("name", "brewery_type", "city", "state_province", "country"))
            found.append(Brewery(number, *texts, place))
    return found


def save_breweries(folder: Path, url: str, breweries: list[Brewery]) -> Site:
    """A directory whose index has them."""
    (folder / "site.toml").write_text(SETTINGS)
    site = open_site(folder, os.environ)
    with connect(url, autocommit=True) as connection:
        assert connection.execute("INSERT INTO cms.sites (name) VALUES ('breweries') RETURNING id").fetchone() == (1,)
        for start in range(0, len(breweries), 500):
            rows = [make_row(site, one) for one in breweries[start : start + 500]]
            connection.execute(SAVE, {"site": 1, "rows": msgspec.json.encode(rows).decode()})
        connection.execute("UPDATE cms.documents SET shown = true WHERE NOT shown")
        connection.execute("ANALYZE cms.documents")
    return site


def make_row(site: Site, one: Brewery) -> dict[str, Any]:
    """A brewery's document, as SAVE reads it."""
    card = {"title": one.name, "summary": "", "terms": {"category": [[re.sub(r"\W+", "-", one.kind), one.kind]]}}
    known: Any = SimpleNamespace(entry=one.number, type="listing", locale="en", path=one.url, card=card)
    fields: dict[str, Any] = {"city": one.city, "state": one.state, "country": one.country}
    if one.place is not None:
        fields |= {"latitude": one.place[0], "longitude": one.place[1]}
    return make_document(site, known, f"<p>{one.city}, {one.state}, {one.country}</p>", fields) | {"digest": "00"}
