"""The made-up site of scripts/bench_api.py: posts with sections, tags, cities and places, in words that are as unequally frequent as those of a language."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Final, NamedTuple

STARTS: Final = (
    "riv",
    "ston",
    "cloud",
    "lant",
    "mer",
    "tal",
    "gor",
    "fen",
    "bir",
    "sol",
    "dra",
    "wen",
    "pol",
    "kast",
    "hum",
    "jor",
    "quil",
    "ves",
    "nor",
    "ab",
)
MIDDLES: Final = ("a", "e", "i", "o", "u", "and", "est", "il", "or", "un")
ENDS: Final = (
    "ber",
    "den",
    "mish",
    "gal",
    "tum",
    "rade",
    "lix",
    "nora",
    "ping",
    "seth",
    "lo",
    "mi",
    "ra",
    "te",
    "zu",
    "ck",
    "lf",
    "nt",
    "rm",
    "st",
)
WORDS: Final = random.Random(0).sample([start + middle + end for start in STARTS for middle in MIDDLES for end in ENDS], 4000)
BEGINNINGS: Final = {word[:end] for word in WORDS for end in range(2, len(word))}
SEARCHED: Final = [word for word in WORDS[50:] if word not in BEGINNINGS]
"""What is searched for: no words that half of all texts have, and none that others begin with. Of the texts they are in between 0.6 and 27 %."""

OFFSET: Final = 30
"""Zipf and Mandelbrot: the nth word has the weight 1 / (n + OFFSET); the most frequent one is in half of all texts."""

WEIGHTS: Final = list(accumulate(1 / (rank + OFFSET) for rank in range(len(WORDS))))
CITIES: Final = 200
SECTIONS, TAGS = 12, 60
SITE: Final = """name = "bench"
title = "Bench"
base_url = "http://localhost"
feeds = []
api.requests_per_minute = 1000000
[target]
url = "folder:build"
keep_releases = 0
[search]
[[collection]]
name = "posts"
path = "content/posts"
type = "spot"
url = "/{slug}/"
"""
SCHEMA: Final = """{"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "spot", "description": "A post about a place.", "type": "object",
"x-extends": "post", "properties": {
  "latitude": {"type": "number", "description": "Degrees north."}, "longitude": {"type": "number", "description": "Degrees east."},
  "city": {"type": "string", "x-facet": true, "description": "City."}}}"""


class Spot(NamedTuple):
    """One post."""

    number: int
    title: str
    section: str
    tags: list[str]
    city: str
    lat: float
    lng: float
    body: str

    @property
    def day(self) -> str:
        return f"{2015 + self.number % 10}-{self.number % 12 + 1:02}-{self.number % 28 + 1:02}"


def pick_words(chance: random.Random, count: int) -> list[str]:
    """Words as frequent as they are in the texts."""
    return chance.choices(WORDS, cum_weights=WEIGHTS, k=count)


def list_cities() -> list[tuple[str, float, float]]:
    """Cities in a part of the world that is as large as Europe."""
    chance = random.Random(5)
    return [(f"City {number}", chance.uniform(36, 60), chance.uniform(-9, 28)) for number in range(CITIES)]


def make_spots(count: int, words: int = 120) -> Iterator[Spot]:
    """So many posts, always the same ones."""
    chance, cities = random.Random(1), list_cities()
    for number in range(count):
        city, lat, lng = cities[min(int(chance.paretovariate(0.7)) - 1, 10**6) % CITIES]
        tags = [f"t{chance.randrange(TAGS)}" for _ in range(3)]
        body = [" ".join(pick_words(chance, words // 4)).capitalize() + "." for _ in range(4)]
        yield Spot(
            number, " ".join(pick_words(chance, 5)).capitalize(), f"s{chance.randrange(SECTIONS)}", tags, city,
            round(lat + chance.gauss(0, 0.2), 5), round(lng + chance.gauss(0, 0.2), 5), "\n\n".join(body),
        )  # fmt: skip


def write_spot(folder: Path, spot: Spot) -> None:
    """Write one post's file."""
    head = f"title: {spot.title}\ndate: {spot.day}\nsection: {spot.section}\ntags: [{', '.join(spot.tags)}]\ncity: {spot.city}\nlatitude: {spot.lat}\nlongitude: {spot.lng}"
    (folder / f"content/posts/p{spot.number}.md").write_text(f"---\n{head}\n---\n\n{spot.body}\n")


def write_posts(folder: Path, count: int) -> None:
    """A site's folder with so many posts."""
    (folder / "content/posts").mkdir(parents=True)
    (folder / "content_schema").mkdir()
    (folder / "content_schema/spot.json").write_text(SCHEMA)
    (folder / "site.toml").write_text(SITE)
    for spot in make_spots(count):
        write_spot(folder, spot)


def make_search(chance: random.Random) -> str:
    """One or two words within 800 km of a place, in three of 12 sections: nearly every search is another one. Facets are counted, hits highlighted."""
    _, lat, lng = chance.choice(CITY_LIST)
    words = "+".join(chance.choices(SEARCHED, k=chance.randint(1, 2)))
    lat, lng = round(lat + chance.gauss(0, 1), 2), round(lng + chance.gauss(0, 1), 2)
    sections = "".join(f"&category=s{section}" for section in chance.sample(range(SECTIONS), 3))
    return f"/api/search?q={words}{sections}&lat={lat}&lng={lng}&radius_km=800&limit=20"


CITY_LIST: Final = list_cities()
