"""A small directory, built."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.engine.siteonpage import SiteOnPage

SETTINGS = """-- site.toml --
title = "Places"
verticals = ["directory"]
page_size = 3
[home]
list = "type/listing"
[directory]
combinations = 2
[search]
"""


def write_listing(name: str, **fields: object) -> str:
    """A content file of a listing, as part of a site on a page."""
    lines = "".join(f"{key}: {value}\n" for key, value in fields.items())
    return f"-- content/listings/{name}.md --\n---\ntitle: {name.replace('-', ' ').title()}\n{lines}---\n"


HERE = {"city": "Turin", "state": "Piedmont", "country": "Italy"}
SITE = SETTINGS + "".join(
    (
        write_listing("ale-house", categories="[Brewpub]", latitude=45.07, longitude=7.68, **HERE),
        write_listing("beer-garden", categories="[Brewpub, Garden]", latitude=45.08, longitude=7.69, **HERE),
        write_listing("cider-mill", categories="[Mill]", city="Milan", state="Lombardy", country="Italy", latitude=45.46, longitude=9.19),
        write_listing("date-line", categories="[Mill]", country="Fiji", latitude=-16.5, longitude=179.95),
        write_listing("other-side", categories="[Mill]", country="Fiji", latitude=-16.5, longitude=-179.95),
        write_listing("no-place", categories="[Mill]"),
    )
)


@pytest.fixture
def site(make_site: Callable[[str], SiteOnPage]) -> SiteOnPage:
    """The directory, built."""
    site = make_site(SITE)
    assert site.build().result.status == "done"
    return site
