"""The generated site of ``scripts/newsroom.py``: stories up to now, a live blog of 2,000 updates, a front page with eight fragments."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

SITE: Final = """title = "Newsroom"
verticals = ["blog", "news"]
page_size = 60
[home]
list = "news/all"
[news]
sections = ["city", "sport", "culture"]
fragments = ["latest", "most-read", "one", "two", "three", "four", "five", "six"]
"""
FRONT: Final = """{% extends "front.html" %}
{% block main %}{{ super() }}{% for name in ("latest", "one", "two", "three", "four", "five", "six") %}{% fragment name %}{% endfor %}
{% for item in list["items"][:60] %}<p><a href="{{ item.url }}">{{ item.title }}</a> {{ item.summary }}</p>{% endfor %}{% endblock %}
"""
SECTIONS: Final = ("City", "Sport", "Culture")
BLOGS: Final = ("storm", "derby", "budget", "verdict", "launch")
UPDATES: Final = 2000
WORDS: Final = (
    "bridge harbour tram storm council budget school river market strike goal keeper opera museum library tax rent wind court police ferry "
    "mayor stadium teacher doctor clinic vote party union wage factory port ship train road tunnel park garden theatre festival singer novel "
    "painter chef bakery wine coast island beach flood drought harvest farmer forest wolf bird whale research vaccine telescope battery solar "
    "grid power bank loan inflation startup software robot privacy hacker border asylum treaty embassy minister judge verdict appeal prison "
    "striker coach league final marathon cyclist swimmer referee transfer injury referendum pension hospital nurse ambulance fire rescue"
).split()
SYLLABLES: Final = "ba re ti mo ka lu ne so vi da ro pe".split()
NAMES: Final = 12**4
"""Other words that stories have, as rare as names are: half of a text."""


def make_name(chance: random.Random) -> str:
    """A made-up word, often one of a few and seldom one of many."""
    number = int(NAMES * chance.random() ** 3)
    return "".join(SYLLABLES[number // 12**place % 12] for place in range(4))


@dataclass
class Newsroom:
    """A site of so many stories. written: how many there are by now; updates: of the first live blog."""

    root: Path
    articles: int
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    written: int = 0
    updates: int = UPDATES
    _connection: Any = None

    @property
    def command(self) -> list[str]:
        return [str(Path(sys.executable).with_name("cms"))]

    def run(self, *words: str) -> str:
        """Run a command of cms on the site."""
        done = subprocess.run([*self.command, *words, "-C", str(self.root)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"cms {' '.join(words)}: {done.stderr}")
        return done.stdout

    def make(self) -> None:
        """Write the files; the updates of the live blogs are rows."""
        self.root.mkdir(parents=True)
        (self.root / "site.toml").write_text(SITE, "utf-8")
        templates = self.root / "themes/base/templates"
        (templates / "fragments").mkdir(parents=True)
        (templates / "front.html").write_text(FRONT, "utf-8")
        for name in ("one", "two", "three", "four", "five", "six"):
            (templates / f"fragments/{name}.html").write_text(f"<p>Fragment {name}</p>\n", "utf-8")
        (self.root / "content/live").mkdir(parents=True)
        for name in BLOGS:
            (self.root / f"content/live/{name}.md").write_text(
                f"---\ntitle: {name.title()}\ndate: 2026-01-01\nsection: City\n---\nIt begins.\n", "utf-8"
            )
        for _ in range(self.articles):
            self.add_story()
        self.run("sync")
        for name in BLOGS:
            self.run("live", "start", name)
        self.query(
            "INSERT INTO cms.live_blog_updates (live_blog_id, content) SELECT live_blog_id, jsonb_build_object('markdown', 'Update ' || n)"
            " FROM cms.live_blogs b JOIN cms.entries e ON e.id = b.post_id, generate_series(1, %s) n WHERE e.fields ->> 'slug' = 'storm'", UPDATES,
        )  # fmt: skip

    def add_story(self, more: str = "", front: str = "") -> Path:
        """Write another story; returns where its page will be."""
        self.written += 1
        return self.write_story(self.written - 1, more, front)

    def write_story(self, number: int, more: str = "", front: str = "") -> Path:
        """Write the file of a story; returns where it is published. front: more lines of front matter."""
        chance = random.Random(number)
        words = [word for pair in zip(chance.choices(WORDS, k=60), (make_name(chance) for _ in range(60)), strict=True) for word in pair]
        date = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(minutes=20 * max(0, self.articles - number))
        date = self._dates.setdefault(number, date)
        section, tags = chance.choice(SECTIONS), ", ".join(sorted(set(words[:2])))
        head = f"title: {' '.join(words[2:7])} {number}\ndate: {date:%Y-%m-%d %H:%M}\nsection: {section}\ntags: [{tags}]\n{front}"
        file = self.root / "content/articles" / f"{number // 1000:03}" / f"story-{number:06}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        partly = file.with_suffix(".partly")
        partly.write_text(f"---\n{head}---\n{' '.join(words)}. {more}\n", "utf-8")
        partly.rename(file)
        return self.root / f"build/{section.lower()}/{date:%Y/%m}/story-{number:06}/index.html"

    _dates: dict[int, datetime] = field(default_factory=dict)

    def query(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the site's database."""
        if self._connection is None:
            from cms_ssg.site import open_site
            from cms_ssg.store.connect import connect, database_url

            settings = open_site(self.root, {}).settings
            self._connection = connect(database_url(self.root, settings.database_url, os.environ), autocommit=True)
        cursor = self._connection.execute(query, values)
        return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
