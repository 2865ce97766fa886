"""A site with reviews, built, and its API."""

from tests.reviews.conftest import api, make_site, site

__all__ = ["api", "make_site", "site"]
