"""Sites that share content and a database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cms_ssg.authoring.starters import copy_starter
from tests.engine.conftest import make_site
from tests.engine.siteonpage import SiteOnPage

__all__ = ["make_site"]

Group = dict[str, SiteOnPage]


@pytest.fixture
def group(make_site: Callable[..., SiteOnPage], engine_urls: tuple[str, str], tmp_path: Path) -> Group:
    """The brands of the starter, not built yet, all in one database."""
    make_site("", "unused")
    copy_starter("corporate", tmp_path / "group")
    return {name: SiteOnPage(tmp_path / "group/brands" / name, *engine_urls) for name in ("fjell", "lumen", "marea")}
