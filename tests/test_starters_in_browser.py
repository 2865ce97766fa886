"""Every template of every starter in chromium: nothing sticks out, axe-core and the Nu HTML checker find nothing, no other server is asked."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from urllib.parse import quote

import pytest
from lxml import etree

from scripts.shots import Look, find_pages, list_starters, make_starter, measure_overflow, open_browser, serve, show
from tests.browser_tools import check_html, install_tools, list_violations

LOOKS = (Look(360, "dark", "ltr"), Look(768, "light", "rtl"), Look(1440, "light", "ltr"))

SHIFT = """() => new Promise(resolve => { let sum = 0;
  new PerformanceObserver(list => { for (const one of list.getEntries()) if (!one.hadRecentInput) sum += one.value; }).observe({type: 'layout-shift', buffered: true});
  setTimeout(() => resolve(sum), 300); })"""


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.parametrize("name", list_starters())
def test_every_template_of_a_starter_is_valid_accessible_and_fits(
    name: str, chromium: str, db_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("playwright is not installed: python3 scripts/setup.py dev browser")
    tools = install_tools()
    site = make_starter(name, tmp_path, db_url)
    monkeypatch.setenv("CMS_DATABASE_URL", db_url)
    pages = find_pages(site)
    assert len(pages) >= 3
    found: list[str] = []
    with serve(site / "build") as base, open_browser(chromium) as browser:
        page = browser.new_page()
        asked: set[str] = set()
        page.on("request", lambda request: asked.add(request.url))
        page.on("pageerror", lambda error: found.append(f"{page.url}: {error}"))
        for path in pages.values():
            for look in LOOKS:
                show(page, base + quote(path), look)
                if look.dir == "ltr" and (shift := page.evaluate(SHIFT)):  # the other way is set after it was loaded
                    found.append(f"{path} {look.name}: the layout shifts by {shift:.3f}")
                found += [f"{path} {look.name}: {line}" for line in (*measure_overflow(page), *list_violations(page, tools))]
        found += [f"asks {url}" for url in sorted(asked) if not url.startswith((base, "data:"))]
    files = [site / "build" / (path.lstrip("/") + "index.html" if path.endswith("/") else path.lstrip("/")) for path in pages.values()]
    found += check_html(files, tools)
    schema = etree.XMLSchema(etree.parse(tools / "sitemap/schema/sitemap.xsd"))
    for file in (site / "build").glob("sitemap-*.xml"):
        found += [f"{file.name}: {error.message}" for error in schema.error_log] if not schema.validate(etree.parse(file)) else []
    assert not found, "\n".join(found[:40])
