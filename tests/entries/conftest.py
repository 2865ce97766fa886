"""A site on a page, built, for entries that no file holds."""

from tests.engine.conftest import built_site, keep_site, make_site, site

__all__ = ["built_site", "keep_site", "make_site", "site"]
