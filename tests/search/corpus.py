"""The small site of the tests of the API, with places on a map, and its documents in an engine."""

from __future__ import annotations

import os
from pathlib import Path

from cms_ssg.search.engine import SearchEngine
from cms_ssg.search.sending import send_changes
from cms_ssg.site import Site, open_site
from cms_ssg.store.connect import connect
from tests.api.atlas import build_site, write_site

PLACES = {
    "porto": ("Lighthouse of Felgueiras", 41.147, -8.676, "Porto", "2023-01-05"),
    "aveiro": ("Lighthouse of Aveiro", 40.643, -8.748, "Aveiro", "2023-02-05"),
    "lisbon": ("Lighthouse of Bugio", 38.660, -9.298, "Lisbon", "2023-03-05"),
    "suva": ("Lighthouse east of the line", -18.14, 179.9, "Suva", "2023-04-05"),
    "apia": ("Lighthouse west of the line", -18.2, -179.9, "Apia", "2023-05-05"),
}

SCHEMA = """{"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "place", "description": "A place.", "type": "object",
"x-extends": "page",
"properties": {
  "latitude": {"type": "number", "description": "Degrees north."}, "longitude": {"type": "number", "description": "Degrees east."},
  "date": {"type": "string", "format": "date-time", "description": "When."},
  "city": {"type": "string", "x-facet": true, "description": "City."}}}"""


def write_corpus(folder: Path) -> Path:
    """Articles in two languages and lighthouses."""
    write_site(folder)
    with (folder / "site.toml").open("a") as file:
        file.write('\n[[collection]]\nname = "places"\npath = "content/places"\ntype = "place"\nurl = "/places/{slug}/"\n')
    (folder / "content_schema").mkdir()
    (folder / "content_schema/place.json").write_text(SCHEMA)
    (folder / "content/places").mkdir(parents=True)
    for slug, (title, lat, lng, city, day) in PLACES.items():
        text = f"---\ntitle: {title}\ndate: {day}\nlatitude: {lat}\nlongitude: {lng}\ncity: {city}\n---\n\nIts lamp is seen for miles.\n"
        (folder / f"content/places/{slug}.md").write_text(text)
    return folder


def build_corpus(folder: Path, url: str) -> Site:
    """Write and build it."""
    build_site(write_corpus(folder), url)
    return open_site(folder, os.environ)


def fill_engine(engine: SearchEngine, site: Site, url: str, number: int = 1) -> int | None:
    """Send everything."""
    with connect(url, autocommit=True) as connection:
        return send_changes(connection, engine, site, number, fill=True)
