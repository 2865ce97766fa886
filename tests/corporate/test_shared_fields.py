"""Fields that translations have of their original, and what a change of it makes."""

from __future__ import annotations

from collections.abc import Callable

from tests.engine.siteonpage import SiteOnPage

SITE = """-- site.toml --
title = "T"
[[locales]]
code = "en"
[[locales]]
code = "de"
[[collection]]
name = "things"
path = "content/things"
type = "thing"
locale = "suffix"
-- content_schema/thing.json --
{"x-extends": "page", "x-lists": ["type"], "x-sort": ["-price"],
 "properties": {"price": {"type": "number", "x-shared": true}, "colour": {"type": "string", "x-shared": true}, "size": {"type": "string"}}}
-- themes/base/templates/thing.html --
{{ entry.title }}: {{ entry.price }} {{ entry.fields.get('colour', '-') }} {{ entry.size }} | {% for one in latest('type/thing', 5) %}{{ one.title }} {{ one.price }}, {% endfor %}
-- content/things/lamp.md --
---
title: Lamp
price: 10
colour: red
size: large
---
-- content/things/lamp.de.md --
---
title: Lampe
---
-- content/things/bowl.md --
---
title: Bowl
price: 5
---
-- content/things/bowl.de.md --
---
title: Schale
price: 20
---
"""


def read(site: SiteOnPage, path: str) -> str:
    return (site.output / path / "index.html").read_text("utf-8").strip()


def test_a_translation_has_the_shared_fields_of_its_original_and_changes_with_them(make_site: Callable[[str], SiteOnPage]) -> None:
    site = make_site(SITE)
    assert site.build().result.problems == []
    assert read(site, "de/lamp") == "Lampe: 10 red None | Schale 20, Lampe 10,"
    assert read(site, "de/bowl").startswith("Schale: 20 - None")
    site.edit("content/things/lamp.md", "price: 10", "price: 30")
    assert site.build().pages >= {"/de/lamp/", "/de/bowl/", "/lamp/"}
    assert read(site, "de/lamp") == "Lampe: 30 red None | Lampe 30, Schale 20,"
    site.assert_clean()
    site.edit("content/things/bowl.md", "price: 5", "price: 6")
    assert "de/bowl/index.html" not in site.build().written, "it says its own"
    site.edit("content/things/lamp.md", "size: large", "size: huge")
    assert "/de/lamp/" not in site.build().pages
    site.edit("content/things/lamp.md", "title: Lamp", "title: Lamp\ndraft: true")
    site.build()
    assert read(site, "de/lamp").startswith("Lampe: None - None")
    site.assert_clean()
    assert site.build().rendered == set()
