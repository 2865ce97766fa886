"""A newsroom's day in two minutes: stories are written and edited, breaking news and live updates come, and each is waited for at the target.

``python scripts/newsroom.py [--articles 300] [--seconds 60]`` makes a site of generated stories in a folder of its own, starts ``cms watch`` on it, and does what a
newsroom does, one thing after another. It prints, for each kind of change, how long it took from the save (or the commit) until the published file had it,
how many pages were made for how many files that changed, and what ``cms verify`` says at the end. Exit 1 where something is wrong in the end.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

CMS: Final = Path(sys.executable).with_name("cms")
SITE: Final = """title = "Newsroom"
verticals = ["blog", "news"]
[home]
list = "news/all"
[news]
sections = ["city", "sport", "culture"]
"""
SECTIONS: Final = ("City", "Sport", "Culture")
WORDS: Final = "bridge harbour tram storm council budget school river market strike goal keeper opera museum library tax rent wind court police ferry".split()
PATIENCE_S: Final = 30.0


@dataclass
class Newsroom:
    """A site, and what its day came to. seconds: by kind of change, from the save to the published file."""

    root: Path
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    seconds: dict[str, list[float]] = field(default_factory=dict)
    written: int = 0
    breaking: int = 0
    live: int = 0

    def run(self, *command: str) -> str:
        """Run a command of cms on the site."""
        done = subprocess.run([CMS, *command, "-C", str(self.root)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"cms {' '.join(command)}: {done.stderr}")
        return done.stdout

    def write_story(self, number: int, more: str = "") -> Path:
        """Write the file of a story; returns where it is published."""
        chance = random.Random(number)
        words = chance.choices(WORDS, k=80)
        date = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number)
        section, tags = chance.choice(SECTIONS), ", ".join(sorted(set(chance.choices(WORDS, k=2))))
        front = f"title: {' '.join(words[:4])} {number}\ndate: {date:%Y-%m-%d %H:%M}\nsection: {section}\ntags: [{tags}]"
        file = self.root / "content/articles" / f"story-{number:06}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        partly = file.with_suffix(".partly")
        partly.write_text(f"---\n{front}\n---\n{' '.join(words)}. {more}\n", "utf-8")
        partly.rename(file)
        return self.root / f"build/{section.lower()}/{date:%Y/%m}/story-{number:06}/index.html"

    def wait_for(self, kind: str, place: Path, text: str, begun: float) -> None:
        """Wait until a published file has a text, and note how long that took."""
        while time.perf_counter() - begun < PATIENCE_S:
            if place.exists() and text in place.read_text("utf-8", "replace"):
                self.seconds.setdefault(kind, []).append(time.perf_counter() - begun)
                return
            time.sleep(0.004)
        raise SystemExit(f"{place} has no {text!r} after {PATIENCE_S:.0f} s")

    def save_new(self) -> None:
        """A new story, until its page is there."""
        begun, mark = time.perf_counter(), f"mark{self.chance.randrange(10**9)}"
        self.wait_for("new story", self.write_story(self.written, mark), mark, begun)
        self.written += 1

    def save_edit(self) -> None:
        """Another text of a story, until its page has it."""
        begun, mark = time.perf_counter(), f"mark{self.chance.randrange(10**9)}"
        self.wait_for("edited story", self.write_story(self.chance.randrange(self.written), mark), mark, begun)

    def show_breaking(self) -> None:
        """Breaking news, from when the command ended until the fragment of all sections has it."""
        self.breaking += 1
        headline = f"Breaking {self.breaking} {self.chance.randrange(10**9)}"
        self.run("news", "breaking", "add", headline, "--expires", "10m")
        self.wait_for("breaking news", self.root / "build/fragments/breaking/sections.html", headline, time.perf_counter())

    def post_live(self) -> None:
        """An update of the live blog, from when the command ended until the file that readers ask for has it."""
        self.live += 1
        text = f"Update {self.live} mark{self.chance.randrange(10**9)}"
        self.run("live", "post", "storm", text)
        self.wait_for("live update", self.root / "build/fragments/live/storm/now.json", text, time.perf_counter())


def make_newsroom(root: Path, articles: int) -> Newsroom:
    """A site with so many stories and a live blog, built."""
    room = Newsroom(root)
    root.mkdir(parents=True)
    (root / "site.toml").write_text(SITE, "utf-8")
    (root / "content/live").mkdir(parents=True)
    (root / "content/live/storm.md").write_text("---\ntitle: Storm\ndate: 2026-01-01\nsection: City\n---\nIt blows.\n", "utf-8")
    for number in range(articles):
        room.write_story(number)
    room.written = articles
    begun = time.perf_counter()
    room.run("build")
    print(f"{articles:,} stories built from nothing in {time.perf_counter() - begun:.1f} s")
    room.run("live", "start", "storm")
    return room


def spend_day(room: Newsroom, seconds: float) -> None:
    """Do what a newsroom does for so many seconds, while cms watch publishes it."""
    log = (room.root / "watch.log").open("w")
    watch = subprocess.Popen([CMS, "watch", "--log-json", "-C", str(room.root)], stdout=log, stderr=subprocess.STDOUT, text=True)
    kinds: list[tuple[Callable[[], None], int]] = [(room.save_edit, 9), (room.save_new, 3), (room.post_live, 3), (room.show_breaking, 1)]
    try:
        time.sleep(3)
        ends = time.monotonic() + seconds
        room.show_breaking()
        while time.monotonic() < ends:
            room.chance.choices([run for run, _ in kinds], [weight for _, weight in kinds])[0]()
        time.sleep(2)
    finally:
        watch.terminate()
        watch.wait(timeout=30)
        log.close()


def count_builds(room: Newsroom) -> tuple[int, int]:
    """Pages that were rendered and files that changed, in all builds but the first."""
    from cms_ssg.store.open_store import open_store

    query = """SELECT coalesce(sum((result ->> 'rendered')::int), 0), coalesce(sum((result ->> 'written')::int), 0)
FROM cms.builds WHERE site = %s AND id > (SELECT min(id) FROM cms.builds WHERE site = %s)"""
    with open_store(room.root, "") as (_, connection, row):
        found = connection.execute(query, (row.id, row.id)).fetchone()  # type: ignore[arg-type]
    return found[0], found[1]  # type: ignore[index]


def show_seconds(seconds: dict[str, list[float]]) -> str:
    """A line for each kind of change: how many, the median, the 95th of a hundred, the longest."""
    lines = []
    for kind, found in sorted(seconds.items()):
        p95 = statistics.quantiles(found, n=20, method="inclusive")[-1] if len(found) > 1 else found[0]
        lines.append(
            f"{kind:14} {len(found):4}   median {statistics.median(found):6.3f} s   p95 {p95:6.3f} s   longest {max(found):6.3f} s"
        )
    return "\n".join(lines)


def main() -> int:
    """Run the day."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--articles", type=int, default=300, help="stories that are there in the morning (default: 300)")
    parser.add_argument("--seconds", type=float, default=60, help="how long the day takes (default: 60)")
    options = parser.parse_args()
    for name in [name for name in os.environ if name.startswith("CMS_") and name != "CMS_DATABASE_URL"]:
        del os.environ[name]
    scratch = Path(tempfile.mkdtemp(prefix="cms-newsroom-"))
    try:
        room = make_newsroom(scratch / "site", options.articles)
        spend_day(room, options.seconds)
        print(show_seconds(room.seconds))
        rendered, written = count_builds(room)
        print(f"{rendered:,} rendered for {written:,} files that changed: {rendered / max(written, 1):.2f}")
        verify = subprocess.run([CMS, "verify", "-C", str(room.root), "--json"], capture_output=True, text=True, check=False)
        said = json.loads(verify.stdout) if verify.stdout.strip() else verify.stderr
        print(f"cms verify: exit {verify.returncode}; {json.dumps(said)[:300]}")
        return verify.returncode
    finally:
        if "CMS_DATABASE_URL" not in os.environ:
            subprocess.run([CMS, "db", "stop", "-C", str(scratch / "site")], capture_output=True, check=False)
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
