"""A site whose recipes may be reviewed, built; no other feature has a part in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.api.atlas import Api, serve_api
from tests.engine.siteonpage import SiteOnPage
from tests.verticals.conftest import make_site

__all__ = ["make_site"]

SITE = """-- site.toml --
title = "Kitchen"
verticals = ["blog", "reviews"]
locales = ["en"]
[reviews]
types = ["recipe"]
{more}
[[collection]]
name = "recipes"
path = "content/recipes"
type = "recipe"
[[collection]]
name = "pages"
path = "content/pages"
type = "page"
-- content_schema/recipe.json --
{{"x-extends": "page", "x-url": "/recipes/{{slug}}/", "properties": {{}}}}
-- themes/base/templates/recipe.html --
{{% extends "entry.html" %}}
{{% block json_ld %}}<script type="application/ld+json">{{{{ reviews.item_json_ld(entry, 'Recipe')|json_ld }}}}</script>{{% endblock %}}
{{% block main %}}<h1>{{{{ entry.title }}}}</h1>{{% include "partials/reviews.html" %}}{{% endblock %}}
-- content/recipes/soup.md --
---
title: Soup
---
-- content/recipes/bread.md --
---
title: Bread
---
-- content/recipes/cake.md --
---
title: Cake
---
-- content/pages/about.md --
---
title: About
---
"""


@pytest.fixture
def site(make_site: Callable[[str], SiteOnPage]) -> SiteOnPage:
    """The recipes, built."""
    site = make_site(SITE.format(more=""))
    assert site.build().result.status == "done"
    return site


@pytest.fixture
def api(site: SiteOnPage) -> Iterator[Api]:
    with serve_api([site.root], site.url) as running:
        yield running
