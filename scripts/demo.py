"""Shows the blog starter: makes ``demo/`` the first time, builds it, serves it until Ctrl-C.

With ``DEMO_ONCE=1`` it fetches the home page once, says so and stops: that is what CI runs.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CMS = Path(sys.executable).with_name("cms")
DEMO = ROOT / "demo"
ANSWER_WITHIN_S = 30


def main() -> int:
    """Return the exit code."""
    if not (DEMO / "site.toml").exists():
        subprocess.run([CMS, "init", DEMO, "--starter", "blog"], check=True)
    subprocess.run([CMS, "-C", DEMO, "build"], check=True)
    if os.environ.get("DEMO_ONCE", "") not in ("", "0"):
        return show_once()
    try:
        return subprocess.run([CMS, "-C", DEMO, "serve"], check=False).returncode
    except KeyboardInterrupt:
        return 0


def show_once() -> int:
    """Serve on a free port, fetch the home page, stop the server and the database."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([CMS, "-C", DEMO, "serve", "--port", str(port)])
    try:
        page = fetch(f"http://127.0.0.1:{port}/", server)
    finally:
        server.terminate()
        server.wait()
        subprocess.run([CMS, "-C", DEMO, "db", "stop"], check=True)
    print(f"demo: the home page answers with {len(page)} bytes")
    return 0 if "<html" in page else 1


def fetch(url: str, server: subprocess.Popen[bytes]) -> str:
    """Fetch a page as soon as the server answers."""
    until = time.monotonic() + ANSWER_WITHIN_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                text: str = answer.read().decode()
                return text
        except urllib.error.URLError:
            if server.poll() is not None or time.monotonic() > until:
                sys.exit(f"demo: {url} does not answer")
            time.sleep(0.1)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"demo: `cms {' '.join(str(part) for part in error.cmd[1:])}` ended with code {error.returncode}")
