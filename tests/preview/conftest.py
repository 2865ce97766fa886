"""A small site, built, and previews of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.engine.conftest import make_site
from tests.engine.siteonpage import SiteOnPage
from tests.preview.previews import SITE
from tests.publish.conftest import bucket, shared_bucket, store_address

__all__ = ["bucket", "make_site", "shared_bucket", "site", "store_address"]


@pytest.fixture
def site(make_site: Callable[[str], SiteOnPage]) -> SiteOnPage:
    """The site of previews.py, built, in a repository of its own."""
    made = make_site(SITE)
    assert made.build(now=None).result.status == "done"
    return made
