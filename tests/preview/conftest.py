"""A small site, built, and previews of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.engine.conftest import built_site, keep_site, make_site
from tests.engine.siteonpage import SiteOnPage
from tests.preview.previews import SITE
from tests.publish.conftest import bucket, shared_bucket, store_address

__all__ = ["bucket", "built_site", "keep_site", "make_site", "shared_bucket", "site", "store_address"]


@pytest.fixture
def site(built_site: Callable[..., SiteOnPage]) -> SiteOnPage:
    """The site of previews.py, built, in a repository of its own."""
    return built_site(SITE, now=None)
