"""Takes pictures of every template of the starters in chromium: three widths, light and dark, left to right and right to left, printed.

``python scripts/shots.py [STARTER …] [--out shots] [--widths 360,768,1440] [--paths /,/about/] [--quick]`` builds each starter into a folder of its own,
finds for each combination of templates the largest page that was made with it, and writes a picture each and ``index.html`` with all of them.
``--site FOLDER`` takes a site that is built already. Needs the extra ``browser`` (``python3 scripts/setup.py dev browser``) and an installed chromium.
"""

from __future__ import annotations

import argparse
import functools
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

ROOT: Final = Path(__file__).resolve().parent.parent
WIDTHS: Final = (360, 768, 1440)
LONGEST: Final = 6000
"""Pixels of a page that a picture shows."""

# The templates that an output was made with stand among its reads, as numbers.
PAGES: Final = """
SELECT DISTINCT ON (t.names) o.path, t.names FROM cms.outputs o
CROSS JOIN LATERAL (SELECT string_agg(substr(n.name, 10), ' ' ORDER BY n.name) AS names FROM cms.read_names n
  WHERE n.key = ANY(o.reads) AND n.name LIKE 'template/%%.html' AND n.name NOT LIKE 'template/%%/%%') t
WHERE o.site = %s AND t.names IS NOT NULL AND t.names LIKE '%%base.html%%' AND o.error IS NULL AND o.retired_at IS NULL
ORDER BY t.names, o.size_bytes DESC, o.path"""


class Look(NamedTuple):
    """How a page is looked at. width: of the window, in pixels; dir: ltr or rtl; scheme: light or dark."""

    width: int
    scheme: str
    dir: str
    media: str = "screen"

    @property
    def name(self) -> str:
        return f"{self.media if self.media != 'screen' else self.width}-{self.scheme}-{self.dir}"


def list_looks(widths: tuple[int, ...] = WIDTHS, quick: bool = False) -> list[Look]:
    """All of them; quick: each width once, one of them dark and one right to left."""
    if quick:
        return [Look(width, "dark" if not n else "light", "rtl" if n == 1 else "ltr") for n, width in enumerate(widths)]
    looks = [Look(width, scheme, way) for width in widths for scheme in ("light", "dark") for way in ("ltr", "rtl")]
    return [*looks, Look(900, "light", "ltr", "print")]


def make_starter(name: str, folder: Path, database_url: str = "") -> Path:
    """Copy a starter and build it; returns the site's folder. database_url: "" for the embedded server."""
    cms = Path(sys.executable).with_name("cms")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CMS_")}
    environ |= {"CMS_DATABASE_URL": database_url} if database_url else {}
    for command in (["init", name, "--starter", name], ["build", "-C", name]):
        subprocess.run([cms, *command], cwd=folder, check=True, env=environ, stdout=subprocess.DEVNULL)
    return folder / name


def find_pages(site: Path) -> dict[str, str]:
    """A page for each combination of templates, by these: the one whose file is largest."""
    from cms_ssg.store.open_store import open_store

    with open_store(site, "") as (_, connection, row):
        return {names: path for path, names in connection.execute(PAGES, (row.id,))}  # type: ignore[call-overload]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """The address of a server for the files of a folder."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def find_chromium() -> str:
    """Path of the browser. Raises SystemExit where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if path := shutil.which(name):
            return path
    raise SystemExit("no chromium is installed (on Debian: apt-get install chromium)")


@contextmanager
def open_browser(chromium: str) -> Iterator[Any]:
    """A browser of playwright's that the system has. Raises SystemExit where playwright is not installed."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise SystemExit("playwright is not installed: python3 scripts/setup.py dev browser") from None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        yield browser
        browser.close()


def show(page: Any, url: str, look: Look) -> None:
    """Open an address as a look has it, with all pictures loaded."""
    page.emulate_media(color_scheme=look.scheme, media=look.media, reduced_motion="reduce")
    page.set_viewport_size({"width": look.width, "height": 900})
    page.goto(url, wait_until="load")
    page.evaluate(
        """async dir => {
          document.documentElement.dir = dir;
          for (const image of document.images) image.loading = 'eager';
          await Promise.all([...document.images].map(image => image.decode().catch(() => {})));
          await document.fonts.ready;
        }""",
        look.dir,
    )


def measure_overflow(page: Any) -> list[str]:
    """What sticks out of the window: a line for each element."""
    found: list[str] = page.evaluate(
        """() => {
          const width = document.documentElement.clientWidth, out = [];
          if (document.documentElement.scrollWidth > width) for (const one of document.body.querySelectorAll('*')) {
            const box = one.getBoundingClientRect();
            if (box.width && (box.right > width + 1 || box.left < -1)) out.push(`${one.tagName}.${one.className} ${Math.round(box.left)}–${Math.round(box.right)} of ${width}`);
          }
          return out.slice(0, 5);
        }"""
    )
    return found


def take_pictures(site: Path, pages: dict[str, str], out: Path, looks: list[Look]) -> list[tuple[str, str, str]]:
    """Write a picture for each page and look. Returns (page, look, what sticks out)."""
    problems = []
    out.mkdir(parents=True, exist_ok=True)
    with serve(site / "build") as base, open_browser(find_chromium()) as browser:
        page = browser.new_page()
        for names, path in pages.items():
            for look in looks:
                show(page, base + quote(path), look)
                problems += [(path, look.name, line) for line in measure_overflow(page)]
                height = min(LONGEST, page.evaluate("document.documentElement.scrollHeight"))
                page.set_viewport_size({"width": look.width, "height": max(height, 600)})
                page.screenshot(path=out / f"{name_picture(names, path)}-{look.name}.png")
    return problems


def name_picture(names: str, path: str) -> str:
    """The beginning of the file names of a page's pictures."""
    common = ("base.html", "entry.html", "list.html", "post.html")
    own = "-".join(name.removesuffix(".html") for name in names.split() if name not in common and "/" not in name)
    place = path.strip("/").replace("/", "_")[:60] or "home"
    return f"{own}--{place}" if own else place


def write_index(out: Path) -> Path:
    """A page with all pictures of a folder."""
    pictures = "".join(
        f'<figure><a href="{quote(file.name)}"><img src="{quote(file.name)}" loading="lazy" alt=""></a><figcaption>{escape(file.stem)}</figcaption></figure>'
        for file in sorted(out.glob("*.png"))
    )
    style = (
        "body{font:14px system-ui;display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0;width:260px}img{width:100%;border:1px solid #888}"
    )
    index = out / "index.html"
    index.write_text(f'<!doctype html><meta charset="utf-8"><title>{escape(out.name)}</title><style>{style}</style>{pictures}\n', "utf-8")
    return index


def list_starters() -> list[str]:
    """Names of the verticals that bring one."""
    return sorted(path.parent.name for path in (ROOT / "cms_ssg" / "verticals").glob("*/starter") if (path / "site.toml").exists())


def main() -> int:
    """Take the pictures; 1 where something sticks out of the window."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("starters", nargs="*", help="names of starters; all by default")
    parser.add_argument("--out", type=Path, default=Path("shots"), help="folder for the pictures (default: shots)")
    parser.add_argument("--site", type=Path, help="a site that is built already, in place of starters")
    parser.add_argument("--widths", default=",".join(map(str, WIDTHS)), help="of the window, in pixels")
    parser.add_argument("--paths", default="", help="only these pages, with commas between them")
    parser.add_argument("--quick", action="store_true", help="each width once")
    options = parser.parse_args()
    looks = list_looks(tuple(map(int, options.widths.split(","))), options.quick)
    failed = 0
    with tempfile.TemporaryDirectory(prefix="cms-shots-") as scratch:
        for name in [""] if options.site else options.starters or list_starters():
            site = options.site or make_starter(name, Path(scratch))
            pages = {path: path for path in options.paths.split(",")} if options.paths else find_pages(site)
            out = options.out / (name or site.name)
            problems = take_pictures(site, pages, out, looks)
            print(f"{len(pages)} pages, {len(looks)} looks each: {write_index(out)}")
            for path, look, line in problems:
                print(f"  {path} {look}: {line}")
            failed += len(problems)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
