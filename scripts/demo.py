"""Shows the blog starter: makes ``demo/`` the first time, builds and serves it until Ctrl-C, and leaves nothing running.

With ``DEMO_ONCE=1`` it fetches the home page once, says so and stops: that is what CI runs.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CMS = Path(sys.executable).with_name("cms")
DEMO = ROOT / "demo"


def main() -> int:
    """Return the exit code."""
    make_demo(DEMO)
    try:
        print("Starting its database and building its pages …", flush=True)
        if os.environ.get("DEMO_ONCE", "") not in ("", "0"):
            return show_once()
        return subprocess.run([CMS, "-C", DEMO, "serve"], check=False).returncode
    except KeyboardInterrupt:
        return 0
    finally:
        subprocess.run([CMS, "-C", DEMO, "db", "stop"], check=True, stdout=subprocess.DEVNULL)


def make_demo(folder: Path) -> None:
    """Make a site of the starter, the first time."""
    if not (folder / "site.toml").exists():
        subprocess.run([CMS, "init", folder, "--starter", "blog"], check=True, stdout=subprocess.DEVNULL)
        print(f"Made {folder.name}/ from the starter blog.", flush=True)


def show_once() -> int:
    """Build and serve on any free port, fetch the home page, stop."""
    server = subprocess.Popen([CMS, "-C", DEMO, "serve", "--port", "0"], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        for line in server.stdout:
            print(line, end="", flush=True)
            if line.startswith("http"):
                with urllib.request.urlopen(line.strip(), timeout=30) as answer:
                    page: str = answer.read().decode()
                print(f"demo: the home page answers with {len(page)} bytes")
                return 0 if "<html" in page else 1
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()
    sys.exit("demo: cms serve ended before it said where the site can be seen")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"demo: `cms {' '.join(str(part) for part in error.cmd[1:])}` ended with code {error.returncode}")
