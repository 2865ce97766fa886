"""What Hugo makes of a page beside HTML and feeds, such as JSON for a search in the browser: its addresses lead to the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from cms_ssg.migrate.folder import clean_address
from cms_ssg.migrate.hugo_addresses import find_prefix
from cms_ssg.migrate.hugo_config import HugoConfig
from cms_ssg.migrate.hugo_pages import find_place
from cms_ssg.migrate.pages import SourcePage, as_table, list_words

SAME: Final = frozenset(("html", "rss", "sitemap", "robots", "404", "alias", "gotmpl"))
"""Forms that are made here too, or are none of a page."""
NAMES: Final = {"amp": "amp/index.html", "json": "index.json", "calendar": "index.ics", "csv": "index.csv", "markdown": "index.md"}


def list_outputs(pages: list[SourcePage], config: HugoConfig) -> Iterator[tuple[str, str, str, str]]:
    """(file that says so, form, old address, address here) of each further form of a page or list."""
    tables = {kind: _list_forms(forms, config) for kind, forms in as_table(config.values.get("outputs")).items()}
    homes = set()
    for page in pages:
        language, place = find_place(page.file, config)
        kind = "page" if not place.rpartition("/")[2].startswith("_index.") else "section" if "/" in place else "home"
        homes |= {language} if kind == "home" else set()
        own = "outputs" in page.fields
        forms = _list_forms(page.fields["outputs"], config) if own else tables.get(kind, {})
        for form, name in forms.items() if page.address else ():
            yield page.file if own else config.file, form, clean_address(f"{page.address.rstrip('/')}/{name}"), page.address
    for language in config.languages:
        home = f"{find_prefix(language, config)}/"
        for form, name in tables.get("home", {}).items() if language not in homes else ():
            yield config.file, form, f"{home}{name}", home


def _list_forms(names: Any, config: HugoConfig) -> dict[str, str]:
    """Form -> the name of its file below a page's address."""
    custom = {key.lower(): as_table(table) for key, table in as_table(config.values.get("outputformats")).items()}
    found = {}
    for form in (word.lower() for word in list_words(names or [])):
        table = {key.lower(): value for key, value in custom.get(form, {}).items()}
        if form in SAME or table.get("ishtml") is True or (not table and form not in NAMES):
            continue
        kind = str(table.get("mediatype") or "").partition("/")[2].rpartition("+")[2]
        base, _, ending = NAMES.get(form, "index.txt").rpartition(".")
        folder = f"{str(table['path']).strip('/')}/" if table.get("path") else ""
        found[form] = f"{folder}{table.get('basename') or base}.{kind or ending}"
    return found
