#!/usr/bin/env python3
"""Measure cms beside Hugo on the same articles, through the command line only, and check that both made the same site.

    bench.py --articles 10000 [--json]

Only Postgres may be running before a clock starts, and for a cold build not even that: making the database is part of it.
Ratios are of medians within one run of this script. docs/performance.md explains each figure.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bench_builders import OLD, CmsSite, HugoSite
from bench_check import compare_sites
from bench_corpus import write_corpus
from bench_measure import Run, describe_machine, read_server_settings
from bench_table import make_table
from bench_watch import measure_watch

SMALL = 1000
"""Articles of the small site that the cost of an edit is compared with."""
QUIET = 0.05
"""Share of the processors that others may take while complete builds are measured."""
STEPS = ("plan", "render", "publish", "record")
CASES = ("hugo", "cold", "check", "rerender", "noop", "git", "edit", "watch")


class Bench:
    """All measurements of one run; `figures` fills as they are made."""

    def __init__(self, arguments: argparse.Namespace, work: Path) -> None:
        self.arguments, self.work = arguments, work
        self.runs = arguments.runs or (3 if arguments.articles <= 20_000 else 1)
        self.cases = arguments.cases
        self.figures: dict[str, Any] = {"articles": arguments.articles, "machine": describe_machine()}
        self.sites: list[CmsSite] = []

    def corpus(self, count: int) -> Path:
        folder = self.work / f"corpus-{count}"
        if not folder.exists():
            say(f"writing {count} articles")
            write_corpus(folder, count, self.arguments.seed)
        return folder

    def site(self, count: int) -> CmsSite:
        site = CmsSite(self.work / f"cms-{count}", self.corpus(count), self.arguments.cms)
        self.sites.append(site)
        return site

    def measure(self) -> None:
        """Everything that was asked for, in the order in which one leaves the site as the next needs it."""
        count = self.arguments.articles
        hugo = HugoSite(self.work / "hugo", self.corpus(count)) if "hugo" in self.cases else None
        site = self.site(count) if set(self.cases) - {"hugo"} else None
        if site is not None:
            self.warm_up()
        self.measure_complete(hugo, site)
        if site is None:
            return
        if "noop" in self.cases:
            self.measure_noop(site, "noop_walk_s", "sync_walk_s")
        if {"git", "edit"} & set(self.cases):
            site.make_checkout()
            site.build()
            self.measure_noop(site, "noop_s", "sync_git_s")
        if "edit" in self.cases:
            self.measure_edits(site)
        if "watch" in self.cases:
            say("cms watch")
            self.figures.update(measure_watch(site.command, site.folder, site.edit_title))

    def warm_up(self) -> None:
        """Build a few articles once, so that Python has compiled its modules as an installer would have."""
        say("compiling")
        site = self.site(20)
        site.build()
        site.stop()

    def measure_complete(self, hugo: HugoSite | None, site: CmsSite | None) -> None:
        """Complete builds, Hugo's and ours in turn so that both meet the same weather; after each of ours, every page again."""
        theirs, ours, again = [], [], []
        for number in range(self.runs):
            if hugo is not None:
                say(f"hugo, run {number + 1} of {self.runs}")
                theirs.append(hugo.build())
            if site is not None:
                site.forget()
                say(f"cms build from nothing, run {number + 1} of {self.runs}")
                done, self.figures["cold_report"] = site.build(memory=True)
                ours.append(done)
            if site is not None and hugo is not None and "check" in self.cases and number + 1 == self.runs:
                say("comparing with Hugo's output")
                self.figures["differences"] = compare_sites(hugo.folder / "public", site.folder / "build")
            if site is not None and "rerender" in self.cases:
                say(f"base template changed, run {number + 1} of {self.runs}")
                again.append(self.rerender(site, f"edition {number}"))
        figures = self.figures
        figures["others_cpu"] = max(done.others_cpu for done in (*theirs, *ours, *again))
        if figures["others_cpu"] > QUIET:
            say(f"other processes took {figures['others_cpu']:.0%} of the processors: these figures are not to be quoted")
        if theirs:
            figures["hugo_s"] = median(theirs)
            figures["hugo_cpu_s"] = statistics.median(done.cpu_s for done in theirs)
            figures["hugo_mb"] = max(max(done.peaks_mb.values(), default=0) for done in theirs)
        if site is not None:
            self.note_complete("cold", ours)
            self.note_complete("rerender", again)
            figures["peak_mb"] = max(merge_peaks([*ours, *again]).values(), default=0)
            figures["server"] = read_server_settings(site.folder)

    def note_complete(self, name: str, runs: list[Run]) -> None:
        """Figures of builds that made every page."""
        if not runs:
            return
        self.figures[f"{name}_s"] = median(runs)
        self.figures[f"{name}_cpu_s"] = statistics.median(done.cpu_s for done in runs)
        self.figures[f"{name}_processes_mb"] = merge_peaks(runs)
        if "hugo_s" in self.figures:
            self.figures[f"{name}_ratio"] = round(self.figures[f"{name}_s"] / self.figures["hugo_s"], 3)

    def rerender(self, site: CmsSite, mark: str) -> Run:
        """Every page again: a word more in the base template."""
        template = site.folder / "themes" / "bench" / "templates" / "base.html"
        template.write_text(template.read_text().replace("</footer>", f" {mark}</footer>"))
        done, report = site.build(memory=True)
        page = site.folder / "build" / "posts" / site.random.choice(site.articles).stem / "index.html"
        if report["rendered"] < len(site.articles) or mark not in page.read_text():
            raise RuntimeError(f"not every page was made again: {report}")
        self.figures["rerender_report"] = report
        return done

    def measure_noop(self, site: CmsSite, name: str, sync_name: str) -> None:
        """A build with nothing to do."""
        say("nothing changed")
        site.build()
        time.sleep(2.5)  # files written in the last two seconds would be compared once more
        site.build()
        results = [site.build() for _ in range(7)]
        if any(report["rendered"] or report["written"] for _, report in results):
            raise RuntimeError("a build without a change made pages")
        self.figures[name] = median([done for done, _ in results])
        self.figures[sync_name] = round(statistics.median(report["seconds"]["sync"] for _, report in results), 4)

    def measure_edits(self, site: CmsSite) -> None:
        """One title edited: the whole process, and without sync against a small site."""
        large = self.edit_often(site)
        self.figures["edit_s"] = round(statistics.median(seconds for seconds, _ in large), 4)
        self.figures["edit_max_s"] = round(max(seconds for seconds, _ in large), 4)
        for part in ("sync", *STEPS, "total"):
            self.figures[f"edit_{part}_s"] = round(statistics.median(report["seconds"].get(part, 0) for _, report in large), 4)
        self.figures["edit_rendered"] = statistics.median(report["rendered"] for _, report in large)
        if "hugo_s" in self.figures:
            self.figures["edit_to_hugo"] = round(self.figures["edit_s"] / self.figures["hugo_s"], 5)
        if self.arguments.articles == SMALL:
            return
        small_site = self.site(SMALL)
        say(f"the same on {SMALL} articles")
        small_site.build()
        small_site.make_checkout()
        small_site.build()
        small = self.edit_often(small_site)
        cost, small_cost = cost_without_sync(large), cost_without_sync(small)
        self.figures["edit_cost_s"], self.figures["edit_cost_small_s"] = round(cost, 4), round(small_cost, 4)
        self.figures["edit_ratio"] = round(cost / small_cost, 3)

    def edit_often(self, site: CmsSite) -> list[tuple[float, dict[str, Any]]]:
        """Eleven edits, each built; the first, which finds everything cold, is not counted."""
        results = []
        for number in range(11):
            if number % 5 == 0:
                say(f"title edits, {number} of 11")
            page, title = site.edit_title()
            done, report = site.build()
            if title not in page.read_text():
                raise RuntimeError(f"the new title is not on {page}")
            results.append((done.seconds, report))
        return results[1:]


def cost_without_sync(results: list[tuple[float, dict[str, Any]]]) -> float:
    """Median seconds of the steps after sync; starting the process and connecting, the same for every site, would flatter a ratio."""
    costs: list[float] = [sum(report["seconds"][part] for part in STEPS) for _, report in results]
    return statistics.median(costs)


def median(runs: list[Run]) -> float:
    """The median of the runs' seconds."""
    return round(statistics.median(done.seconds for done in runs), 3)


def merge_peaks(runs: list[Run]) -> dict[str, float]:
    """The highest peak of each process name over several runs."""
    names = sorted({name for done in runs for name in done.peaks_mb})
    return {name: max(done.peaks_mb.get(name, 0) for done in runs) for name in names}


def say(text: str) -> None:
    """Tell the person who waits."""
    print(f"  {text}", file=sys.stderr, flush=True)


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, help="complete builds a peer; default 3, above 20,000 articles 1")
    parser.add_argument("--cases", type=lambda text: tuple(text.split(",")), default=CASES, help=f"some of {','.join(CASES)}")
    parser.add_argument("--work", type=Path, help="folder for articles and sites, kept afterwards; default a temporary one")
    parser.add_argument("--cms", type=str.split, default=[str(Path(sys.executable).with_name("cms"))], help="the command to measure")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    work = arguments.work or Path(tempfile.mkdtemp(prefix="cms-bench-"))
    work.mkdir(parents=True, exist_ok=True)
    for old in [*work.glob("hugo"), *work.glob("cms-*"), *work.glob(OLD)]:
        shutil.rmtree(old)
    bench = Bench(arguments, work)
    try:
        bench.measure()
    finally:
        for site in bench.sites:
            site.stop()
        if arguments.work is None:
            shutil.rmtree(work, ignore_errors=True)
        if arguments.json:
            print(json.dumps(bench.figures))
        else:
            print(json.dumps(bench.figures, indent=1) + "\n\n" + make_table(bench.figures))
    if bench.figures.get("differences"):
        raise SystemExit("The site differs from Hugo's.")


if __name__ == "__main__":
    main()
