"""Sites on a page with verticals switched on, in two databases of their own: a vertical's tables are none of the engine's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cms_ssg.testing import SiteOnPage


@pytest.fixture
def make_site(cms_site: Callable[..., SiteOnPage]) -> Callable[..., SiteOnPage]:
    """Write a site on a page. All sites of a test share a database."""
    return cms_site
