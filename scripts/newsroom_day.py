"""What happens in a newsroom in a day, and how long each change takes until the published file has it."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

from newsroom_site import BLOGS, Newsroom

COUNTS: Final = {"edited story": 3000, "new story": 1000, "scheduled story": 200, "live update": 500, "breaking news": 60}
"""Of a whole day."""

AT_ONCE: Final = 100
PATIENCE_S: Final = 60.0


def make_events(room: Newsroom, share: float) -> list[str]:
    """The changes of a share of a day in random order."""
    events = [kind for kind, count in COUNTS.items() for _ in range(max(1, round(count * share)))]
    room.chance.shuffle(events)
    return events


@dataclass
class Waiting:
    """A change that is not seen yet. begun: when it was made, or is due; story: which one is edited."""

    kind: str
    place: Path
    mark: str
    begun: float
    story: int = -1
    seen_ns: int = 0


@dataclass
class Day:
    """A day, while ``cms watch`` runs. seconds: by kind of change; lost: marks that were never seen."""

    room: Newsroom
    seconds: dict[str, list[float]] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    sizes_mb: list[float] = field(default_factory=list)
    busy: set[int] = field(default_factory=set)
    _watch: Any = None

    def __enter__(self) -> Self:
        self._log = (self.room.root / "watch.log").open("w")
        command = [*self.room.command, "watch", "-C", str(self.room.root)]
        self._watch = subprocess.Popen(command, stdout=self._log, stderr=subprocess.STDOUT, text=True)
        self._wait_for_all([self._edit()])
        self.seconds.clear()
        return self

    def __exit__(self, *_: object) -> None:
        self._watch.terminate()
        self._watch.wait(timeout=60)
        self._log.close()

    def spend(self, events: list[str], seconds: float) -> None:
        """Make these changes, evenly in so many seconds, and wait until all are seen."""
        acts: dict[str, Callable[[], Waiting]] = {
            "edited story": self._edit, "new story": self._write, "scheduled story": self._schedule, "live update": self._post,
            "breaking news": self._break,
        }  # fmt: skip
        begun, made, sampled = time.monotonic(), 0, 0.0
        while made < len(events):
            now = time.monotonic()
            while made < len(events) and len(self.waiting) < AT_ONCE and now - begun >= made * seconds / len(events):
                self.waiting.append(acts[events[made]]())
                made += 1
            self._look()
            if now - sampled > 2:
                sampled = now
                self.sizes_mb.append(self._memory())
            time.sleep(0.01)
        self._wait_for_all([])

    def count_objects_of_live(self, posts: int) -> float:
        """Files that an update of the long live blog changes."""
        written = "SELECT coalesce(sum((result ->> 'written')::int), 0) FROM cms.builds"
        before = -1
        while (now := self.room.query(written)[0][0]) != before:  # what was done before is published to its end
            before = now
            time.sleep(5)
        for _ in range(posts):
            self._wait_for_all([self._post(BLOGS[0])])
            self.room.updates += 1
            time.sleep(0.5)
        time.sleep(5)
        return float((self.room.query(written)[0][0] - before) / posts)

    def memory(self) -> tuple[float, float]:
        """The highest memory of cms watch in the first and the last third of the day, in MB."""
        third = max(1, len(self.sizes_mb) // 3)
        return max(self.sizes_mb[:third], default=0.0), max(self.sizes_mb[-third:], default=0.0)

    def _edit(self) -> Waiting:
        chance = self.room.chance
        number = next(n for n in iter(lambda: chance.randrange(self.room.articles), -1) if n not in self.busy)
        self.busy.add(number)
        mark = f"mark{chance.randrange(10**9)}"
        return Waiting("edited story", self.room.write_story(number, mark), mark, time.time(), number)

    def _write(self) -> Waiting:
        mark = f"mark{self.room.chance.randrange(10**9)}"
        return Waiting("new story", self.room.add_story(mark), mark, time.time())

    def _schedule(self) -> Waiting:
        mark = f"mark{self.room.chance.randrange(10**9)}"
        due = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=random.Random(mark).randrange(8, 25))
        return Waiting("scheduled story", self.room.add_story(mark, f"publish_at: {due:%Y-%m-%d %H:%M:%S}\n"), mark, due.timestamp())

    def _post(self, blog: str = "") -> Waiting:
        mark, blog = f"mark{self.room.chance.randrange(10**9)}", blog or self.room.chance.choice(BLOGS)
        self.room.query(
            "INSERT INTO cms.live_blog_updates (live_blog_id, content) SELECT live_blog_id, jsonb_build_object('markdown', %s::text)"
            " FROM cms.live_blogs b JOIN cms.entries e ON e.id = b.post_id WHERE e.fields ->> 'slug' = %s", mark, blog,
        )  # fmt: skip
        return Waiting("live update", self.room.root / f"build/fragments/live/{blog}/now.json", mark, time.time())

    def _break(self) -> Waiting:
        mark = f"mark{self.room.chance.randrange(10**9)}"
        self.room.query(
            "INSERT INTO cms.breaking_news (site, headline, expires_at) SELECT id, %s, clock_timestamp() + interval '10 minutes' FROM cms.sites",
            mark,
        )
        return Waiting("breaking news", self.room.root / "build/fragments/breaking/sections.html", mark, time.time())

    def _look(self) -> None:
        """Take those out that are seen by now."""
        now, left = time.time(), []
        for one in self.waiting:
            if self._is_there(one):
                self.seconds.setdefault(one.kind, []).append(max(0.0, time.time() - one.begun))
            elif now - one.begun > PATIENCE_S:
                self.lost.append(f"{one.kind} {one.place}")
            else:
                left.append(one)
                continue
            self.busy.discard(one.story)
        self.waiting = left

    def _is_there(self, one: Waiting) -> bool:
        try:
            changed_ns = os.stat(one.place).st_mtime_ns
            if changed_ns == one.seen_ns:
                return False
            one.seen_ns = changed_ns
            return one.mark in one.place.read_text("utf-8", "replace")
        except FileNotFoundError:
            return False

    def _wait_for_all(self, more: list[Waiting]) -> None:
        self.waiting += more
        while self.waiting:
            if self._watch.poll() is not None:
                raise SystemExit(f"cms watch ended: {(self.room.root / 'watch.log').read_text()[-2000:]}")
            self._look()
            time.sleep(0.01)

    def _memory(self) -> float:
        return sum(_list_sizes(self._watch.pid))


def _list_sizes(pid: int) -> Iterator[float]:
    """Resident memory of a process and those that it started, in MB; nothing where there is no /proc."""
    try:
        yield int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield from _list_sizes(int(child))
    except OSError:
        return
