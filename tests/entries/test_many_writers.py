"""Many writers on few entries at once: each acknowledged change is in the end state, or its writer was told of a conflict by name."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from queue import Queue

import pytest

from cms_ssg.entries.save import Entries, EntryChangedError
from cms_ssg.entries.values import EntryInput
from cms_ssg.site import open_site
from cms_ssg.store.sites import ensure_site
from cms_ssg.store.texts import load_entries
from tests.engine.siteonpage import SiteOnPage
from tests.entries.writing import save

PARAGRAPHS = 8
MINUTES = float(os.environ.get("TEST_MINUTES", "10"))
"""How long the long test writes."""

MOST_CONNECTIONS = 40


@dataclass
class Tally:
    """What a writer was told. acknowledged: where each mark stands, by entry and mark; seconds: of each change, from the reading of the entry on."""

    acknowledged: dict[tuple[int, str], str] = field(default_factory=dict)
    conflicts: int = 0
    named: set[str] = field(default_factory=set)
    seconds: list[float] = field(default_factory=list)


@contextmanager
def open_writers(page: SiteOnPage, count: int) -> Iterator[Queue[Entries]]:
    """Connections that writers take for the time of one change, as requests of the API do."""
    site, free = open_site(page.root, {}, ""), Queue[Entries]()
    with ExitStack() as stack:
        for _ in range(count):
            connection = stack.enter_context(page.connect())
            free.put(Entries(connection, site, ensure_site(connection, site.settings.store_name).id))
        yield free


def write(free: Queue[Entries], writer: int, numbers: Sequence[int], writes: int, until: float) -> Tally:
    """Change random paragraphs and fields of random entries, each from a version that was read before, with others in between."""
    rng, tally = random.Random(writer), Tally()
    for step in range(writes):
        if time.monotonic() > until:
            break
        number, begun = rng.choice(numbers), time.monotonic()
        entries = free.get()
        read = load_entries(entries.connection, entries.site_id, [number])[0]
        free.put(entries)
        mark, place = f"w{writer}s{step}", rng.randrange(PARAGRAPHS)
        paragraphs = read.markdown.split("\n\n")
        if rng.random() < 0.6:
            paragraphs[place] += f" {mark}"
            given = EntryInput(number=number, body="\n\n".join(paragraphs), expected_version=read.version)
        else:
            metadata = dict(read.fields.get("metadata") or {})
            given = EntryInput(number=number, fields={"metadata": metadata | {mark: 1}}, expected_version=read.version)
        entries = free.get()
        try:
            entries.author = f"w{writer}"
            entries.save_entry(given)
        except EntryChangedError as error:
            tally.conflicts += 1
            tally.named |= {name.partition(".")[0] for name in error.conflicts} or {""}
        else:
            tally.acknowledged[number, mark] = "body" if given.body is not None else "metadata"
        finally:
            free.put(entries)
        tally.seconds.append(time.monotonic() - begun)
    return tally


def run_writers(page: SiteOnPage, writers: int, entries: int, writes: int, seconds: float) -> Tally:
    """Let them write, and look for every acknowledged change in what is stored at the end. Returns what all were told."""
    body = "\n\n".join(f"p{place}" for place in range(PARAGRAPHS))
    numbers = [saved.number for saved in save(page, *(EntryInput("page", {"title": f"Page {n}"}, body) for n in range(entries)))]
    until = time.monotonic() + seconds
    with open_writers(page, min(writers, MOST_CONNECTIONS)) as free, ThreadPoolExecutor(writers) as pool:
        tallies = list(pool.map(lambda writer: write(free, writer, numbers, writes, until), range(writers)))
        one = free.get()
        end = {entry.id: entry for entry in load_entries(one.connection, one.site_id, numbers)}
    total = Tally(conflicts=sum(tally.conflicts for tally in tallies), seconds=sorted(s for tally in tallies for s in tally.seconds))
    for tally in tallies:
        total.acknowledged |= tally.acknowledged
    assert {name for tally in tallies for name in tally.named} <= {"body"}
    lost = [
        (number, mark)
        for (number, mark), where in total.acknowledged.items()
        if (mark not in end[number].markdown.split() if where == "body" else mark not in end[number].fields["metadata"])
    ]
    assert lost == []
    assert len(total.acknowledged) + total.conflicts == len(total.seconds)
    assert sum(entry.version - 1 for entry in end.values()) == len(total.acknowledged)
    return total


def test_no_acknowledged_change_is_lost(site: SiteOnPage) -> None:
    total = run_writers(site, writers=5, entries=2, writes=10, seconds=120)
    assert len(total.seconds) == 50


@pytest.mark.long
def test_no_acknowledged_change_of_a_hundred_writers_is_lost(site: SiteOnPage) -> None:
    total = run_writers(site, writers=100, entries=200, writes=1_000_000, seconds=MINUTES * 60)
    count = len(total.seconds)
    median, slow = (total.seconds[int(count * part)] for part in (0.5, 0.95))
    print(
        f"\n{count} changes: {len(total.acknowledged)} acknowledged, {total.conflicts} conflicts, 0 lost; {median:.2f} s, 95 %: {slow:.2f} s"
    )
