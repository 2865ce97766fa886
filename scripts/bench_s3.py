#!/usr/bin/env python3
"""Measure publishing to a bucket: every page again beside `rclone copy`, and from a save to the object, on a local server that speaks S3's protocol.

    bench_s3.py --articles 10000 [--json]

Both upload to the same server (moto, one Python process: it is the limit) in one run. docs/performance.md explains each figure.
"""

from __future__ import annotations

import argparse
import json
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

SAVES, SEEN_WITHIN_S, READY_WITHIN_S = 40, 20.0, 120.0
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
    settings.write_text(settings.read_text("utf-8").replace("folder:build", "s3://pages"), "utf-8")
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


def measure_saves(site: CmsSite, client: Any) -> dict[str, float]:
    """From the rename of the saved file to the new title in the object, `cms watch` running."""
    process = subprocess.Popen(
        [*site.command, "watch"], cwd=site.folder, env=bench_measure.ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    times: list[float] = []
    try:
        ready = time.monotonic() + READY_WITHIN_S
        while len(times) < SAVES:
            if process.poll() is not None or time.monotonic() > ready + SAVES * 2:
                raise RuntimeError("cms watch does not bring saves to the bucket")
            time.sleep(0.5)
            page, title = site.edit_title()
            key = page.relative_to(site.folder / "build").as_posix()
            start = time.perf_counter()
            while time.perf_counter() - start < SEEN_WITHIN_S:
                if title.encode() in client.get_object(Bucket="pages", Key=key)["Body"].read():
                    times.append((time.perf_counter() - start) * 1000)
                    break
                time.sleep(0.005)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:  # a shell in the background has its children ignore it
            process.kill()
            process.wait()
    times.sort()
    return {
        "save_p50_ms": round(times[len(times) // 2]),
        "save_p95_ms": round(times[int(len(times) * 0.95)]),
        "save_max_ms": round(times[-1]),
    }


def measure(articles: int, work: Path) -> dict[str, Any]:
    """All figures of one site."""
    figures: dict[str, Any] = {"articles": articles, "machine": bench_measure.describe_machine()}
    with serve_store() as (address, client):
        site = make_site(work, articles)
        try:
            done, report = site.build()
            figures |= {"first_s": round(done.seconds, 1), "first_written": report["written"]}
            base = site.folder / "themes/bench/templates/base.html"
            base.write_text(base.read_text("utf-8").replace("<footer>", "<footer>Again. "), "utf-8")
            done, report = site.build()
            figures |= {"again_s": round(done.seconds, 1), "again_written": report["written"]}
            seconds = copy_with_rclone(address, work, report["written"], 5000)
            figures |= {"rclone_s": round(seconds, 1), "upload_ratio": round(seconds / done.seconds, 2)}
            figures |= measure_saves(site, client)
        finally:
            site.stop()
    return figures


def main() -> None:
    """Measure as asked, and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--json", action="store_true", help="print the figures as one line of JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cms-bench-s3-") as work:
        figures = measure(arguments.articles, Path(work))
    print(json.dumps(figures) if arguments.json else "\n".join(f"{name:>14}  {value}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
