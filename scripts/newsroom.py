"""A newsroom's day, measured: ``python scripts/newsroom.py --articles 100000 --minutes 20``.

Makes a site of generated stories with a live blog of 2,000 updates, builds it, starts ``cms watch`` on it, and lets a day of 1,000 new stories, 3,000
edits, 200 scheduled stories, 500 live updates in five blogs and 60 items of breaking news pass in a third of the minutes, up to 100 saves under way at once.
Prints a table of what is promised, what was measured and whether that is kept. Exit 1 where something is wrong in the end, not where it is slow.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from newsroom_day import Day, make_events
from newsroom_measures import count_builds, measure_home, measure_related, size_of_tables
from newsroom_site import Newsroom

RELATED: Final = 10_000
"""Stories that are related from nothing, if there are so many."""


def p95(found: list[float]) -> float:
    """The 95th of a hundred."""
    ordered = sorted(found)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))] if ordered else float("nan")


def show_row(promise: str, target: str, figure: str, is_kept: bool | None) -> str:
    """A row of the table."""
    verdict = "" if is_kept is None else "kept" if is_kept else "**missed**"
    return f"| {promise} | {target} | {figure} | {verdict} |"


def list_times(seconds: dict[str, list[float]]) -> list[str]:
    """Rows for how long each kind of change took."""
    rows = []
    targets = {"breaking news": 1.0, "live update": 1.0}
    for kind, found in sorted(seconds.items()):
        most = targets.get(kind, 2.0)
        middle = sorted(found)[len(found) // 2]
        rows.append(
            show_row(
                f"{kind} to file, {len(found):,} times",
                f"p95 <= {most:.0f} s",
                f"median {middle:.2f} s, p95 {p95(found):.2f} s",
                p95(found) <= most,
            )
        )
    return rows


def measure(room: Newsroom, minutes: float, share: float) -> tuple[list[str], bool]:
    """Build the site, spend the day, measure. Returns the rows of the table, and whether the site is right in the end."""
    begun = time.perf_counter()
    room.run("build")
    built_s = time.perf_counter() - begun
    rows = [show_row(f"{room.articles:,} stories built from nothing", "", f"{built_s:.1f} s", None)]
    print(rows[0], flush=True)
    count = min(RELATED, room.articles)
    seconds = measure_related(room, count)
    rows.append(
        show_row(
            f"{count:,} stories related from nothing",
            f"<= {60 * count / RELATED:.0f} s",
            f"{seconds:.1f} s",
            seconds <= 60 * count / RELATED,
        )
    )
    cpu_ms, wall_ms, cards, fragments = measure_home(room)
    rows.append(
        show_row(
            f"home with {cards} cards and {fragments} fragments",
            "<= 20 ms",
            f"{cpu_ms:.1f} ms of processor time, {wall_ms:.1f} ms",
            cpu_ms <= 20,
        )
    )
    size = size_of_tables(room)
    with Day(room) as day:
        day.spend(make_events(room, share), minutes * 60 / 3)
        objects = day.count_objects_of_live(10)
    rendered, written = count_builds(room)
    grown = size_of_tables(room) / size
    rows += list_times(day.seconds)
    rows.append(
        show_row(
            "rendered / changed", "<= 1.2", f"{rendered:,} / {written:,} = {rendered / max(written, 1):.2f}", rendered <= 1.2 * written
        )
    )
    rows.append(show_row(f"objects of an update of a live blog of {room.updates:,}", "<= 4", f"{objects:.1f}", objects <= 4))
    rows.append(show_row("saves that are on no page in the end", "0", str(len(day.lost)), not day.lost))
    first, last = day.memory()
    rows.append(show_row("memory of cms watch, first and last third", "flat", f"{first:.0f} MB, {last:.0f} MB", last <= 1.25 * first))
    rows.append(show_row("tables and indexes, after / before the day", "< 2 x", f"{grown:.2f} x", grown < 2))
    room.run("build")  # the watch may have been ended in the middle of one
    verify = subprocess.run([*room.command, "verify", "--json", "-C", str(room.root)], capture_output=True, text=True, check=False)
    rows.append(show_row("cms verify", "0 differences", f"exit {verify.returncode}", verify.returncode == 0))
    if verify.returncode:
        print(verify.stdout[:2000], verify.stderr[:2000], file=sys.stderr)
    return rows, verify.returncode == 0 and not day.lost


def main() -> int:
    """Run the day and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--articles", type=int, default=2000, help="stories that are there in the morning (default: 2000)")
    parser.add_argument(
        "--minutes", type=float, default=6, help="how long it may take on a quiet machine; the day takes a third of it (default: 6)"
    )
    parser.add_argument(
        "--day", type=float, default=0.0, help="share of a day's 4,760 changes; by default as many as 10 a second come to, at most all"
    )
    parser.add_argument("--folder", type=Path, help="where to make the site, which then stays; by default a folder that is removed")
    options = parser.parse_args()
    for name in [name for name in os.environ if name.startswith("CMS_") and name != "CMS_DATABASE_URL"]:
        del os.environ[name]
    scratch = options.folder or Path(tempfile.mkdtemp(prefix="cms-newsroom-"))
    share = options.day or min(1.0, options.minutes * 20 * 10 / 4760)
    room = Newsroom(scratch / "site", options.articles)
    begun = time.perf_counter()
    try:
        room.make()
        rows, is_right = measure(room, options.minutes, share)
        print("\n| promise | target | measured | |\n| --- | --- | --- | --- |", *rows, sep="\n")
        print(f"\n{room.articles:,} stories, {share:.0%} of a day; all of it took {(time.perf_counter() - begun) / 60:.1f} minutes.")
        return 0 if is_right else 1
    finally:
        room.close()
        if "CMS_DATABASE_URL" not in os.environ:
            subprocess.run([*room.command, "db", "stop", "-C", str(room.root)], capture_output=True, check=False)
        if options.folder is None:
            shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
