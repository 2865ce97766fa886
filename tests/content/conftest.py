"""Fixtures of the tests of content."""

from tests.content.scanning import checkout, site

__all__ = ["checkout", "site"]
