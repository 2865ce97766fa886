"""Shows a starter: makes ``demo/`` (``demo-news/`` …) the first time, builds and serves it until Ctrl-C, and leaves nothing running.

``STARTER`` names it, by default the blog; ``STARTER=all`` looks at each in turn, once. With ``DEMO_ONCE=1`` it fetches the home page and asks
the API something, says so and stops: that is what CI runs. Lines of a starter's ``setup.txt`` are commands that fill its store.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CMS = Path(sys.executable).with_name("cms")


def main() -> int:
    """Return the exit code."""
    starter = os.environ.get("STARTER") or "blog"
    if starter == "all":
        from cms_ssg.authoring.starters import find_starters

        return max(show(name, once=True) for name in find_starters())
    return show(starter, once=os.environ.get("DEMO_ONCE", "") not in ("", "0"))


def show(starter: str, once: bool) -> int:
    """Make, build and serve one starter; of a group of sites its first."""
    demo = ROOT / ("demo" if starter == "blog" else f"demo-{starter}")
    make_demo(demo, starter)
    if brands := sorted(path.parent for path in demo.glob("brands/*/site.toml")):
        demo = brands[0]
    try:
        print("Starting its database and building its pages; the first time its pictures are made in all sizes …", flush=True)
        if once:
            return show_once(demo)
        return subprocess.run([CMS, "-C", demo, "serve"], check=False).returncode
    except KeyboardInterrupt:
        return 0
    finally:
        subprocess.run([CMS, "-C", demo, "db", "stop"], check=True, stdout=subprocess.DEVNULL)


def make_demo(folder: Path, starter: str = "blog") -> None:
    """Make a site of the starter, and fill its store, the first time."""
    if (folder / "site.toml").exists() or (folder / "brands").exists():
        return
    subprocess.run([CMS, "init", folder, "--starter", starter], check=True, stdout=subprocess.DEVNULL)
    print(f"Made {folder.name}/ from the starter {starter}.", flush=True)
    setup = folder / "setup.txt"
    for line in setup.read_text(encoding="utf-8").splitlines() if setup.exists() else ():
        if line.startswith("cms "):
            print(f"  {line}", flush=True)
            subprocess.run([CMS, "-C", folder, *shlex.split(line)[1:]], check=True, stdout=subprocess.DEVNULL, cwd=folder)


def show_once(demo: Path) -> int:
    """Build and serve on any free port, fetch the home page and an answer of the API, stop."""
    server = subprocess.Popen([CMS, "-C", demo, "serve", "--port", "0"], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        for line in server.stdout:
            print(line, end="", flush=True)
            if line.startswith("http"):
                url = line.strip().rstrip("/")
                page = fetch(f"{url}/")
                print(f"demo: the home page answers with {len(page)} bytes")
                answer = fetch(f"{url}/api/search?q=the")
                print(f"demo: the API answers a search with {len(answer)} bytes" if answer else "demo: this site has no search")
                return 0 if "<html" in page else 1
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()
    sys.exit("demo: cms serve ended before it said where the site can be seen")


def fetch(url: str) -> str:
    """What an address answers, nothing where it does not exist."""
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            text: str = answer.read().decode()
            return text
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return ""
        raise


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"demo: `cms {' '.join(str(part) for part in error.cmd[1:])}` ended with code {error.returncode}")
