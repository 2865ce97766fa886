"""The directory of the tests of verticals, with reviews."""

from tests.verticals.conftest import make_site, vertical_urls
from tests.verticals.directory.conftest import site

__all__ = ["make_site", "site", "vertical_urls"]
