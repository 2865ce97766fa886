"""Sites on a page with verticals switched on."""

from tests.verticals.conftest import make_site

__all__ = ["make_site"]
