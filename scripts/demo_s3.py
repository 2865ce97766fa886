"""Shows publishing to a bucket: a store on this machine that speaks S3's protocol, the blog starter, one edit, an audit. Leaves nothing running."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bench_s3 import KEYS, serve_store
from demo import CMS, ROOT, make_demo

DEMO = ROOT / "demo-s3"


def main() -> int:
    """Return the exit code."""
    make_demo(DEMO)
    with serve_store() as (address, _):
        environment = os.environ | KEYS | {"AWS_ENDPOINT_URL": address, "CMS_TARGET": "s3://pages"}

        def run(*arguments: str) -> None:
            print(f"\n$ cms {' '.join(arguments)}", flush=True)
            subprocess.run([CMS, "-C", DEMO, *arguments], check=True, env=environment)

        try:
            print(f"A store answers at {address}; AWS_ENDPOINT_URL and CMS_TARGET=s3://pages lead there.", flush=True)
            run("build", "--full")
            post = min((DEMO / "content" / "posts").rglob("*.md"))
            post.write_text(f"{post.read_text('utf-8')}\nOne line more, at {time.strftime('%H:%M:%S')}.\n", "utf-8")
            print(f"\nAdded a line to {post.relative_to(ROOT)}.", flush=True)
            run("build")
            run("target", "audit")
        finally:
            subprocess.run([CMS, "-C", DEMO, "db", "stop"], check=True, stdout=subprocess.DEVNULL)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"demo: `cms {' '.join(str(part) for part in error.cmd[1:])}` ended with code {error.returncode}")
