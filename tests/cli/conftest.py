"""The small site for every test of commands that asks for it."""

from tests.cli.small_site import cms, db_url, site

__all__ = ["cms", "db_url", "site"]
