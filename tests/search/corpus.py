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

HARBOURS = {
    "de": ("Der Hafen am Morgen", "Die Boote fahren hinaus, wenn das Wasser steigt.", "Boote"),
    "fr": ("Le port au matin", "Les bateaux sortent quand l'eau monte.", "bateaux"),
    "es": ("El puerto por la mañana", "Los barcos salen cuando sube el agua.", "barcos"),
    "pt": ("O porto de manhã", "Os navios saem quando a água sobe.", "agua sobe"),
    "nl": ("De haven in de ochtend", "De schepen varen uit als het water stijgt.", "schepen"),
    "sv": ("Hamnen på morgonen", "Båtarna går ut när vattnet stiger.", "batarna"),
    "ar": ("الميناء في الصباح", "تخرج القوارب عندما يرتفع الماء.", "القوارب"),
    "fi": ("Satama aamulla", "Veneet lähtevät, kun vesi nousee.", "veneet"),
    "ru": ("Порт утром", "Лодки выходят, когда вода поднимается.", "лодки"),
    "el": ("Το λιμάνι το πρωί", "Οι βάρκες βγαίνουν όταν ανεβαίνει το νερό.", "βάρκες"),
    "tr": ("Sabah limanı", "Sular yükselince tekneler açılır.", "tekneler"),
    "pl": ("Port o poranku", "Statki ruszają, gdy woda się podnosi.", "ruszają"),
    "ja": ("朝の港", "水が上がると船が出る。", "船が出"),
    "zh": ("清晨的港口", "水涨时船只出海。", "船只出海"),
}
"""One text in each of 14 more languages, with what finds it."""

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
        file.writelines(f'\n[[locales]]\ncode = "{code}"\n' for code in HARBOURS)
    for code, (title, body, _) in HARBOURS.items():
        (folder / f"content/posts/harbour.{code}.md").write_text(f"---\ntitle: {title}\ndate: 2024-05-05\n---\n\n{body}\n", "utf-8")
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
