"""The browser of tests, under the name that the shop's tests know."""

from tests.browser import Browser, open_browser

__all__ = ["Browser", "open_browser"]
