#!/usr/bin/env python3
"""Measure publishing to a bucket: every page again beside `rclone copy`, and from a save to the object, also during a rebuild.

    bench_s3.py --articles 10000 [--json]

The bucket is on a local server that speaks S3's protocol (moto, one Python process: it is the limit). docs/performance.md explains each figure.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

sys.path.insert(0, str(Path(__file__).resolve().parent))

import bench_measure
from bench_builders import CmsSite
from bench_corpus import write_corpus

SAVES, SAVES_IN_REBUILD, SEEN_WITHIN_S, READY_WITHIN_S = 40, 20, 20.0, 120.0
TOOLS = Path(sys.executable).parent
KEYS = {"AWS_ACCESS_KEY_ID": "aaaaaaaaaaaaaaaa", "AWS_SECRET_ACCESS_KEY": "bbbbbbbbbbbbbbbb", "AWS_REGION": "us-east-1"}


@contextmanager
def serve_store() -> Iterator[tuple[str, Any]]:
    """A server with two buckets: its address and a client."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    process = subprocess.Popen(
        [TOOLS / "moto_server", "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urlopen(address, timeout=5).close()
                break
            except URLError:
                time.sleep(0.1)
        bench_measure.ENVIRONMENT.update(KEYS, AWS_ENDPOINT_URL=address)
        import boto3

        client = boto3.client(
            "s3", endpoint_url=address, region_name="us-east-1", aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        )  # fmt: skip
        for name in ("pages", "copy"):
            client.create_bucket(Bucket=name)
        yield address, client
    finally:
        process.terminate()
        process.wait()


def make_site(work: Path, articles: int) -> CmsSite:
    """The site of the other benchmark, with a bucket as its target."""
    write_corpus(work / "corpus", articles, 1)
    site = CmsSite(work / "site", work / "corpus", [str(TOOLS / "cms")])
    settings = site.folder / "site.toml"
    text = settings.read_text("utf-8").replace('"folder:build"', '"s3://pages"\nkeep_releases = 0')  # as rclone keeps nothing either
    settings.write_text(text, "utf-8")
    return site


def copy_with_rclone(address: str, work: Path, count: int, size: int) -> float:
    """Seconds that rclone takes for as many files of the same size, to the same server."""
    folder = work / "copied"
    for number in range(count):
        path = folder / f"{number % 500}" / f"{number}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(size))
    settings = {"TYPE": "s3", "PROVIDER": "Other", "ENV_AUTH": "true", "ENDPOINT": address, "REGION": "us-east-1"}
    environment = bench_measure.ENVIRONMENT | {f"RCLONE_CONFIG_STORE_{name}": value for name, value in settings.items()}
    os.sync()
    start = time.perf_counter()
    subprocess.run([TOOLS / "rclone", "copy", "--quiet", "--transfers", "16", "--s3-no-check-bucket", folder, "store:copy"],
                   env=environment, check=True)  # fmt: skip
    return time.perf_counter() - start


@contextmanager
def watch(site: CmsSite) -> Iterator[subprocess.Popen[bytes]]:
    """`cms watch` runs in this block."""
    process = subprocess.Popen(
        [*site.command, "watch"], cwd=site.folder, env=bench_measure.ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:  # a shell in the background has its children ignore it
            process.kill()
            process.wait()


def time_save(site: CmsSite, client: Any) -> float | None:
    """Milliseconds from the rename of a saved file to the new title in the object, None where it does not come."""
    page, title = site.edit_title()
    key = page.relative_to(site.folder / "build").as_posix()
    start = time.perf_counter()
    while time.perf_counter() - start < SEEN_WITHIN_S:
        if title.encode() in client.get_object(Bucket="pages", Key=key)["Body"].read():
            return (time.perf_counter() - start) * 1000
        time.sleep(0.005)
    return None


def measure_saves(site: CmsSite, client: Any) -> dict[str, float]:
    """From a save to the object, while nothing else is done."""
    times: list[float] = []
    with watch(site) as process:
        ready = time.monotonic() + READY_WITHIN_S
        while len(times) < SAVES:
            if process.poll() is not None or time.monotonic() > ready + SAVES * 2:
                raise RuntimeError("cms watch does not bring saves to the bucket")
            time.sleep(0.5)
            if (took := time_save(site, client)) is not None:
                times.append(took)
    return summarize("save", times)


def measure_saves_in_rebuild(site: CmsSite, client: Any) -> dict[str, float]:
    """From a save to the object, while every page is made again."""
    times: list[float] = []
    with watch(site):
        while time_save(site, client) is None:
            pass
        base = site.folder / "themes/bench/templates/base.html"
        base.write_text(base.read_text("utf-8").replace("<footer>", "<footer>Once more. "), "utf-8")
        time.sleep(3)
        last = f"posts/{max(site.articles).stem}/index.html"
        for _ in range(SAVES_IN_REBUILD):
            took = time_save(site, client)
            if b"Once more" in client.get_object(Bucket="pages", Key=last)["Body"].read():
                break  # it is over, and this save did not overtake it
            if took is None:
                raise RuntimeError("a save during a rebuild does not come to the bucket")
            times.append(took)
            time.sleep(0.7)
    if not times:
        raise RuntimeError("the rebuild ended before the first save; take more articles")
    return summarize("in_rebuild", times) | {"in_rebuild_saves": len(times)}


def summarize(name: str, times: list[float]) -> dict[str, float]:
    """Median, 95th percentile and largest of milliseconds."""
    times = sorted(times)
    return {
        f"{name}_p50_ms": round(times[len(times) // 2]),
        f"{name}_p95_ms": round(times[min(len(times) - 1, int(len(times) * 0.95))]),
        f"{name}_max_ms": round(times[-1]),
    }


def measure(articles: int, work: Path, only_saves: bool) -> dict[str, Any]:
    """All figures of one site."""
    figures: dict[str, Any] = {"articles": articles, "machine": bench_measure.describe_machine()}
    with serve_store() as (address, client):
        site = make_site(work, articles)
        try:
            done, report = site.build()
            figures |= {"first_s": round(done.seconds, 1), "first_written": report["written"]}
            if not only_saves:
                base = site.folder / "themes/bench/templates/base.html"
                base.write_text(base.read_text("utf-8").replace("<footer>", "<footer>Again. "), "utf-8")
                done, report = site.build()
                figures |= {"again_s": round(done.seconds, 1), "again_written": report["written"]}
                seconds = copy_with_rclone(address, work, report["written"], 5000)
                figures |= {"rclone_s": round(seconds, 1), "upload_ratio": round(seconds / done.seconds, 2)}
            figures |= measure_saves(site, client)
            figures |= measure_saves_in_rebuild(site, client)
        finally:
            site.stop()
    return figures


def main() -> None:
    """Measure as asked, and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--only-saves", action="store_true", help="leave the upload of every page out")
    parser.add_argument("--json", action="store_true", help="print the figures as one line of JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cms-bench-s3-") as work:
        figures = measure(arguments.articles, Path(work), arguments.only_saves)
    bench_measure.say_figures(figures, as_json=arguments.json)


if __name__ == "__main__":
    main()
